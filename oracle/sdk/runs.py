"""What is under way, and who may come in (`/api/oracle`)."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import urlencode

import attrs

from oracle.sdk.pages import Pages, by_cursor
from oracle.sdk.room import Asked, Paged, Room
from oracle.sdk.thing import Thing, at, given

__all__ = ["Run", "Runs", "Token", "Tokens"]

K = TypeVar("K")
PLACE = "api/oracle"


@attrs.frozen(kw_only=True)
class Run(Thing):
    """Work that was asked for; `progress` is 0 to 1, `expected` when it is over if it goes on as fast; what nobody said of cost
    and tokens is None."""

    id: str = ""
    kind: str = ""
    status: str = ""
    progress: float = 0.0
    params: dict[str, Any] = attrs.field(factory=dict)
    result: dict[str, Any] | None = None
    error: str | None = None
    created: str | None = None
    started: str | None = None
    finished: str | None = None
    expected: str | None = None
    requested: str = ""
    reason: str = ""
    name: str = ""
    owner: str = ""
    agent: str = ""
    worker: str = ""
    model: str = ""
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    duration_s: float | None = None


@attrs.frozen(kw_only=True)
class Token(Thing):
    """What lets somebody in: `kind` is token or jwt, `subject` whom it speaks for, `status` active or revoked."""

    id: str = ""
    kind: str = ""
    scope: str = ""
    subject: str = ""
    status: str = ""
    created_at: str | None = None
    expires_at: str | None = None


class Runs(Room[K]):
    """Work that was asked for, of whatever kind."""

    @Asked
    async def list(self, *, status: str | None = None, limit: int | None = None) -> tuple[Run, ...]:
        """The newest."""
        return tuple(map(Run.of, (await self._oracle.get(f"{PLACE}/runs", status=status, limit=limit))["items"]))

    @Asked
    async def get(self, id: str) -> Run:
        """One."""
        return Run.of(await self._oracle.get(at(f"{PLACE}/runs", id)))

    @Paged
    def output(self, id: str, *, page_size: int = 1000) -> Pages[Thing]:
        """What it has put out so far, piece by piece: `row["n"]`, `row["stream"]`, `row["text"]`."""
        return Pages(self._oracle, at(f"{PLACE}/runs", id, "output"), {"limit": page_size}, by_cursor(), Thing.of)

    @Asked
    async def begin(self, id: str, *, reason: str | None = None) -> Run:
        """Have one that was only made begin."""
        return await self._do(id, "begin", reason)

    @Asked
    async def pause(self, id: str, *, reason: str | None = None) -> Run:
        """Let it rest."""
        return await self._do(id, "pause", reason)

    @Asked
    async def resume(self, id: str, *, reason: str | None = None) -> Run:
        """Let it go on."""
        return await self._do(id, "resume", reason)

    @Asked
    async def stop(self, id: str, *, reason: str | None = None) -> Run:
        """End it, and keep what it has found."""
        return await self._do(id, "stop", reason)

    @Asked
    async def cancel(self, id: str, *, reason: str | None = None) -> Run:
        """Give it up."""
        return await self._do(id, "cancel", reason)

    async def _do(self, id: str, verb: str, reason: str | None) -> Run:
        place = at(f"{PLACE}/runs", id, verb)
        return Run.of(await self._oracle.command("POST", place if reason is None else f"{place}?{urlencode({'reason': reason})}"))


class Tokens(Room[K]):
    """Who may come in. A new one is asked for once only: its answer is stored nowhere, and can't be given again."""

    @Asked
    async def list(self) -> tuple[Token, ...]:
        """All tokens, without their secrets."""
        return tuple(map(Token.of, (await self._oracle.get(f"{PLACE}/tokens"))["tokens"]))

    @Asked
    async def create(self, scope: str = "read", *, name: str | None = None, ttl: str | None = None, jwt: bool = False) -> Token:
        """A new one, whose secret is in `token["token"]` this once; `scope` is read, operate or admin, `ttl` as 12h or 30d."""
        body = given(scope=scope, name=name, ttl=ttl, jwt=jwt)
        return Token.of(await self._oracle.command("POST", f"{PLACE}/tokens", body, once=False))

    @Asked
    async def revoke(self, id: str) -> Any:
        """Let it open nothing any more."""
        return await self._oracle.command("DELETE", at(f"{PLACE}/tokens", id))

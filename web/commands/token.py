"""`oracle token`: the tokens of a data folder, through the server that runs on it, or, where none runs, in its files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import attrs

from actors import wall_clock
from oracle.border import structure, unstructure
from oracle.remote import Remote
from oracle.settings import Settings
from web import flags
from web.jwts import Jwts
from web.minting import TokenWish, make, shown
from web.presence import claim
from web.terminal import show_table
from web.tokens import Tokens

__all__ = ["Here", "There", "Tokenry", "kept", "token_create", "token_list", "token_revoke"]

PATH = "api/oracle/tokens"


class Tokenry(Protocol):
    """Where tokens are kept."""

    async def create(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Make one; with its secret. Raises Refused, Invalid, RemoteFailed."""

    async def listed(self) -> list[dict[str, Any]]:
        """All, the oldest first. Raises RemoteFailed."""

    async def revoke(self, ident: str) -> None:
        """Take one back. Raises Refused, RemoteFailed."""


@attrs.frozen
class There:
    """By a running server."""

    remote: Remote

    async def create(self, wish: dict[str, Any]) -> dict[str, Any]:
        """See `Tokenry`."""
        made: dict[str, Any] = await self.remote.tell("POST", PATH, body=json.dumps(wish).encode())
        return made

    async def listed(self) -> list[dict[str, Any]]:
        """See `Tokenry`."""
        found: list[dict[str, Any]] = (await self.remote.tell("GET", PATH))["tokens"]
        return found

    async def revoke(self, ident: str) -> None:
        """See `Tokenry`."""
        await self.remote.tell("DELETE", f"{PATH}/{quote(ident, safe='')}")


@attrs.frozen
class Here:
    """In the files of a data folder that no server uses; none starts meanwhile."""

    settings: Settings

    async def create(self, wish: dict[str, Any]) -> dict[str, Any]:
        """See `Tokenry`. Raises FolderTaken, SecretMissing too."""
        asked = structure(TokenWish, wish)
        with self._held() as tokens:
            jwts = Jwts(self.settings.data.folder, self.settings.auth, known=tokens.begun)
            made: dict[str, Any] = unstructure(await make(tokens, jwts, asked, wall_clock()))
        return made

    async def listed(self) -> list[dict[str, Any]]:
        """See `Tokenry`."""
        return [unstructure(shown(one)) for one in Tokens(self.settings.data.folder).listed(wall_clock())]

    async def revoke(self, ident: str) -> None:
        """See `Tokenry`. Raises FolderTaken too."""
        with self._held() as tokens:
            await tokens.revoke(ident, wall_clock())

    @contextmanager
    def _held(self) -> Iterator[Tokens]:
        with claim(self.settings.data.folder):
            yield Tokens(self.settings.data.folder)


def kept(file: Path | None, data: Path | None, url: str | None, token: str | None) -> Tokenry:
    """Where the tokens are that a command means: by the server that was named, or that serves the data folder; else in its files.
    Raises Invalid, RemoteFailed."""
    alone = flags.alone(file, data, url, token)
    return Here(alone) if alone else There(flags.remote(file, data, url, token))


async def token_create(tokens: Tokenry, wish: dict[str, Any], *, as_json: bool) -> None:
    """Make one and print its secret alone, so that it can be piped; on standard error what it is. Raises as `Tokenry`."""
    made = await tokens.create(wish)
    if as_json:
        print(json.dumps(made))
        return
    print(made["token"])
    ends = f"until {made['expires_at']}" if made["expires_at"] else "until it is revoked"
    print(f"{made['id']}: scope {made['scope']}, {ends}; it can't be shown again", file=sys.stderr)


async def token_list(tokens: Tokenry, *, as_json: bool) -> None:
    """Print all, without their secrets. Raises as `Tokenry`."""
    found = await tokens.listed()
    if as_json:
        print(json.dumps({"tokens": found}))
        return
    rows = [(one["id"], one["kind"], one["scope"], one["status"], (one["expires_at"] or "never")[:19], one["subject"])
            for one in found]  # fmt: skip
    show_table(("id", "kind", "scope", "status", "until (UTC)", "speaks for"), rows)


async def token_revoke(tokens: Tokenry, ident: str) -> None:
    """Take one back. Raises as `Tokenry`."""
    await tokens.revoke(ident)
    print(f"{ident} is revoked")



"""Making a token: what is asked for, by a route or on the command line, and what is shown of it; of the secret once."""

from __future__ import annotations

import re
import secrets
from typing import Any

import attrs

from actors import Refused
from oracle.moments import iso_text
from oracle.problems import Bad
from web.jwts import Jwts
from web.routes import Scope
from web.tokens import NAME, Pass, Tokens, hashed

__all__ = ["TokenMade", "TokenShown", "TokenWish", "lasting_s", "make", "shown"]

NEVER = "never"
MOST_S = 3_650 * 86_400
_SPAN = re.compile(r"([1-9]\d{0,8})(s|m|h|d|w)", re.ASCII)
_UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_TAKEN = frozenset({"local", "anonymous", "token", "commands"})  # what the house itself calls who comes


def lasting_s(text: str) -> int:
    """The seconds of `45s`, `90m`, `12h`, `30d` or `2w`, ten years at most; 0 for `never`. Raises Bad."""
    found = _SPAN.fullmatch(text)
    if text == NEVER:
        return 0
    if found is None:
        raise Bad("duration_parsing", "Input should be a duration as 12h or 30d (s, m, h, d, w), or never")
    span_s = int(found[1]) * _UNIT_S[found[2]]
    if span_s > MOST_S:
        raise Bad("less_than_equal", "Input should be less than or equal to 3650d", ctx={"le": "3650d"})
    return span_s


@attrs.frozen
class TokenWish:
    """A token to be made. `name` (letters, digits and any of . _ - @) goes into the log of what is done with it; of a JWT it is
    the `sub`. `ttl`: how long it lasts, as 12h or 30d; `never` until it is revoked, which no JWT may."""

    scope: Scope
    name: str = attrs.field(default="")
    ttl: str = attrs.field(default="30d")
    jwt: bool = False

    @name.validator
    def _a_name(self, _: Any, name: str) -> None:
        if name and not NAME.fullmatch(name):
            raise Bad("string_pattern_mismatch", f"String should match {NAME.pattern}", ctx={"pattern": NAME.pattern})
        if name in _TAKEN:
            raise Bad("value_error", f"'{name}' is the name of somebody else")

    @ttl.validator
    def _a_time(self, _: Any, ttl: str) -> None:
        if lasting_s(ttl) == 0 and self.jwt is True:
            raise Bad("value_error", "a JWT has to end: say when, as 30d")


@attrs.frozen
class TokenShown:
    """A token: `kind` is token (a key of ours) or jwt, `subject` whom it speaks for; `expires_at` is null where it stays until it
    is revoked, `status` active or revoked."""

    id: str
    kind: str
    scope: str
    subject: str
    status: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None


@attrs.frozen
class TokenMade(TokenShown):
    """The same, with the secret: it is shown this once."""

    token: str


def shown(one: Pass) -> TokenShown:
    """A pass without what must not be seen."""
    return TokenShown(**_facts(one))


async def make(tokens: Tokens, jwts: Jwts, wish: TokenWish, now_us: int) -> TokenMade:
    """Make and store a token. Raises Refused: `exists` (the name), `full`, `unavailable` (it can't be stored)."""
    if wish.jwt:
        return await _make_jwt(tokens, jwts, wish, now_us)
    ident = wish.name or f"token-{secrets.token_hex(4)}"
    known = tokens.find(ident)
    if known is not None and known.lasts(now_us):
        raise Refused(f"there is a token '{ident}' already; revoke it first", code="exists", details={"name": ident})
    secret = await tokens.mint(wish.scope, now_us, name=ident, lasts_s=lasting_s(wish.ttl))
    return _made(tokens, ident, secret)


async def _make_jwt(tokens: Tokens, jwts: Jwts, wish: TokenWish, now_us: int) -> TokenMade:
    ident, lasts_s = f"jwt-{secrets.token_hex(6)}", lasting_s(wish.ttl)
    subject = wish.name or ident
    try:
        text = await jwts.sign(ident, subject, wish.scope, now_us, lasts_s)
    except OSError as error:
        raise Refused("the secret that JWTs are signed with can't be stored now", code="unavailable") from error
    # to the second, as its exp
    expires_us = (now_us // 1_000_000 + lasts_s) * 1_000_000
    await tokens.keep(Pass(ident, "jwt", wish.scope, hashed(text), now_us, expires_us, subject))
    return _made(tokens, ident, text)


def _made(tokens: Tokens, ident: str, secret: str) -> TokenMade:
    kept = tokens.find(ident)
    if kept is None:  # revoked while it was written
        raise Refused(f"'{ident}' was revoked meanwhile", code="conflict")
    return TokenMade(**_facts(kept), token=secret)


def _facts(one: Pass) -> dict[str, Any]:
    times = {"created_at": one.created_us, "expires_at": one.expires_us, "revoked_at": one.revoked_us}
    return {
        "id": one.id, "kind": one.kind, "scope": str(one.scope), "subject": one.subject or one.id,
        "status": "revoked" if one.revoked_us else "active",
        **{name: iso_text(at_us) if at_us else None for name, at_us in times.items()},
    }  # fmt: skip

"""The tokens of this server: made, listed and taken back by whoever may do everything; mode `local` wants a token for it too."""

from __future__ import annotations

import attrs

from actors import Refused
from oracle.border import structure
from oracle.model import Event, Severity, event_id
from web.minting import TokenMade, TokenShown, TokenWish, make, shown
from web.routes import Answer, Auth, Call, Family, Route, Scope

__all__ = ["ROUTES", "TokenList"]


@attrs.frozen
class TokenList:
    """Those that have not expired, the oldest first; no secret is in it."""

    tokens: list[TokenShown]


async def create(call: Call) -> Answer:
    """Make a token: a key of 256 random bits, or a JWT. What is in `token` is shown this once and stored as a hash."""
    wish = structure(TokenWish, call.body, path=("body",))
    doorman = call.house.doorman
    made = await make(doorman.tokens, doorman.jwts, wish, doorman.now_us())
    _note(call, "created", made.id, f"of scope {made.scope}")
    return Answer(made, 201)


async def listed(call: Call) -> TokenList:
    """Every token and JWT made here that has not expired; JWTs also after they were revoked."""
    doorman = call.house.doorman
    return TokenList([shown(one) for one in doorman.tokens.listed(doorman.now_us())])


@attrs.frozen
class Revoked:
    """What became of a token."""

    id: str
    status: str


async def revoke(call: Call) -> Revoked:
    """Take a token back: it lets nobody in from now on, nor do the sessions and tickets it was changed for, and the live streams
    that were opened with it are closed (1008)."""
    ident, receipts = call.args["name"], call.system.receipts
    doorman = call.house.doorman
    known = doorman.tokens.find(ident)
    if known is None or known.kind == "session":
        if receipts.applied(call.command_id):
            return Revoked(ident, "revoked")
        raise Refused(f"no token '{ident[:80]}'", code="not_found")
    dropped = await doorman.revoke(ident)
    receipts.note_applied(call.command_id)
    _note(call, "revoked", ident, f"of scope {dropped.scope}")
    return Revoked(ident, "revoked")


def _note(call: Call, done: str, ident: str, more: str) -> None:
    runtime, by = call.system.runtime, call.who.name
    now_us, subject = runtime.now_us(), f"token:{ident}"
    name = event_id(f"token_{done}", subject, "api", now_us)
    summary = f"token {ident} {more} was {done} by {by}"
    runtime.publish(Event(name, f"token_{done}", subject, "api", Severity.low, summary, {"by": by}, now_us, call.command_id))


_ALL = "/api/oracle/tokens"
ROUTES = (
    Route("POST", _ALL, create, Auth.token, Scope.admin, Family.error, body=TokenWish, strict=True, answer=TokenMade, done=201,
          body_limit_bytes=4_096, refuses=(409, 503), tag="oracle", secret=True, locked=True),
    Route("GET", _ALL, listed, Auth.token, Scope.admin, Family.error, answer=TokenList, tag="oracle", head=True, locked=True),
    Route("DELETE", f"{_ALL}/{{name}}", revoke, Auth.token, Scope.admin, Family.error, answer=Revoked, refuses=(404, 503),
          tag="oracle", locked=True),
)  # fmt: skip

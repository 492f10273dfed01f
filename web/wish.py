"""What a client of the stream asks to be done: any unsafe route, named by its method and path, with an id.

It is the same command that the route is over HTTP, so it may be sent again there, or on another socket, and is carried out
once (`web.once`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import attrs

from actors import Refused
from web import once
from web.auth import client_of
from web.errors import answer_refusal, invalid
from web.params import read_params
from web.routes import WS, Answer, Call, Family, Identity, Route

__all__ = ["Wish", "grant"]

PATH_CHARS = 500
PUSH = "/api/oracle/push"


@attrs.frozen
class Wish:
    """`id` is the client's own."""

    id: str
    method: str
    path: str
    body: Any = None

    @classmethod
    def parse(cls, said: dict[str, Any]) -> Wish:
        """Read `{"action": "command", "id", "method", "path", "body"?}`, or `{"action": "push", "id", "rows", "source"?}`, which
        is the command that pushes rows. Raises Invalid."""
        if said["action"] == "push":
            body = {name: value for name, value in said.items() if name not in ("action", "id")}
            said = {"id": said.get("id"), "method": "POST", "path": PUSH, "body": body}
        for name in ("id", "method", "path"):
            if not isinstance(said.get(name), str):
                raise invalid("string_type" if name in said else "missing", ["body", name], f"A command has {name}, a text")
        if not re.fullmatch(once.ID, said["id"]):
            raise invalid("string_pattern_mismatch", ["body", "id"], f"String should match {once.ID}", said["id"][:80])
        if len(said["path"]) > PATH_CHARS:
            raise invalid("string_too_long", ["body", "path"], f"String should have at most {PATH_CHARS} characters")
        return cls(said["id"], said["method"].upper(), said["path"], said.get("body"))


async def grant(system: Any, house: Any, who: Identity, wish: Wish, peer: str = "") -> Answer:
    """Carry it out once, for a client at the address `peer`. A "no" is an answer too; raises only what is a bug."""
    try:
        route, args = _find(house.routes, attrs.evolve(wish, path=unquote(wish.path)))
        house.doorman.may(who, route)
        _within_the_hour(house, client_of(who, peer), wish.path)
        if route.body is not None and wish.body is None:
            raise Refused(f"{wish.method} {wish.path} needs a body", code="invalid", details={"field": "body"})
    except Refused as no:
        return answer_refusal(no, Family.error)
    body = wish.body if route.body is not None else None
    call = Call(system, route, {**args, **read_params(route.params, {})}, who, body, house=house)
    return await once.carry_out(call, wish.id, where=("body", "id"))


def _within_the_hour(house: Any, client: str, path: str) -> None:
    """Commands count as requests do. Raises Refused."""
    windows = house.hours.of(path)
    if windows is not None and (window := windows.take(client, house.doorman.now_us())).wait_s:
        raise Refused("too many requests", code="rate_limited", details={"retry_after_s": window.wait_s})


def _find(routes: Iterable[Route], wish: Wish) -> tuple[Route, dict[str, str]]:
    """The unsafe route that is meant, and the parameters in its path. Raises Refused."""
    known = False
    for route in routes:
        found = re.fullmatch(_pattern(route.path), wish.path)
        if found is None or route.method == WS:
            continue
        if route.method == wish.method and route.unsafe:
            return route, found.groupdict()
        known = True
    if known:
        raise Refused(f"{wish.method} {wish.path} is no command", code="method_not_allowed")
    raise Refused(f"no route is called {wish.path[:PATH_CHARS]}", code="not_found")


def _pattern(path: str) -> str:
    pieces = re.split(r"(\{\w+\})", path)
    return "".join(f"(?P<{piece[1:-1]}>[^/]+)" if piece[:1] == "{" else re.escape(piece) for piece in pieces)

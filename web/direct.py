"""ASGI in front of the framework: serves the routes of live streams itself, and hands everything else on.

A client that stays all day costs a task and a mailbox here, where the framework would keep three tasks and two queues. The
checks are those of every route: who calls, parameters, then the view, which lets the client in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from actors import ActorCrashed, AskTimeout, MailboxFull, NobodyOwns, Refused
from oracle.problems import Invalid
from oracle.system import System
from web.errors import answer_invalid, answer_refusal, answer_status
from web.limits import headers_of, reply
from web.params import query_of, read_params
from web.routes import WS, Answer, Call, Family, Route
from web.visitor import Visitor, offered

__all__ = ["Direct"]

LOOK_S = 3_600.0  # the clock on the wall may be set meanwhile


class Direct:
    """Serves the live routes of `house` (see `web.app.House`)."""

    def __init__(self, app: Any, system: System, house: Any) -> None:
        self._app = app
        self._system = system
        self._house = house
        self._sockets = {route.path: route for route in house.routes if route.method == WS}
        self._events = {route.path: route for route in house.routes if route.live}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one ASGI scope."""
        match scope["type"]:
            case "websocket":
                route = self._sockets.get(scope["path"]) or self._meant(scope["path"])
            case "http" if scope["method"] == "GET":
                route = self._events.get(scope["path"])
            case _:
                route = None
        if route is None:
            await self._app(scope, receive, send)
            return
        if route.method == WS:
            await receive()  # the wish to connect
        answer = await self._serve(route, scope, send)
        if answer is not None:
            await reply(scope, send, answer)

    def _meant(self, path: str) -> Route | None:
        """The socket route with parameters in its path."""
        return next((route for route in self._sockets.values() if "{" in route.path and _in_path(route, path) is not None), None)

    async def _serve(self, route: Route, scope: Any, send: Any) -> Answer | None:
        """Run the view; what comes back was said before the client was let in."""
        headers, house = headers_of(scope), self._house
        query = query_of(scope)
        peer = (scope.get("client") or ("",))[0]
        if route.live and scope["http_version"] == "1.0":
            return answer_status(505, route.family, "a stream of events needs HTTP/1.1", code="unsupported")
        try:
            ticket = query.get("ticket", [""])[-1]
            who = house.doorman.admit(route, headers=headers, peer=peer, ticket=ticket, shown=_shown(route, headers, query))
            args = {**(_in_path(route, scope["path"]) or {}), **read_params(route.params, query)}
            visitor = Visitor.of(scope, send, who)
            runtime = self._system.runtime
            with house.doorman.inside(who, partial(visitor.dismiss, runtime)), _ending(runtime, visitor):
                await route.view(Call(self._system, route, args, who, headers=headers, house=house, visitor=visitor))
        except Invalid as error:
            return answer_invalid(error, route.family, route.complaint)
        except (Refused, AskTimeout, ActorCrashed, NobodyOwns, MailboxFull) as error:
            return answer_refusal(error, route.family)
        return None


@contextmanager
def _ending(runtime: Any, visitor: Visitor) -> Iterator[None]:
    """While a live stream is open: it ends when the token it was opened with does. Who needs none here stays."""
    until_us = 0 if visitor.who.local else visitor.who.expires_us
    timers: list[Any] = []

    def look() -> None:
        left_s = (until_us - runtime.now_us()) / 1e6
        if left_s <= 0:
            visitor.dismiss(runtime, "the token has expired")
        else:
            timers[:] = [runtime.timers.after(min(left_s, LOOK_S), look)]

    if until_us:
        look()
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


def _shown(route: Route, headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str:
    """The token that a browser shows a socket with: as a subprotocol, or, as FLOPY-NET's clients do, in the URL."""
    if route.method != WS:
        return ""
    in_url = query.get("token", [""])[-1] if route.family is Family.v1 else ""
    return offered(headers.get("sec-websocket-protocol", "")) or in_url


def _in_path(route: Route, path: str) -> dict[str, str] | None:
    """The parameters in a path of the route; None where it is another's."""
    found = re.fullmatch(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route.path)), path)
    return None if found is None else found.groupdict()

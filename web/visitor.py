"""A client of a live stream, whether over a WebSocket or as server-sent events: who it is, how it is let in, told, heard and
sent away. Its session is an actor `socket:N`, adopted from the task that serves the request.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from actors import Actor, AskTimeout, Child, Killed, MailboxFull, NobodyOwns, Supervisor
from web.hub import Detach
from web.inbox import Inbox
from web.outlet import Outlet
from web.routes import Identity

__all__ = ["BUSY", "POLICY", "TRY_LATER", "Visitor", "child", "offered", "session"]

HUB = "hub"
GOING_AWAY, POLICY, CRASHED, TRY_LATER = 1001, 1008, 1011, 1013
BUSY = (AskTimeout, MailboxFull, NobodyOwns)
PROTOCOL = "bearer"  # the subprotocol by which a browser's socket shows a token (`web.auth`)
HEARD = 256  # messages of one client that wait to be handled
RETRY = b"retry: 1000\n\n"
EVENTS_HEAD = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"), (b"connection", b"close")]

_numbers = itertools.count(1)


def child() -> Child:
    """The supervisor `sockets`, under which clients are adopted."""
    return Child("sockets", Supervisor)


class Visitor:
    """A client at the door. `outlet` tells it things, `inbox` has what it sends, `transport` is `websocket` or `events`."""

    def __init__(self, outlet: Outlet, inbox: Inbox, send: Any, who: Identity, address: str, transport: str,
                 surface: str = "") -> None:  # fmt: skip
        self.outlet = outlet
        self.inbox = inbox
        self.who = who
        self.address = address
        self.transport = transport
        self.name = ""  # of its actor, once it has one
        self.surface = surface  # that the address it came to is pinned to
        self._send = send
        self._protocol: str | None = None
        self._farewell: tuple[int, str] | None = None

    @classmethod
    def of(cls, scope: Any, send: Any, who: Identity) -> Visitor:
        """The client of an ASGI scope. Raises RuntimeError where another server than ours made it."""
        extensions = scope.get("extensions") or {}
        if "oracle.outlet" not in extensions:
            raise RuntimeError("live streams need web.server: this ASGI server offers no outlet")
        address = ":".join(str(part) for part in (scope.get("client") or ())[:2])
        transport = "websocket" if scope["type"] == "websocket" else "events"
        surface = getattr(extensions.get("oracle.listener"), "surface", "")
        made = cls(extensions["oracle.outlet"], extensions["oracle.inbox"], send, who, address, transport, surface)
        # a browser gives up where none of what it offered is taken
        made._protocol = PROTOCOL if PROTOCOL in scope.get("subprotocols", ()) else None
        return made

    @property
    def peer(self) -> str:
        """The address it comes from, without the port."""
        return self.address.rpartition(":")[0]

    def about(self) -> dict[str, Any]:
        """Who it is and what it was told, for the tree."""
        outlet = self.outlet
        return {
            "who": self.who.name, "address": self.address, "transport": self.transport, "told": outlet.told,
            "skipped": outlet.skipped, "held_bytes": outlet.held_bytes,
        }  # fmt: skip

    async def accept(self) -> None:
        """Let it in."""
        if self.transport == "websocket":
            await self._send({"type": "websocket.accept", "subprotocol": self._protocol})
            return
        await self._send({"type": "http.response.start", "status": 200, "headers": EVENTS_HEAD})
        await self._send({"type": "http.response.body", "body": RETRY, "more_body": True, "oracle.live": True})

    async def close(self, code: int, reason: str) -> None:
        """Send it away; a stream of events just ends, and its reader comes back by itself."""
        if self.transport == "websocket":
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        else:
            await self._send({"type": "http.response.body", "more_body": False})

    def dismiss(self, runtime: Any, why: str = "the token was revoked") -> None:
        """End its session: its token is good no more."""
        self._farewell = (POLICY, why)
        if runtime.alive(self.name):
            runtime.kill(self.name)

    @property
    def welcome(self) -> bool:
        """Whether it was not dismissed."""
        return self._farewell is None

    def farewell(self, code: int) -> tuple[int, str]:
        """What it is told where its session is ended by us: `code`, unless it was dismissed."""
        return self._farewell or (code, "the session was ended")


def offered(protocols: str) -> str:
    """The token among the subprotocols that a socket's client offers (`new WebSocket(url, ["bearer", TOKEN])`); empty where there
    is none."""
    words = [word.strip() for word in protocols.split(",")]
    return words[1] if len(words) == 2 and words[0] == PROTOCOL else ""


async def session(system: Any, visitor: Visitor, build: Callable[[], Actor]) -> None:
    """Let a client in and adopt its actor until either side ends."""
    runtime, outlet = system.runtime, visitor.outlet
    await visitor.accept()
    code, reason = CRASHED, "the session crashed"
    try:
        visitor.name = f"socket:{next(_numbers)}"
        if visitor.welcome:  # still, by now
            await runtime.adopt(Child(visitor.name, build, capacity=HEARD), under="sockets")
        code, reason = visitor.farewell(GOING_AWAY)  # not by the server's stop, which closes connections itself
    except Killed:
        code, reason = visitor.farewell(CRASHED)
    except BUSY:
        code, reason = TRY_LATER, "the server is too busy"
    finally:
        if runtime.alive(HUB):
            runtime.tell(HUB, Detach(outlet))
        if outlet.open:
            await visitor.close(code, reason)

"""The accept loop: one address or several, one crash boundary around each connection, and an orderly stop.

A fault that one client's bytes cause ends that client's connection, is logged and counted, and nothing else. At a stop the
addresses close first, then requests are finished and WebSockets told 1001, within `drain_s`; what is left is cut.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol

import attrs
import trio

from actors import Actor, Child
from oracle.tls import Shown
from web.connection import GONE, Connection
from web.desk import Bounds, Desk
from web.seal import Seal
from web.secured import Secured

__all__ = ["Address", "Listener", "Web", "bind", "child"]

LOG = logging.getLogger("oracle.web")
FULL = b'{"error":{"code":"full","message":"too many connections","details":{}}}'
TURNED_AWAY = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 2\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(FULL), FULL)
)


class Address(Protocol):
    """What `bind` needs of an address: `host`, `port` (0: any free one), `surface` (a pin, or empty), `secure` (TLS)."""

    host: str
    port: int
    surface: str
    secure: bool


@attrs.define(eq=False)
class Listener:
    """A bound address; `port` is the real one. In a scope as `extensions["oracle.listener"]`.

    It outlives the lives of the `web` actor, so clients that connect during a restart wait instead of being refused.
    """

    host: str
    port: int
    surface: str
    bounds: Bounds
    tls: Shown | None = None
    sock: socket.socket | None = None

    @property
    def url(self) -> str:
        """`http://HOST:PORT`, or `https://HOST:PORT`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self.tls is None else 'https'}://{host}:{self.port}"

    def open(self) -> None:
        """Bind and listen, again after `close`. Raises OSError where the address is taken or not ours."""
        if self.sock is not None:
            return
        family, _, _, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.bounds.send_buffer_bytes)  # accepted sockets inherit it
            sock.bind(address)
            sock.listen(self.bounds.backlog)
            sock.setblocking(False)
        except OSError:
            sock.close()
            raise
        self.port = sock.getsockname()[1]
        self.sock = sock

    def close(self) -> None:
        """Refuse further clients."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None


def bind(
    addresses: Iterable[Address], bounds: Bounds = Bounds(), tls: Shown | None = None  # noqa: B008
) -> tuple[Listener, ...]:
    """Listen on all addresses (see `Address`) or on none; those that are secure show `tls`. Raises OSError."""
    listeners: list[Listener] = []
    try:
        for one in addresses:
            assert tls is not None or not one.secure
            listener = Listener(one.host, one.port, one.surface, bounds, tls if one.secure else None)
            listener.open()
            listeners.append(listener)
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return tuple(listeners)


def child(app: Callable[..., Any], listeners: Sequence[Listener]) -> Child:
    """The actor `web`, which serves `app` (ASGI) on bound listeners; bounds come from the listeners. An app may have a
    `quick` (see `Desk`).

    Start it after everything it shows: children stop in reverse order, so it is the first to end.
    """
    bounds = listeners[0].bounds
    desk = Desk(app, bounds, quick=getattr(app, "quick", None))
    return Child("web", lambda: Web(desk, listeners), grace_s=bounds.drain_s + 2 * bounds.linger_s)


class Web(Actor):
    """Accepts clients on all listeners. Ask it anything for the `Desk`, with its counts."""

    def __init__(self, desk: Desk, listeners: Sequence[Listener]) -> None:
        self.desk = desk
        self.listeners = listeners
        self._accepting = trio.CancelScope()
        self._empty: trio.Event | None = None

    async def start(self) -> None:
        """Listen where a former life has stopped listening."""
        self.desk.stopping = False
        self.desk.timers = self.runtime.timers
        for listener in self.listeners:
            listener.open()
        self.helper(self._serve)

    def receive(self, message: object) -> Desk:
        """Answer with the desk."""
        return self.desk

    async def stop(self) -> None:
        """Close the addresses, finish requests, tell WebSockets 1001; after `drain_s` cut what is left."""
        desk = self.desk
        desk.stopping = True
        self._accepting.cancel()
        for listener in self.listeners:
            listener.close()
        for event in desk.waiting:
            event.set()
        for connection in list(desk.open):
            connection.leave()
        self._empty = trio.Event()
        if desk.open:
            with trio.move_on_after(desk.bounds.drain_s):
                await self._empty.wait()
        for connection in list(desk.open):
            connection.abort()

    async def _serve(self) -> None:
        async with trio.open_nursery() as clients:
            with self._accepting:
                async with trio.open_nursery() as doors:
                    for listener in self.listeners:
                        doors.start_soon(self._accept, listener, clients)

    async def _accept(self, listener: Listener, clients: trio.Nursery) -> None:
        extensions = {"oracle.listener": listener, "oracle.desk": self.desk}

        async def greet(stream: trio.SocketStream) -> None:
            await self._boundary(stream, extensions, None if listener.tls is None else listener.tls.context)

        assert listener.sock is not None
        # a copy: ending this life closes it, and the address stays ours
        accepting = trio.SocketListener(trio.socket.from_stdlib_socket(listener.sock.dup()))
        await trio.serve_listeners(greet, [accepting], handler_nursery=clients)

    async def _boundary(self, stream: trio.SocketStream, extensions: dict[str, Any], tls: ssl.SSLContext | None) -> None:
        desk = self.desk
        if len(desk.open) >= desk.bounds.connections:
            await self._turn_away(stream, tls)
            return
        connection = Secured(desk, stream, extensions, tls) if tls else Connection(desk, stream, extensions)
        desk.open.add(connection)
        desk.accepted += 1
        try:
            await connection.run()
        except* Exception:
            desk.crashed += 1
            LOG.exception("a connection crashed and was closed")
        finally:
            connection.abort()
            desk.open.discard(connection)
            if self._empty is not None and not desk.open:
                self._empty.set()

    async def _turn_away(self, stream: trio.SocketStream, tls: ssl.SSLContext | None) -> None:
        self.desk.turned_away += 1
        words = TURNED_AWAY
        with trio.move_on_after(self.desk.bounds.linger_s), suppress(*GONE):
            if tls:
                seal = Seal(stream, tls)
                await seal.shake_hands()
                words = seal.seal(words) + seal.farewell()
            await stream.send_all(words)
            await stream.send_eof()
            await stream.receive_some(4096)

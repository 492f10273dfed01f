"""One client's TCP connection: Hypercorn's trio `TCPServer` with deadlines, direct writes and an orderly end.

What a short write could not place stays here as the tail. Nobody writes past a tail: the next send, Hypercorn's or ours,
begins with it under the lock, so a pong or a close can't land inside a half-written frame. The socket's number is asked
before each write, or is the outlet's while that has one, which ends in the block that closes the socket.
"""

from __future__ import annotations

import math
import os
import socket
import struct
from contextlib import suppress
from typing import Any

import trio
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from web.desk import Desk
from web.inbox import Inbox
from web.outlet import Outlet
from web.pulse import Pulse
from web.streams import Http11, Tasks, Upgrade, terms

__all__ = ["Connection"]

PIECE_BYTES = 64 * 1024
WRITES_PER_YIELD = 16
LINGER_ON_ABORT = struct.pack("ii", 1, 0)
GONE = (OSError, trio.ClosedResourceError, trio.BrokenResourceError)


class Connection(TCPServer):
    """Serves one client until either side ends; also the `Link` of its outlet and the `Line` of its streams."""

    stream: trio.SocketStream  # type: ignore[assignment]
    protocol: Http11  # type: ignore[assignment]

    def __init__(self, desk: Desk, stream: trio.SocketStream, extensions: dict[str, Any]) -> None:
        super().__init__(desk.app, *desk.terms(terms), {}, stream)  # type: ignore[arg-type]
        self.desk = desk
        self.bounds = desk.bounds
        self.outlet = Outlet(self, desk.bounds.held_bytes)
        self._number = stream.socket.fileno
        self.extensions = extensions
        self.tail = b""
        self._started = self.over = False  # over: nothing of it runs any more
        self.closing = False
        self._flushing = False
        self.idle = True
        self.partial = False  # part of a request head is here
        self.heard_s = 0.0
        self._writes = 0
        self._reader = trio.CancelScope()
        self.pulse = Pulse(self, desk.timers, lambda *task: self._task_group.spawn(*task))
        self.expect, self.pace = self.pulse.expect, self.pulse.pace

    async def run(self) -> None:
        """Serve; returns when the connection has ended. What it raises is a fault of ours, for the server's boundary."""
        try:
            client, server = self.stream.socket.getpeername(), self.stream.socket.getsockname()
        except OSError:
            return
        family = self.stream.socket.family
        try:
            async with Tasks(self) as tasks:
                self._task_group = tasks
                self.protocol = Http11(
                    self, self.app, self.config, self.context, tasks, ConnectionState({}), False,
                    parse_socket_addr(family, client), parse_socket_addr(family, server), self.protocol_send,
                )  # fmt: skip
                self._started = True
                self.heard_s = trio.current_time()
                self.expect(self.bounds.head_s)
                try:
                    with self._reader:
                        await self._read_data()
                finally:
                    self.closing = True
                await self.protocol.handle(Closed())
                await self._linger()
                self.pulse.end()
                tasks.end_within(self.bounds.drain_s)
        finally:
            self.over = True
            self.abort()

    # ---- what the outlet asks

    @property
    def open(self) -> bool:
        """Whether stream frames may be written now."""
        stream = self.protocol.stream
        return not self.over and not self._closing and stream is not None and stream.open

    @property
    def closing(self) -> bool:
        """Whether nothing more is read or written."""
        return self._closing

    @closing.setter
    def closing(self, closing: bool) -> None:
        """Begin to close, and write no more frames."""
        self._closing, self.outlet.number = closing, -1

    @property
    def deflates(self) -> frozenset[str]:
        """The topics whose messages this client takes compressed."""
        stream = self.protocol.stream
        return self.bounds.deflate if isinstance(stream, Upgrade) and stream.deflates else frozenset()

    @property
    def clear(self) -> bool:
        """Whether `write` may be called: nothing half sent, nobody sending."""
        return not self.tail and not self._flushing and not self.send_lock.locked()

    def write(self, data: bytes) -> None:
        """Write what the kernel takes and keep the rest; only when `clear`."""
        rest = self._write_now(data)
        if rest:
            self.keep(rest)

    def settle(self) -> None:
        """Look whether the next frame may be written without a look at anything."""
        idle = self.open and self.clear and not self.outlet.has_more
        self.outlet.number = self._number() if idle else -1

    def hush(self) -> None:
        """What the line is used for changes: look before the next frame."""
        self.outlet.number = -1

    def keep(self, rest: bytes) -> None:
        """Keep as the tail what could not be written, and send it as the client takes it."""
        self.tail = rest
        self.flush_soon()

    def flush_soon(self) -> None:
        """Send the tail, and what the outlet holds, as the client takes it."""
        self.hush()
        if not self._flushing and not self.over:
            self._flushing = True
            self._task_group.spawn(self._flush)

    def cut_off(self) -> None:
        """End now, counted among those who did not take what they were sent."""
        self.desk.cut_off += 1
        self.abort()

    # ---- what the streams ask

    def adorn(self, scope: Any, inbox: Inbox) -> None:
        """Add what our own routes look for in an ASGI scope; a WebSocket's heart begins to beat."""
        scope["extensions"].update(self.extensions)
        scope["extensions"]["oracle.outlet"], scope["extensions"]["oracle.inbox"] = self.outlet, inbox
        if scope["type"] == "websocket":
            self.expect(self.bounds.heartbeat_s)

    def pong(self, frame: bytes) -> None:
        """Answer a ping without waiting, so that the reader never stands still."""
        self.outlet.control(frame)

    # ---- what the server asks

    def leave(self) -> None:
        """Begin an orderly end: an idle connection ends now, a WebSocket is told 1001, a request is answered first."""
        if self.over or not self._started:
            self.abort()
        if self.closing:
            return
        stream = self.protocol.stream
        if stream is not None and stream.connected:
            self._task_group.spawn(stream.shut, 1001, "the server is stopping")
        elif self.idle:
            self._task_group.spawn(self.close)

    def abort(self) -> None:
        """End now; whoever waits in a send or a read is woken."""
        sock = self.stream.socket
        if sock.fileno() >= 0 and not self.closing:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ON_ABORT)
        sock.close()
        self.closing, self.tail = True, b""
        self._reader.cancel()

    lose = abort

    # ---- what Hypercorn's protocol asks

    async def protocol_send(self, event: Event) -> None:
        """Send bytes, end the connection, or note that it is idle."""
        if isinstance(event, RawData):
            if event.data:
                await self._send(bytes(event.data))
        elif isinstance(event, Closed):
            await self.close()
        elif isinstance(event, Updated):
            self.idle, self.partial = event.idle, False
            self.expect(self.bounds.keep_alive_s if event.idle else math.inf)

    async def _send(self, data: bytes) -> None:
        if self.clear:
            self.tail, data = self._write_now(data), b""
            self._writes += 1
            if not self.tail and self._writes % WRITES_PER_YIELD:
                return
        self.hush()
        # the shield keeps a cancelled app from leaving half a response behind; the deadline keeps the shield from holding us
        with trio.CancelScope(shield=True, deadline=trio.current_time() + self.bounds.send_s) as scope:
            async with self.send_lock:
                rest = memoryview(self.tail + data)
                self.tail = b""
                try:
                    while rest:
                        rest = rest[await self.stream.socket.send(rest[:PIECE_BYTES]) :]
                        scope.deadline = trio.current_time() + self.bounds.send_s
                except GONE:
                    self.abort()
        if scope.cancelled_caught:
            self.cut_off()
        elif self.outlet.has_more:
            self.flush_soon()
        else:
            self.settle()

    def _write_now(self, data: bytes) -> bytes:
        """Write without waiting; returns what did not fit."""
        try:
            sent = os.write(self._number(), data)  # of a closed socket it is -1, which is nobody's
        except BlockingIOError:
            return data
        except OSError:
            self.abort()
            return b""
        return data[sent:] if sent < len(data) else b""

    async def _flush(self) -> None:
        try:
            while self.open and (self.tail or self.outlet.has_more):
                async with self.send_lock:
                    if not self.open:
                        return
                    await trio.lowlevel.wait_writable(self.stream.socket)
                    if self.open:
                        self.tail = self._write_now(self.tail or self.outlet.take())
                        self.heard_s = trio.current_time()  # what it takes is a sign of life
        except GONE:
            self.abort()
        finally:
            self._flushing = False
            self.settle()

    async def _read_data(self) -> None:
        while not self.closing:
            try:
                data = await self.stream.receive_some(PIECE_BYTES)
            except GONE:
                break
            self.heard_s = trio.current_time()
            if self.idle and not self.partial and await self._answered(bytes(data)):
                continue
            if self.idle and data and not self.partial:
                self.partial = True
                self.expect(self.bounds.head_s)
            await self.protocol.handle(RawData(bytes(data)))
            if not data:
                self.closing = True

    async def _answered(self, data: bytes) -> bool:
        """Answer without the app what can be."""
        quick, protocol = self.desk.quick, self.protocol
        # bytes that the parser holds are the beginning of a request, and what came now is the rest of it
        if quick is None or self.desk.stopping or protocol.connection.trailing_data[0]:
            return False
        response = quick(data, protocol.client, protocol.server, self.desk)
        if response is None:
            return False
        await self._send(response)
        self.expect(self.bounds.keep_alive_s)
        return True

    async def close(self) -> None:
        """Say that nothing more comes; the reader, when it has ended, gives the client time to read it."""
        if not self.closing:
            self.closing = True
            try:
                self.stream.socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.abort()
        self._reader.cancel()

    async def _linger(self) -> None:
        # closing with unread bytes resets the connection, and the reset overtakes our last words
        with trio.move_on_after(self.bounds.linger_s), suppress(*GONE):
            while await self.stream.receive_some(PIECE_BYTES):
                pass
        self.abort()

"""A real server on a real port around a small system, and a WebSocket client written from RFC 6455 that checks every byte."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import attrs
import pytest
import trio
from certificates import server_shows, trusting
from quart import request, websocket
from quart_trio import QuartTrio

from actors import Runtime, open_runtime
from oracle.board import Board
from oracle.listen import Listen
from oracle.ring import Ring
from oracle.settings import Settings
from oracle.tally import Tally
from web import hub, server, visitor
from web.desk import Bounds
from web.direct import Direct
from web.routes import WS, Auth, Family, Identity, Param, Route, Scope
from web.surfaces.live import dashboard_stream, oracle_events, oracle_stream

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
BOUNDS = Bounds()
LISTENS = (Listen("127.0.0.1", 0),)
BOTH = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
"""For a test of the wire: once in the open, once over TLS."""


@attrs.define
class System:
    """What the streams need of a system."""

    runtime: Runtime
    board: Board
    tally: Tally
    settings: Settings = attrs.field(factory=Settings)
    watchdogs: dict[str, Any] = attrs.field(factory=dict)
    turns: trio.Semaphore = attrs.field(factory=lambda: trio.Semaphore(4))
    ring: Ring = attrs.field(default=attrs.Factory(lambda self: Ring.of(self.runtime), takes_self=True))


@attrs.define
class Live:
    """A running server."""

    runtime: Runtime
    system: System
    listeners: tuple[server.Listener, ...]

    @property
    def port(self) -> int:
        """Of the first listener."""
        return self.listeners[0].port

    async def desk(self) -> Any:
        """The server's counts."""
        return await self.runtime.ask("web", "desk")

    async def raw(self) -> Any:
        """A connection, over TLS where the server wants that."""
        stream = self.over(await trio.open_tcp_stream("127.0.0.1", self.port))
        if isinstance(stream, trio.SSLStream):
            await stream.do_handshake()
        return stream

    def over(self, stream: trio.SocketStream) -> Any:
        """The stream, or TLS on it where the server wants that; it shakes hands with the first bytes."""
        if self.listeners[0].tls is None:
            return stream
        return trio.SSLStream(stream, trusting(), server_hostname="localhost", https_compatible=True)

    async def when(self, holds: Callable[[Any], bool]) -> None:
        """Wait until something is true of the desk."""
        desk = await self.desk()
        with trio.fail_after(30):
            while not holds(desk):
                await trio.sleep(0.005)

    async def quiet(self, connections: int) -> None:
        """Wait until only so many connections are open."""
        await self.when(lambda desk: len(desk.open) <= connections)


def app_of(system: System) -> QuartTrio:
    """A few routes, and both streams."""
    app = QuartTrio("live")
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024

    @app.get("/")
    async def home() -> str:
        return "home"

    @app.get("/where")
    async def where() -> str:
        listener = request.scope["extensions"]["oracle.listener"]
        return f"{listener.surface}:{listener.port}"

    @app.get("/big/<int:size>")
    async def big(size: int) -> bytes:
        return b"x" * size

    @app.get("/wait")
    async def wait() -> str:
        await trio.sleep(0.3)
        return "waited"

    @app.post("/echo")
    async def echo() -> bytes:
        return await request.get_data()

    @app.post("/refuse")
    async def refuse() -> tuple[str, int]:
        return "no", 409

    @app.websocket("/echo")
    async def echo_socket() -> None:
        while True:
            await websocket.send(await websocket.receive())

    @app.websocket("/slow")
    async def slow_socket() -> None:
        await trio.sleep(0.3)
        await websocket.accept()
        await websocket.receive()

    app.asgi_app = Direct(app.asgi_app, system, House())  # type: ignore[method-assign,assignment]
    return app


class House:
    """What the live routes need beside the system: everybody may come in."""

    params = (Param("topics", many=True), Param("since"))
    routes = (
        Route(WS, "/stream", oracle_stream, Auth.public, family=Family.error, params=params),
        Route("GET", "/events", oracle_events, Auth.public, family=Family.error, params=params, live=True),
        Route(WS, "/dashboard/stream", dashboard_stream, Auth.public),
    )

    @property
    def doorman(self) -> House:
        return self

    def admit(self, *_: Any, **__: Any) -> Identity:
        return Identity("anonymous", Scope.read)

    def inside(self, *_: Any) -> Any:
        return nullcontext()


@asynccontextmanager
async def open_live(bounds: Bounds = BOUNDS, listens: tuple[Listen, ...] = LISTENS,
                    app: Any = None, tls: bool = False) -> AsyncIterator[Live]:  # fmt: skip
    """Serve until the block ends; fails the test where a connection crashed and the test did not expect it."""
    listens = tuple(attrs.evolve(one, secure=tls) for one in listens)
    listeners = server.bind(listens, bounds, server_shows() if tls else None)
    try:
        async with open_runtime([hub.child(), visitor.child()]) as runtime:
            system = System(runtime, Board(runtime.bus), Tally({}))
            runtime.add(server.child(app or app_of(system), listeners))
            yield Live(runtime, system, listeners)
    finally:
        for listener in listeners:
            listener.close()


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes | None = b"\x01\x02\x03\x04",
           length: int | None = None) -> bytes:  # fmt: skip
    """A client's frame; `length` lies about the payload's."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask is not None else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65_536:
        head += struct.pack("!BH", bit | 126, size)
    else:
        head += struct.pack("!BQ", bit | 127, size)
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def upgrade(path: str, *extra: str, key: str = "AAAAAAAAAAAAAAAAAAAAAA==") -> bytes:
    """The request that asks for a WebSocket."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
             f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *extra]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Broken(Exception):
    """The server sent bytes that RFC 6455 does not allow, or ended without a close frame."""


def socket_of(receive_buffer: int = 0) -> trio.socket.SocketType:
    """A socket; one with a small buffer is sent small segments too, as over any network. The loopback's are 64 KiB: one that
    is larger than the buffer is only sent when the kernel's persist timer fires, five times a second."""
    sock = trio.socket.socket()
    if receive_buffer:
        sock.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, receive_buffer)
        sock.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_MAXSEG, 536)
    return sock


class Client:
    """Reads frame by frame and raises Broken at the first byte out of place. Counts what it saw."""

    def __init__(self, stream: Any, sock: trio.socket.SocketType) -> None:
        self.stream = stream
        self.sock = sock
        self.buffer = bytearray()
        self.pongs: list[bytes] = []
        self.pings = 0
        self.answers_pings = True
        self.skipped = 0
        self.kinds: Counter[str] = Counter()

    @classmethod
    async def connect(cls, live: Live, path: str, *extra: str, receive_buffer: int = 0) -> Client:
        """Shake hands; raises Broken where the server does not upgrade."""
        sock = socket_of(receive_buffer)
        await sock.connect(("127.0.0.1", live.port))
        client = cls(live.over(trio.SocketStream(sock)), sock)
        key = base64.b64encode(os.urandom(16))
        await client.stream.send_all(upgrade(path, *extra, key=key.decode()))
        head = (await client.until(b"\r\n\r\n")).decode("latin-1").lower()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode().lower()
        if not head.startswith("http/1.1 101") or f"sec-websocket-accept: {accept}" not in head or "extensions" in head:
            raise Broken(head)
        return client

    async def until(self, mark: bytes) -> bytes:
        """The bytes up to and with `mark`."""
        while mark not in self.buffer:
            await self._more()
        end = self.buffer.index(mark) + len(mark)
        taken = bytes(self.buffer[:end])
        del self.buffer[:end]
        return taken

    async def frame(self) -> tuple[int, bytes]:
        """The next frame, control frames included."""
        first, second = await self._exactly(2)
        opcode, size = first & 0x0F, second & 0x7F
        if first & 0x70 or not first & 0x80 or second & 0x80 or opcode not in (TEXT, CLOSE, PING, PONG):
            raise Broken(f"frame head {first:#x} {second:#x}")
        if opcode >= 8 and size > 125:
            raise Broken("control frame too long")
        if size == 126:
            (size,) = struct.unpack("!H", await self._exactly(2))
            if size < 126:
                raise Broken("length not minimal")
        elif size == 127:
            (size,) = struct.unpack("!Q", await self._exactly(8))
            if size < 65_536:
                raise Broken("length not minimal")
        return opcode, await self._exactly(size)

    async def message(self) -> dict[str, Any]:
        """The next JSON message; answers pings, keeps pongs, counts skips. Raises Closed with the server's code."""
        while True:
            opcode, payload = await self.frame()
            if opcode == PONG:
                self.pongs.append(payload)
            elif opcode == PING:
                self.pings += 1
                if self.answers_pings:
                    await self.send(PONG, payload)
            elif opcode == CLOSE:
                raise Closed(struct.unpack("!H", payload[:2])[0] if payload else 1005, payload[2:].decode())
            else:
                told = json.loads(payload.decode("utf-8"))
                self.kinds[told["type"]] += 1
                if told["type"] == "skipped":
                    self.skipped += told["count"]
                return told

    async def message_of(self, kind: str) -> dict[str, Any]:
        """The next message of a type, passing over others."""
        with trio.fail_after(30):
            while True:
                told = await self.message()
                if told["type"] == kind:
                    return told

    async def send(self, opcode: int, payload: bytes = b"", **how: Any) -> None:
        """Send a frame."""
        await self.stream.send_all(masked(opcode, payload, **how))

    async def say(self, value: Any) -> None:
        """Send JSON."""
        await self.send(TEXT, json.dumps(value).encode())

    async def close_code(self) -> int:
        """Read to the close frame; its code."""
        with trio.fail_after(30):
            try:
                while True:
                    await self.message()
            except Closed as closed:
                return closed.code

    async def _exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            await self._more()
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    async def _more(self) -> None:
        data = await self.stream.receive_some(65_536)
        if not data:
            raise Broken("the connection ended without a close frame")
        self.buffer += data


class Closed(Exception):
    """The server sent a close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


async def exchange(live: Live, request: bytes, *, wait_s: float = 3.0) -> bytes:
    """Send bytes, read to the end or until nothing comes for `wait_s`."""
    stream = await live.raw()
    async with stream:
        received = b""
        with trio.move_on_after(wait_s):
            try:
                await stream.send_all(request)
                while data := await stream.receive_some(65_536):
                    received += data
            except trio.BrokenResourceError:
                pass
        return received

"""Exchanges of the test's own on loopback: real WebSocket servers, and one whose bytes are written by hand."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import trio
import trio_websocket
from sink import open_raw

EXCHANGE = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "exchange"

needs_recordings = pytest.mark.skipif(not EXCHANGE.is_dir(), reason=f"no recordings of exchanges in {EXCHANGE}")


@asynccontextmanager
async def open_venue(script: Callable[[trio_websocket.WebSocketConnection], Awaitable[None]]) -> AsyncIterator[str]:
    """A WebSocket server that runs `script` for each connection; gives its URL."""

    async def welcome(request: trio_websocket.WebSocketRequest) -> None:
        with suppress(trio_websocket.ConnectionClosed):  # a client may leave whenever it likes
            await script(await request.accept())

    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(trio_websocket.serve_websocket, welcome, "127.0.0.1", 0, None))
        yield f"ws://127.0.0.1:{server.port}"
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_bare_venue(script: Callable[[trio.SocketStream], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that upgrades, then lets `script` write whatever bytes it likes; it answers no ping."""

    async def serve(stream: trio.SocketStream) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += await stream.receive_some(65536)
        key = next(line for line in data.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")).split(b": ")[1]
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        await stream.send_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")  # fmt: skip
        await script(stream)

    async with open_raw(serve) as port:
        yield f"ws://127.0.0.1:{port}"


def frame(payload: bytes, *, opcode: int = 1, final: bool = True) -> bytes:
    """One unmasked WebSocket frame: opcode 0 continues, 1 text, 2 binary, 8 close."""
    size = len(payload)
    head = bytes([(0x80 if final else 0) | opcode])
    return head + (bytes([size]) if size < 126 else b"\x7e" + struct.pack("!H", size)) + payload

"""The trio peers of bench.delivery and bench.journey: `python -m bench.peers.stream_trio KIND PORT`, in the peers'
environment. Each greets a socket with `ready` and sends the order (`bench.peers.order`) to all that have joined."""

from __future__ import annotations

import base64
import gc
import hashlib
import os
import struct
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart import websocket
from quart_trio import QuartTrio

from bench.peers.order import READY, listen_for_order, message

QUEUE = 64
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
WELCOME = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"


def run_quart(port: int) -> None:
    """Quart-Trio on Hypercorn as both are: a bounded channel for each client, whose handler sends."""
    app = QuartTrio(__name__)
    channels: list[trio.MemorySendChannel[str]] = []

    @app.websocket("/")
    async def stream() -> None:
        await websocket.accept()
        await websocket.send(READY)
        sender, receiver = trio.open_memory_channel[str](QUEUE)
        channels.append(sender)
        async for text in receiver:
            await websocket.send(text)

    async def send(order: dict[str, Any]) -> None:
        for number in range(order["messages"]):
            text = message(order["payload_bytes"])
            for channel in channels:
                try:
                    channel.send_nowait(text)
                except trio.WouldBlock:
                    await channel.send(text)
            if number % order["burst"] == 0:
                await trio.lowlevel.checkpoint()

    config = Config()
    config.bind, config.backlog = [f"127.0.0.1:{port}"], 2048
    trio.run(_beside, send, lambda: serve(app, config))  # type: ignore[arg-type]


def run_raw(port: int) -> None:
    """The least that trio can do: bytes framed once, one write to each client, nothing else."""
    clients: list[tuple[int, trio.SocketStream]] = []  # with the number of the file, which the limit does not ask for

    async def greet(stream: trio.SocketStream) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            got = await stream.receive_some(4096)
            if not got:
                return
            head += got
        await stream.send_all(_welcome(head) + _frame(READY))
        clients.append((stream.socket.fileno(), stream))
        await trio.sleep_forever()

    async def send(order: dict[str, Any]) -> None:
        began, rate, burst = trio.current_time(), order["rate_per_s"], order["burst"]
        for first in range(0, order["messages"], burst):
            if not rate:
                await trio.lowlevel.checkpoint()
            elif (pause_s := began + first / rate - trio.current_time()) > 0:
                await trio.sleep(pause_s)
            frames = b"".join([_frame(message(order["payload_bytes"])) for _ in range(burst)])
            for stream, rest in _written(clients, frames):
                await stream.send_all(rest)

    trio.run(_beside, send, lambda: trio.serve_tcp(greet, port, host="127.0.0.1", backlog=2048))


def _written(clients: list[tuple[int, trio.SocketStream]], frames: bytes) -> list[tuple[trio.SocketStream, bytes]]:
    """Write to all without waiting; what did not fit."""
    behind, write = [], os.write
    for number, stream in clients:
        try:
            done = write(number, frames)
        except BlockingIOError:
            done = 0
        if done < len(frames):
            behind.append((stream, frames[done:]))
    return behind


async def _beside(send: Callable[[dict[str, Any]], Awaitable[None]], serve: Callable[[], Awaitable[object]]) -> None:
    async with trio.open_nursery() as nursery:
        token = trio.lowlevel.current_trio_token()
        listen_for_order(lambda order: token.run_sync_soon(nursery.start_soon, send, order))
        await serve()


def _frame(text: str) -> bytes:
    """A whole text message, unmasked, below 65,536 bytes."""
    payload = text.encode()
    size = len(payload)
    return (struct.pack("!BB", 0x81, size) if size < 126 else struct.pack("!BBH", 0x81, 126, size)) + payload


def _welcome(head: bytes) -> bytes:
    lines = head.split(b"\r\n")
    key = next(line.partition(b":")[2].strip() for line in lines if line.lower().startswith(b"sec-websocket-key:"))
    return WELCOME % base64.b64encode(hashlib.sha1(key + GUID).digest())


KINDS: dict[str, Callable[[int], None]] = {"quart-trio": run_quart, "raw-trio": run_raw}

if __name__ == "__main__":
    gc.freeze()
    KINDS[sys.argv[1]](int(sys.argv[2]))

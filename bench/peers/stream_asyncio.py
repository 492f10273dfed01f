"""The asyncio peers of bench.delivery: `python -m bench.peers.stream_asyncio KIND PORT`, in the peers' environment.

Each greets a socket with `ready` and sends the order (`bench.peers.order`) to all that have joined. Queues are bounded, so
each waits for slow clients.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI, WebSocket
from websockets.asyncio.server import ServerConnection, broadcast, serve

from bench.peers.order import READY, listen_for_order, message

QUEUE = 64
LOOKS = 32  # messages between two looks at what a broadcast has left unsent


class Hub:
    """Who has joined, and how a message is sent to them all."""

    def __init__(self, send: Callable[[Hub, str], Awaitable[None]]) -> None:
        self.queues: list[asyncio.Queue[str]] = []
        self.sockets: list[Any] = []
        self.sent = 0
        self._send = send

    def begin(self) -> None:
        """Wait for the order; called inside the loop."""
        loop = asyncio.get_running_loop()
        listen_for_order(lambda order: asyncio.run_coroutine_threadsafe(self._run(order), loop))

    async def _run(self, order: dict[str, Any]) -> None:
        began, rate = time.monotonic(), order["rate_per_s"]
        for number in range(order["messages"]):
            if rate:
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            elif number % order["burst"] == 0:
                await asyncio.sleep(0)
            self.sent += 1
            await self._send(self, message(order["payload_bytes"]))


async def to_queues(hub: Hub, text: str) -> None:
    """To a queue for each client, whose own task sends."""
    for queue in hub.queues:
        if queue.full():
            await queue.put(text)
        else:
            queue.put_nowait(text)


async def to_each(hub: Hub, text: str) -> None:
    """The loop of FastAPI's tutorial: one client after the other."""
    for socket in hub.sockets:
        await socket.send_text(text)


async def to_all(hub: Hub, text: str) -> None:
    """The broadcast of `websockets`, which has no queue: wait where much is unsent."""
    broadcast(hub.sockets, text)
    if hub.sent % LOOKS == 0:
        while any(socket.transport.get_write_buffer_size() > QUEUE * len(text) for socket in hub.sockets):
            await asyncio.sleep(0)


def run_fastapi(port: int, send: Callable[[Hub, str], Awaitable[None]], deflate: bool = False) -> None:
    """FastAPI on uvicorn with the loop and the parsers its extras bring; `deflate` is uvicorn's default."""
    hub = Hub(send)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hub.begin()
        yield

    app = FastAPI(lifespan=lifespan)

    @app.websocket("/")
    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(READY)
        if send is to_each:
            hub.sockets.append(socket)
            await socket.receive_text()
        queue = asyncio.Queue[str](QUEUE)
        hub.queues.append(queue)
        while True:
            await socket.send_text(await queue.get())

    uvicorn.run(app, host="127.0.0.1", port=port, ws="websockets-sansio", loop="uvloop", http="httptools",
                ws_per_message_deflate=deflate, log_level="error")  # fmt: skip


def run_websockets(port: int) -> None:
    """`websockets` on uvloop, without compression."""
    hub = Hub(to_all)

    async def stream(socket: ServerConnection) -> None:
        await socket.send(READY)
        hub.sockets.append(socket)
        await socket.wait_closed()

    async def main() -> None:
        hub.begin()
        async with serve(stream, "127.0.0.1", port, backlog=2048, compression=None):
            await asyncio.Event().wait()

    uvloop.run(main())


KINDS: dict[str, Callable[[int], None]] = {
    "fastapi-queue": lambda port: run_fastapi(port, to_queues),
    "fastapi-loop": lambda port: run_fastapi(port, to_each),
    "fastapi-deflate": lambda port: run_fastapi(port, to_queues, deflate=True),
    "websockets": run_websockets,
}

if __name__ == "__main__":
    gc.freeze()
    KINDS[sys.argv[1]](int(sys.argv[2]))

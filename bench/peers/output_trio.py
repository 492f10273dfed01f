"""The limit of telling a socket what a program says: `python -m bench.peers.output_trio PORT`. The first client is upgraded to a
WebSocket, then bench.lines is begun as standard input asks, and each read of its pipe is one frame and one write."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import subprocess
import sys
from functools import partial

import trio

from bench.peers.order import READY, listen_for_order

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(text: bytes) -> bytes:
    """An unmasked text frame."""
    size = len(text)
    return b"\x81" + (bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")) + text


async def tell(stream: trio.SocketStream, orders: trio.MemoryReceiveChannel[dict[str, float]]) -> None:
    """Upgrade one client, and tell it what the program says."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += await stream.receive_some()
    key = next(line.partition(b":")[2].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
    await stream.send_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept + frame(READY.encode()))  # fmt: skip
    order = await orders.receive()
    command = [sys.executable, "-u", "-m", "bench.lines", str(int(order["messages"])), str(order["rate_per_s"])]
    process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    while part := await process.stdout.receive_some():
        await stream.send_all(frame(b'{"text":"%b"}' % part.rstrip()))
    await process.wait()


async def main(port: int) -> None:
    """Serve one client after the other."""
    sender, orders = trio.open_memory_channel[dict[str, float]](1)
    token = trio.lowlevel.current_trio_token()
    listen_for_order(lambda order: token.run_sync_soon(sender.send_nowait, order))

    async def serve(stream: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError, StopIteration):
            await tell(stream, orders)

    await trio.serve_tcp(serve, port, host="127.0.0.1")


if __name__ == "__main__":
    trio.run(partial(main, int(sys.argv[1])))

"""The measuring clients count what a tiny server sends, and nothing else."""

from __future__ import annotations

import os
import shutil
import time
from functools import partial

import pytest
import trio

from bench.load import Missing, requests, sockets
from web.wire import ping_frame, text_frame

pytestmark = pytest.mark.skipif(not (os.environ.get("CC") or shutil.which("cc")), reason="needs a C compiler")

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
READY = text_frame(b'{"type":"ready"}')
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n%b\r\nhello"


def message(size=100):
    head = b'{"type":"trade","trade_id":"%d","pad":"' % (10**18 + time.monotonic_ns())
    return text_frame(head + b"x" * (size - len(head) - 2) + b'"}')


def serving(nursery, *, told, pieces=10**9, heads=None):
    """A server that tells each socket the same bytes, in pieces; its port."""
    async def greet(stream):
        head = await stream.receive_some(4096)
        if heads is not None:
            heads.append(head)
        told_bytes = SWITCH + told()
        for first in range(0, len(told_bytes), pieces):
            await stream.send_all(told_bytes[first : first + pieces])
            await trio.lowlevel.checkpoint()
        async for _ in stream:
            pass

    return listening(nursery, greet)


async def listening(nursery, serve):
    listener, = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
    return listener.socket.getsockname()[1]


def listen(port, count, messages, path="/", **options):
    with sockets(port, path, count, messages, **options) as clients:
        assert clients.connect_s > 0
        return clients.result()


@pytest.mark.parametrize("pieces", [1, 7, 10**9])
async def test_messages_are_counted_whatever_the_pieces(nursery, pieces):
    def told():  # the first message is of the snapshot: it comes before ready
        return message() + READY + message(100) + ping_frame(b"?") + text_frame(b'{"type":"state"}') + message(300)

    port = await serving(nursery, told=told, pieces=pieces)
    found = await trio.to_thread.run_sync(listen, port, 3, 2)
    assert found["messages"] == found["expected"] == 6
    assert found["payload_bytes"] == 200
    assert 0 < found["p50_us"] <= found["p99_us"]
    assert found["skipped"] == found["deflated"] == 0


async def test_each_socket_has_its_number_in_the_path(nursery):
    heads = []
    port = await serving(nursery, told=lambda: READY + message(), heads=heads)
    await trio.to_thread.run_sync(lambda: listen(port, 3, 1, "/stream?topics=all,own#", deflate=True))
    assert {head.split()[1] for head in heads} == {b"/stream?topics=all,own%d" % i for i in range(3)}
    assert all(b"Sec-WebSocket-Extensions: permessage-deflate" in head for head in heads)


async def test_compressed_messages_are_counted_unseen(nursery):
    compressed = bytes((0xC1, 3)) + b"abc"
    port = await serving(nursery, told=lambda: compressed * 4)  # the first is the greeting
    found = await trio.to_thread.run_sync(listen, port, 2, 3)
    assert (found["messages"], found["deflated"]) == (6, 8)


async def test_what_was_skipped_is_no_measurement(nursery):
    port = await serving(nursery, told=lambda: READY + message() + text_frame(b'{"type":"skipped","count":2}'))
    with pytest.raises(Missing, match='"skipped": 2'):
        await trio.to_thread.run_sync(listen, port, 1, 3)


@pytest.mark.parametrize("header", [b"", b"connection: close\r\n"])
async def test_requests_are_counted_by_their_answers(nursery, header):
    served = 0

    async def serve(stream):
        nonlocal served
        while head := await stream.receive_some(4096):
            assert head.startswith(b"GET /health HTTP/1.1\r\n")
            served += 1
            await stream.send_all(ANSWER % header)
            if header:
                return

    port = await listening(nursery, serve)
    assert await trio.to_thread.run_sync(requests, port, "/health", 4, 0.05) == served > 4

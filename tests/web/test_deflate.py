"""Compressed once for everybody: what stock clients make of it, and what a client can't do with it."""

from __future__ import annotations

import json
import struct
import zlib

import attrs
import pytest
import trio
from live import CLOSE, TEXT, exchange, masked, open_live, upgrade
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

from oracle.problems import Invalid
from oracle.settings import load
from web.desk import Bounds
from web.head import deflate_offer

DEFLATING = Bounds(deflate=frozenset({"big:*"}))
EXTENSIONS = "Sec-WebSocket-Extensions:"
OFFER = f"{EXTENSIONS} permessage-deflate; client_max_window_bits"


@attrs.frozen
class Note:
    """A message of these tests."""

    topic: str
    text: str
    retained: bool = False


async def raw_frames(stream: trio.SocketStream, buffer: bytes, count: int) -> tuple[list[tuple[int, bytes]], bytes]:
    """(first byte, payload) of unmasked frames."""
    found = []
    while len(found) < count:
        if len(buffer) >= 4:
            size, at = buffer[1], 2
            if size == 126:
                (size,), at = struct.unpack("!H", buffer[2:4]), 4
            if len(buffer) >= at + size:
                found.append((buffer[0], buffer[at : at + size]))
                buffer = buffer[at + size :]
                continue
        buffer += await stream.receive_some()
    return found, buffer


async def opened(live, *extra: str) -> tuple[trio.SocketStream, str, bytes]:
    """A connection, the head of the handshake's answer, and what came behind it."""
    stream = await live.raw()
    await stream.send_all(upgrade("/stream?topics=big:*,small:*", *extra))
    data = b""
    while b"\r\n\r\n" not in data:
        data += await stream.receive_some()
    head, _, rest = data.partition(b"\r\n\r\n")
    return stream, head.decode().lower(), rest


def unpacked(payload: bytes) -> bytes:
    return zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")


async def test_only_long_messages_of_the_topics_are_compressed_and_the_same_for_all():
    async with open_live(DEFLATING) as live:
        clients = [await opened(live, OFFER) for _ in range(2)]
        frames = []
        for stream, head, rest in clients:
            assert "permessage-deflate; client_no_context_takeover; server_no_context_takeover" in head
            frames.append((await raw_frames(stream, rest, 2))[1])
        for topic, text in (("big:1", "x" * 900), ("big:2", ""), ("small:1", "y" * 900)):
            live.runtime.publish(Note(topic, text))
        told = [(await raw_frames(client[0], rest, 3))[0] for client, rest in zip(clients, frames, strict=True)]
        assert told[0] == told[1]
        assert [first for first, _ in told[0]] == [0xC1, 0xC1, 0x81]
        assert len(told[0][0][1]) < 300 < len(told[0][2][1])
        assert json.loads(unpacked(told[0][0][1]))["data"]["text"] == "x" * 900
        for stream, _, _ in clients:
            await stream.aclose()


async def test_who_does_not_offer_it_is_told_plainly():
    async with open_live(DEFLATING) as live:
        offers = ("permessage-deflate; server_max_window_bits=10", "permessage-deflate; client_max_window_bits=8", "x")
        for offer in ((), *((f"{EXTENSIONS} {one}",) for one in offers)):
            stream, head, rest = await opened(live, *offer)
            _, rest = await raw_frames(stream, rest, 2)
            live.runtime.publish(Note("big:1", "x" * 900))
            assert "sec-websocket-extensions" not in head
            assert (await raw_frames(stream, rest, 1))[0][0][0] == 0x81
            await stream.aclose()


async def test_nothing_is_granted_where_no_topic_is_compressed():
    async with open_live() as live:
        answer = await exchange(live, upgrade("/stream?topics=a:*", OFFER), wait_s=0.2)
        assert b"101" in answer and b"permessage-deflate" not in answer


async def test_a_stock_client_sends_and_reads_compressed():
    async with open_live(DEFLATING) as live:
        await trio.to_thread.run_sync(_converse, live.port, live.runtime, trio.lowlevel.current_trio_token())


def _converse(port, runtime, token):
    factory = ClientPerMessageDeflateFactory()
    with connect(f"ws://127.0.0.1:{port}/stream", extensions=[factory]) as client:
        assert client.protocol.extensions
        assert [json.loads(client.recv(timeout=5))["type"] for _ in range(2)] == ["subscribed", "ready"]
        for _ in range(3):
            client.send(json.dumps({"action": "subscribe", "topics": ["big:*"], "pad": "z" * 5_000}))
            assert json.loads(client.recv(timeout=5))["type"] == "subscribed"
            assert json.loads(client.recv(timeout=5))["type"] == "ready"
        for n in range(20):
            trio.from_thread.run_sync(runtime.publish, Note("big:1", str(n) * 400), trio_token=token)
            assert json.loads(client.recv(timeout=5))["data"]["text"] == str(n) * 400


def packed(payload: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.mark.parametrize(("payload", "pieces", "code"), [
    (50_000_000, 1, 1009), (50_000_000, 40, 1009), (b"\xff" * 50, 1, 1007), (262_145, 1, 1009),
])  # fmt: skip
async def test_a_bomb_ends_its_own_connection(payload, pieces, code):
    payload = packed(b"x" * payload) if isinstance(payload, int) else payload
    async with open_live(DEFLATING) as live:
        stream, _, rest = await opened(live, OFFER)
        _, rest = await raw_frames(stream, rest, 2)
        step = -(-len(payload) // pieces)
        for at in range(0, len(payload), step):
            part, last = payload[at : at + step], at + step >= len(payload)
            frame = masked(TEXT if at == 0 else 0, part, fin=last, rsv=4 if at == 0 else 0)
            try:
                await stream.send_all(frame)
            except trio.BrokenResourceError:
                break  # it was sent away before it had sent all
        (told,), _ = await raw_frames(stream, rest, 1)
        assert told[0] == 0x80 | CLOSE and struct.unpack("!H", told[1][:2])[0] == code
        await stream.aclose()
        await live.quiet(0)


@pytest.mark.parametrize(("offer", "takes"), [
    ("permessage-deflate", True), ("permessage-deflate; server_max_window_bits=15", True),
    ("permessage-deflate; server_max_window_bits=14", False), ("permessage-deflate; server_max_window_bits", False),
    ('permessage-deflate; server_max_window_bits="15"', True), ("permessage-deflate; foo=1", False),
    ("permessage-deflate; server_no_context_takeover=1", False), ("permessage-deflate; client_max_window_bits=8", False),
    ("permessage-deflate ;client_max_window_bits; client_no_context_takeover", True),
    ("x-webkit-deflate-frame", False), ("", False),
])  # fmt: skip
def test_whose_window_is_large_enough(offer, takes):
    assert bool(deflate_offer(["x-other", offer])) is takes


def test_what_is_no_topic_is_refused_by_its_place():
    with pytest.raises(Invalid) as refused:
        load(None, {}, {"server": {"deflate": ["*x"]}})
    assert refused.value.problems[0].path == ("server", "deflate")

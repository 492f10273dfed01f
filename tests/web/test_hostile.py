"""Hostile bytes on raw sockets: each gets its refusal, the process lives, no connection leaks, and a witness misses nothing."""

from __future__ import annotations

import json
import random
import socket
import struct
import zlib
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from live import PING, TEXT, Client, Live, exchange, masked, open_live, upgrade

from web.desk import Bounds

HOST = b"Host: a\r\n"
BOUNDS = Bounds(head_s=1.0, body_s=1.0, keep_alive_s=1.0, linger_s=0.2)
SOCKET = upgrade("/echo")
RESERVED = "\x00\x00\x00\xff"


@attrs.frozen
class Note:
    """A message of these tests."""

    topic: str
    retained = False


REFUSED = {
    "garbage": (b"\x00\xff\xfe garbage\r\n\r\n", 400),
    "empty request line": (b"\r\n\r\n\r\n" + b" \r\n\r\n", 400),
    "no version": (b"GET /\r\n\r\n", 400),
    "http 0.9": (b"GET / HTTP/0.9\r\n\r\n", 505),
    "http 3": (b"GET / HTTP/3.0\r\n\r\n", 505),
    "version with letters": (b"GET / HTTP/x.1\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "nul in the target": (b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "nul in a header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n", 400),
    "nul in a name": (b"GET / HTTP/1.1\r\n" + HOST + b"X\x00: a\r\n\r\n", 400),
    "bare cr in a header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n", 400),
    "space before the colon": (b"GET / HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n", 400),
    "header without a colon": (b"GET / HTTP/1.1\r\n" + HOST + b"nonsense\r\n\r\n", 400),
    "space in the target": (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "non-ascii target": (b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "relative target": (b"GET nowhere HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "authority target": (b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "other scheme": (b"GET gopher://a/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "method with a slash": (b"G/T / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "long request line": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
    "long header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20_000, 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X%d: a\r\n" % i for i in range(5_000)), 431),
    "endless line": (b"A" * 60_000, 431),
    "http 2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 505),
    "negative length": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400),
    "length with a plus": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: +5\r\n\r\nhello", 400),
    "hex length": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 0x5\r\n\r\nhello", 400),
    "two lengths": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
    "huge length": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\n", 413),
    "length and chunked": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked twice": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501),
    "unknown encoding": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "chunked in http 1.0": (b"POST /echo HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "bad chunk size": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", 400),
    "negative chunk": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", 400),
    "chunk too long": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloworld\r\n", 400),
    "endless chunk size": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 30_000, (400, 431)),
    "body for an upgrade": (upgrade("/echo", "Content-Length: 3") + b"abc", 400),
    "chunked body for an upgrade": (upgrade("/echo", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    "non-ascii extension": (upgrade("/echo", "Sec-WebSocket-Extensions: \xff"), 400),
    "non-ascii subprotocol": (upgrade("/echo", "Sec-WebSocket-Protocol: \xe9"), 400),
    "non-ascii connection": (upgrade("/echo").replace(b"n: Upgrade", b"n: Upgrade, \xff"), 400),
    "upgrade without a key": (upgrade("/echo").replace(b"Sec-WebSocket-Key", b"X-Key"), 400),
    "upgrade to version 7": (upgrade("/echo").replace(b"Version: 13", b"Version: 7"), 400),
    "upgrade in http 1.0": (upgrade("/echo").replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    "frame before the accept": (upgrade("/slow") + masked(TEXT, b"early"), 400),
    "upgrade to nowhere": (upgrade("/nowhere"), 404),
    "tls hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), 400),
    "half a head": (b"GET / HTTP/1.1\r\nHo", 408),
    "half a body": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nhal", 408),
}

ANSWERED = {
    "absolute target": (b"GET http://evil.test/ HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 200),
    "bad percent encoding": (b"GET /%zz%ff%00?%zz=%ff&a HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 404),
    "dot segments": (b"GET /../../etc/passwd HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 404),
    "odd host": (b"GET / HTTP/1.1\r\nHost: [::1:80:@\"<>\r\nConnection: close\r\n\r\n", (200, 400)),
    "empty host": (b"GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", (200, 400)),
    "options star": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", (404, 405)),
    "unknown method": (b"BREW / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 405),
    "expect": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", 100),
    "h2c upgrade": (
        b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\nConnection: close, Upgrade\r\nHTTP2-Settings: AAA\r\n\r\n", 200),
    "range of nonsense": (b"GET / HTTP/1.1\r\n" + HOST + b"Range: bytes=9-1,-,x\r\nConnection: close\r\n\r\n", 200),
    "bad cookie": (b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: \xff=;;;=\x80\r\nConnection: close\r\n\r\n", 200),
    "bad content type": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Type: multipart/x\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
        200),
}  # fmt: skip

CLOSED = {
    "unmasked": (masked(TEXT, b"hi", mask=None), 1002),
    "reserved bit 1": (masked(TEXT, b"hi", rsv=4), 1002),
    "reserved bit 2": (masked(TEXT, b"hi", rsv=2), 1002),
    "reserved bit 3": (masked(PING, b"hi", rsv=1), 1002),
    "reserved opcode 3": (masked(3, b"hi"), 1002),
    "reserved opcode 11": (masked(11, b"hi"), 1002),
    "deflate bomb": (masked(TEXT, zlib.compress(bytes(10_000_000), 9)[2:-4][:60_000], rsv=4), 1002),
    "fragmented ping": (masked(PING, b"hi", fin=False), 1002),
    "long ping": (masked(PING, b"x" * 126), 1002),
    "continuation of nothing": (masked(0, b"hi"), 1002),
    "text inside text": (masked(TEXT, b"a", fin=False) + masked(TEXT, b"b"), 1002),
    "length not minimal": (b"\x81\xfe\x00\x05" + bytes(9), 1002),
    "8-byte length not minimal": (b"\x81\xff" + struct.pack("!Q", 5) + bytes(9), 1002),
    "length with the top bit": (b"\x81\xff" + struct.pack("!Q", 1 << 63) + bytes(9), 1002),
    "bad utf-8": (masked(TEXT, b"\xc3\x28"), 1007),
    "surrogate": (masked(TEXT, b"\xed\xa0\x80"), 1007),
    "cut utf-8": (masked(TEXT, b"\xe2\x82"), 1007),
    "utf-8 cut between frames": (masked(TEXT, b"\xe2\x82", fin=False) + masked(0, b"\x28"), 1007),
    "too big": (masked(TEXT, b"x" * 300_000), 1009),
    "too big in pieces": (masked(TEXT, b"x" * 150_000, fin=False) + masked(0, b"x" * 150_000, fin=False), 1009),
    "announces an exabyte": (masked(TEXT, b"x" * 300_000, length=1 << 60), 1009),
    "close of one byte": (masked(8, b"x"), 1002),
    "close code 0": (masked(8, struct.pack("!H", 0)), 1002),
    "close code 1005": (masked(8, struct.pack("!H", 1005)), 1002),
    "close code 2999": (masked(8, struct.pack("!H", 2999)), 1002),
    "close code 65535": (masked(8, struct.pack("!H", 65535)), 1002),
    "close with bad utf-8": (masked(8, struct.pack("!H", 1000) + b"\xff"), 1007),
    "close then more": (masked(8, struct.pack("!H", 1000)) + masked(TEXT, b"late") + b"junk", 1000),
    "close code 4999": (masked(8, struct.pack("!H", 4999)), 4999),
    "empty close": (masked(8), 1005),
}


@asynccontextmanager
async def witnessed(live: Live):
    """Publish all the while, and check that a witness gets every offset there is."""
    witness = await Client.connect(live, "/stream?topics=*")
    await witness.message_of("ready")
    offset, over = None, False

    async def publish():
        while not over:
            live.runtime.publish(Note("note:x"))
            await trio.sleep(0.002)

    async def watch():
        nonlocal offset
        while True:
            told = await witness.message()
            assert offset is None or told["offset"] == offset + 1
            offset = told["offset"]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(publish)
        nursery.start_soon(watch)
        yield
        over = True
        last = live.runtime.publish(Note("note:last"))
        with trio.fail_after(30):
            while offset != last:
                await trio.sleep(0.005)
        nursery.cancel_scope.cancel()
    assert witness.skipped == 0 and offset > 1
    await trio.aclose_forcefully(witness.stream)
    await live.quiet(0)
    assert (await live.desk()).crashed == 0


async def each(cases, attack):
    """All at once: the attacks also meet each other."""
    async with trio.open_nursery() as nursery:
        for name, (data, expected) in cases.items():
            nursery.start_soon(attack, name, data, expected if isinstance(expected, tuple) else (expected,))


@pytest.mark.parametrize("cases", [REFUSED, ANSWERED], ids=["refused", "answered"])
async def test_hostile_requests_are_refused_and_a_witness_misses_nothing(cases):
    async with open_live(BOUNDS) as live, witnessed(live):

        async def attack(name, data, expected):
            answer = await exchange(live, data, wait_s=10)
            assert answer.startswith(b"HTTP/1.1 "), (name, answer)
            assert int(answer[9:12]) in expected, (name, answer[:200])
            if cases is REFUSED and int(answer[9:12]) != 404:
                assert b"connection: close" in answer.lower(), name
                body = answer.split(b"\r\n\r\n", 1)[1]
                if body.startswith(b"{"):
                    assert set(json.loads(body)["error"]) == {"code", "message", "details"}, name

        await each(cases, attack)


async def test_hostile_frames_are_closed_with_their_code_and_a_witness_misses_nothing():
    async with open_live(BOUNDS) as live, witnessed(live):

        async def attack(name, data, expected):
            client = await Client.connect(live, "/echo", "Sec-WebSocket-Extensions: permessage-deflate")
            await client.stream.send_all(data)
            assert await client.close_code() in expected, name
            await trio.aclose_forcefully(client.stream)

        await each(CLOSED, attack)


async def test_connections_that_end_in_the_middle_leave_nothing_behind():
    half_ends = (b"", b"GET / HT", b"GET / HTTP/1.1\r\n", SOCKET[:60], SOCKET, SOCKET + masked(TEXT, b"half")[:5],
                 b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nfour", b"GET /wait HTTP/1.1\r\n" + HOST + b"\r\n",
                 upgrade("/stream?topics=*"), upgrade("/slow"), upgrade("/dashboard/stream"))  # fmt: skip
    async with open_live(BOUNDS) as live, witnessed(live):
        for data in half_ends:
            for end in ("close", "reset", "half-close"):
                stream = await live.raw()
                if data:
                    await stream.send_all(data)
                await trio.sleep(0.002)
                if end == "half-close":
                    await stream.send_eof()
                    with trio.move_on_after(5):
                        while await stream.receive_some(65_536):
                            pass
                elif end == "reset":
                    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                await trio.aclose_forcefully(stream)
        await live.quiet(1)


async def test_a_flood_of_everything_at_once_is_survived():
    """Seeded nonsense: pieces of valid and hostile input in random order, cut at random places."""
    pieces = [data for data, _ in (*REFUSED.values(), *ANSWERED.values(), *CLOSED.values())] + [SOCKET] * 30
    async with open_live(BOUNDS) as live, witnessed(live):
        dice = random.Random(1)

        async def attack(data: bytes, cut: int):
            await exchange(live, data[:cut], wait_s=0.05)

        for _ in range(12):
            async with trio.open_nursery() as nursery:
                for _ in range(25):
                    data = b"".join(dice.sample(pieces, dice.randint(1, 4)))
                    nursery.start_soon(attack, data, dice.randint(1, len(data)))


async def test_pings_in_a_flood_are_answered_at_a_bounded_pace_and_hold_nobody_up():
    async with open_live(attrs.evolve(BOUNDS, frames_per_s=200)) as live, witnessed(live):
        client = await Client.connect(live, "/stream?topics=none")
        await client.message_of("ready")
        await client.stream.send_all(masked(PING, b"x") * 3_000)
        began_s = trio.current_time()
        with trio.fail_after(30):
            while len(client.pongs) < 300:
                opcode, payload = await client.frame()
                client.pongs.append(payload)
                assert (opcode, payload) == (10, b"x")
        assert trio.current_time() - began_s > 0.5
        await trio.aclose_forcefully(client.stream)

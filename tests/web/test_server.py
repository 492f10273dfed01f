"""The accept loop, its limits, its deadlines and its orderly end, over real sockets."""

from __future__ import annotations

import json

import attrs
import pytest
import trio
from live import BOTH, Broken, Client, exchange, masked, open_live, socket_of, upgrade

from actors.testing import probe
from oracle.listen import Listen
from web.desk import Bounds
from web.server import bind

GET = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def status(answer: bytes) -> int:
    """Of the first response."""
    return int(answer.split(b" ", 2)[1])


async def test_several_listeners_tell_their_surface_and_real_port():
    listens = (Listen("127.0.0.1", 0), Listen("127.0.0.1", 0, "flopy_net"))
    async with open_live(listens=listens) as live:
        ports = [listener.port for listener in live.listeners]
        assert len({*ports, 0}) == 3
        for listener, surface in zip(live.listeners, ("", "flopy_net"), strict=True):
            stream = await trio.open_tcp_stream("127.0.0.1", listener.port)
            await stream.send_all(LAST % b"/where")
            assert f"{surface}:{listener.port}".encode() in await _all(stream)
            assert listener.url == f"http://127.0.0.1:{listener.port}"


def test_a_taken_address_is_an_error_and_leaves_nothing_open():
    taken = bind([Listen("127.0.0.1", 0)])
    with pytest.raises(OSError):
        bind([Listen("127.0.0.1", 0), Listen("127.0.0.1", taken[0].port)])
    taken[0].close()
    again = bind([Listen("127.0.0.1", taken[0].port)])
    again[0].close()


async def test_an_error_to_a_request_with_a_body_ends_the_connection():
    async with open_live() as live:
        answer = await exchange(live, b"POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET / HTTP/1.1\r\n\r\n")
        assert status(answer) == 409 and b"connection: close" in answer.lower() and answer.count(b"HTTP/1.1") == 1
        kept = await exchange(live, (GET % b"/nowhere") + (LAST % b"/"))
        assert kept.count(b"HTTP/1.1") == 2


@BOTH
async def test_a_thousand_pipelined_requests_are_answered_in_order(tls):
    async with open_live(tls=tls) as live:
        answer = await exchange(live, (GET % b"/") * 999 + LAST % b"/where", wait_s=30)
        assert answer.count(b"HTTP/1.1 200") == 1000
        assert answer.endswith(str(live.port).encode())


@BOTH
async def test_one_connection_too_many_is_told_503_and_counted(tls):
    async with open_live(Bounds(connections=2), tls=tls) as live:
        first, second = await live.raw(), await live.raw()
        await first.send_all(GET % b"/")
        await first.receive_some(4096)
        await second.send_all(GET % b"/")
        await second.receive_some(4096)
        answer = await exchange(live, GET % b"/")
        assert status(answer) == 503 and b"retry-after" in answer
        desk = await live.desk()
        assert (desk.turned_away, len(desk.open)) == (1, 2)
        await first.aclose()
        await live.quiet(1)
        assert status(await exchange(live, LAST % b"/")) == 200


@BOTH
async def test_limits_answer_with_their_status(tls):
    bounds = Bounds(head_s=0.2, body_s=0.2, keep_alive_s=0.2)
    async with open_live(bounds, tls=tls) as live:
        assert status(await exchange(live, b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000)) == 431
        declared = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n"
        assert status(await exchange(live, declared)) == 413
        chunk = b"%x\r\n%b\r\n" % (60_000, b"x" * 60_000)
        chunked = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 20
        assert status(await exchange(live, chunked)) == 413
        slow_head = await exchange(live, b"GET / HTTP/1.1\r\nHost:")
        assert status(slow_head) == 408 and json.loads(slow_head.split(b"\r\n\r\n")[1])["error"]["code"] == "timeout"
        slow_body = await exchange(live, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        assert status(slow_body) == 408
        assert await exchange(live, b"") == b""
        idle = await exchange(live, GET % b"/")
        assert idle.count(b"HTTP/1.1") == 1
        await live.quiet(0)
        assert (await live.desk()).crashed == 0


async def test_a_slow_head_is_not_kept_alive_by_a_byte_now_and_then():
    async with open_live(Bounds(head_s=0.4)) as live, trio.open_nursery() as nursery:
        stream = await live.raw()

        async def drip():
            with pytest.raises((trio.BrokenResourceError, trio.ClosedResourceError)):
                for _ in range(200):
                    await stream.send_all(b"G")
                    await trio.sleep(0.02)

        nursery.start_soon(drip)
        with trio.fail_after(3):
            assert status(await _all(stream)) == 408
        await stream.aclose()


@BOTH
async def test_a_client_that_reads_no_response_is_cut_off(tls):
    async with open_live(Bounds(send_s=0.2, send_buffer_bytes=4096), tls=tls) as live:
        sock = socket_of(4096)
        await sock.connect(("127.0.0.1", live.port))
        await live.over(trio.SocketStream(sock)).send_all(GET % b"/big/8000000")
        await live.when(lambda desk: desk.cut_off == 1 and not desk.open)
        sock.close()


@BOTH
async def test_an_orderly_stop_tells_websockets_1001_and_finishes_requests(tls):
    got = {}
    async with trio.open_nursery() as nursery:
        async with open_live(tls=tls) as live:
            reader, idle = await Client.connect(live, "/stream?topics=*"), await live.raw()
            await reader.message_of("ready")
            plain = await Client.connect(live, "/echo")
            busy = await live.raw()
            await busy.send_all(GET % b"/wait")

            async def listen(name, client):
                got[name] = await client.close_code()

            async def finish():
                got["busy"] = await _all(busy)

            nursery.start_soon(listen, "reader", reader)
            nursery.start_soon(listen, "plain", plain)
            nursery.start_soon(finish)
            await trio.sleep(0.1)
        with pytest.raises(OSError):
            await live.raw()
        assert await idle.receive_some(10) == b""
    assert got["reader"] == got["plain"] == 1001
    assert got["busy"].endswith(b"waited")


@BOTH
async def test_clients_that_stop_reading_cannot_hold_up_a_stop(tls):
    bounds = Bounds(send_buffer_bytes=4096)
    async with open_live(bounds, tls=tls) as live:
        stalled = [await Client.connect(live, "/stream?topics=trade:*", receive_buffer=4096) for _ in range(3)]
        for client in stalled:
            await client.message_of("ready")
        for i in range(3_000):
            live.runtime.publish(Note(f"trade:S{i % 50}", "x" * 200))
        http = await live.raw()
        await http.send_all(GET % b"/big/8000000")
        await trio.sleep(0.1)
        began_s = trio.current_time()
    assert trio.current_time() - began_s < 2


async def test_a_killed_server_keeps_its_port_and_loses_no_caller():
    async with open_live() as live:
        port = live.port
        live.runtime.kill("web")
        assert (await exchange(live, LAST % b"/")).endswith(b"home")
        assert live.port == port


async def test_a_restarted_server_comes_back_on_its_port():
    async with open_live() as live:
        port, lives = live.port, probe(live.runtime, "life:web")
        live.runtime.restart("web")
        await lives.next()
        assert (await exchange(live, LAST % b"/")).endswith(b"home")
        assert live.port == port


@pytest.mark.parametrize("attack", [
    b"hello",  # the upgrade has a body
    b"non-ascii",
    b"early frame",
])  # fmt: skip
async def test_one_packet_that_ends_stock_hypercorn_ends_only_its_connection(attack):
    packets = {
        b"hello": upgrade("/echo", "Content-Length: 5") + b"hello",
        b"non-ascii": upgrade("/echo", "Sec-WebSocket-Extensions: permessage-deflate\xff"),
        b"early frame": upgrade("/slow") + masked(1, b"early"),
    }
    async with open_live() as live:
        witness = await Client.connect(live, "/stream?topics=*")
        await witness.message_of("ready")
        assert status(await exchange(live, packets[attack])) == 400
        await live.quiet(1)
        assert (await live.desk()).crashed == 0
        offset = live.runtime.publish(Note("note:after"))
        while (await witness.message())["offset"] != offset:
            pass


async def test_a_crash_inside_a_connection_is_counted_and_closes_only_that_one():
    async def app(scope, receive, send):
        raise RuntimeError("a fault of ours")

    async with open_live(app=app) as live:
        assert status(await exchange(live, GET % b"/")) == 500
        assert status(await exchange(live, GET % b"/")) == 500
        assert (await live.desk()).crashed == 2


async def test_a_refused_handshake_is_an_error_for_the_client():
    async with open_live() as live:
        with pytest.raises(Broken, match="404"):
            await Client.connect(live, "/nowhere")


@attrs.frozen
class Note:
    """A message of these tests."""

    topic: str
    text: str = ""
    retained = False


async def _all(stream: trio.SocketStream) -> bytes:
    received = b""
    while data := await stream.receive_some(65_536):
        received += data
    return received

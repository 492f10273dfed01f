"""Outbound HTTP, part one: what is sent, what comes back, time and size; one suite over both engines, real sockets."""

import pytest
import trio
from sink import ENGINES, LOCAL, answering, open_raw, open_sink, raw, refusal

from oracle.http import Http


@pytest.fixture(params=ENGINES)
def http(request):
    if request.param == "asks":
        pytest.importorskip("asks", reason="the extra asks is not installed")
    return Http(request.param, LOCAL)


# ---- what is sent and what comes back


async def test_method_headers_and_body_arrive_and_the_answer_comes_back(http):
    async with open_sink(answering(202, b"thanks", X_Word="yes")) as sink:
        headers = {"Content-Type": "application/json", "X-Own": "1"}
        answer = await http.request("post", sink.url("/a/b?c=d%20e"), headers=headers, body=b'{"a":1}')
    assert (answer.status, answer.body, answer.headers["x-word"]) == (202, b"thanks", "yes")
    call = sink.calls[0]
    assert (call.method, call.path, call.body) == ("POST", "/a/b?c=d%20e", b'{"a":1}')
    assert call.headers["content-type"] == "application/json"
    assert call.headers["x-own"] == "1"
    assert call.headers["accept-encoding"] == "identity"
    assert call.headers["host"] == f"127.0.0.1:{sink.port}"


@pytest.mark.parametrize("status", [200, 204, 304, 404, 410, 429, 500])
async def test_every_status_is_an_answer(http, status):
    async with open_sink(answering(status)) as sink:
        assert (await http.request("GET", sink.url())).status == status


async def test_a_head_answer_has_no_body_whatever_length_it_says(http):
    async with open_sink(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")) as sink:
        assert (await http.request("HEAD", sink.url())).body == b""


@pytest.mark.parametrize("data", [
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nabcde",
    b"HTTP/1.0 200 OK\r\n\r\nabcde",
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde",
])
async def test_bodies_come_in_every_framing_of_http(http, data):
    async with open_sink(raw(data)) as sink:
        answer = await http.request("GET", sink.url())
    assert (answer.status, answer.body) == (200, b"abcde")


async def test_a_compressed_body_is_handed_over_as_it_was_sent(http):
    async with open_sink(answering(200, b"\x1f\x8b not really", Content_Encoding="gzip")) as sink:
        assert (await http.request("GET", sink.url())).body == b"\x1f\x8b not really"


async def test_an_answer_sent_before_the_request_was_read_is_still_an_answer(http):
    async def early(stream):
        await stream.receive_some(1024)
        await stream.send_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        while await stream.receive_some(65536):
            pass

    async with open_raw(early) as port:
        answer = await http.request("POST", f"http://127.0.0.1:{port}/", body=bytes(5_000_000))
    assert answer.status == 413


@pytest.mark.parametrize("header", [
    ("X-A", "b\r\nX-C: d"), ("X A", "b"), ("X-A\r\n", "b"), ("X-A", "\u00fc"), ("", "b"),
])
async def test_headers_that_would_break_out_of_their_line_are_refused(http, header):
    async with open_sink() as sink:
        assert (await refusal(http, sink.url(), headers=dict([header]))).kind == "refused"
    assert sink.calls == []


async def test_the_connections_own_headers_are_not_the_callers(http):
    async with open_sink() as sink:
        await http.request("POST", sink.url(), body=b"abc", headers={
            "Host": "evil.test", "Content-Length": "1", "Transfer-Encoding": "chunked", "Accept-Encoding": "gzip"})
    headers = sink.calls[0].headers
    assert headers["host"] == f"127.0.0.1:{sink.port}"
    assert headers["content-length"] == "3"
    assert headers["accept-encoding"] == "identity"
    assert "transfer-encoding" not in headers


@pytest.mark.parametrize("method", ["GE T", "GET\r\n", ""])
async def test_a_method_must_be_one_word(http, method):
    assert (await refusal(http, "http://127.0.0.1/", method)).kind == "refused"


# ---- time and size


async def test_one_deadline_holds_against_a_slow_drip(http):
    async def drip(call, stream):
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            await stream.send_all(b"x")
            await trio.sleep(0.02)

    async with open_sink(drip) as sink:
        assert (await refusal(http, sink.url(), timeout_s=0.2)).kind == "timeout"


async def test_the_deadline_holds_against_a_server_that_says_nothing(http):
    async with open_sink(silent) as sink:
        assert (await refusal(http, sink.url(), timeout_s=0.1)).kind == "timeout"


async def test_the_deadline_covers_all_redirects_together(http):
    async def slow_redirect(call, stream):
        await trio.sleep(0.1)
        await answering(302, Location="/again")(call, stream)

    async with open_sink(slow_redirect) as sink:
        assert (await refusal(http, sink.url(), timeout_s=0.25)).kind == "timeout"


async def test_a_caller_may_be_cancelled_and_the_connection_goes_with_it(http):
    gone = trio.Event()

    async def watch(call, stream):
        await stream.receive_some(1)
        gone.set()

    async with open_sink(watch) as sink:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(http.request, "GET", sink.url())
                await sink.next()
                scope.cancel()
        await gone.wait()
    assert scope.cancelled_caught


async def test_a_body_that_is_declared_too_long_is_refused_before_it_is_read(http):
    async with open_sink(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nabc")) as sink:
        error = await refusal(http, sink.url())
    assert (error.kind, error.status) == ("too_big", 200)


async def test_a_body_without_a_declared_length_is_cut_at_the_limit(http):
    sent = 0

    async def flood(call, stream):
        nonlocal sent
        await stream.send_all(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1024):
            await stream.send_all(bytes(1024 * 1024))
            sent += 1

    async with open_sink(flood) as sink:
        assert (await refusal(http, sink.url())).kind == "too_big"
    assert sent < 64


async def test_a_body_of_exactly_the_limit_is_taken(http):
    async with open_sink(answering(200, bytes(1000))) as sink:
        assert len((await http.request("GET", sink.url(), limit_bytes=1000)).body) == 1000
        assert (await refusal(http, sink.url(), limit_bytes=999)).kind == "too_big"


# ---- what is not an answer


@pytest.mark.parametrize("data", [
    b"\x00\x01\x02 garbage\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"HTTP/1.1 200 OK\r\nBroken",
    b"HTTP/1.1 abc\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * 200_000,
])
async def test_garbage_is_a_protocol_failure(http, data):
    async with open_sink(raw(data)) as sink:
        assert (await refusal(http, sink.url())).kind == "protocol"


async def test_a_reset_connection_is_a_network_failure(http):
    async def reset(call, stream):
        stream.setsockopt(*LINGER_0)
        stream.socket.close()

    async with open_sink(reset) as sink:
        assert (await refusal(http, sink.url())).kind == "network"


async def test_a_refused_port_is_a_network_failure(http):
    async with open_sink() as sink:
        port = sink.port
    assert (await refusal(http, f"http://127.0.0.1:{port}/")).kind == "network"


async def test_failures_name_the_host_and_nothing_secret(http):
    async with open_sink(raw(b"garbage\r\n\r\n")) as sink:
        error = await refusal(http, sink.url("/T0/s3cret?token=s3cret"), headers={"Authorization": "Bearer s3cret"})
    assert "127.0.0.1" in str(error)
    assert "s3cret" not in str(error)


# ---- the asks package itself


async def test_asks_works_on_this_trio_once_the_engine_is_loaded():
    asks = pytest.importorskip("asks", reason="the extra asks is not installed")
    Http("asks")
    async with open_sink(answering(200, b"ok", Connection="close")) as sink:
        assert (await asks.get(sink.url())).content == b"ok"


LINGER_0 = (1, 13, b"\1\0\0\0\0\0\0\0")  # SOL_SOCKET, SO_LINGER: on, 0 s: closing resets


async def silent(call, stream):
    await trio.sleep_forever()

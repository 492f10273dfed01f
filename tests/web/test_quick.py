"""The lane beside the framework says what the framework says, and takes nothing that could be understood in two ways."""

from __future__ import annotations

import random

import trio
from live import LISTENS, exchange, open_live
from running import AWAY, LOCAL, open_house

from oracle.listen import Listen
from oracle.model import Quote
from oracle.settings import Data, Server, Settings
from web.desk import Bounds
from web.table import routes

PATHS = ["/healthz", "/readyz", "/api/oracle/snapshot?topics=quote:*,trade:B", "/api/oracle/quote?symbol=BTC-USD"]
HEAD = b"GET %b HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n"
CLIENT, SERVER = LOCAL["client"], LOCAL["server"]


def told(runtime) -> None:
    runtime.publish(Quote("BTC-USD", 1.0, 2.0, 1.5, 3.0, runtime.now_us(), "binance"))


def parts(response: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = response.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


def test_what_is_marked_quick():
    assert sorted(route.path for route in routes() if route.quick) == [
        "/api/oracle/quote", "/api/oracle/snapshot", "/healthz", "/metrics", "/readyz"]  # fmt: skip


async def test_both_lanes_say_the_same(tmp_path):
    async with open_house(tmp_path) as house:
        told(house.system.runtime)
        for path in PATHS:
            quick = house.app.quick(HEAD % path.encode(), CLIENT, SERVER, None)
            slow = await house.get(path, headers={"host": "localhost:8000"})
            status, headers, body = parts(quick)
            headers.pop("date")
            assert (status, body) == (slow.status, slow.body) == (200, slow.body)
            assert headers == {name: value.lower() for name, value in slow.headers.items()}


async def test_metrics_are_told_by_both_lanes(tmp_path):
    async with open_house(tmp_path) as house:
        quick = house.app.quick(HEAD % b"/metrics", CLIENT, SERVER, None)
        slow = await house.get("/metrics", headers={"host": "localhost:8000"})
    names = [{line.split(b" ")[0] for line in text.splitlines() if line[:1] != b"#"} for text in (parts(quick)[2], slow.body)]
    assert names[0] == names[1] and len(names[0]) > 40


NOT_PLAIN = [
    b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n", b"GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\nHost: localhost\n\n", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: \x00\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n",
    b"GET /health%7a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: x\r\n\r\n",
    b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/oracle/quote HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /api/oracle/tree HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/oracle/quote?symbol=NONE HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
]  # fmt: skip


async def test_what_is_not_plain_or_would_be_refused_goes_the_ordinary_way(tmp_path):
    async with open_house(tmp_path) as house:
        assert [head for head in NOT_PLAIN if house.app.quick(head, CLIENT, SERVER, None) is not None] == []


async def test_a_long_head_is_looked_at_once(tmp_path):
    async with open_house(tmp_path) as house:
        assert house.app.quick(HEAD[:-2] % b"/healthz" + b"a: " + b"b" * 16_400 + b"\r\n\r\n", CLIENT, SERVER, None) is None
        for filler in (b"a" * 60_000, b"a: " + b" " * 60_000 + b"\x00", b"a: b\r\n" * 9_000):
            assert house.app.quick(HEAD[:-2] % b"/healthz" + filler + b"\r\n\r\n", CLIENT, SERVER, None) is None


async def test_a_token_is_asked_for_and_the_pace_is_kept(tmp_path):
    async with open_house(tmp_path / "token", auth="token") as house:
        assert house.app.quick(HEAD % b"/metrics", CLIENT, SERVER, None) is None
        known = HEAD[:-2] % b"/metrics" + b"Authorization: Bearer %b\r\n\r\n" % house.fresh_token.encode()
        assert parts(house.app.quick(known, AWAY["client"], SERVER, None))[0] == 200
    settings = Settings(server=Server(rate_per_s=0.001, burst=3), data=Data(folder=tmp_path / "pace"))
    async with open_house(tmp_path, settings=settings) as house:
        told(house.system.runtime)
        answers = [house.app.quick(HEAD % b"/healthz", CLIENT, SERVER, None) for _ in range(5)]
        assert [answer is not None for answer in answers] == [True, True, True, False, False]
        assert (await house.get("/healthz")).status == 429


async def test_any_cut_of_any_requests_is_answered_alike_in_order(tmp_path):
    """What a proxy would have to agree with: however the bytes of several requests arrive, each is answered once."""
    async with open_house(tmp_path) as house:
        told(house.system.runtime)
        rng = random.Random(7)
        ask = [HEAD % b"/healthz", HEAD % b"/api/oracle/quote?symbol=BTC-USD", HEAD % b"/readyz", HEAD % b"/nothing",
               b"POST /healthz HTTP/1.1\r\nHost: localhost:8000\r\nContent-Length: 0\r\n\r\n"]  # fmt: skip
        marks = [b'"ok"', b'"symbol"', b'"dependencies"', b"Not Found", b"Method Not Allowed"]
        async with open_live(Bounds(), LISTENS, app=house.app) as live:
            for _ in range(30):
                order = [rng.randrange(len(ask)) for _ in range(6)]
                stream = await live.raw()
                async with stream:
                    data = b"".join(ask[which] for which in order) + HEAD[:-2] % b"/healthz" + b"Connection: close\r\n\r\n"
                    cuts = sorted(rng.sample(range(1, len(data)), 7))
                    for first, last in zip([0, *cuts], [*cuts, len(data)], strict=True):
                        await stream.send_all(data[first:last])
                        await trio.sleep(0.001 * rng.randrange(2))  # now and then in pieces of their own
                    answers = b""
                    with trio.fail_after(30):
                        while piece := await stream.receive_some():
                            answers += piece
                found = sorted((at, which) for which, mark in enumerate(marks) for at in places(answers, mark))
                assert [which for _, which in found] == [*order, 0]


def places(text: bytes, mark: bytes) -> list[int]:
    """Where a mark stands."""
    return [at for at in range(len(text)) if text.startswith(mark, at)]


async def test_a_request_that_is_half_there_is_not_taken_for_two(tmp_path):
    async with open_house(tmp_path) as house, open_live(Bounds(), (Listen("127.0.0.1", 0),), app=house.app) as live:
        half = HEAD % b"/healthz" + b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nX: "
        stream = await live.raw()
        async with stream:
            await stream.send_all(half)
            first = await stream.receive_some()
            await stream.send_all(HEAD % b"/healthz")
            second = await stream.receive_some()
    assert parts(first)[0] == 200
    assert parts(second)[0] in (400, 404), "the rest of a header is no request"


async def test_hypercorn_and_the_quick_lane_take_turns_on_one_connection(tmp_path):
    async with open_house(tmp_path) as house, open_live(Bounds(), LISTENS, app=house.app) as live:
        for _ in range(40):
            answer = await exchange(live, (HEAD % b"/api/oracle/tree")[:-2] + b"Connection: close\r\n\r\n")
            assert parts(answer)[0] == 200
        stream = await live.raw()
        async with stream:
            for path in [b"/healthz", b"/api/oracle/tree"] * 20:
                await stream.send_all(HEAD % path)
                answer = await stream.receive_some()
                while b"\r\n\r\n" not in answer or len(parts(answer)[2]) < int(parts(answer)[1].get("content-length", 0)):
                    answer += await stream.receive_some()
                assert parts(answer)[0] == 200
        desk = await live.desk()
        assert desk.crashed == 0

"""The feed over a real WebSocket: what it publishes, and how it takes what venues and networks do to it."""

import json
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from sink import open_raw
from venue import EXCHANGE, frame, needs_recordings, open_bare_venue, open_venue

from actors import Lifecycle, open_runtime, trio_clock
from actors.testing import probe
from oracle.feeds import FeedStatistics
from oracle.feeds.binance import Binance
from oracle.feeds.connection import websocket_child
from oracle.model import Event, Gap, Quote, Trade
from oracle.recording import read_recording
from oracle.replay import replay_url, serve_recording

T0_US = 1_700_000_000_000_000


def trade(number, price="2.0"):
    return json.dumps({"e": "aggTrade", "s": "BTCUSDT", "a": number, "p": price, "q": "1", "T": T0_US // 1000 + number,
                       "m": True})  # fmt: skip


@asynccontextmanager
async def feeding(url, clock=None, **settings):
    """A runtime with one feed; gives the runtime, the feed's statistics and a probe of everything."""
    statistics = FeedStatistics()
    child = Binance(url=url, **settings).child("binance", statistics)
    async with open_runtime([], clock=clock or trio_clock(T0_US), seed=1) as runtime:
        seen = probe(runtime, "*")
        runtime.add(child)
        yield runtime, statistics, seen


async def first(seen, wanted):
    """The first message that will do, waiting for it."""
    with trio.fail_after(3600):
        while True:
            message = await seen.next()
            if wanted(message):
                return message


def said(kind):
    return lambda message: isinstance(message, Event) and message.kind == kind


def traded(number):
    return lambda message: isinstance(message, Trade) and message.trade_id == str(number)


async def for_ever(connection):
    while True:
        await connection.get_message()


# ---- the whole way


@needs_recordings
async def test_a_recording_served_over_a_real_socket_arrives_whole():
    recording = read_recording(EXCHANGE / "binance-spot.rec")
    kinds, last, quantity = Counter(), {}, defaultdict(float)
    for line in recording.frames:
        data = json.loads(line.text)["data"]
        kinds[data.get("e", "bookTicker")] += 1
        if "e" not in data:
            last[data["s"]] = (float(data["b"]), float(data["a"]))
        elif data["e"] == "aggTrade":
            quantity[data["s"]] += float(data["q"])

    async with trio.open_nursery() as nursery:
        port = await nursery.start(partial(serve_recording, recording, speed=0))
        async with feeding(replay_url("127.0.0.1", port)) as (runtime, statistics, seen):
            told = probe(runtime, "trade:*")
            count = 0
            while count < len(recording.frames):
                count += (await seen.next()).topic.split(":")[0] in {"quote", "trade", "depth", "bar"}
            quotes = [published.message for published in runtime.bus.retained("quote:*")]
            trades = told.took()
        nursery.cancel_scope.cancel()
    assert statistics.frames == kinds
    assert statistics.messages == len(recording.frames)
    assert statistics.bytes == sum(len(frame.text) for frame in recording.frames)
    assert {q.symbol.replace("-", ""): (q.bid, q.ask) for q in quotes} == last
    sums = defaultdict(float)
    for told in trades:
        sums[told.symbol.replace("-", "")] += told.size
    assert (len(trades), sums) == (kinds["aggTrade"], quantity)


@needs_recordings
async def test_a_venue_that_tells_all_again_after_a_reconnect_adds_no_trade():
    recording = read_recording(EXCHANGE / "binance-spot.rec")
    async with trio.open_nursery() as nursery:
        port = await nursery.start(partial(serve_recording, recording, speed=0))
        async with feeding(replay_url("127.0.0.1", port)) as (runtime, statistics, seen):
            trades = probe(runtime, "trade:*")
            for life in (1, 2, 3):
                while sum(statistics.frames.values()) < life * len(recording.frames):
                    await seen.next()
                runtime.kill("feed:binance")
            assert len(trades.took()) == 2
        nursery.cancel_scope.cancel()
    assert statistics.frames["duplicate"] == 4
    assert statistics.frames["aggTrade"] == 2


def test_subscriptions_are_in_the_url():
    feed = Binance(url="ws://127.0.0.1:1", symbols=("BTC-USDT", "NKN-ETH"), streams=("bookTicker", "depth@100ms"))
    assert feed.stream_url == (
        "ws://127.0.0.1:1/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms/nkneth@bookTicker/nkneth@depth@100ms"
    )
    assert Binance().stream_url.startswith("wss://stream.binance.com:9443/stream?streams=btcusdt@bookTicker/")
    assert Binance(url="wss://x.test/own?streams=a@b").stream_url == "wss://x.test/own?streams=a@b"


# ---- connections come and go


async def test_a_lost_connection_is_made_again_and_both_are_said(autojump_clock):
    lives = []

    async def script(connection):
        lives.append(1)
        await connection.send_message(trade(len(lives)))
        if len(lives) == 1:
            await connection.aclose(1001, "going away")
        await for_ever(connection)

    async with open_venue(script) as url, feeding(url) as (_, statistics, seen):
        await first(seen, said("system:feed:connected"))
        await first(seen, traded(1))
        gap = await first(seen, lambda message: isinstance(message, Gap))
        lost = await first(seen, said("system:feed:disconnected"))
        crashed = await first(seen, lambda m: isinstance(m, Lifecycle) and m.what == "lost")
        again = await first(seen, lambda message: isinstance(message, Gap))
        back = await first(seen, said("system:feed:connected"))
        await first(seen, traded(2))
    assert lost.topic == "event:system:feed:disconnected:feed:binance"
    assert lost.data == {"reason": "closed: 1001 going away"}
    assert gap.who == again.who == "feed:binance"
    assert gap.reason == "closed: 1001 going away"
    assert (again.reason, again.from_us, again.to_us) == ("reconnected", gap.from_us, back.ts_us)
    assert gap.from_us <= gap.to_us <= again.to_us
    assert "going away" in crashed.error
    assert (statistics.connects, statistics.reconnects, statistics.failures) == (2, 1, 1)
    assert statistics.frames == {"aggTrade": 2}


async def test_a_venue_that_is_down_for_long_is_tried_for_ever_and_said_once(autojump_clock):
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    async with feeding(f"ws://127.0.0.1:{port}") as (runtime, statistics, seen):
        await trio.sleep(3 * 3600)
        assert runtime.alive("feed:binance")
        assert statistics.failures > 100  # far more than any budget of restarts
        assert f"127.0.0.1:{port}" in statistics.last_error
        assert len([m for m in seen.took() if said("system:feed:disconnected")(m)]) == 1


async def test_a_web_page_instead_of_a_websocket_is_an_outage_like_any_other(autojump_clock):
    async def serve(stream):
        await stream.receive_some(65536)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>no</html>")

    async with open_raw(serve) as port, feeding(f"ws://127.0.0.1:{port}") as (runtime, statistics, seen):
        lost = await first(seen, said("system:feed:disconnected"))
        await trio.sleep(600)
        assert runtime.alive("feed:binance")
    assert lost.data["reason"] == "answered with HTTP status 200 instead of a WebSocket"
    assert statistics.failures > 5


@pytest.mark.parametrize("answer", [b"", b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"SSH-2.0\r\n"])
async def test_a_far_end_that_speaks_something_else_is_an_outage_too(autojump_clock, answer):
    async def serve(stream):
        await stream.receive_some(65536)
        if answer:
            await stream.send_all(answer)

    async with open_raw(serve) as port, feeding(f"ws://127.0.0.1:{port}") as (runtime, statistics, seen):
        await first(seen, said("system:feed:disconnected"))
        await trio.sleep(600)
        assert runtime.alive("feed:binance")
        assert not statistics.connected
    assert statistics.failures > 3


async def test_a_feed_that_is_stopped_says_so_and_counts_no_failure():
    async with open_venue(for_ever) as url, feeding(url) as (runtime, statistics, seen):
        await first(seen, said("system:feed:connected"))
        await runtime.remove("feed:binance")
        lost = await first(seen, said("system:feed:disconnected"))
    assert lost.data == {"reason": "stopped"}
    assert (statistics.connected, statistics.failures) == (False, 0)


# ---- frames that are none


async def test_garbage_is_counted_and_the_frames_between_it_arrive():
    async def script(connection):
        for message in ("{", b"\x00\xff", '{"e":"24hrTicker"}', "[1]", trade(1, "NaN"), trade(1), trade(1), ""):
            await connection.send_message(message)
        await connection.send_message(trade(2))
        await for_ever(connection)

    async with open_venue(script) as url, feeding(url) as (_, statistics, seen):
        assert (await first(seen, lambda m: isinstance(m, Trade))).trade_id == "1"
        await first(seen, traded(2))
    assert statistics.frames == {"not_json": 3, "unknown:24hrTicker": 1, "garbage": 1, "out_of_range": 1, "aggTrade": 2,
                                 "duplicate": 1}  # fmt: skip
    assert (statistics.connects, statistics.failures) == (1, 0)


async def test_a_message_in_pieces_is_put_together():
    text = trade(1).encode()

    async def script(stream):
        for piece in (frame(text[:9], final=False), frame(b"", opcode=0, final=False), frame(text[9:], opcode=0)):
            for byte in piece:
                await stream.send_all(bytes([byte]))
        await trio.sleep_forever()

    async with open_bare_venue(script) as url, feeding(url) as (_, statistics, seen):
        await first(seen, traded(1))
    assert statistics.frames == {"aggTrade": 1}


@pytest.mark.parametrize("rest", [
    frame(trade(2).encode())[:20],
    b"\xff\xff\xff\xff",
    frame(b"\xff\xfe"),
    frame(b"x", opcode=0),
    frame(b"\x03", opcode=8),
    b"\x81\xff" + b"\x00" * 20,
])  # fmt: skip
async def test_half_a_frame_or_a_broken_one_ends_the_connection_and_nothing_else(autojump_clock, rest):
    lives = []

    async def script(stream):
        lives.append(1)
        await stream.send_all(frame(trade(len(lives)).encode()) + (rest if len(lives) == 1 else b""))
        if len(lives) > 1:
            await trio.sleep_forever()

    async with open_bare_venue(script) as url, feeding(url) as (_, statistics, seen):
        await first(seen, traded(1))
        await first(seen, said("system:feed:disconnected"))
        await first(seen, traded(2))
    assert statistics.frames == {"aggTrade": 2}
    assert (statistics.connects, statistics.failures) == (2, 1)


async def test_a_message_over_the_limit_ends_the_connection(autojump_clock):
    lives = []

    async def script(connection):
        lives.append(1)
        if len(lives) == 1:
            await connection.send_message(" " * 5000)
        await connection.send_message(trade(1))
        await for_ever(connection)

    async with open_venue(script) as url, feeding(url, max_frame_bytes=4096) as (_, statistics, seen):
        lost = await first(seen, said("system:feed:disconnected"))
        await first(seen, traded(1))
    assert "1009" in lost.data["reason"]
    assert statistics.frames == {"aggTrade": 1}


# ---- silence, and clocks


async def test_a_silent_venue_that_answers_probes_is_stale_until_it_speaks(autojump_clock):
    async def script(connection):
        await trio.sleep(100)
        await connection.send_message(trade(1))
        await for_ever(connection)

    async with open_venue(script) as url, feeding(url, stale_after_s=30.0) as (_, statistics, seen):
        began = await first(seen, said("system:feed:connected"))
        stale = await first(seen, said("feed_stale"))
        assert statistics.stale
        await first(seen, traded(1))
        fresh = await first(seen, said("feed_fresh"))
        assert not statistics.stale
        again = await first(seen, said("feed_stale"))
    assert (stale.ts_us - began.ts_us) / 1e6 == pytest.approx(30, abs=0.1)
    assert stale.data == {"silent_s": 30.0}
    assert (fresh.ts_us - began.ts_us) / 1e6 == pytest.approx(100, abs=0.1)
    assert (again.ts_us - fresh.ts_us) / 1e6 == pytest.approx(30, abs=0.1)
    assert statistics.connects == 1


async def test_a_venue_gone_without_a_word_is_given_up_and_connected_anew(autojump_clock):
    async def script(stream):
        await stream.send_all(frame(trade(1).encode()))
        await trio.sleep_forever()

    settings = {"stale_after_s": 20.0, "pong_timeout_s": 5.0}
    async with open_bare_venue(script) as url, feeding(url, **settings) as (_, statistics, seen):
        began = await first(seen, said("system:feed:connected"))
        lost = await first(seen, said("system:feed:disconnected"))
        await first(seen, said("system:feed:connected"))
    assert lost.data["reason"] == "silent, and no pong within 5 s"
    assert (lost.ts_us - began.ts_us) / 1e6 == pytest.approx(25, abs=0.1)
    assert (statistics.connects, statistics.failures) == (2, 1)
    assert not statistics.stale


async def test_a_clock_set_back_stops_nothing(autojump_clock):
    now_us = T0_US
    steps = trio.Event()

    async def script(connection):
        await connection.send_message(trade(1))
        await steps.wait()
        await connection.send_message(trade(2))
        await connection.aclose(1001)
        await for_ever(connection)

    async with open_venue(script) as url, feeding(url, clock=lambda: now_us) as (_, statistics, seen):
        await first(seen, traded(1))
        now_us -= 300 * 1_000_000
        steps.set()
        await first(seen, traded(2))
        gap = await first(seen, lambda m: isinstance(m, Gap))
    assert gap.from_us <= gap.to_us == now_us
    assert statistics.last_frame_us == now_us


async def test_quotes_are_timed_by_our_clock_and_trades_by_the_venue_s(autojump_clock):
    async def script(connection):
        await connection.send_message(trade(5))
        await connection.send_message('{"u":1,"s":"ETHUSDT","b":"1","B":"1","a":"2","A":"1"}')
        await for_ever(connection)

    async with open_venue(script) as url, feeding(url, clock=lambda: T0_US + 250_000) as (_, statistics, seen):
        told = await first(seen, lambda m: isinstance(m, Trade))
        quote = await first(seen, lambda m: isinstance(m, Quote))
    assert (told.ts_us, quote.ts_us) == (T0_US + 5000, T0_US + 250_000)
    assert statistics.lag_ms == 245.0


async def test_a_venue_that_refuses_says_so_once_where_people_look():
    async def refuses(connection):
        for message in ("Invalid request: unknown stream", "Unknown property") * 2:
            await connection.send_message(json.dumps({"error": {"code": 2, "msg": message}}))
        await trio.sleep_forever()

    statistics = FeedStatistics()
    async with open_venue(refuses) as url, open_runtime([]) as runtime:
        told = probe(runtime, "event:feed_refused:*")
        runtime.add(Binance(url=url).child("binance", statistics))
        with trio.fail_after(30):
            event = await told.next()
            while statistics.frames.get("error", 0) < 4:
                await trio.testing.wait_all_tasks_blocked()
    [other] = told.took()
    assert "unknown stream" in event.summary and "Unknown property" in other.summary and event.id != other.id
    assert "Unknown property" in statistics.last_error


def raises(*_):
    raise ZeroDivisionError


async def raises_late(*_):
    await trio.sleep(0.1)
    raise ZeroDivisionError


@pytest.mark.parametrize("broken", [{"parse": raises}, {"parse": lambda *_: ("x", ()), "beside": raises_late}])
async def test_after_a_crash_of_any_part_it_is_not_called_connected_and_says_so(broken):
    async def script(connection):
        await connection.send_message("{}")
        await for_ever(connection)

    statistics = FeedStatistics()
    async with open_venue(script) as url, open_runtime([]) as runtime:
        told = probe(runtime, "*")
        runtime.add(websocket_child("binance", Binance(url=url), url, statistics=statistics, **broken))
        lost = await first(told, said("system:feed:disconnected"))
        life = await first(told, lambda m: isinstance(m, Lifecycle) and m.what == "crashed")
        assert not statistics.connected and "ZeroDivisionError" in life.error
    assert lost.data["reason"] == "crashed"

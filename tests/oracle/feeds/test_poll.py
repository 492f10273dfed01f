"""Feeds over HTTP: what an answer means, what is no news, and what is counted when there is none. Real servers."""

import json
import math
from collections import Counter
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from sink import answering, open_sink

from actors import open_runtime
from actors.testing import probe
from oracle.border import structure
from oracle.feeds.health import Health
from oracle.feeds.poll import Poll
from oracle.feeds.poll_page import MOST_ROWS, Page
from oracle.feeds.poll_rows import PRESETS, read_preset, read_rows
from oracle.feeds.statistics import FeedStatistics
from oracle.http import Answer, Http
from oracle.model import Event, Quote, Sample, Trade
from oracle.problems import Invalid

NOW_US = 1_795_449_600_000_000

# As the venues' documentation shows their answers.
BYBIT = {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": [
    {"symbol": "BTCUSDT", "lastPrice": "16597.00", "fundingRate": "0.0001", "nextFundingTime": "1672387200000",
     "fundingIntervalHour": "4"}]}, "time": 1672376496682}  # fmt: skip
OKX = {"code": "0", "data": [{"fundingRate": "0.00018", "fundingTime": "1703088000000", "instId": "BTC-USDT-SWAP",
                              "nextFundingTime": "1703116800000", "ts": "1703070685309"}], "msg": ""}  # fmt: skip
BINANCE = {"symbol": "BTCUSDT", "markPrice": "11793.63104562", "lastFundingRate": "0.00038246",
           "nextFundingTime": 1597392000000, "time": 1597370495002}  # fmt: skip
ALPACA = {"quotes": {"AAPL": {"t": "2021-02-06T13:35:08.946977536Z", "ax": "C", "ap": 387.7, "as": 1, "bx": "N", "bp": 387.67,
                              "bs": 1, "c": ["R"]}}}  # fmt: skip


@pytest.mark.parametrize(("preset", "answer", "topic", "value"), [
    ("bybit_funding", BYBIT, "sample:funding_rate:BTC-USDT:bybit", 0.0002),
    ("okx_funding", OKX, "sample:funding_rate:BTC-USDT:okx", 0.00018),
    ("binance_funding", BINANCE, "sample:funding_rate:BTC-USDT:binance", 0.00038246),
])  # fmt: skip
def test_a_funding_rate_is_told_per_8_hours(preset, answer, topic, value):
    ((kind, (sample,)),) = read_preset(PRESETS[preset], answer, "BTC-USDT", preset, NOW_US)
    assert (kind, sample.topic, sample.unit, sample.source) == ("sample", topic, "per_8h", preset)
    assert sample.value == pytest.approx(value)


@pytest.mark.parametrize(("preset", "answer"), [
    ("bybit_funding", {"result": {"list": [{"fundingRate": "0.0001"}]}}), ("okx_funding", {"code": "51001", "data": []}),
    ("okx_funding", {"data": [{"fundingRate": "0.1", "fundingTime": "2", "nextFundingTime": "1"}]}),
])  # fmt: skip
def test_a_rate_whose_hours_are_not_said_is_none(preset, answer):
    assert list(read_preset(PRESETS[preset], answer, "BTC-USDT", preset, NOW_US)) == [("no_value:hours", ())]


def test_quotes_of_shares_have_the_venue_s_time():
    ((_, (quote,)),) = read_preset(PRESETS["alpaca_quotes"], ALPACA, "AAPL", "alpaca", NOW_US)
    assert quote == Quote("AAPL", 387.67, 1.0, 387.7, 1.0, 1_612_618_508_946_977, "alpaca")


ROWS: list = [{"kind": "sample", "each": "items[*]", "fields": {"name": "=load", "subject": "host", "value": "load", "ts": "at"}}]


@pytest.mark.parametrize(("answer", "said"), [
    ({"items": [{"host": "a", "load": 1, "at": 1_700_000_000}]}, ["sample"]), ({"items": []}, ["no_value:each"]),
    ({}, ["no_value:each"]), ({"items": [{"host": "a", "at": 1}]}, ["no_value:load"]),
    ({"items": [{"host": "a", "load": "much", "at": 1}]}, ["bad:value"]),
    ([], ["no_value:each"]), ({"items": [{"host": "a b", "load": 1, "at": 1}]}, ["bad:subject"]),
])  # fmt: skip
def test_what_is_not_there_is_named(answer, said):
    rows = structure(Poll, {"url": "http://x", "rows": ROWS}).rows
    found = [kind for kind, _ in read_rows(rows, answer, "", "me", NOW_US)]
    assert [one.replace("no_value:value", "no_value:load") for one in found] == said


PATHS = ["@", "load", "sum(load)", "max_by(load, &at)", "load[?@ > `1`]", "load[::0]", "keys(load)", "nosuch(load)", "load.*"]
words = st.text(st.characters(codec="utf-8"), max_size=4) | st.sampled_from(["nan", "1e999", "-1", "9" * 400, "9" * 5000])
HUGE = (10**21, 10**400, -(10**400), 9 * 10**4299)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(HUGE) | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["host", "load", "at"]), inner, max_size=3),
    max_leaves=8,
)


@given(
    each=st.sampled_from(PATHS), fields=st.tuples(*3 * [st.sampled_from(PATHS)]),
    answer=values | st.fixed_dictionaries({"host": words, "load": values, "at": values}),
)  # fmt: skip
def test_whatever_a_source_answers_is_told_or_named(each, fields, answer):
    row = {"kind": "sample", "each": each, "fields": dict(zip(("subject", "value", "ts"), fields, strict=True), name="=load")}
    rows = structure(Poll, {"url": "http://x", "rows": [row]}).rows
    for kind, messages in read_rows(rows, answer, "", "me", NOW_US):
        assert messages or kind.startswith(("no_value:", "bad:"))
        assert all(math.isfinite(message.value) for message in messages)


SOUND = {
    "quote": {"symbol": "X", "bid": 1, "ask": 2}, "trade": {"symbol": "X", "price": 1, "size": 1, "trade_id": "7"},
    "bar": {"symbol": "X", "interval": "1m", "open": 1, "high": 1, "low": 1, "close": 1, "volume": 1, "closed": True},
    "transfer": {"symbol": "BTC", "from": "a", "to": "b", "amount": 1, "usd_value": 1, "tx_hash": "c"},
    "earnings": {"symbol": "X", "report_date": "2026-01-01", "actual_eps": 1, "estimated_eps": 1, "revenue": 1},
    "fundamental": {"symbol": "X", "name": "pe", "value": 1, "unit": "x"}, "vix": {"value": 1},
    "insider": {"symbol": "X", "insider": "a", "side": "buy", "shares": 1, "price": 1, "traded_on": "2026-01-01"},
    "sample": {"name": "load", "subject": "a", "value": 1, "unit": "x"},
}  # fmt: skip


@given(st.data(), values)
def test_any_value_in_any_field_of_any_kind_is_told_or_named(draw, value):
    kind = draw.draw(st.sampled_from(sorted(SOUND)))
    sound = SOUND[kind] | {"ts": 1_700_000_000}
    name = draw.draw(st.sampled_from(sorted(sound)))
    row = {"kind": kind, "fields": {field: field for field in sound}, "scale": draw.draw(st.sampled_from([1.0, 8.0, 1e300]))}
    rows = structure(Poll, {"url": "http://x", "rows": [row]}).rows
    ((said, messages),) = read_rows(rows, sound | {name: value}, "", "me", NOW_US)
    assert (said == kind) if messages else said.startswith(("no_value:", "bad:"))


@given(st.sampled_from(["bybit_funding", "okx_funding"]), values, values)
def test_any_hours_and_any_rate_of_a_preset_are_told_or_named(preset, hours, rate):
    one = {"fundingRate": rate, "fundingIntervalHour": hours, "fundingTime": hours, "nextFundingTime": rate}
    for kind, messages in read_preset(PRESETS[preset], {"result": {"list": [one]}, "data": [one]}, "BTC-USDT", "me", NOW_US):
        assert messages or kind.startswith(("no_value:", "bad:"))


@pytest.mark.parametrize(("settings", "why"), [
    ({"url": "https://bob:hunter2@x/"}, "header"), ({"url": "http:///x"}, "HTTP URL"), ({"url": "http://x:99999/"}, "HTTP URL"),
    ({"headers": {"X-Api-Key": "hunter2"}}, "env:NAME"), ({"headers": {"Accept": "env:"}}, "env:NAME"),
    ({"preset": "okx_funding"}, "symbols"), ({"url": "http://x/{word}", "rows": ROWS}, "symbols"), ({"url": "http://x"}, "rows"),
    ({"rows": [{"kind": "vix", "fields": {"valeu": "a"}}]}, "did you mean 'value'"),
    ({"rows": [{"kind": "trade", "fields": {"symbol": "a", "price": "b"}}]}, "needs the field 'size'"),
    ({"rows": [{"kind": "trades", "fields": {}}]}, "did you mean 'trade'"),
])  # fmt: skip
def test_what_can_never_work_is_refused_and_no_secret_is_shown(settings, why):
    with pytest.raises(Invalid) as refused:
        structure(Poll, settings)
    assert why in str(refused.value) and "hunter2" not in str(refused.value)


def test_a_page_that_fails_is_asked_for_less_often_and_as_late_as_it_says():
    page = Page("http://x", "")
    waits_s = [page.failed(60.0, asked_s, 1.0) for asked_s in (0.0, 0.0, 600.0, 1e9)]
    assert waits_s == [60.0, 120.0, 600.0, 3600.0]
    assert [page.failed(60.0, 0.0, draw) for draw in (0.0, 1.0)] == [480.0, 1920.0]
    for _ in range(2000):
        assert page.failed(60.0, 0.0, 1.0) <= 3600.0
    page.answered({"etag": '"v1"', "last-modified": "Thu, 01 Dec 1994 16:00:00 GMT", "date": "x"})
    assert page.conditions == {"if-none-match": '"v1"', "if-modified-since": "Thu, 01 Dec 1994 16:00:00 GMT"}
    assert page.failed(60.0, 0.0, 1.0) == 60.0


def test_what_stays_in_the_answer_is_never_news_again_however_much_came_and_went():
    page = Page("http://x", "")
    first = Sample("load", "host", 1.0, "", 1, "me")
    assert page.is_news(first)
    for at_us in range(2, MOST_ROWS + 2):
        assert page.is_news(Sample("load", "host", 1.0, "", at_us, "me"))
        assert at_us % 5000 or not page.is_news(first)
    assert not page.is_news(first)
    assert page.is_news(Sample("load", "host", 1.0, "", 2, "me")), "the oldest of more than are remembered"


@asynccontextmanager
async def polling(settings, statistics):
    """The feed at work."""
    async with open_runtime([]) as runtime:
        told = probe(runtime, "*")
        runtime.add(settings.child("me", statistics, Http(allow=["127.0.0.1"])))
        yield told


def body(load, **head):
    return answering(200, json.dumps({"items": [{"host": "a", "load": load, "at": 1_700_000_000}]}).encode(), **head)


async def test_the_same_again_is_no_news_and_a_source_is_asked_whether_it_has_any():
    statistics = FeedStatistics()
    async with open_sink() as sink:
        sink.script = body(1.5, ETag='"v1"')
        settings = structure(Poll, {"url": sink.url("/load"), "rows": ROWS, "interval_s": 0.1})
        async with polling(settings, statistics) as told:
            with trio.fail_after(30):
                await sink.next()
                again = await sink.next()
                assert again.headers["if-none-match"] == '"v1"'
                sink.script = answering(304)
                await sink.next()
                await sink.next()
                sink.script = body(2.5)
                values = []
                while len(values) < 2:
                    message = await told.next()
                    values += [message.value] if isinstance(message, Sample) else []
    assert values == [1.5, 2.5]
    assert statistics.frames["unchanged"] >= 1 and statistics.frames["same_again"] >= 1


@pytest.mark.parametrize("etag", ["\u00e9", '"old"'])
async def test_a_condition_that_can_not_be_sent_or_is_not_liked_is_not_repeated(etag):
    async def picky(call, stream):
        liked = "if-none-match" not in call.headers
        await (body(len(sink.calls), ETag=etag) if liked else answering(412))(call, stream)

    statistics, values = FeedStatistics(), []
    async with open_sink(picky) as sink:
        settings = structure(Poll, {"url": sink.url("/load"), "rows": ROWS, "interval_s": 0.1})
        async with polling(settings, statistics) as told:
            with trio.fail_after(30):
                while len(values) < 3:
                    message = await told.next()
                    values += [message.value] if isinstance(message, Sample) else []
    assert len(set(values)) == 3


@pytest.mark.parametrize(("script", "kind"), [
    (answering(200, b"<html>busy</html>"), "not_json"), (answering(500), "status:500"), (answering(200, b" " * 5000), "too_big"),
    (answering(429, Retry_After="3600"), "status:429"),
])  # fmt: skip
async def test_a_source_that_is_away_is_counted_and_said_once(script, kind):
    statistics = FeedStatistics()
    async with open_sink() as sink:
        sink.script = script
        settings = structure(Poll, {"url": sink.url("/load"), "rows": ROWS, "interval_s": 0.1, "max_bytes": 2048})
        async with polling(settings, statistics) as told:
            with trio.fail_after(30):
                while (event := await told.next()).topic.startswith("life:"):
                    pass
                assert event.kind == "system:feed:disconnected" and event.data["reason"]
        assert statistics.frames[kind] >= 1 and statistics.last_error and not statistics.connected
        assert "load" not in event.summary, "a path may carry a key"


BIG = "1" * 400
SCALED = [ROWS[0] | {"scale": 8.0}]


@pytest.mark.parametrize(("rows", "load", "at", "kind"), [
    (ROWS, "1", BIG, "bad:ts"), (SCALED, BIG, "1700000000", "bad:value"), (ROWS, BIG, "1700000000", "bad:value"),
    (SCALED, "true", "1700000000", "bad:value"), (ROWS, "1", "true", "bad:ts"),
])  # fmt: skip
async def test_one_number_of_400_digits_is_named_and_ends_nothing(rows, load, at, kind):
    statistics = FeedStatistics()
    async with open_sink() as sink:
        sink.script = answering(200, f'{{"items": [{{"host": "a", "load": {load}, "at": {at}}}]}}'.encode())
        settings = structure(Poll, {"url": sink.url("/load"), "rows": rows, "interval_s": 0.1})
        async with polling(settings, statistics) as told:
            with trio.fail_after(30):
                while statistics.frames.get(kind, 0) < 2:
                    await sink.next()
                sink.script = body(1.5)
                while not isinstance(await told.next(), Sample):
                    pass
            assert statistics.connected and (statistics.connects, statistics.failures) == (1, 0)


async def test_a_date_to_wait_for_that_is_none_ends_nothing():
    statistics, never = FeedStatistics(), "Mon, 01 Jan 99999999999 00:00:00 GMT"
    async with open_sink() as sink:
        sink.script = answering(503, Retry_After=never)
        settings = structure(Poll, {"url": sink.url("/load"), "rows": ROWS, "interval_s": 0.1})
        async with polling(settings, statistics) as told:
            with trio.fail_after(30):
                await sink.next()
                sink.script = body(1.5)
                while not isinstance(await told.next(), Sample):
                    pass
    assert statistics.frames["status:503"] >= 1


async def test_json_behind_the_mark_of_its_byte_order_is_read():
    async with open_sink() as sink:
        sink.script = answering(200, b"\xef\xbb\xbf" + json.dumps({"items": [{"host": "a", "load": 2.5, "at": 1}]}).encode())
        settings = structure(Poll, {"url": sink.url("/load"), "rows": ROWS, "interval_s": 0.1})
        async with polling(settings, FeedStatistics()) as told:
            with trio.fail_after(30):
                while not isinstance(message := await told.next(), Sample):
                    pass
    assert message.value == 2.5


@attrs.define
class Worse(Http):
    """Answers, and then raises what nobody expects."""

    asked: int = 0

    async def request(self, method, url, **how):
        """One answer and no other."""
        self.asked += 1
        if self.asked > 1:
            raise ZeroDivisionError
        return Answer(200, {}, b"{}")


@pytest.mark.parametrize("settings", [
    Poll(url="http://x", rows=structure(Poll, {"url": "http://x", "rows": ROWS}).rows, interval_s=0.1),
    Health(urls={"x": "http://x"}, every_s=0.1),
])  # fmt: skip
async def test_after_a_crash_it_is_not_called_connected(settings):
    statistics = FeedStatistics()
    async with open_runtime([]) as runtime:
        lives = probe(runtime, "life:feed:me")
        runtime.add(settings.child("me", statistics, Worse()))
        with trio.fail_after(600):
            while (await lives.next()).what != "crashed":
                pass
            assert statistics.connects and not statistics.connected


async def test_one_symbol_that_fails_neither_stops_the_others_nor_calls_the_source_away():
    statistics = FeedStatistics()

    async def script(call, stream):
        await (answering(404) if call.path == "/BAD" else body(1))(call, stream)

    async with open_sink(script) as sink:
        settings = structure(Poll, {"url": sink.url("/{symbol}"), "symbols": ["GOOD", "BAD"], "rows": ROWS, "interval_s": 0.1})
        async with polling(settings, statistics) as told:
            with trio.fail_after(30):
                while statistics.frames.get("status:404", 0) < 2 or statistics.frames.get("same_again", 0) < 2:
                    await sink.next()
            assert statistics.connected
        said = [message.summary for message in told.took() if isinstance(message, Event)]
        there = sink.url("")
    assert said == [f"feed:me: connected to {there}", f"feed:me: {there}: stopped"]
    assert statistics.failures >= 2 and statistics.last_error == "BAD: it answered 404"


async def test_each_row_of_a_list_is_told_once_and_odd_ones_cost_no_other():
    statistics, at = FeedStatistics(), 1_700_000_000
    trades = [{"s": "AAPL", "p": 100 + n, "q": 1, "t": at + n} for n in range(200)]
    trades[7:9] = [{"s": "AAPL", "p": -1, "q": 1, "t": at}, {"s": "AAPL", "p": 1, "q": 1, "t": "nan"}]
    rows = [{"kind": "trade", "each": "[*]", "fields": {"symbol": "s", "price": "p", "size": "q", "ts": "t"}}]
    async with open_sink() as sink:
        sink.script = answering(200, json.dumps(trades).encode())
        settings = structure(Poll, {"url": sink.url(), "rows": rows, "interval_s": 0.1})
        async with polling(settings, statistics) as told:
            with trio.fail_after(30):
                while statistics.frames.get("same_again", 0) < 198:
                    await sink.next()
        prices = [message.price for message in told.took() if isinstance(message, Trade)]
    assert prices == [trade["p"] for n, trade in enumerate(trades) if n not in (7, 8)]
    assert statistics.frames["bad:price"] >= 1 and statistics.frames["bad:ts"] >= 1


async def test_a_secret_header_is_sent_and_a_missing_one_is_said(monkeypatch):
    monkeypatch.setenv("POLL_KEY", "s3cret")
    async with open_sink() as sink:
        sink.script = body(1)
        for name, sent in (("POLL_KEY", True), ("POLL_NONE", False)):
            statistics = FeedStatistics()
            settings = structure(Poll, {"url": sink.url(), "rows": ROWS, "headers": {"X-Key": f"env:{name}"}})
            async with polling(settings, statistics) as told:
                with trio.fail_after(30):
                    if sent:
                        assert (await sink.next()).headers["x-key"] == "s3cret"
                    else:
                        while "POLL_NONE" not in statistics.last_error:
                            await told.next()
    assert "s3cret" not in repr(settings)


async def test_health_is_told_of_each_exchange_whatever_the_others_do():
    statistics = FeedStatistics()
    async with open_sink() as well, open_sink() as ill:
        ill.script = answering(503)
        urls = {"well": well.url(), "ill": ill.url(), "away": "http://127.0.0.1:9"}
        async with polling(Health(urls=urls, every_s=60.0, timeout_s=5.0), statistics) as told:
            said, order = {}, Counter()
            with trio.fail_after(30):
                while len(said) < 3:
                    message = await told.next()
                    if isinstance(message, Sample):
                        order[message.name, message.subject] += 1
                        if message.name == "http_status":
                            assert order["http_response_ms", message.subject] == 1, "the time comes first"
                            said[message.subject] = message.value
    assert said == {"well": 200, "ill": 503, "away": -1}

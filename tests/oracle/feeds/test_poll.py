"""Feeds over HTTP: what an answer means, what is no news, and what is counted when there is none. Real servers."""

import json
from collections import Counter
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from sink import answering, open_sink

from actors import open_runtime
from actors.testing import probe
from oracle.border import structure
from oracle.feeds.health import Health
from oracle.feeds.poll import Poll
from oracle.feeds.poll_rows import PRESETS, hours_of, read_rows
from oracle.feeds.statistics import FeedStatistics
from oracle.http import Http
from oracle.model import Quote, Sample

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
    hours = hours_of(PRESETS[preset].hours, answer) or 8
    rows = tuple(attrs.evolve(row, scale=8 / hours) for row in PRESETS[preset].rows)
    ((kind, (sample,)),) = read_rows(rows, answer, "BTC-USDT", preset, NOW_US)
    assert (kind, sample.topic, sample.unit, sample.source) == ("sample", topic, "per_8h", preset)
    assert sample.value == pytest.approx(value)


def test_quotes_of_shares_have_the_venue_s_time():
    ((_, (quote,)),) = read_rows(PRESETS["alpaca_quotes"].rows, ALPACA, "AAPL", "alpaca", NOW_US)
    assert quote == Quote("AAPL", 387.67, 1.0, 387.7, 1.0, 1_612_618_508_946_977, "alpaca")


ROWS = [{"kind": "sample", "each": "items[*]", "fields": {"name": "=load", "subject": "host", "value": "load", "ts": "at"}}]


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
            with trio.fail_after(10):
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
            with trio.fail_after(10):
                while (event := await told.next()).topic.startswith("life:"):
                    pass
                assert event.kind == "system:feed:disconnected" and event.data["reason"]
        assert statistics.frames[kind] >= 1 and statistics.last_error and not statistics.connected
        assert "load" not in event.summary, "a path may carry a key"


async def test_a_secret_header_is_sent_and_a_missing_one_is_said(monkeypatch):
    monkeypatch.setenv("POLL_KEY", "s3cret")
    async with open_sink() as sink:
        sink.script = body(1)
        for name, sent in (("POLL_KEY", True), ("POLL_NONE", False)):
            statistics = FeedStatistics()
            settings = structure(Poll, {"url": sink.url(), "rows": ROWS, "headers": {"X-Key": f"env:{name}"}})
            async with polling(settings, statistics) as told:
                with trio.fail_after(10):
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
            with trio.fail_after(10):
                while len(said) < 3:
                    message = await told.next()
                    if isinstance(message, Sample):
                        order[message.name, message.subject] += 1
                        if message.name == "http_status":
                            assert order["http_response_ms", message.subject] == 1, "the time comes first"
                            said[message.subject] = message.value
    assert said == {"well": 200, "ill": 503, "away": -1}

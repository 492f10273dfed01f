"""A file as a feed: its rows in order, in its own time, whatever stands between them."""

import json
import os
from collections import Counter

import duckdb
import pytest
import trio
from venue import EXCHANGE, needs_recordings

from actors import open_runtime
from actors.testing import probe
from oracle.calendar import Calendar
from oracle.feeds import FeedStatistics
from oracle.feeds.file import File
from oracle.history import Commit
from oracle.model import Bar, Depth, Event, Quote, Sample, Trade
from oracle.recording import read_recording
from oracle.settings import Data, Settings
from oracle.system import open_system

CSV = """timestamp,value
2014-04-01 00:00:00,20.0
2014-04-01 00:05:00,much
2014-04-01 00:10:00,21.5
"""
SAMPLES = {"rows": "sample", "constants": {"name": "load", "subject": "db"}, "speed": 0.0}


async def played(settings, kinds=(Sample, Trade, Quote, Depth)):
    """What a file says from its begin to its end, and the counters."""
    statistics, messages = FeedStatistics(), []
    async with open_runtime([]) as runtime:
        told = probe(runtime, "*")
        runtime.add(settings.child("mine", statistics))
        with trio.fail_after(30):
            while True:
                message = await told.next()
                if isinstance(message, Event) and message.kind == "system:feed:finished":
                    return messages, statistics
                messages += [message] if isinstance(message, kinds) else []


async def test_rows_come_in_order_and_one_that_makes_no_sense_is_counted(tmp_path):
    path = tmp_path / "load.csv"
    path.write_text(CSV)
    messages, statistics = await played(File(path=path, **SAMPLES))
    assert messages == [Sample("load", "db", 20.0, "", 1_396_310_400_000_000, "mine"),
                        Sample("load", "db", 21.5, "", 1_396_311_000_000_000, "mine")]  # fmt: skip
    assert statistics.frames == {"sample": 2, "bad:value": 1}
    assert statistics.last_error == "row 2 of load.csv: value"


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 1_000), ("us", 1_000_000)])
async def test_columns_are_what_they_are_called_or_what_the_settings_say(tmp_path, unit, factor):
    path = tmp_path / "trades.parquet"
    duckdb.sql(f"COPY (SELECT {1_700_000_000 * factor} + i AS t, 'BTC-USD' AS s, 100.5 + i AS p, 2 AS q FROM range(3) r(i)) "
               f"TO '{path}' (FORMAT parquet)")  # fmt: skip
    columns = {"ts": "t", "symbol": "s", "price": "p", "size": "q"}
    messages, _ = await played(File(path=path, columns=columns, speed=0.0))
    assert [(m.symbol, m.price, m.size) for m in messages] == [("BTC-USD", 100.5 + i, 2.0) for i in range(3)]
    assert messages[0].ts_us == 1_700_000_000_000_000, unit


async def test_a_row_with_a_cell_too_many_is_counted_and_the_others_are_played(tmp_path):
    path = tmp_path / "trades.csv"
    path.write_text("ts,price,size,trade_id\n1700000000,1,1,7\n1700000001,1,1,8,9\n1700000002,2,1,10\n")
    messages, statistics = await played(File(path=path, constants={"symbol": "X"}, speed=0.0))
    assert [(m.price, m.trade_id) for m in messages] == [(1.0, "7"), (2.0, "10")]
    assert statistics.frames == {"trade": 2, "bad:row": 1}


async def test_lines_that_are_no_text_are_counted_and_the_others_are_played(tmp_path):
    path = tmp_path / "trades.csv"
    long = "1" * 200_000
    lines = "ts,symbol,price,size", "1700000000,X,1,1", "1700000001,\u00dc,1,1", f"1700000002,X,{long},1", "1700000003,X,2,1"
    path.write_bytes("\n".join(lines).encode("latin-1"))
    messages, statistics = await played(File(path=path, speed=0.0))
    assert [m.price for m in messages] == [1.0, 2.0]
    assert statistics.frames == {"trade": 2, "bad:encoding": 1, "bad:row": 1}
    path.write_bytes("\n".join(lines).encode("utf-16"))
    messages, statistics = await played(File(path=path, speed=0.0))
    assert messages == [] and sum(statistics.frames.values()) and all(kind.startswith("bad:") for kind in statistics.frames)


async def test_what_a_file_writes_becomes_what_the_field_is(tmp_path):
    bars, trades = tmp_path / "bars.csv", tmp_path / "trades.parquet"
    bars.write_text("ts,open,high,low,close,volume,trades,closed\n1700000000,1,2,1,2,5,12,True\n")
    (bar,), _ = await played(File(path=bars, rows="bar", constants={"symbol": "X", "interval": "1m"}, speed=0.0), (Bar,))
    assert (bar.trades, bar.closed, bar.volume) == (12, True, 5.0)
    duckdb.sql(f"COPY (SELECT 1700000000 AS ts, 1.5 AS price, 1 AS size, 77::BIGINT AS trade_id) TO '{trades}' (FORMAT parquet)")
    (trade,), _ = await played(File(path=trades, constants={"symbol": "X"}, speed=0.0))
    assert trade.trade_id == "77"


CONNECTED = "wss://stream.binance.com:9443/stream <-> 1700000000.0"


def frame(number):
    data = {"e": "aggTrade", "s": "BTCUSDT", "a": number, "p": "2", "q": "1", "T": 1_700_000_000_000 + number, "m": True}
    return f"1700000000.{number}: {json.dumps(data)}"


@pytest.mark.parametrize(("lines", "kinds"), [
    ((CONNECTED, frame(1), frame(2), "17000"), {"aggTrade": 2, "bad:line": 1}),
    ((CONNECTED, frame(1), frame(2), frame(3)[:40]), {"aggTrade": 2, "not_json": 1}),
    (("what?", CONNECTED, "\x00", frame(1), "", "9" * 5000 + ": {}", frame(2)), {"aggTrade": 2, "bad:line": 3}),
    ((CONNECTED, frame(1), "1700000000.2: \udcff", frame(2), CONNECTED[:30]), {"aggTrade": 2, "bad:line": 2}),
])  # fmt: skip
async def test_lines_that_are_no_frame_are_counted_and_the_others_are_played(tmp_path, lines, kinds):
    path = tmp_path / "cut.rec"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    messages, statistics = await played(File(path=path, speed=0.0))
    assert [m.trade_id for m in messages] == ["1", "2"]
    assert statistics.frames == kinds


@pytest.mark.parametrize(("make", "what"), [
    (os.mkfifo, "pipe"), (os.mkdir, "directory"), (lambda path: os.symlink("/dev/zero", path), "device"),
])  # fmt: skip
@pytest.mark.parametrize("ending", [".csv", ".rec", ".parquet"])
async def test_what_is_no_regular_file_is_not_opened(tmp_path, make, what, ending):
    path = tmp_path / f"x{ending}"
    make(path)
    feed, statistics = {"kind": "file", "path": str(path), "speed": 0.0}, FeedStatistics()
    with trio.fail_after(30):
        async with open_system(Settings(data=Data(folder=tmp_path / "data"), feeds={"old": feed})):
            pass
        async with open_runtime([]) as runtime:
            lives = probe(runtime, "life:feed:mine")
            runtime.add(File(path=path).child("mine", statistics))
            while (await lives.next()).what != "lost":
                pass
    assert f"x{ending} is a {what}" in statistics.last_error


async def test_a_file_that_vanishes_while_it_is_played_is_played_to_its_end_or_tried_again(tmp_path):
    path, statistics = tmp_path / "load.csv", FeedStatistics()
    rows = [f"{1_700_000_000 + second},{second}" for second in range(300)]
    path.write_text("ts,value\n" + "\n".join(rows) + "\n")
    async with open_runtime([]) as runtime:
        lives, told = probe(runtime, "life:feed:mine"), probe(runtime, "sample:*")
        runtime.add(File(path=path, **SAMPLES | {"speed": 200.0}).child("mine", statistics))
        with trio.fail_after(30):
            await told.next()
            path.unlink()
            for _ in range(100):
                await told.next()
            runtime.kill("feed:mine")
            while (await lives.next()).what != "lost":
                pass
            assert "No such file" in statistics.last_error and not statistics.connected
            path.write_text("ts,value\n" + "\n".join(rows) + "\n")
            value = (await told.next()).value
            while value < 299:
                value, before = (await told.next()).value, value
                assert value == before + 1, "it goes on where it was"


def test_a_calendar_is_never_ahead_of_its_data_and_never_goes_back():
    calendar = Calendar(1_000_000, speed=1e6)
    assert calendar() == 1_000_000
    calendar.begin()
    calendar.reach(2_000_000)
    while (now_us := calendar()) < 2_000_000:
        assert now_us >= 1_000_000
    calendar.reach(1_500_000)
    assert calendar() == 2_000_000, "the last row was that of two seconds"


@needs_recordings
@pytest.mark.parametrize("name", ["binance-spot", "binance-futures", "coinbase", "kraken-ticker", "kraken-trade"])
async def test_a_recording_is_read_by_the_parser_of_its_venue(name):
    path = EXCHANGE / f"{name}.rec"
    messages, statistics = await played(File(path=path, speed=0.0))
    assert sum(statistics.frames.values()) == len(read_recording(path).frames)
    assert not [kind for kind in statistics.frames if kind.startswith(("bad", "garbage", "not_json", "unknown"))]
    assert Counter(type(m).__name__ for m in messages)


async def test_its_time_is_the_time_of_the_system_and_watchdogs_find_what_happened_then(tmp_path):
    path = tmp_path / "trades.csv"
    rows = [f"{1_700_000_000 + second},{100 if second < 90 else 94}" for second in range(100)]
    path.write_text("ts,price\n" + "\n".join(rows) + "\n")
    feed = {"kind": "file", "path": str(path), "constants": {"symbol": "BTC-USD", "size": "1"}, "speed": 0.0}
    async with open_system(Settings(data=Data(folder=tmp_path / "data"), feeds={"old": feed})) as system:
        heard = probe(system.runtime, "event:*")
        said = {}
        with trio.fail_after(30):
            while not {"price_anomaly", "system:feed:finished"} <= said.keys():
                event = await heard.next()
                said[event.kind] = event
        event = said["price_anomaly"]
        assert (event.ts_us, event.data["change_pct"]) == (1_700_000_090_000_000, -6.0)
        assert system.runtime.now_us() == 1_700_000_099_000_000
        await system.runtime.ask("history", Commit(()))
        page = await system.queries.ticks("trade", "BTC-USD")
        assert [row["pub_us"] for row in page.items] == [row["ts_us"] for row in page.items]
        assert len(page.items) == 100


@pytest.mark.parametrize(("name", "text", "why"), [
    ("none.csv", None, "none.csv"), ("x.txt", "a", "not known"), ("x.parquet", "no parquet", "Parquet"),
    ("x.rec", "", "no line that says of which exchange"), ("x.rec", "ws://[ <-> 1.0\n", "no line that says"),
    ("x.rec", "neither\n", "no line that says of which exchange"), ("x.rec", "wss://example.com <-> 1.0\n", "example.com"),
])  # fmt: skip
async def test_a_file_that_can_not_be_read_says_why_and_is_tried_again(tmp_path, name, text, why):
    if text is not None:
        (tmp_path / name).write_text(text)
    statistics = FeedStatistics()
    async with open_runtime([]) as runtime:
        lives = probe(runtime, "life:feed:mine")
        runtime.add(File(path=tmp_path / name, speed=0.0).child("mine", statistics))
        with trio.fail_after(30):
            while (await lives.next()).what != "lost":
                pass
    assert why in statistics.last_error and not statistics.connected

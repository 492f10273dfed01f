"""A file as a feed: its rows in order, in its own time, whatever stands between them."""

from collections import Counter

import duckdb
import pytest
import trio
from venue import EXCHANGE, needs_recordings

from actors import open_runtime
from actors.testing import probe
from oracle.feeds import FeedStatistics
from oracle.feeds.file import File
from oracle.history import Commit
from oracle.model import Depth, Event, Quote, Sample, Trade
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
        with trio.fail_after(20):
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
        with trio.fail_after(20):
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
    ("x.rec", "neither\n", "line 1"), ("x.rec", "wss://example.com <-> 1.0\n", "example.com"),
])  # fmt: skip
async def test_a_file_that_can_not_be_read_says_why_and_is_tried_again(tmp_path, name, text, why):
    if text is not None:
        (tmp_path / name).write_text(text)
    statistics = FeedStatistics()
    async with open_runtime([]) as runtime:
        lives = probe(runtime, "life:feed:mine")
        runtime.add(File(path=tmp_path / name, speed=0.0).child("mine", statistics))
        with trio.fail_after(10):
            while (await lives.next()).what != "lost":
                pass
    assert why in statistics.last_error and not statistics.connected

"""The feed of the measurements publishes what the inbox tells it, through the whole house."""

from __future__ import annotations

from collections import Counter

import pytest

from actors.testing import probe
from oracle.settings import Data, Settings
from tests.running import open_house

KIND = "bench.delivery_feed:Told"


@pytest.fixture
async def house(tmp_path):
    settings = Settings(data=Data(folder=tmp_path), feeds={"bench": {"kind": KIND}})
    async with open_house(tmp_path, settings=settings) as opened:
        yield opened


async def told(house, pattern, **order):
    heard = probe(house.system.runtime, pattern)
    assert (await house.post("/api/oracle/inbox", json={"bench": order})).status == 202
    return heard


async def test_it_publishes_so_many_trades_each_with_its_own_stamp(house):
    heard = await told(house, "trade:*", do="fan", messages=10, burst=4, symbol="B", size=20)
    trades = [await heard.next() for _ in range(10)]
    assert {(trade.symbol, len(trade.source)) for trade in trades} == {("B", 21)}
    stamps = [trade.trade_id for trade in trades]
    assert stamps == sorted(set(stamps))
    assert {len(stamp) for stamp in stamps} == {19}


async def test_ticks_come_through_the_parser(house):
    heard = await told(house, "trade:*", do="ticks", messages=300, rate_per_s=10_000.0)
    trades = [await heard.next() for _ in range(300)]
    assert Counter(trade.symbol for trade in trades) == {f"S{i}-USDT": 3 for i in range(100)}
    assert {trade.source for trade in trades} == {"binance"}
    statistics = house.system.statistics["bench"]
    assert statistics.frames == {"aggTrade": 300}


async def test_it_quotes_what_is_named(house):
    heard = await told(house, "quote:*", do="quotes", symbols=["AAPL", "BTC-USD"])
    assert [(await heard.next()).symbol for _ in range(2)] == ["AAPL", "BTC-USD"]


async def test_it_samples_so_many_panels_in_turn_each_with_the_time_at_which_it_was_told(house):
    now_ms = house.system.runtime.now_us() / 1_000
    order = {"do": "panels", "name": "wall", "base_ms": now_ms, "panels": 3, "rate_per_s": 1_000.0, "seconds": 0.02}
    heard = await told(house, "sample:wall:*", **order)
    samples = [await heard.next() for _ in range(20)]
    assert [sample.subject for sample in samples] == [f"p{i % 3:02}" for i in range(20)]
    assert all(abs(sample.ts_us / 1_000 - now_ms - sample.value) <= 0.1 for sample in samples)

"""Bars of any interval agree with adding the trades up by hand, however they were rolled and tidied in between."""

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Refused
from oracle.history import Queries, Store, inline
from oracle.history.bars import bucket_of, interval_us
from oracle.model import Bar
from tests.soak import rounds

from .rows import MINUTE_US, T0_US, published, trade

HOUR_US, DAY_US = 60 * MINUTE_US, 1440 * MINUTE_US
PRICES = ("open", "high", "low", "close", "volume", "trades")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.open()
    store.begin("first", T0_US)
    yield store
    store.close()


async def ask(store, interval, symbol="BTC-USD", **parts):
    page = await Queries(store, inline).bars(symbol, interval, **{"limit": 10_000, **parts})
    return [(bar["ts_us"], *(bar[name] for name in PRICES)) for bar in page.items]


def by_hand(trades, width_us):
    """Of trades in the order they were published: (start, open, high, low, close, volume, trades)."""
    buckets = defaultdict(list)
    for t in trades:
        buckets[bucket_of(t.ts_us, width_us)].append(t)
    return [
        (start, b[0].price, max(t.price for t in b), min(t.price for t in b), b[-1].price, sum(t.size for t in b), len(b))
        for start, b in sorted(buckets.items())
    ]


def minutes_first(trades, width_us):
    """The same for intervals made of minutes, where a late trade counts in its minute only."""
    if width_us % MINUTE_US:
        return by_hand(trades, width_us)
    buckets = defaultdict(list)
    for bar in by_hand(trades, MINUTE_US):
        buckets[bucket_of(bar[0], width_us)].append(bar)
    return [
        (start, b[0][1], max(m[2] for m in b), min(m[3] for m in b), b[-1][4], sum(m[5] for m in b), sum(m[6] for m in b))
        for start, b in sorted(buckets.items())
    ]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.integers(-2 * MINUTE_US, 90 * MINUTE_US), st.integers(1, 50), st.integers(1, 8)),
        st.tuples(st.sampled_from(["roll", "tidy", "restart"]), st.just(0), st.just(0), st.just(0)),
    ),
    min_size=1, max_size=40,
)


@settings(max_examples=rounds(15, 500))
@given(steps=steps, interval=st.sampled_from(["7s", "30s", "1m", "90s", "5m", "1h", "1d", "1w"]))
def test_bars_are_the_sum_of_the_trades(steps, interval):
    trades = []
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.open()
        store.begin("0", T0_US)
        for number, (what, at_us, price, size) in enumerate(steps):
            match what:
                case "trade":
                    trades.append(trade(number, T0_US + at_us, float(price), float(size)))
                    store.write(published(trades[-1], first=number, at_us=T0_US + number))
                case "roll":
                    store.roll()
                case "tidy":
                    store.tidy(T0_US + (number % 3) * 30 * MINUTE_US)
                case "restart":
                    store.close()
                    store.open()
                    store.begin(str(number), T0_US)
        found = trio.run(lambda: ask(store, interval))
        store.close()
    assert found == minutes_first(trades, interval_us(interval))


async def test_the_unfinished_minute_is_there_before_any_roll(store):
    store.write(published(trade(1, T0_US, 10.0), trade(2, T0_US + 1, 12.0)))
    assert await ask(store, "1m") == [(T0_US, 10.0, 12.0, 10.0, 12.0, 2.0, 2)]


async def test_a_bar_belongs_to_the_range_its_start_is_in(store):
    store.write(published(*(trade(i, T0_US + i * MINUTE_US) for i in range(10))))
    store.roll()
    starts = [bar[0] for bar in await ask(store, "1m", from_us=T0_US + 1, to_us=T0_US + 3 * MINUTE_US)]
    assert starts == [T0_US + MINUTE_US, T0_US + 2 * MINUTE_US]
    five = bucket_of(T0_US, 5 * MINUTE_US)
    starts = [bar[0] for bar in await ask(store, "5m", from_us=five + 1, to_us=five + 5 * MINUTE_US + 1)]
    assert starts == [five + 5 * MINUTE_US]


async def test_weeks_begin_on_monday_and_days_at_midnight(store):
    monday = 1_789_948_800_000_000  # 2026-09-21T00:00Z
    store.write(published(trade(1, monday - 1), trade(2, monday), trade(3, monday + 7 * DAY_US - 1)))
    assert [bar[0] for bar in await ask(store, "1w")] == [monday - 7 * DAY_US, monday]
    assert [bar[0] for bar in await ask(store, "1d")] == [monday - DAY_US, monday, monday + 6 * DAY_US]


async def test_pages_join_without_a_seam_in_both_directions(store):
    store.write(published(*(trade(i, T0_US + i * MINUTE_US, float(i + 1)) for i in range(25))))
    store.roll()
    queries = Queries(store, inline)
    for newest_first in (False, True):
        seen, cursor = [], None
        while True:
            page = await queries.bars("BTC-USD", "1m", limit=10, cursor=cursor, newest_first=newest_first)
            seen += [bar["open"] for bar in page.items]
            if (cursor := page.next) is None:
                break
        expected = [float(i + 1) for i in range(25)]
        assert seen == (expected[::-1] if newest_first else expected)


def bar(price, at_us=T0_US, interval="1m", closed=True, source="binance"):
    return Bar("BTC-USD", interval, price, price, price, price, 1.0, 0, closed, at_us, source)


def past(price, at_us=T0_US, interval="1m"):
    one = np.array([price])
    return {"symbol": "BTC-USD", "interval": interval, "ts_us": np.array([at_us]), "open": one, "high": one, "low": one,
            "close": one, "volume": one, "trades": np.array([1]), "source": "simulated"}


async def test_a_whole_bar_is_taken_before_one_made_of_trades(store):
    queries = Queries(store, inline)
    for written, origin in (([trade(1)], "trades"), (None, "backfill"), ([bar(3.0)], "venue")):
        if written is None:
            store.backfill_bars(past(2.0))
        else:
            store.write(published(*written))
        store.roll()
        (found,) = (await queries.bars("BTC-USD", "1m")).items
        assert found["origin"] == origin
    five = (await queries.bars("BTC-USD", "5m")).items
    assert [(b["open"], b["volume"], b["source"]) for b in five] == [(3.0, 1.0, "binance")], "never a sum of sources"
    mine = await queries.bars("BTC-USD", "1m", source="simulated")
    assert [b["open"] for b in mine.items] == [2.0]
    assert (await queries.bars("BTC-USD", "1m", source="never seen")).items == []


async def test_many_origins_of_a_minute_do_not_shorten_a_page(store):
    for i in range(8):
        store.write(published(trade(i, T0_US + i * MINUTE_US), bar(3.0, T0_US + i * MINUTE_US)))
        store.backfill_bars(past(2.0, T0_US + i * MINUTE_US))
    store.roll()
    page = await Queries(store, inline).bars("BTC-USD", "1m", limit=5)
    assert [b["origin"] for b in page.items] == ["venue"] * 5
    assert page.next is not None


async def test_a_venue_says_a_closed_bar_twice_and_it_counts_once(store):
    store.write(published(bar(1.0, closed=False), bar(2.0), bar(3.0)))
    store.roll()
    store.write(published(bar(4.0)))
    store.roll()
    assert await ask(store, "1m") == [(T0_US, 3.0, 3.0, 3.0, 3.0, 1.0, 0)]


async def test_a_stored_day_wins_over_its_minutes(store):
    midnight = bucket_of(T0_US, DAY_US)
    store.backfill_bars(past(7.0, midnight, "1d"))
    store.write(published(trade(1, T0_US, 1.0), trade(2, T0_US + DAY_US, 2.0)))
    assert [(b[0], b[4]) for b in await ask(store, "1d")] == [(midnight, 7.0), (midnight + DAY_US, 2.0)]
    assert [b[0] for b in await ask(store, "1h")] == [bucket_of(T0_US + d * DAY_US, HOUR_US) for d in (0, 1)]


@pytest.mark.parametrize("interval", ["", "m", "0m", "1x", "1.5h", "-1m", "1m ", "367d", "9999999s", "1M"])
async def test_what_is_no_interval_is_refused_by_name(store, interval):
    with pytest.raises(Refused) as refused:
        await ask(store, interval)
    assert (refused.value.code, refused.value.details) == ("invalid", {"interval": interval})


async def test_bars_of_venues_count_before_they_are_rolled(store):
    store.write(published(bar(1.0, closed=False), bar(2.0), bar(3.0), bar(9.0, interval="1d", at_us=bucket_of(T0_US, DAY_US))))
    queries = Queries(store, inline)
    assert await queries.bar_symbols() == ["BTC-USD"]
    assert await queries.first_day_us(["ETH-USD", "BTC-USD"]) == (await queries.bars("BTC-USD", "1d")).items[0]["ts_us"]
    assert await queries.first_day_us(["ETH-USD"]) is None and await queries.first_day_us([]) is None
    before = [await ask(store, interval) for interval in ("1m", "5m", "1d")]
    assert [found[0][1] for found in before] == [3.0, 3.0, 9.0]
    store.roll()
    assert [await ask(store, interval) for interval in ("1m", "5m", "1d")] == before
    store.write(published(bar(4.0)))  # said again, and still counted once
    assert await ask(store, "1m") == before[0]


@pytest.mark.parametrize("rolled", [False, True])
async def test_what_was_pushed_comes_after_all_that_feeds_say(store, rolled):
    store.write(published(bar(50.0, source="push:zzz"), trade(0, T0_US, 60.0, source="push")))  # their words are older
    store.write(published(trade(1, T0_US, 10.0), bar(51.0, T0_US + MINUTE_US, source="push:zzz")))
    if rolled:
        store.roll()
    queries = Queries(store, inline)
    found = (await queries.bars("BTC-USD", "1m")).items
    assert [(b["open"], b["source"], b["origin"]) for b in found] == [(10.0, "test", "trades"), (51.0, "push:zzz", "pushed")]
    store.backfill_bars(past(2.0))
    assert [b["origin"] for b in (await queries.bars("BTC-USD", "1m")).items] == ["backfill", "pushed"]
    assert [b["open"] for b in (await queries.bars("BTC-USD", "30s", limit=1)).items] == [10.0]


async def test_a_bar_does_not_mix_the_prices_of_sources(store):
    start = bucket_of(T0_US, 15 * MINUTE_US)
    for minute in range(15):
        whose = "kraken" if minute % 3 else "push:zzz"
        store.write(published(trade(minute, start + minute * MINUTE_US, 10.0 if minute % 3 else 99.0, source=whose)))
    store.write(published(bar(20.0, start, source="binance")))
    queries = Queries(store, inline)
    (found,) = (await queries.bars("BTC-USD", "15m")).items
    assert (found["source"], found["high"], found["volume"]) == ("kraken", 10.0, 10.0), "the feed of most minutes"
    assert [b["source"] for b in (await queries.bars("BTC-USD", "1m")).items][:3] == ["binance", "kraken", "kraken"]
    (week,) = (await queries.bars("BTC-USD", "1w")).items
    assert (week["source"], week["high"]) == ("kraken", 10.0)
    (mine,) = (await queries.bars("BTC-USD", "15m", source="push:zzz")).items
    assert (mine["high"], mine["volume"]) == (99.0, 5.0)

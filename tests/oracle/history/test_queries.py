"""Named reads: filters, pages, cursors that can't be guessed into errors, and reads that are ended."""

import threading

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Published, Refused
from oracle.history import MAX_LIMIT, Queries, Store, inline
from oracle.history.page import Filter, decode_cursor, encode_cursor
from oracle.history.reader import ENDING_S, Reader
from oracle.model import Severity

from .rows import T0_US, attempt, delivery, event, published, state, trade, zoo


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.open()
    store.begin("first", T0_US)
    yield store
    store.close()


@pytest.fixture
def queries(store):
    return Queries(store, inline)


async def pages(read, **asked):
    """All items, page by page."""
    items, cursor = [], None
    while True:
        page = await read(**asked, cursor=cursor)
        items += page.items
        if (cursor := page.next) is None:
            return items


async def test_a_row_carries_where_it_stood_on_the_bus(store, queries):
    store.write(published(trade(7), first=41, at_us=T0_US + 5))
    (row,) = (await queries.ticks("trade", "BTC-USD")).items
    assert row == {"epoch": "first", "offset": 41, "pub_us": T0_US + 5, "ts_us": T0_US, "symbol": "BTC-USD", "price": 100.0,
                   "size": 1.0, "side": "buy", "trade_id": "7", "source": "test"}


async def test_texts_that_are_json_inside_come_back_as_what_they_were(store, queries):
    store.write(published(*zoo()))
    (depth,) = (await queries.ticks("depth", "BTC-USD")).items
    assert (depth["bids"], depth["asks"]) == ([[1.0, 2.0], [0.5, 0.0]], [[3.0, 4.0]])
    assert (await queries.events()).items[0]["data"] == {"n": 1}
    assert (await queries.states()).items[0]["value"] == {"version": 1}
    assert (await queries.deliveries()).items[0]["payload"] == {"n": 1}


async def test_every_list_is_empty_before_the_first_row(queries):
    for kind in ("quote", "trade", "depth", "bar"):
        assert (await queries.ticks(kind, "BTC-USD")).items == []
    for read in (queries.events, queries.gaps, queries.states, queries.deliveries, queries.attempts, queries.samples):
        page = await read()
        assert (page.items, page.next) == ([], None)
    assert await queries.event_counts() == {}
    assert (await queries.bars("BTC-USD", "30s")).items == []


@pytest.mark.parametrize("newest_first", [False, True])
async def test_pages_of_rows_of_one_instant_lose_and_repeat_nothing(store, queries, newest_first):
    numbers = list(range(23))
    store.write(published(*(trade(i, T0_US + i // 9) for i in numbers)))
    rows = await pages(queries.ticks, kind="trade", symbol="BTC-USD", limit=4, newest_first=newest_first)
    assert [int(r["trade_id"]) for r in rows] == (numbers[::-1] if newest_first else numbers)


async def test_a_page_reaches_over_months(store, queries):
    days = [T0_US + i * 20 * 86_400_000_000 for i in range(5)]
    for i, at_us in enumerate(days):
        store.write(published(trade(i, at_us)))
    assert len(store.months("trade")) == 4
    rows = await pages(queries.ticks, kind="trade", symbol="BTC-USD", from_us=days[1], to_us=days[4], limit=2)
    assert [r["trade_id"] for r in rows] == ["1", "2", "3"]


async def test_events_are_filtered_before_they_are_cut(store, queries):
    severities = [Severity.low, Severity.high, Severity.critical]
    store.write(published(*(event(i, T0_US + i, severities[i % 3], subject=("BTC-USD", "ETH-USD")[i % 2],
                                  kind=("odd", "very_odd")[i // 6]) for i in range(12))))

    async def ids(**asked):
        return [int(e["id"][4:]) for e in (await queries.events(**asked)).items]

    assert await ids() == list(range(11, -1, -1)), "newest first"
    assert await ids(severity="high", limit=2) == [10, 7]
    assert await ids(severity=["high", "critical"], newest_first=False) == [1, 2, 4, 5, 7, 8, 10, 11]
    assert await ids(kind="odd", subject="ETH-USD") == [5, 3, 1]
    assert await ids(source="watchdog:odd", from_us=T0_US + 2, to_us=T0_US + 4) == [3, 2]
    assert await ids(source="' OR TRUE --") == []
    assert await queries.event_counts(T0_US + 6) == {"low": 2, "high": 2, "critical": 2}
    assert await queries.event_counts(source_prefix="feed:") == {}


async def test_what_was_committed_and_then_published_is_told_once_with_its_offset(store, queries):
    store.write([Published(-1, T0_US, "", m) for m in (event(1), event(2), attempt(1, "retry"))])
    store.write(published(event(1), attempt(1, "retry"), first=8))
    assert [(e["id"], e["offset"]) for e in (await queries.events(newest_first=False)).items] == [("evt_2", None), ("evt_1", 8)]
    assert await queries.event_counts() == {"high": 2}
    assert [a["offset"] for a in (await queries.attempts()).items] == [9]


async def test_deliveries_say_what_became_of_them(store, queries):
    store.write([Published(-1, T0_US, "", m) for m in (
        delivery(1), delivery(2), delivery(3, "rule:b"), attempt(1, "retry"), attempt(1, "delivered", 2), attempt(2, "retry"))])
    found = {d["id"]: (d["status"], d["outcome"], d["attempts"]) for d in (await queries.deliveries()).items}
    assert found == {"d1": ("delivered", "delivered", 2), "d2": ("pending", "retry", 1), "d3": ("pending", "pending", 0)}
    assert [d["id"] for d in (await queries.deliveries(rule_id="rule:a", status="pending")).items] == ["d2"]
    assert [a["number"] for a in (await queries.attempts(delivery_id="d1")).items] == [1, 2]


async def test_the_past_of_a_state(store, queries):
    store.write(published(state(1), state(2), state(1, "rule:b")))
    assert [s["version"] for s in (await queries.states(ref="rule:a")).items] == [2, 1]


@pytest.mark.parametrize("asked", [
    {"limit": 0}, {"limit": -1}, {"limit": MAX_LIMIT + 1}, {"cursor": ""}, {"cursor": "!"}, {"cursor": "WzFd"},
    {"cursor": encode_cursor(1)}, {"cursor": encode_cursor(1, 2, 3)}, {"cursor": encode_cursor(2**70, 1)},
    {"cursor": "é"}, {"kind": "candle"}, {"kind": "sample; DROP TABLE event"},
])
async def test_bad_arguments_are_refused_by_name(store, queries, asked):
    store.write(published(*zoo()))
    with pytest.raises(Refused) as refused:
        await queries.ticks(**{"kind": "trade", "symbol": "BTC-USD", **asked})
    assert refused.value.code == "invalid"
    assert set(refused.value.details) == set(asked)


@settings(max_examples=300)
@given(st.text(max_size=40))
def test_a_cursor_is_ours_or_refused(text):
    try:
        key = decode_cursor(text, 2)
    except Refused as refused:
        assert refused.code == "invalid"
    else:
        assert decode_cursor(encode_cursor(*key), 2) == key


def test_an_empty_choice_is_no_condition():
    wanted = Filter().one_of("kind", None).one_of("kind", []).one_of("kind", ["a", "b"]).between("ts_us", None, 5)
    assert (wanted.sql, wanted.parameters) == ("(kind IN (?, ?)) AND (ts_us < ?)", ["a", "b", 5])


# ---- reads in threads

ENDLESS = "SELECT count(*) FROM range(1000000000) AS a, range(1000000) AS b WHERE a.range * b.range % 7 = 3"


@pytest.mark.parametrize("late_s", [0, ENDING_S + 0.5])
async def test_a_query_past_its_deadline_is_ended_and_its_thread_freed(store, late_s):
    reader = Reader(store, trio.to_thread.run_sync, 0.2)
    ended = threading.Event()

    def work(cursor):
        try:
            ended.wait(late_s)  # a thread that gets no turn for so long
            return cursor.execute(ENDLESS).fetchall()
        finally:
            ended.set()

    with pytest.raises(Refused) as refused:
        await reader.read(work)
    assert refused.value.code == "timeout"
    assert await trio.to_thread.run_sync(ended.wait, 30)
    assert await reader.read(lambda at: at.execute("SELECT 1").fetchall()) == [(1,)]


async def test_who_goes_away_takes_the_query_along(store):
    reader = Reader(store, trio.to_thread.run_sync, 60.0)
    begun, ended = threading.Event(), threading.Event()

    def work(cursor):
        begun.set()
        try:
            cursor.execute(ENDLESS)
        finally:
            ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader.read, work)
        await trio.to_thread.run_sync(begun.wait, 30)
        nursery.cancel_scope.cancel()
    assert await trio.to_thread.run_sync(ended.wait, 30)


async def test_reads_beside_writes_see_whole_batches(store):
    reader = Reader(store, trio.to_thread.run_sync, 30.0)
    store.write(published(*(trade(i) for i in range(100))))
    counts = []

    def twice(cursor):
        sql = f"SELECT count(*) FROM {store.months('trade')[0]}"
        return [cursor.execute(sql).fetchone()[0] for _ in range(20)]

    def write():
        for n in range(1, 20):
            store.write(published(*(trade(n * 100 + i) for i in range(100))))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, write)
        for _ in range(10):
            counts.append(await reader.read(twice))
    for seen in counts:
        assert len(set(seen)) == 1, "one read is one snapshot"
        assert seen[0] % 100 == 0


async def test_without_a_database_reads_are_refused(store, queries):
    store.close()
    with pytest.raises(Refused) as refused:
        await queries.events()
    assert refused.value.code == "unavailable"

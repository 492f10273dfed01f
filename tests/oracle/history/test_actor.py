"""The actor in virtual time, without a thread: commits, the bus gate, gaps, ends."""

import msgspec
import pytest
import trio

from actors import Child, Refused, open_runtime, trio_clock
from actors.testing import probe
from oracle.history import Commit, History, Queries, Store, inline
from oracle.history.retention import DAY_US
from oracle.model import Event, Gap
from oracle.system import HISTORY_PATIENCE_S

from .disk import full_disk
from .rows import T0_US, delivery, event, published, state, trade, trade_ids


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.open()
    yield store
    store.close()


def running(store, **parts):
    options = {"threaded": False, "high_water": 100, **parts}
    child = Child("history", lambda: History(store, **options), capacity=100_000, when_full="drop_oldest")
    return open_runtime([child], clock=trio_clock(T0_US))


async def test_a_commit_is_answered_when_it_is_on_disk_with_all_before_it(store, autojump_clock):
    async with running(store) as runtime:
        runtime.publish(trade(1))
        assert await runtime.ask("history", Commit((state(1), delivery(1)))) is None
        assert (trade_ids(store), store.states(), store.pending_deliveries()) == ([1], [state(1)], [delivery(1)])
        assert runtime.now_us() == T0_US, "nobody waited for a timer"


async def test_what_nobody_waits_for_is_stored_after_50_ms(store, autojump_clock):
    """10 of them in the mailbox, as `oracle.system` has it, and 40 in the queue."""
    child = Child("history", lambda: History(store, threaded=False), patience_s=HISTORY_PATIENCE_S)
    async with open_runtime([child], clock=trio_clock(T0_US)) as runtime:
        await trio.sleep(1)  # the news of its start is stored
        runtime.publish(trade(1))
        await trio.sleep(0.049)
        assert (trade_ids(store), store.statistics.pending) == ([], 0)
        await trio.sleep(0.002)
        assert trade_ids(store) == [1]


async def test_an_orderly_end_stores_everything(store, autojump_clock):
    async with running(store, high_water=1_000) as runtime:
        for number in range(300):
            runtime.publish(trade(number))
    assert trade_ids(store) == list(range(300))


async def test_a_killed_life_stores_what_it_had_and_the_next_goes_on(store, autojump_clock):
    async with running(store) as runtime:
        runtime.publish(trade(1))
        await trio.sleep(0.01)
        runtime.kill("history")
        runtime.publish(trade(2))
        await runtime.ask("history", Commit(()))
        assert trade_ids(store) == [1, 2]
        assert store.connection.execute("SELECT count(*) FROM gap").fetchone() == (0,), "the same run goes on"


async def test_only_messages_that_have_a_table_are_stored(store, autojump_clock):
    class Rumour(msgspec.Struct):
        topic: str = "rumour:x"

    async with running(store) as runtime:
        runtime.publish(Rumour())
        runtime.publish(Rumour())
        runtime.tell("history", "hello")
        await runtime.ask("history", Commit(()))
    assert store.statistics.ignored["Rumour"] == 2
    assert store.statistics.ignored["str"] == 1
    (lives,) = store.connection.execute("SELECT count(*) FROM life_202609").fetchone()
    assert store.statistics.rows_written == lives, "the news of the actor itself"
    assert store.holes.between(0, 9, ["rumour"]) and not store.holes.between(0, 9, ["trade"])


async def test_a_start_tells_the_gap_since_the_last_row(store, autojump_clock):
    async with running(store) as runtime:
        offset = runtime.publish(trade(1))
        first = runtime.epoch
    end_us = T0_US
    await trio.sleep(60)
    async with running(store) as runtime:
        await runtime.ask("history", Commit(()))
        (gap,) = (await Queries(store, inline).gaps()).items
        assert (gap["who"], gap["from_us"], gap["epoch"]) == ("history", end_us, runtime.epoch)
        assert gap["reason"] == f"start after epoch {first} offset {offset}"
        (row,) = (await Queries(store, inline).ticks("trade", "BTC-USD")).items
        assert (row["epoch"], row["offset"]) == (first, offset)


async def test_a_commit_that_does_not_fit_is_refused(store, autojump_clock):
    async with running(store) as runtime:
        with pytest.raises(Refused) as refused:
            await runtime.ask("history", Commit((event(1, 2**70),)))
        assert refused.value.code == "invalid"


async def test_while_the_disk_is_full_the_stream_goes_on_and_health_shows_it(store, autojump_clock):
    async with running(store) as runtime:
        news = probe(runtime, "event:history_state:*")
        with full_disk():
            with pytest.raises(Refused) as refused:
                await runtime.ask("history", Commit((state(1),)))
            assert refused.value.code == "unavailable"
            assert store.statistics.state == "down"
            for number in range(250):
                runtime.publish(trade(number))
                with trio.fail_after(0.001):
                    await runtime.bus.room()
            await trio.sleep(30)
            assert store.statistics.rows_dropped > 0
            with pytest.raises(Refused):
                await runtime.ask("history", Commit((state(2),)))
        await trio.sleep(5.1)
        assert store.statistics.state == "ok"
        await runtime.ask("history", Commit((state(3),)))
        states = [e.data["state"] for e in news.took() if isinstance(e, Event)]
        assert states == ["down", "ok"]
        gaps = (await Queries(store, inline).gaps()).items
    kept = trade_ids(store)
    assert kept == list(range(kept[0], 250)), "the oldest went, the rest is whole"
    lost = kept[0] + 1  # with the event that told of the failure
    assert store.statistics.rows_dropped == lost
    assert [g["reason"] for g in gaps] == [f"{lost} rows dropped: the writer did not keep up"]


class Stalls(Store):
    """A database that is slow: writes happen only while it is not stalled."""

    stalled = True


class Idle(History):
    """Drains only when the test says so, like a thread that is busy."""

    def _drain(self):
        if not self._store.stalled:
            super()._drain()


async def test_above_the_mark_the_gate_closes_for_two_seconds_and_then_the_oldest_go(tmp_path, autojump_clock):
    store = Stalls(tmp_path)
    store.open()
    child = Child("history", lambda: Idle(store, threaded=False, high_water=100), capacity=100_000)
    async with open_runtime([child], clock=trio_clock(T0_US)) as runtime:
        for number in range(150):
            runtime.publish(trade(number))
        await trio.sleep(0.001)
        began = trio.current_time()
        await runtime.bus.room()
        assert trio.current_time() - began == pytest.approx(2.0, abs=0.01), "closed, and only for so long"
        for number in range(150, 300):
            runtime.publish(trade(number))
        await trio.sleep(0.001)
        began = trio.current_time()
        await runtime.bus.room()
        assert trio.current_time() == began, "open again"
        assert store.statistics.rows_dropped >= 190
        store.stalled = False
        await runtime.ask("history", Commit(()))
        await trio.sleep(0.1)
    kept = trade_ids(store)
    assert kept == list(range(kept[0], 300))
    dropped = store.statistics.rows_dropped
    assert kept[0] <= dropped <= kept[0] + 2, "and the news of the actor itself"
    (gap,) = store.connection.execute("SELECT reason FROM gap").fetchall()
    assert gap[0].startswith(f"{dropped} rows dropped")
    ((kind, first, last),) = store.connection.execute('SELECT kind, "first", "last" FROM holes').fetchall()
    assert (kind, first, last) == ("", 1, dropped), "and whoever reads on from before knows"
    store.close()


async def test_the_gate_opens_as_soon_as_there_is_room(tmp_path, autojump_clock):
    store = Stalls(tmp_path)
    store.open()
    child = Child("history", lambda: Idle(store, threaded=False, high_water=100), capacity=100_000)
    async with open_runtime([child], clock=trio_clock(T0_US)) as runtime:
        for number in range(150):
            runtime.publish(trade(number))
        await trio.sleep(0.5)
        store.stalled = False
        with trio.fail_after(0.1):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(runtime.bus.room)
                await runtime.ask("history", Commit(()))
        assert store.statistics.rows_dropped == 0
    store.close()


async def test_a_mailbox_that_overflows_is_a_gap(store, autojump_clock):
    child = Child("history", lambda: History(store, threaded=False), capacity=10, when_full="drop_oldest")
    async with open_runtime([child], clock=trio_clock(T0_US)) as runtime:
        gaps = probe(runtime, "gap:history")
        for number in range(50):
            runtime.publish(trade(number))
        await trio.sleep(0.1)
        (gap,) = gaps.took()
        assert isinstance(gap, Gap)
        assert gap.reason.startswith("mailbox overflow: ")
        assert store.statistics.rows_dropped == int(gap.reason.split()[2])


async def test_old_months_go_once_a_day(store, autojump_clock):
    store.begin("before", T0_US)
    store.write(published(trade(1, T0_US - 100 * DAY_US)))  # in June, which ended 82 days ago
    async with running(store, keep_days={"trade": 90}):
        await trio.sleep(7 * DAY_US / 1e6)
        assert store.months("trade") == ["trade_202606"]
        await trio.sleep(2 * DAY_US / 1e6)
        assert store.months("trade") == []

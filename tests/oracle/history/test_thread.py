"""The actor with its own thread, in real time: many who wait, a kill, a full disk."""

import pytest
import trio

from actors import Child, Refused, open_runtime
from oracle.history import Commit, History, Queries, Store
from oracle.model import State

from .disk import full_disk
from .rows import trade, trade_ids


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.open()
    yield store
    store.close()


def running(store):
    return open_runtime([Child("history", lambda: History(store), capacity=100_000, grace_s=10.0)])


async def test_many_wait_for_few_transactions(store):
    answered = []

    async def owe(runtime, number):
        await runtime.ask("history", Commit((State(f"rule:{number}", {}, 1, runtime.now_us()),)), timeout_s=60)
        answered.append(number)

    async with running(store) as runtime, trio.open_nursery() as nursery:
        for number in range(200):
            runtime.publish(trade(number))
            nursery.start_soon(owe, runtime, number)
    assert sorted(answered) == list(range(200))
    assert len(store.states()) == 200
    assert store.statistics.commits < 100
    assert trade_ids(store) == list(range(200))


async def test_a_killed_life_finishes_its_transaction_before_the_next_begins(store):
    async with running(store) as runtime:
        for number in range(5_000):
            runtime.publish(trade(number))
            if number % 1_000 == 999:
                await trio.lowlevel.checkpoint()
                runtime.kill("history")
                await runtime.ask("history", Commit(()), timeout_s=60)
    assert trade_ids(store) == list(range(5_000))


async def test_after_a_full_disk_the_thread_catches_up(store):
    async with running(store) as runtime:
        await runtime.ask("history", Commit(()), timeout_s=60)
        with full_disk():
            with pytest.raises(Refused) as refused:
                await runtime.ask("history", Commit((State("rule:a", {}, 1, 0),)), timeout_s=60)
            assert refused.value.code == "unavailable"
            for number in range(100):
                runtime.publish(trade(number))
        recovered = State("rule:a", {}, 2, 0)
        with trio.fail_after(60):
            while True:
                try:
                    await runtime.ask("history", Commit((recovered,)), timeout_s=60)
                    break
                except Refused:
                    await trio.lowlevel.checkpoint()
        assert store.statistics.state == "ok"
    assert trade_ids(store) == list(range(100))
    assert [s.version for s in store.states()] == [2]


async def test_reads_and_writes_at_once(store):
    queries = Queries(store)
    async with running(store) as runtime:
        for number in range(2_000):
            runtime.publish(trade(number, runtime.now_us(), size=1.0))
            if number % 100 == 99:
                await runtime.ask("history", Commit(()), timeout_s=60)
                page = await queries.bars("BTC-USD", "1h", limit=10)
                assert sum(bar["trades"] for bar in page.items) == number + 1

"""The equity over time: each minute's, evenly thinned, with what else was seen then."""

from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
import trio

from actors import Child, Refused, open_runtime, trio_clock
from oracle.board import Board
from oracle.history import History, Store, inline
from oracle.model import Sample
from oracle.trading.curve import Curve

T0_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000


@asynccontextmanager
async def open_room(folder, at_us=T0_US):
    store, made = Store(folder), []
    store.open()

    def children(runtime):
        made.append(Board(runtime.bus, runtime.now_us))
        made[0].load(store.states())
        return [Child("history", lambda: History(store, threaded=False), capacity=10_000)]

    try:
        async with open_runtime(children, clock=trio_clock(at_us), seed=1) as runtime:
            yield runtime, made[0], Curve(store, inline)
    finally:
        store.close()


def told(runtime, at_us, equity, name="equity", subject="desk"):
    runtime.publish(Sample(name, subject, equity, "USD", at_us, "risk"))


async def test_it_is_thinned_evenly_and_keeps_its_last_point(tmp_path, autojump_clock):
    async with open_room(tmp_path) as (runtime, _, curve):
        assert await curve.points() == []
        for n in range(1_000):
            told(runtime, T0_US + n * MINUTE_US, 100_000.0 + n)
        told(runtime, T0_US, 5.0, subject="somebody")
        told(runtime, T0_US, 5.0, name="cash")
        await trio.sleep(1)
        every = await curve.points(most=1_000)
        assert [point.equity for point in every] == [100_000.0 + n for n in range(1_000)]
        few = await curve.points(most=7)
        gaps = {b.ts_us - a.ts_us for a, b in pairwise(few[:-1])}
        assert len(few) == 7 and few[-1] == every[-1] and len(gaps) <= 2 and max(gaps) - min(gaps) <= MINUTE_US
        some = await curve.points(T0_US + 10 * MINUTE_US, T0_US + 20 * MINUTE_US)
        assert some == every[10:20]
        told(runtime, T0_US + 5_000 * MINUTE_US, 7.0)
        await trio.sleep(1)
        uneven = await curve.points(T0_US + 998 * MINUTE_US, most=3)
        assert [point.equity for point in uneven] == [100_998.0, 100_999.0, 7.0], "what is few is not thinned"
        assert (await curve.points(most=1))[0].equity == 7.0
        every = await curve.points(to_us=T0_US + 1_000 * MINUTE_US, most=1_000)
        assert await curve.points(to_us=T0_US + 1_000 * MINUTE_US, most=1) == every[-1:]
        assert await curve.points(from_us=T0_US + 5_001 * MINUTE_US) == []
        with pytest.raises(Refused):
            await curve.points(most=0)


async def test_what_else_was_seen_is_that_of_the_same_time(tmp_path, autojump_clock):
    async with open_room(tmp_path) as (runtime, board, curve):
        for n, equity in enumerate((100.0, 101.0, 101.0)):
            at_us = T0_US + n * MINUTE_US
            if n < 2:
                board.put("equity:desk", {"equity": equity, "cash": 50.0 + n}, at_us)
            told(runtime, at_us, equity)
        await trio.sleep(1)
        points = await curve.points()
        assert [point.seen and point.seen["cash"] for point in points] == [50.0, 51.0, 51.0], "what did not change still holds"
    async with open_room(tmp_path, T0_US + 60 * MINUTE_US) as (runtime, board, curve):
        told(runtime, T0_US + 60 * MINUTE_US, 101.0)
        await trio.sleep(1)
        points = await curve.points()
        assert [point.equity for point in points] == [100.0, 101.0, 101.0, 101.0]
        assert [point.seen and point.seen["cash"] for point in points] == [None, 51.0, 51.0, 51.0], "older ones are not kept"

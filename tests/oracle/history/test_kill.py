"""SIGKILL, at each named point and at any moment: what was acknowledged is there, and what is there is a prefix."""

import random
import signal
from pathlib import Path

import pytest
import trio

from oracle.history import Queries, Store, inline
from oracle.model import State
from tests.forked import Forked
from tests.serving import clean_env
from tests.soak import rounds

from .rows import published, trade, trade_ids

VICTIM = Path(__file__).with_name("victim.py")
OLD_US = 1_577_836_800_000_000  # 2020-01-01
POINTS = ["mid-batch", "before-commit", "after-commit", "before-answer", "roll", "tidy", "retention", "compact"]


def victim(folder, acknowledgements, point=""):
    return Forked(VICTIM, folder, acknowledgements, env=clean_env(ORACLE_CRASH_AT=point))


def seed(folder):
    """A past, so that there is something to compact, to tidy and to drop: of an old month and of days that are over."""
    store = Store(folder)
    store.open()
    store.begin("before", OLD_US)
    store.write(published(*(trade(i, OLD_US + i) for i in range(1, 101))))
    store.write(published(*(State("last", {"number": n}, n, OLD_US) for n in (99, 100))))
    store.roll()
    store.close()


def check(folder, acknowledged):
    """What must hold after any end; the number of the last stored trade."""
    store = Store(folder)
    store.open()
    ids = trade_ids(store)
    first = ids[0] if ids else 101
    assert first in (1, 101), "the old month is there or gone, never a part of it"
    assert ids == list(range(first, first + len(ids))), "a prefix, each row once"
    last = ids[-1] if ids else 100
    assert last >= acknowledged
    (state,) = store.states()
    assert acknowledged <= state.version <= last, "no effect before its cause"
    assert trio.run(bar_trades, store) == last, "each trade is in one bar"
    store.close()
    return last


async def bar_trades(store):
    page = await Queries(store, inline).bars("BTC-USD", "1d", limit=10_000)
    return sum(bar["trades"] for bar in page.items)


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_a_named_point_loses_nothing_acknowledged(tmp_path, point):
    seed(tmp_path)
    acknowledged = 100
    for visit in (1, 2) if point in ("mid-batch", "before-commit", "after-commit", "before-answer") else (1,):
        process = victim(tmp_path, 20, f"history:{point}:{visit}")
        out, err = process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL, f"history:{point} was not visited {visit} times: {err}"
        acknowledged = max([acknowledged, *map(int, out.split())])
        acknowledged = check(tmp_path, acknowledged)
    process = victim(tmp_path, 3)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert check(tmp_path, int(out.split()[-1])) == int(out.split()[-1])


def test_kills_under_load_one_after_the_other(tmp_path):
    seed(tmp_path)
    rng = random.Random(20_261)
    acknowledged = 100
    for _ in range(rounds(6, 1_000)):
        process = victim(tmp_path, 1_000_000)
        for _ in range(rng.randrange(1, 30)):
            acknowledged = int(process.stdout.readline())
        process.kill()
        rest = process.communicate(timeout=60)[0].split()
        acknowledged = check(tmp_path, max([acknowledged, *map(int, rest)]))


def test_an_orderly_end_stores_what_nobody_waited_for(tmp_path):
    seed(tmp_path)
    process = victim(tmp_path, 5)
    _out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    store = Store(tmp_path)
    store.open()
    assert store.statistics.rows_dropped == 0
    (row,) = store.connection.execute("SELECT count(*) FROM state WHERE ref = 'last' AND \"offset\" IS NOT NULL "
                                      "AND version > 100").fetchall()
    assert row == (5,), "also the last published state"
    store.close()

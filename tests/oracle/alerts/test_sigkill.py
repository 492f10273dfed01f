"""The process is killed at each named point: what was committed reaches the receiver, with the same id, real processes.

`make soak` runs every point many times over, with several kills of one folder in a row.
"""

import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
import trio
from alerting import event
from serving import clean_env
from sink import answering, open_sink

from oracle.history import Queries, Store

CHILD = Path(__file__).with_name("crash_child.py")
TESTS = Path(__file__).resolve().parents[2]
POINTS = ("alerts:before-commit", "alerts:after-commit", "alerts:before-send", "alerts:after-send",
          "history:before-commit", "history:after-commit")  # fmt: skip
EVENTS = 5
SOAK = bool(os.environ.get("ORACLE_SOAK"))
ROUNDS = 40 if SOAK else 1
KILLS_IN_A_ROW = 3 if SOAK else 1
SEED = 7
DEADLINE_S = 60.0


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize("point", POINTS)
async def test_every_committed_firing_is_delivered_with_the_same_id(tmp_path, point, round_):
    chance = random.Random(f"{SEED} {point} {round_}")
    async with open_sink() as sink:
        for kill in range(KILLS_IN_A_ROW):
            visit = chance.randint(1, EVENTS)
            assert await run_child(tmp_path, sink.url(), kill * EVENTS, EVENTS, f"{point}:{visit}") == -signal.SIGKILL
        assert await run_child(tmp_path, sink.url(), 0, 0) == 0
    committed, outcomes = await ledger(tmp_path)
    arrived = Counter(call.headers["webhook-id"] for call in sink.calls)
    assert set(arrived) == set(committed)
    assert len(sink.calls) - len(arrived) <= KILLS_IN_A_ROW
    assert outcomes == dict.fromkeys(committed, "delivered")
    assert len({(call.headers["webhook-id"], call.body) for call in sink.calls}) == len(arrived)
    # Whatever was stored of the events sets the rule off, if not then, at the next start.
    assert set(committed.values()) == stored(tmp_path)


async def test_a_receiver_that_was_down_at_the_kill_gets_it_at_the_next_start(tmp_path):
    async with open_sink(answering(503)) as sink:
        assert await run_child(tmp_path, sink.url(), 0, 3, "alerts:before-send:9") == -signal.SIGKILL
        down = len(sink.calls)
        sink.script = answering(200)
        assert await run_child(tmp_path, sink.url(), 0, 0) == 0
    committed, outcomes = await ledger(tmp_path)
    assert len(committed) == 3
    assert sorted(outcomes.values()) == ["delivered"] * 3
    assert {call.headers["webhook-id"] for call in sink.calls[down:]} == set(committed)


@pytest.mark.parametrize("point", ["alerts:before-send", "switchboard:committed", "alerts:after-send"])
async def test_an_action_is_done_once_over_a_kill(tmp_path, point):
    assert await run_child(tmp_path, "", 0, 1, point) == -signal.SIGKILL
    assert await run_child(tmp_path, "", 0, 0) == 0
    committed, outcomes = await ledger(tmp_path)
    assert len(committed) == 1 and list(outcomes.values()) == ["delivered"]
    store = Store(tmp_path)
    store.open()
    try:
        (switch,) = [state for state in store.states() if state.ref == "switch:watchdog:price_anomaly"]
        events = [(row["kind"], row["cause"]) for row in (await Queries(store).events()).items]
        tries = [row["outcome"] for row in (await Queries(store).attempts()).items]
    finally:
        store.close()
    assert (switch.value["on"], switch.value["by"], switch.version) == (False, "rule:a", 1)
    (ident,) = committed
    assert tries == ["delivered"]  # nobody asks an owner that has not started yet
    assert events.count(("action_done", ident)) == 1 == events.count(("watchdog_disabled", ident))


def stored(folder: Path) -> set[str]:
    """The ids of the watchdog's events that are on disk."""
    store = Store(folder)
    store.open()
    try:
        with store.reading() as cursor:
            return {ident for (ident,) in cursor.execute("SELECT id FROM event WHERE kind = 'price_anomaly'").fetchall()}
    finally:
        store.close()


async def run_child(folder: Path, url: str, first: int, count: int, crash_at: str = "") -> int:
    env = clean_env(PYTHONPATH=f"{TESTS}{os.pathsep}{TESTS.parent}", **({"ORACLE_CRASH_AT": crash_at} if crash_at else {}))
    command = [sys.executable, str(CHILD), str(folder), url, str(first), str(count)]
    with trio.fail_after(DEADLINE_S):
        done = await trio.run_process(command, env=env, check=False)
    return done.returncode


async def ledger(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Delivery ids with their events in the order of the events, and what became of each."""
    store = Store(folder)
    store.open()
    try:
        rows = (await Queries(store).deliveries(limit=1000)).items
    finally:
        store.close()
    order = {event(number).id: number for number in range(EVENTS * KILLS_IN_A_ROW)}
    rows.sort(key=lambda row: order[row["event_id"]])
    return {row["id"]: row["event_id"] for row in rows}, {row["id"]: row["status"] for row in rows}

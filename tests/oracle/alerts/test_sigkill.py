"""The process is killed at every named point between an event and its receipt, again and again on one folder: what was stored
reaches the receiver, with one id, and at most once more for each kill. Real processes.

`make soak` does it a thousand times and shows what came of it, point by point.
"""

import random
import signal
from collections import Counter, defaultdict
from pathlib import Path

import attrs
import pytest
import trio
from alerting import event
from sink import answering, open_sink

from oracle.history import Queries, Store
from tests.forked import run_beside
from tests.serving import clean_env
from tests.soak import SOAK

CHILD = Path(__file__).with_name("crash_child.py")
POINTS = ("history:mid-batch", "history:before-commit", "history:after-commit", "history:before-answer",
          "alerts:before-commit", "alerts:after-commit", "alerts:before-send", "alerts:after-send")  # fmt: skip
EVENTS = 3  # in each life
LATEST = {"history": EVENTS + 1, "alerts": EVENTS}  # visit of a point that is the last: so many are sure to come
EARLY = 0.25  # share of the lives that may be killed while they still start, and catch up with what is owed
CHAINS, KILLS, ABREAST = (50, 20, 5) if SOAK else (3, 10, 1)  # chains at once: a life waits for the disk more than it works
SEED = 7
DEADLINE_S = 60.0


@attrs.define
class Outcome:
    """What came of the kills at one point: what was sent after each, up to the next."""

    kills: int = 0
    firings: int = 0
    deliveries: int = 0
    duplicates: int = 0
    lost: int = 0

    def add(self, **more: int) -> None:
        for name, count in more.items():
            setattr(self, name, getattr(self, name) + count)


@pytest.fixture(scope="module")
def table(request):
    """What came of all kills, by point; shown at the end."""
    outcomes = defaultdict(Outcome)
    yield outcomes
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("\n" + "\n".join(lines_of(outcomes)))


@pytest.mark.parametrize("first", range(0, CHAINS, ABREAST))
async def test_a_chain_of_kills_loses_no_firing_and_repeats_at_most_one_for_each(tmp_path, table, first):
    async with trio.open_nursery() as nursery:
        for chain in range(first, first + ABREAST):
            nursery.start_soon(kill_in_a_chain, tmp_path / str(chain), table, chain)


async def kill_in_a_chain(folder, table, chain):
    chance = random.Random(f"{SEED} {chain}")
    points = [*POINTS, *chance.choices(POINTS, k=KILLS - len(POINTS))]
    chance.shuffle(points)
    async with open_sink() as sink:
        seen, born = [], {}  # calls before each life; the point that a life's events were killed at, by event
        for life, point in enumerate(points):
            seen.append(len(sink.calls))
            visit = chance.randint(1, LATEST[point.partition(":")[0]])
            early, late = ("", f"{point}:{visit}") if chance.random() > EARLY else (f"{point}:{visit}", "")
            code = await run_child(folder, sink.url(), life * EVENTS, EVENTS, late, early)
            assert code == -signal.SIGKILL, f"{point} was not visited {visit} times"
            born |= {event(number).id: point for number in range(life * EVENTS, (life + 1) * EVENTS)}
        seen.append(len(sink.calls))
        assert await run_child(folder, sink.url(), 0, 0) == 0
    committed, outcomes = await ledger(folder)
    calls = [call.headers["webhook-id"] for call in sink.calls]
    arrived = Counter(calls)
    again = [ident in calls[:number] for number, ident in enumerate(calls)]
    repeated = []  # after each kill
    for point, begin, end in zip(points, [0, *seen[2:]], [*seen[2:], len(calls)], strict=True):
        repeated.append(sum(again[begin:end]))
        table[point].add(kills=1, firings=end - begin - repeated[-1], deliveries=end - begin, duplicates=repeated[-1])
    for ident, cause in committed.items():
        table[born[cause]].add(firings=not arrived[ident], lost=not arrived[ident])

    assert set(arrived) == set(committed)
    assert outcomes == dict.fromkeys(committed, "delivered")
    assert len({(call.headers["webhook-id"], call.body) for call in sink.calls}) == len(arrived)
    assert max(repeated) <= 1, list(zip(points, repeated, strict=True))
    # Whatever was stored of the events sets the rule off, if not then, at the next start; once.
    assert Counter(committed.values()) == dict.fromkeys(stored(folder), 1)


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


async def run_child(folder: Path, url: str, first: int, count: int, late: str = "", early: str = "") -> int:
    env = clean_env(ORACLE_CRASH_AT=early)
    done = await run_beside(CHILD, folder, url, first, count, late, timeout_s=DEADLINE_S, env=env)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


async def ledger(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Delivery ids with their events in the order of the events, and what became of each."""
    store = Store(folder)
    store.open()
    try:
        rows = (await Queries(store).deliveries(limit=1000)).items
    finally:
        store.close()
    order = {event(number).id: number for number in range(EVENTS * KILLS)}
    rows.sort(key=lambda row: order[row["event_id"]])
    return {row["id"]: row["event_id"] for row in rows}, {row["id"]: row["status"] for row in rows}


def lines_of(outcomes: dict[str, Outcome]) -> list[str]:
    """The table, with a sum."""
    total = Outcome(*map(sum, zip(*map(attrs.astuple, outcomes.values()), strict=True))) if outcomes else Outcome()
    names = [field.name for field in attrs.fields(Outcome)]
    rows = [("point", *names), *((point, *attrs.astuple(outcomes[point])) for point in POINTS), ("all", *attrs.astuple(total))]
    return ["".join([f"{first:24}", *(f"{value:>12}" for value in values)]) for first, *values in rows]

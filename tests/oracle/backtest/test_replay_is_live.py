"""A backtest finds what was found live: the same events by the same ids, over several lives of the process."""

from collections.abc import Iterator

import attrs
import trio

from oracle.backtest import Ask, Job
from oracle.backtest.lives import Life, lives_of, virtual_life
from oracle.history import Commit
from oracle.history.lines import Lines, RunOf
from oracle.model import Command, Finding, Gap, Severity, Trade
from oracle.settings import Data, Demo, Settings
from oracle.system import open_system
from oracle.watchdogs.past import Since

KIND = f"{__name__}:Calm"


@attrs.define
class Calm:
    """Speaks of each third trade, and when none came for a tenth of a second; a gap begins that time anew."""

    interval_s: float = 60.0
    memory_s: float = 60.0
    each: int = 3
    _count: int = attrs.field(default=0, init=False)
    next_deadline: int | None = attrs.field(default=None, init=False)

    listens = ("trade:*",)

    def update(self, trade: Trade, now: int) -> Iterator[Finding]:
        """Count."""
        self._count += 1
        self.next_deadline = now + 100_000
        if trade.price < 0:
            raise ValueError("poison")
        if self._count % self.each == 0:
            yield Finding("third", trade.symbol, Severity.low, f"trade {self._count}", {}, now, trade.trade_id)

    def on_time(self, now: int) -> Iterator[Finding]:
        """Nothing came."""
        self.next_deadline = None
        yield Finding("calm", "X", Severity.low, "calm", {}, now)

    def on_gap(self, gap: Gap) -> None:
        """Begin anew."""
        self.next_deadline = None


async def trades(system, count, begin):
    """Some trades, a few milliseconds apart, then a calm."""
    for number in range(begin, begin + count):
        system.runtime.publish(Trade("X", 100.0 + number, 1.0, "", str(number), system.runtime.now_us(), "test"))
        await trio.sleep(0.003)
    await trio.sleep(0.15)
    await system.runtime.ask("history", Commit(()))


async def found(system, from_us, to_us, changes=None, **more):
    """The events of a backtest, and those that were stored."""
    table = changes or {}
    ask = Ask({"calm": (KIND, table, lambda: Calm(**table))}, from_us, to_us, **more)
    verdict = await Job(system.queries, system.tape, Lines(system.store), ask).run()
    page = await system.queries.events(source="watchdog:calm", from_us=from_us, to_us=to_us, newest_first=False, limit=1000)
    return verdict, page.items


def settings(folder):
    """The watchdog alone counts; no feed runs."""
    return Settings(data=Data(folder=folder), demo=Demo(enabled=False), watchdogs={"calm": {"kind": KIND}})


async def test_the_same_events_by_the_same_ids_over_restarts_crashes_and_switches(tmp_path):
    async with open_system(settings(tmp_path)) as system:
        from_us = system.runtime.now_us()
        await trades(system, 10, 0)
    async with open_system(settings(tmp_path)) as system:
        await trades(system, 10, 10)
        await system.runtime.ask("switchboard", Command("disable", {"name": "calm"}))
        await trades(system, 10, 20)
        await system.runtime.ask("switchboard", Command("enable", {"name": "calm"}))
        await trades(system, 10, 30)
        await system.runtime.ask("switchboard", Command("restart", {"name": "calm"}))
        await trades(system, 10, 40)
        to_us = system.runtime.now_us()
        verdict, stored = await found(system, from_us, to_us)
        assert {"third", "calm"} == {row["kind"] for row in stored} and len(stored) > 12
        assert [(e.id, e.summary, e.ts_us) for e in verdict.events] == [(r["id"], r["summary"], r["ts_us"]) for r in stored]
        part_us = stored[len(stored) // 2]["ts_us"]
        verdict, stored = await found(system, part_us, to_us)
        assert [e.id for e in verdict.events] == [row["id"] for row in stored]
        other, _ = await found(system, from_us, to_us, {"each": 2}, anew=frozenset({"calm"}))
        assert sum(event.kind == "third" for event in other.events) >= 23
        assert other.messages["calm"] >= 50


async def test_a_decider_that_crashes_says_of_what(tmp_path):
    async with open_system(settings(tmp_path)) as system:
        from_us = system.runtime.now_us()
        system.runtime.publish(Trade("X", -1.0, 1.0, "", "1", from_us, "test"))
        await trades(system, 5, 0)
        verdict, _ = await found(system, from_us, system.runtime.now_us(), anew=frozenset({"calm"}))
        assert verdict.crashed == {"calm": "ValueError: poison"}
        verdict, stored = await found(system, from_us, system.runtime.now_us())
        assert [e.id for e in verdict.events] == [row["id"] for row in stored], "and what it lived through is gone through"
        assert system.board.get("watchdog:calm")["since"]["skipped"], "the live one went on without it"


RUNS = [RunOf("a", 0, 100, 1_000), RunOf("b", 2_000, 2**62, 2**62)]


def test_a_life_ends_where_it_was_stopped_or_its_successor_takes_over_or_its_run_ended():
    one, two, three = Since("a", 0, 10), Since("a", 40, 300), Since("b", 5, 2_010)
    assert lives_of([three, one], [("a", 40, 290)], RUNS) == [Life(one, 40, 290), Life(three, 2**62, 2**62)]
    assert lives_of([one, two], [("a", 45, 299)], RUNS) == [Life(one, 40, 300), Life(two, 100, 1_000)]
    assert lives_of([one, Since("gone", 0, 0)], [], RUNS) == [Life(one, 100, 1_000)]


def test_one_that_never_lived_begins_where_it_is_asked_to_and_goes_through_all_runs():
    assert virtual_life(RUNS, 17, 500) == [Life(Since("a", 17, 500), 100, 1_000), Life(Since("b", 0, 2_000), 2**62, 2**62)]
    assert virtual_life(RUNS, 3, 5_000) == [Life(Since("b", 3, 5_000), 2**62, 2**62)]
    assert virtual_life(RUNS, 0, 1_500) == [Life(Since("b", 0, 2_000), 2**62, 2**62)]

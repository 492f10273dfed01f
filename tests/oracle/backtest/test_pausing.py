"""Backtests and previews that are held between their pieces: they take nothing meanwhile, and find the same."""

import os
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from actors.testing import probe
from oracle.alerts import Rule, preview
from oracle.backtest import Ask, Job, job
from oracle.border import structure
from oracle.history import Commit
from oracle.history.lines import Lines
from oracle.model import Event, Severity
from oracle.runs import Pace
from oracle.settings import Data, Demo, Settings
from oracle.system import open_system
from oracle.watchdogs.whale_movement import WhaleMovement

NAME = "whale_movement"


class Stopping(Pace):
    """Holds the work whenever it says how far it is; `said` is that."""

    def __init__(self):
        super().__init__(self._stop)
        self.said = []

    def _stop(self, done):
        self.said.append(done)
        self.hold()


async def stopped_often(work, pace):
    """What comes of the work, which is let go on each time it has halted; and how often it did, taking nothing meanwhile."""
    made, halts, over = [], 0, trio.Event()

    async def go():
        made.append(await work(pace))
        over.set()
        pace.resume()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(go)
        while not over.is_set():
            await pace.halt()
            if pace.halted:
                said = len(pace.said)
                before = workers_cpu()
                for _ in range(50):
                    await trio.lowlevel.checkpoint()
                assert len(pace.said) == said and workers_cpu() == before
                halts += 1
                pace.resume()
            await trio.lowlevel.checkpoint()
    return made[0], halts


def workers_cpu():
    """CPU ticks of each process that this one has started and that has not ended."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return {child: Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13] for child in children}


@asynccontextmanager
async def transfers(folder, count):
    """A system that has stored so many, each of which its watchdog spoke of, and the time before them."""
    async with open_system(Settings(data=Data(folder=folder), demo=Demo(enabled=False))) as system:
        from_us, said = system.runtime.now_us(), probe(system.runtime, "event:whale_movement:*")
        for number in range(count):
            data = {"from": "a", "to": "b", "amount": 1.0, "usd_value": 2e6, "tx_hash": str(number)}
            now_us = system.runtime.now_us()
            system.runtime.publish(Event(f"evt_{number}", "transfer", "BTC", "test", Severity.low, "", data, now_us))
        for _ in range(count):
            await said.next()
        await system.runtime.ask("history", Commit(()))
        yield system, from_us


async def test_between_any_two_pieces_a_backtest_may_be_held(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "PAGE", 20)
    async with transfers(tmp_path, 30) as (system, from_us):
        ask = Ask({NAME: (NAME, {}, WhaleMovement)}, from_us, system.runtime.now_us(), frozenset({NAME}))

        async def work(pace):
            return await Job(system.queries, system.tape, Lines(system.store), ask, pace).run()

        whole = await work(Pace())
        assert len(whole.events) == 30
        pace = Stopping()
        held, halts = await stopped_often(work, pace)
        assert halts == len(pace.said) - 1 >= 2, "of its last piece it tells too, and has no turn after that"
        assert attrs.evolve(held, busy_s=0.0) == attrs.evolve(whole, busy_s=0.0)


async def test_between_any_two_pages_a_preview_may_be_held(tmp_path, monkeypatch):
    monkeypatch.setattr(preview, "PAGE", 10)
    async with transfers(tmp_path, 25) as (system, from_us):
        rule = structure(Rule, {"alert_id": "a", "name": "n", "description": "d", "trigger": {"type": "watchdog_event"},
                                "cooldown_seconds": 0, "delivery_methods": []}, extras="drop")  # fmt: skip
        now_us = system.runtime.now_us()
        params = {"rule": rule.value(now_us, now_us), "from_us": from_us, "to_us": now_us}
        work = preview.preview_work(system.queries, system.tape, Lines(system.store), (), system.runtime.now_us)
        (summary, rows), halts = await stopped_often(lambda pace: work(params, pace), Stopping())
        assert (summary["firings"], len(rows)) == (25, 25) and halts >= 4, "transfers are events too: 50 in pages of 10"

"""Runs are paused and go on: by the table, each command once, with work that halts and stays halted; virtual time."""

from contextlib import asynccontextmanager

import pytest
import trio

from actors import Actor, AskTimeout, Child, Refused, open_runtime, trio_clock
from actors.testing import probe
from oracle.board import Board
from oracle.history import History, Queries, Store, inline
from oracle.model import Command
from oracle.receipts import Receipts
from oracle.runs import Status
from tests.crews import crew_children

T0_US = 1_700_000_000_000_000
DOWN = Refused("disk full", code="unavailable")
ID = "client/ada/1/d1"


class Steps:
    """Work of `steps` pieces of `step_s` seconds, which `fails` at its end or not; `taken` counts pieces of all runs."""

    def __init__(self):
        self.taken = 0

    async def __call__(self, params, pace):
        steps = params.get("steps", 3)
        for step in range(steps):
            await pace.turn()
            await trio.sleep(params.get("step_s", 1.0))
            self.taken += 1
            pace.note((step + 1) / steps)
        if params.get("fails"):
            raise Refused("broke")
        return {"steps": steps}, []


class Desk:
    """What a test may ask and see."""

    def __init__(self, runtime, board, store, work):
        self.runtime, self.board, self.store, self.work = runtime, board, store, work

    async def ask(self, verb, ident="", **args):
        return await self.runtime.ask("runs", Command(verb, args, "ada", ident))

    async def start(self, **params):
        return (await self.ask("start", kind="steps", params=params)).id

    def run(self, ident):
        value = self.board.get(f"run:{ident}")
        return value["status"], value["progress"]

    async def over(self, ident):
        heard = probe(self.runtime, f"state:run:{ident}")
        while (value := self.board.get(f"run:{ident}"))["finished_us"] is None:
            await heard.next()
        return value["status"]

    async def refused(self, verb, run):
        with pytest.raises(Refused) as no:
            await self.ask(verb, id=run)
        return no.value.code, no.value.details.get("allowed")

    async def kinds(self, subject):
        page = await Queries(self.store, inline).events(subject=f"run:{subject}", newest_first=False)
        return [row["kind"] for row in page.items]


class Notebook(Actor):
    """A history in memory; of `answers` to commits, exceptions are raised."""

    def __init__(self, answers):
        self.answers = answers

    def receive(self, commit):
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer


@asynccontextmanager
async def open_desk(folder, history=None):
    """Runs of the kind `steps` on a history in `folder`, as a start after whatever ended there."""
    store, work, made = Store(folder), Steps(), []
    store.open()

    def children(runtime):
        board, receipts = Board(runtime.bus), Receipts(runtime.now_us)
        board.load(store.states())
        receipts.load(store.receipts(0, 1_000, 1_000_000)[1])
        made.append(Desk(runtime, board, store, work))
        return [Child("history", history or (lambda: History(store, threaded=False)), capacity=1_000),
                *crew_children(board, receipts, folder, store, runtime, steps=work)]

    try:
        async with open_runtime(children, clock=trio_clock(T0_US), seed=1) as runtime:
            made[0].runtime = runtime
            yield made[0]
    finally:
        store.close()


async def test_a_pause_is_answered_when_the_work_has_halted_and_it_goes_on_where_it_was(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        run = await desk.start(steps=4)
        seen = probe(desk.runtime, f"state:run:{run}")
        await trio.sleep(1.5)
        began_s = trio.current_time()
        paused = await desk.ask("pause", id=run)
        assert trio.current_time() - began_s == pytest.approx(0.5, abs=0.2), "the piece it was at is over"
        assert (paused.status, desk.work.taken, paused.finished_us) == (Status.paused, 2, None)
        await trio.sleep(10_000)
        assert desk.work.taken == 2 and desk.run(run) == ("paused", 0.5)
        going = await desk.ask("resume", id=run)
        assert going.status is Status.running and going.started_us == paused.started_us
        assert await desk.over(run) == "completed"
        assert desk.work.taken == 4 and desk.run(run)[1] == 1.0
        statuses = [one.value["status"] for one in seen.took()]
        assert list(dict.fromkeys(statuses)) == ["running", "paused", "completed"]
        assert await desk.kinds(run) == ["run_queued", "run_running", "run_paused", "run_resumed", "run_completed"]


async def test_what_the_table_does_not_have_is_refused_with_what_it_has(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        run, second = await desk.start(), await desk.start()
        assert await desk.refused("pause", second) == ("illegal", ["cancelled", "failed", "running"])
        going = ["cancelled", "completed", "failed", "paused", "queued", "stopped", "waiting"]
        assert await desk.refused("resume", run) == ("illegal", going)
        await desk.ask("pause", id=run)
        assert await desk.refused("pause", run) == ("illegal", ["cancelled", "failed", "queued", "running", "stopped"])
        await desk.ask("resume", id=run)
        await desk.over(run)
        assert await desk.refused("pause", run) == ("illegal", [])
        assert (await desk.refused("pause", "nobody"))[0] == (await desk.refused("resume", ""))[0] == "not_found"
        assert (await desk.refused("dance", run))[0] == "unknown_verb"


async def test_a_command_that_is_sent_again_is_not_carried_out_again(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        run = await desk.start(steps=100)
        first = await desk.ask("pause", ID, id=run)
        assert await desk.ask("pause", ID, id=run) == first
        await desk.ask("resume", "client/ada/2/d2", id=run)
        assert (await desk.ask("pause", ID, id=run)).status is Status.running
        await desk.ask("pause", id=run)
        assert (await desk.ask("resume", "client/ada/2/d2", id=run)).status is Status.paused
        told = await desk.kinds(run)
    async with open_desk(tmp_path) as desk:
        again = await desk.ask("pause", ID, id=run)
        assert (again.status, again.error) == (Status.failed, "interrupted: the process ended")
        before = ["run_queued", "run_running", "run_paused", "run_resumed", "run_paused"]
        assert told == before and sorted(await desk.kinds(run)) == sorted([*before, "run_failed"])


async def test_a_paused_run_keeps_its_place_until_it_is_called_off(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        run, second = await desk.start(), await desk.start(steps=1)
        await desk.ask("pause", id=run)
        await trio.sleep(1_000)
        assert desk.run(second)[0] == "queued"
        assert (await desk.ask("cancel", id=run)).status is Status.cancelled
        assert await desk.over(second) == "completed"
        assert desk.run(run)[0] == "cancelled"


async def test_work_that_is_done_while_it_is_paused_is_completed_when_it_goes_on(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        run = await desk.start(steps=1)
        assert (await desk.ask("pause", id=run)).status is Status.paused and desk.work.taken == 1
        await trio.sleep(1_000)
        assert desk.run(run)[0] == "paused"
        await desk.ask("resume", id=run)
        assert await desk.over(run) == "completed"


@pytest.mark.parametrize("verb", ["resume", "cancel"])
async def test_who_waits_for_a_halt_is_told_how_it_is_when_somebody_has_thought_better_of_it(tmp_path, autojump_clock, verb):
    async with open_desk(tmp_path) as desk:
        run, answers = await desk.start(step_s=4.0), []

        async def wait():
            answers.append(await desk.ask("pause", id=run))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.sleep(1)
            await desk.ask(verb, id=run)
        assert [one.status for one in answers] == [Status.running if verb == "resume" else Status.cancelled]
        assert desk.work.taken == 0


async def test_work_that_fails_in_its_last_piece_has_failed(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        run = await desk.start(steps=1, fails=True)
        told = await desk.ask("pause", id=run)
        assert (told.status, told.error) == (Status.failed, "broke")


async def test_a_piece_that_takes_longer_than_the_asker_waits(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        run = await desk.start(step_s=8.0)
        with pytest.raises(AskTimeout):
            await desk.ask("pause", ID, id=run)
        assert desk.run(run)[0] == "paused" and desk.work.taken == 0
        assert (await desk.ask("pause", ID, id=run)).status is Status.paused and desk.work.taken == 1


async def test_a_life_that_ends_has_its_paused_run_interrupted(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        run = await desk.start()
        await desk.ask("pause", id=run)
        heard = probe(desk.runtime, f"state:run:{run}")
        desk.runtime.kill(f"run:{run}")
        assert (await heard.next()).value["error"] == "interrupted: its actor ended"
        assert (await desk.refused("resume", run))[0] == "illegal"


async def test_what_can_not_be_stored_is_not_paused_and_an_end_waits_until_it_can(tmp_path, autojump_clock):
    answers = []
    async with open_desk(tmp_path, lambda: Notebook(answers)) as desk:
        run = await desk.start(steps=2)
        await trio.sleep(0.5)
        answers += [DOWN] * 8
        assert (await desk.refused("pause", run))[0] == "unavailable"
        assert desk.run(run)[0] == "running"
        assert await desk.over(run) == "completed" and not answers
        assert desk.runtime.node("runs").restarts == 0


async def test_who_does_not_do_the_work_can_end_it_and_say_nothing_else_of_it(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        run = await desk.start(steps=9)
        await trio.sleep(0.5)
        assert (await desk.refused("begin", run))[0] == "illegal"

        async def report(status):
            return await desk.runtime.ask(f"run:{run}", Command("report", {"status": status}))

        for status in ("queued", "waiting", "paused"):
            with pytest.raises(Refused, match="worked off here"):
                await report(status)
        assert desk.run(run)[0] == "running"
        assert (await report("failed")).status is Status.failed
        taken = desk.work.taken
        await trio.sleep(10)
        assert desk.work.taken == taken and desk.run(run)[0] == "failed"

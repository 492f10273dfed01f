"""Runs that others work off: claimed once, with a lease, reported of, put out; virtual time."""

from functools import partial

import trio

from actors import Actor, Child, Refused
from actors.testing import probe
from oracle.experiments import RoundReport, read_experiment, round_told
from oracle.model import Event, Message, Sample
from oracle.runs import Status
from oracle.settings_runs import Runs as Bounds
from tests.oracle.experiments.test_wish import SEED

from .claiming import T0_US, open_desk


class Unsure(Actor):
    """A history that stores, and says that it can't."""

    def __init__(self, rows):
        self.rows = rows

    async def receive(self, commit):
        self.rows.extend(commit.messages)
        raise Refused("the disk is slow", "unavailable")


async def test_of_two_workers_one_has_the_run_and_those_that_wait_are_given_in_order(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        for ident in ("t1", "t2", "t3"):
            assert (await desk.task(ident)).status is Status.queued
        had = {}

        async def claim(worker):
            had[worker] = await desk.ask("claim", kind="task", agent="brain", worker=worker)

        async with trio.open_nursery() as nursery:
            for worker in ("ann", "bob"):
                nursery.start_soon(claim, worker)
        assert {run.id for run in had.values()} == {"t1", "t2"} and {run.worker for run in had.values()} == {"ann", "bob"}
        assert await desk.ask("claim", kind="task", agent="other", worker="eve") is None
        third = await desk.ask("claim", kind="task", agent="", worker="eve")
        assert (third.id, third.status, third.attempts) == ("t3", Status.running, 1)
        assert await desk.ask("claim", kind="task", agent="", worker="eve") is None
        assert await desk.refused("report", "run:t3", worker="ann", status="completed") == "conflict"


async def test_a_worker_that_is_not_heard_loses_its_run_and_one_that_is_keeps_it(tmp_path, autojump_clock):
    async with open_desk(tmp_path, Bounds(attempts=2)) as desk:
        await desk.task()
        await desk.ask("claim", kind="task", agent="", worker="ann", lease_s=10)
        for _ in range(5):
            await trio.sleep(8)
            assert (await desk.ask("heartbeat", "run:t1", worker="ann", lease_s=10)).status is Status.running
        heard = probe(desk.runtime, "state:run:t1")
        assert (await heard.next()).value["status"] == "queued"
        assert await desk.refused("heartbeat", "run:t1", worker="ann") == "conflict"
        again = await desk.ask("claim", kind="task", agent="", worker="bob", lease_s=10)
        assert (again.worker, again.attempts) == ("bob", 2)
        while (value := (await heard.next()).value)["status"] != "failed":
            pass
        assert value["error"] == "lost: bob was not heard any more"
        assert await desk.kinds() == ["queued", "running", "requeued", "running", "failed"]


async def test_a_report_prolongs_a_lease_by_as_long_as_its_worker_asked_for(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        await desk.task()
        await desk.ask("claim", kind="task", agent="", worker="ann", lease_s=600)
        for _ in range(4):
            await trio.sleep(400)
            assert (await desk.ask("report", "run:t1", worker="ann", facts={"words": 1})).status is Status.running
        assert (await desk.ask("heartbeat", "run:t1", worker="ann", lease_s=900)).lease_s == 900


async def test_one_that_gets_on_is_given_to_further_workers(tmp_path, autojump_clock):
    report = RoundReport(1, 0.5, 0.3)
    async with open_desk(tmp_path, Bounds(attempts=2)) as desk:
        wish = read_experiment({**SEED, "scenario": "hospital"})
        await desk.ask("start", kind="trial", params=wish.params, id="t1", facts=wish.facts)
        await desk.ask("begin", "run:t1")
        heard = probe(desk.runtime, "state:run:t1")
        for worker in ("ann", "bob"):
            await desk.ask("claim", kind="trial", agent="", worker=worker, lease_s=10)
            if worker == "bob":
                await desk.ask("report", "run:t1", worker=worker, decide=round_told(report))
            with trio.fail_after(3_600):
                while (await heard.next()).value["status"] != "queued":
                    pass
        assert (await desk.ask("claim", kind="trial", agent="", worker="eve", lease_s=10)).attempts == 2


async def test_a_report_is_one_commit_and_said_twice_it_counts_once(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        await desk.task(conversation="conv-1")
        await desk.ask("claim", kind="task", agent="", worker="ann")
        heard = probe(desk.runtime, "*")
        said = Message("msg-1", "conv-1", "assistant", "hello too", "t1", {}, T0_US)
        done = await desk.ask("report", "run:t1", worker="ann", status="completed", also=[said], facts={"words": 2},
                              samples=[Sample("cost_usd", "run:t1", 0.05, "USD", T0_US, "ann")],
                              changes={"result": {"text": "hello too"}, "cost_usd": 0.05, "input_tokens": 10, "status": "x"})
        assert (done.status, done.cost_usd, done.facts, done.worker) == (Status.completed, 0.05, {"words": 2}, "")
        order = [one.topic for one in heard.took() if ":t1" in one.topic or "conv" in one.topic]
        assert order[:4] == ["message:conv-1", "sample:cost_usd:run:t1", "event:run_completed:run:t1", "state:run:t1"]
        assert await desk.refused("report", "run:t1", status="failed") == "illegal"
        with desk.store.reading() as cursor:
            assert cursor.execute("SELECT id, status, cost_usd, input_tokens, output_tokens FROM run").fetchall() == [
                ("t1", "completed", 0.05, 10, None)]
    async with open_desk(tmp_path) as desk:
        assert desk.value()["status"] == "completed"
        assert (await desk.task()).status is Status.completed, "the same task again is the one that is known"
        assert await desk.refused("start", kind="task", params={"say": "else"}, id="t1") == "exists"
        fresh = await desk.ask("amend", id="t1", changes={"cost_usd": 0.07})
        assert (fresh.cost_usd, fresh.revision, desk.value()["cost_usd"]) == (0.07, 1, 0.07)


async def test_output_is_on_disk_when_it_is_answered_and_goes_on_after_a_restart(tmp_path, autojump_clock):
    async with open_desk(tmp_path, Bounds(output_limit_bytes=1024)) as desk:
        await desk.task()
        await desk.ask("claim", kind="task", agent="", worker="ann")
        assert await desk.ask("output", "run:t1", worker="ann", pieces=[["stdout", "one\n"], ["thinking", "{}"]]) == {"chunks": 2}
        assert desk.output() == [(1, "stdout", "one\n"), (2, "thinking", "{}")]
    async with open_desk(tmp_path, Bounds(output_limit_bytes=1024)) as desk:
        assert desk.value()["status"] == "running", "its worker may be heard again"
        assert await desk.ask("output", "run:t1", pieces=[["stdout", "{}"], ["stdout", "two\n"]], first=2) == {"chunks": 3}
        assert desk.output()[-1] == (3, "stdout", "two\n")
        assert await desk.refused("output", "run:t1", pieces=[["stdout", "x"]], first=9) == "conflict"
        await desk.ask("output", "run:t1", pieces=[["stdout", "x" * 2_000], ["stdout", "y"]])
        (n, stream, kept), mark = desk.output()[-2:]
        assert (n, stream, set(kept)) == (4, "stdout", {"x"}) and mark[1] == "mark"
        await desk.ask("report", "run:t1", progress=0.5)
    async with open_desk(tmp_path, Bounds(output_limit_bytes=1024)) as desk:
        await desk.ask("output", "run:t1", pieces=[["stdout", "z"]])
        done = await desk.ask("report", "run:t1", status="completed")
        total = sum(len(text) for _, stream, text in desk.output() if stream != "mark")
        assert total == 1024 and done.facts["output_dropped_bytes"] == 2_002 - (1024 - 10) and done.chunks == 5


async def test_a_worker_elsewhere_is_asked_to_pause_and_says_when_it_has(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        await desk.task()
        await desk.ask("claim", kind="task", agent="", worker="ann")
        asked = await desk.ask("pause", id="t1", reason="maintenance")
        assert (asked.status, asked.requested) == (Status.running, "paused")
        assert (await desk.ask("heartbeat", "run:t1", worker="ann")).requested == "paused"
        assert (await desk.ask("report", "run:t1", worker="ann", status="paused")).requested == ""
        assert (await desk.ask("resume", id="t1")).status is Status.running
        await desk.ask("report", "run:t1", worker="ann", status="waiting")
        assert (await desk.ask("input", "run:t1", text="go on")).status is Status.running
        assert desk.output()[-1][1:] == ("user_input", "go on")
        assert (await desk.ask("stop", id="t1")).status is Status.stopped
        assert await desk.refused("report", "run:t1", worker="ann", status="completed") in ("conflict", "illegal")


async def test_one_begins_when_somebody_says_so_or_when_it_is_time_also_after_a_restart(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        first = await desk.ask("start", kind="trial", params={}, numbered="exp_")
        assert (first.id, first.status) == ("exp_001", Status.created)
        assert (await desk.ask("begin", id="exp_001")).status is Status.queued
        due_us = desk.runtime.now_us() + 7_200_000_000
        assert (await desk.ask("start", kind="trial", params={}, numbered="exp_", not_before_us=due_us)).id == "exp_002"
    async with open_desk(tmp_path, at_us=T0_US + 60_000_000) as desk:
        heard = probe(desk.runtime, "state:run:exp_002")
        assert (await heard.next()).value["status"] == "queued" and desk.runtime.now_us() >= due_us
        assert (await desk.ask("start", kind="trial", params={}, numbered="exp_")).id == "exp_003"


async def test_who_can_not_begin_in_time_begins_later(tmp_path, autojump_clock):
    may = {"now": False}
    async with open_desk(tmp_path, timely=lambda: may["now"]) as desk:
        due_us = desk.runtime.now_us() + 60_000_000
        await desk.ask("start", kind="trial", params={}, id="t1", not_before_us=due_us)
        await trio.sleep(300)
        assert desk.value()["status"] == "created"
        may["now"] = True
        await trio.sleep(5)
        assert desk.value()["status"] == "queued"


async def test_a_report_may_be_decided_by_how_the_run_is_when_it_is_taken(tmp_path, autojump_clock):
    def counted(run, now_us):
        count = run.facts.get("count", 0)
        return {"facts": {"count": count + 1}} if count < 5 else None

    async with open_desk(tmp_path) as desk:
        await desk.task()
        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(partial(desk.ask, "report", "run:t1", decide=counted))
        assert desk.value()["facts"]["count"] == 5


async def test_one_that_is_asked_for_twice_at_once_is_taken_in_once(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        answers = {}

        async def start(number, params):
            try:
                answers[number] = await desk.ask("start", kind="task", params=params, id="t1")
            except Refused as no:
                answers[number] = no.code

        async with trio.open_nursery() as nursery:
            for number, params in enumerate(({"say": "hello"}, {"say": "hello"}, {"say": "goodbye"})):
                nursery.start_soon(start, number, params)
        refused = [one for one in answers.values() if isinstance(one, str)]
        taken = [one for one in answers.values() if not isinstance(one, str)]
        assert set(refused) == {"exists"} and len({str(one.params) for one in taken}) == 1
        assert desk.value()["params"] == taken[0].params and len(await desk.kinds()) == 1
        await desk.ask("cancel", id="t1")
        assert (await desk.ask("start", kind="task", params=taken[0].params, id="t1")).status is Status.cancelled


async def test_one_that_is_asked_for_again_after_a_refusal_has_begun_once(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        committed = []
        await desk.runtime.remove("history")
        desk.runtime.add(Child("history", lambda: Unsure(committed)))
        assert await desk.refused("start", kind="task", params={}, id="t1") == "unavailable"
        assert await desk.refused("start", kind="task", params={}, id="t1") == "unavailable"
        assert len({one.id for one in committed if isinstance(one, Event)}) == 1
        assert desk.value() is None

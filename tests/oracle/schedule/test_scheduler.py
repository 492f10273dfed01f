"""The scheduler: jobs at their times, by hand, after a time that was missed; once each, over restarts; virtual time."""

import datetime as dt
from contextlib import asynccontextmanager

import pytest
import trio

from actors import Actor, Child, Refused, open_runtime, trio_clock
from actors.testing import probe
from oracle.board import Board
from oracle.history import History, Store
from oracle.model import Command
from oracle.receipts import Receipts
from oracle.runs import Run
from oracle.schedule.cron import zone_of
from oracle.schedule.jobs import crons
from oracle.schedule.scheduler import Scheduler
from tests.crews import crew_children

HOUR_S, DAY_S = 3_600.0, 86_400.0


def us(text):
    """An instant in New York."""
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=zone_of("America/New_York")).timestamp() * 1e6)


class Worker:
    """Does jobs, takes `takes_s` for each, and remembers them; `outcome` is what comes of them."""

    def __init__(self, outcome="done", takes_s=1.0):
        self.done, self.outcome, self.takes_s = [], outcome, takes_s

    async def __call__(self, params, pace):
        await trio.sleep(self.takes_s)
        self.done.append((params["job"], params.get("due_us")))
        if self.outcome == "broken":
            raise Refused("the disk is gone")
        return {"outcome": self.outcome}, []


class Desk:
    """What a test may ask and see."""

    def __init__(self, runtime, board):
        self.runtime, self.board = runtime, board

    def job(self, name):
        return self.board.get(f"job:{name}")

    async def trigger(self, name, ident="", by="ada"):
        return await self.runtime.ask("scheduler", Command("trigger", {"job": name}, by, ident))

    async def over(self, ident):
        heard = probe(self.runtime, f"state:run:{ident}")
        while self.board.get(f"run:{ident}")["finished_us"] is None:
            await heard.next()
        await trio.sleep(0.01)  # of virtual time, in which the scheduler hears of it
        return self.board.get(f"run:{ident}")


class Busy(Actor):
    """Runs that can't take in anything, `refusals` times."""

    def __init__(self, refusals):
        self.refusals = refusals

    def receive(self, command):
        if self.refusals:
            self.refusals.pop()
            raise Refused("16 runs are waiting already", "full")
        return Run("job_1", command.args["kind"], command.args["params"], self.now_us())


@asynccontextmanager
async def open_desk(folder, at, worker, jobs=None, runs=None):
    """A scheduler with runs and a history in `folder`, as a start at an instant in New York after whatever ended there."""
    store, made = Store(folder), []
    store.open()

    def children(runtime):
        board, receipts = Board(runtime.bus, runtime.now_us), Receipts(runtime.now_us)
        board.load(store.states())
        made.append(board)
        times = crons("America/New_York", jobs or {})
        desk = [Child("runs", runs)] if runs else crew_children(board, receipts, folder, store, runtime, job=worker)
        return [Child("history", lambda: History(store, threaded=False), capacity=1_000), *desk,
                Child("scheduler", lambda: Scheduler(board, times))]  # fmt: skip

    try:
        async with open_runtime(children, clock=trio_clock(us(at)), seed=1) as runtime:
            heard = probe(runtime, "state:job:*")
            while made[0].get("job:biweekly_altdata") is None or made[0].get("job:daily_bars") is None:
                await heard.next()
            heard.close()
            await trio.sleep(0.01)  # of virtual time: whatever it has to say at its start is said
            yield Desk(runtime, made[0])
    finally:
        store.close()


async def test_jobs_are_started_at_their_times_and_no_holiday_is_a_day_of_work(tmp_path, autojump_clock):
    worker = Worker()
    async with open_desk(tmp_path, "2026-11-25T16:00", worker) as desk:
        assert desk.job("daily_bars")["next_run_us"] == us("2026-11-25T17:00")
        assert desk.job("weekly_retrain")["next_run_us"] == us("2026-11-29T02:00")
        await trio.sleep(HOUR_S + 30)
        bars = desk.job("daily_bars")
        assert bars["next_run_us"] == us("2026-11-27T17:00") and bars["last_due_us"] == us("2026-11-25T17:00")
        assert (bars["last_status"], bars["last_outcome"], bars["missed_us"]) == ("completed", "done", None)
        run = desk.board.get(f"run:{bars['last_run_id']}")
        assert run["kind"] == "job" and run["params"] == {"job": "daily_bars", "due_us": us("2026-11-25T17:00")}
        assert run["started_us"] == us("2026-11-25T17:00") and bars["last_run_us"] == run["started_us"]
        await trio.sleep(4 * DAY_S)
    due = [(name, dt.datetime.fromtimestamp(at / 1e6, zone_of("America/New_York")).strftime("%a %H:%M"))
           for name, at in worker.done]  # fmt: skip
    assert due == [
        ("daily_bars", "Wed 17:00"), ("daily_sentiment", "Wed 17:30"), ("daily_briefing", "Fri 08:00"),
        ("daily_bars", "Fri 17:00"), ("daily_sentiment", "Fri 17:30"), ("weekly_fundamentals", "Sat 06:00"),
        ("weekly_options_flow", "Sat 07:00"), ("weekly_trends", "Sat 07:30"), ("weekly_retrain", "Sun 02:00"),
    ]  # fmt: skip


async def test_the_clocks_change_under_it(tmp_path, autojump_clock):
    worker = Worker()
    async with open_desk(tmp_path, "2026-03-07T12:00", worker):
        await trio.sleep(2 * DAY_S)
    assert worker.done == [("weekly_retrain", us("2026-03-08T03:00")), ("daily_briefing", us("2026-03-09T08:00"))]


async def test_one_is_triggered_by_hand_each_time_and_once_for_an_id(tmp_path, autojump_clock):
    worker = Worker()
    async with open_desk(tmp_path, "2026-11-25T12:00", worker) as desk:
        run = await desk.trigger("daily_bars", "client/ada/1/d1")
        assert (run.status, run.kind, run.params) == ("queued", "job", {"job": "daily_bars"})
        assert (await desk.over(run.id))["status"] == "completed"
        assert (await desk.trigger("daily_bars", "client/ada/1/d1")).id == run.id and len(worker.done) == 1
        second = await desk.trigger("daily_bars")
        await desk.over(second.id)
        bars = desk.job("daily_bars")
        assert second.id != run.id and bars["last_run_id"] == second.id and bars["last_status"] == "completed"
        assert bars["last_due_us"] is None and bars["next_run_us"] == us("2026-11-25T17:00"), "its own time stays as it is"
        with pytest.raises(Refused, match="Job 'daily_bar' not found; did you mean daily_bars") as no:
            await desk.trigger("daily_bar")
        assert no.value.code == "not_found"
        with pytest.raises(Refused, match="dance"):
            await desk.runtime.ask("scheduler", Command("dance"))


@pytest.mark.parametrize(("outcome", "status", "said"), [
    ("done", "completed", "done"), ("unavailable: no source configured", "unavailable", "unavailable: no source configured"),
    ("broken", "failed", "the disk is gone"),
])
async def test_what_became_of_a_job_is_on_the_board(tmp_path, autojump_clock, outcome, status, said):
    async with open_desk(tmp_path, "2026-11-25T12:00", Worker(outcome)) as desk:
        await desk.over((await desk.trigger("weekly_trends")).id)
        job = desk.job("weekly_trends")
        assert (job["last_status"], job["last_outcome"]) == (status, said)


async def test_what_was_missed_is_noted_and_done_once_at_the_start(tmp_path, autojump_clock):
    worker = Worker()
    async with open_desk(tmp_path, "2026-11-24T16:00", worker) as desk:
        assert [desk.job(name)["missed_us"] for name in ("daily_bars", "weekly_trends")] == [None, None], "nobody waited for it"
        await trio.sleep(2 * HOUR_S)
    assert worker.done == [("daily_bars", us("2026-11-24T17:00")), ("daily_sentiment", us("2026-11-24T17:30"))]
    worker.done.clear()
    async with open_desk(tmp_path, "2026-11-28T07:10", worker) as desk:  # the bars of two days are missing
        await trio.sleep(60)
        assert dict(worker.done) == {
            "daily_bars": us("2026-11-27T17:00"), "daily_sentiment": us("2026-11-27T17:30"),
            "daily_briefing": us("2026-11-27T08:00"), "weekly_fundamentals": us("2026-11-28T06:00"),
            "weekly_options_flow": us("2026-11-28T07:00"),
        } and len(worker.done) == 5  # fmt: skip
        assert desk.job("daily_bars")["missed_us"] == us("2026-11-27T17:00")
        assert desk.job("weekly_retrain")["missed_us"] is None
    worker.done.clear()
    async with open_desk(tmp_path, "2026-11-28T07:20", worker) as desk:
        await trio.sleep(60)
        assert worker.done == [], "and not once more"
        assert desk.job("daily_bars")["last_status"] == "completed"


async def test_one_that_was_cut_off_by_the_end_of_the_process_is_tried_once_more(tmp_path, autojump_clock):
    slow, ids = Worker(takes_s=600.0), []
    for at in ("2026-11-25T16:59:59", "2026-11-25T17:05", "2026-11-25T17:06", "2026-11-25T17:07"):
        async with open_desk(tmp_path, at, slow, jobs={"daily_sentiment": "off"}) as desk:
            await trio.sleep(30)
            ids.append(desk.job("daily_bars")["last_run_id"])
            assert desk.job("daily_bars")["last_due_us"] == us("2026-11-25T17:00")
    assert slow.done == [] and len(set(ids)) == 2, "what ends the process with it is not tried for ever"


async def test_one_that_can_not_be_taken_in_is_asked_for_again(tmp_path, autojump_clock):
    refusals = [1, 2]
    async with open_desk(tmp_path, "2026-11-25T16:59", None, runs=lambda: Busy(refusals)) as desk:
        await trio.sleep(90)
        assert "16 runs are waiting" in desk.job("daily_bars")["problem"] and desk.job("daily_bars")["last_run_id"] is None
        await trio.sleep(120)
        assert (desk.job("daily_bars")["last_run_id"], desk.job("daily_bars")["problem"]) == ("job_1", None)


async def test_what_is_off_has_no_time_and_runs_by_hand(tmp_path, autojump_clock):
    worker = Worker()
    jobs = {"daily_bars": "off", "daily_sentiment": "0 18 * * *"}
    async with open_desk(tmp_path, "2026-11-25T16:00", worker, jobs) as desk:
        assert (desk.job("daily_bars")["cron"], desk.job("daily_bars")["next_run_us"]) == ("off", None)
        await trio.sleep(1.5 * HOUR_S)
        assert worker.done == [] and desk.job("daily_sentiment")["next_run_us"] == us("2026-11-25T18:00")
        await desk.over((await desk.trigger("daily_bars")).id)
        assert worker.done == [("daily_bars", None)]

"""Runs that others work off, where something goes wrong: two at once, asked again, lost, given back; virtual time."""

import trio

from oracle.runs import Status

from .claiming import open_desk


async def test_a_pause_outlives_the_worker_and_can_be_thought_better_of(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        for ident in ("t1", "t2"):
            await desk.task(ident)
            await desk.ask("claim", kind="task", agent="", worker="ann", lease_s=10)
            await desk.ask("pause", id=ident)
        thought = await desk.ask("resume", id="t2")
        assert (thought.status, thought.requested, thought.worker) == (Status.running, "", "ann")
        await trio.sleep(15)
        assert (desk.value("t1")["status"], desk.value("t1")["worker"]) == ("paused", "")
        assert desk.value("t2")["status"] == "queued"
        assert (await desk.ask("resume", id="t1")).status is Status.queued
        assert (await desk.ask("claim", kind="task", agent="", worker="bob")).id == "t2"
        assert (await desk.ask("claim", kind="task", agent="", worker="bob")).id == "t1"


async def test_a_run_that_is_given_back_has_no_lease_and_no_worker(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        await desk.task()
        await desk.ask("claim", kind="task", agent="", worker="ann", lease_s=10)
        back = await desk.ask("report", "run:t1", ident="r1", worker="ann", status="queued")
        assert (back.status, back.worker, back.lease_until_us) == (Status.queued, "", None)
        assert (await desk.ask("report", "run:t1", ident="r1", worker="ann", status="queued")).status is Status.queued
        await trio.sleep(60)
        assert desk.runtime.node("run:t1").handled < 10


async def test_runs_whose_supervisor_begins_anew_have_actors_again(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        await desk.task()
        await desk.task("t2")
        await desk.ask("claim", kind="task", agent="", worker="ann", lease_s=10)
        desk.runtime.restart("run_actors")
        await trio.sleep(1)
        assert (await desk.ask("heartbeat", "run:t1", worker="ann")).status is Status.running
        assert (await desk.ask("claim", kind="task", agent="", worker="bob")).id == "t2"


async def test_what_can_not_be_amended_now_is_refused_and_the_desk_goes_on(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        await desk.task()
        await desk.ask("cancel", id="t1")
        await desk.runtime.remove("history")
        assert await desk.refused("amend", id="t1", changes={"cost_usd": 1.0}) == "unavailable"
        assert await desk.refused("amend", id="t1", changes={"status": "running"}) == "invalid"
        assert desk.runtime.node("runs").restarts == 0 and desk.value()["cost_usd"] is None


async def test_a_claim_that_is_sent_again_gives_the_same_run(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        for ident in ("t1", "t2"):
            await desk.task(ident)
        first, again = [await desk.ask("claim", ident="client/ada/c1/d1", kind="task", agent="", worker="ann") for _ in range(2)]
        assert (first.id, again.id, again.attempts, desk.value("t2")["status"]) == ("t1", "t1", 1, "queued")
    async with open_desk(tmp_path) as desk:
        assert (await desk.ask("claim", ident="client/ada/c1/d1", kind="task", agent="", worker="ann")).id == "t1"
        await desk.ask("report", "run:t1", worker="ann", status="completed")
        assert await desk.ask("claim", ident="client/ada/c1/d1", kind="task", agent="", worker="ann") is None


async def test_one_that_is_numbered_has_its_number_when_it_is_asked_for_again(tmp_path, autojump_clock):
    async def numbered(desk, command, params):
        return (await desk.ask("start", ident=f"client/ada/{command}/d", kind="trial", params=params, numbered="exp_")).id

    async with open_desk(tmp_path) as desk:
        assert [await numbered(desk, "c1", {}), await numbered(desk, "c2", {}), await numbered(desk, "c1", {})] == [
            "exp_001", "exp_002", "exp_001"]  # fmt: skip
    async with open_desk(tmp_path) as desk:
        assert (await numbered(desk, "c2", {}), await numbered(desk, "c3", {})) == ("exp_002", "exp_003")

"""Runs over REST: started, followed, paused, called off; what the process was at when it ended has failed."""

import attrs
import trio

from actors import ActorCrashed
from actors.testing import probe
from oracle.model import Command, Trade
from oracle.remote import Remote
from oracle.runs import Run, Status
from tests.running import open_house, open_served
from web.commands.backtest import There, wish_of


async def ended(house, url):
    """A run once it is over."""
    heard = probe(house.system.runtime, f"state:run:{url.rpartition('/')[2]}")
    with trio.fail_after(30):
        while (run := (await house.get(url)).json)["status"] in ("queued", "running"):
            await heard.next()
    return run


async def test_a_backtest_is_started_followed_and_read_and_started_once(tmp_path):
    async with open_house(tmp_path) as house:
        runtime = house.system.runtime
        for price in (100.0, 107.0):
            runtime.publish(Trade("BTC-USD", price, 1.0, "", str(price), runtime.now_us(), "test"))
            await trio.sleep(0.07)
        body = {"watchdogs": ["price_anomaly"], "settings": {"price_anomaly": {"window_s": 0.05}}}
        started = await house.post("/api/oracle/backtest", json=body, headers={"Idempotency-Key": "b1"})
        again = await house.post("/api/oracle/backtest", json=body, headers={"Idempotency-Key": "b1"})
        assert (started.status, again.status) == (202, 202)
        assert started.json["id"] == again.json["id"] and started.json["status"] == "queued"
        run = await ended(house, started.json["url"])
        assert (run["status"], run["progress"], run["error"]) == ("completed", 1.0, None)
        assert run["result"]["events"] == 1 and run["result"]["both"] == 0
        rows = (await house.get(run["url"] + "/events?limit=1")).json
        assert rows["next"] is None and rows["items"][0]["kind"] == "price_anomaly"
        assert rows["items"][0]["live"] is False and rows["items"][0]["ts"].endswith("Z")
        assert [one["id"] for one in (await house.get("/api/oracle/runs")).json["items"]] == [run["id"]]
        assert (await house.get("/api/oracle/runs?status=failed")).json == {"items": [], "total": 0}
        assert (await house.get(f"/api/oracle/runs?kind=backtest&sort=duration&text={run['id'][:12]}")).json["total"] == 1
        for wrong in ("sort=value", "limit=0", "offset=-1", "status=odd"):
            assert (await house.get(f"/api/oracle/runs?{wrong}")).status == 422, wrong
        late = await house.post(run["url"] + "/cancel")
        assert late.status == 409 and late.json["error"]["details"] == {"status": "completed", "allowed": []}
    async with open_house(tmp_path) as house:  # and it is there after a restart
        assert (await house.get(run["url"] + "/events")).json["items"] == rows["items"]


async def test_one_that_waits_is_called_off_and_what_was_cut_off_has_failed(tmp_path):
    async with open_house(tmp_path) as house:
        first = (await house.post("/api/oracle/backtest", json={})).json
        second = (await house.post("/api/oracle/backtest", json={})).json
        off = await house.post(second["url"] + "/cancel")
        assert (off.status, off.json["status"]) == (200, "cancelled")
        await (wait := probe(house.system.runtime, f"state:run:{first['id']}")).next()
        wait.close()
        house.system.runtime.kill(f"run:{first['id']}")  # its next life finds a run in work
        heard = probe(house.system.runtime, f"state:run:{first['id']}")
        with trio.fail_after(30):
            while (run := (await house.get(first["url"])).json)["status"] in ("queued", "running"):
                await heard.next()
        assert run["status"] == "failed" and "interrupted" in run["error"]
        assert (await house.get(second["url"])).json["status"] == "cancelled"
        third = (await house.post("/api/oracle/backtest", json={})).json
        running = probe(house.system.runtime, f"state:run:{third['id']}")
        with trio.fail_after(30):
            while (await running.next()).value["status"] != "running":
                pass
        assert (await house.post(third["url"] + "/cancel")).json["status"] == "cancelled"
        assert (await ended(house, third["url"]))["status"] == "cancelled"


async def running(house, **body):
    """A backtest that has begun."""
    run = (await house.post("/api/oracle/backtest", json=body)).json
    heard = probe(house.system.runtime, f"state:run:{run['id']}")
    with trio.fail_after(30):
        while (await house.get(run["url"])).json["status"] == "queued":
            await heard.next()
    return run


async def test_one_at_work_is_paused_and_goes_on(tmp_path):
    async with open_house(tmp_path) as house:
        url = (await running(house))["url"]
        for _ in range(2):
            paused = await house.post(url + "/pause", headers={"Idempotency-Key": "p1"})
            assert (paused.status, paused.json["status"], paused.json["finished"]) == (200, "paused", None)
        assert [one["url"] for one in (await house.get("/api/oracle/runs?status=paused")).json["items"]] == [url]
        again = await house.post(url + "/pause")
        assert again.status == 409 and again.json["error"]["details"]["allowed"] == [
            "cancelled", "failed", "queued", "running", "stopped"]
        going = await house.post(url + "/resume")
        assert (going.status, going.json["status"]) == (200, "running")
        assert (await ended(house, url))["status"] == "completed"
        assert (await house.post(url + "/resume")).status == 409
        assert {(await house.post(f"/api/oracle/runs/nobody/{verb}")).status for verb in ("pause", "resume")} == {404}


async def test_the_command_waits_for_its_run_while_that_is_paused(tmp_path):
    async with open_served(tmp_path) as house:
        heard, paused, told = [], trio.Event(), probe(house.system.runtime, "state:run:*")

        async def ask(verb):
            await house.system.runtime.ask("runs", Command(verb, {"id": ident}), 30.0)

        async with trio.open_nursery() as nursery:
            there = There(Remote(f"http://127.0.0.1:{house.port}/"))

            async def command():
                wish = wish_of(None, None, ("metric",), ())
                heard.append(await there.run(wish, lambda done, status: status == "paused" and paused.set()))

            nursery.start_soon(command)
            with trio.fail_after(30):
                while (state := await told.next()).value["status"] != "running":
                    pass
                ident = state.value["id"]
                await ask("pause")
                await paused.wait()
            await ask("resume")
        (summary, rows), = heard
        assert summary["events"] == len(rows) == 0


async def test_what_makes_no_sense_is_refused_by_its_name(tmp_path):
    async with open_house(tmp_path) as house:
        async def refused(**body):
            reply = await house.post("/api/oracle/backtest", json=body)
            return reply.status, {one["field"]: one["suggestion"] for one in reply.json["error"]["details"]}

        assert await refused(watchdogs=["price_anomalie"]) == (422, {"watchdogs.price_anomalie": "price_anomaly"})
        assert await refused(**{"from": "yesterday"}) == (422, {"from": None})
        assert (await refused(**{"from": "2026-01-02", "to": "2026-01-01"}))[1].keys() == {"to"}
        assert (await refused(**{"from": "2020-01-01", "to": "2026-01-01"}))[1].keys() == {"from"}
        assert (await refused(settings={"metric": {"row_sec": 1}}))[1] == {"settings.metric.row_sec": "row_s"}
        assert (await refused(watchdog=["metric"]))[1] == {"watchdog": "watchdogs"}
        assert (await house.get("/api/oracle/runs/nobody")).status == 404
        assert (await house.post("/api/oracle/runs/nobody/cancel")).status == 404


async def test_too_many_at_once_are_refused(tmp_path):
    async with open_house(tmp_path) as house:
        answers = [await house.post("/api/oracle/backtest", json={"watchdogs": ["metric"]}) for _ in range(18)]
        taken = [answer for answer in answers if answer.status == 202]
        assert len(taken) in (16, 17) and answers[-1].status == 503, "beside the one at work, if it is by then, 16 wait"
        assert answers[-1].json["error"]["code"] == "full"
        for answer in taken:
            try:
                await house.system.runtime.ask("runs", Command("cancel", {"id": answer.json["id"]}))
            except ActorCrashed:
                raise
            except Exception as over:
                assert "illegal" in getattr(over, "code", "")


async def test_a_run_of_any_kind_is_begun_and_stopped_and_says_when_it_is_expected(tmp_path):
    async with open_house(tmp_path) as house:
        runtime = house.system.runtime
        args = {"kind": "task", "params": {}, "id": "any-1", "agent": "brain", "not_before_us": runtime.now_us() + 10**12}
        await runtime.ask("runs", Command("start", args))
        url = "/api/oracle/runs/any-1"
        assert (await house.post(url + "/stop")).json["error"]["details"] == {
            "status": "created", "allowed": ["cancelled", "failed", "queued"]}  # fmt: skip
        begun = await house.post(url + "/begin?reason=now")
        assert (begun.status, begun.json["status"], begun.json["reason"]) == (200, "queued", "now")
        assert (await house.post(url + "/begin")).status == 409
        await runtime.ask("runs", Command("claim", {"kind": "task", "agent": "brain", "worker": "w"}))
        await runtime.ask("run:any-1", Command("report", {"worker": "w", "progress": 0.5, "changes": {"cost_usd": 0.25}}))
        run = (await house.get(url)).json
        assert (run["worker"], run["attempts"], run["cost_usd"], run["input_tokens"]) == ("w", 1, 0.25, None)
        assert run["expected"] > run["started"] and run["lease_until"] > run["started"]
        assert (run["rounds"], run["clients"], run["facts"]) == (None, None, {})
        await runtime.ask("run:any-1", Command("report", {"worker": "w", "facts": {"rounds": 2, "clients": [{"id": "c"}]}}))
        (line,) = (await house.get("/api/oracle/runs?kind=task")).json["items"]
        assert (line["rounds"], line["accuracy"], line["clients"]) == (2, None, 1) and "facts" not in line
        assert (await house.get(url)).json["facts"]["clients"] == [{"id": "c"}]
        stopped = await house.post(url + "/stop", headers={"Idempotency-Key": "s1"})
        assert (stopped.status, stopped.json["status"], stopped.json["expected"]) == (200, "stopped", None)
        assert (await house.post(url + "/stop", headers={"Idempotency-Key": "s1"})).json == stopped.json
        assert (await house.post("/api/oracle/runs/..%2f..%2fx/stop")).status == 404
        assert (await house.post(url + "/stop?reason=" + "x" * 501)).status == 422


def test_a_run_is_expected_as_fast_as_it_went():
    run = Run("r", "task", {}, 0, status=Status.running, started_us=1_000, progress=0.25)
    assert run.expected_us(3_000) == 9_000
    assert [attrs.evolve(run, **gone).expected_us(3_000) for gone in ({"progress": 0.0}, {"status": "paused"})] == [None, None]

"""What is connected, and the jobs of the scheduler, over REST: each word changes when its cause does."""

import trio
from running import open_house, said

from actors.testing import probe
from oracle.settings import Data, Settings
from oracle.settings_trading import Scheduler, Trading

HEALTH, STATUS = "/api/system/health", "/api/system/status"
JOBS, TRIGGER = "/api/system/scheduler/jobs", "/api/system/scheduler/trigger"


def settings(folder, **more):
    trading = Trading(universe=("AAPL",), live_strategies=False)
    return Settings(data=Data(folder=folder), trading=trading, **more)


async def test_each_word_of_health_follows_its_cause(tmp_path):
    feeds = {"market": {"kind": "still:Still"}}
    async with open_house(tmp_path, settings=settings(tmp_path, feeds=feeds)) as house:
        system, runtime = house.system, house.system.runtime
        await said(runtime, "state:broker:paper")
        well = {"broker": "connected", "feed": "connected", "database": "connected", "redis": "connected",
                "ibkr_gateway_connected": False}  # fmt: skip
        assert (await house.get(HEALTH)).json == well
        short = {key: well[key] for key in ("broker", "feed", "ibkr_gateway_connected")}
        assert (await house.get(STATUS)).json == short

        await runtime.remove("feed:market")
        assert (await house.get(HEALTH)).json == {**well, "feed": "disconnected"}
        assert (await house.get(STATUS)).json == {**short, "feed": "disconnected"}
        system.board.put("broker:paper", {**system.board.get("broker:paper"), "connected": False}, runtime.now_us())
        assert (await house.get(HEALTH)).json == {**well, "feed": "disconnected", "broker": "disconnected"}
        assert (await house.get(STATUS)).json["broker"] == "disconnected"
        system.store.statistics.state = "down"
        assert (await house.get(HEALTH)).json["database"] == "disconnected"
        system.store.statistics.state = "ok"
        runtime.bus.close_gate()
        assert (await house.get(HEALTH)).json["redis"] == "disconnected"
        runtime.bus.open_gate()
        now = (await house.get(HEALTH)).json
        assert (now["database"], now["redis"]) == ("connected", "connected")


async def test_a_feed_of_something_else_is_no_market(tmp_path):
    feeds = {"well": {"kind": "health", "urls": {"here": "http://127.0.0.1:9/"}}}
    async with open_house(tmp_path, settings=settings(tmp_path, feeds=feeds)) as house:
        await said(house.system.runtime, "sample:http_status:here")
        assert house.system.statistics["well"].connected
        assert (await house.get(STATUS)).json["feed"] == "disconnected"


async def test_jobs_are_listed_and_triggered_and_end_as_runs(tmp_path):
    times = Scheduler(jobs={"weekly_trends": "off"})
    async with open_house(tmp_path, settings=settings(tmp_path, scheduler=times)) as house:
        jobs = {one["id"]: one for one in (await house.get(JOBS)).json}
        assert set(jobs) == {"daily_bars", "weekly_fundamentals", "biweekly_altdata", "weekly_retrain", "daily_sentiment",
                             "daily_briefing", "weekly_options_flow", "weekly_trends"}  # fmt: skip
        assert jobs["weekly_trends"]["next_run_time"] is None and jobs["weekly_trends"]["cron"] == "off"
        assert jobs["daily_bars"]["next_run_time"].endswith("Z") and jobs["daily_bars"]["last_status"] is None
        outcomes = {}
        for name in ("daily_bars", "daily_briefing", "weekly_retrain", "weekly_trends"):
            heard = probe(house.system.runtime, f"state:job:{name}")
            done = await house.post(f"{TRIGGER}/{name}")
            assert (done.status, done.json["status"], done.json["job"]) == (200, "triggered", name)
            with trio.fail_after(30):
                while (value := (await heard.next()).value)["last_status"] not in ("completed", "unavailable", "failed"):
                    pass
            assert value["last_run_id"] == done.json["run_id"]
            run = (await house.get(f"/api/oracle/runs/{done.json['run_id']}")).json
            assert (run["kind"], run["status"], run["params"]) == ("job", "completed", {"job": name})
            outcomes[name] = run["result"]
        shown = {one["id"]: one for one in (await house.get(JOBS)).json}
        assert shown["daily_bars"]["last_status"] == "completed" and outcomes["daily_bars"]["no_data"] == ["AAPL"]
        assert shown["weekly_trends"]["last_status"] == "unavailable"
        assert shown["weekly_trends"]["last_outcome"] == "unavailable: no source configured"
        assert outcomes["weekly_trends"] == {"outcome": "unavailable: no source configured"}
        assert outcomes["weekly_retrain"]["outcome"].startswith("unavailable: ")
        (event,) = (await house.get("/api/oracle/events?kind=daily_briefing")).json["items"]
        assert event["id"] == outcomes["daily_briefing"]["event_id"] and event["subject"] == "desk"
        assert event["data"]["portfolio"]["total_equity"] == 100_000.0 and event["data"]["open_orders"]["open"] == 0
        one, two = [await house.post(f"{TRIGGER}/weekly_trends", headers={"Idempotency-Key": "k"}) for _ in range(2)]
        assert one.json == two.json and two.headers["idempotent-replayed"] == "true"
        no = await house.post(f"{TRIGGER}/daily_bar")
        assert (no.status, no.json) == (404, {"detail": "Job 'daily_bar' not found; did you mean daily_bars?"})

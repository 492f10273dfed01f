"""Every room against a server: what is asked for is what it takes, and what it answers is what the room reads."""

from __future__ import annotations

import pytest
import trio
from running import open_served

from oracle.client import Client, RemoteFailed


@pytest.fixture
async def served(tmp_path):
    """A server at a port, as a client on trio."""
    async with open_served(tmp_path) as house:
        yield house, Client(f"http://127.0.0.1:{house.port}")


async def test_tasks_are_given_worked_off_and_watched(served):
    _, oracle = served
    tasks = oracle.tasks
    made = await tasks.create("say hello", assigned_agent="brain", model="sonnet-4", command_id="mine")
    assert (await tasks.create("say hello", assigned_agent="brain", model="sonnet-4", command_id="mine")).id == made.id
    assert [one.id async for one in tasks.list(status="queued")] == [one.id async for one in tasks.table()] == [made.id]
    news = []

    async def watch() -> None:
        async with tasks.watch(made.id) as told:
            async for one in told:
                news.append(one)
                watching.set()

    watching = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        await watching.wait()
        claimed = await tasks.claim("w1", "brain", lease_s=30)
        assert (claimed.id, claimed.status, await tasks.claim("w1")) == (made.id, "running", None)
        for n in (1, 2, 2, 3):
            await tasks.output(made.id, f"line {n}", sequence=n, worker="w1")
        assert (await tasks.heartbeat(made.id, "w1")).requested is None
        await tasks.log(made.id, {"type": "task:thinking", "data": {"content": "hm"}}, worker="w1")
        with pytest.raises(RemoteFailed) as lost:
            await tasks.patch(made.id, status="completed", worker="somebody")
        assert lost.value.status == 409
        await tasks.patch(made.id, status="completed", result="done", cost_usd=0.05, input_tokens=10, worker="w1")
    assert [one.output for one in news if one.stream == "stdout"] == ["line 1\n", "line 2\n", "line 3\n"]
    assert [one.status for one in news if one.output is None] == ["queued", "running", "completed"]
    assert news[-1].over and (news[-1].task.result, news[-1].task.cost_usd) == ("done", 0.05)
    assert (await tasks.logs(made.id)).output == "line 1\nline 2\nline 3\n"
    assert (await tasks.full_logs(made.id, "final-result"))["success"] is True
    kept = [piece async for piece in oracle.runs.output(made.id, page_size=2)]
    assert [piece["n"] for piece in kept] == [*range(1, len(kept) + 1)]
    assert [piece["text"] for piece in kept if piece["stream"] == "stdout"] == ["line 1\n", "line 2\n", "line 3\n"]
    assert (await oracle.analytics.summary())["total_cost"] == 0.05
    assert (await oracle.analytics.costs()).costs == (0.05,)
    assert (await oracle.analytics.performance())["completed_tasks"] == 1
    assert (await tasks.stop(made.id))["success"] is False
    await tasks.register_agent("brain", description="Thinks")
    assert "brain" in {one["name"] for one in await tasks.agents()}
    with pytest.raises(RemoteFailed, match="there is no task 'none'"):
        async with tasks.watch("none"):
            pass


async def test_an_experiment_of_another_scenario_is_worked_off_by_a_runner(served):
    _, oracle = served
    experiments = oracle.experiments
    made = await experiments.create({"name": "mine", "scenario": "my_lab", "configuration": {"rounds": 2}}, start=True)
    updates = []

    async def follow() -> None:
        async with experiments.monitor(made.id) as told:
            async for one in told:
                updates.append((one.status, one.current_round, one.accuracy))
                following.set()

    following = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(follow)
        await following.wait()
        claimed = await experiments.claim("r1", scenario="my_lab")
        assert (claimed.id, claimed.status, await experiments.claim("r1")) == (made.id, "running", None)
        client = {"id": "client_001", "accuracy": 0.5}
        first = await experiments.report_round(made.id, 1, accuracy=0.5, loss=1.0, clients=(client,), worker="r1")
        assert (first.known, first.current_round, first.rounds_total) == (False, 1, 2)
        assert (await experiments.pause(made.id, "maintenance")).requested == "paused"
        assert (await experiments.heartbeat(made.id, "r1")).requested == "paused"
        assert (await experiments.report_status(made.id, "paused", worker="r1")).status == "paused"
        assert (await experiments.resume(made.id)).status
        await experiments.report_status(made.id, "running", worker="r1")
        assert (await experiments.report_round(made.id, 2, accuracy=0.75, loss=0.5, worker="r1")).status == "completed"
    assert ("running", 1, 0.5) in updates
    assert [one[1] for one in updates] == sorted(one[1] for one in updates)
    assert updates[-1] == ("completed", 2, 0.75)
    done = await experiments.wait(made.id)
    assert (done.over, done.metrics.global_accuracy, done.clients[0].id) == (True, 0.75, "client_001")
    assert done.timeline[0].event and [row.round for row in await experiments.rounds(made.id)] == [1, 2]
    assert [one.id async for one in experiments.list("completed")] == [made.id]
    with pytest.raises(RemoteFailed) as over:
        await experiments.abort(made.id)
    assert (over.value.status, over.value.details["allowed"]) == (409, [])


async def test_the_rooms_of_markets_and_alerts(served):
    _, oracle = served
    rule = {"alert_id": "crashes", "name": "Crashes", "description": "Anything that falls fast", "delivery_methods": [],
            "trigger": {"type": "watchdog_event", "event_filter": {"event_types": ["flash_crash"]}}}  # fmt: skip
    assert (await oracle.alerts.create(rule)).id == "crashes"
    await oracle.alerts.disable("crashes")
    assert [(one.id, one.enabled) async for one in oracle.alerts.list()] == [("crashes", False)]
    assert [one.alert_id async for one in oracle.alerts.states(page_size=1)] == ["crashes"]
    await oracle.alerts.delete("crashes")
    assert {one.name for one in await oracle.watchdogs.list()} >= {"price_anomaly"}
    await oracle.watchdogs.restart("price_anomaly")
    assert (await oracle.portfolio.get()).total_equity == 100_000.0
    assert await oracle.positions.list() == await oracle.orders.list() == await oracle.backtests.list() == ()
    (strategy, *_) = await oracle.strategies.list()
    assert (await oracle.strategies.get(strategy.name)).available in (True, False)
    assert set((await oracle.history.events(kind="scan_start"))["kind"]) == {"scan_start"}
    assert list(await oracle.history.bars("BTC-USD", "1h")) == []
    with pytest.raises(RemoteFailed) as no:
        await oracle.orders.create("AAPL", "BUY", -1)
    assert no.value.status == 422


async def test_the_rooms_of_the_dashboard(served):
    _, oracle = served
    changed = await oracle.dashboard.configure({"dashboard": {"max_experiments": 7}})
    assert changed["dashboard"]["max_experiments"] == (await oracle.dashboard.config())["dashboard"]["max_experiments"] == 7
    await oracle.dashboard.ingest("fl_server", cpu=12.5, memory=512)
    assert (await oracle.dashboard.metrics(services=("fl_server",))).services["fl_server"]["cpu_usage"] == 12.5
    assert (await oracle.dashboard.health()).version
    assert await oracle.dashboard.dependencies()
    assert await oracle.incidents.list(severity="critical") == ()
    with pytest.raises(RemoteFailed) as no:
        await oracle.incidents.acknowledge("alert_999", "seen")
    assert no.value.status == 404
    made = await oracle.tokens.create("read", name="bob", ttl="1h")
    assert made["token"] and [one.id for one in await oracle.tokens.list()] == ["bob"]
    await oracle.tokens.revoke("bob")


async def test_runs_of_any_kind_are_moved(served):
    _, oracle = served
    made = await oracle.experiments.create(name="moved", scenario="elsewhere")
    begun = await oracle.runs.begin(made.id, reason="at last & now")
    assert (begun.status, begun.reason, begun.name, begun.agent) == ("queued", "at last & now", "moved", "elsewhere")
    with pytest.raises(RemoteFailed) as no:
        await oracle.runs.stop(made.id)
    assert no.value.status == 409
    assert (await oracle.runs.cancel(made.id)).status == (await oracle.runs.get(made.id)).status == "cancelled"


async def test_what_runs_put_out_is_asked_for_as_it_is(served):
    _, oracle = served
    for query in ({"cursor": "x"}, {"cursor": "-1"}, {"limit": 0}, {"limit": 1001}):
        with pytest.raises(RemoteFailed) as no:
            await oracle.get("api/oracle/runs/x/output", **query)
        assert no.value.status == 422
    with pytest.raises(RemoteFailed) as none:
        await oracle.get("api/oracle/runs/x/output")
    assert (none.value.status, none.value.code) == (404, "not_found")

"""What tasks cost and how they went: of stored ones and of those at work, each figure following what was reported."""

import pytest
from running import open_house

from oracle.history import Commit
from oracle.moments import iso_text
from oracle.runs.run import Run, value_of

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000


def task(ident, status, at_us, **more):
    given = {"params": {}, "agent": "brain", "model": "opus-4", "owner": "olga"}
    ended = {"finished_us": at_us + 2_000_000} if status in ("completed", "failed", "cancelled") else {}
    return Run(id=ident, kind="task", created_us=at_us, status=status, **{**given, **ended, **more})


async def have(system, *runs):
    """Those that are over are stored, the others at work."""
    await system.runtime.ask("history", Commit(tuple(run.row() for run in runs if run.over)))
    for run in runs:
        if not run.over:
            system.board.put(run.ref, value_of(run), run.created_us)


async def figures(house, path, key=None):
    reply = await house.get(path)
    assert reply.status == 200, reply.json
    return reply.json if key is None else reply.json[key]


async def test_analytics_from_the_first_task_on(tmp_path):
    async with open_house(tmp_path) as house:
        await before_the_first_task_all_is_nought(house)
        await every_figure_follows_what_was_reported(house)
        await performance_is_of_the_window(house)
        await conversations_sum_their_tasks(house)
        await what_is_out_of_range_is_named(house)


async def before_the_first_task_all_is_nought(house):
    nought = {"today_cost": 0, "today_tasks": 0, "total_cost": 0, "total_tasks": 0}
    assert await figures(house, "/api/analytics/summary") == nought
    empty = {"dates": [], "costs": [], "task_counts": [], "tokens": [], "avg_latency": [], "error_counts": []}
    assert await figures(house, "/api/analytics/costs/histogram") == empty
    assert await figures(house, "/api/analytics/costs/by-subagent") == {"subagents": [], "costs": [], "task_counts": []}
    found = await figures(house, "/api/analytics/performance?days=7")
    assert (found.pop("by_agent"), found.pop("by_model"), found.pop("window_days")) == ([], [], 7)
    assert set(found.values()) == {0}


async def every_figure_follows_what_was_reported(house):
    now_us = house.system.runtime.now_us()
    today_us = now_us - now_us % DAY_US
    old_us = today_us - 3 * DAY_US + 5 * HOUR_US + 7
    await have(
        house.system,
        task("a1", "completed", old_us, cost_usd=0.5, input_tokens=100, output_tokens=20, duration_s=2.0, conversation="c1"),
        task("a2", "failed", old_us + 60_000_000, cost_usd=0.25, duration_s=4.0, error="no", agent="hand", conversation="c1"),
        task("a3", "completed", old_us + HOUR_US, cost_usd=1.0, duration_s=1.0, model="sonnet-4", agent="hand"),
        task("a4", "cancelled", today_us, agent=""),
        task("a5", "running", today_us, cost_usd=2, input_tokens=7),
        task("long", "completed", now_us - 200 * DAY_US, cost_usd=10.0),
        Run("e1", "experiment", {}, old_us, "completed", finished_us=old_us, cost_usd=99.0),
    )
    expected = {"today_cost": 2.0, "today_tasks": 2, "total_cost": 13.75, "total_tasks": 6}
    assert await figures(house, "/api/analytics/summary") == expected
    first, today = iso_text(old_us)[:10], iso_text(today_us)[:10]
    assert await figures(house, "/api/analytics/costs/histogram") == {
        "dates": [first, today], "costs": [1.75, 2.0], "task_counts": [3, 2], "tokens": [120, 7],
        "avg_latency": [pytest.approx(7_000 / 3), 0.0], "error_counts": [1, 0],
    }  # fmt: skip
    hours = await figures(house, "/api/analytics/costs/histogram?granularity=hour&days=4")
    assert hours["dates"] == [f"{first} 05:00:00", f"{first} 06:00:00", f"{today} 00:00:00"]
    assert hours["costs"] == [0.75, 1.0, 2.0]
    assert await figures(house, "/api/analytics/costs/histogram?period=day", "data") == [
        {"timestamp": f"{first}T00:00:00Z", "cost": 1.75, "tasks": 3},
        {"timestamp": f"{today}T00:00:00Z", "cost": 2.0, "tasks": 2},
    ]
    assert (await figures(house, "/api/analytics/costs/histogram?period=hour", "data"))[0]["timestamp"] == f"{first}T05:00:00Z"
    found = await figures(house, "/api/analytics/costs/by-subagent")
    assert found == {"subagents": ["brain", "hand"], "costs": [2.5, 1.25], "task_counts": [2, 2]}


async def performance_is_of_the_window(house):
    found = await figures(house, "/api/analytics/performance")
    agents = {row.pop("agent"): row for row in found.pop("by_agent")}
    models = {row.pop("model"): row for row in found.pop("by_model")}
    assert found == {
        "window_days": 30, "total_tasks": 5, "completed_tasks": 2, "failed_tasks": 1, "success_rate": 40.0,
        "avg_duration_seconds": 1.5, "avg_tokens_per_task": 25.4, "avg_cost_per_task": 0.75, "unpriced_tasks": 0,
    }  # fmt: skip
    assert set(agents) == {"brain", "hand", ""} and set(models) == {"opus-4", "sonnet-4"}
    assert agents["hand"] == {
        "total_tasks": 2, "completed_tasks": 1, "failed_tasks": 1, "success_rate": 50.0, "avg_duration_seconds": 1.0,
        "avg_tokens_per_task": 0.0, "avg_cost_per_task": 0.625, "total_cost": 1.25, "unpriced_tasks": 0,
    }  # fmt: skip
    assert models["sonnet-4"]["total_tasks"] == 1
    assert (await figures(house, "/api/analytics/performance?days=365"))["total_tasks"] == 6
    await have(house.system, task("rare", "running", house.system.runtime.now_us(), input_tokens=5, model="rare"))
    found = await figures(house, "/api/analytics/performance")
    unpriced = {row["model"]: row["unpriced_tasks"] for row in found["by_model"]}
    assert (found["unpriced_tasks"], unpriced) == (1, {"opus-4": 0, "sonnet-4": 0, "rare": 1})


async def conversations_sum_their_tasks(house):
    now_us = house.system.runtime.now_us()
    for number, ident in enumerate(("c1", "c2")):
        value = {"title": f"Talk {ident}", "user_id": "olga", "created_us": now_us - number * 10 * DAY_US}
        house.system.board.put(f"conversation:{ident}", value, now_us)
    found = await figures(house, "/api/analytics/conversations?start_date=nonsense")
    assert [row["conversation_id"] for row in found["conversations"]] == ["c1", "c2"]
    assert (found["total_conversations"], found["total_tasks"], found["total_cost_usd"]) == (2, 2, 0.75)
    assert (found["avg_tasks_per_conversation"], found["avg_cost_per_conversation"]) == (1.0, 0.375)
    assert found["conversations"][0]["total_duration_seconds"] == 6.0
    day = iso_text(now_us - 10 * DAY_US)[:10]
    found = await figures(house, f"/api/analytics/conversations?end_date={day}")
    assert [row["title"] for row in found["conversations"]] == ["Talk c2"]
    assert (await figures(house, "/api/analytics/conversations?end_date=2001-01-01"))["avg_cost_per_conversation"] == 0


async def what_is_out_of_range_is_named(house):
    for query in ("days=0", "days=366", "days=x", "granularity=week", "period=year"):
        reply = await house.get(f"/api/analytics/costs/histogram?{query}")
        assert (reply.status, reply.json["detail"][0]["loc"]) == (422, ["query", query.partition("=")[0]])

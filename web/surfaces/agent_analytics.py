"""What agents' tasks cost and how they went, as agent-bot's dashboard asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import attrs
import msgspec

from oracle.history import costs
from oracle.history.retention import DAY_US
from oracle.moments import time_us, until_us
from oracle.problems import Invalid
from oracle.runs.records import EVERYTHING, RunFilter
from web.routes import Auth, Call, Param, Route
from web.wire import iso

__all__ = ["ROUTES"]

TASKS = ("task",)
HOUR_US = 3_600_000_000
WIDTHS = {"day": (DAY_US, "%Y-%m-%d"), "hour": (HOUR_US, "%Y-%m-%d %H:00:00")}
COUNTED = ("completed", "failed")


@attrs.frozen
class AnalyticsSummary:
    """Of all tasks, and of those that were created since 00:00 UTC; in US dollars."""

    today_cost: float
    today_tasks: int
    total_cost: float
    total_tasks: int


@attrs.frozen
class CostPoint:
    """The tasks that were created from `timestamp` on."""

    timestamp: str
    cost: float
    tasks: int


class CostHistogram(msgspec.Struct, frozen=True, omit_defaults=True):
    """Parallel arrays, oldest first, without the times in which there was no task. `dates` are UTC and without a zone, which the
    client adds. `avg_latency` is the mean duration in milliseconds, 0 where no task has one; `error_counts` tasks that have an
    error. `data` is the same as a list, where `period` asked for it; else both are missing."""

    dates: list[str]
    costs: list[float]
    task_counts: list[int]
    tokens: list[int]
    avg_latency: list[float]
    error_counts: list[int]
    period: str | None = None
    data: list[CostPoint] | None = None


@attrs.frozen
class CostsBySubagent:
    """Parallel arrays, the dearest agent first; tasks without an agent are left out."""

    subagents: list[str]
    costs: list[float]
    task_counts: list[int]


@attrs.frozen
class _Figures:
    total_tasks: int
    completed_tasks: int
    failed_tasks: int
    success_rate: float
    avg_duration_seconds: float
    avg_tokens_per_task: float
    avg_cost_per_task: float
    unpriced_tasks: int
    total_cost: float


@attrs.frozen
class AgentFigures(_Figures):
    """How the tasks of one agent went; "" is of those that name none."""

    agent: str


@attrs.frozen
class ModelFigures(_Figures):
    """How the tasks of one model went; "" is of those that name none."""

    model: str


@attrs.frozen
class Performance:
    """How the tasks of the last `window_days` went. `success_rate` is percent of all of them, `avg_duration_seconds` of the
    completed ones; each is 0 where there are none. `unpriced_tasks` took tokens that nothing says the price of."""

    window_days: int
    total_tasks: int
    completed_tasks: int
    failed_tasks: int
    success_rate: float
    avg_duration_seconds: float
    avg_tokens_per_task: float
    avg_cost_per_task: float
    unpriced_tasks: int
    by_agent: list[AgentFigures]
    by_model: list[ModelFigures]


@attrs.frozen
class ConversationFigures:
    """What a conversation came to: its completed and failed tasks; in US dollars and seconds."""

    conversation_id: str
    title: str
    user_id: str
    created_at: datetime
    total_tasks: int
    total_cost_usd: float
    total_duration_seconds: float
    started_at: datetime | None
    completed_at: datetime | None


@attrs.frozen
class ConversationAnalytics:
    """Sums and averages over the conversations that were created in a span of time; the dearest first."""

    total_conversations: int
    total_tasks: int
    total_cost_usd: float
    total_duration_seconds: float
    avg_tasks_per_conversation: float
    avg_cost_per_conversation: float
    avg_duration_per_conversation: float
    conversations: list[ConversationFigures]


async def summary(call: Call) -> AnalyticsSummary:
    """What tasks have cost, today and together."""
    now_us = call.system.runtime.now_us()
    total_cost, total, today_cost, today = await call.system.records.measured(
        TASKS, EVERYTHING, lambda at, wanted, live: costs.totals(at, wanted, live, now_us - now_us % DAY_US)
    )
    return AnalyticsSummary(today_cost, today, total_cost, total)


async def histogram(call: Call) -> CostHistogram:
    """What tasks cost, hour by hour or day by day (UTC), by when they were created."""
    period = call.args["period"]
    width_us, label = WIDTHS[period or call.args["granularity"]]
    found = await call.system.records.measured(
        TASKS, _window(call), lambda at, wanted, live: costs.histogram(at, wanted, live, width_us, label)
    )
    points = zip(found.labels, found.costs, found.counts, strict=True)
    return CostHistogram(
        found.labels, found.costs, found.counts, found.tokens, found.latency_ms, found.failed, period,
        [CostPoint(_zoned(at), cost, tasks) for at, cost, tasks in points] if period else None,
    )  # fmt: skip


async def by_subagent(call: Call) -> CostsBySubagent:
    """What each agent's tasks cost."""
    return CostsBySubagent(*await call.system.records.measured(TASKS, _window(call), costs.by_agent))


async def performance(call: Call) -> Performance:
    """How many tasks were completed, how long they took, and what they cost: all, by agent and by model."""
    whole, agents, models = await call.system.records.measured(TASKS, _window(call), costs.figures)
    return Performance(
        call.args["days"], *_numbers(whole)[:-1],
        [AgentFigures(*_numbers(one), one.agent or "") for one in agents],
        [ModelFigures(*_numbers(one), one.model or "") for one in models],
    )  # fmt: skip


async def conversations(call: Call) -> ConversationAnalytics:
    """What conversations came to; `start_date` and `end_date` bound when they were created, and are ignored where they are no
    times."""
    start_us, end_us = _moment(time_us, call.args["start_date"]), _moment(until_us, call.args["end_date"])
    known = {
        state.ref.partition(":")[2]: value for state in call.system.board.kind("conversation") if (value := state.value)
        and (start_us is None or value["created_us"] >= start_us) and (end_us is None or value["created_us"] < end_us)
    }  # fmt: skip
    sums = await call.system.records.measured(TASKS, RunFilter(status=COUNTED), costs.by_conversation)
    rows = [_conversation(ident, value, sums.get(ident, (0, 0.0, 0.0, None, None))) for ident, value in known.items()]
    tasks, cost = sum(row.total_tasks for row in rows), round(sum((row.total_cost_usd for row in rows), 0.0), 9)
    duration_s = sum((row.total_duration_seconds for row in rows), 0.0)
    count = len(rows) or 1
    rows.sort(key=lambda row: (-row.total_cost_usd, row.conversation_id))
    return ConversationAnalytics(len(rows), tasks, cost, duration_s, tasks / count, cost / count, duration_s / count, rows)


def _window(call: Call) -> RunFilter:
    return RunFilter(created_from_us=call.system.runtime.now_us() - call.args["days"] * DAY_US)


def _numbers(one: costs.Figures) -> Sequence[Any]:
    count = one.total or 1
    return (
        one.total, one.completed, one.failed, 100 * one.completed / count, one.avg_duration_s, one.tokens / count,
        one.cost_usd / count, one.unpriced, one.cost_usd,
    )  # fmt: skip


def _conversation(ident: str, value: dict[str, Any], sums: Sequence[Any]) -> ConversationFigures:
    tasks, cost, duration_s, started_us, ended_us = sums
    return ConversationFigures(
        ident, value["title"], value["user_id"], iso(value["created_us"]), tasks, cost, duration_s,
        *(None if at_us is None else iso(at_us) for at_us in (started_us, ended_us)),
    )  # fmt: skip


def _zoned(label: str) -> str:
    return f"{label.replace(' ', 'T')}Z" if " " in label else f"{label}T00:00:00Z"


def _moment(read: Callable[[str, Sequence[str]], int], text: str | None) -> int | None:
    try:
        return read(text, ("query",)) if text else None
    except Invalid:
        return None


_DAYS = Param("days", "int", default=30, ge=1, le=365, doc="how far back, from now")
_GRAIN = Param("granularity", default="day", choices=tuple(WIDTHS))
_PERIOD = Param("period", choices=tuple(WIDTHS), doc="adds a list of points, and is the granularity")
_SPAN = (Param("start_date", doc="ISO 8601"), Param("end_date", doc="ISO 8601"))
_READ = {"auth": Auth.token, "tag": "agent_bot"}
_COSTS = "/api/analytics/costs"
ROUTES = (
    Route("GET", "/api/analytics/summary", summary, answer=AnalyticsSummary, **_READ),
    Route("GET", f"{_COSTS}/histogram", histogram, params=(_DAYS, _GRAIN, _PERIOD), answer=CostHistogram, **_READ),
    Route("GET", f"{_COSTS}/by-subagent", by_subagent, params=(_DAYS,), answer=CostsBySubagent, **_READ),
    Route("GET", "/api/analytics/performance", performance, params=(_DAYS,), answer=Performance, **_READ),
    Route("GET", "/api/analytics/conversations", conversations, params=_SPAN, answer=ConversationAnalytics, **_READ),
)

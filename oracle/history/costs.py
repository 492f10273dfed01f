"""What runs cost and how they went, as SQL: each question is one statement over stored runs and those at work.

Costs are US dollars, durations seconds (`_s`) or milliseconds (`_ms`), tokens those of input and output together. A run belongs
to the moment it was created. What nobody said counts as nothing; an average is over those that said it, 0 where none did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from oracle.history.page import Filter

__all__ = ["Buckets", "Figures", "by_agent", "by_conversation", "figures", "histogram", "spent", "totals"]

# Those at work come as lists, in the order and with the types of the columns.
_COLUMNS = {
    "ts_us": "BIGINT", "status": "VARCHAR", "owner": "VARCHAR", "agent": "VARCHAR", "model": "VARCHAR", "conversation": "VARCHAR",
    "cost_usd": "DOUBLE", "input_tokens": "BIGINT", "output_tokens": "BIGINT", "duration_s": "DOUBLE", "failed": "BOOLEAN",
    "started_us": "BIGINT", "finished_us": "BIGINT",
}  # fmt: skip
_LIVE = "SELECT " + ", ".join(f"unnest(?::{type_}[])" for type_ in _COLUMNS.values())
_RUNS = f"(SELECT {', '.join(_COLUMNS)} FROM run WHERE {{where}}{{live}})"

_COST = "coalesce(round(sum(cost_usd), 9), 0.0)"
_TOKENS = "coalesce(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), 0)::BIGINT"
_HISTOGRAM = (
    "SELECT list(strftime(make_timestamp(at_us), ?) ORDER BY at_us), list(cost ORDER BY at_us), list(n ORDER BY at_us), "
    "list(tokens ORDER BY at_us), list(latency_ms ORDER BY at_us), list(failed ORDER BY at_us) FROM ("
    f"SELECT ts_us - ts_us % ? AS at_us, {_COST} AS cost, count(*) AS n, {_TOKENS} AS tokens, "
    "coalesce(avg(duration_s) * 1000, 0.0) AS latency_ms, count(*) FILTER (failed) AS failed FROM {runs} GROUP BY at_us)"
)
_BY_AGENT = (
    "SELECT list(agent ORDER BY cost DESC, agent), list(cost ORDER BY cost DESC, agent), list(n ORDER BY cost DESC, agent) FROM ("
    f"SELECT agent, {_COST} AS cost, count(*) AS n FROM {{runs}} WHERE agent <> '' GROUP BY agent)"
)
_TOTALS = (
    f"SELECT {_COST}, count(*), coalesce(round(sum(cost_usd) FILTER (ts_us >= ?), 9), 0.0), count(*) FILTER (ts_us >= ?) "
    "FROM {runs}"
)
# one row for all of them, one for each agent, one for each model
_FIGURES = (
    "SELECT agent, model, count(*) AS n, count(*) FILTER (status = 'completed'), count(*) FILTER (status = 'failed'), "
    f"coalesce(avg(duration_s) FILTER (status = 'completed'), 0.0), {_TOKENS}, {_COST}, "
    "count(*) FILTER (cost_usd IS NULL AND coalesce(input_tokens, 0) + coalesce(output_tokens, 0) > 0), "
    "grouping(agent, model) AS level "
    "FROM {runs} GROUP BY GROUPING SETS ((agent), (model), ()) ORDER BY n DESC, agent, model"
)
_ALL, _OF_AGENT, _OF_MODEL = 3, 1, 2
# those that came to something, as conversations count them
_BY_CONVERSATION = (
    f"SELECT conversation, count(*), {_COST}, coalesce(sum(duration_s), 0.0), min(started_us), max(finished_us) FROM {{runs}} "
    "WHERE conversation <> '' AND status IN ('completed', 'failed') GROUP BY conversation"
)
_SPENT = "SELECT owner, agent, sum(cost_usd) FROM {runs} WHERE cost_usd > 0 GROUP BY owner, agent"


@attrs.frozen
class Buckets:
    """Parallel lists, oldest first; buckets without a run are left out."""

    labels: list[str]
    costs: list[float]
    counts: list[int]
    tokens: list[int]
    latency_ms: list[float]
    failed: list[int]


@attrs.frozen
class Figures:
    """How some runs went; of an agent, of a model, or (both None) all of them."""

    agent: str | None
    model: str | None
    total: int
    completed: int
    failed: int
    avg_duration_s: float
    """Of the completed ones."""
    tokens: int
    cost_usd: float
    unpriced: int
    """Those that took tokens, for which there was no price: what they cost is not in `cost_usd`."""


Live = Sequence[Mapping[str, Any]]
"""Values of the States of runs that are not over."""


def histogram(at: Any, wanted: Filter, live: Live, width_us: int, label: str) -> Buckets:
    """Buckets of `width_us` (a day or less), UTC, called by `label` as `strftime` reads it."""
    runs, parameters = _runs(wanted, live)
    row = at.execute(_HISTOGRAM.format(runs=runs), [label, width_us, *parameters]).fetchone()
    return Buckets(*(column or [] for column in row))


def by_agent(at: Any, wanted: Filter, live: Live) -> tuple[list[str], list[float], list[int]]:
    """Agents, what each cost and how many runs it had, dearest first; runs without an agent are left out."""
    runs, parameters = _runs(wanted, live)
    agents, costs, counts = at.execute(_BY_AGENT.format(runs=runs), parameters).fetchone()
    return agents or [], costs or [], counts or []


def totals(at: Any, wanted: Filter, live: Live, since_us: int) -> tuple[float, int, float, int]:
    """What all cost, how many there are, and both again of those that were created since then."""
    runs, parameters = _runs(wanted, live)
    return at.execute(_TOTALS.format(runs=runs), [since_us, since_us, *parameters]).fetchone()  # type: ignore[no-any-return]


def figures(at: Any, wanted: Filter, live: Live) -> tuple[Figures, list[Figures], list[Figures]]:
    """Those of all, by agent and by model; those of most runs first."""
    runs, parameters = _runs(wanted, live)
    rows = at.execute(_FIGURES.format(runs=runs), parameters).fetchall()
    none = Figures(None, None, 0, 0, 0, 0.0, 0, 0.0, 0)
    whole = next((Figures(None, None, *row[2:-1]) for row in rows if row[-1] == _ALL), none)
    agents = [Figures(row[0], None, *row[2:-1]) for row in rows if row[-1] == _OF_AGENT]
    return whole, agents, [Figures(None, row[1], *row[2:-1]) for row in rows if row[-1] == _OF_MODEL]


def by_conversation(at: Any, wanted: Filter, live: Live) -> dict[str, tuple[int, float, float, int | None, int | None]]:
    """By conversation its completed and failed runs: how many, their cost, their seconds, first start and last end (UTC us)."""
    runs, parameters = _runs(wanted, live)
    return {ident: tuple(row) for ident, *row in at.execute(_BY_CONVERSATION.format(runs=runs), parameters).fetchall()}


def spent(at: Any, wanted: Filter, live: Live) -> list[tuple[str, str, float]]:
    """(owner, agent, cost) of those who spent anything."""
    runs, parameters = _runs(wanted, live)
    return at.execute(_SPENT.format(runs=runs), parameters).fetchall()  # type: ignore[no-any-return]


def _runs(wanted: Filter, live: Live) -> tuple[str, list[Any]]:
    if not live:
        return _RUNS.format(where=wanted.sql, live=""), wanted.parameters
    rows = [[_of(value, name) for value in live] for name in _COLUMNS]
    return _RUNS.format(where=wanted.sql, live=f" UNION ALL {_LIVE}"), [*wanted.parameters, *rows]


def _of(value: Mapping[str, Any], name: str) -> Any:
    match name:
        case "ts_us":
            return value["created_us"]
        case "failed":
            return value["error"] is not None
        case "cost_usd" | "duration_s":
            return None if value[name] is None else float(value[name])
        case _:
            return value[name]

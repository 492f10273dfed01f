"""What became of alerts that fired: who looked after each, what they said, when it was over. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import msgspec

from oracle.history.page import Filter, encode_cursor

__all__ = ["Acknowledged", "PastAlert", "Step", "acknowledged", "past_alerts"]

STEPS = ("alert_acknowledged", "alert_muted", "alert_escalated", "alert_resolved")
OVER = "alert_resolved"
MOST_STEPS = 20_000  # of all alerts of a page
_KINDS = ", ".join(f"'{kind}'" for kind in STEPS)
_SAID = (
    "SELECT subject, json_extract_string(data, '$.event_id') AS about, string_agg(concat_ws(' ', "
    "json_extract_string(data, '$.by'), json_extract_string(data, '$.comment')), ' ') AS said "
    f"FROM event WHERE kind IN ({_KINDS}) GROUP BY subject, about"
)
_FIRED = "SELECT * FROM event WHERE kind = 'alert_fired' QUALIFY row_number() OVER (PARTITION BY id ORDER BY seq) = 1"
# `words` is all that somebody may remember of it.
_PAGE = (
    "SELECT id, subject, severity, summary, data, ts_us, seq FROM (SELECT f.*, concat_ws(' ', f.summary, f.subject, s.said) AS "
    f"words FROM ({_FIRED}) AS f LEFT JOIN ({_SAID}) AS s "
    "ON s.subject = f.subject AND s.about = json_extract_string(f.data, '$.event_id')) "
    "WHERE {where} ORDER BY ts_us DESC, seq DESC LIMIT {limit}"
)
_AFTER = (
    f"SELECT subject, kind, ts_us, data FROM event WHERE kind IN ({_KINDS}) AND ts_us >= ? AND subject IN "
    "({marks}) QUALIFY row_number() OVER (PARTITION BY id ORDER BY seq) = 1 "
    f"ORDER BY ts_us, seq LIMIT {MOST_STEPS}"
)
# The first that somebody said after a firing, before the alert fired again.
_ACKNOWLEDGED = (
    "WITH fired AS (SELECT id, subject, ts_us, lead(ts_us) OVER (PARTITION BY subject ORDER BY ts_us) AS next_us "
    f"FROM ({_FIRED})), "
    "said AS (SELECT DISTINCT subject, ts_us FROM event WHERE kind = 'alert_acknowledged'), "
    "met AS (SELECT fired.subject, fired.id, min(said.ts_us) - any_value(fired.ts_us) AS took_us FROM fired JOIN said ON "
    "said.subject = fired.subject AND said.ts_us >= fired.ts_us AND (next_us IS NULL OR said.ts_us < next_us) "
    "WHERE fired.ts_us >= ? AND fired.ts_us < ? GROUP BY fired.subject, fired.id) "
    "SELECT subject, count(*), quantile_cont(took_us, 0.5) / 1e6 FROM met GROUP BY GROUPING SETS ((subject), ())"
)


@attrs.frozen
class Step:
    """What somebody did about an alert (`by` is empty where it did it by itself), and what they said."""

    kind: str
    ts_us: int
    by: str
    comment: str


@attrs.frozen
class PastAlert:
    """A firing, with the first of each kind of step that followed until it was over."""

    id: str
    rule_id: str
    severity: str
    summary: str
    data: dict[str, Any]
    ts_us: int
    steps: tuple[Step, ...]


@attrs.frozen
class Acknowledged:
    """How many firings somebody acknowledged before the next, and the median of the time it took, in seconds."""

    count: int
    median_s: float


def past_alerts(at: Any, wanted: Filter, limit: int) -> tuple[list[PastAlert], str | None]:
    """Firings that `wanted` means, newest first, and the cursor of the rest; its columns are those of events and `words`."""
    rows = at.execute(_PAGE.format(where=wanted.sql, limit=limit + 1), wanted.parameters).fetchall()
    shown, more = rows[:limit], len(rows) > limit
    after = _after(at, sorted({row[1] for row in shown}), min((row[5] for row in shown), default=0))
    found = [
        PastAlert(ident, rule, severity, summary, _decoded(data), ts_us, _steps(after[rule], ts_us))
        for ident, rule, severity, summary, data, ts_us, _ in shown
    ]
    return found, encode_cursor(shown[-1][5], shown[-1][6]) if more else None


def acknowledged(at: Any, from_us: int, to_us: int) -> dict[str | None, Acknowledged]:
    """By rule (None: of all) those that fired in from_us <= time < to_us; a rule of which nobody acknowledged one is left out."""
    rows = at.execute(_ACKNOWLEDGED, [from_us, to_us]).fetchall()
    return {rule: Acknowledged(count, round(median_s, 3)) for rule, count, median_s in rows if count}


def _after(at: Any, rules: Sequence[str], since_us: int) -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = defaultdict(list)
    if rules:
        sql = _AFTER.format(marks=", ".join("?" * len(rules)))
        for rule, kind, ts_us, data in at.execute(sql, [since_us, *rules]).fetchall():
            said = _decoded(data)
            found[rule].append(Step(kind, ts_us, said.get("by", ""), said.get("comment", "")))
    return found


def _steps(steps: Iterable[Step], since_us: int) -> tuple[Step, ...]:
    first: dict[str, Step] = {}
    for step in steps:
        if step.ts_us >= since_us:
            first.setdefault(step.kind, step)
            if step.kind == OVER:
                break
    return tuple(first.values())


def _decoded(data: Any) -> dict[str, Any]:
    value = msgspec.json.decode(data) if isinstance(data, str) else data
    return value if isinstance(value, dict) else {}

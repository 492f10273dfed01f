"""Alerts that fired, under `/api/oracle/alerts/history`: what became of each, who looked after it and what they said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from oracle.history import Commit
from oracle.history.page import decode_cursor
from oracle.history.past_alerts import PastAlert, Step
from oracle.model import Severity
from web.origin import event_provider, is_simulated
from web.params import CURSOR
from web.routes import Auth, Call, Family, Param, Route, Scope
from web.wire import iso

__all__ = ["ROUTES"]


@attrs.frozen
class StepShown:
    """What came of a firing: `kind` is acknowledged, muted, escalated or resolved; `by` is empty where it came by itself."""

    kind: str
    ts: datetime
    by: str
    comment: str


@attrs.frozen
class FiringShown:
    """A firing of an alert: what set it off (`event_id`, of `event_kind`, about `subject`), and the first step of each kind that
    followed until it was over. `name` is null where the alert is gone."""

    id: str
    alert_id: str
    name: str | None
    ts: datetime
    severity: str
    summary: str
    subject: str
    event_id: str
    event_kind: str
    simulated: bool
    deliveries: list[str]
    steps: list[StepShown]


@attrs.frozen
class FiringList:
    """Newest first; `next` asks for the rest, null at the end."""

    items: list[FiringShown]
    next: str | None


async def history(call: Call) -> FiringList:
    """Every firing with what became of it, newest first; `text` is looked for in its words and in what people said to it."""
    args, system = call.args, call.system
    await system.runtime.ask("history", Commit(()))
    wanted = {name: args[name] for name in ("severity", "from_us", "to_us", "limit", "cursor")}
    found, more = await system.queries.past_alerts(rule_id=args["alert_id"], text=args["text"] or "", **wanted)
    return FiringList([_shown(call, one) for one in found], more)


def _shown(call: Call, one: PastAlert) -> FiringShown:
    value: dict[str, Any] | None = call.system.board.get(f"rule:{one.rule_id}")
    data = one.data
    return FiringShown(
        one.id, one.rule_id, value["name"] if value else None, iso(one.ts_us), one.severity, one.summary,
        str(data.get("event_subject", "")), str(data.get("event_id", "")), str(data.get("event_kind", "")),
        is_simulated(event_provider(str(data.get("event_source", "")), data)), list(data.get("deliveries", ())),
        [_step(step) for step in one.steps],
    )  # fmt: skip


def _step(step: Step) -> StepShown:
    return StepShown(step.kind.removeprefix("alert_"), iso(step.ts_us), step.by, step.comment)


_PARAMS = (
    Param("alert_id"),
    Param("severity", choices=tuple(level.value for level in Severity)),
    Param("text", le=200, doc="a piece of its words, or of a comment, whatever the case"),
    Param("from", "time", doc="first instant, inclusive"),
    Param("to", "time", doc="last instant, exclusive"),
    Param("limit", "int", default=100, ge=1, le=1_000, doc="most rows"),
    Param("cursor", check=lambda text: decode_cursor(text, 2), shape=CURSOR, doc="`next` of the page before"),
)
ROUTES = (
    Route("GET", "/api/oracle/alerts/history", history, Auth.token, Scope.read, Family.error, _PARAMS, answer=FiringList,
          refuses=(503, 504), tag="oracle", head=True),
)  # fmt: skip

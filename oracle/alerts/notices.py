"""What is told of an alert's change of phase: the event of it, and the notices that it is resolved or escalated. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oracle.alerts.lifecycle import Input
from oracle.alerts.owed import deliveries_for
from oracle.alerts.record import Record
from oracle.alerts.rule import Rule
from oracle.alerts.steps import Edge
from oracle.model import Delivery, Event, Severity, event_id

__all__ = ["KINDS", "Edge", "edge"]

KINDS = {
    Input.over: "alert_resolved", Input.acknowledge: "alert_acknowledged", Input.unacknowledge: "alert_unacknowledged",
    Input.mute: "alert_muted", Input.escalate: "alert_escalated", Input.wait: "alert_pending", Input.lapse: "alert_lapsed",
}  # fmt: skip
"""The kind of event by what happened; that it was met is said by `alert_fired`, or by what held that back."""


def edge(
    rule: Rule, before: Record, after: Record, step: Input, now_us: int, why: str, command_id: str = ""
) -> Edge:
    """The change from `before` to `after`; its id is of the change, so decided once more it is the same."""
    kind = KINDS[step]
    last = {} if step in (Input.wait, Input.lapse) else after.last or {}
    ident = event_id(kind, rule.alert_id, rule.ref, before.since_us or 0, before.edges, before.last_event_id)
    said = after.comment or (why if not after.by else "")
    word = kind.removeprefix("alert_")
    severity = Severity(last.get("severity", Severity.medium))
    about = _about(rule, last, word, why, ident, severity, now_us)
    deliveries = _owed(rule, before, step, about, word, now_us)
    told = Event(
        id=ident, kind=kind, subject=rule.alert_id, source=rule.ref, severity=severity,
        summary=f"{rule.called}: {word}{f' by {after.by}' if after.by else ''}{f': {said}' if said else ''}",
        data={"by": after.by, "comment": after.comment, "why": why, "from": str(before.phase), "to": str(after.phase),
              "event_id": before.last_event_id, "deliveries": [one.id for one in deliveries]},
        ts_us=now_us, cause=command_id or before.last_event_id,
    )  # fmt: skip
    return Edge(after, deliveries, (), told, about, command_id)


def _owed(
    rule: Rule, before: Record, step: Input, about: Event, word: str, now_us: int
) -> tuple[Delivery, ...]:
    """Whom to tell: of an escalation its own methods, or all; that it is over, whoever was told that it began. And what to do."""
    if step is Input.escalate:
        return deliveries_for(rule, about, now_us, rule.escalate_methods or None, status=word)
    if step is Input.over and before.told_us is not None:
        return deliveries_for(rule, about, now_us, None if rule.notify_resolved else (), status=word)
    return ()


def _about(
    rule: Rule, last: Mapping[str, Any], word: str, why: str, ident: str, severity: Severity, now_us: int
) -> Event:
    """The event once more, saying what became of it."""
    return Event(
        id=ident, kind=last.get("kind", f"alert_{word}"), subject=last.get("subject", ""), source=last.get("source", rule.ref),
        severity=severity, summary=f"{word.capitalize()} ({why}): {last.get('summary', rule.called)}",
        data=dict(last.get("data") or {}), ts_us=now_us,
    )  # fmt: skip

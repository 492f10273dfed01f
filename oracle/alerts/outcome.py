"""What came of an action, for the record: an event that says what was done to what, why, and who wrote the rule. Pure."""

from __future__ import annotations

from oracle.alerts.actions import subject_of_action
from oracle.model import Attempt, Delivery, Event, Severity, event_id, ref

__all__ = ["outcomes"]


def outcomes(delivery: Delivery, verdict: Attempt, author: str) -> tuple[Event, ...]:
    """The event that goes with the last try at an action, with the same id however often it is said: `action_done`,
    `action_failed`, or `action_rehearsed` for a test. Nothing for a delivery that only tells."""
    subject = subject_of_action(delivery)
    if not subject:
        return ()
    action, source, done = delivery.payload["action"], ref("rule", delivery.rule_id), verdict.outcome == "delivered"
    kind = "action_rehearsed" if delivery.payload.get("test") else "action_done" if done else "action_failed"
    text = {"action_done": "was done", "action_failed": "was not done", "action_rehearsed": "was only rehearsed"}[kind]
    why = "" if done else f": {verdict.error}"
    return (Event(
        id=event_id(kind, subject, source, 0, delivery.id), kind=kind, subject=subject, source=source,
        severity=Severity.low if done else Severity.medium, summary=f"{action['command']} {subject} {text}{why}",
        data={**action, "outcome": verdict.outcome, "error": verdict.error, "delivery": delivery.id,
              "event_id": delivery.event_id, "author": author}, ts_us=verdict.ts_us, cause=delivery.id,
    ),)  # fmt: skip

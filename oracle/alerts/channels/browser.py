"""Shows a desktop notification on every dashboard that is open and was allowed to."""

from __future__ import annotations

import attrs

from oracle.alerts.message import one_line, own_text, subject_of
from oracle.alerts.rule import Rule
from oracle.alerts.sending import Tools
from oracle.model import Delivery, Event, Severity, event_id

__all__ = ["NOTIFICATION", "Browser"]

NOTIFICATION = "notification"
LONGEST = 500


@attrs.frozen
class Browser:
    """Publishes an event `notification` with title and text, which the page shows. The delivery is committed before that; it
    counts as delivered once the event is published, for nobody can know who looks. Each try is the same event, by its id."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """See `oracle.alerts.sending.Channel`."""
        event = delivery.payload.get("event") or {}
        title = one_line(subject_of(rule, delivery.payload).removeprefix("FIML Alert: "))
        text = one_line(own_text(rule, delivery.payload) or str(event.get("description", "")), LONGEST)
        provider = (event.get("metadata") or {}).get("provider", "")
        tools.publish(Event(
            id=event_id(NOTIFICATION, rule.alert_id, "channel:browser", delivery.ts_us, delivery.id), kind=NOTIFICATION,
            subject=rule.alert_id, source="channel:browser", severity=_severity(event.get("severity")),
            summary=f"{title}: {text}", ts_us=delivery.ts_us, cause=delivery.event_id,
            data={"title": title, "text": text, "delivery_id": delivery.id, "provider": provider},
        ))  # fmt: skip
        return 0


def _severity(text: object) -> Severity:
    return Severity(text) if text in list(Severity) else Severity.low

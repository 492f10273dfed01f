"""Decides, event by event, whether one rule fires, and what is then owed to whom. No clock, no network, no disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import attrs

from oracle.alerts.owed import deliveries_for, hopeless_among
from oracle.alerts.rule import Rule
from oracle.alerts.trigger import MET
from oracle.model import Attempt, Delivery, Event, event_id

__all__ = ["Decider", "Firing", "Record"]


@attrs.frozen
class Record:
    """What a rule has done so far: the value of State `alert:ID`. It outlives changes of the rule."""

    trigger_count: int = 0
    last_triggered_us: int | None = None
    suppressed: int = 0
    """Events that matched while it cooled down."""
    last_event_id: str = ""
    on_since_us: int | None = None
    """Since when its condition is met; None while it is not, and for events, which last no time."""

    @classmethod
    def of(cls, value: Mapping[str, Any] | None) -> Record:
        """The record in the value of its State; an empty one for None."""
        known = {field.name for field in attrs.fields(cls)}
        return cls(**{name: part for name, part in (value or {}).items() if name in known})

    def value(self) -> dict[str, Any]:
        """The value of its State."""
        return attrs.asdict(self)


@attrs.frozen
class Firing:
    """A rule fired: the new record, what is owed, the tries that can't succeed, and the event that says so."""

    record: Record
    deliveries: tuple[Delivery, ...]
    hopeless: tuple[Attempt, ...]
    alert: Event

    @property
    def owed(self) -> list[Delivery]:
        """The deliveries that somebody can carry."""
        lost = {attempt.delivery_id for attempt in self.hopeless}
        return [delivery for delivery in self.deliveries if delivery.id not in lost]


@attrs.define
class Decider:
    """One rule and its record. `channels` names the delivery methods that exist."""

    rule: Rule
    record: Record
    channels: Collection[str]

    def update(self, event: Event, now_us: int) -> Firing | None:
        """Take an event published at `now_us`; what is owed if the rule fires on it.

        The cooldown runs from the last firing; what matches meanwhile is counted and said no more about.
        """
        trigger, ident = self.rule.trigger, self.rule.alert_id
        if trigger.is_told(event, ident) and "direction" not in event.data:  # a crossing lasts no time either
            self.record = attrs.evolve(self.record, on_since_us=event.ts_us if event.kind == MET else None)
        if not trigger.fires_on(event, ident):
            return None
        record, last_us = self.record, self.record.last_triggered_us
        # A last firing in the future means that the clock was set back: waiting for it would mute the rule.
        if last_us is not None and 0 <= now_us - last_us < self.rule.cooldown_seconds * 1_000_000:
            self.record = attrs.evolve(record, suppressed=record.suppressed + 1)
            return None
        self.record = attrs.evolve(
            record, trigger_count=record.trigger_count + 1, last_triggered_us=now_us, last_event_id=event.id)
        deliveries = deliveries_for(self.rule, event, now_us)
        hopeless = hopeless_among(deliveries, self.rule, self.channels, now_us)
        return Firing(self.record, deliveries, hopeless, self._alert(event, deliveries, now_us))

    def _alert(self, event: Event, deliveries: tuple[Delivery, ...], now_us: int) -> Event:
        rule = self.rule
        return Event(
            id=event_id("alert_fired", rule.alert_id, rule.ref, event.ts_us, event.id),
            kind="alert_fired", subject=rule.alert_id, source=rule.ref, severity=event.severity,
            summary=f"{rule.name}: {event.summary}",
            data={"event_id": event.id, "event_kind": event.kind, "event_subject": event.subject,
                  "provider": event.data.get("provider", ""), "deliveries": [one.id for one in deliveries]},
            ts_us=now_us, cause=event.id,
        )  # fmt: skip

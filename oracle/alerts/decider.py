"""Decides, event by event, whether one rule fires, what is then owed to whom, and how its alert lives on. No clock, no network,
no disk.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping

import attrs

from actors import Refused
from oracle.alerts.lifecycle import Input, Phase, allowed, moved
from oracle.alerts.notices import Edge, edge, last_of
from oracle.alerts.owed import deliveries_for, hopeless_among
from oracle.alerts.record import Record
from oracle.alerts.rule import Rule
from oracle.alerts.silence import Silence
from oracle.alerts.steps import Firing, Held, Step
from oracle.alerts.terms import terms_of
from oracle.alerts.trigger import MET, OVER
from oracle.model import Command, Delivery, Event, event_id
from oracle.problems import Invalid

__all__ = ["WISHES", "Decider", "Edge", "Firing", "Held", "Record", "Step", "deadlines"]

SECOND_US, HOUR_US = 1_000_000, 3_600_000_000
WISHES = {"acknowledge": Input.acknowledge, "unacknowledge": Input.unacknowledge, "mute": Input.mute, "resolve": Input.over}


@attrs.define
class Decider:
    """One rule and its record. `channels` names the delivery methods that exist, `silences` are by id."""

    rule: Rule
    record: Record
    channels: Collection[str]
    silences: Mapping[str, Silence] = attrs.field(factory=dict)
    changed_us: int = 0
    """When the rule was changed or enabled last: no wait is older."""

    def update(self, event: Event, now_us: int) -> Step | Held | None:
        """Take an event published at `now_us`; what is owed if the rule fires on it, or is over.

        The cooldown runs from the last firing; what matches meanwhile is counted and said no more about.
        """
        trigger, ident = self.rule.trigger, self.rule.alert_id
        if trigger.is_told(event, ident) and "direction" not in event.data:  # a crossing lasts no time either
            self.record = attrs.evolve(self.record, on_since_us=event.ts_us if event.kind == MET else None)
            if event.kind == OVER and self.record.phase is not Phase.inactive:
                return self._move(Input.over, now_us, why="the condition is over")
        if not trigger.fires_on(event, ident):
            return None
        began = self._met(now_us)
        held = self._held(event, now_us, began)
        if held is not None:
            self.record = self.record.suppressing(held.reason)
            return held if held.alert is not None else None
        return self._fire(event, now_us, began)

    def wish(self, command: Command, now_us: int) -> Edge:
        """What somebody wishes of the alert: acknowledge, unacknowledge, mute, resolve. Raises Refused `illegal`."""
        step = WISHES[command.verb]
        moved(self.record.phase, step)
        if step is Input.over and lasts(self.rule, self.record):
            can = [word for word in allowed(self.record.phase) if word != "resolve"]
            raise Refused("its condition is still met: it is resolved when that is over; mute it until then", "illegal",
                          {"phase": str(self.record.phase), "allowed": can})  # fmt: skip
        comment = str(command.args.get("comment") or "")
        return self._move(step, now_us, command.verb, command.by, comment, command.id)

    @property
    def next_deadline(self) -> int | None:
        """When it escalates, or is resolved, though nothing is heard."""
        return min((at_us for at_us, _ in deadlines(self.rule, self.record, self.changed_us)), default=None)

    def on_time(self, now_us: int) -> Edge | None:
        """The first step that is due; call again until there is none."""
        due = min(deadlines(self.rule, self.record, self.changed_us), default=None)
        if due is None or due[0] > now_us:
            return None
        if due[1] is Input.escalate:
            return self._move(due[1], now_us, why=f"not acknowledged within {self.rule.escalate_after_s} s")
        return self._move(due[1], now_us, why=f"nothing more for {self.rule.resolve_after_s} s")

    # ---- private

    def _met(self, now_us: int) -> bool:
        """Take that it is met; whether the alert begins with it."""
        before = self.record
        phase = moved(before.phase, Input.met)
        self.record = attrs.evolve(before, met_us=now_us)
        if phase is not before.phase:
            self.record = attrs.evolve(
                self.record, phase=phase, since_us=now_us, by="", comment="", edges=before.edges + 1, told_us=None)
        return phase is not before.phase

    def _held(self, event: Event, now_us: int, began: bool) -> Held | None:
        """What keeps it from telling anybody of this event. The cooldown is said only where an alert begins in it."""
        record, rule, last_us = self.record, self.rule, self.record.last_triggered_us
        # A last firing in the future means that the clock was set back: waiting for it would mute the rule.
        if last_us is not None and 0 <= now_us - last_us < rule.cooldown_seconds * SECOND_US:
            return self._held_by("cooldown", event, now_us, "cooling down") if began else Held("cooldown", None)
        if record.phase is Phase.muted:
            return self._held_by("muted", event, now_us, f"muted by {record.by}", by=record.by, comment=record.comment)
        held = self._kept(event, now_us)
        if held is None and rule.max_per_hour is not None and len(self._recent(now_us)) >= rule.max_per_hour:
            return self._held_by("max_per_hour", event, now_us, f"{rule.max_per_hour} in an hour are enough")
        return held

    def _kept(self, event: Event, now_us: int) -> Held | None:
        """What keeps any notice from being sent now."""
        for one in self.silences.values():
            if one.holds(self.rule, event, now_us):
                why = f"silenced by {one.by}" + (f": {one.comment}" if one.comment else "")
                return self._held_by("silence", event, now_us, why, by=one.by, comment=one.comment, silence=one.id)
        quiet = self.rule.quiet_hours
        if quiet is not None and quiet.hold(event.severity, now_us):
            return self._held_by("quiet_hours", event, now_us, f"quiet from {quiet.start} to {quiet.end} {quiet.tz}")
        return None

    def _held_by(self, reason: str, event: Event, now_us: int, why: str, **more: str) -> Held:
        kind, rule = "alert_silenced" if reason == "silence" else "alert_suppressed", self.rule
        return Held(reason, Event(
            id=event_id(kind, rule.alert_id, rule.ref, event.ts_us, event.id, reason), kind=kind, subject=rule.alert_id,
            source=rule.ref, severity=event.severity, summary=f"{rule.name}: {why}",
            data={"event_id": event.id, "reason": reason, "why": why, "phase": str(self.record.phase),
                  **more}, ts_us=now_us, cause=event.id,
        ))  # fmt: skip

    def _recent(self, now_us: int) -> tuple[int, ...]:
        return tuple(at_us for at_us in self.record.recent_us if 0 <= now_us - at_us < HOUR_US)

    def _fire(self, event: Event, now_us: int, began: bool) -> Firing:
        record, rule = self.record, self.rule
        self.record = attrs.evolve(
            record, trigger_count=record.trigger_count + 1, last_triggered_us=now_us, last_event_id=event.id,
            told_us=now_us if record.told_us is None else record.told_us,
            recent_us=(*self._recent(now_us), now_us) if rule.max_per_hour is not None else (),
            last=last_of(event) if rule.notify_resolved or rule.escalate_after_s is not None else None,
        )  # fmt: skip
        deliveries = deliveries_for(rule, event, now_us)
        hopeless = hopeless_among(deliveries, rule, self.channels, now_us)
        return Firing(self.record, deliveries, hopeless, self._alert(event, deliveries, now_us, began))

    def _move(
        self, step: Input, now_us: int, why: str, by: str = "", comment: str = "", command_id: str = ""
    ) -> Edge:
        before = self.record
        phase = moved(before.phase, step)
        over = phase is Phase.inactive
        self.record = attrs.evolve(
            before, phase=phase, since_us=now_us, by=by, comment=comment, edges=before.edges + 1,
            told_us=None if over else before.told_us,
        )  # fmt: skip
        made = edge(self.rule, before, self.record, step, now_us, why, command_id)
        if made.deliveries:
            held = self._kept(made.about, now_us)
            if held is not None:
                self.record = self.record.suppressing(held.reason)
                made = made.unsent(held.reason)
        hopeless = hopeless_among(made.deliveries, self.rule, self.channels, now_us)
        return attrs.evolve(made, record=self.record, hopeless=hopeless)

    def _alert(self, event: Event, deliveries: tuple[Delivery, ...], now_us: int, began: bool) -> Event:
        rule = self.rule
        return Event(
            id=event_id("alert_fired", rule.alert_id, rule.ref, event.ts_us, event.id),
            kind="alert_fired", subject=rule.alert_id, source=rule.ref, severity=event.severity,
            summary=f"{rule.name}: {event.summary}",
            data={"event_id": event.id, "event_kind": event.kind, "event_subject": event.subject,
                  "provider": event.data.get("provider", ""), "deliveries": [one.id for one in deliveries],
                  "phase": str(self.record.phase), "began": began},
            ts_us=now_us, cause=event.id,
        )  # fmt: skip


def lasts(rule: Rule, record: Record) -> bool:
    """Whether its condition is met until it says that it is over; an event and a crossing last no time."""
    if record.on_since_us is None:
        return False
    with contextlib.suppress(Invalid):  # of a rule that was stored before its condition was understood
        terms = terms_of(rule.trigger)
        return terms is not None and not terms.crosses
    return False


def deadlines(rule: Rule, record: Record, changed_us: int) -> Iterator[tuple[int, Input]]:
    """When the alert escalates and when it is resolved, as it stands now; no wait began before `changed_us`."""
    if record.phase is Phase.firing and rule.escalate_after_s is not None and record.told_us is not None:
        yield max(record.told_us, record.since_us or 0, changed_us) + rule.escalate_after_s * SECOND_US, Input.escalate
    if rule.resolve_after_s is not None and record.phase is not Phase.inactive and not lasts(rule, record):
        yield max(record.met_us or 0, changed_us) + rule.resolve_after_s * SECOND_US, Input.over

"""Decides, event by event, whether one rule fires, what is then owed to whom, and how its alert lives on. No clock, no network,
no disk.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import attrs

from actors import Refused
from oracle.alerts.groups import gathered, group_of, notice, room, told
from oracle.alerts.holds import cooling_until, firing_held, notice_held, recent
from oracle.alerts.lifecycle import TABLE, Input, Phase, allowed, moved
from oracle.alerts.notices import Edge, edge
from oracle.alerts.owed import deliveries_for, hopeless_among
from oracle.alerts.record import Record, kept, kept_event
from oracle.alerts.rule import Rule
from oracle.alerts.silence import Silence
from oracle.alerts.steps import Firing, Held, Step
from oracle.alerts.terms import terms_of
from oracle.alerts.trigger import LAPSED, MET, OVER, PENDING, TriggerType
from oracle.model import Command, Delivery, Event, event_id
from oracle.problems import Invalid

__all__ = ["WISHES", "Decider", "Edge", "Firing", "Held", "Record", "Step", "can_be_wished", "deadlines"]

SECOND_US = 1_000_000
WISHES = {"acknowledge": Input.acknowledge, "unacknowledge": Input.unacknowledge, "mute": Input.mute, "resolve": Input.over}
_SAID = {PENDING: Input.wait, LAPSED: Input.lapse, OVER: Input.over}
_WHY = {PENDING: "its condition holds, and not for long enough yet", LAPSED: "its condition ceased to hold before it was met",
        OVER: "the condition is over"}  # fmt: skip


@attrs.define
class Decider:
    """One rule and its record. `channels` names the delivery methods that exist, `silences` are by id, `active` are the ids of
    the alerts that are firing (or were acknowledged, escalated, muted)."""

    rule: Rule
    record: Record
    channels: Collection[str]
    silences: Mapping[str, Silence] = attrs.field(factory=dict)
    changed_us: int = 0
    """When the rule was changed or enabled last: no wait is older."""
    active: Collection[str] = ()

    def update(self, event: Event, now_us: int) -> Step | Held | None:
        """Take an event published at `now_us`; what is owed if the rule fires on it, or is over.

        The cooldown runs from the last firing; what matches meanwhile is counted and said no more about, but that a condition is
        met is told when the cooldown, or whatever else held it back, is over and it still is.
        """
        trigger, ident = self.rule.trigger, self.rule.alert_id
        if trigger.is_told(event, ident) and "direction" not in event.data:  # a crossing lasts no time either
            if event.kind == MET and lasts(self.rule, self.record):
                return None  # said once more by conditions that began anew
            is_met = event.kind == MET
            self.record = attrs.evolve(
                self.record, on_since_us=event.ts_us if is_met else None, mark=trigger.mark if is_met else "")
            step = _SAID.get(event.kind)
            if step is not None and (self.record.phase, step) in TABLE:
                return self._move(step, now_us, why=_WHY[event.kind])
        if not trigger.fires_on(event, ident):
            return None
        return self._take(event, now_us)

    def wish(self, command: Command, now_us: int) -> Edge:
        """What somebody wishes of the alert: acknowledge, unacknowledge, mute, resolve. Raises Refused `illegal`."""
        step = WISHES[command.verb]
        moved(self.record.phase, step)
        if step is Input.over and lasts(self.rule, self.record):
            raise Refused("its condition is still met: it is resolved when that is over; mute it until then", "illegal",
                          {"phase": str(self.record.phase), "allowed": can_be_wished(self.rule, self.record)})  # fmt: skip
        comment = str(command.args.get("comment") or "")
        return self._move(step, now_us, command.verb, command.by, comment, command.id)

    @property
    def next_deadline(self) -> int | None:
        """When there is something to do though nothing is heard."""
        return min((at_us for at_us, _ in deadlines(self.rule, self.record, self.changed_us)), default=None)

    def on_time(self, now_us: int) -> Step | Held | None:
        """The first step that is due, which may be to hold back; call again for as long as `next_deadline` is not later."""
        due = min(deadlines(self.rule, self.record, self.changed_us), default=None)
        if due is None or due[0] > now_us:
            return None
        match due[1]:
            case Input.escalate:
                return self._move(due[1], now_us, why=f"not acknowledged within {self.rule.escalate_after_s} s")
            case Input.over:
                return self._move(due[1], now_us, why=f"nothing more for {self.rule.resolve_after_s} s")
            case Input.lapse:
                return self._move(due[1], now_us, why="the rule has no such wait any more")
        waiting = _first_gathered(self.record)
        if waiting is not None and self.record.gathered[waiting]["since_us"] + self._wait_us <= now_us:
            return self._tell_group(waiting, now_us)
        return self.look(now_us)

    def look(self, now_us: int) -> Firing | None:
        """Tell of a condition that is still met, which was held back, if nothing holds it back any more."""
        held = self.record.held
        if held is None:
            return None
        event = kept_event(held["event"])
        still = firing_held(self.rule, self.record, event, now_us, self.silences, self.active)
        if still is not None:
            self.record = attrs.evolve(self.record, held={**held, "until_us": _later(still.until_us, now_us)})
            return None
        return self._fire(event, now_us, began=False)

    # ---- private

    @property
    def _wait_us(self) -> int:
        return (self.rule.group_wait_s or 0) * SECOND_US

    def _take(self, event: Event, now_us: int) -> Firing | Held | None:
        began = self._met(now_us)
        name = group_of(self.rule, event)
        waits = self.rule.group_wait_s is not None and cooling_until(self.rule, self.record, event, now_us) is None
        if name in self.record.gathered or (waits and room(self.record)):
            return self._gather(event, now_us, began)
        held = firing_held(self.rule, self.record, event, now_us, self.silences, self.active)
        if held is None:
            return self._fire(event, now_us, began)
        return self._hold(event, held, now_us, began)

    def _hold(self, event: Event, held: Held, now_us: int, began: bool) -> Held:
        self.record = self.record.suppressing(held.reason)
        if lasts(self.rule, self.record):
            self.record = attrs.evolve(self.record, held={"event": kept(event), "until_us": _later(held.until_us, now_us)})
        if held.reason == "cooldown" and not began:  # said only where an alert begins in it
            return Held(held.reason, None)
        return held

    def _met(self, now_us: int) -> bool:
        """Take that it is met; whether the alert begins with it."""
        before = self.record
        phase = moved(before.phase, Input.met)
        self.record = attrs.evolve(before, met_us=now_us)
        if phase is not before.phase:
            self.record = attrs.evolve(
                self.record, phase=phase, since_us=now_us, began_us=now_us, by="", comment="", edges=before.edges + 1,
                told_us=None)  # fmt: skip
        return phase is not before.phase

    def _gather(self, event: Event, now_us: int, began: bool) -> Held:
        self.record = gathered(self.rule, self.record, event, now_us)
        until_us = self.record.gathered[group_of(self.rule, event)]["since_us"] + self._wait_us
        if not began:
            return Held("gathered", None, until_us)
        rule, kind = self.rule, "alert_gathering"
        return Held("gathered", Event(
            id=event_id(kind, rule.alert_id, rule.ref, event.ts_us, event.id), kind=kind, subject=rule.alert_id, source=rule.ref,
            severity=event.severity, summary=f"{rule.called}: told in {rule.group_wait_s} s, with what comes until then",
            data={"event_id": event.id, "phase": str(self.record.phase)}, ts_us=now_us, cause=event.id), until_us)  # fmt: skip

    def _tell_group(self, name: str, now_us: int) -> Firing | Held:
        group = self.record.gathered[name]
        self.record = attrs.evolve(
            self.record, gathered={other: one for other, one in self.record.gathered.items() if other != name})
        event = kept_event(group["event"])
        held = firing_held(self.rule, self.record, event, now_us, self.silences, self.active)
        if held is not None:
            return self._hold(event, held, now_us, began=True)
        return self._fire(event, now_us, began=self.record.told_us is None, group=notice(group))

    def _fire(self, event: Event, now_us: int, began: bool, **more: Any) -> Firing:
        record, rule = self.record, self.rule
        self.record = attrs.evolve(
            told(rule, record, group_of(rule, event), now_us), trigger_count=record.trigger_count + 1,
            last_triggered_us=now_us, last_event_id=event.id, held=None,
            told_us=now_us if record.told_us is None else record.told_us,
            recent_us=(*recent(record, now_us), now_us) if rule.max_per_hour is not None else (),
            last=kept(event) if rule.speaks_later else None,
        )  # fmt: skip
        deliveries = deliveries_for(rule, event, now_us, **more)
        hopeless = hopeless_among(deliveries, rule, self.channels, now_us)
        return Firing(self.record, deliveries, hopeless, self._alert(event, deliveries, now_us, began, **more), event)

    def _move(
        self, step: Input, now_us: int, why: str, by: str = "", comment: str = "", command_id: str = ""
    ) -> Edge:
        before = self.record
        phase = moved(before.phase, step)
        over = phase is Phase.inactive
        self.record = attrs.evolve(
            before, phase=phase, since_us=now_us, by=by, comment=comment, edges=before.edges + 1,
            told_us=None if over else before.told_us, held=None if over else before.held,
        )  # fmt: skip
        for _ in before.gathered if over else ():
            self.record = self.record.suppressing("over")
        if over:
            self.record = attrs.evolve(self.record, gathered={})
        made = edge(self.rule, before, self.record, step, now_us, why, command_id)
        if made.deliveries:
            held = notice_held(self.rule, self.record, made.about, now_us, self.silences, self.active)
            if held is not None:
                self.record = self.record.suppressing(held.reason)
                # What a firing has done is undone also where nobody is told, or it stayed so for good.
                made = made.unsent(held.reason, made.deeds if over else ())
        hopeless = hopeless_among(made.deliveries, self.rule, self.channels, now_us)
        return attrs.evolve(made, record=self.record, hopeless=hopeless)

    def _alert(self, event: Event, deliveries: tuple[Delivery, ...], now_us: int, began: bool, **more: Any) -> Event:
        rule = self.rule
        return Event(
            id=event_id("alert_fired", rule.alert_id, rule.ref, event.ts_us, event.id),
            kind="alert_fired", subject=rule.alert_id, source=rule.ref, severity=event.severity,
            summary=f"{rule.called}: {event.summary}",
            data={"event_id": event.id, "event_kind": event.kind, "event_subject": event.subject, "event_source": event.source,
                  "provider": event.data.get("provider", ""), "deliveries": [one.id for one in deliveries],
                  "phase": str(self.record.phase), "began": began, **more},
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


def can_be_wished(rule: Rule, record: Record) -> list[str]:
    """What somebody may wish of the alert as it stands."""
    return [word for word in allowed(record.phase) if word != "resolve" or not lasts(rule, record)]


def deadlines(rule: Rule, record: Record, changed_us: int) -> Iterator[tuple[int, Input]]:
    """When the alert escalates, is resolved, or is told (`met`), as it stands now; no wait began before `changed_us`."""
    if record.phase is Phase.pending and (not rule.trigger.for_s or rule.trigger.type is TriggerType.watchdog_event):
        yield changed_us, Input.lapse
    if record.phase is Phase.firing and rule.escalate_after_s is not None and record.told_us is not None:
        yield max(record.told_us, record.since_us or 0, changed_us) + rule.escalate_after_s * SECOND_US, Input.escalate
    if rule.resolve_after_s is not None and record.phase not in (Phase.inactive, Phase.pending) and not lasts(rule, record):
        yield max(record.met_us or 0, changed_us) + rule.resolve_after_s * SECOND_US, Input.over
    waiting = _first_gathered(record)
    if waiting is not None:
        yield record.gathered[waiting]["since_us"] + (rule.group_wait_s or 0) * SECOND_US, Input.met
    if record.held is not None and record.held["until_us"] is not None:
        yield record.held["until_us"], Input.met


def _first_gathered(record: Record) -> str | None:
    """The group that is told next; all wait equally long, and they are in the order in which they began."""
    return next(iter(record.gathered), None)


def _later(until_us: int | None, now_us: int) -> int | None:
    return None if until_us is None else max(until_us, now_us + 1)

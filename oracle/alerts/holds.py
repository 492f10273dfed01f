"""What holds an alert back from telling anybody: a cooldown, a silence, another alert, a quiet hour, a limit. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from oracle.alerts.groups import group_of
from oracle.alerts.lifecycle import Phase
from oracle.alerts.record import Record
from oracle.alerts.rule import Rule
from oracle.alerts.silence import Silence
from oracle.alerts.steps import Held
from oracle.model import Event, event_id

__all__ = ["cooling_until", "firing_held", "notice_held", "recent"]

SECOND_US, HOUR_US = 1_000_000, 3_600_000_000
_KINDS = {"silence": "alert_silenced", "inhibited": "alert_inhibited"}


def firing_held(
    rule: Rule, record: Record, event: Event, now_us: int, silences: Mapping[str, Silence], active: Collection[str]
) -> Held | None:
    """What keeps a firing on `event` from being told now; `active` are the ids of alerts that are."""
    until_us = cooling_until(rule, record, event, now_us)
    if until_us is not None:
        return _held(rule, record, "cooldown", event, now_us, "cooling down", until_us)
    if record.phase is Phase.muted:
        return _held(rule, record, "muted", event, now_us, f"muted by {record.by}", by=record.by, comment=record.comment)
    held = notice_held(rule, record, event, now_us, silences, active)
    fired = recent(record, now_us)
    if held is None and rule.max_per_hour is not None and len(fired) >= rule.max_per_hour:
        why = f"{rule.max_per_hour} in an hour are enough"
        return _held(rule, record, "max_per_hour", event, now_us, why, fired[-rule.max_per_hour] + HOUR_US)
    return held


def notice_held(
    rule: Rule, record: Record, event: Event, now_us: int, silences: Mapping[str, Silence], active: Collection[str]
) -> Held | None:
    """What keeps any notice of `event` from being sent now."""
    for one in silences.values():
        if one.holds(rule, event, now_us):
            why = f"silenced by {one.by}" + (f": {one.comment}" if one.comment else "")
            return _held(rule, record, "silence", event, now_us, why, one.until_us, by=one.by, comment=one.comment,
                         silence=one.id)  # fmt: skip
    by = [ident for ident in rule.inhibited_by if ident in active]
    if by:
        return _held(rule, record, "inhibited", event, now_us, f"inhibited by {', '.join(by)}", by=by[0])
    quiet = rule.quiet_hours
    if quiet is not None and quiet.hold(event.severity, now_us):
        why = f"quiet from {quiet.start} to {quiet.end} {quiet.tz}"
        return _held(rule, record, "quiet_hours", event, now_us, why, quiet.over_us(now_us))
    return None


def cooling_until(rule: Rule, record: Record, event: Event, now_us: int) -> int | None:
    """Until when it cools down after it was told last, of what is in the group of `event`; None where it does not."""
    last_us = record.groups.get(group_of(rule, event)) if rule.group_by else record.last_triggered_us
    # A last firing in the future means that the clock was set back: waiting for it would mute the rule.
    if last_us is None or not 0 <= now_us - last_us < rule.cooldown_seconds * SECOND_US:
        return None
    return last_us + rule.cooldown_seconds * SECOND_US


def recent(record: Record, now_us: int) -> tuple[int, ...]:
    """The firings of the last hour, where the rule limits them."""
    return tuple(at_us for at_us in record.recent_us if 0 <= now_us - at_us < HOUR_US)


def _held(
    rule: Rule, record: Record, reason: str, event: Event, now_us: int, why: str, until_us: int | None = None, **more: str
) -> Held:
    kind = _KINDS.get(reason, "alert_suppressed")
    told = Event(
        id=event_id(kind, rule.alert_id, rule.ref, event.ts_us, event.id, reason), kind=kind, subject=rule.alert_id,
        source=rule.ref, severity=event.severity, summary=f"{rule.called}: {why}",
        data={"event_id": event.id, "reason": reason, "why": why, "phase": str(record.phase), **more}, ts_us=now_us,
        cause=event.id,
    )  # fmt: skip
    return Held(reason, told, until_us)

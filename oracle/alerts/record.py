"""What a rule has done so far and how it stands: the value of State `alert:ID`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from oracle.alerts.lifecycle import Phase
from oracle.model import Event, Severity

__all__ = ["Record", "kept", "kept_event"]


def kept(event: Event) -> dict[str, Any]:
    """An event as a record keeps it, for what is told later."""
    return {**{name: getattr(event, name) for name in Event.__struct_fields__}, "severity": str(event.severity)}


def kept_event(value: Mapping[str, Any]) -> Event:
    """The event that a record keeps; one of an earlier version kept neither its id nor its time."""
    return Event(**{"id": "", "ts_us": 0, **value, "severity": Severity(value["severity"])})


def _plain(_: type, __: Any, value: Any) -> Any:
    return str(value) if isinstance(value, Phase) else list(value) if isinstance(value, tuple) else value


@attrs.frozen
class Record:
    """It outlives changes of the rule, and the process."""

    trigger_count: int = 0
    last_triggered_us: int | None = None
    suppressed: int = 0
    """Events that matched and were told to nobody, and notices that were not sent."""
    last_event_id: str = ""
    on_since_us: int | None = None
    """Since when its condition is met; None while it is not, and for events, which last no time."""
    mark: str = ""
    """Of the trigger by which it is met."""
    suppressed_by: Mapping[str, int] = attrs.field(factory=dict)
    """The same by reason: cooldown, muted, silence, inhibited, quiet_hours, max_per_hour, over."""
    phase: Phase = attrs.field(default=Phase.inactive, converter=Phase)
    since_us: int | None = None
    """Since when it is in this phase; None before the first."""
    began_us: int | None = None
    """When it began to be active last."""
    by: str = ""
    """Who brought it into this phase, and what they said; empty where nobody did."""
    comment: str = ""
    met_us: int | None = None
    """When it was met last, also if nobody was told."""
    told_us: int | None = None
    """When somebody was told first since it was last inactive."""
    recent_us: tuple[int, ...] = attrs.field(default=(), converter=tuple)
    """Firings of the last hour, where the rule limits them."""
    last: Mapping[str, Any] | None = None
    """Of the last event it fired on, what a later notice says again."""
    held: Mapping[str, Any] | None = None
    """That its condition is met, which nobody was told and is told when what holds it back ends: `event`, and `until_us`, by when
    to look again (None: whenever something changes)."""
    groups: Mapping[str, int] = attrs.field(factory=dict)
    """Of a rule that groups, when each group was told last."""
    gathered: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    """What is gathered to be told in one, by group: `since_us`, `count`, the first `event`, what is said of each (`events`)."""
    edges: int = 0
    """Changes of phase so far."""
    handled: tuple[str, int] | None = attrs.field(default=None, converter=attrs.converters.optional(tuple))
    """Epoch and offset of the last event that changed anything here."""

    @classmethod
    def of(cls, value: Mapping[str, Any] | None) -> Record:
        """The record in the value of its State; an empty one for None."""
        known = {field.name for field in attrs.fields(cls)}
        record = cls(**{name: part for name, part in (value or {}).items() if name in known})
        if value and "phase" not in value and record.on_since_us is not None:  # written before there were phases
            told_us = record.last_triggered_us
            return attrs.evolve(
                record, phase=Phase.firing, since_us=record.on_since_us, began_us=record.on_since_us,
                met_us=record.on_since_us, told_us=told_us)  # fmt: skip
        return record

    def value(self) -> dict[str, Any]:
        """The value of its State. It shares its parts, which nobody changes."""
        return attrs.asdict(self, recurse=False, value_serializer=_plain)

    def tied_to(self, mark: str) -> Record:
        """The same of a rule with the trigger of this mark: what was met, or held back, under another one is over."""
        return self if self.mark in ("", mark) else attrs.evolve(self, on_since_us=None, held=None, mark="")

    def active_at(self, at_us: int) -> bool:
        """Whether it was firing, acknowledged, escalated or muted at an instant, as far as the last time goes."""
        if self.began_us is None or self.began_us > at_us or self.phase is Phase.pending:
            return False
        return self.phase is not Phase.inactive or at_us < (self.since_us or 0)

    def suppressing(self, reason: str) -> Record:
        """One more that nobody was told, and why."""
        by = {**self.suppressed_by, reason: self.suppressed_by.get(reason, 0) + 1}
        return attrs.evolve(self, suppressed=self.suppressed + 1, suppressed_by=by)

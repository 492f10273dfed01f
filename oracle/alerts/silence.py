"""A silence: what is not told for a while, who said so, and why. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

from oracle.alerts.rule import Rule
from oracle.alerts.trigger import CONDITIONS, EventFilter
from oracle.border import structure, unstructure
from oracle.model import Event, Severity
from oracle.problems import Invalid, Problem
from oracle.symbols import symbol_of
from oracle.validators import new_at_most

__all__ = ["Matchers", "Silence"]


@attrs.frozen(kw_only=True)
class Matchers:
    """Which alerts are silenced: all that is given must agree, of a list any item will do. At least one is needed."""

    alert_id: str | None = attrs.field(default=None, validator=attrs.validators.optional(new_at_most(128)))
    kinds: tuple[str, ...] | None = None
    severities: tuple[Severity, ...] | None = None
    assets: tuple[str, ...] | None = None
    watchdogs: tuple[str, ...] | None = None

    def __attrs_post_init__(self) -> None:
        if not (self.alert_id or self.kinds or self.severities or self.assets or self.watchdogs):
            raise Invalid([Problem((), "value_error", "Value error, it would silence everything: say what", {})])

    def match(self, rule: Rule, event: Event) -> bool:
        """Whether what the rule has to tell of this event is silenced."""
        if self.alert_id and self.alert_id != rule.alert_id:
            return False
        if self.kinds and event.kind not in self.kinds:
            return False
        if event.source == CONDITIONS and rule.trigger.symbol:  # of what the condition is about
            event = msgspec.structs.replace(event, subject=symbol_of(rule.trigger.symbol), source="watchdog:conditions")
        return EventFilter(None, self.severities, self.assets, self.watchdogs).passes(event)


@attrs.frozen(kw_only=True)
class Silence:
    """The value of State `silence:ID`. It ends by time, also if nobody takes it away."""

    id: str
    matchers: Matchers
    from_us: int
    until_us: int
    by: str
    comment: str = ""

    def holds(self, rule: Rule, event: Event, now_us: int) -> bool:
        """Whether it silences this now."""
        return now_us < self.until_us and self.matchers.match(rule, event)

    def value(self) -> dict[str, Any]:
        """The value of its State."""
        plain: dict[str, Any] = msgspec.to_builtins(unstructure(self), enc_hook=str)
        return plain

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Silence:
        """The silence in the value of its State."""
        return structure(cls, value, extras="drop")

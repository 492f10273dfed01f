"""What sets off a rule: what a watchdog says, or a condition. Values only."""

from __future__ import annotations

import enum
import hashlib

import attrs
from attrs.validators import and_, ge, gt, le, lt, max_len, optional

from oracle.model import Event, Severity
from oracle.symbols import base_asset, join_pair

__all__ = [
    "CONDITIONS", "LAPSED", "MET", "OVER", "PENDING", "TOLD", "Direction", "EventFilter", "EventType", "Trigger", "TriggerType",
    "is_about_asset",
]  # fmt: skip

CONDITIONS = "conditions:rules"  # who says that the condition of a rule is met, or over; the rule is the subject
MET, OVER = "condition_met", "condition_over"
PENDING, LAPSED = "condition_pending", "condition_lapsed"  # it begins to hold, and ceases to before it has for long enough
TOLD = (MET, OVER, PENDING, LAPSED)
"""Kinds of what is told of a rule's condition; the subject is the rule."""
LONGEST_S = 7 * 86_400


class EventType(enum.StrEnum):
    """What FIML's watchdogs see, and the last two what further ones of ours do."""

    earnings_anomaly = "earnings_anomaly"
    unusual_volume = "unusual_volume"
    whale_movement = "whale_movement"
    funding_spike = "funding_spike"
    liquidity_drop = "liquidity_drop"
    correlation_break = "correlation_break"
    exchange_outage = "exchange_outage"
    price_anomaly = "price_anomaly"
    flash_crash = "flash_crash"
    arbitrage_opportunity = "arbitrage_opportunity"
    metric_anomaly = "metric_anomaly"
    absence = "absence"


class TriggerType(enum.StrEnum):
    """What may set off a rule."""

    watchdog_event = "watchdog_event"
    price_threshold = "price_threshold"
    volume_threshold = "volume_threshold"
    custom_condition = "custom_condition"


class Direction(enum.StrEnum):
    """On which side of a threshold a rule is met; `crosses`: each time that the side changes."""

    above = "above"
    below = "below"
    crosses = "crosses"


@attrs.frozen
class EventFilter:
    """Which events count: every list must agree (any of its items will do); a null or empty list asks for nothing."""

    event_types: tuple[EventType, ...] | None = None
    severities: tuple[Severity, ...] | None = None
    assets: tuple[str, ...] | None = None
    """Symbols in any case: `BTC` means every pair of it, `BTC-USD`, `BTC/USD` and `BTCUSD` that one."""
    watchdogs: tuple[str, ...] | None = None
    """Names of watchdogs."""

    def passes(self, event: Event) -> bool:
        """Whether the event counts. One that is about no asset passes only where no asset is named."""
        return (
            (not self.event_types or event.kind in self.event_types)
            and (not self.severities or event.severity in self.severities)
            and (not self.watchdogs or event.source.removeprefix("watchdog:") in self.watchdogs)
            and (not self.assets or not _spellings(event).isdisjoint(name.strip().upper() for name in self.assets))
        )


@attrs.frozen
class Trigger:
    """What sets off a rule. A threshold is of `symbol`, a coin alone being its pair in USD; `oracle.alerts.clause` says what
    is met when."""

    type: TriggerType
    event_filter: EventFilter | None = None
    price_threshold: float | None = attrs.field(default=None, validator=optional(gt(0)))  # quote currency of `symbol`
    volume_threshold: float | None = attrs.field(default=None, validator=optional(gt(0)))  # base units of `symbol`
    symbol: str | None = None
    condition: str | None = attrs.field(default=None, validator=optional(max_len(2_000)))
    direction: Direction = Direction.crosses
    change_pct: float | None = attrs.field(default=None, validator=optional(gt(0)))  # of the price, over `window_s`
    window_s: int | None = attrs.field(default=None, validator=optional(and_(ge(1), le(LONGEST_S))))
    hysteresis_pct: float = attrs.field(default=0.0, validator=and_(ge(0), lt(100)))  # of the threshold, back to be over
    for_s: int = attrs.field(default=0, validator=and_(ge(0), le(LONGEST_S)))  # it has to hold so long before it is met

    @property
    def mark(self) -> str:
        """The same for equal triggers, and for no other."""
        return hashlib.blake2b(repr(self).encode(), digest_size=8).hexdigest()

    def fires_on(self, event: Event, rule_id: str) -> bool:
        """Whether this event sets it off. Only what a watchdog says does, or that its own condition is met, so no rule can set
        off another."""
        if self.type is not TriggerType.watchdog_event:
            return event.kind == MET and self.is_told(event, rule_id)
        return event.source.startswith("watchdog:") and (self.event_filter is None or self.event_filter.passes(event))

    def is_told(self, event: Event, rule_id: str) -> bool:
        """Whether the event tells of the rule's own condition."""
        return event.source == CONDITIONS and event.subject == rule_id and self.type is not TriggerType.watchdog_event


def is_about_asset(event: Event) -> bool:
    """Whether the event's subject is something that trades; an outage is about a venue, a condition about a rule."""
    return (bool(event.subject) and event.kind != EventType.exchange_outage and ":" not in event.subject
            and event.source != CONDITIONS)  # fmt: skip


def _spellings(event: Event) -> set[str]:
    if not is_about_asset(event):
        return set()
    symbol = event.subject
    return {symbol, base_asset(symbol), join_pair(symbol), symbol.replace("-", "/")}

"""When the condition of a rule is met, and when that is over: two expressions, made of what its trigger says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NoReturn

import attrs

from oracle.alerts.rule import rule_of
from oracle.alerts.trigger import Direction, Trigger, TriggerType
from oracle.conditions import BadExpression, Expression, parse_condition
from oracle.problems import Invalid, Problem
from oracle.symbols import symbol_of

__all__ = ["Terms", "fault_of", "terms_of", "why_not"]

VOLUME_WINDOW_S = 3_600
CHANGE_WINDOW_S = 300


@attrs.frozen
class Terms:
    """Met while `on` has held for `for_s` seconds, until `off` holds; without an `off`, until `on` does not. `crosses`: met each
    time that one of both holds after the other did. What is not known changes nothing, but it ends no wait either."""

    on: str
    off: str = ""
    crosses: bool = False
    for_s: int = 0

    def expressions(self) -> tuple[Expression, Expression | None]:
        """Both, parsed once. Raises BadExpression."""
        return self._parsed

    @cached_property
    def _parsed(self) -> tuple[Expression, Expression | None]:
        return parse_condition(self.on), parse_condition(self.off) if self.off else None


def terms_of(trigger: Trigger) -> Terms | None:
    """The terms of a trigger that has a condition, None for one of events. Raises Invalid, with paths from `trigger` on."""
    match trigger.type:
        case TriggerType.watchdog_event:
            return None
        case TriggerType.price_threshold:
            return _price(trigger)
        case TriggerType.volume_threshold:
            return _volume(trigger)
    if not trigger.condition:
        _missing("condition")
    try:
        parse_condition(trigger.condition)
    except BadExpression as bad:
        raise Invalid([Problem(("trigger", "condition"), "value_error", str(bad), trigger.condition, ctx=bad.ctx)]) from None
    return Terms(trigger.condition, for_s=trigger.for_s)


def fault_of(value: Mapping[str, Any]) -> str | None:
    """Why a stored rule is not looked at: this version does not understand it, or its condition; None where it does."""
    try:
        terms_of(rule_of(value).trigger)
    except Invalid as wrong:
        return why_not(wrong)
    return None


def why_not(wrong: Invalid) -> str:
    """Why a rule is not understood, in one line."""
    return "; ".join(map(str, wrong.problems))


def _price(trigger: Trigger) -> Terms:
    symbol = _symbol(trigger)
    level, change = trigger.price_threshold, trigger.change_pct
    if level is None and change is None:
        _missing("price_threshold")
    if level is not None and change is not None:
        _wrong("change_pct", "give price_threshold or change_pct, not both", change)
    if change is not None:
        moved = f'change_pct(price("{symbol}"), "{trigger.window_s or CHANGE_WINDOW_S}s")'
        of = {Direction.above: moved, Direction.below: f"-{moved}", Direction.crosses: f"abs({moved})"}[trigger.direction]
        return _above(of, change, trigger)
    assert level is not None
    price = f'price("{symbol}")'
    match trigger.direction:
        case Direction.above:
            return _above(price, level, trigger)
        case Direction.below:
            return _below(price, level, trigger)
    if trigger.for_s:
        _wrong("for_s", "a crossing is over at once; direction above or below can hold for a time", trigger.for_s)
    band = level * trigger.hysteresis_pct / 100
    return Terms(f"{price} > {_finite(level + band, trigger)!r}", f"{price} < {level - band!r}", crosses=True)


def _volume(trigger: Trigger) -> Terms:
    symbol = _symbol(trigger)
    if trigger.volume_threshold is None:
        _missing("volume_threshold")
    volume = f'volume("{symbol}", "{trigger.window_s or VOLUME_WINDOW_S}s")'
    make = _below if trigger.direction is Direction.below else _above
    return make(volume, trigger.volume_threshold, trigger)


def _above(of: str, level: float, trigger: Trigger) -> Terms:
    return Terms(f"{of} > {level!r}", f"{of} <= {level * (1 - trigger.hysteresis_pct / 100)!r}", for_s=trigger.for_s)


def _below(of: str, level: float, trigger: Trigger) -> Terms:
    back = _finite(level * (1 + trigger.hysteresis_pct / 100), trigger)
    return Terms(f"{of} < {level!r}", f"{of} >= {back!r}", for_s=trigger.for_s)


def _finite(raised: float, trigger: Trigger) -> float:
    if not math.isfinite(raised):
        _wrong("hysteresis_pct", "is too much of this threshold: the sum is no finite number", trigger.hysteresis_pct)
    return raised


def _symbol(trigger: Trigger) -> str:
    if not trigger.symbol:
        _missing("symbol")
    symbol = symbol_of(trigger.symbol)
    if symbol is None:
        _wrong("symbol", "is no symbol, such as BTC-USD, BTC/USD, BTC or AAPL", trigger.symbol)
    return symbol


def _missing(field: str) -> NoReturn:
    raise Invalid([Problem(("trigger", field), "missing", "Field required")])


def _wrong(field: str, reason: str, value: object) -> NoReturn:
    raise Invalid([Problem(("trigger", field), "value_error", reason, value)])

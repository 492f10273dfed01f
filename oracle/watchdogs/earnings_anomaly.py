"""Speaks when a company earned much more or less than was expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import attrs
from attrs.validators import ge, gt

from oracle.model import Event, Finding, Severity
from oracle.watchdogs.latch import Seen
from oracle.watchdogs.plausible import SMALLEST, is_plausible
from oracle.watchdogs.universe import universe

__all__ = ["EarningsAnomaly"]

UNIVERSE = ("AAPL", "MSFT", "GOOGL", "AMZN", "TSLA")


@attrs.define
class EarningsAnomaly:
    """Compares reported earnings per share with the estimate: surprise = (actual - estimate) / |estimate|.

    A surprise of more than `limit_pct` either way is medium, more than `high_pct` high. Each report, which is a symbol and a
    date, speaks once; one with an estimate of 0 says nothing.
    """

    limit_pct: float = attrs.field(default=10.0, validator=gt(0))  # percent of the estimate
    high_pct: float = attrs.field(default=20.0, validator=gt(0))  # percent
    interval_s: float = attrs.field(default=300.0, validator=ge(0.1))  # longest silence between checks, seconds
    memory_s: float = attrs.field(default=604_800.0, validator=gt(0))  # reports of so long ago are known after a restart
    symbols: tuple[str, ...] = UNIVERSE  # symbols, or "*" for all
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _seen: Seen = attrs.field(factory=Seen, init=False, repr=False, eq=False)
    _watches: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)

    listens = ("event:earnings:*",)
    patient = True  # companies report four times a year

    def __attrs_post_init__(self) -> None:
        self._watches = universe(self.symbols)

    def update(self, event: Event, now: int) -> Iterator[Finding]:
        """Take a report (`oracle.facts.Earnings`) published at `now` (UTC microseconds)."""
        if not self._watches(event.subject):
            return
        actual, expected = _number(event.data.get("actual_eps")), _number(event.data.get("estimated_eps"))
        if actual is None or expected is None:
            self.ignored["not_a_number"] += 1
            return
        if abs(expected) < SMALLEST:
            self.ignored["no_estimate"] += 1
            return
        if not self._seen.first(f"{event.subject} {event.data.get('report_date')}"):
            self.ignored["duplicate"] += 1
            return
        surprise_pct = (actual - expected) / abs(expected) * 100
        if abs(surprise_pct) > self.limit_pct:
            yield self._finding(event, actual, expected, surprise_pct, now)

    def _finding(self, event: Event, actual: float, expected: float, surprise_pct: float, now: int) -> Finding:
        side = "above" if surprise_pct > 0 else "below"
        return Finding(
            kind="earnings_anomaly",
            subject=event.subject,
            severity=Severity.high if abs(surprise_pct) > self.high_pct else Severity.medium,
            summary=f"{event.subject} earned {abs(surprise_pct):.1f} % {side} the estimate",
            data={
                "actual_eps": actual,
                "estimated_eps": expected,
                "surprise_pct": round(surprise_pct, 6),
                "report_date": event.data.get("report_date"),
                "revenue": _number(event.data.get("revenue")),
                "revenue_estimate": _number(event.data.get("revenue_estimate")),
            },
            ts_us=now,
            cause=event.id,
        )


def _number(value: Any) -> float | None:
    return float(value) if is_plausible(value) else None

"""Speaks when holding a perpetual future costs or earns unusually much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from statistics import fmean

import attrs
from attrs.validators import ge, gt

from oracle.facts import FUNDING_RATE
from oracle.model import Finding, Sample, Severity
from oracle.symbols import base_asset
from oracle.watchdogs.latch import Latches
from oracle.watchdogs.pushed import OfFeeds
from oracle.watchdogs.universe import universe

__all__ = ["FundingRate"]

MOST_BASES = 10_000  # the one heard first goes for a new one


@attrs.define
class FundingRate:
    """The mean funding rate of a coin over its venues, as a share per 8 hours.

    A mean beyond `limit` either way is high, beyond `critical` critical; both are shares (0.001 is 0.1 %). A coin speaks once
    per direction and severity, until its mean is below `rearm_share` of the limit. A venue that said nothing for
    `stale_after_s` does not count; with fewer than `least_venues` nothing is said. A pushed rate counts where no feed tells it.
    """

    limit: float = attrs.field(default=0.001, validator=gt(0))  # share per 8 hours
    critical: float = attrs.field(default=0.003, validator=gt(0))  # share per 8 hours
    rearm_share: float = attrs.field(default=0.8, validator=gt(0))  # of the limit
    venues: tuple[str, ...] = ("binance", "bybit", "okx")  # or "*" for all
    least_venues: int = attrs.field(default=1, validator=ge(1))  # venues whose rates must be known
    stale_after_s: float = attrs.field(default=1_800.0, validator=gt(0))  # seconds
    interval_s: float = attrs.field(default=300.0, validator=ge(0.1))  # longest silence between checks, seconds
    symbols: tuple[str, ...] = ("BTC", "ETH", "SOL")  # coins, symbols, or "*" for all
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _rates: dict[str, dict[str, tuple[float, int]]] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _latches: Latches = attrs.field(factory=Latches, init=False, repr=False, eq=False)
    _watches: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)
    _of_feeds: OfFeeds = attrs.field(init=False, repr=False, eq=False)

    listens = (f"sample:{FUNDING_RATE}:*",)

    def __attrs_post_init__(self) -> None:
        self._watches = universe(self.symbols)
        self._of_feeds = OfFeeds(self.stale_after_s)

    @property
    def memory_s(self) -> float:
        """Seconds of past input that decide what it says next."""
        return 2 * self.stale_after_s

    def update(self, sample: Sample, now: int) -> Iterator[Finding]:
        """Take a funding rate published at `now` (UTC microseconds)."""
        symbol, _, venue = sample.subject.partition(":")
        if not self._watches(symbol) or not (venue in self.venues or "*" in self.venues):
            return
        if not -1 < sample.value < 1:  # false for NaN too; nobody pays more than the position is worth
            self.ignored["not_a_rate"] += 1
            return
        oldest_us = now - round(self.stale_after_s * 1e6)
        if sample.ts_us < oldest_us:
            self.ignored["stale"] += 1
            return
        if not self._of_feeds.counts(sample.subject, sample.source, now):
            self.ignored["pushed"] += 1
            return
        base = base_asset(symbol)
        rates = self._rates.get(base)
        if rates is None:
            if len(self._rates) >= MOST_BASES:
                del self._rates[next(iter(self._rates))]
            rates = self._rates[base] = {}
        rates[venue] = sample.value, now
        fresh = {name: rate for name, (rate, at_us) in sorted(rates.items()) if at_us >= oldest_us}
        self._rates[base] = {name: rates[name] for name in fresh}
        if len(fresh) >= self.least_venues:
            yield from self._judge(base, symbol, fresh, sample, now)

    def _judge(self, base: str, symbol: str, rates: dict[str, float], sample: Sample, now: int) -> Iterator[Finding]:
        mean = fmean(rates.values())
        if abs(mean) <= self.limit:
            if abs(mean) < self.limit * self.rearm_share:
                self._latches.rest(base)
            return
        severity = Severity.critical if abs(mean) > self.critical else Severity.high
        if not self._latches.speaks(base, severity, "long" if mean > 0 else "short"):
            return
        payer = "long" if mean > 0 else "short"
        yield Finding(
            kind="funding_spike",
            subject=symbol,
            severity=severity,
            summary=f"{base}: who is {payer} pays {abs(mean) * 100:.3f} % per 8 h",
            data={"avg_funding_rate": mean, "funding_rate_pct": round(mean * 100, 8), "by_exchange": rates},
            ts_us=now,
            cause=sample.topic,
        )

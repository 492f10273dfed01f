"""Speaks when any number is out of bounds, or odd for what it used to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import attrs
from attrs.validators import ge, gt, in_, min_len

from oracle.detect import Budgets, Detector
from oracle.model import Finding, Gap, Sample, Severity
from oracle.watchdogs.decider import Mean, Means
from oracle.watchdogs.latch import Latches
from oracle.watchdogs.plausible import is_plausible
from oracle.watchdogs.pushed import OfFeeds

__all__ = ["Metric"]

MOST_METRICS = 2_000  # tracked at once; further ones are not watched
LEARNED_S = 14 * 86_400.0


@attrs.define
class _Row:
    """One metric: the row that is being filled, and what is usual for it."""

    detector: Detector
    budgets: Budgets
    count: int = 0
    total: float = 0.0
    provider: str = ""


@attrs.define
class Metric:
    """Watches samples by name. Each value is held against `above` and `below`; the mean of each `row_s` goes to a detector.

    A value out of bounds is high, and speaks once until it is back. A row is an alarm of the highest severity whose budget of
    false alarms lets its evidence through: low 8 a day, medium 1 a day, high 1 a week, critical 1 in 30 days (`oracle.detect`);
    `odd = false` leaves that out. It has learned from the last 14 days before it begins. A pushed value counts where no feed
    tells that sample.
    """

    names: tuple[str, ...] = attrs.field(default=("http_response_ms",), validator=min_len(1))  # of samples
    subjects: tuple[str, ...] = ("*",)  # what the samples are about, or "*" for all
    above: float | None = None  # in the unit of the sample
    below: float | None = None  # in the unit of the sample
    odd: bool = True  # whether values that are odd for what there was before speak too
    side: str = attrs.field(default="both", validator=in_(("both", "above", "below")))  # which side is odd
    row_s: float = attrs.field(default=60.0, validator=ge(1))  # seconds
    stale_after_s: float = attrs.field(default=600.0, validator=gt(0))  # what a source says of longer ago is not now, seconds
    interval_s: float = attrs.field(default=120.0, validator=ge(0.1))  # longest silence between checks, seconds
    memory_s: float = attrs.field(default=3_600.0, validator=gt(0))  # a bound crossed since is not told again after a start
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _rows: dict[str, _Row] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _whole_us: int = attrs.field(default=0, init=False, repr=False, eq=False)  # rows that began before are no whole ones
    _due_us: int | None = attrs.field(default=None, init=False, repr=False, eq=False)
    _latches: Latches = attrs.field(factory=Latches, init=False, repr=False, eq=False)
    _of_feeds: OfFeeds = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        self._of_feeds = OfFeeds(self.stale_after_s)

    @property
    def listens(self) -> tuple[str, ...]:
        """The samples of these names."""
        return tuple(f"sample:{name}:*" for name in self.names)

    @property
    def lessons(self) -> tuple[Means, ...]:
        """Rows of the last 14 days."""
        return (Means(self.names, self.row_s, LEARNED_S),) if self.odd else ()

    @property
    def next_deadline(self) -> int | None:
        """When the present rows end."""
        return self._due_us

    def learn(self, mean: Mean) -> None:
        """Take a row of the past."""
        row = self._row(f"{mean.name}:{mean.subject}") if self._watches(mean.subject) else None
        if row is not None and is_plausible(mean.total / mean.count):
            row.detector.update(mean.total / mean.count, mean.ts_us / 1e6)
            row.budgets.update(row.detector.evidence)

    def update(self, sample: Sample, now: int) -> Iterator[Finding]:
        """Take a sample published at `now` (UTC microseconds)."""
        if not self._watches(sample.subject):
            return
        key = f"{sample.name}:{sample.subject}"
        if not is_plausible(sample.value):
            self.ignored["not_a_number"] += 1
            return
        if now - sample.ts_us > self.stale_after_s * 1e6:
            self.ignored["stale"] += 1
            return
        if not self._of_feeds.counts(key, sample.source, now):
            self.ignored["pushed"] += 1
            return
        row = self._row(key)
        if row is None:
            self.ignored["too_many_metrics"] += 1
            return
        yield from self._bound(sample, now)
        if self.odd:
            row.count, row.total, row.provider = row.count + 1, row.total + sample.value, sample.source
            if self._due_us is None:
                self._due_us = now - now % self._row_us + self._row_us

    def on_time(self, now: int) -> Iterator[Finding]:
        """The rows that end at `now`."""
        self._due_us = None
        for key, row in self._rows.items():
            if row.count:
                value, row.count, row.total = row.total / row.count, 0, 0.0
                if now - self._row_us >= self._whole_us:
                    yield from self._judge(key, row, value, now)

    def on_gap(self, gap: Gap) -> None:
        """Nobody listened: rows that are not whole are none, so also the one of now."""
        if gap.who != "watchdog":
            return
        self._due_us, self._whole_us = None, gap.to_us
        for row in self._rows.values():
            row.count, row.total = 0, 0.0

    @property
    def _row_us(self) -> int:
        return round(self.row_s * 1e6)

    def _watches(self, subject: str) -> bool:
        return "*" in self.subjects or subject in self.subjects

    def _row(self, key: str) -> _Row | None:
        row = self._rows.get(key)
        if row is None and len(self._rows) < MOST_METRICS:
            row = self._rows[key] = _Row(Detector(self.side), Budgets(self.row_s))
        return row

    def _bound(self, sample: Sample, now: int) -> Iterator[Finding]:
        value, key = sample.value, f"{sample.name}:{sample.subject}"
        high = self.above is not None and value > self.above
        if not high and not (self.below is not None and value < self.below):
            if self._latches.is_on(key):
                self._latches.rest(key)
            return
        if self._latches.speaks(key, Severity.high, "above" if high else "below"):
            limit = self.above if high else self.below
            summary = f"{key} is {value:g}, {'above' if high else 'below'} {limit:g}"
            data = {"value": value, "unit": sample.unit, "limit": limit, "provider": sample.source}
            yield Finding("metric_anomaly", key, Severity.high, summary, data, now, sample.topic)

    def _judge(self, key: str, row: _Row, value: float, now: int) -> Iterator[Finding]:
        detector = row.detector
        detector.update(value, (now - self._row_us) / 1e6)
        severity = row.budgets.update(detector.evidence)
        if severity is None:
            return
        data = {
            "value": value, "p": detector.p, "evidence": round(detector.evidence, 6), "view": detector.cause,
            "row_s": self.row_s, "budget": severity.value, "provider": row.provider,
        }  # fmt: skip
        yield Finding("metric_anomaly", key, severity, f"{key} is {value:g}, which is odd", data, now, f"sample:{key}")

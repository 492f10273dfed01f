"""Speaks when an order book has become thin."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator

import attrs
from attrs.validators import ge, gt

from oracle.facts import BOOK_DEPTH_ASK, BOOK_DEPTH_BID
from oracle.model import Finding, Sample, Severity
from oracle.watchdogs.decider import Mean, Means
from oracle.watchdogs.latch import Latches
from oracle.watchdogs.plausible import LARGEST, SMALLEST, is_positive
from oracle.watchdogs.pushed import OfFeeds
from oracle.watchdogs.universe import universe

__all__ = ["LiquidityDrop"]

MOST_BOOKS = 2_000  # the one begun first goes for a new one
HOUR_S = 3_600.0
HOUR_US = 3_600_000_000
HOURS = 7 * 24


@attrs.define
class _Side:
    """Bids or asks of a book: its depth now, and sums of the last seven days by hour."""

    value: float = 0.0
    at_us: int = -1  # -1: unknown
    hours: deque[list[float]] = attrs.field(factory=deque)  # hour since 1970, number of values, their sum

    def add(self, hour: int, count: int, total: float) -> None:
        """More values of an hour; what is older than seven days goes."""
        if not self.hours or self.hours[-1][0] != hour:
            self.hours.append([hour, 0, 0.0])
            while self.hours[0][0] <= hour - HOURS:
                self.hours.popleft()
        self.hours[-1][1] += count
        self.hours[-1][2] += total

    @property
    def count(self) -> float:
        """How many values the mean is of."""
        return sum(hour[1] for hour in self.hours)

    @property
    def mean(self) -> float:
        """Mean depth of the hours that were seen, each as much as any other."""
        return sum(total / count for _, count, total in self.hours) / len(self.hours)


@attrs.define
class _Book:
    bid: _Side = attrs.field(factory=_Side)
    ask: _Side = attrs.field(factory=_Side)
    since_us: int = -1  # of the first value


@attrs.define
class LiquidityDrop:
    """Compares the depth of a book near its mid price, bids and asks together, with its mean of seven days.

    Less than `limit_ratio` of that is high, less than `critical_ratio` critical. A book speaks once per severity until it is
    above `rearm_ratio`. It is judged when both sides are known and not older than `stale_after_s`, after `least_s` and
    `least_values` of watching. Books of different feeds are different books; pushed depths of one count where no feed tells any.
    """

    limit_ratio: float = attrs.field(default=0.5, validator=gt(0))  # share of the usual depth: less is high
    critical_ratio: float = attrs.field(default=0.3, validator=gt(0))  # share of the usual depth: less is critical
    rearm_ratio: float = attrs.field(default=0.6, validator=gt(0))  # share of it; above that the drop is over
    stale_after_s: float = attrs.field(default=30.0, validator=gt(0))  # seconds
    least_s: float = attrs.field(default=60.0, validator=ge(0))  # seconds
    least_values: int = attrs.field(default=10, validator=ge(1))  # values it must have seen of a book
    interval_s: float = attrs.field(default=180.0, validator=ge(0.1))  # longest silence between checks, seconds
    memory_s: float = attrs.field(default=300.0, validator=gt(0))  # a drop that began since is not told again after a start
    symbols: tuple[str, ...] = ("BTC", "ETH", "SOL", "SPY", "QQQ")  # bases, symbols (BTC-USD), or "*" for all
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _books: dict[str, _Book] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _latches: Latches = attrs.field(factory=Latches, init=False, repr=False, eq=False)
    _watches: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)
    _of_feeds: OfFeeds = attrs.field(init=False, repr=False, eq=False)

    listens = (f"sample:{BOOK_DEPTH_BID}:*", f"sample:{BOOK_DEPTH_ASK}:*")

    def __attrs_post_init__(self) -> None:
        self._watches = universe(self.symbols)
        self._of_feeds = OfFeeds(self.stale_after_s)

    @property
    def lessons(self) -> tuple[Means, ...]:
        """Mean depth of each hour of seven days."""
        return (Means((BOOK_DEPTH_BID, BOOK_DEPTH_ASK), HOUR_S, HOURS * HOUR_S, least=0.0),)

    def learn(self, mean: Mean) -> None:
        """Take an hour of the past."""
        if self._watches(mean.subject.partition(":")[0]) and 0 <= mean.total <= LARGEST * mean.count:
            book = self._book(mean.subject, mean.ts_us)
            _side(book, mean.name).add(mean.ts_us // HOUR_US, mean.count, mean.total)

    def update(self, sample: Sample, now: int) -> Iterator[Finding]:
        """Take the depth of one side published at `now` (UTC microseconds)."""
        symbol = sample.subject.partition(":")[0]
        if not self._watches(symbol):
            return
        if sample.value != 0 and not is_positive(sample.value):
            self.ignored["not_positive"] += 1
            return
        oldest_us = now - round(self.stale_after_s * 1e6)
        if sample.ts_us < oldest_us:
            self.ignored["stale"] += 1
            return
        if not self._of_feeds.counts(sample.subject, sample.source, now):
            self.ignored["pushed"] += 1
            return
        book = self._book(sample.subject, now)
        side = _side(book, sample.name)
        side.value, side.at_us = sample.value, now
        if side is book.ask and book.bid.at_us >= oldest_us and now - book.since_us >= self.least_s * 1e6:
            yield from self._judge(symbol, sample, book, now)
        side.add(now // HOUR_US, 1, sample.value)

    def _judge(self, symbol: str, sample: Sample, book: _Book, now: int) -> Iterator[Finding]:
        if min(book.bid.count, book.ask.count) < self.least_values:
            return
        depth, usual = book.bid.value + book.ask.value, book.bid.mean + book.ask.mean
        if usual < SMALLEST:
            return
        ratio = depth / usual
        if ratio >= self.limit_ratio:
            if ratio > self.rearm_ratio:
                self._latches.rest(sample.subject)
            return
        severity = Severity.critical if ratio < self.critical_ratio else Severity.high
        if not self._latches.speaks(sample.subject, severity):
            return
        yield Finding(
            kind="liquidity_drop",
            subject=symbol,
            severity=severity,
            summary=f"{symbol}: the book has {ratio * 100:.0f} % of its usual depth",
            data={
                "current_depth": depth, "avg_depth": usual, "drop_pct": round((1 - ratio) * 100, 6),
                "depth_ratio": round(ratio, 6), "bid_depth": book.bid.value, "ask_depth": book.ask.value,
            },
            ts_us=now,
            cause=sample.topic,
        )  # fmt: skip

    def _book(self, subject: str, now: int) -> _Book:
        book = self._books.get(subject)
        if book is None:
            if len(self._books) >= MOST_BOOKS:
                del self._books[next(iter(self._books))]
            book = self._books[subject] = _Book(since_us=now)
        return book


def _side(book: _Book, name: str) -> _Side:
    return book.bid if name == BOOK_DEPTH_BID else book.ask

"""Speaks when an exchange does not answer, or a feed of ours has lost it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import attrs
from attrs.validators import ge, gt

from oracle.facts import HTTP_RESPONSE_MS, HTTP_STATUS, NO_ANSWER, NO_CONNECTION
from oracle.model import Event, Finding, Gap, Sample, Severity
from oracle.watchdogs.latch import Latches
from oracle.watchdogs.pushed import OfFeeds

__all__ = ["ExchangeOutage"]

MOST_FEEDS = 10_000
LOST, BACK = ("system:feed:disconnected", "feed_stale"), ("system:feed:connected", "feed_fresh")
OK = 200


@attrs.define
class ExchangeOutage:
    """Two witnesses: the health polls of exchanges, and the silence of our own feeds.

    A poll that was not answered is critical, a status other than 200 high, an answer after more than `slow_ms` medium. A feed
    that lost its connection or hears nothing, and is not back after `grace_s`, is high. Each speaks once until it is well
    again, and once more if it gets worse. A pushed health sample counts where no feed of ours asks that exchange.
    """

    slow_ms: float = attrs.field(default=4_000.0, validator=gt(0))  # milliseconds
    grace_s: float = attrs.field(default=5.0, validator=ge(0))  # seconds a feed has to come back
    interval_s: float = attrs.field(default=60.0, validator=ge(0.1))  # longest silence between checks, seconds
    memory_s: float = attrs.field(default=3_600.0, validator=gt(0))  # an outage that began since is not told again after a start
    stale_after_s: float = attrs.field(default=120.0, validator=gt(0))  # what a source says of longer ago is not now, seconds
    exchanges: tuple[str, ...] = ("binance", "coinbase", "kraken")  # whose health polls count, or "*" for all
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _took_ms: dict[str, float] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _missing: dict[str, tuple[int, str, int]] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _latches: Latches = attrs.field(factory=Latches, init=False, repr=False, eq=False)
    _of_feeds: OfFeeds = attrs.field(init=False, repr=False, eq=False)

    listens = (
        f"sample:{HTTP_RESPONSE_MS}:*", f"sample:{HTTP_STATUS}:*",
        "event:system:feed:*", "event:feed_stale:*", "event:feed_fresh:*",
    )  # fmt: skip
    patient = True  # feeds that are well say nothing of it

    def __attrs_post_init__(self) -> None:
        self._of_feeds = OfFeeds(self.stale_after_s)

    @property
    def next_deadline(self) -> int | None:
        """When the first of the lost feeds has had its time."""
        return min((due_us for due_us, _, _ in self._missing.values()), default=None)

    def update(self, message: Sample | Event, now: int) -> Iterator[Finding]:
        """Take a health sample or a feed's event, published at `now` (UTC microseconds)."""
        if isinstance(message, Event):
            self._note_feed(message, now)
        elif "*" not in self.exchanges and message.subject not in self.exchanges:
            self.ignored["not_watched"] += 1
        elif now - message.ts_us > self.stale_after_s * 1e6:
            self.ignored["stale"] += 1
        elif not _makes_sense(message):
            self.ignored["not_an_answer"] += 1
        elif not self._of_feeds.counts(message.subject, message.source, now):
            self.ignored["pushed"] += 1
        elif message.name == HTTP_RESPONSE_MS:
            if message.subject in self._took_ms or len(self._took_ms) < MOST_FEEDS:
                self._took_ms[message.subject] = message.value
        else:
            yield from self._judge(message, now)

    def on_time(self, now: int) -> Iterator[Finding]:
        """Feeds whose time to come back is over."""
        for feed, (due_us, reason, since_us) in sorted(self._missing.items()):
            if due_us > now:
                continue
            del self._missing[feed]
            if self._latches.speaks(feed, Severity.high):
                silent_s = round((now - since_us) / 1e6, 3)
                summary = f"the feed {feed.removeprefix('feed:')} is away: {reason}"
                yield _finding(feed, Severity.high, summary, {"error": reason, "silent_s": silent_s}, now, feed)

    def on_gap(self, gap: Gap) -> None:
        """Nobody watched: what was lost has its time again."""
        if gap.who == "watchdog":
            due_us = gap.to_us + round(self.grace_s * 1e6)
            self._missing = {feed: (due_us, reason, since) for feed, (_, reason, since) in self._missing.items()}

    def _note_feed(self, event: Event, now: int) -> None:
        feed = event.subject
        if event.kind in BACK or event.severity is Severity.low:  # an orderly end is no outage
            self._missing.pop(feed, None)
            self._latches.rest(feed)
        elif event.kind in LOST and feed not in self._missing and not self._latches.is_on(feed):
            if len(self._missing) >= MOST_FEEDS:
                self.ignored["too_many_feeds"] += 1
                return
            reason = str(event.data.get("reason") or event.summary.partition(": ")[2])
            self._missing[feed] = now + round(self.grace_s * 1e6), reason, now

    def _judge(self, status: Sample, now: int) -> Iterator[Finding]:
        exchange, code = status.subject, status.value
        took_ms = self._took_ms.get(exchange)
        slow = took_ms is not None and took_ms > self.slow_ms
        if code == OK and not slow:
            self._latches.rest(f"http:{exchange}")
            return
        severity, error, said = Severity.high, f"status {code:g}", f"answers {code:g}"
        if code in (NO_ANSWER, NO_CONNECTION):
            error = "timeout" if code == NO_ANSWER else "no connection"
            severity, said = Severity.critical, f"does not answer: {error}"
        elif code == OK:
            severity, error, said = Severity.medium, "", f"answers after {(took_ms or 0) / 1000:.1f} s"
        if not self._latches.speaks(f"http:{exchange}", severity):
            return
        data = {"status_code": round(code) if code > 0 else None, "response_time_ms": took_ms, "error": error or None}
        yield _finding(exchange, severity, f"{exchange} {said}", data, now, status.topic)


def _makes_sense(sample: Sample) -> bool:
    """Whether it is a time (of less than a year) or a status that HTTP has; false for NaN."""
    if sample.name == HTTP_RESPONSE_MS:
        return 0 <= sample.value < 3.2e10
    return sample.value in (NO_ANSWER, NO_CONNECTION) or 100 <= sample.value < 1_000


def _finding(who: str, severity: Severity, summary: str, data: dict[str, object], now: int, cause: str) -> Finding:
    exchange = who.removeprefix("feed:")
    return Finding("exchange_outage", exchange, severity, summary, {"exchange": exchange, **data}, now, cause)

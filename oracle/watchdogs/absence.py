"""Speaks when something that used to come does not come any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Any

import attrs
from attrs.validators import ge, gt, min_len

from oracle.facts import HTTP_STATUS
from oracle.model import Finding, Gap, Severity
from oracle.patterns import are_patterns
from oracle.watchdogs.pushed import OfFeeds

__all__ = ["Absence"]

MOST_TOPICS = 10_000  # expected at once; further ones are not watched


@attrs.define
class Absence:
    """Expects each topic that matches `topics` to be heard again within `for_s`: a topic without a star from the start, one
    that matches a pattern once it has been heard. What is missing speaks once, until it is heard again.

    A time in which this watchdog itself did not listen counts for nothing, nor does what is pushed while a feed is there.
    """

    topics: tuple[str, ...] = attrs.field(  # what is expected to come again: topics, or patterns once heard
        default=(f"sample:{HTTP_STATUS}:*",), validator=[min_len(1), are_patterns]
    )
    for_s: float = attrs.field(default=30.0, validator=gt(0))  # seconds
    stale_after_s: float = attrs.field(default=600.0, validator=gt(0))  # what was said of longer ago is not heard, seconds
    severity: Severity = Severity.high  # of what it says
    interval_s: float = attrs.field(default=60.0, validator=ge(0.1))  # longest silence between checks, seconds
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _heard_us: dict[str, int] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _due: list[tuple[int, str]] = attrs.field(factory=list, init=False, repr=False, eq=False)
    _missing: set[str] = attrs.field(factory=set, init=False, repr=False, eq=False)
    _of_feeds: OfFeeds = attrs.field(init=False, repr=False, eq=False)

    patient = True  # silence is what it is there to tell of

    def __attrs_post_init__(self) -> None:
        self._of_feeds = OfFeeds(self.stale_after_s)

    @property
    def listens(self) -> tuple[str, ...]:
        """What is expected."""
        return self.topics

    @property
    def memory_s(self) -> float:
        """Seconds of past input that decide what it says next."""
        return max(3_600.0, 2 * self.for_s, 2 * self.stale_after_s)

    @property
    def next_deadline(self) -> int | None:
        """The earliest instant at which something may be missing."""
        return self._due[0][0] if self._due else None

    def update(self, message: Any, now: int) -> Iterator[Finding]:
        """Take anything that is expected, published at `now` (UTC microseconds)."""
        topic = message.topic
        if topic.startswith("event:absence:"):
            return  # what it says itself is not expected again
        if now - message.ts_us > self.stale_after_s * 1e6:
            self.ignored["stale"] += 1
            return
        if not self._of_feeds.counts(topic, message.source, now):
            self.ignored["pushed"] += 1
            return
        if topic not in self._heard_us and len(self._heard_us) >= MOST_TOPICS:
            self.ignored["too_many_topics"] += 1
            return
        if topic not in self._heard_us or topic in self._missing:
            self._missing.discard(topic)
            heappush(self._due, (now + self._for_us, topic))
        self._heard_us[topic] = now  # its place in the heap is put right when that comes up
        yield from ()

    def on_time(self, now: int) -> Iterator[Finding]:
        """What is missing at `now`."""
        while self._due and self._due[0][0] <= now:
            _, topic = heappop(self._due)
            due_us = self._heard_us[topic] + self._for_us
            if due_us > now:
                heappush(self._due, (due_us, topic))
                continue
            self._missing.add(topic)
            silent_s = round((now - self._heard_us[topic]) / 1e6, 3)
            yield Finding(
                "absence", topic, self.severity, f"no {topic} for {silent_s:g} s",
                {"topic": topic, "silent_s": silent_s, "last_seen_us": self._heard_us[topic]}, now,
            )  # fmt: skip

    def on_gap(self, gap: Gap) -> None:
        """Nobody listened: everything that is not missing already has its time again."""
        if gap.who != "watchdog":
            return
        for topic in self.topics:
            if not topic.endswith("*"):
                self._heard_us.setdefault(topic, gap.to_us)
        for topic in self._heard_us:
            if topic not in self._missing:
                self._heard_us[topic] = gap.to_us
        self._due = [(at + self._for_us, topic) for topic, at in self._heard_us.items() if topic not in self._missing]
        heapify(self._due)

    @property
    def _for_us(self) -> int:
        return round(self.for_s * 1e6)

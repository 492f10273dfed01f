"""What a watchdog's class offers, and what of the past it may ask for before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import attrs

from oracle.model import Bar, Finding, Gap
from oracle.watchdogs.plausible import LARGEST

__all__ = ["Bars", "Course", "Decider", "Mean", "Means", "Memory"]


class Decider(Protocol):
    """Pure: no async, no clock, no I/O. Equal deciders that take equal messages find the same, live and in replay.

    It may also have
    `on_time(now)` with `next_deadline` (UTC microseconds or None), and then `on_gap(gap)`, since a time in which nothing was
    heard proves nothing: in there it begins its pending timers anew;
    `begun(now)`, called when it has taken in its past and is at work from then on;
    `lessons`, what it wants to be taught, and `learn(one)`, which takes them, oldest first, before the first message;
    `patient`, True where a long silence of what it listens to is nothing unusual;
    `ignored`, a Counter of messages that it did not take, by reason.

    What it listens to has a `source`: ticks, samples and events.
    """

    listens: tuple[str, ...]
    interval_s: float

    @property
    def memory_s(self) -> float:
        """Seconds of past input that decide what it says next."""

    def update(self, message: Any, now: int) -> Iterable[Finding]:
        """Take a message published at `now` (UTC microseconds)."""


@attrs.frozen
class Bars:
    """A wish: closed bars of `interval` (`15m`) of the last `span_s` seconds, of each symbol that `watches` accepts."""

    interval: str
    span_s: float
    watches: Any  # a callable: str -> bool


@attrs.frozen
class Means:
    """A wish: the means of the samples of these names over each `bucket_s` of the last `span_s` seconds, by subject; of values
    from `least` to `most`."""

    names: tuple[str, ...]
    bucket_s: float
    span_s: float
    least: float = -LARGEST
    most: float = LARGEST


@attrs.frozen
class Mean:
    """So many samples, whose values add up to `total`, were published in `bucket_s` seconds from `ts_us` on."""

    name: str
    subject: str
    ts_us: int
    bucket_s: float
    count: int
    total: float


@attrs.frozen
class Memory:
    """The past as a decider gets it: `lessons` end before `messages` begin, which are (publish time, message) in order; somebody
    watched until `watched_us`. `cut`: there was more than is shown at a start, and the oldest is missing. `stored`: lessons are
    of what the history had up to that place."""

    lessons: Sequence[Bar | Mean] = ()
    messages: Sequence[tuple[int, Any]] = ()
    watched_us: int = 0
    cut: bool = False
    stored: int = 0


class Course:
    """A decider on the clock of its messages: a deadline that has passed comes before the next message.

    The live watchdog and every replay go through here, and so they find the same.
    """

    def __init__(self, decider: Any) -> None:
        self.decider = decider
        self._update = decider.update
        self._timed = hasattr(decider, "on_time")
        self._on_gap = getattr(decider, "on_gap", None)
        self._last_us: int | None = None
        self.provider = ""  # who said what was last heard

    @property
    def next_deadline(self) -> int | None:
        """When `pass_time` is due, UTC microseconds; None while nothing is pending."""
        return self.decider.next_deadline if self._timed else None

    def study(self, lessons: Iterable[Bar | Mean]) -> None:
        """Take in lessons, the oldest first, before it begins."""
        for lesson in lessons:
            self.decider.learn(lesson)

    def recall(self, messages: Iterable[tuple[int, Any]]) -> None:
        """Take in the past, the oldest first, without a word about it."""
        for time_us, message in messages:
            for _ in self.take(message, time_us):
                pass
            self._last_us = time_us

    def begin(self, memory: Memory, now_us: int) -> None:
        """Take in what of the past was not yet, then begin. What nobody watched, from its end until now, is a gap."""
        self.study(memory.lessons)
        self.recall(memory.messages)
        watched_us = min(memory.watched_us, now_us)
        for _ in self.pass_time(watched_us):
            pass  # it was spoken of by whoever watched then
        if self._on_gap is not None:
            from_us = now_us if self._last_us is None else min(max(self._last_us, watched_us), now_us)
            self._on_gap(Gap("watchdog", from_us, now_us, "start"))
        if hasattr(self.decider, "begun"):
            self.decider.begun(now_us)

    def take(self, message: Any, time_us: int) -> Iterable[Finding]:
        """What it finds in a message published at `time_us`, after what is due before that; but nothing is due while nobody
        watches, which is what a gap of a start says."""
        due_us = self.decider.next_deadline if self._timed else None
        if message.__class__ is not Gap:
            if due_us is not None and due_us < time_us:
                return self._take_late(message, time_us)
            self.provider = message.source
            return self._update(message, time_us)  # type: ignore[no-any-return]
        if message.who == "history" and message.reason.startswith("start"):
            return self._begin_anew(message)
        return self._gap(message) if due_us is None or due_us >= time_us else self._take_late(message, time_us)

    def pass_time(self, until_us: int) -> Iterator[Finding]:
        """What it finds at each deadline up to `until_us`, that one included."""
        if not self._timed:
            return
        while (due_us := self.decider.next_deadline) is not None and due_us <= until_us:
            yield from self.decider.on_time(due_us)
            if self.decider.next_deadline == due_us:
                raise ValueError(f"on_time left its deadline where it was, {due_us}")

    def _begin_anew(self, gap: Gap) -> Iterator[Finding]:
        yield from self.pass_time(gap.from_us)
        self._gap(Gap("watchdog", gap.from_us, gap.to_us, gap.reason))

    def _take_late(self, message: Any, time_us: int) -> Iterator[Finding]:
        yield from self.pass_time(time_us - 1)
        yield from self.take(message, time_us)

    def _gap(self, gap: Gap) -> tuple[Finding, ...]:
        if self._on_gap is not None:
            own = gap.who.startswith("watchdog:")  # a mailbox of ours that overflowed: nobody watched then either
            self._on_gap(Gap("watchdog", gap.from_us, gap.to_us, gap.reason) if own else gap)
        return ()

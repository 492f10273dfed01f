"""What lies in the last stretch of time: entries come in at the end and leave at the other, in time that does not depend on
how many there are.

Entries are kept in buckets, at most 3,600 for a window: an entry leaves with its bucket, a 3,600th of the window late or so,
and in windows of up to an hour one of a whole second leaves on time. Time is cut in blocks as long as the window, so it covers
the tail of the block before and the head of this one: the head is folded as it grows, the tails once they are over (van
Herk, Gil and Werman), 60 buckets at a time, so that no entry waits for thousands. The values of the newest bucket are only
noted, and folded 64 at a time. Where blocks begin is fixed, so what is read
depends, to the last bit, on the entries and on the instant, and not on when somebody read before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

from oracle.conditions.folds import FOLDS, Entries

__all__ = ["MOST_BUCKETS", "TOGETHER", "Held", "Rolling", "resolution_us"]

MOST_BUCKETS = 3_600

_AT_ONCE = 60  # buckets
TOGETHER = 64
"""Values of one bucket that are folded together."""

_SECOND_US = 1_000_000
_PARTS_US: list[int] = [2**twos * 5**fives for twos in range(7) for fives in range(7)]  # what a second can be cut into


def resolution_us(window_us: int) -> int:
    """How long a bucket is, and an entry leaves less than that late: microseconds, an even part of a second or whole ones."""
    least_us = -(-window_us // MOST_BUCKETS)
    if least_us > _SECOND_US:
        return -(-least_us // _SECOND_US) * _SECOND_US
    return min(part_us for part_us in _PARTS_US if part_us >= least_us)


_NONE = (float("inf"), float("-inf"))

GAP_SHARE = 10  # a gap longer than this part of a window makes it unknown


class Rolling:
    """A fold of the entries in (now - window, now]. Times never go back. It is watched since `since_us`, and not known before
    that is a whole window ago."""

    __slots__ = (
        "_after", "_block", "_bucket", "_buckets", "_group", "_grouped", "_head", "_means", "_old", "_old_means", "_open",
        "_over", "_per_block", "_tail", "_width_us", "ends_us", "fold", "since_us", "values", "window_us",
    )  # fmt: skip

    def __init__(self, fold: str, window_us: int, since_us: int) -> None:
        self.fold = FOLDS[fold]
        self.window_us = window_us
        self.since_us = since_us
        self._width_us = resolution_us(window_us)
        self._per_block = -(-window_us // self._width_us)
        self._block = -1
        self._bucket = -1  # the newest
        self.ends_us = -1  # the last instant of that one
        self.values: list[float] = []  # the last of that one, where it is of this block: until then one more may be put here
        self._open: Entries | None = None  # what it holds before these
        self._buckets: list[Entries] = []  # those before it, 60 or less
        self._group: Entries | None = None  # of these, as many as somebody has read
        self._grouped = 0
        self._head: Entries | None = None  # all of this block before these
        self._means = self._old_means = _NONE  # the least and the largest mean of a bucket: of the head, of the block before
        self._over: list[list[Entries]] = []  # those before them: the tails of 60 each, the longest last
        self._old: list[list[Entries]] = []  # the same of the block before, the newest 60 first
        self._after: list[Entries | None] = []  # beside each of these: all of the block that comes after
        self._tail: Entries | None = None  # all of the block before that is in the window

    def __len__(self) -> int:
        """How many buckets it holds."""
        return bool(self.values) + len(self._buckets) + sum(map(len, self._over)) + sum(map(len, self._old))

    def add(self, now_us: int, value: float) -> None:
        """Take an entry of this instant."""
        if now_us <= self.ends_us and len(self.values) < TOGETHER:
            self.values.append(value)
        elif now_us <= self.ends_us:
            self._open, self.values = self._newest(), [value]
        else:
            self._begin_bucket(now_us, value)

    def entries(self, now_us: int) -> Entries | None:
        """The fold of all that is in the window; None where there is nothing."""
        self._pass(now_us)
        return self._all(self._tail)

    @property
    def known_us(self) -> int:
        """When it will have been watched for a whole window."""
        return self.since_us + self.window_us

    def ahead(self, now_us: int, until_us: int) -> tuple[Entries, Entries, tuple[float, float]] | None:
        """The fold of what is in the window, that of what of it will be there until then, that instant included, and between
        which two numbers the mean of each bucket is that leaves before; None where that is not known."""
        if now_us < self.since_us + self.window_us:
            return None
        self._pass(now_us)
        oldest = (until_us - self.window_us) // self._width_us + 1
        now, stays = self._all(self._tail), self._tail
        if stays is not None and stays[0] < oldest:
            stays = self._tail_from(oldest)
        then = self._all(stays)
        if now is None or then is None or then[0] < oldest:
            return None
        return now, then, self._old_means

    def next_change(self, now_us: int) -> int | None:
        """When the oldest bucket leaves, or when all of the window will have been watched."""
        if now_us < self.since_us + self.window_us:
            return self.since_us + self.window_us
        self._pass(now_us)
        oldest = self._tail or self._head or (self._buckets or [None])[0]
        bucket = int(oldest[0]) if oldest else self._bucket if self.values else None
        return None if bucket is None else bucket * self._width_us + self.window_us

    def restart(self, since_us: int, gone_us: int) -> None:
        """Nobody watched until then, for `gone_us`; up to a tenth of the window, what is known stands for all of it."""
        if gone_us * GAP_SHARE > self.window_us:
            self.since_us = max(self.since_us, since_us)

    def _pass(self, now_us: int) -> None:
        block = -(-now_us // self._width_us) // self._per_block
        if block != self._block:
            self._turn(block)
        if self._tail is not None:
            oldest = (now_us - self.window_us) // self._width_us + 1
            if self._tail[0] < oldest:
                self._leave(oldest)

    def _leave(self, oldest: int) -> None:
        while self._old and self._old[-1][0][0] < oldest:
            self._old.pop()
            self._after.pop()
        while self._old and self._old[-1][-1][0] < oldest:
            self._old[-1].pop()
        self._tail = self._joined(self._old[-1][-1], self._after[-1]) if self._old else None

    def _tail_from(self, oldest: int) -> Entries | None:
        for tails, after in zip(reversed(self._old), reversed(self._after), strict=True):
            if tails[0][0] >= oldest:
                return self._joined(tails[bisect_right(tails, -oldest, key=lambda one: -int(one[0])) - 1], after)
        return None

    def _all(self, tail: Entries | None) -> Entries | None:
        """That and all of this block."""
        buckets, merge = self._buckets, self.fold.merge
        while self._grouped < len(buckets):
            self._group = buckets[0] if self._group is None else merge(self._group, buckets[self._grouped])
            self._grouped += 1
        found = tail
        for part in self._head, self._group, self._newest() if self.values else None:
            if part is not None:
                found = part if found is None else merge(found, part)
        return found

    def _newest(self) -> Entries:
        last = self.fold.of(self._bucket, self.values)
        return last if self._open is None else self.fold.merge(self._open, last)

    def _begin_bucket(self, now_us: int, value: float) -> None:
        bucket = -(-now_us // self._width_us)
        if bucket // self._per_block != self._block:
            self._turn(bucket // self._per_block)
        self._end_bucket()
        if self._buckets and bucket // _AT_ONCE != self._bucket // _AT_ONCE:
            self._close()
            self._pass(now_us)
        self._bucket, self.ends_us, self.values = bucket, bucket * self._width_us, [value]

    def _end_bucket(self) -> None:
        if self.values:
            self._buckets.append(self._newest())
            self.values, self._open, self.ends_us = [], None, -1

    def _close(self) -> None:
        merge, tail = self.fold.merge, self._buckets[-1]
        tails = [tail]
        for entries in self._buckets[-2::-1]:
            tails.append(tail := merge(entries, tail))
        self._over.append(tails)
        means, (low, high) = list(map(self.fold.mean, self._buckets)), self._means
        self._means = min(low, *means), max(high, *means)
        self._head = tails[-1] if self._head is None else self.fold.merge(self._head, tails[-1])
        self._buckets, self._group, self._grouped = [], None, 0

    def _turn(self, block: int) -> None:
        self._end_bucket()
        if self._buckets:
            self._close()
        self._old, self._after, self._tail = [], [], None
        if block == self._block + 1:
            for tails in reversed(self._over):
                self._old.append(tails)
                self._after.append(self._tail)
                self._tail = self._joined(tails[-1], self._tail)
        self._over, self._head = [], None
        self._old_means, self._means = self._means, _NONE
        self._block, self._bucket = block, -1

    def _joined(self, older: Entries, newer: Entries | None) -> Entries:
        return older if newer is None else self.fold.merge(older, newer)


class Held:
    """What holds now, and what held when the window began: the last entry until then that was heard while somebody watched.
    Buckets and times as in Rolling."""

    __slots__ = ("_before", "_entries", "_last", "_width_us", "window_us")

    def __init__(self, window_us: int) -> None:
        self.window_us = window_us
        self._width_us = resolution_us(window_us)
        self._entries: deque[list[float]] = deque()
        self._before: float | None = None
        self._last: float | None = None

    def __len__(self) -> int:
        """How many buckets it holds."""
        return len(self._entries)

    def add(self, now_us: int, value: float) -> None:
        """Take an entry of this instant."""
        self._pass(now_us)
        bucket = -(-now_us // self._width_us)
        self._last = value
        if self._entries and self._entries[-1][0] == bucket:
            self._entries[-1][1] = value
        else:
            self._entries.append([bucket, value])

    def change_pct(self, now_us: int) -> float | None:
        """How far it has come since then, percent of the size of what held then: less than 0 is down; None: not known."""
        self._pass(now_us)
        before, last = self._before, self._last
        if before is None or last is None or before == 0.0:
            return None
        return (last - before) / abs(before) * 100.0

    def next_change(self, now_us: int) -> int | None:
        """When the oldest bucket becomes what held at the beginning."""
        self._pass(now_us)
        return int(self._entries[0][0]) * self._width_us + self.window_us if self._entries else None

    def restart(self, _since_us: int, gone_us: int) -> None:
        """Nobody watched until then, for `gone_us`: what held before may have been something else since, if that is more than a
        tenth of the window."""
        if gone_us * GAP_SHARE <= self.window_us:
            return
        self._entries.clear()
        self._before = self._last = None

    def _pass(self, now_us: int) -> None:
        oldest = (now_us - self.window_us) // self._width_us + 1
        entries = self._entries
        while entries and entries[0][0] < oldest:
            self._before = entries.popleft()[1]

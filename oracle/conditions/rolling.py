"""What lies in the last stretch of time: entries come in at the end and leave at the other, in time that does not depend on
how many there are.

Entries are kept in buckets, at most 3,600 for a window: an entry leaves with its bucket, a 3,600th of the window late or so, and
in windows of up to an hour one of a whole second leaves on time. Time is cut in blocks as long as the window, so it covers the tail
of the block before and the head of this one: the head is folded as entries come, the tails of a block once it is over (van
Herk, Gil and Werman). Where blocks begin is fixed, so what is read depends, to the last bit, on the entries and on the
instant, and not on when somebody read before.
"""

from __future__ import annotations

from collections import deque

from oracle.conditions.folds import FOLDS, Entries

__all__ = ["MOST_BUCKETS", "Held", "Rolling", "resolution_us"]

MOST_BUCKETS = 3_600

_SECOND_US = 1_000_000
_PARTS_US = sorted(2**i * 5**j for i in range(7) for j in range(7))  # what a second can be cut into


def resolution_us(window_us: int) -> int:
    """How late an entry may leave, less than so many microseconds: how long a bucket is. An even part of a second, or whole ones."""
    least_us = -(-window_us // MOST_BUCKETS)
    if least_us > _SECOND_US:
        return -(-least_us // _SECOND_US) * _SECOND_US
    return next(part_us for part_us in _PARTS_US if part_us >= least_us)


class Rolling:
    """A fold of the entries in (now - window, now]. Times never go back. It is watched since `since_us`, and not known before
    that is a whole window ago."""

    __slots__ = ("_add", "_block", "_bucket", "_buckets", "_head", "_open", "_per_block", "_tails", "_width_us",
                 "fold", "since_us", "window_us")  # fmt: skip

    def __init__(self, fold: str, window_us: int, since_us: int) -> None:
        self.fold = FOLDS[fold]
        self.window_us = window_us
        self.since_us = since_us
        self._add = self.fold.add
        self._width_us = resolution_us(window_us)
        self._per_block = -(-window_us // self._width_us)
        self._block = -1
        self._bucket = -1  # the newest
        self._open: Entries = []
        self._head: Entries | None = None  # all of this block
        self._buckets: list[Entries] = []  # of this block
        self._tails: list[Entries] = []  # of the block before: the last is the longest

    def __len__(self) -> int:
        """How many buckets it holds."""
        return len(self._buckets) + len(self._tails)

    def add(self, now_us: int, value: float) -> None:
        """Take an entry of this instant."""
        bucket = -(-now_us // self._width_us)
        if bucket == self._bucket:
            self._add(self._open, value)
            self._add(self._head, value)  # type: ignore[arg-type]
            return
        self._pass(now_us)
        self._bucket = bucket
        self._open = self.fold.new(bucket, value)
        self._buckets.append(self._open)
        if self._head is None:
            self._head = self.fold.new(bucket, value)
        else:
            self._add(self._head, value)

    def entries(self, now_us: int) -> Entries | None:
        """The fold of all that is in the window; None where there is nothing."""
        self._pass(now_us)
        if not self._tails:
            return self._head
        return self._tails[-1] if self._head is None else self.fold.merge(self._tails[-1], self._head)

    def next_change(self, now_us: int) -> int | None:
        """When the oldest bucket leaves, or when all of the window will have been watched."""
        if now_us < self.since_us + self.window_us:
            return self.since_us + self.window_us
        self._pass(now_us)
        oldest = self._tails or self._buckets[:1]
        return int(oldest[-1][0]) * self._width_us + self.window_us if oldest else None

    def restart(self, since_us: int) -> None:
        """Nobody watched until then."""
        self.since_us = max(self.since_us, since_us)

    def _pass(self, now_us: int) -> None:
        block = -(-now_us // self._width_us) // self._per_block
        if block != self._block:
            self._turn(block)
        tails = self._tails
        if tails:
            oldest = (now_us - self.window_us) // self._width_us + 1
            while tails and tails[-1][0] < oldest:
                tails.pop()

    def _turn(self, block: int) -> None:
        tails: list[Entries] = []
        if block == self._block + 1:
            merge = self.fold.merge
            for entries in reversed(self._buckets):
                tails.append(merge(entries, tails[-1]) if tails else entries)
        self._tails, self._buckets, self._head = tails, [], None
        self._block, self._bucket = block, -1


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

    def restart(self, _since_us: int) -> None:
        """Nobody watched until then: what held before may have been something else since."""
        self._entries.clear()
        self._before = self._last = None

    def _pass(self, now_us: int) -> None:
        oldest = (now_us - self.window_us) // self._width_us + 1
        entries = self._entries
        while entries and entries[0][0] < oldest:
            self._before = entries.popleft()[1]

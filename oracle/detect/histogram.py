"""A histogram that grows with what it is shown."""

from __future__ import annotations

from typing import Annotated

import msgspec

__all__ = ["BINS", "Counts", "Histogram"]

BINS = 16
HALF = BINS // 2
MOST_DOUBLINGS = 2  # per value: one bad tick makes the bins four times as wide, not useless
PRIOR = 0.2  # of a value in every bin before the first
HALVED_AFTER = 20_000  # values; what is older than that counts less and less

# One bin more at either end stays empty: neighbours need no case of their own there.
Counts = Annotated[list[float], msgspec.Meta(min_length=BINS + 2, max_length=BINS + 2)]


class Histogram(msgspec.Struct):
    """Sixteen bins of `width` from `low` on, which double in width when a value falls outside. Until two values differ
    there is no width, and one bin."""

    low: float
    width: float = 0.0
    counts: Counts = msgspec.field(default_factory=lambda: [0.0] * (BINS + 2))
    total: float = 0.0
    fresh: int = 0  # values since the counts were halved

    @classmethod
    def around(cls, value: float, width: float) -> Histogram:
        """With `value` in the middle of a bin in the middle."""
        return cls(value - (HALF - 0.5) * width, width)

    def probability(self, value: float) -> float:
        """How likely the value was, in (0, 1]; then count it.

        The likelihood goes straight from the middle of one bin to that of the next, so that it hardly matters where
        exactly the bins begin.
        """
        counts, width = self.counts, self.width
        if width:
            place = (value - self.low) / width
            if not 0.0 <= place < BINS:
                place = self._grow(value)
            index = int(place) + 1
            here = counts[index]
            off = place - index + 0.5  # widths right of the middle of its bin
            near = here + (off * (counts[index + 1] - here) if off > 0.0 else off * (here - counts[index - 1]))
        elif value == self.low:
            index, near = HALF, self.total
        else:
            self._begin(value)
            return self.probability(value)
        likely = (near + PRIOR) / (self.total + BINS * PRIOR)
        counts[index] += 1.0
        self.total += 1.0
        self.fresh += 1
        if self.fresh == HALVED_AFTER:
            self._halve()
        return likely

    def clipped(self, value: float) -> float:
        """The value, or the end of the range that is nearer to it."""
        return min(max(value, self.low), self.low + BINS * self.width)

    def mostly_below(self, value: float) -> bool:
        """Whether more than half of what was counted lies in bins below the value's."""
        return sum(self.counts[: self._index(value)]) > self.total / 2

    def mostly_above(self, value: float) -> bool:
        """Whether more than half of what was counted lies in bins above the value's."""
        return sum(self.counts[self._index(value) + 1 :]) > self.total / 2

    def _index(self, value: float) -> int:
        return int(min(max((value - self.low) / self.width, 0.0), BINS - 1.0)) + 1 if self.width else HALF

    def _begin(self, value: float) -> None:
        only = self.low
        self.width = abs(value - only)
        self.low = only - (HALF - 0.5) * self.width

    def _grow(self, value: float) -> float:
        # Doubles towards the value a few times at most; gives its place, that of an end bin if it is still outside.
        counts = self.counts
        place = (value - self.low) / self.width
        for _ in range(MOST_DOUBLINGS):
            if 0.0 <= place < BINS:
                break
            pairs = [counts[i] + counts[i + 1] for i in range(1, BINS + 1, 2)]
            if place < 0.0:
                self.low -= BINS * self.width
                counts[1 : BINS + 1] = [0.0] * HALF + pairs
            else:
                counts[1 : BINS + 1] = pairs + [0.0] * HALF
            self.width *= 2.0
            place = (value - self.low) / self.width
        return 0.5 if place < 0.0 else BINS - 0.5 if place >= BINS else place

    def _halve(self) -> None:
        self.counts[:] = [count / 2 for count in self.counts]
        self.total /= 2
        self.fresh = 0

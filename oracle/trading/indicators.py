"""Indicators of technical analysis, one bar at a time: each update takes the same time, however long the window.

The sums of a window are made anew each time it has gone round, so that what is rounded off does not add up.
"""

from __future__ import annotations

import math

__all__ = ["LONGEST", "Band", "Mean", "Rsi"]

LONGEST = 2_000
"""Bars of the longest window that settings may ask for, about eight years of days: each symbol keeps a window's values."""


class Mean:
    """Simple moving average of the last `period` values; `value` is None until there are so many."""

    __slots__ = ("_at", "_full", "_ring", "_sum", "period", "value")

    def __init__(self, period: int) -> None:
        self.period = period
        self.value: float | None = None
        self._ring = [0.0] * period
        self._at = 0
        self._full = False
        self._sum = 0.0

    def update(self, value: float) -> None:
        """Take in the next value."""
        at, ring = self._at, self._ring
        self._sum += value - ring[at]
        ring[at] = value
        at += 1
        if at == self.period:
            at, self._full, self._sum = 0, True, math.fsum(ring)
        self._at = at
        if self._full:
            self.value = self._sum / self.period


class Band:
    """Mean and standard deviation (of the population) of the last `period` values: Bollinger's bands are `mean` +- k `deviation`
    (Bollinger on Bollinger Bands, 2001). Both are None until there are so many values."""

    __slots__ = ("_at", "_full", "_ring", "_shift", "_squares", "_sum", "deviation", "mean", "period")

    def __init__(self, period: int) -> None:
        self.period = period
        self.mean: float | None = None
        self.deviation: float | None = None
        self._ring = [0.0] * period  # of differences to `_shift`, or the squares would cancel each other out
        self._at = 0
        self._full = False
        self._shift = 0.0
        self._sum = self._squares = 0.0

    def update(self, value: float) -> None:
        """Take in the next value."""
        at, ring = self._at, self._ring
        if not self._full and at == 0:
            self._shift = value
        new, old = value - self._shift, ring[at]
        ring[at] = new
        self._sum += new - old
        self._squares += new * new - old * old
        at += 1
        if at == self.period:
            at, self._full = 0, True
            self._begin_anew()
        self._at = at
        if self._full:
            mean = self._sum / self.period
            self.mean = self._shift + mean
            self.deviation = math.sqrt(max(0.0, self._squares / self.period - mean * mean))

    def _begin_anew(self) -> None:
        move = math.fsum(self._ring) / self.period
        self._shift += move
        self._ring = ring = [one - move for one in self._ring]
        self._sum = math.fsum(ring)
        self._squares = math.fsum([one * one for one in ring])


class Rsi:
    """Relative strength index, 0 to 100, smoothed as by its inventor (Wilder, New Concepts in Technical Trading Systems, 1978):
    the first mean gain and loss are those of `period` changes, each later one is ((period - 1) x mean + change) / period. `value`
    is None until there are so many changes, 50 where nothing has changed at all."""

    __slots__ = ("_gain", "_last", "_loss", "_seen", "period", "value")

    def __init__(self, period: int) -> None:
        self.period = period
        self.value: float | None = None
        self._last: float | None = None
        self._seen = 0
        self._gain = self._loss = 0.0

    def update(self, value: float) -> None:
        """Take in the next value."""
        last, self._last = self._last, value
        if last is None:
            return
        change, period = value - last, self.period
        gain, loss = (change, 0.0) if change > 0 else (0.0, -change)
        if self._seen >= period:
            self._gain += (gain - self._gain) / period
            self._loss += (loss - self._loss) / period
        else:
            self._seen += 1
            self._gain += gain / period
            self._loss += loss / period
            if self._seen < period:
                return
        total = self._gain + self._loss
        self.value = 100 * self._gain / total if total > 0 else 50.0

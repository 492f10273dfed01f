"""Which of many thresholds a price has passed: those between where it was and where it is, however many there are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

__all__ = ["Levels"]

_INF = float("inf")


class Levels:
    """Of one symbol: names at levels, and the price that was looked at last."""

    def __init__(self) -> None:
        self._levels: list[tuple[float, str]] = []
        self.price: float | None = None

    def add(self, level: float, name: str) -> None:
        """Name a level; a name may have several."""
        insort(self._levels, (level, name))

    def remove(self, level: float, name: str) -> None:
        """Take back what was added."""
        del self._levels[bisect_left(self._levels, (level, name))]

    def touched(self, price: float) -> list[str]:
        """The names of the levels from the last price to this one, both included; all, if there was none."""
        last, self.price = self.price, price
        if last is None:
            return list(dict.fromkeys(name for _, name in self._levels))
        low, high = (last, price) if last < price else (price, last)
        first = bisect_left(self._levels, (low, ""))
        end = bisect_right(self._levels, (high, "\U0010ffff"))
        return list(dict.fromkeys(name for _, name in self._levels[first:end]))

    def around(self) -> tuple[float, float]:
        """Between which two numbers, both excluded, the price touches no level."""
        levels, price = self._levels, self.price
        if price is None:
            return _INF, -_INF
        place = bisect_left(levels, (price, ""))
        high = levels[place][0] if place < len(levels) else _INF
        low = price if high == price else levels[place - 1][0] if place else -_INF
        return low, high

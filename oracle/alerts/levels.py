"""Which of many thresholds a price has passed: those between where it was and where it is, however many there are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

__all__ = ["Levels"]


class Levels:
    """Of one symbol: names at levels, and the last price."""

    def __init__(self) -> None:
        self._levels: list[tuple[float, str]] = []
        self._price: float | None = None

    def add(self, level: float, name: str) -> None:
        """Name a level; a name may have several."""
        insort(self._levels, (level, name))

    def touched(self, price: float) -> list[str]:
        """The names of the levels from the last price to this one, both included; all, if there was none."""
        last, self._price = self._price, price
        if last is None:
            return list(dict.fromkeys(name for _, name in self._levels))
        low, high = (last, price) if last < price else (price, last)
        first = bisect_left(self._levels, (low, ""))
        end = bisect_right(self._levels, (high, "\U0010ffff"))
        return list(dict.fromkeys(name for _, name in self._levels[first:end]))

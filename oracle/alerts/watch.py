"""Which rules are to be looked at when something has come of a series, an event or a topic: of those that read it, the ones
whose condition may be another by it.

A plain threshold may be where the price passes it. A condition that is bound to keep its truth while the price stays between two
numbers may be where it leaves them, which are levels like any other, and move. Everything else may be with every message.
"""

from __future__ import annotations

from oracle.alerts.levels import Levels
from oracle.conditions.listeners import Numbers

__all__ = ["Watch"]

_INF = float("inf")


class Watch:
    """Rules by name. `numbers` is told between which values nobody needs to look; None where what comes is no number."""

    def __init__(self, numbers: Numbers | None) -> None:
        self.numbers = numbers
        self._always: dict[str, None] = {}
        self._levels = Levels()
        self._held = Levels()
        self._spans: dict[str, tuple[float, float]] = {}
        self._loose: dict[str, None] = {}  # of those that could be held, whoever is not

    def always(self, name: str) -> None:
        """Look at this one each time."""
        self._always[name] = None

    def add(self, level: float, name: str) -> None:
        """Look at this one where the price passes a level."""
        self._levels.add(level, name)

    def loose(self, name: str) -> None:
        """Look at this one each time, until it is held."""
        span = self._spans.pop(name, None)
        if span is not None:
            for level in span:
                self._held.remove(level, name)
        self._loose[name] = None

    def hold(self, name: str, low: float, high: float, more: int) -> None:
        """Look at this one, which is loose, only once the price leaves these two, between which it is, or has come more often."""
        assert self.numbers is not None
        del self._loose[name]
        self._held.price = self.numbers.value
        self._spans[name] = low, high
        for level in (low, high):
            self._held.add(level, name)
        self.numbers.left = min(self.numbers.left, float(more))

    def touched(self) -> list[str]:
        """Whom to look at now: those on whole conditions first. Follow it by `settle`."""
        numbers = self.numbers
        if numbers is None:
            return list(self._always)
        value, tired = numbers.value, numbers.left < 0.0
        if value is None:
            self._levels.price = None  # when there is one again all are looked at: they may have waited
        if tired or value is None:
            numbers.left = _INF
            held = list(self._spans)
        else:
            held = self._held.touched(value)
        return [*self._always, *sorted({*self._loose, *held}), *(self._levels.touched(value) if value is not None else ())]

    def settle(self) -> None:
        """All that had to be looked at was."""
        numbers = self.numbers
        if numbers is None:
            return
        if self._always or self._loose or numbers.value is None:
            numbers.low, numbers.high = _INF, -_INF
        else:
            spans = self._levels.around(), self._held.around() if self._spans else (-_INF, _INF)
            numbers.low, numbers.high = max(low for low, _ in spans), min(high for _, high in spans)

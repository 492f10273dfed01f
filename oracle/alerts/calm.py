"""For how long a rule on a whole condition need not be looked at, found by trying: how far the price may go, for how long, and
how often it may come, are tried together, less where that was too much and more where it was not."""

from __future__ import annotations

from collections.abc import Sequence

from oracle.alerts.watch import Watch
from oracle.conditions import Ahead, Expression, Windows, shortest_window_us

__all__ = ["Calm"]

FURTHEST = 0.005  # of the price
LONGEST = 1 / 32  # of the shortest window
MOST = 1024  # further prices
LEAST = 1 / MOST  # of each of these three
GROWTH = 1.5
UNLIMITED = 2**62
SECOND_US = 1_000_000

_INF = float("inf")


class Calm:
    """Of one rule: `expressions` are its conditions, all of which read the series of `watch` and nothing else."""

    def __init__(self, name: str, expressions: Sequence[Expression], watch: Watch, windows: Windows) -> None:
        self._name = name
        self._expressions = expressions
        self._watch = watch
        self._windows = windows
        self._reach = 1.0
        self._span_us = min(map(shortest_window_us, expressions))
        watch.loose(name)

    def end(self) -> None:
        """Have the rule looked at with the next price."""
        self._watch.loose(self._name)
        self._watch.settle()

    def seek(self, now_us: int) -> int | None:
        """The rule was looked at just now. Until when, that instant included, it need not be unless the watch says so; None: it
        has to be each time."""
        watch = self._watch
        watch.loose(self._name)
        ahead = self._unknown(now_us) or self._found(now_us)
        if ahead is not None:
            watch.hold(self._name, ahead.low, ahead.high, ahead.more)
        watch.settle()
        return None if ahead is None else ahead.until_us

    def _unknown(self, now_us: int) -> Ahead | None:
        until = [self._windows.unknown_until(one, now_us) for one in self._expressions]
        known_us = min((at_us or 0 for at_us in until), default=0)
        return Ahead(now_us, known_us - 1, -_INF, _INF, UNLIMITED) if known_us > now_us + 1 else None

    def _found(self, now_us: int) -> Ahead | None:
        assert self._watch.numbers is not None
        price = self._watch.numbers.value
        for _ in range(2 if price else 0):
            assert price is not None
            reach, away = self._reach, abs(price) * FURTHEST * self._reach
            until_us = (now_us + round(self._span_us * LONGEST * reach)) // SECOND_US * SECOND_US + SECOND_US
            ahead = Ahead(now_us, until_us, price - away, price + away, round(MOST * reach))
            if all(self._windows.foresees(one, ahead) for one in self._expressions):
                self._reach = min(1.0, reach * GROWTH)
                return ahead
            self._reach = max(LEAST, reach / 2)
        return None

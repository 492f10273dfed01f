"""When something happens to whom on the simulated market: a timetable that is a pure function of a seed and of time."""

from __future__ import annotations

import math

import attrs

from oracle.feeds.mix import unit

__all__ = ["Turn", "Turns"]


@attrs.frozen
class Turn:
    """One happening: its number, to whom, how much of what is possible (0 to 1), and how long it has been going on."""

    number: int
    who: str
    size: float
    since_s: float


@attrs.frozen
class Turns:
    """Every `every_s`, and up to `jitter_s` later, something lasts for `lasts_s`, to one after another of `who`."""

    key: int
    who: tuple[str, ...]
    every_s: float
    lasts_s: float
    jitter_s: float = 0.0

    def at(self, at_us: int) -> Turn | None:
        """What is going on at an instant (UTC microseconds)."""
        number = math.floor(at_us / 1e6 / self.every_s)
        since_s = at_us / 1e6 - number * self.every_s - self.jitter_s * unit(self.key ^ number)
        if not 0 <= since_s < self.lasts_s:
            return None
        return Turn(number, self.who[number % len(self.who)], unit(self.key ^ number ^ 1 << 60), since_s)

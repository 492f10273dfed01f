"""The time of data that is played: a clock for the runtime that the data drives."""

from __future__ import annotations

from actors import wall_clock

__all__ = ["Calendar"]


class Calendar:
    """A clock (UTC microseconds) that begins at `begin_us`, goes at `speed` times the pace of ours, and never back, nor beyond
    where the data has come to. At speed 0 it stands there.

    Timers of actors go by our own time, whatever the calendar says. What a watchdog has to find at a time of the data it finds
    at the next message after it, as in a replay (`oracle.watchdogs.decider.Course`).
    """

    def __init__(self, begin_us: int, speed: float) -> None:
        self._base_us = begin_us
        self._speed = speed
        self._reached_us = self._told_us = begin_us
        self._since_us: int | None = None  # on our clock; None until the data begins

    def __call__(self) -> int:
        """Now."""
        if self._since_us is None or not self._speed:
            return self._reached_us
        gone_us = max(0, round((wall_clock() - self._since_us) * self._speed))
        self._told_us = max(self._told_us, min(self._base_us + gone_us, self._reached_us))
        return self._told_us

    def begin(self) -> None:
        """The data begins to be played."""
        if self._since_us is None:
            self._since_us = wall_clock()

    def reach(self, at_us: int) -> None:
        """The data goes on until an instant: that of the row which is next, or was the last."""
        self._reached_us = max(self._reached_us, at_us)

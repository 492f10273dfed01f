"""The only place that reads a clock. A clock is a plain callable that gives UTC microseconds."""

from __future__ import annotations

import time
from collections.abc import Callable

import trio

__all__ = ["Clock", "trio_clock", "wall_clock"]

Clock = Callable[[], int]


def wall_clock() -> int:
    """UTC microseconds since 1970, from the system's clock."""
    return time.time_ns() // 1000


def trio_clock(start_us: int) -> Clock:
    """A clock that starts at `start_us` and advances with trio's own, so that virtual time in tests drives it."""
    origin_s = trio.current_time()

    def now_us() -> int:
        return start_us + round((trio.current_time() - origin_s) * 1_000_000)

    return now_us

"""Which numbers of a venue are believed: far outside any market is still inside what sums and ratios of floats can hold.

Each comparison is written so that NaN fails it.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["AHEAD_US", "ahead", "numbered", "priced", "sized", "timed"]

_LEAST, _MOST = 1e-12, 1e15
AHEAD_US = 600_000_000  # clocks differ, but not by more
_LAST_US = 4_102_444_800_000_000  # the year 2100
_LAST_ID = 2**63 - 1  # what history's columns hold


def priced(*prices: float) -> bool:
    """Whether all can be prices."""
    return all(_LEAST <= price <= _MOST for price in prices)


def sized(sizes: Iterable[float]) -> bool:
    """Whether all can be sizes or volumes; 0 can."""
    return all(0 <= size <= _MOST for size in sizes)


def timed(ts_us: float) -> bool:
    """Whether this can be a time, in UTC microseconds."""
    return 0 < ts_us < _LAST_US


def ahead(ts_us: float, now_us: int) -> bool:
    """Whether this is so far ahead of now that it is no time of a venue's: nothing after it would be news."""
    return ts_us > now_us + AHEAD_US


def numbered(*numbers: int) -> bool:
    """Whether all can be ids or sequence numbers of a venue."""
    return all(0 <= number <= _LAST_ID for number in numbers)

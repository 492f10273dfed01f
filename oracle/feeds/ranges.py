"""Which numbers of a venue are believed: far outside any market is still inside what sums and ratios of floats can hold.

Each comparison is written so that NaN fails it.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["numbered", "priced", "sized", "timed"]

_LEAST, _MOST = 1e-12, 1e15
_LAST_US = 4_102_444_800_000_000  # the year 2100
_LAST_ID = 2**63 - 1  # what history's columns hold


def priced(*prices: float) -> bool:
    """Whether all can be prices."""
    return all(_LEAST <= price <= _MOST for price in prices)


def sized(sizes: Iterable[float]) -> bool:
    """Whether all can be sizes or volumes; 0 can."""
    return all(0 <= size <= _MOST for size in sizes)


def timed(ts_us: int) -> bool:
    """Whether this can be a time, in UTC microseconds."""
    return 0 < ts_us < _LAST_US


def numbered(*numbers: int) -> bool:
    """Whether all can be ids or sequence numbers of a venue."""
    return all(0 <= number <= _LAST_ID for number in numbers)

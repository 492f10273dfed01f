"""Which numbers a watchdog takes: those whose sums, squares and ratios stay finite, whoever said them."""

from __future__ import annotations

from typing import Any

__all__ = ["LARGEST", "SMALLEST", "are_plausible", "is_plausible", "is_positive"]

LARGEST = 1e30
SMALLEST = 1e-30  # of what something is divided by


def is_plausible(value: Any) -> bool:
    """Whether it is a number, 0 or less too, that can be reckoned with; NaN, infinities and the absurdly large are not."""
    return isinstance(value, int | float) and -LARGEST <= value <= LARGEST


def are_plausible(*values: Any) -> bool:
    """Whether all are."""
    return all(map(is_plausible, values))


def is_positive(value: Any) -> bool:
    """Whether it is plausible, above 0, and large enough to divide by."""
    return isinstance(value, int | float) and SMALLEST <= value <= LARGEST

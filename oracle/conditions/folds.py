"""What a window knows of its entries, as a list that is made of the values of a bucket, or of two lists that follow each other.

The first place of each list is the bucket it begins with. No fold takes anything away again, so nothing cancels and a wrong
value is gone with its bucket. `READS` says which of them a function reads, and how.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import attrs

__all__ = ["FOLDS", "READS", "Entries", "Fold"]

Entries = list[Any]  # the bucket, an int, then floats


@attrs.frozen
class Fold:
    """`of` holds the values of a bucket, one at least, and `merge` joins an older and a newer list; `mean` is that of the entries
    where the list tells it."""

    of: Callable[[int, list[float]], Entries]
    merge: Callable[[Entries, Entries], Entries]
    mean: Callable[[Entries], float] = lambda _entries: 0.0


def _sum(values: Iterable[float]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # too large to be added, and so not known
        return math.inf


def _merge_sums(older: Entries, newer: Entries) -> Entries:
    # Knuth's two-sum: the last place collects what rounding took.
    left, right = older[2], newer[2]
    both = left + right
    part = both - left
    return [older[0], older[1] + newer[1], both, older[3] + newer[3] + (left - (both - part)) + (right - part)]


def _spread(bucket: int, values: list[float]) -> Entries:
    # Count, mean, sum of squared distances from the mean.
    count = float(len(values))
    mean = _sum(values) / count
    return [bucket, count, mean, _sum((value - mean) * (value - mean) for value in values)]


def _merge_spreads(older: Entries, newer: Entries) -> Entries:
    count, away = older[1] + newer[1], newer[2] - older[2]
    mean = older[2] + away * (newer[1] / count)
    return [older[0], count, mean, older[3] + newer[3] + away * away * (older[1] * newer[1] / count)]


FOLDS = {
    "count": Fold(lambda bucket, values: [bucket, float(len(values))], lambda a, b: [a[0], a[1] + b[1]]),
    "sum": Fold(
        lambda bucket, values: [bucket, float(len(values)), _sum(values), 0.0], _merge_sums, lambda e: (e[2] + e[3]) / e[1]),
    "spread": Fold(_spread, _merge_spreads),
    "min": Fold(lambda bucket, values: [bucket, min(values)], lambda a, b: [a[0], a[1] if a[1] <= b[1] else b[1]]),
    "max": Fold(lambda bucket, values: [bucket, max(values)], lambda a, b: [a[0], a[1] if a[1] >= b[1] else b[1]]),
    "first": Fold(lambda bucket, values: [bucket, values[0]], lambda a, b: a),
    "last": Fold(lambda bucket, values: [bucket, values[-1]], lambda a, b: [a[0], b[1]]),
}


def _only(entries: Entries) -> float:
    return entries[1]  # type: ignore[no-any-return]


def _total(entries: Entries) -> float:
    return entries[2] + entries[3]  # type: ignore[no-any-return]


READS: dict[str, tuple[str, Callable[[Entries], float]]] = {
    "count": ("count", _only), "sum": ("sum", _total), "volume": ("sum", _total),
    "avg": ("sum", lambda e: (e[2] + e[3]) / e[1]), "stddev": ("spread", lambda e: math.sqrt(e[3] / e[1])),
    "min": ("min", _only), "max": ("max", _only), "first": ("first", _only), "last": ("last", _only),
}  # fmt: skip

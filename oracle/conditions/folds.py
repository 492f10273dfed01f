"""What a window knows of its entries, as a list that grows by one entry, or is made of two that follow each other.

The first place of each list is the bucket it begins with. No fold takes anything away again, so nothing cancels and a wrong
value is gone with its bucket. `READS` says which of them a function reads, and how.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs

__all__ = ["FOLDS", "READS", "Entries", "Fold"]

Entries = list[Any]  # the bucket, an int, then floats


@attrs.frozen
class Fold:
    """`new` holds one entry, `add` takes one more in place, `merge` joins an older and a newer list."""

    new: Callable[[int, float], Entries]
    add: Callable[[Entries, float], None]
    merge: Callable[[Entries, Entries], Entries]


def _add_count(entries: Entries, _value: float) -> None:
    entries[1] += 1.0


def _add_sum(entries: Entries, value: float) -> None:
    # Knuth's two-sum: the third place collects what rounding took.
    old = entries[2]
    entries[1] += 1.0
    entries[2] = new = old + value
    part = new - old
    entries[3] += (old - (new - part)) + (value - part)


def _merge_sums(older: Entries, newer: Entries) -> Entries:
    left, right = older[2], newer[2]
    both = left + right
    part = both - left
    return [older[0], older[1] + newer[1], both, older[3] + newer[3] + (left - (both - part)) + (right - part)]


def _add_spread(entries: Entries, value: float) -> None:
    # Welford: count, mean, sum of squared distances from the mean.
    entries[1] += 1.0
    away = value - entries[2]
    entries[2] += away / entries[1]
    entries[3] += away * (value - entries[2])


def _merge_spreads(older: Entries, newer: Entries) -> Entries:
    count, away = older[1] + newer[1], newer[2] - older[2]
    mean = older[2] + away * (newer[1] / count)
    return [older[0], count, mean, older[3] + newer[3] + away * away * (older[1] * newer[1] / count)]


def _add_min(entries: Entries, value: float) -> None:
    if value < entries[1]:
        entries[1] = value


def _add_max(entries: Entries, value: float) -> None:
    if value > entries[1]:
        entries[1] = value


def _add_last(entries: Entries, value: float) -> None:
    entries[1] = value


def _add_nothing(_entries: Entries, _value: float) -> None:
    pass


def _new(bucket: int, value: float) -> Entries:
    return [bucket, value]


FOLDS = {
    "count": Fold(lambda bucket, value: [bucket, 1.0], _add_count, lambda a, b: [a[0], a[1] + b[1]]),
    "sum": Fold(lambda bucket, value: [bucket, 1.0, value, 0.0], _add_sum, _merge_sums),
    "spread": Fold(lambda bucket, value: [bucket, 1.0, value, 0.0], _add_spread, _merge_spreads),
    "min": Fold(_new, _add_min, lambda a, b: [a[0], a[1] if a[1] <= b[1] else b[1]]),
    "max": Fold(_new, _add_max, lambda a, b: [a[0], a[1] if a[1] >= b[1] else b[1]]),
    "first": Fold(_new, _add_nothing, lambda a, b: a),
    "last": Fold(_new, _add_last, lambda a, b: [a[0], b[1]]),
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

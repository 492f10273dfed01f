"""Whether what a model sees now is distributed as what it learned from."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

__all__ = ["ALARM", "edges_of", "psi", "shares_of"]

ALARM = 0.2
"""A population stability index above this is a shift to be acted upon, as is usual (Siddiqi, Credit Risk Scorecards, 2006)."""
_BINS = 10
_LEAST_SHARE = 1e-4  # of an empty bin, whose logarithm would be infinite


def edges_of(values: Sequence[float]) -> list[float]:
    """The inner edges of ten bins of equally many values; fewer where values are alike."""
    in_order = sorted(values)
    return sorted({in_order[len(in_order) * place // _BINS] for place in range(1, _BINS)})


def shares_of(values: Sequence[float], edges: Sequence[float]) -> list[float]:
    """The share of values in each bin, from below the first edge to beyond the last."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[bisect_right(edges, value)] += 1
    return [count / len(values) for count in counts]


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """The population stability index: the sum over bins of (actual - expected) x ln(actual / expected), 0 where both are the same
    (Siddiqi 2006; it is the symmetrised divergence of Kullback and Leibler, 1951)."""
    pairs = [(max(e, _LEAST_SHARE), max(a, _LEAST_SHARE)) for e, a in zip(expected, actual, strict=True)]
    return sum((a - e) * math.log(a / e) for e, a in pairs)

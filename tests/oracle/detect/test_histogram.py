"""Sixteen bins hold whatever comes, and forget it slowly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.detect.histogram import BINS, Histogram

VALUES = st.floats(-1e300, 1e300) | st.floats(-100.0, 100.0)


@given(first=VALUES, width=st.sampled_from([0.0, 1e-9, 1.0, 1e100]), values=st.lists(VALUES, max_size=200))
def test_every_value_is_counted_once_and_bins_only_grow(first, width, values):
    histogram = Histogram.around(first, width)
    for row, value in enumerate(values, 1):
        before = histogram.width
        assert 0.0 < histogram.probability(value) <= 1.0
        assert histogram.total == row == (sum(histogram.counts) or row)
        assert before <= histogram.width
        assert not before or histogram.width in (before, 2 * before, 4 * before)
        assert histogram.counts[0] == histogram.counts[BINS + 1] == 0.0


def test_one_value_at_most_doubles_the_bins_twice():
    histogram = Histogram.around(0.5, 1.0)
    histogram.probability(1e9)
    assert histogram.width == 4.0
    assert histogram.clipped(1e9) == histogram.low + 16 * 4.0
    assert (histogram.clipped(-1e9), histogram.clipped(3.0)) == (histogram.low, 3.0)


def test_it_does_not_matter_in_which_of_two_bins_a_value_on_their_border_is():
    histogram = Histogram(0.0, 1.0)
    for value, times in ((3.5, 100), (4.5, 20)):
        for _ in range(times):
            histogram.probability(value)
    left, right = (Histogram(0.0, 1.0, list(histogram.counts), histogram.total).probability(place)
                   for place in (4.0 - 1e-9, 4.0 + 1e-9))
    assert left == pytest.approx(right)
    assert left == pytest.approx((60 + 0.2) / (120 + 3.2))


def test_counts_halve_every_20_000_values():
    histogram = Histogram(0.0, 1.0)
    for _ in range(20_000):
        histogram.probability(3.5)
    assert (histogram.total, histogram.counts[4]) == (10_000.0, 10_000.0)
    for _ in range(20_000):
        histogram.probability(9.5)
    assert (histogram.total, histogram.counts[4], histogram.counts[10]) == (15_000.0, 5_000.0, 10_000.0)


def test_below_and_above_are_where_most_values_are_not():
    histogram = Histogram(0.0, 1.0)
    for value in (3.5, 3.5, 3.6, 12.5):
        histogram.probability(value)
    assert [histogram.mostly_below(value) for value in (-5.0, 3.5, 4.5, 99.0)] == [False, False, True, True]
    assert [histogram.mostly_above(value) for value in (-5.0, 2.9, 3.5, 12.5)] == [True, True, False, False]

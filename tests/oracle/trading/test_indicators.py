"""Indicators, bar by bar, say what their formulas say of the whole window."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.trading.indicators import Band, Mean, Rsi

PRICES = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=120)


def fed(indicator, values, field):
    found = []
    for value in values:
        indicator.update(value)
        found.append(getattr(indicator, field))
    return found


@given(PRICES, st.integers(1, 30))
def test_mean_and_deviation_are_those_of_the_window(prices, period):
    means, band = fed(Mean(period), prices, "value"), Band(period)
    for place, price in enumerate(prices):
        band.update(price)
        window = prices[max(0, place + 1 - period) : place + 1]
        if len(window) < period:
            assert means[place] is band.mean is band.deviation is None
            continue
        assert means[place] == pytest.approx(np.mean(window), rel=1e-9)
        assert band.mean == pytest.approx(np.mean(window), rel=1e-9)
        assert band.deviation == pytest.approx(np.std(window), rel=1e-6, abs=1e-7 * max(prices))


def walk(count, scale=0.01, start=100.0):
    rng = np.random.default_rng(7)
    return (start * np.exp(np.cumsum(rng.normal(0, scale, count)))).tolist()


@pytest.mark.parametrize("start", [1.0, 1e5])
def test_a_long_walk_rounds_nothing_up(start):
    prices, band = walk(20_000, 0.001, start), Band(20)
    for place, price in enumerate(prices):
        band.update(price)
        if place % 997 == 0 and place > 20:
            window = prices[place - 19 : place + 1]
            assert band.mean == pytest.approx(np.mean(window), rel=1e-12)
            assert band.deviation == pytest.approx(np.std(window), rel=1e-9)


def wilder(prices, period):
    """As the book has it: means of gains and losses, their ratio RS, 100 - 100 / (1 + RS)."""
    changes = np.diff(prices)
    gain, loss = np.maximum(changes, 0), np.maximum(-changes, 0)
    g, l = gain[:period].mean(), loss[:period].mean()  # noqa: E741
    found = [100 - 100 / (1 + g / l)]
    for up, down in zip(gain[period:], loss[period:], strict=True):
        g, l = (g * (period - 1) + up) / period, (l * (period - 1) + down) / period  # noqa: E741
        found.append(100 - 100 / (1 + g / l))
    return found


def test_rsi_is_wilders():
    prices = walk(500)
    said = fed(Rsi(14), prices, "value")
    assert said[:14] == [None] * 14
    assert said[14:] == pytest.approx(wilder(prices, 14), abs=1e-9)


def test_rsi_at_its_ends():
    assert fed(Rsi(3), [1, 2, 3, 4], "value")[-1] == 100
    assert fed(Rsi(3), [4, 3, 2, 1], "value")[-1] == pytest.approx(0)
    assert fed(Rsi(3), [4, 4, 4, 4], "value")[-1] == 50
    assert not any(map(math.isnan, fed(Rsi(2), [1e-300, 1e300, 1e-300, 1e300], "value")[2:]))

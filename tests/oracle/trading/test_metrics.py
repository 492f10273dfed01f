"""What is said of an equity curve: numbers made by hand, and what holds of all of them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.trading.backtest import metrics as m

CURVE = [100.0, 110.0, 99.0, 108.9, 108.9, 119.79]  # +10 %, -10 %, +10 %, 0, +10 %
STEPS = [0.1, -0.1, 0.1, 0.0, 0.1]
GAINS = [30.0, -10.0, 0.0, 20.0, -15.0]
curves = st.lists(st.floats(1, 1e6), min_size=2, max_size=60)
calm = st.lists(st.floats(99, 101), min_size=3, max_size=60)
gains = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), max_size=60)


def test_returns_by_hand():
    assert m.returns(CURVE) == pytest.approx(STEPS)
    assert m.total_return(CURVE) == pytest.approx(0.1979)
    assert m.cagr(CURVE, 2.0) == pytest.approx(math.sqrt(1.1979) - 1)
    # (1.1979)^(252/5): the five returns of a week, a year long
    assert m.annualised_return(STEPS, 252) == pytest.approx(1.1979 ** (252 / 5) - 1)


def test_risk_by_hand():
    # mean .04; squares .0036 + .0196 + .0036 + .0016 + .0036 = .032; / 4 = .008
    assert m.volatility(STEPS, 252) == pytest.approx(math.sqrt(0.008) * math.sqrt(252))
    assert m.sharpe(STEPS, 252) == pytest.approx(0.04 / math.sqrt(0.008) * math.sqrt(252))
    assert m.sharpe(STEPS, 252, risk_free=0.04) == pytest.approx(0, abs=1e-12)
    # one of five fell short, by .1: sqrt(.01 / 5); those above count as 0, and count
    assert m.downside_deviation(STEPS) == pytest.approx(math.sqrt(0.002))
    assert m.sortino(STEPS, 252) == pytest.approx(0.04 / math.sqrt(0.002) * math.sqrt(252))
    # against .05 four fell short: .15, .05 once each as 0 is .05 below
    assert m.downside_deviation(STEPS, 0.05) == pytest.approx(math.sqrt((0.15**2 + 0.05**2) / 5))


def test_drawdown_by_hand():
    curve = [100.0, 120.0, 90.0, 100.0, 120.0, 130.0, 117.0]
    assert m.max_drawdown(curve) == pytest.approx(0.25)
    assert m.longest_drawdown(curve, range(7)) == 3  # from the peak at 1 until it is as high again at 4
    assert m.longest_drawdown(curve[:4], range(4)) == 2  # until the end, where it is not
    assert m.longest_drawdown([1.0, 2.0, 2.0, 3.0], range(4)) == 0


def test_trades_by_hand():
    assert m.win_rate(GAINS) == 0.4
    assert m.profit_factor(GAINS) == 2.0
    assert (m.average(m.wins(GAINS)), m.average(m.losses(GAINS))) == (25.0, 12.5)
    assert m.expectancy(GAINS) == 5.0
    assert m.exposure(3, 12) == 0.25
    assert m.turnover(300.0, 200.0, [100.0, 100.0], 2.0) == 1.0


def test_consistency_by_hand():
    assert (m.consistency([]), m.consistency([0.3])) == (0.0, 0.5)
    assert m.consistency([0.1, 0.1, 0.1]) == 1.0
    assert m.consistency([0.05, 0.15]) == pytest.approx(0.9)  # deviation of 5 %
    assert m.consistency([-1.0, 1.0]) == 0.0


def test_a_ratio_over_nothing_is_no_number():
    flat = [0.0] * 5
    assert m.sharpe(flat, 252) is None and m.sortino(flat, 252) is None
    assert m.sharpe([0.1], 252) is None and m.sortino([0.1, 0.2], 252) is None
    assert m.volatility([], 252) is None and m.annualised_return([], 252) is None
    assert m.win_rate([]) is None and m.expectancy([]) is None and m.average([]) is None and m.exposure(0, 0) is None
    assert m.profit_factor([]) is None and m.profit_factor([0.0]) is None and m.profit_factor([5.0]) == math.inf
    assert m.cagr([100.0], 1.0) is None and m.cagr([1.0, 2.0], 0.0) is None and m.turnover(1.0, 1.0, [], 1.0) is None


def test_who_lost_all_has_lost_all_and_no_more():
    ruined = [100.0, 50.0, -10.0, 40.0]
    assert m.returns(ruined) == [-0.5, -1.0]
    assert m.annualised_return(m.returns(ruined), 252) == -1.0 and m.cagr([100.0, -1.0], 1.0) == -1.0
    assert m.max_drawdown(ruined) == pytest.approx(1.1)


@given(calm)
def test_returns_lead_from_the_first_point_to_the_last(curve):
    assert curve[0] * math.prod(1 + one for one in m.returns(curve)) == pytest.approx(curve[-1])
    years = (len(curve) - 1) / 252
    assert m.annualised_return(m.returns(curve), 252) == pytest.approx(m.cagr(curve, years), rel=1e-6, abs=1e-9)


@given(calm, st.floats(0.01, 1000))
def test_the_unit_of_money_does_not_count(curve, factor):
    scaled = [factor * one for one in curve]
    assert m.max_drawdown(scaled) == pytest.approx(m.max_drawdown(curve), abs=1e-9)
    assert 0 <= m.max_drawdown(curve) < 1
    assert m.volatility(m.returns(scaled), 252) == pytest.approx(m.volatility(m.returns(curve), 252), rel=1e-6, abs=1e-6)


@given(curves)
def test_the_deepest_fall_is_the_deepest_of_all_pairs(curve):
    worst = max((1 - later / curve[i] for i in range(len(curve)) for later in curve[i:]), default=0.0)
    assert m.max_drawdown(curve) == pytest.approx(max(0.0, worst), abs=1e-12)


@given(gains)
def test_wins_and_losses_are_all_that_was_gained(made):
    won, lost = m.wins(made), m.losses(made)
    assert math.fsum(won) - math.fsum(lost) == pytest.approx(math.fsum(made), abs=1e-6)
    if made:
        rate = m.win_rate(made)
        worth = rate * (m.average(won) or 0) - len(lost) / len(made) * (m.average(lost) or 0)
        assert m.expectancy(made) == pytest.approx(worth, rel=1e-6, abs=1e-6)


@given(st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=60))
def test_only_what_falls_short_counts_below(series):
    better = [one + 0.1 if one > 0 else one for one in series]
    assert m.downside_deviation(better) == pytest.approx(m.downside_deviation(series))
    assert m.downside_deviation(series) <= math.sqrt(sum(one**2 for one in series) / len(series)) + 1e-12

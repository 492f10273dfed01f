"""The composite, the walk forward, and which results count."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.runs import Run
from oracle.trading.backtest.composite import composite, meets_thresholds
from oracle.trading.backtest.rankings import FRESH_US, learns, standing
from oracle.trading.backtest.walk import later, window_returns, windows
from oracle.trading.roster import Listed

DAY = dt.timedelta(days=1)
any_number = st.floats(-1e6, 1e6)


def test_the_composite_by_hand():
    # .30 * 1.5/3 + .20 * 2/4 + .20 * (1 - 10/50) + .15 * (2 - 1)/2 + .15 * .8
    assert composite(1.5, 2.0, 10.0, 2.0, 0.8) == 0.15 + 0.1 + 0.16 + 0.075 + 0.12
    assert composite(9.0, 9.0, 0.0, math.inf, 1.0) == 1.0
    assert composite(-5.0, -5.0, 90.0, 0.5, 0.0) == 0.0
    assert composite(1.0, 0.0, 50.0, 1.0, 0.0) == 0.1


@given(any_number, any_number, st.floats(0, 100), st.floats(0, 1e6), st.floats(0, 1))
def test_the_composite_is_within_0_and_1_and_better_is_no_worse(sharpe, sortino, drawdown, factor, consistent):
    score = composite(sharpe, sortino, drawdown, factor, consistent)
    assert 0 <= score <= 1
    assert composite(sharpe + 1, sortino + 1, drawdown / 2, factor + 1, min(1.0, consistent + 0.1)) >= score


def test_thresholds_are_to_be_passed():
    assert meets_thresholds(1.01, 19.9, 1.51, 100)
    assert not any(meets_thresholds(*no) for no in [(1, 19, 2, 100), (2, 20, 2, 100), (2, 19, 1.5, 100), (2, 19, 2, 99)])


def test_windows_are_tested_for_six_months_after_twenty_four_and_step_by_three():
    found = list(windows(dt.date(2020, 1, 1), dt.date(2022, 12, 31)))
    assert found == [(dt.date(2022, 1, 1), dt.date(2022, 7, 1)), (dt.date(2022, 4, 1), dt.date(2022, 10, 1)),
                     (dt.date(2022, 7, 1), dt.date(2023, 1, 1))]
    assert list(windows(dt.date(2020, 1, 1), dt.date(2022, 6, 29))) == []
    assert len(list(windows(dt.date(2020, 1, 1), dt.date(2022, 6, 30)))) == 1


def test_a_month_later_is_the_same_day_or_the_last():
    assert later(dt.date(2023, 1, 31), 1) == dt.date(2023, 2, 28)
    assert later(dt.date(2023, 8, 31), 6) == dt.date(2024, 2, 29)
    assert later(dt.date(2023, 12, 5), 1) == dt.date(2024, 1, 5)


def test_the_return_of_a_window_is_from_the_close_before_it_to_its_last():
    start, end = dt.date(2020, 1, 1), dt.date(2022, 9, 30)
    dates = [start + number * DAY for number in range((end - start).days + 1)]
    equity = [100.0 if day < dt.date(2022, 1, 1) else 110.0 if day < dt.date(2022, 7, 1) else 121.0 for day in dates]
    assert window_returns(dates, equity) == pytest.approx([0.1, 0.1])
    assert window_returns(dates[:300], equity[:300]) == []
    assert window_returns([], []) == []


LISTED = Listed("SmaCross", "bench.trading:SmaCross", {"fast": 5})
T0_US = 1_795_449_600_000_000
RESULT = {"metadata": {"params": {"fast": 5}}}


def run(ident, at_us, status="completed", result=RESULT, strategy="SmaCross", **wish):
    params = {"strategy": strategy, "start_us": 100, "end_us": at_us, **wish}
    return Run(ident, "strategy_backtest", params, at_us, status, result=result, finished_us=at_us)


def test_only_results_over_all_that_is_stored_as_it_is_set_up_now_count():
    other = {"metadata": {"params": {}}}
    runs = [
        run("old", T0_US - 9), run("new", T0_US), run("short", T0_US + 1, start_us=101), run("past", T0_US + 2, end_us=200),
        run("changed", T0_US + 3, params={"fast": 6}), run("some", T0_US + 4, symbols=["AAPL"]),
        run("bold", T0_US + 5, limits=False), run("before", T0_US + 6, result=other), run("failed", T0_US + 7, "failed", None),
        run("whose", T0_US + 8, strategy="Other"),
        run("alien", T0_US + 9, colour="red"), run("whole", T0_US + 10, sizing="all_in"),
    ]  # fmt: skip
    stands = standing(LISTED, runs, 100)
    assert stands.newest.id == "new" and stands.under_way is None
    assert not stands.due(T0_US + FRESH_US - 1) and stands.due(T0_US + FRESH_US)
    assert standing(LISTED, runs, 99).due(T0_US)  # older bars have come in
    stands = standing(LISTED, [*runs, run("now", T0_US + FRESH_US, "running", None)], 100)
    assert stands.under_way.id == "now" and not stands.due(T0_US + 2 * FRESH_US)


def test_what_trains_itself_is_not_run_for_who_only_looks():
    learner = Listed("MLSignalStrategy", "MLSignalStrategy", {})
    assert learns(learner) and not learns(LISTED)
    begun = [run("quick", T0_US, "running", None), run("slow", T0_US, "running", None, learner.name)]
    assert standing(LISTED, begun, 100).awaited.id == "quick"
    slow = standing(learner, begun, 100)
    assert slow.under_way.id == "slow" and slow.awaited is None

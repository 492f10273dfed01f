"""How often it may be wrong is the user's choice, on any stream."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soak import rounds

from bench.detect import alarms_of
from bench.series import FAMILIES
from oracle.detect import ALARMS_PER_DAY, Budget, Budgets, alarms_per_row
from oracle.model import Severity
from oracle.problems import Invalid

DAYS = 200
INTERVAL_S = 300.0
STEADY = sorted(set(FAMILIES) - {"a random walk"})  # it wanders out of what it has shown: fewer alarms at first


@pytest.mark.parametrize("family", STEADY)
def test_one_alarm_a_day_is_one_alarm_a_day(family):
    for seed in range(rounds(1, 5)):
        assert abs(alarms_of(family, seed, DAYS, INTERVAL_S) / DAYS - 1.0) <= 0.15


def test_minute_by_minute_and_of_a_random_walk_too():
    for family in sorted(FAMILIES)[: rounds(1, len(FAMILIES))]:
        assert abs(alarms_of(family, 0, DAYS, 60.0) / DAYS - 1.0) <= 0.15


@given(rate=st.floats(1e-5, 0.2), seed=st.integers(0, 99), scale=st.floats(0.01, 100.0))
@settings(max_examples=20)
def test_alarms_are_what_the_budget_allows_whatever_evidence_means(rate, seed, scale):
    chance, budget, rows, most = random.Random(seed), Budget(rate), 3_000, 0.0
    begin, alarms = budget.threshold, 0
    for _ in range(rows):
        evidence = scale * chance.random()
        most = max(most, evidence)
        alarms += budget.update(evidence)
    assert budget.threshold <= max(begin, most + budget.step)
    # What the threshold rose by is paid for by alarms, what it fell by was paid by quiet rows; the floor only saves.
    assert alarms * budget.step <= budget.threshold - begin + (rows - alarms) * rate * budget.step + begin + 1e-6
    allowed = rate * rows + max(0.0, budget.threshold - begin) / budget.step
    assert alarms <= allowed + begin / budget.step


def test_an_alarm_raises_the_threshold_and_quiet_lowers_it():
    budget = Budget(0.01, step=0.5)
    assert (budget.threshold, budget.update(2.0), budget.update(2.1)) == (2.0, False, True)
    assert budget.threshold == pytest.approx(2.495)
    assert not budget.update(2.4)
    assert budget.threshold == pytest.approx(2.49)


@pytest.mark.parametrize(("rate", "begin"), [(0.5, 2.0), (1e-3, 3.0), (1 / 43_200, math.log10(43_200))])
def test_it_begins_where_few_rows_are(rate, begin):
    assert Budget(rate).threshold == pytest.approx(begin)


def test_no_evidence_is_never_an_alarm():
    budget = Budget(1.0, step=1.0)
    assert not any(budget.update(0.0) for _ in range(100))
    assert budget.threshold == 0.0
    assert budget.update(0.001)


def test_severities_are_budgets():
    assert ALARMS_PER_DAY == {"low": 8.0, "medium": 1.0, "high": 1 / 7, "critical": 1 / 30}
    assert alarms_per_row(Severity.medium, 60.0) == pytest.approx(1 / 1_440)
    assert alarms_per_row(Severity.low, 86_400.0) == 1.0
    budgets = Budgets(60.0)
    assert [budgets.update(evidence) for evidence in (0.0, 2.4, 3.3, 4.2, 5.0)] == [
        None, Severity.low, Severity.medium, Severity.high, Severity.critical,
    ]  # fmt: skip


def test_over_months_each_severity_keeps_to_its_own():
    chance, budgets, told = random.Random(5), Budgets(600.0), []
    days = 600
    for _ in range(days * 144):
        told.append(budgets.update(-math.log10(1.0 - chance.random())))
    at_least = {one: sum(found is not None and found.rank >= one.rank for found in told) / days for one in Severity}
    assert at_least == pytest.approx(ALARMS_PER_DAY, rel=0.35)


@given(evidence=st.lists(st.floats(0.0, 10.0), max_size=200), cut=st.integers(0, 200))
def test_a_restart_changes_no_bit(evidence, cut):
    one, other, both, again = Budget(0.01), Budget(0.01), Budgets(60.0), Budgets(60.0)
    for row, value in enumerate(evidence):
        if row == cut:
            other = Budget.restore(json.loads(json.dumps(other.snapshot())))
            again = Budgets.restore(json.loads(json.dumps(again.snapshot())))
        assert (one.update(value), both.update(value)) == (other.update(value), again.update(value))
    assert (one.snapshot(), both.snapshot()) == (other.snapshot(), again.snapshot())


@pytest.mark.parametrize("rate", [0.0, -1.0, 1.1, math.nan, math.inf])
def test_a_rate_is_a_share(rate):
    with pytest.raises(Invalid, match="rate"):
        Budget(rate)


@pytest.mark.parametrize("number", [0.0, -1.0, math.nan, math.inf])
def test_steps_and_intervals_are_above_zero(number):
    with pytest.raises(Invalid, match="step"):
        Budget(0.1, step=number)
    with pytest.raises(Invalid, match="interval_s"):
        Budgets(number)


@pytest.mark.parametrize("snapshot", [{}, {"rate": 0.1, "step": 0.1}, {"rate": "x", "step": 0.1, "threshold": 1.0}])
def test_a_snapshot_of_something_else_is_refused(snapshot):
    with pytest.raises(Invalid, match="no snapshot of a budget"):
        Budget.restore(snapshot)
    with pytest.raises(Invalid, match="no snapshot of budgets"):
        Budgets.restore(snapshot)

"""Circuit breakers and autonomy: when they change, and when they must not."""

import pytest

from actors import Refused
from oracle.settings_trading import Breakers, Risk
from oracle.trading.risk.assessment import Autonomy
from oracle.trading.risk.autonomy import LADDER, changed
from oracle.trading.risk.breakers import NAMES, Inputs, breakers, stale

NOW_US = 1_718_031_600_000_000
HOUR_US = 3_600_000_000
RISK = Risk()
FINE = {"now_us": NOW_US, "newest_data_us": NOW_US, "heartbeat_us": NOW_US}


def on(before=(), risk=RISK, **facts):
    return {one.name for one in breakers(Inputs(**{**FINE, **facts}), risk, before) if one.on}


@pytest.mark.parametrize(("facts", "names"), [
    ({}, set()),
    ({"vix": 35.0}, set()), ({"vix": 35.01}, {"vix"}),
    ({"newest_data_us": NOW_US - 300_000_000}, set()), ({"newest_data_us": NOW_US - 300_000_001}, {"stale_data"}),
    ({"newest_data_us": None}, {"stale_data"}), ({"newest_data_us": NOW_US + HOUR_US}, set()),
    ({"drawdown_pct": 10.0}, set()), ({"drawdown_pct": 10.01}, {"drawdown"}),
    ({"daily_pnl_pct": -3.0}, set()), ({"daily_pnl_pct": -3.01}, {"daily_loss"}), ({"daily_pnl_pct": 5.0}, set()),
    ({"drift_pct": 1.0}, set()), ({"drift_pct": 1.01}, {"reconciliation"}),
    ({"heartbeat_us": NOW_US - 48 * HOUR_US}, set()), ({"heartbeat_us": NOW_US - 48 * HOUR_US - 1}, {"dead_man_switch"}),
    ({"heartbeat_us": None}, {"dead_man_switch"}),
])  # fmt: skip
def test_each_trips_beyond_its_limit(facts, names):
    assert on(**facts) == names


def test_limits_are_those_of_the_settings():
    risk = Risk(breakers=Breakers(max_vix=20.0, stale_data_s=10.0, max_drift_pct=0.5, heartbeat_within_s=60.0))
    facts = {"vix": 21.0, "newest_data_us": NOW_US - 11_000_000, "drift_pct": 0.6, "heartbeat_us": NOW_US - 61_000_000}
    assert on(risk=risk, **facts) == {"vix", "stale_data", "reconciliation", "dead_man_switch"}


def test_what_is_not_known_resets_nothing():
    assert on(before={"vix", "reconciliation"}) == {"vix", "reconciliation"}
    assert on(before={"vix", "reconciliation"}, vix=20.0, drift_pct=0.0) == set()
    assert on(before=set(NAMES), vix=20.0, drift_pct=0.0) == set(), "the others go by what is known"


def test_they_are_listed_in_their_order_with_their_numbers():
    listed = breakers(Inputs(**FINE, vix=40.0, daily_pnl_pct=-4.0), Risk())
    assert tuple(one.name for one in listed) == NAMES
    assert [(one.value, one.limit, one.reason) for one in listed if one.on] == [
        (40.0, 35.0, "the VIX is 40.00, above 35"), (4.0, 3.0, "today's loss is 4.00 % of the equity, more than 3 %")]


def test_data_may_be_so_old():
    assert stale(NOW_US - 5_000_000, NOW_US, 10.0) == ""
    assert stale(NOW_US - 15_000_000, NOW_US, 10.0) == "the newest data is 15 s old, more than 10 s"


def test_autonomy_goes_down_at_once_and_up_step_by_step():
    for at, now in enumerate(LADDER):
        for to in LADDER[: at + 1]:
            assert changed(now, to.value) is to
        for to in LADDER[at + 2 :]:
            with pytest.raises(Refused, match="one step at a time") as no:
                changed(now, to.value, to.value)
            assert (no.value.code, no.value.details) == ("conflict", {"next": LADDER[at + 1].value})
    assert changed(Autonomy.paper, "MANUAL_APPROVAL") is Autonomy.manual
    assert changed(Autonomy.manual, "BOUNDED_AUTONOMOUS") is Autonomy.bounded


@pytest.mark.parametrize("typed", ["", "full_autonomous", "FULL"])
def test_all_of_it_takes_the_typed_name(typed):
    with pytest.raises(Refused) as no:
        changed(Autonomy.bounded, "FULL_AUTONOMOUS", typed)
    assert no.value.code == "invalid"
    assert changed(Autonomy.bounded, "FULL_AUTONOMOUS", "FULL_AUTONOMOUS") is Autonomy.full


def test_other_words_are_no_modes():
    with pytest.raises(Refused) as no:
        changed(Autonomy.paper, "YOLO")
    assert no.value.code == "invalid"

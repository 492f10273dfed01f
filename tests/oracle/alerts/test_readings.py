"""What is understood of each rule is that of the version which stands."""

import pytest
from alerting import ABOVE, T0_US, rule

from actors import Bus
from oracle.alerts.readings import Readings
from oracle.board import Board

BROKEN = {"type": "custom_condition", "condition": "price("}


def board_of(*rules):
    board = Board(Bus(lambda: T0_US))
    for one in rules:
        put(board, one)
    return board


def put(board, one):
    board.put(one.ref, one.value(1, 1), 1)


def test_a_rule_is_read_again_when_it_changes_and_only_then():
    board = board_of(rule(trigger=ABOVE), rule(alert_id="b", trigger=ABOVE))
    readings = Readings(board)
    first, other = readings.every()
    put(board, rule(trigger=ABOVE | {"price_threshold": 200}))
    again, still = readings.every()
    assert still is other
    assert again is not first
    assert again.terms.on == 'price("BTC-USD") > 200.0'


def test_what_is_gone_and_comes_again_is_not_what_was():
    board = board_of(rule(trigger=ABOVE))
    readings = Readings(board)
    assert list(readings.terms()) == ["a"]
    board.put("rule:a", None, 1)
    assert readings.every() == [] and readings.terms() == {}
    fresh = board_of(rule(trigger=ABOVE | {"price_threshold": 200})).state("rule:a")  # of the first version again
    board.apply(fresh)
    assert readings.terms()["a"].on == 'price("BTC-USD") > 200.0'


def test_terms_are_of_enabled_rules_that_are_understood_and_who_inhibits_comes_first():
    board = board_of(
        rule(trigger=ABOVE, inhibited_by=["root"]), rule(alert_id="off", trigger=ABOVE, enabled=False),
        rule(alert_id="events"), rule(alert_id="broken", trigger=BROKEN), rule(alert_id="root", trigger=ABOVE))  # fmt: skip
    readings = Readings(board)
    assert list(readings.terms()) == ["root", "a"]
    faults = {one.state.ref: one.fault for one in readings.every() if one.fault}
    assert list(faults) == ["rule:broken"] and "trigger.condition" in faults["rule:broken"]


@pytest.mark.parametrize("direction", ["below", "crosses"])
def test_a_threshold_that_is_over_at_no_finite_number_is_a_fault_of_its_rule_alone(direction):
    huge = ABOVE | {"price_threshold": 1.7e308, "direction": direction, "hysteresis_pct": 90}
    readings = Readings(board_of(rule(trigger=huge), rule(alert_id="b", trigger=ABOVE)))
    assert list(readings.terms()) == ["b"]
    assert readings.every()[0].fault.startswith("trigger.hysteresis_pct: is too much")


def test_secrets_are_those_of_a_rule_that_is_understood():
    board = board_of(rule(webhook_config={"url": "http://127.0.0.1:1/", "auth_token": "secret:1"}))
    board.put("rule:b", {"alert_id": "b", "enabled": True}, 1)
    known, unknown = Readings(board).every()
    assert known.references == {"secret:1"}
    assert unknown.rule is None and unknown.fault

"""Whose turn it is and how long to wait: plain objects, no loop."""

import random

import pytest

from oracle.alerts import outbox as limits
from oracle.alerts.outbox import Outbox, Patience
from oracle.model import Attempt, Delivery


def delivery(number, rule="a"):
    return Delivery(f"dlv_{rule}{number}", rule, f"evt_{number}", "webhook", {}, number)


def taken(box):
    found = []
    while (debt := box.take()) is not None:
        found.append(debt.delivery.id)
    return found


def test_rules_take_turns_and_one_rule_has_one_on_the_way():
    box = Outbox([delivery(n, "a") for n in range(5)] + [delivery(n, "b") for n in range(2)])
    assert taken(box) == ["dlv_a0", "dlv_b0"]
    box.settle("dlv_a0")
    assert taken(box) == ["dlv_a1"]
    box.back("dlv_b0")
    assert taken(box) == ["dlv_b1"]


def test_all_together_have_a_limit():
    box = Outbox(delivery(1, f"r{n}") for n in range(limits.MOST_AT_ONCE + 5))
    assert len(taken(box)) == limits.MOST_AT_ONCE


def test_what_is_owed_twice_is_owed_once():
    box = Outbox([delivery(1), delivery(1)])
    box.owe(delivery(1))
    assert taken(box) == ["dlv_a1"]
    box.owe(delivery(1))
    assert taken(box) == []


def test_what_came_back_waits_until_it_is_ready():
    box = Outbox([delivery(1)])
    assert taken(box) == ["dlv_a1"]
    box.back("dlv_a1")
    assert taken(box) == []
    box.ready("dlv_a1")
    box.ready("dlv_a1")
    assert taken(box) == ["dlv_a1"]


def test_what_is_settled_is_gone():
    box = Outbox([delivery(1)])
    taken(box)
    box.settle("dlv_a1")
    box.ready("dlv_a1")
    assert taken(box) == []
    assert box.debts == {}


def test_a_new_life_sends_everything_again():
    box = Outbox([delivery(1), delivery(2), delivery(3)])
    assert taken(box) == ["dlv_a1"]
    box.settle("dlv_a1")
    assert taken(box) == ["dlv_a2"]
    box.begin_life()
    assert taken(box) == ["dlv_a2"]


def test_tries_go_on_counting_after_a_restart():
    box = Outbox([delivery(1)], {"dlv_a1": Attempt("dlv_a1", 3, "retry", 500, "", 1.0, 1)})
    assert box.take().tries == 3


def test_past_its_capacity_the_oldest_that_is_not_on_the_way_is_to_be_written_off(monkeypatch):
    monkeypatch.setattr(limits, "MOST_WAITING", 3)
    box = Outbox([delivery(n) for n in range(3)])
    box.take()
    assert list(box.surplus()) == []
    box.owe(delivery(3))
    (debt,) = box.surplus()
    assert debt.delivery.id == "dlv_a1"
    debt.verdict = Attempt("dlv_a1", 1, "failed", 0, "", 0.0, 1)
    assert list(box.surplus()) == []


@pytest.mark.parametrize(("tries", "full_s"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (2000, 300)])
def test_waits_double_up_to_the_longest_and_half_of_each_is_chance(tries, full_s):
    patience = Patience(8, 1.0, 300.0)
    delays = [patience.delay_s(tries, None, random.Random(seed)) for seed in range(200)]
    assert full_s / 2 <= min(delays) < max(delays) <= full_s
    assert max(delays) - min(delays) > full_s / 4


@pytest.mark.parametrize(("asked_s", "waits_s"), [(7.0, 7.0), (0.1, None), (100_000.0, 3600.0), (0.0, None)])
def test_a_longer_wait_that_was_asked_for_counts_up_to_an_hour(asked_s, waits_s):
    delay_s = Patience().delay_s(1, asked_s, random.Random(1))
    assert delay_s == waits_s if waits_s else 0.5 <= delay_s <= 1.0

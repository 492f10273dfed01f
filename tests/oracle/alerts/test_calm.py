"""A rule that is not looked at for a while says what one says that is looked at with every price."""

from random import Random

import pytest

from oracle.alerts.conditions import Conditions
from oracle.alerts.terms import Terms
from oracle.conditions import Ahead, Windows, can_foresee, parse_condition
from oracle.model import Gap, Trade
from oracle.watchdogs.decider import Course, Memory
from tests.soak import rounds

T0, S = 1_700_000_000_000_000, 1_000_000
P = 'price("BTC-USD")'
FORESEEN = [
    Terms(f'{P} > 1.002 * avg("BTC-USD", "1m")'),
    Terms(f'{P} >= avg("BTC-USD", "5m")', f'{P} < 0.999 * avg("BTC-USD", "5m")'),
    Terms(f'{P} > avg("BTC-USD", "7s")', for_s=3),
    Terms('max("BTC-USD", "1m") - min("BTC-USD", "1m") > 1'),
    Terms(f'abs({P} / avg("BTC-USD", "2m") - 1) > 0.003', for_s=2),
    Terms(f'not ({P} < 100 and last("BTC-USD", "20s") > min("BTC-USD", "3m")) or {P} > 101'),
    Terms(f'-{P} <= -1.001 * min("BTC-USD", "30s")', f'{P} == max("BTC-USD", "10s")'),
    Terms(f'{P} > 1.001 * avg("BTC-USD", "1m")', f'{P} < 0.999 * avg("BTC-USD", "1m")', crosses=True),
]  # fmt: skip
ALWAYS = " and 1 % 2 == 1"  # which changes nothing but that nothing is foreseen


def looked_at_always(terms):
    return Terms(f"({terms.on}){ALWAYS}", f"({terms.off}){ALWAYS}" if terms.off else "", terms.crosses, terms.for_s)


def market(dice, count):
    """Prices that rest, wander and jump, some of them none; pauses, and gaps in which nobody watched."""
    at_us, price = T0 + 2 * S, 100.0
    step = 1e-5
    for _ in range(count):
        at_us += round(dice.choice((0.01, 0.1, 0.37, 1, 1, 5)) * S)
        step = dice.choice((1e-6, 1e-4, 1e-3)) if dice.random() < 0.02 else step
        price *= 1 + dice.gauss(0, step) + (dice.choice((-0.005, 0.005)) if dice.random() < 0.01 else 0)
        if dice.random() < 0.005:
            from_us, at_us = at_us, at_us + dice.choice((1, 8, 90)) * S
            yield at_us, Gap("watchdog", from_us, at_us, "mailbox full")
        elif dice.random() < 0.01:
            at_us += dice.choice((20, 200, 700)) * S
        yield at_us, Trade("BTC-USD", float("nan") if dice.random() < 0.003 else price, 1.0, "", "", at_us, "test")


def said(rules, told):
    course = Course(Conditions(rules))
    course.begin(Memory(), T0)
    found = []
    for at_us, message in told:
        found += [(one.ts_us, one.subject, one.kind, one.data.get("direction")) for one in course.take(message, at_us)]
    found += [(one.ts_us, one.subject, one.kind, one.data.get("direction")) for one in course.pass_time(told[-1][0] + 900 * S)]
    return found


@pytest.mark.parametrize("seed", range(rounds(4, 200)))
def test_a_calm_rule_says_what_one_says_that_is_always_looked_at(seed):
    told = list(market(Random(seed), 600))
    rules = {f"r{number}": terms for number, terms in enumerate(FORESEEN)}
    expected = said({name: looked_at_always(terms) for name, terms in rules.items()}, told)
    assert len(expected) > 20
    assert sorted(said(rules, told), key=str) == sorted(expected, key=str)


def test_what_rests_far_from_its_bound_is_hardly_looked_at():
    decider = Conditions({"r": FORESEEN[0]})
    course = Course(decider)
    course.begin(Memory(), T0)
    looks = 0
    for number in range(6_000):
        at_us = T0 + number * S // 10
        due_us = decider.next_deadline
        assert not list(course.take(Trade("BTC-USD", 100.0 + number % 2 * 0.01, 1.0, "", "", at_us, "test"), at_us))
        looks += decider.next_deadline != due_us
    assert looks < 600, "each look sets another time for the next"


def test_what_is_foreseen_and_what_is_not():
    assert all(can_foresee(parse_condition(terms.on).root) for terms in FORESEEN)
    for text in ('price("A") > price("B")', 'change_pct("A", "1m") > 1', 'absent("trade:A", "1m")', 'stddev("A", "1m") > 1'):
        assert not can_foresee(parse_condition(text).root)


@pytest.mark.parametrize(("low", "high", "more", "expected"), [
    (99, 101, 10, True), (99, 101, 0, True), (99, 101, 1_000, True), (99, 102.7, 10, True), (99, 103.1, 10, False),
    (1, 102, 1_000, False),
])  # fmt: skip
def test_a_mean_is_foreseen_by_what_stays_and_what_may_come(low, high, more, expected):
    windows, condition = Windows(), parse_condition(f'{P} <= 1.03 * avg("BTC-USD", "1m")')
    windows.want(condition, T0)
    for second in range(95):
        windows.update(Trade("BTC-USD", 100.0, 1.0, "", "", T0, "test"), T0 + second * S)
    now_us = T0 + 94 * S
    assert windows.foresees(condition, Ahead(now_us, now_us + 2 * S, low, high, more)) is expected

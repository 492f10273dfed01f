"""When a rule's condition is met and when it is over: edges, hysteresis, waits, gaps, and many thresholds at once."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.alerts.conditions import Conditions
from oracle.alerts.levels import Levels
from oracle.alerts.terms import terms_of
from oracle.alerts.trigger import Trigger, TriggerType
from oracle.border import structure
from oracle.model import Gap, Quote, Trade
from oracle.watchdogs.decider import Course, Memory

T0, S = 1_700_000_000_000_000, 1_000_000


def trade(price, second, symbol="BTC-USD", size=1.0):
    at_us = T0 + round(second * S)
    return at_us, Trade(symbol, float(price), size, "buy", f"t{second}", at_us, "test")


def trigger(kind="price_threshold", **more):
    return structure(Trigger, {"type": kind, "symbol": "BTC", **more})


def course_of(**triggers):
    course = Course(Conditions({name: terms_of(one) for name, one in triggers.items()}))
    course.begin(Memory(), T0)
    return course


def said(course, told, until_s=None):
    """(second, rule, kind or direction) of all that is found."""
    found = [finding for at_us, message in told for finding in course.take(message, at_us)]
    found += course.pass_time(T0 + until_s * S) if until_s is not None else ()
    return [(round((one.ts_us - T0) / S, 3), one.subject, one.data.get("direction", one.kind.removeprefix("condition_")))
            for one in found]  # fmt: skip


PRICES = [trade(price, second) for second, price in enumerate([99, 101, 100, 99.5, 98, 100, 101, 90, 110])]


@pytest.mark.parametrize(("more", "expected"), [
    ({"price_threshold": 100}, [(1, "above"), (3, "below"), (6, "above"), (7, "below"), (8, "above")]),
    ({"price_threshold": 100, "hysteresis_pct": 2}, [(8, "above")]),
    ({"price_threshold": 100, "direction": "above"}, [(1, "met"), (2, "over"), (6, "met"), (7, "over"), (8, "met")]),
    ({"price_threshold": 100, "direction": "above", "hysteresis_pct": 1},
     [(1, "met"), (4, "over"), (6, "met"), (7, "over"), (8, "met")]),
    ({"price_threshold": 100, "direction": "below"}, [(0, "met"), (1, "over"), (3, "met"), (5, "over"), (7, "met"), (8, "over")]),
    ({"price_threshold": 95, "direction": "below", "hysteresis_pct": 5}, [(7, "met"), (8, "over")]),
    ({"price_threshold": 100, "direction": "above", "for_s": 1}, []),  # it never holds for a whole second
])  # fmt: skip
def test_a_threshold_speaks_at_its_edges(more, expected):
    assert [(second, word) for second, _, word in said(course_of(r=trigger(**more)), PRICES)] == expected


def test_the_side_of_a_crossing_is_not_known_before_a_price_is_on_one():
    told = [trade(price, second) for second, price in enumerate([100, 102, 106, 94])]
    found = said(course_of(r=trigger(price_threshold=100, hysteresis_pct=5)), told)
    assert found == [(3, "r", "below")]


def test_what_holds_for_long_enough_is_met_at_that_instant_though_nothing_comes():
    course = course_of(r=trigger(price_threshold=100, direction="above", for_s=10))
    assert said(course, [trade(101, 1), trade(102, 5), trade(99, 8), trade(103, 20)], until_s=60) == [
        (2, "r", "pending"), (8, "r", "lapsed"), (21, "r", "pending"), (30, "r", "met")]


def test_a_wait_that_flickers_is_nobodys_news():
    course = course_of(r=trigger(price_threshold=100, direction="above", for_s=10))
    flicker = [trade(100 + number % 2, number / 2) for number in range(20)]
    assert said(course, flicker) == []


def test_a_wait_that_was_told_of_before_a_start_lapses_after_it():
    terms = terms_of(trigger(price_threshold=100, direction="above", for_s=10))
    course = Course(Conditions({"r": terms}, waiting=("r",)))
    course.begin(Memory(), T0)
    assert said(course, [trade(99, 1)]) == [(1, "r", "lapsed")]


def test_a_gap_begins_a_wait_anew():
    course = course_of(r=trigger(price_threshold=100, direction="above", for_s=10))
    told = [trade(101, 1), (T0 + 8 * S, Gap("watchdog", T0 + 2 * S, T0 + 8 * S, "mailbox full"))]
    assert said(course, told, until_s=60) == [(2, "r", "pending"), (18, "r", "met")]


def test_a_change_in_a_window_and_a_volume_in_one():
    course = course_of(
        fall=trigger(change_pct=5, window_s=10, direction="below"), either=trigger(change_pct=5, window_s=10),
        busy=trigger("volume_threshold", volume_threshold=3, window_s=5))  # fmt: skip
    told = [trade(100, 0), trade(100, 11), trade(94, 12), trade(94, 13), trade(94, 14), trade(94, 24)]
    assert sorted(said(course, told, until_s=60)) == [
        (12, "either", "met"), (12, "fall", "met"), (14, "busy", "met"), (16, "busy", "over"), (22, "either", "over"),
        (22, "fall", "over"),
    ]  # fmt: skip


def test_an_expression_is_looked_at_when_its_input_changes_or_time_passes():
    text = 'price("BTC-USD") > 1.02 * avg("BTC-USD", "10s") or absent("quote:BTC-USD", "20s")'
    course = course_of(r=trigger("custom_condition", condition=text))
    at = T0 + 11 * S
    told = [trade(100, 0), (at, Quote("BTC-USD", 1, 1, 2, 1, at, "test")), *[trade(100, s) for s in (11, 12)], trade(110, 13)]
    found = said(course, told, until_s=60)
    assert found == [(13, "r", "met"), (22, "r", "over"), (31, "r", "met")]


def test_a_finding_says_why():
    course = course_of(r=trigger("custom_condition", condition='price("BTC-USD") > 100 and price("ETH-USD") < 5'))
    found = [one for at_us, message in (trade(101, 1), trade(4, 2, "ETH-USD")) for one in course.take(message, at_us)]
    (met,) = found
    assert met.summary == 'price("BTC-USD") > 100 (101 and 100), price("ETH-USD") < 5 (4 and 5)'
    assert met.data["clauses"][1] == {"text": 'price("ETH-USD") < 5', "truth": True, "left": 4.0, "right": 5.0}


def test_what_was_met_before_a_start_is_not_met_again_and_is_over_when_it_is():
    terms = {"r": terms_of(trigger(price_threshold=100, direction="above"))}
    for prices, expected in (([105], []), ([99], ["over"]), ([99, 101], ["over", "met"])):
        course = Course(Conditions(terms, on=("r",)))
        course.begin(Memory(), T0)
        assert [word for _, _, word in said(course, [trade(p, i) for i, p in enumerate(prices)])] == expected


@pytest.mark.parametrize(("seconds", "on", "expected"), [
    ([99, 101], (), [(5, "met")]), ([101, 99], ("r",), [(5, "over")]), ([99, 101], ("r",), []), ([], ("r",), []), ([99], (), []),
])  # fmt: skip
def test_what_nobody_was_told_of_the_past_is_told_when_it_begins(seconds, on, expected):
    """A rule that is made while its condition holds; a word that was lost as a process was killed."""
    course = Course(Conditions({"r": terms_of(trigger(price_threshold=100, direction="above"))}, on=on))
    past = [trade(price, second) for second, price in enumerate(seconds)]
    course.begin(Memory(messages=past, watched_us=T0 + 5 * S), T0 + 5 * S)
    assert said(course, [], until_s=60) == [(5, "r", word) for _, word in expected]


def test_a_wait_that_goes_on_from_the_past_is_told_of():
    course = Course(Conditions({"r": terms_of(trigger(price_threshold=100, direction="above", for_s=10))}))
    past = [trade(101, 0), trade(102, 3)]
    course.begin(Memory(messages=past, watched_us=T0 + 5 * S), T0 + 5 * S)
    assert said(course, [], until_s=60) == [(5, "r", "pending"), (10, "r", "met")]
    course = Course(Conditions({"r": terms_of(trigger(price_threshold=100, direction="above", for_s=10))}))
    course.begin(Memory(messages=past, watched_us=T0 + 4 * S), T0 + 5 * S)
    assert said(course, [], until_s=60) == [(6, "r", "pending"), (15, "r", "met")], "nobody watched for a second"


def test_a_life_goes_on_where_the_one_before_it_ended():
    told = [trade(price, second) for second, price in enumerate([99, 101, 102, 103, 99, 98, 104, 105])]
    rules = {"above": trigger(price_threshold=100, direction="above", for_s=2), "crosses": trigger(price_threshold=100)}
    whole = said(course_of(**rules), told)
    for cut in range(1, len(told)):
        words = [word for second, name, word in whole if name == "above" and second <= cut - 1]
        heard = dict.fromkeys(words[-1:], ("above",))  # what its rule was told last
        terms = {name: terms_of(one) for name, one in rules.items()}
        course = Course(Conditions(terms, heard.get("met", ()), heard.get("pending", ())))
        course.begin(Memory(messages=told[:cut], watched_us=told[cut - 1][0]), told[cut - 1][0])
        assert [one for one in whole if one[0] > cut - 1] == said(course, told[cut:])


RULES = st.tuples(st.integers(92, 108), st.sampled_from(["above", "below", "crosses"]), st.sampled_from([0, 1, 3]))


@given(st.lists(st.integers(90, 110), min_size=1, max_size=60), st.lists(RULES, max_size=12))
def test_passed_thresholds_are_those_that_a_look_at_each_would_find(prices, rules):
    triggers = {f"r{number:02}": trigger(price_threshold=level, direction=way, hysteresis_pct=band)
                for number, (level, way, band) in enumerate(rules)}  # fmt: skip
    told = [trade(price, second) for second, price in enumerate(prices)]
    alone = [found for name, one in triggers.items() for found in said(course_of(**{name: one}), told)]
    assert sorted(said(course_of(**triggers), told)) == sorted(alone)


def test_due_times_that_move_on_leave_nothing_behind():
    course = course_of(
        soon=trigger("custom_condition", condition='absent("trade:ETH-USD", "10s")'),
        late=trigger("custom_condition", condition='absent("trade:BTC-USD", "1h")'))  # fmt: skip
    for second in range(6_000):
        assert said(course, [trade(100, second), trade(5, second, "ETH-USD")]) == []
    assert len(course.decider._due) <= 70
    assert said(course, [], until_s=6_010) == [(6_009, "soon", "met")]


def test_ten_thousand_thresholds_are_passed_by_looking_at_few():
    levels, dice = Levels(), Random(1)
    for number in range(10_000):
        levels.add(dice.uniform(90, 110), f"r{number}")
    assert len(levels.touched(100.0)) == 10_000, "nothing was known before"
    assert len(levels.touched(100.01)) < 20


def test_a_trigger_of_events_has_no_terms():
    assert terms_of(Trigger(TriggerType.watchdog_event)) is None

"""Windows read what a computation from all messages reads, in bounded memory, and know what nobody watched."""

from __future__ import annotations

import math
from random import Random

import pytest

from oracle.conditions import Windows, evaluate, next_change, parse, series, topics
from oracle.conditions.needs import memory_s
from oracle.conditions.rolling import resolution_us
from oracle.conditions.tree import Expression
from oracle.model import Bar, Event, Gap, Quote, Sample, Severity, Trade
from tests.growing import FUNCTIONS, grown_over, grown_truth
from tests.naive import OVER, Naive
from tests.soak import rounds

S = 1_000_000
T0 = 1_795_449_600 * S


def trade(symbol="BTC-USD", price=100.0, size=1.0, source="x"):
    return Trade(symbol, price, size, "buy", "1", 0, source)


def sample(value, name="n", subject="s", source="x"):
    return Sample(name, subject, value, "", 0, source)


def event(kind="k", subject="BTC-USD", severity=Severity.high):
    return Event("evt_1", kind, subject, "watchdog:k", severity, "", {}, 0)


def any_message(random, value):
    """A message of what grown expressions listen to, or of something else."""
    symbol = random.choice(("BTC-USD", "AAPL", "OTHER"))
    match random.choice("ttqqse"):
        case "t":
            return trade(symbol, value(), value())
        case "q":
            return Quote(symbol, value(), 1.0, value(), 1.0, 0, "x")
        case "s":
            return sample(value(), random.choice("nm"))
    return event(random.choice(("k", "k:l", "other")), random.choice(("BTC-USD", "AAPL")), random.choice(list(Severity)))


def wanting(*texts, now_us=T0):
    windows = Windows()
    found = [parse(text) for text in texts]
    for expression in found:
        windows.want(expression, now_us)
    return windows, *found


def steps(random, count, most_s):
    """Instants: many close together, some on whole seconds, a few after a long silence."""
    now_us = T0
    for _ in range(count):
        now_us += random.choice((0, 1, random.randint(1, S), random.randint(1, 10) * S, round(random.random() ** 8 * most_s * S)))
        if random.random() < 0.3:
            now_us += -now_us % S
        yield now_us


# ---- the same as from all messages


@pytest.mark.parametrize("seed", range(rounds(12, 400)))
def test_every_window_reads_what_all_messages_say(seed):
    random = Random(seed)
    expressions = [Expression(grown_over(random)) for _ in range(8)]
    windows, naive = Windows(), Naive(T0)
    for expression in expressions:
        windows.want(expression, T0)
    for now_us in steps(random, 400, 4_000):
        if random.random() < 0.02:
            gap = Gap("watchdog", now_us - 10**6 * S, now_us, "mailbox full")
            windows.on_gap(gap)
            naive.on_gap(gap)
        message = any_message(random, lambda: random.choice((math.nan, 0.0, -5.0, *[random.gauss(100, 30)] * 20)))
        windows.update(message, now_us)
        naive.update(message, now_us)
        if random.random() < 0.3:
            for expression in expressions:
                expected = naive.value(expression.root, now_us)
                close = pytest.approx(expected, rel=1e-9, abs=1e-9) if expected is not None else None
                assert evaluate(expression, windows, now_us) == close, expression


@pytest.mark.parametrize("seed", range(rounds(20, 600)))
def test_every_condition_is_what_all_messages_say(seed):
    random = Random(seed)
    functions = tuple(one for one in FUNCTIONS if one != "stddev")  # its last bit depends on the order of the sums
    expressions = [Expression(grown_truth(random, random.randint(3, 6), functions)) for _ in range(12)]
    windows, naive = Windows(), Naive(T0)
    for expression in expressions:
        windows.want(expression, T0)
    for now_us in steps(random, 200, 4_000):
        # Quarters add up exactly, in whichever order.
        message = any_message(random, lambda: random.randint(-4, 12) / 4)
        windows.update(message, now_us)
        naive.update(message, now_us)
        later_us = now_us + random.choice((0, 0, 1, S, 60 * S))
        if random.random() < 0.2 and later_us == now_us:
            for expression in expressions:
                assert evaluate(expression, windows, now_us) is naive.value(expression.root, now_us), expression


@pytest.mark.parametrize("seed", range(rounds(12, 400)))
def test_nothing_changes_by_itself_but_at_the_instants_that_were_said(seed):
    random = Random(seed)
    functions = tuple(one for one in FUNCTIONS if one != "stddev")
    expression = Expression(grown_truth(random, 4, functions))
    windows, naive = Windows(), Naive(T0)
    windows.want(expression, T0)
    for now_us in steps(random, 60, 100):
        message = any_message(random, lambda: random.randint(-4, 12) / 4)
        windows.update(message, now_us)
        naive.update(message, now_us)
    value, due_us = evaluate(expression, windows, now_us), next_change(expression, windows, now_us)
    for _ in range(300):
        if due_us is None:
            break
        assert due_us > now_us
        for between_us in (now_us, random.randint(now_us, due_us - 1), due_us - 1):
            assert naive.value(expression.root, between_us) is value
        now_us = due_us
        value, due_us = evaluate(expression, windows, now_us), next_change(expression, windows, now_us)
        assert value is naive.value(expression.root, now_us)
    else:
        pytest.fail("there is always another instant")
    assert naive.value(expression.root, now_us + 10**12) is value


@pytest.mark.parametrize("seed", range(rounds(4, 100)))
def test_what_is_read_does_not_depend_on_who_read_before(seed):
    random = Random(seed)
    expressions = [Expression(grown_over(random)) for _ in range(8)]
    told = [(now_us, any_message(random, lambda: random.gauss(0, 1e6))) for now_us in steps(random, 1_500, 4_000)]
    often, seldom = Windows(), Windows()
    for windows in (often, seldom):
        for expression in expressions:
            windows.want(expression, T0)
    for place, (now_us, message) in enumerate(told):
        assert often.update(message, now_us) == seldom.update(message, now_us)
        values = [evaluate(expression, often, now_us) for expression in expressions]
        if place % 300 == 299:
            assert values == [evaluate(expression, seldom, now_us) for expression in expressions]  # to the last bit


@pytest.mark.parametrize("function", [one for one in FUNCTIONS if one != "change_pct"])
@pytest.mark.parametrize(("window", "span_s"), [("1h", 3_600), ("61s", 61), ("10s", 10)])
def test_a_full_window_is_all_that_came_in_it(function, window, span_s):
    random, values = Random(3), []
    windows, expression = wanting(f'{function}(sample("n", "s"), "{window}")')
    for second in range(9_000):
        values.append(random.gauss(0, 10))
        windows.update(sample(values[-1]), T0 + second * S)
        if second > span_s and second % 397 == 0:
            expected = float(OVER[function](values[-span_s:]))
            assert evaluate(expression, windows, T0 + second * S) == pytest.approx(expected, rel=1e-12, abs=1e-12)
            assert next_change(expression, windows, T0 + second * S) == T0 + (second + 1) * S


def test_a_stream_that_is_cut_reads_the_same_up_to_there():
    random = Random(1)
    expression = parse('stddev("BTC-USD", "90s") + sum("BTC-USD", "1h") * avg("BTC-USD", "7s")')
    told = [(now_us, trade(price=random.gauss(0, 1e6))) for now_us in steps(random, 2_000, 100)]

    def values(messages):
        windows = Windows()
        windows.want(expression)
        for now_us, message in messages:
            windows.update(message, now_us)
            yield evaluate(expression, windows, now_us)

    whole = list(values(told))
    for cut in (1, 10, 500, 1_999):
        assert list(values(told[:cut])) == whole[:cut]


def test_a_large_value_that_has_left_takes_nothing_with_it():
    windows, total, deviation = wanting('sum(sample("n", "s"), "10s")', 'stddev(sample("n", "s"), "10s")')
    for second in range(60):
        windows.update(sample(1e17 if second == 20 else 0.1), T0 + second * S)
    assert evaluate(total, windows, T0 + 59 * S) == pytest.approx(1.0, rel=1e-15)
    assert evaluate(deviation, windows, T0 + 59 * S) == pytest.approx(0.0, abs=1e-15)


def test_small_values_are_not_lost_beside_a_large_one():
    windows, total = wanting('sum(sample("n", "s"), "1h")')
    for value in (1e16, *[1.0] * 1_000, -1e16):
        windows.update(sample(value), T0 + S)
    assert evaluate(total, windows, T0 + 3_600 * S) == 1_000.0


# ---- bounds


@pytest.mark.parametrize(("window_s", "resolution"), [
    (1, 320), (10, 3_125), (60, 20_000), (3_599, S), (3_600, S), (3_601, 2 * S), (86_400, 24 * S), (7 * 86_400, 168 * S),
])  # fmt: skip
def test_a_bucket_is_an_even_part_of_a_second_or_whole_ones(window_s, resolution):
    assert resolution_us(window_s * S) == resolution
    assert window_s * S / resolution <= 3_600
    assert S % resolution == 0 or resolution % S == 0


def test_nine_days_of_updates_stay_in_the_same_buckets():
    windows, *_ = wanting(
        'avg("BTC-USD", "1h") > 0', 'max("BTC-USD", "7d") > 0', 'min("BTC-USD", "1s") > 0', 'change_pct("BTC-USD", "1d") > 0',
    )  # fmt: skip
    message, most, at = trade(), 0, T0
    for place in range(350_000):
        at += 2_222_222 if place < 300_000 else 777_777  # in the end often enough to fill a bucket of each second
        windows.update(message, at)
        if place % 5_000 == 0:
            most = max(most, windows.buckets)
    assert 10_000 < most <= 4 * 3_602


def test_any_number_of_topics_is_heard_in_bounded_memory():
    windows, silent = wanting('absent("sample:n:*", "30s")')
    for place in range(200_000):
        windows.update(sample(1.0, subject=str(place)), T0)
    assert len(windows._routes) <= 65_536
    assert evaluate(silent, windows, T0 + 29 * S) is False


# ---- who wants what


def test_a_series_is_kept_once_and_as_long_as_somebody_wants_it():
    windows, one, other = wanting('avg("BTC-USD", "10s") > 1', 'avg("BTC-USD", "10s") + 1 > price("BTC-USD")')
    windows.want(one)
    for second in range(11):
        assert windows.update(trade(), T0 + second * S) == ('price("BTC-USD")',)
    assert evaluate(one, windows, T0 + 10 * S) is True
    assert windows.buckets == 10, "the oldest is gone by the time that somebody reads"
    windows.drop(one)
    windows.drop(other)
    assert evaluate(one, windows, T0 + 10 * S) is True
    with pytest.raises(KeyError):
        evaluate(other, windows, T0 + 10 * S)
    windows.drop(one)
    assert (windows.buckets, windows.update(trade(), T0 + 11 * S)) == (0, ())
    with pytest.raises(KeyError):
        windows.drop(one)


def test_what_is_wanted_later_is_watched_from_then_on():
    windows, early = wanting('count(size("BTC-USD"), "10s")')
    for second in range(20):
        windows.update(trade(), T0 + second * S)
    late = parse('count(size("BTC-USD"), "5s")')
    windows.want(late)
    assert (evaluate(early, windows, T0 + 19 * S), evaluate(late, windows, T0 + 19 * S)) == (10, None)
    assert next_change(late, windows, T0 + 19 * S) == T0 + 24 * S
    windows.update(trade(), T0 + 20 * S)
    assert [evaluate(late, windows, T0 + second * S) for second in (23, 24, 25)] == [None, 1, 0]


def test_it_watches_since_the_first_instant_it_is_told_of():
    windows = Windows()
    silent = parse('absent("trade:BTC-USD", "30s")')
    windows.want(silent)
    assert [evaluate(silent, windows, T0 + second * S) for second in (0, 29, 30)] == [None, None, True]


def test_keys_and_topics_say_what_an_expression_reads():
    expression = parse(
        'price("BTC-USD") > mid("AAPL") and volume("BTC-USD", "1h") > sample("n", "a:b")'
        ' and count(event("system:feed:lost", subject="feed:x"), "1m") + count(event("k"), "90s") > 0 or absent("quote:*", "1d")'
    )
    assert topics(expression) == (
        "event:k:*", "event:system:feed:lost:feed:x", "quote:*", "quote:AAPL", "sample:n:a:b", "trade:BTC-USD",
    )  # fmt: skip
    assert series(expression) == (
        'event("k")', 'event("system:feed:lost", subject="feed:x")', 'mid("AAPL")', 'price("BTC-USD")', "quote:*",
        'sample("n", "a:b")', 'size("BTC-USD")',
    )  # fmt: skip
    assert memory_s(expression) == 86_400.0


@pytest.mark.parametrize(("text", "seconds"), [
    ("1 > 2", 0.0), ('price("X") > 1', 3_600.0), ('avg("X", "1h") > 1', 3_601.0), ('count(event("k"), "7d") > 1', 604_968.0),
    ('absent("trade:X", "30s")', 30.0), ('avg("X", "1m") > 2 * sum(bid("X"), "5m")', 300.1),
    ('change_pct("X", "5m") > 1', 3_900.0),
])  # fmt: skip
def test_memory_is_as_long_as_what_decides(text, seconds):
    assert memory_s(parse(text)) == seconds


def test_only_what_has_something_new_is_named():
    windows, *_ = wanting(
        'count(event("k", severity="high"), "1m") > 0', 'absent("event:k:*", "1m")', 'bid("AAPL") > ask("AAPL")')
    assert windows.update(event(severity=Severity.low), T0) == ("event:k:*",)
    assert windows.update(event(), T0) == ('event("k", severity="high")', "event:k:*")
    assert windows.update(Quote("AAPL", 1.0, 1.0, 2.0, 1.0, 0, "x"), T0) == ('bid("AAPL")', 'ask("AAPL")')
    assert windows.update(Bar("X", "1m", 1, 1, 1, 1, 1, 1, True, 0, "x"), T0) == ()


# ---- numbers that are none


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_leaves_no_last_value_and_is_in_no_window(value):
    windows, last, mean = wanting('sample("n", "s")', 'avg(sample("n", "s"), "10s")')
    windows.update(sample(2.0), T0)
    windows.update(sample(value), T0 + S)
    assert (evaluate(last, windows, T0 + S), evaluate(mean, windows, T0 + 9 * S)) == (None, None)
    windows.update(sample(4.0), T0 + 9 * S)
    assert (evaluate(last, windows, T0 + 9 * S), evaluate(mean, windows, T0 + 10 * S)) == (4.0, 4.0)
    assert windows.refused == 1


def test_sums_that_are_too_large_are_not_known_until_that_has_left():
    windows, total, mean = wanting('sum(sample("n", "s"), "10s")', 'avg(sample("n", "s"), "10s")')
    for second in (0, 1, 2, 3):
        windows.update(sample(1e308), T0 + second * S)
    windows.update(sample(1.0), T0 + 20 * S)
    assert evaluate(total, windows, T0 + 20 * S) == 1.0
    for _ in range(2):
        windows.update(sample(1e308), T0 + 21 * S)
    assert (evaluate(total, windows, T0 + 21 * S), evaluate(mean, windows, T0 + 21 * S)) == (None, None)


# ---- time and gaps


def test_time_does_not_go_back():
    windows, count = wanting('count("BTC-USD", "10s")')
    windows.update(trade(), T0 + 30 * S)
    windows.update(trade(), T0 + 5 * S)  # as if it came at the last instant
    assert evaluate(count, windows, T0 + 39 * S) == 2
    assert evaluate(count, windows, T0 + 31 * S) == 2
    assert evaluate(count, windows, T0 + 40 * S) == 0


@pytest.mark.parametrize(("text", "before", "after", "filled_s"), [
    ('count("BTC-USD", "10s") > 0', True, None, 25),
    ('absent("trade:BTC-USD", "10s")', False, False, 25),
    ('absent("trade:AAPL", "10s")', True, None, 25),
    ('max("BTC-USD", "1m") > 1', None, None, 75),
    ('price("BTC-USD") > 1', True, True, None),
    ('price("BTC-USD") > 1 or count("BTC-USD", "10s") > 0', True, True, 25),
])  # fmt: skip
def test_what_reaches_into_a_gap_is_not_known_until_it_has_filled_again(text, before, after, filled_s):
    windows, expression = wanting(text)
    for second in range(13):
        windows.update(trade(), T0 + second * S)
    assert evaluate(expression, windows, T0 + 12 * S) is before
    windows.on_gap(Gap("watchdog", T0 + 5 * S, T0 + 15 * S, "mailbox full"))
    assert evaluate(expression, windows, T0 + 15 * S) is after
    due_us = next_change(expression, windows, T0 + 22 * S)
    assert due_us == (None if filled_s is None else T0 + filled_s * S)
    if filled_s is not None:
        assert evaluate(expression, windows, due_us - 1) is (after if after is True or before is None else None)
        assert evaluate(expression, windows, due_us) is not None or text.startswith("max")


def test_what_held_before_a_gap_is_not_what_held_when_the_window_began():
    windows, change = wanting('change_pct("BTC-USD", "10s")')
    windows.update(trade(price=100.0), T0)
    windows.update(trade(price=90.0), T0 + 11 * S)
    assert evaluate(change, windows, T0 + 11 * S) == -10.0
    windows.on_gap(Gap("watchdog", T0 + 11 * S, T0 + 13 * S, "start"))
    assert evaluate(change, windows, T0 + 13 * S) is None
    windows.update(trade(price=80.0), T0 + 14 * S)
    windows.update(trade(price=88.0), T0 + 16 * S)
    assert [evaluate(change, windows, T0 + second * S) for second in (23, 24, 30)] == [None, pytest.approx(10.0), 0.0]


@pytest.mark.parametrize(("gap", "known"), [
    (Gap("feed:x", T0, T0 + 20 * S, "connection lost"), False),
    (Gap("feed:y", T0, T0 + 20 * S, "connection lost"), True),
    (Gap("feed:x", T0, T0 + 20 * S, "3 trades of BTC-USD are missing"), True),
    (Gap("feed:x", T0, T0 + 20 * S, "book of BTC-USD: out of step"), True),
    (Gap("history", T0, T0 + 20 * S, "9 rows dropped"), True),
])  # fmt: skip
def test_a_feed_that_was_away_leaves_a_gap_in_what_it_alone_tells(gap, known):
    windows, count, silent = wanting('count("BTC-USD", "10s")', 'absent("trade:BTC-USD", "10s")')
    windows.update(trade(source="x"), T0)
    windows.on_gap(gap)
    assert [evaluate(one, windows, T0 + 20 * S) is not None for one in (count, silent)] == [known, known]
    windows.update(trade(source="y"), T0 + 31 * S)
    windows.on_gap(Gap("feed:x", T0 + 31 * S, T0 + 32 * S, "connection lost"))
    assert evaluate(count, windows, T0 + 32 * S) == 1  # somebody else told of it


@pytest.mark.parametrize(("gone_s", "known"), [(0, True), (1, True), (1.1, False)])
def test_a_gap_of_up_to_a_tenth_of_a_window_leaves_it_known(gone_s, known):
    windows, count, change = wanting('count("BTC-USD", "10s")', 'change_pct("BTC-USD", "10s")')
    for second in range(20):
        windows.update(trade(price=100.0 + second), T0 + second * S)
    windows.on_gap(Gap("watchdog", T0 + 20 * S - round(gone_s * S), T0 + 20 * S, "start"))
    assert [evaluate(one, windows, T0 + 20 * S) is not None for one in (count, change)] == [known, known]

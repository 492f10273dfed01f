"""No text does anything but become an expression or be refused with its place."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.conditions import BadExpression, Windows, evaluate, memory_s, next_change, parse, series, topics, why
from oracle.conditions.functions import FUNCTIONS
from tests.soak import rounds

EXAMPLES = rounds(300, 20_000)

WORDS = [
    *FUNCTIONS, "and", "or", "not", "true", "false", "(", ")", ",", "+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==",
    "!=", "=",
    "1", "0", "2.5", "1e300", "1_000", '"X"', '"BTC-USD"', '"1h"', '"30s"', '"trade:X"', "'k'", "severity", "subject",
    "!", "&", "?",
]  # fmt: skip
PIECES = [
    'price("X")', 'avg("X", "1m")', 'count(event("k"), "1h")', 'absent("trade:X", "30s")', "1", "2.5", "1e300", "true",
    "(", ")", "(", ")",
    "and", "or", "not", "+", "-", "*", "/", "%", "<", ">", "==",
]  # fmt: skip


def tried(text):
    """Whether a text is an expression; one that is can be used in full."""
    try:
        expression = parse(text)
    except BadExpression as error:
        assert 1 <= error.column <= len(text) + 1
        return False
    assert parse(str(expression)) == expression
    windows = Windows()
    windows.want(expression, 0)
    value = evaluate(expression, windows, 10)
    assert value is None or isinstance(value, float | bool)
    why(expression, windows, 10)
    next_change(expression, windows, 10)
    topics(expression), series(expression), memory_s(expression)
    windows.drop(expression)
    assert not windows.buckets
    return True


@settings(max_examples=EXAMPLES)
@given(st.text())
def test_any_text(text):
    tried(text)


@settings(max_examples=EXAMPLES)
@given(st.lists(st.sampled_from(WORDS), max_size=60), st.sampled_from(["", " "]))
def test_any_words(words, between):
    tried(between.join(words))


@pytest.mark.parametrize("seed", range(rounds(3, 80)))
def test_pieces_that_often_fit(seed):
    random = Random(seed)
    fitting = sum(tried(" ".join(random.choices(PIECES, k=random.randint(1, 7)))) for _ in range(3_000))
    assert fitting > 100


@pytest.mark.parametrize("seed", range(4))
def test_a_good_text_with_a_character_gone_wrong(seed):
    random = Random(seed)
    good = 'price("BTC-USD") > 1.05 * avg("X", "1h") and not (absent("trade:X", "30s") or count(event("k"), "1m") >= 3)'
    for _ in range(1_000):
        at = random.randrange(len(good))
        tried(good[:at] + random.choice(("", *"\"'()+-,.0a\x00\u00e9")) + good[at + random.randint(0, 2) :])


@pytest.mark.parametrize("piece", [
    "(", "-", "not ", "abs(", "1+", "1 and ", '"', "a", "9", "_", "1_", "1e", "\n", "(1)", "=", "event(", ",", "price(",
])  # fmt: skip
def test_the_longest_texts(piece):
    for text in (piece * (2_000 // len(piece)), piece * 100_000):
        tried(text)

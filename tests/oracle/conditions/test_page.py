"""What the page about conditions says is so."""

from __future__ import annotations

import contextlib
import io
import re
from itertools import product
from pathlib import Path

import pytest

from oracle.conditions import BadExpression, Windows, evaluate, next_change, parse, parse_condition, topics, why
from oracle.conditions.calls import LONGEST_WINDOW_US, SHORTEST_WINDOW_US
from oracle.conditions.functions import FUNCTIONS
from oracle.conditions.lexer import MOST_CHARS
from oracle.conditions.parser import MOST_DEPTH, MOST_NODES, MOST_WINDOWS
from oracle.conditions.rolling import MOST_BUCKETS
from oracle.conditions.why import _MOST_TRIES
from oracle.model import Event, Quote, Sample, Severity, Trade

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "conditions.md").read_text()
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
EXAMPLES = BLOCKS["conditions"].splitlines()
S = 1_000_000
T0 = 1_795_449_600 * S


def test_there_are_ten_examples():
    assert len(EXAMPLES) == 10


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_written_as_it_is_read_and_known_after_an_hour(text):
    windows, condition = Windows(), parse_condition(text)
    assert str(condition) == text
    windows.want(condition, T0)
    assert evaluate(condition, windows, T0) is None
    for second in range(3_601):
        now_us = T0 + second * S
        for symbol in ("BTC-USD", "ETH-USD", "AAPL"):
            windows.update(Trade(symbol, 100.0 + second % 3, 1.0, "", "", 0, "x"), now_us)
            windows.update(Quote(symbol, 100.0, 1.0, 100.1, 1.0, 0, "x"), now_us)
        windows.update(Sample("depth_10bp", "BTC-USD", 5.0, "", 0, "x"), now_us)
    assert evaluate(condition, windows, now_us) is False
    assert (next_change(condition, windows, now_us) or now_us + 1) > now_us
    assert why(condition, windows, now_us).clauses
    assert topics(condition)


@pytest.mark.parametrize(("place", "rising"), list(enumerate([
    lambda n: Trade("BTC-USD", 100.0 if n < 3_600 else 110.0, 1.0, "", "", 0, "x"),
    lambda n: Trade("BTC-USD", 100.0 if n < 3_600 else 97.0, 1.0, "", "", 0, "x"),
    lambda n: Quote("ETH-USD", 100.0, 1.0, 101.0, 1.0, 0, "x"),
    lambda n: Event("e", "price_anomaly", "BTC-USD", "w", Severity.low, "", {}, 0),
    lambda n: Event("e", "whale_movement", "BTC-USD", "w", Severity.high, "", {}, 0),
    lambda n: Sample("depth_10bp", "BTC-USD", 5.0 if n < 3_600 else 2.0, "", 0, "x"),
    lambda n: Trade("AAPL", 100.0, 1.0 if n < 3_400 else 9.0, "", "", 0, "x"),
    lambda n: Trade("BTC-USD", 100.0 + n % 2 if n < 3_600 else 110.0, 1.0, "", "", 0, "x"),
    lambda n: Quote("ETH-USD", 100.0 if n < 3_600 else 110.0, 1.0, 110.0, 1.0, 0, "x"),
    lambda n: Quote("BTC-USD", 100.0, 1.0, 100.0, 1.0, 0, "x"),
])))  # fmt: skip
def test_an_example_comes_true(place, rising):
    windows, condition = Windows(), parse_condition(EXAMPLES[place])
    windows.want(condition, T0)
    for second in range(3_601):
        windows.update(rising(second), T0 + second * S)
    assert evaluate(condition, windows, T0 + 3_600 * S) is True


def test_the_program_prints_what_is_said():
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(BLOCKS["python"], "conditions.md", "exec"), {})
    printed = said.getvalue().splitlines()
    assert len(printed) == 3
    assert all(f"`{line}`" in PAGE for line in printed), printed


def test_the_drawing_of_an_error_is_what_is_drawn():
    text = BLOCKS["text"].splitlines()[0]
    with pytest.raises(BadExpression) as caught:
        parse(text)
    assert caught.value.pointing(text) == BLOCKS["text"].rstrip("\n")


def test_every_function_is_in_the_table():
    rows = re.findall(r"^\| `(\w+)\((.*?)\)` \| (.*?) \|$", PAGE, re.MULTILINE)
    assert rows == [(name, ", ".join(one.takes), one.note) for name, one in FUNCTIONS.items()]


def test_the_limits_are_those_of_the_code():
    rows = dict(re.findall(r"^\| ([a-z ,]+) \| ([\d,]+)[^|]* \|$", PAGE, re.MULTILINE))
    numbers = {name: int(number.replace(",", "")) for name, number in rows.items()}
    assert numbers == {
        "text": MOST_CHARS, "parts of the tree": MOST_NODES, "levels of the tree, and of parentheses": MOST_DEPTH,
        "different windows": MOST_WINDOWS, "window": LONGEST_WINDOW_US // (86_400 * S), "buckets of a window": MOST_BUCKETS,
    }  # fmt: skip
    assert (SHORTEST_WINDOW_US, "at least 1 second" in PAGE, f"more than {_MOST_TRIES} sets" in PAGE) == (S, True, True)


def test_the_table_of_truths_is_what_is_evaluated():
    words = {"true": "true", "false": "false", "unknown": "1 / 0 > 0"}
    rows = re.findall(r"^\| (\w+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", PAGE, re.MULTILINE)
    assert [row[:2] for row in rows] == list(product(words, words))
    for a, b, *expected in rows:
        a, b = words[a], words[b]
        windows, found = Windows(), []
        for text in (f"{a} and {b}", f"{a} or {b}", f"not {a}"):
            expression = parse(text)
            windows.want(expression, T0)
            found.append({True: "true", False: "false", None: "unknown"}[evaluate(expression, windows, T0)])
        assert found == expected

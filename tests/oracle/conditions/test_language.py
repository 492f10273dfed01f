"""A text means what the page says, is written back one way, and is refused with a place and a reason."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

import attrs
import pytest

from oracle.conditions import BadExpression, Windows, evaluate, next_change, parse, parse_condition, why
from oracle.conditions.functions import FUNCTIONS
from oracle.conditions.tree import Comparison, Events, Expression, Logic, Not, Number, Over, Series, duration
from oracle.model import Event, Quote, Sample, Severity, Trade
from oracle.problems import Bad
from tests.growing import grown_number, grown_truth
from tests.soak import rounds

S = 1_000_000
T0 = 1_795_449_600 * S
NOW = T0 + 3_600 * S

# ---- values


@pytest.fixture(scope="module")
def told():
    """An hour: trades of 100, 101, ... 160 each minute, one quote, samples of -2 and 4, three events."""
    messages = [(T0, Quote("BTC-USD", 99.0, 1.0, 101.0, 2.0, 0, "x")), (T0, Sample("zero", "s", 0.0, "", 0, "x")),
                (T0, Sample("huge", "s", 1e308, "", 0, "x")), (T0, Sample("gone", "s", math.nan, "", 0, "x"))]  # fmt: skip
    messages += [(T0 + 60 * S * m, Trade("BTC-USD", 100.0 + m, 2.0, "", "", 0, "x")) for m in range(61)]
    messages += [(NOW - 90 * S, Sample("depth", "a:b", -2.0, "", 0, "x"))]
    messages += [(NOW - 30 * S, Sample("depth", "a:b", 4.0, "", 0, "x"))]
    for place, (severity, subject) in enumerate((("low", "A"), ("high", "A"), ("critical", "B"))):
        messages.append((NOW - place * S, Event("e", "spike", subject, "w", Severity(severity), "", {}, 0)))
    return sorted(messages, key=lambda one: one[0])


def valued(text, told):
    windows, expression = Windows(), parse(text)
    windows.want(expression, T0 - 3_600 * S)
    for now_us, message in told:
        windows.update(message, now_us)
    return evaluate(expression, windows, NOW)


@pytest.mark.parametrize(("text", "value"), [
    ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 4 - 3", 3), ("24 / 4 / 2", 3), ("7 % 4", 3), ("-7 % 4", 1), ("-2 * -3", 6),
    ("--2", 2), ("- (1 + 2)", -3), ("2 - -2", 4), ("abs(-2.5) + 1", 3.5), ("1_000_000 == 1e6", True), ("0.5e-1", 0.05),
    ("1E3", 1000), ("1e+3 - 1000", 0),
    ("1 < 2", True), ("2 <= 2", True), ("1 > 2", False), ("2 >= 3", False), ("1 == 1", True), ("1 != 1", False),
    ("1 + 1 > 1 and 2 > 1", True), ("true", True), ("false or true", True), ("not true", False), ("not 1 > 2", True),
    ("not not true", True), ("not false and false", False), ("true or false and false", True),
    ("(true or false) and false", False),
    # not known
    ("1 / 0", None), ("1 % 0", None), ("0 / 0 == 0 / 0", None), ('1 / sample("zero", "s")', None),
    ('sample("zero", "s") > -1', True),
    ('10 * sample("huge", "s")', None), ('sample("huge", "s") + sample("huge", "s") > 1', None),
    ('sample("gone", "s") > 0', None),
    ('price("NONE") > 0', None), ('not price("NONE") > 0', None), ('-price("NONE")', None), ('abs(price("NONE"))', None),
    ('true or price("NONE") > 0', True), ('price("NONE") > 0 or true', True), ('false or price("NONE") > 0', None),
    ('false and price("NONE") > 0', False), ('price("NONE") > 0 and false', False), ('true and price("NONE") > 0', None),
    ('price("NONE") > 0 and price("NONE") > 0 and 1 > 2', False), ("0 * (1 / 0)", None),
    # the last value
    ('price("BTC-USD")', 160), ('size("BTC-USD")', 2), ('bid("BTC-USD")', 99), ('ask("BTC-USD")', 101), ('mid("BTC-USD")', 100),
    ('spread_bps("BTC-USD")', 200), ('sample("depth", "a:b")', 4), ("price('BTC-USD')", 160),
    # windows: from their beginning, which is not in them, to now, which is
    ('avg("BTC-USD", "5m")', 158), ('avg(price("BTC-USD"), "5m")', 158), ('sum("BTC-USD", "2m")', 319),
    ('min("BTC-USD", "5m")', 156),
    ('max("BTC-USD", "5m")', 160), ('first("BTC-USD", "5m")', 156), ('last("BTC-USD", "5m")', 160),
    ('count("BTC-USD", "5m")', 5), ('stddev("BTC-USD", "5m")', math.sqrt(2)), ('volume("BTC-USD", "1h")', 120),
    ('avg(size("BTC-USD"), "1h")', 2), ('avg("BTC-USD", "120s")', 159.5), ('change_pct("BTC-USD", "1h")', 60),
    ('change_pct("BTC-USD", "10m")', 100 * 10 / 150), ('change_pct("NONE", "10m")', None), ('change_pct("BTC-USD", "1d")', None),
    ('avg(sample("depth", "a:b"), "1h")', 1), ('min(sample("depth", "a:b"), "1m")', 4), ('avg(bid("BTC-USD"), "1m")', None),
    ('avg("NONE", "1m")', None), ('sum("NONE", "1m")', 0), ('volume("NONE", "1m")', 0), ('count("NONE", "1m")', 0),
    ('stddev("NONE", "1m")', None), ('first("NONE", "1m") > 0', None), ('stddev(sample("depth", "a:b"), "1m")', 0),
    ('avg("BTC-USD", "1d")', None),
    # events
    ('count(event("spike"), "1m")', 3), ('count(event("spike"), "1s")', 1), ('count(event("spike", subject="A"), "1m")', 2),
    ('count(event("spike", severity="high"), "1m")', 1), ('count(event("spike", min_severity="high"), "1m")', 2),
    ('count(event("spike", severity="high", subject="B"), "1m") > 0', False), ('count(event("none"), "1h") == 0', True),
    # absences
    ('absent("trade:BTC-USD", "1s")', False), ('absent("quote:BTC-USD", "1h")', True), ('absent("quote:BTC-USD", "61m")', False),
    ('absent("sample:depth:*", "30s")', True), ('absent("sample:depth:*", "31s")', False), ('absent("quote:NONE", "2h")', True),
    ('absent("quote:NONE", "3h")', None), ('absent("event:spike:*", "1s")', False),
])  # fmt: skip
def test_an_expression_has_its_value(text, value, told):
    found = valued(text, told)
    assert found == (pytest.approx(value, rel=1e-12) if value is not None else None)
    assert isinstance(found, bool) == isinstance(value, bool)


def test_a_condition_is_a_truth():
    assert parse_condition("1 > 2").is_condition
    assert not parse("1 + 2").is_condition
    with pytest.raises(BadExpression, match="expected true or false for a condition, got a number, 1 \\+ 2"):
        parse_condition("1 + 2")


def test_a_number_can_not_be_explained():
    windows, expression = Windows(), parse("1 + 2")
    windows.want(expression)
    assert (why(expression, windows, NOW).clauses, next_change(expression, windows, NOW)) == ((), None)


# ---- the tree and its text


def test_a_text_becomes_a_tree():
    expression = parse('avg("BTC-USD", "1h") > 2 and not count(event("k", severity="high"), "90s") > 1')
    assert expression.root == Logic("and", (
        Comparison(">", Over("avg", Series("price", ("BTC-USD",)), 3_600 * S), Number(2.0)),
        Not(Comparison(">", Over("count", Events("k", severity="high"), 90 * S), Number(1.0))),
    ))  # fmt: skip


@pytest.mark.parametrize(("text", "written"), [
    ("1+2*3", "1 + 2 * 3"), ("((1+2))*3", "(1 + 2) * 3"), ("1-(2-3)", "1 - (2 - 3)"), ("(1-2)-3", "1 - 2 - 3"),
    ("-(1+2)", "-(1 + 2)"), ("- - 1", "--1"), ("(-1)*2", "-1 * 2"), ("not(true)", "not true"), ("not (not true)", "not not true"),
    ("not (1 > 2)", "not 1 > 2"), ("not (true and false)", "not (true and false)"),
    ("true and (true and false)", "true and true and false"),
    ("(true or false) and true", "(true or false) and true"), ("(true and false) or true", "true and false or true"),
    ("1_000.50", "1000.5"), ("1e3", "1000"), ("1e20", "1e+20"), ("1e-9", "1e-09"), ("avg('X','60s')", 'avg("X", "1m")'),
    ('avg(price("X"), "3600s")', 'avg("X", "1h")'), ('sum(size("X"), "24h")', 'sum(size("X"), "1d")'),
    ('volume("X", "90m")', 'volume("X", "90m")'),
    ('count(event("k", severity="low", subject="s"), "1s")', 'count(event("k", subject="s", severity="low"), "1s")'),
    ('  price ( "X" )\n\t>\n1 ', 'price("X") > 1'), ('absent("trade:*", "7d")', 'absent("trade:*", "7d")'),
])  # fmt: skip
def test_it_is_written_one_way(text, written):
    assert str(parse(text)) == written
    assert parse(written) == parse(text)
    assert hash(parse(written)) == hash(parse(text))


@pytest.mark.parametrize("seed", range(rounds(5, 200)))
def test_what_is_written_parses_to_the_same_tree(seed):
    random = Random(seed)
    parsed = 0
    for place in range(200):
        grow = grown_truth if place % 2 else grown_number
        expression = Expression(grow(random, random.choice((2, 3, 4, 5, 6, 12, 20))))
        try:
            again = parse(str(expression))
        except BadExpression as error:
            assert "at most" in str(error)
            continue
        parsed += 1
        assert again == expression
        assert str(again) == str(expression)
    assert parsed > 100


@pytest.mark.parametrize("text", [
    "-" * 19 + "1", "not " * 19 + "true", "1" + " + 1" * 19, "(" * 20 + "1" + ")" * 20, "true" + " and true" * 198,
    "abs(" * 18 + 'abs(sample("a", "b"))' + ")" * 18, "1 + (2 * " * 9 + "1" + ")" * 9,
])  # fmt: skip
def test_what_is_just_small_enough_is_taken(text):
    assert parse(str(parse(text))) == parse(text)


def test_durations_are_written_in_the_largest_whole_unit():
    assert [duration(s * S) for s in (1, 59, 60, 90, 3_600, 5_400, 86_400, 7 * 86_400)] == [
        "1s", "59s", "1m", "90s", "1h", "90m", "1d", "7d"]  # fmt: skip


# ---- what is refused


@pytest.mark.parametrize(("text", "column", "message"), [
    ("", 1, "expected an expression, as in .*; the text is empty"),
    (" \n\t", 4, "the text is empty"),
    ("1 +", 4, "expected a number, a function, 'not', '-' or '\\(', got the end"),
    ("1 + * 2", 5, "expected a number, .*got '\\*'"),
    ("1 2", 3, "expected an operator or the end, got '2'"),
    ('price("X") price("Y")', 12, "expected an operator or the end, got 'price'"),
    ("(1 + 2", 7, "expected '\\)' for the '\\(' in column 1, got the end"),
    ("1 + 2)", 6, "expected an operator or the end, got '\\)'"),
    ("()", 2, "got '\\)'"),
    ("1 > 2 > 3", 7, "comparisons can't be chained; write a < b and b < c"),
    ("1 < 2 == 2 < 3", 7, "can't be chained"),
    ("1 = 2", 3, "did you mean ==\\?"),
    ("1 > 2 & 2 > 1", 7, "'&' has no meaning here; did you mean and\\?"),
    ("!true", 1, "did you mean not\\?"),
    ("2 ^ 3", 3, "'\\^' has no meaning here"),
    ("2 ** 3", 4, "got '\\*'"),
    ("a.b", 2, "nothing has attributes"),
    ("1..2", 2, "expected a blank or an operator after the number 1, got '..2'"),
    (".5", 1, "a number begins with a digit, as in 0.5"),
    ("1_ + 2", 2, "got '_'"),
    ("1__0", 2, "after the number 1, got '__0'"),
    ("5m > 1", 2, 'a duration is a text: "5m"'),
    ("0x10", 2, "got 'x10'"),
    ("1 > 1e999", 5, "the number is too large"),
    ("price(\u201cX\u201d)", 7, "has no meaning here; did you mean \"\\?"),
    ("\x00", 1, "U\\+0000 has no meaning here"),
    ("\u0661 > 2", 1, "has no meaning here"),
    ('price("X) > 1', 7, "the text has no closing quote"),
    ('price("X\ny") > 1', 9, "a text has no quotes, backslashes or control characters in it"),
    ("price('a\"b') > 1", 9, "a text has no quotes"),
    ("price(\"a\\b\") > 1", 9, "a text has no quotes, backslashes"),
    ('prise("X") > 1', 1, "no function is called 'prise'; did you mean price\\?"),
    ('1 > AVG("X", "1h")', 5, "did you mean avg\\?"),
    ("True", 1, "did you mean true\\?"),
    ("BTC > 1", 1, "no function is called 'BTC'; symbols and names are texts in quotes"),
    ("__import__('os')", 1, "no function is called '__import__'"),
    ("lambda: 1", 7, "':' has no meaning here"),
    ("price > 1", 7, "expected '\\(' after price, got '>'"),
    ("1 and", 6, "got the end"),
    ("and true", 1, "expected a number, .*got 'and'"),
    ('price("X" "Y")', 11, "expected ',' or '\\)' in price\\(...\\), got \"Y\""),
    ('price("X",)', 11, "got '\\)'"),
    ('price("X"', 10, "expected ',' or '\\)' in price\\(...\\), got the end"),
    ("price()", 1, "price takes symbol; got nothing"),
    ('price("X", "1h")', 12, 'price takes symbol; got 2; of a window, write avg\\(price\\(...\\), "1h"\\)'),
    ('avg("X")', 1, "avg takes series, duration; got 1"),
    ('abs(1, 2)', 8, "abs takes number; got 2"),
    ("price(1)", 7, "expected a symbol as a text in quotes, got a number, 1"),
    ('price("")', 7, "expected a symbol, got an empty text"),
    ('price("btc-usd")', 7, 'did you mean "BTC-USD"\\?'),
    ('price("BTC*")', 7, "is no symbol"),
    (f'price("{"A" * 201}")', 7, "at most 200 characters"),
    ('sample("a:b", "c")', 8, "has a star or a colon in it; sample means just one"),
    ('sample("a", "*")', 13, "a subject is just one"),
    ('avg("X", 60)', 10, 'expected a duration as a text, such as "90s" or "1h", got a number, 60'),
    ('avg("X", "60")', 10, '"60" is no duration: a whole number and s, m, h or d'),
    ('avg("X", "1.5h")', 10, "is no duration"),
    ('avg("X", "1w")', 10, "is no duration"),
    ('avg("X", "0s")', 10, 'a duration is from "1s" to "7d", not "0s"'),
    ('avg("X", "8d")', 10, 'a duration is from "1s" to "7d", not "8d"'),
    ('avg("X", "999999999d")', 10, "a duration is from"),
    ('avg(price("X") * 2, "1h")', 5, "avg takes a series: .*; got a number, price"),
    ('avg(event("k"), "1h")', 5, "got events, .*; count\\(...\\) takes events"),
    ('count(1 > 2, "1h")', 7, "count takes a series: .*; got true or false, 1 > 2"),
    ('event("k") > 1', 1, 'expected a number for >, got events, event\\("k"\\); write count\\(event\\(...\\), "1h"\\)'),
    ('event("k")', 1, "expected a number for an expression, got events"),
    ('event("k*")', 7, "has a star or a colon"),
    ('count(event("k", sev="low"), "1h")', 18, "'sev': event\\(...\\) has subject, severity, min_severity"),
    ('count(event("k", severty="low"), "1h")', 18, "did you mean severity\\?"),
    ('price(symbol="X")', 7, "'symbol': price\\(...\\) takes nothing by name"),
    ('count(event("k", subject="a", subject="b"), "1h")', 31, "subject is there twice"),
    ('count(event(subject="a", "k"), "1h")', 26, "what has no name comes before what has one"),
    ('count(event("k", subject=1), "1h")', 26, "expected a text in quotes after subject=, got '1'"),
    ('count(event("k", severity="High"), "1h")', 27, "a severity is 'low', 'medium', 'high' or 'critical'; did you mean high\\?"),
    ('count(event("k", severity="low", min_severity="low"), "1h")', 47, "exclude each other"),
    ('absent("BTC-USD", "1m")', 8, "a topic begins with 'trade', 'quote', "),
    ('absent("trades:BTC-USD", "1m")', 8, "did you mean trade\\?"),
    ('absent("trade", "1m")', 8, "'trade' is no topic: such as trade:BTC-USD"),
    ('absent("trade:BTC*", "1m")', 8, "a star stands alone after a final ':'"),
    ('absent(price("X"), "1m")', 8, "expected a topic as a text in quotes, got a series"),
    ('1 and true', 1, "expected true or false for and, got a number, 1"),
    ('true + 1', 1, "expected a number for \\+, got true or false, true"),
    ('1 < (2 < 3)', 5, "expected a number for <, got true or false, 2 < 3"),
    ('not price("X")', 5, "expected true or false for not, got a series"),
    ('-absent("trade:X", "1m")', 2, "expected a number for -, got true or false"),
    ('abs(true)', 5, "expected a number for abs"),
    ('price("X") > "Y"', 14, 'expected a number for >, got a text, "Y"; of a symbol, write price\\("BTC-USD"\\)'),
    ('"X"', 1, "expected a number for an expression, got a text"),
    ('("X")', 2, "expected a number for a parenthesis, got a text"),
    ("1 + " * 500 + "1", 2001, "at most 2,000 characters, this one 2,001"),
    ("1+" * 30 + "1", 40, "at most 20 levels deep"),
    ("-" * 20 + "1", 1, "at most 20 levels deep"),
    ("-" * 500 + "1", 21, "at most 20 levels deep"),
    ("(" * 21 + "1" + ")" * 21, 21, "at most 20 levels deep"),
    ("abs(" * 21 + "1" + ")" * 21, 85, "at most 20 levels deep"),
    ("true" + " and true" * 200, 1788, "at most 200 parts"),
    (" + ".join(f'avg("X", "{s}s")' for s in range(1, 10)), 1, "at most 8 different windows, this one 9"),
    ("or ".join(["9e14>9e14 "] * 60), 1, "written in full it has"),
])  # fmt: skip
def test_what_is_wrong_is_said_with_its_column(text, column, message):
    with pytest.raises(BadExpression, match=message) as caught:
        parse(text)
    assert caught.value.column == column
    assert caught.value.message.isprintable()
    line, caret, said = caught.value.pointing(text).split("\n")
    assert (len(line), caret.index("^") + 1, said) == (len(text), column, caught.value.message)


def test_eight_windows_may_be_used_as_often_as_one_likes():
    expression = parse(" or ".join(f'avg("X", "{1 + s % 8}s") > {s}' for s in range(30)))
    assert len(expression.root.parts) == 30


def test_it_is_a_problem_of_a_field_as_any_other():
    @attrs.frozen
    class Rule:
        condition: str = attrs.field(validator=lambda _instance, _field, value: parse_condition(value))

    with pytest.raises(Bad) as caught:
        Rule("prise > 1")
    problem = caught.value.at(("condition",), "prise > 1")
    assert str(problem).startswith("condition: no function is called 'prise'; did you mean price?")
    assert problem.ctx == {"column": 1}


def test_every_function_is_tried_here():
    source = Path(__file__).read_text()
    assert not [name for name in FUNCTIONS if f"{name}(" not in source]

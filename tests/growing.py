"""Expressions that grow at random, of the shape the parser gives them: for tests that hold for every one."""

from __future__ import annotations

from oracle.conditions.tree import (
    Absent,
    Absolute,
    Arithmetic,
    Comparison,
    Events,
    Logic,
    Negative,
    Not,
    Number,
    Over,
    Series,
    Truth,
)

SECOND_US = 1_000_000
SPANS_S = (1, 5, 7, 30, 60, 90, 3_600, 5_400)
SYMBOLS = ("BTC-USD", "AAPL")
FUNCTIONS = ("avg", "sum", "min", "max", "stddev", "first", "last", "count", "change_pct")
NUMBERS = (0.0, 1.0, 2.5, 100.0, 1e6, 1e-7, 123456789.125, 1e300)
TOPICS = ("trade:BTC-USD", "trade:*", "quote:AAPL", "event:k:*", "sample:n:s", "sample:n:*")


def grown_truth(random, depth, functions=FUNCTIONS):
    """A random condition, at most so deep."""
    if depth <= 2 or random.random() < 0.3:
        kinds = ["absent", "truth"] if depth <= 2 else ["absent", "comparison", "comparison"]
        match random.choice(kinds):
            case "absent":
                return Absent(random.choice(TOPICS), grown_span(random))
            case "truth":
                return Truth(random.random() < 0.5)
        sign = random.choice(("<", "<=", ">", ">=", "==", "!="))
        return Comparison(sign, grown_number(random, depth - 1, functions), grown_number(random, depth - 1, functions))
    if random.random() < 0.3:
        return Not(grown_truth(random, depth - 1, functions))
    word = random.choice(("and", "or"))
    parts = [grown_truth(random, depth - 1, functions) for _ in range(random.randint(2, 3))]
    flat = [one for part in parts for one in (part.parts if isinstance(part, Logic) and part.word == word else (part,))]
    return Logic(word, tuple(flat))


def grown_number(random, depth, functions=FUNCTIONS):
    """A random number, at most so deep."""
    if depth <= 2 or random.random() < 0.4:
        match random.choice(("number", "series", "over", "over") if depth >= 2 else ("number", "series")):
            case "number":
                return Number(random.choice((*NUMBERS, float(random.randint(0, 10**17)))))
            case "series":
                return grown_series(random)
        return grown_over(random, functions)
    match random.choice("-a+++"):
        case "-":
            return Negative(grown_number(random, depth - 1, functions))
        case "a":
            return Absolute(grown_number(random, depth - 1, functions))
    sign = random.choice("+-*/%")
    return Arithmetic(sign, grown_number(random, depth - 1, functions), grown_number(random, depth - 1, functions))


def grown_over(random, functions=FUNCTIONS):
    """A random window."""
    function = random.choice(functions)
    if function == "count" and random.random() < 0.7:
        return Over("count", grown_events(random), grown_span(random))
    if function == "sum" and random.random() < 0.5:
        return Over("volume", Series("size", (random.choice(SYMBOLS),)), grown_span(random))
    return Over(function, grown_series(random), grown_span(random))


def grown_series(random):
    """A random series."""
    kind = random.choice(("price", "size", "bid", "ask", "mid", "spread_bps", "sample"))
    return Series(kind, ("n", "s") if kind == "sample" else (random.choice(SYMBOLS),))


def grown_events(random):
    """Random events."""
    named = random.choice(({}, {"severity": "high"}, {"min_severity": "medium"}))
    return Events(random.choice(("k", "k:l")), random.choice(("", "BTC-USD")), **named)


def grown_span(random):
    """A random window, microseconds."""
    return random.choice(SPANS_S) * SECOND_US

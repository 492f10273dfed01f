"""Whether a function is given what it takes, and the node that comes of it."""

from __future__ import annotations

import re
from typing import Any

import attrs

from oracle.conditions.errors import BadExpression
from oracle.conditions.functions import FUNCTIONS, OVER
from oracle.conditions.lexer import Token
from oracle.conditions.tree import Absent, Absolute, Events, Over, Series, duration
from oracle.model import Severity
from oracle.patterns import TOPIC_CHARS, is_pattern
from oracle.problems import closest, one_of
from oracle.symbols import is_symbol

__all__ = ["LONGEST_WINDOW_US", "SHORTEST_WINDOW_US", "Part", "build_call"]

SHORTEST_WINDOW_US = 1_000_000
# A window holds buckets, not entries, so a week costs the memory of an hour; what limits it is the past read at a start.
LONGEST_WINDOW_US = 7 * 86_400_000_000

_DURATION = re.compile(r"([0-9]{1,9})(s|m|h|d)")
_UNIT_US = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_HEADS = ("trade", "quote", "sample", "event", "bar", "depth")
_SAID = {
    "number": "a number", "truth": "true or false", "series": "a series", "events": "events", "text": "a text",
}  # fmt: skip


@attrs.frozen
class Part:
    """A piece of an expression on its way into the tree: what it gives (`functions`), where it begins, how big it is."""

    node: Any
    gives: str
    column: int
    depth: int = 1
    nodes: int = 1

    @classmethod
    def over(cls, node: Any, gives: str, column: int, *parts: Part) -> Part:
        """One that is made of others."""
        return cls(node, gives, column, 1 + max(part.depth for part in parts), 1 + sum(part.nodes for part in parts))

    @property
    def what(self) -> str:
        """For a message: what it is."""
        shown = f'"{self.node}"' if self.gives == "text" else str(self.node)
        return f"{_SAID[self.gives]}, {shown if len(shown) <= 60 else shown[:57] + '...'}"

    def advice(self, wanted: str) -> str:
        """For a message: how it may become what is wanted."""
        if wanted == "number" and self.gives == "text":
            return '; of a symbol, write price("BTC-USD")'
        return '; write count(event(...), "1h")' if self.gives == "events" else ""


def build_call(name: Token, places: list[Part], named: dict[str, Part]) -> Part:
    """The call of a function that exists. Raises BadExpression."""
    function = FUNCTIONS[name.value]
    if len(places) != len(function.takes):
        raise _number_of_arguments(name, places)
    values = [_TAKES[kind](part, name.value) for kind, part in zip(function.takes, places, strict=True)]
    below = [part for part in places if part.gives != "text"]
    node: Any
    if name.value in OVER:
        of = values[0] if name.value != "volume" else Series("size", (values[0],))
        node = Over(name.value, of, values[1])
        below = below or [Part(of, "series", name.column)]
    elif name.value == "absent":
        node = Absent(*values)
    elif name.value == "abs":
        node = Absolute(*values)
    elif name.value == "event":
        node = _events(values[0], named)
    else:
        node = Series(name.value, tuple(values))
    return Part.over(node, function.gives, name.column, *below) if below else Part(node, function.gives, name.column)


def _number_of_arguments(name: Token, places: list[Part]) -> BadExpression:
    takes = FUNCTIONS[name.value].takes
    if name.value in {"price", "bid", "ask", "mid", "size"} and len(places) == 2:
        hint = f'; of a window, write avg({name.value}(...), "1h"), or another function of a window'
    else:
        hint = ""
    column = places[len(takes)].column if len(places) > len(takes) else name.column
    return BadExpression(f"{name.value} takes {', '.join(takes)}; got {len(places) or 'nothing'}{hint}", column)


def _text(part: Part, what: str) -> str:
    if part.gives != "text":
        raise BadExpression(f"expected {what} as a text in quotes, got {part.what}", part.column)
    if not part.node.strip():
        raise BadExpression(f"expected {what}, got an empty text", part.column)
    if len(part.node) > TOPIC_CHARS:
        raise BadExpression(f"{what} has at most {TOPIC_CHARS} characters", part.column)
    return str(part.node)


def _symbol(part: Part, _function: str) -> str:
    text = _text(part, "a symbol")
    if not is_symbol(text):
        hint = f'; did you mean "{text.upper()}"?' if is_symbol(text.upper()) else ""
        raise BadExpression(f'"{text}" is no symbol, such as "BTC-USD" or "AAPL"{hint}', part.column)
    return text


def _word(part: Part, function: str) -> str:
    """A segment of a topic that is not the last."""
    text = _text(part, f"a {'kind' if function == 'event' else 'name'}")
    if "*" in text or (":" in text and function == "sample"):
        raise BadExpression(f"'{text}' has a star or a colon in it; {function} means just one", part.column)
    return text


def _subject(part: Part, _function: str) -> str:
    text = _text(part, "a subject")
    if "*" in text:
        raise BadExpression(f"'{text}' has a star in it; a subject is just one", part.column)
    return text


def _topic(part: Part, _function: str) -> str:
    text = _text(part, "a topic")
    head, colon, rest = text.partition(":")
    if head not in _HEADS:
        found = closest(head, _HEADS)
        hint = f"; did you mean {found}?" if found else ""
        raise BadExpression(f"a topic begins with {one_of(_HEADS)}{hint}", part.column)
    if not colon or not rest or not is_pattern(text):
        raise BadExpression(f"'{text}' is no topic: such as trade:BTC-USD; a star stands alone after a final ':'", part.column)
    return text


def _duration(part: Part, _function: str) -> int:
    if part.gives != "text":
        raise BadExpression(f'expected a duration as a text, such as "90s" or "1h", got {part.what}', part.column)
    match = _DURATION.fullmatch(part.node)
    if match is None:
        raise BadExpression(f'"{part.node[:20]}" is no duration: a whole number and s, m, h or d, such as "90s"', part.column)
    span_us = int(match[1]) * _UNIT_US[match[2]]
    if not SHORTEST_WINDOW_US <= span_us <= LONGEST_WINDOW_US:
        raise BadExpression(f'a duration is from "1s" to "{duration(LONGEST_WINDOW_US)}", not "{part.node}"', part.column)
    return span_us


def _series(part: Part, function: str) -> Series:
    if part.gives == "text":
        return Series("price", (_symbol(part, function),))
    if isinstance(part.node, Series):
        return part.node
    hint = "; count(...) takes events" if part.gives == "events" else ""
    raise BadExpression(
        f"{function} takes a series: a symbol, price(...), sample(...) and such; got {part.what}{hint}", part.column)  # fmt: skip


def _counted(part: Part, function: str) -> Series | Events:
    return part.node if isinstance(part.node, Events) else _series(part, function)


def _number(part: Part, function: str) -> Any:
    if part.gives not in {"number", "series"}:
        raise BadExpression(f"expected a number for {function}, got {part.what}{part.advice('number')}", part.column)
    return part.node


def _events(kind: str, named: dict[str, Part]) -> Events:
    texts = {}
    for name, part in named.items():
        texts[name] = _subject(part, "event") if name == "subject" else _severity(part)
    if "severity" in texts and "min_severity" in texts:
        raise BadExpression("severity and min_severity exclude each other", named["min_severity"].column)
    return Events(kind, **texts)


def _severity(part: Part) -> str:
    text = _text(part, "a severity")
    if text not in Severity.__members__:
        found = closest(text.lower(), Severity.__members__)
        hint = f"; did you mean {found}?" if found else ""
        raise BadExpression(f"a severity is {one_of(map(str, Severity))}{hint}", part.column)
    return text


_TAKES = {
    "symbol": _symbol, "name": _word, "kind": _word, "subject": _subject, "topic": _topic, "duration": _duration,
    "series": _series, "counted": _counted, "number": _number,
}  # fmt: skip

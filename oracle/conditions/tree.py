"""What an expression is: a tree of frozen values, and the one way it is written.

`str` of a tree parses to the same tree: with no more parentheses than are needed, chains of `and` and `or` flat,
durations in the largest unit that is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import attrs

__all__ = [
    "Absent", "Absolute", "Arithmetic", "Comparison", "Events", "Expression", "Logic", "Negative", "Node", "Not", "Number",
    "Over", "Series", "Truth", "children", "duration", "walk",
]

_UNITS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}


@attrs.frozen
class Number:
    """A number as it was written; never negative."""

    value: float

    def __str__(self) -> str:
        whole = self.value.is_integer() and self.value < 1e15
        return str(int(self.value)) if whole else repr(self.value)


@attrs.frozen
class Truth:
    """`true` or `false`."""

    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@attrs.frozen
class Series:
    """Numbers that come one after the other; alone it stands for the last one. `kind` is the function, `names` its texts."""

    kind: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(map(_quoted, self.names))})"


@attrs.frozen
class Events:
    """Events of a kind, of a subject if it is not empty, of just this or at least that severity."""

    kind: str
    subject: str = ""
    severity: str = ""
    min_severity: str = ""

    def __str__(self) -> str:
        named = (f"{name}={_quoted(value)}" for name, value in attrs.asdict(self).items() if name != "kind" and value)
        return f"event({', '.join([_quoted(self.kind), *named])})"


@attrs.frozen
class Over:
    """A function of what came in the last `window_us` microseconds."""

    function: str
    of: Series | Events
    window_us: int

    def __str__(self) -> str:
        # A symbol alone stands for its price, and in `volume` for its sizes.
        bare = isinstance(self.of, Series) and (self.function == "volume" or self.of.kind == "price")
        of = _quoted(self.of.names[0]) if isinstance(self.of, Series) and bare else str(self.of)
        return f"{self.function}({of}, {_quoted(duration(self.window_us))})"


@attrs.frozen
class Absent:
    """Nothing was heard of a topic, or of a pattern of topics, in the last `window_us` microseconds."""

    topic: str
    window_us: int

    def __str__(self) -> str:
        return f"absent({_quoted(self.topic)}, {_quoted(duration(self.window_us))})"


@attrs.frozen
class Negative:
    """Minus a number."""

    operand: Node

    def __str__(self) -> str:
        return f"-{_inside(self.operand, 7)}"


@attrs.frozen
class Absolute:
    """A number without its sign."""

    operand: Node

    def __str__(self) -> str:
        return f"abs({self.operand})"


@attrs.frozen
class Arithmetic:
    """`+ - * / %` of two numbers."""

    sign: str
    left: Node
    right: Node

    def __str__(self) -> str:
        return f"{_inside(self.left, _level(self))} {self.sign} {_inside(self.right, _level(self) + 1)}"


@attrs.frozen
class Comparison:
    """`< <= > >= == !=` of two numbers."""

    sign: str
    left: Node
    right: Node

    def __str__(self) -> str:
        return f"{_inside(self.left, 5)} {self.sign} {_inside(self.right, 5)}"


@attrs.frozen
class Not:
    """The other truth."""

    operand: Node

    def __str__(self) -> str:
        return f"not {_inside(self.operand, 3)}"


@attrs.frozen
class Logic:
    """`and` or `or` of two parts or more, none of which is one of the same word."""

    word: str
    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return f" {self.word} ".join(_inside(part, _level(self) + 1) for part in self.parts)


Node = Any  # one of the classes above


@attrs.frozen(slots=False, cache_hash=True)
class Expression:
    """A whole expression, checked. Equal ones share what they are evaluated on."""

    root: Node

    def __str__(self) -> str:
        return self.text

    @cached_property
    def text(self) -> str:
        """As it is written in full."""
        return str(self.root)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All of its nodes, each before its parts."""
        return tuple(walk(self.root))

    @property
    def is_condition(self) -> bool:
        """Whether its value is a truth, not a number."""
        return isinstance(self.root, Truth | Absent | Comparison | Not | Logic)


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node, in the order in which they are written."""
    match node:
        case Logic(parts=parts):
            return parts
        case Arithmetic() | Comparison():
            return node.left, node.right
        case Negative() | Absolute() | Not():
            return (node.operand,)
        case Over(of=of):
            return (of,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, each before its parts."""
    yield node
    for part in children(node):
        yield from walk(part)


def duration(span_us: int) -> str:
    """`90s`, `1h`: whole seconds in the largest unit that leaves nothing over."""
    unit = next(unit for unit, size_us in _UNITS.items() if span_us % size_us == 0)
    return f"{span_us // _UNITS[unit]}{unit}"


def _level(node: Node) -> int:
    """How firmly a node holds together, as in the table of the parser."""
    match node:
        case Logic(word=word):
            return 1 if word == "or" else 2
        case Not():
            return 3
        case Comparison():
            return 4
        case Arithmetic(sign=sign):
            return 5 if sign in "+-" else 6
        case Negative():
            return 7
    return 8


def _inside(node: Node, level: int) -> str:
    return str(node) if _level(node) >= level else f"({node})"


def _quoted(text: str) -> str:
    return f'"{text}"'

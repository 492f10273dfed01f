"""What the truth of a condition is bound to be for a while, whatever comes, as long as the one series it reads stays between
two numbers: so it need not be looked at meanwhile.

Numbers are taken as intervals. A closure a node, as in `closures`; None is: nothing can be said. The arithmetic of floats never
turns an order round, so the ends of an interval hold for all that is computed within it; only a mean is summed up in another
order than here, which is what SLACK is for.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import attrs

from oracle.conditions.closures import Sources, window_of
from oracle.conditions.rolling import Rolling
from oracle.conditions.tree import (
    Absolute,
    Arithmetic,
    Comparison,
    Logic,
    Negative,
    Node,
    Not,
    Number,
    Over,
    Series,
    Truth,
    walk,
)

__all__ = ["Ahead", "Foresight", "can_foresee", "foresight"]

SLACK = 1e-9  # of the size of a mean

_INF = float("inf")
_READ = {"avg", "min", "max", "last"}
_APPLY: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


@attrs.define
class Ahead:
    """What is assumed of the time after `now_us` until `until_us`, that instant included: at most `more` further values of the
    series, all of them, as the one that it has now, from `low` to `high`."""

    now_us: int
    until_us: int
    low: float
    high: float
    more: int


Span = tuple[float, float]
Foresight = Callable[[Ahead], bool | None]
_Bounds = Callable[[Ahead], Span | None]


@lru_cache(maxsize=8_192)
def can_foresee(root: Node) -> bool:
    """Whether a condition is such that anything may be said of what comes: it reads a single series, and of that its last value
    and the means, the extremes and the last values of windows."""
    nodes = list(walk(root))
    known = Truth | Not | Logic | Comparison | Number | Series | Over | Negative | Absolute | Arithmetic
    return (
        isinstance(root, Truth | Not | Logic | Comparison)
        and all(isinstance(node, known) for node in nodes)
        and len({node for node in nodes if isinstance(node, Series)}) == 1
        and all(node.function in _READ for node in nodes if isinstance(node, Over))
        and not any(isinstance(node, Arithmetic) and node.sign not in _APPLY for node in nodes)
    )


def foresight(root: Node, sources: Sources) -> Foresight | None:
    """The function that gives the truth a condition keeps; None for what `can_foresee` says nothing about."""
    return _truth(root, sources) if can_foresee(root) else None


def _truth(node: Node, sources: Sources) -> Foresight:
    match node:
        case Truth(value=value):
            return lambda _ahead: value
        case Not(operand=operand):
            inner = _truth(operand, sources)
            return lambda ahead: None if (value := inner(ahead)) is None else not value
        case Logic(word=word, parts=parts):
            return _decided([_truth(part, sources) for part in parts], word == "or")
    return _compared(node.sign, _bounds(node.left, sources), _bounds(node.right, sources))


def _decided(parts: list[Foresight], deciding: bool) -> Foresight:
    def look(ahead: Ahead) -> bool | None:
        found = [part(ahead) for part in parts]
        return deciding if deciding in found else None if None in found else not deciding

    return look


def _compared(sign: str, left: _Bounds, right: _Bounds) -> Foresight:
    def look(ahead: Ahead) -> bool | None:
        one, other = left(ahead), right(ahead)
        return None if one is None or other is None else _order(sign, one, other)

    return look


def _order(sign: str, one: Span, other: Span) -> bool | None:
    match sign:
        case ">" | ">=":
            return _order({">": "<", ">=": "<="}[sign], other, one)
        case "<":
            return True if one[1] < other[0] else False if one[0] >= other[1] else None
        case "<=":
            return True if one[1] <= other[0] else False if one[0] > other[1] else None
    apart = one[1] < other[0] or one[0] > other[1]
    same = one[0] == one[1] == other[0] == other[1]
    return (apart if sign == "!=" else same) if apart or same else None


def _bounds(node: Node, sources: Sources) -> _Bounds:
    match node:
        case Number(value=value):
            return lambda _ahead: (value, value)
        case Series():
            return lambda ahead: (ahead.low, ahead.high)
        case Over():
            return _OVER[node.function](window_of(sources, node))
        case Negative(operand=operand):
            return _mapped(_bounds(operand, sources), lambda low, high: (-high, -low))
        case Absolute(operand=operand):
            return _mapped(_bounds(operand, sources), _sizes)
    return _calculated(node.sign, _bounds(node.left, sources), _bounds(node.right, sources))


def _mapped(inner: _Bounds, apply: Callable[[float, float], Span]) -> _Bounds:
    return lambda ahead: None if (span := inner(ahead)) is None else apply(*span)


def _sizes(low: float, high: float) -> Span:
    return (0.0, max(-low, high)) if low < 0.0 < high else (min(abs(low), abs(high)), max(abs(low), abs(high)))


def _calculated(sign: str, left: _Bounds, right: _Bounds) -> _Bounds:
    apply = _APPLY[sign]

    def look(ahead: Ahead) -> Span | None:
        one, other = left(ahead), right(ahead)
        if one is None or other is None or (sign == "/" and other[0] <= 0.0 <= other[1]):
            return None
        corners = [apply(a, b) for a in one for b in other]
        return _finite(min(corners), max(corners))

    return look


def _finite(low: float, high: float) -> Span | None:
    return (low, high) if -_INF < low <= high < _INF else None


def _mean(window: Rolling) -> _Bounds:
    """What stays, and with it any part of what leaves and of what comes."""

    def look(ahead: Ahead) -> Span | None:
        found = window.ahead(ahead.now_us, ahead.until_us)
        if found is None:
            return None
        now, then, (least, largest) = found
        mean, leaving, low, high = (then[2] + then[3]) / then[1], now[1] - then[1], ahead.low, ahead.high
        if leaving:
            low, high = min(low, least), max(high, largest)
        share = (leaving + ahead.more) / (now[1] + ahead.more)
        slack = SLACK * max(abs(low), abs(high), abs(mean))
        return _finite(mean + min(low - mean, 0.0) * share - slack, mean + max(high - mean, 0.0) * share + slack)

    return look


def _least(window: Rolling) -> _Bounds:
    def look(ahead: Ahead) -> Span | None:
        found = window.ahead(ahead.now_us, ahead.until_us)
        return None if found is None else (min(found[0][1], ahead.low), found[1][1])

    return look


def _largest(window: Rolling) -> _Bounds:
    def look(ahead: Ahead) -> Span | None:
        found = window.ahead(ahead.now_us, ahead.until_us)
        return None if found is None else (found[1][1], max(found[0][1], ahead.high))

    return look


def _last(window: Rolling) -> _Bounds:
    def look(ahead: Ahead) -> Span | None:
        return None if window.ahead(ahead.now_us, ahead.until_us) is None else (ahead.low, ahead.high)

    return look


_OVER: dict[str, Callable[[Any], _Bounds]] = {"avg": _mean, "min": _least, "max": _largest, "last": _last}

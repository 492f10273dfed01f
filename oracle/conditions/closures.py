"""A tree as a function of the instant: one closure a node, so that nothing is looked up while it runs.

A value is a float, a bool, or None where it is not known. None goes through everything but what decides an `and` or an `or`
alone. No closure raises.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Protocol

from oracle.conditions.folds import READS
from oracle.conditions.listeners import Numbers, Silence
from oracle.conditions.rolling import Held, Rolling
from oracle.conditions.tree import (
    Absent,
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
)

__all__ = ["Run", "Sources", "closure", "window_of"]

Run = Callable[[int], Any]  # microseconds -> float, bool or None

_INF = float("inf")
_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Sources(Protocol):
    """Where the leaves read: the listeners that were opened for the tree."""

    def listener(self, node: Node) -> Any:
        """That of a series, of events or of an absence."""


def window_of(sources: Sources, node: Over) -> Rolling | Held:
    """The window that an `Over` reads."""
    window: Rolling | Held = sources.listener(node.of).window(node.function, node.window_us)
    return window


def closure(node: Node, sources: Sources) -> Run:
    """The function that gives the value of a node."""
    match node:
        case Number(value=value) | Truth(value=value):
            return lambda _now_us: value
        case Series():
            return _last(sources.listener(node))
        case Over():
            return _over(node.function, window_of(sources, node))
        case Absent(window_us=window_us):
            silence: Silence = sources.listener(node)
            return lambda now_us: silence.is_silent(window_us, now_us)
        case Negative(operand=operand):
            return _unary(closure(operand, sources), operator.neg)
        case Absolute(operand=operand):
            return _unary(closure(operand, sources), abs)
        case Not(operand=operand):
            return _unary(closure(operand, sources), operator.not_)
        case Arithmetic(sign=sign):
            calculate = _divided if sign in "/%" else _calculated
            return calculate(_SIGNS[sign], closure(node.left, sources), closure(node.right, sources))
        case Comparison(sign=sign):
            return _compared(_SIGNS[sign], closure(node.left, sources), closure(node.right, sources))
        case Logic(word=word, parts=parts):
            return _decided(tuple(closure(part, sources) for part in parts), word == "or")
    raise TypeError(f"{type(node).__name__} has no value")


def _last(numbers: Numbers) -> Run:
    return lambda _now_us: numbers.value


def _over(function: str, window: Rolling | Held) -> Run:
    if isinstance(window, Held):
        return _finite(window.change_pct)
    empty = 0.0 if function in {"count", "sum", "volume"} else None
    _, read = READS[function]
    span_us, entries = window.window_us, window.entries

    def run(now_us: int) -> float | None:
        if now_us - span_us < window.since_us:
            return None
        found = entries(now_us)
        if found is None:
            return empty
        value = read(found)
        return value if -_INF < value < _INF else None

    return run


def _finite(inner: Run) -> Run:
    def run(now_us: int) -> float | None:
        value = inner(now_us)
        return value if value is not None and -_INF < value < _INF else None

    return run


def _unary(operand: Run, apply: Callable[[Any], Any]) -> Run:
    def run(now_us: int) -> Any:
        value = operand(now_us)
        return None if value is None else apply(value)

    return run


def _calculated(apply: Callable[[Any, Any], Any], left: Run, right: Run) -> Run:
    def run(now_us: int) -> float | None:
        one = left(now_us)
        if one is None:
            return None
        other = right(now_us)
        if other is None:
            return None
        value: float = apply(one, other)
        return value if -_INF < value < _INF else None

    return run


def _divided(apply: Callable[[Any, Any], Any], left: Run, right: Run) -> Run:
    def run(now_us: int) -> float | None:
        one, other = left(now_us), right(now_us)
        if one is None or not other:
            return None
        value: float = apply(one, other)
        return value if -_INF < value < _INF else None

    return run


def _compared(apply: Callable[[Any, Any], bool], left: Run, right: Run) -> Run:
    def run(now_us: int) -> bool | None:
        one = left(now_us)
        if one is None:
            return None
        other = right(now_us)
        if other is None:
            return None
        return apply(one, other)

    return run


def _decided(parts: tuple[Run, ...], deciding: bool) -> Run:
    # By Kleene: one part that decides is enough, whatever is not known.
    neutral = not deciding

    def run(now_us: int) -> bool | None:
        result: bool | None = neutral
        for part in parts:
            value: bool | None = part(now_us)
            if value is deciding:
                return deciding
            if value is None:
                result = None
        return result

    return run

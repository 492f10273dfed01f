"""What an expression needs: which topics, which series, how much of the past."""

from __future__ import annotations

from oracle.conditions.listeners import topic_of
from oracle.conditions.rolling import resolution_us
from oracle.conditions.tree import Absent, Events, Expression, Node, Over, Series, children

__all__ = ["LAST_VALUE_S", "memory_s", "series", "shortest_window_us", "topics"]

_HOUR_US = 3_600_000_000

LAST_VALUE_S = 3_600.0  # a last value older than that is not looked for at a start


def topics(expression: Expression) -> tuple[str, ...]:
    """The topics, and patterns of topics, it must hear, sorted: `trade:BTC-USD`, `event:price_anomaly:*`."""
    found = {topic_of(node) for node in expression.nodes if isinstance(node, Series | Events)}
    return tuple(sorted(found | {node.topic for node in expression.nodes if isinstance(node, Absent)}))


def series(expression: Expression) -> tuple[str, ...]:
    """The keys of what it reads, sorted: it may be another once `Windows.update` has named one of these."""
    found = {str(node) for node in expression.nodes if isinstance(node, Series | Events)}
    return tuple(sorted(found | {node.topic for node in expression.nodes if isinstance(node, Absent)}))


def shortest_window_us(expression: Expression) -> int:
    """The shortest of its windows, microseconds; an hour where there is none."""
    return min((node.window_us for node in expression.nodes if isinstance(node, Over | Absent)), default=_HOUR_US)


def memory_s(expression: Expression) -> float:
    """Seconds of past input that decide its value; 0 where nothing does."""
    return _memory_s(expression.root)


def _memory_s(node: Node) -> float:
    match node:
        case Series():
            return LAST_VALUE_S
        case Over(function=function, window_us=window_us):
            before_s = LAST_VALUE_S if function == "change_pct" else resolution_us(window_us) / 1e6
            return window_us / 1e6 + before_s
        case Absent(window_us=window_us):
            return window_us / 1e6
    return max(map(_memory_s, children(node)), default=0.0)

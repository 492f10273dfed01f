"""What an expression needs: which topics, which series, how much of the past."""

from __future__ import annotations

from oracle.conditions.listeners import topic_of
from oracle.conditions.rolling import resolution_us
from oracle.conditions.tree import Absent, Events, Expression, Over, Series, walk

__all__ = ["LAST_VALUE_S", "memory_s", "series", "topics"]

LAST_VALUE_S = 3_600.0  # a last value older than that is not looked for at a start


def topics(expression: Expression) -> tuple[str, ...]:
    """The topics, and patterns of topics, it must hear, sorted: `trade:BTC-USD`, `event:price_anomaly:*`."""
    found = {topic_of(node) for node in walk(expression.root) if isinstance(node, Series | Events)}
    return tuple(sorted(found | {node.topic for node in walk(expression.root) if isinstance(node, Absent)}))


def series(expression: Expression) -> tuple[str, ...]:
    """The keys of what it reads, sorted: it may be another once `Windows.update` has named one of these."""
    found = {str(node) for node in walk(expression.root) if isinstance(node, Series | Events)}
    return tuple(sorted(found | {node.topic for node in walk(expression.root) if isinstance(node, Absent)}))


def memory_s(expression: Expression) -> float:
    """Seconds of past input that decide its value; 0 where nothing does."""
    longest = 0.0
    for node in walk(expression.root):
        if isinstance(node, Series):
            longest = max(longest, LAST_VALUE_S)
        elif isinstance(node, Over):
            longest = max(longest, (node.window_us + resolution_us(node.window_us)) / 1e6)
        elif isinstance(node, Absent):
            longest = max(longest, node.window_us / 1e6)
    return longest

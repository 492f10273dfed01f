"""What conditions mean, computed again from every message ever told: slow, and plain enough to be believed."""

from __future__ import annotations

import math
import statistics

from oracle.conditions.rolling import resolution_us
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
from oracle.model import Severity

CALCULATE = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "%": lambda a, b: a % b,
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip
READ = {
    "price": lambda m: m.price, "size": lambda m: m.size, "bid": lambda m: m.bid, "ask": lambda m: m.ask,
    "mid": lambda m: (m.bid + m.ask) / 2, "sample": lambda m: m.value,
    "spread_bps": lambda m: (m.ask - m.bid) / m.mid * 1e4 if m.mid else math.inf,
}  # fmt: skip
OVER = {
    "sum": math.fsum, "volume": math.fsum, "avg": lambda values: math.fsum(values) / len(values), "min": min, "max": max,
    "stddev": statistics.pstdev, "first": lambda values: values[0], "last": lambda values: values[-1], "count": len,
}  # fmt: skip


class Naive:
    """Told the same as Windows: messages with their times, and gaps of everything."""

    def __init__(self, since_us):
        self.told = []
        self.since_us = since_us
        self.before_gap = 0  # messages

    def update(self, message, now_us):
        self.told.append((now_us, message))

    def on_gap(self, gap):
        self.since_us = gap.to_us
        self.before_gap = len(self.told)

    def value(self, node, now_us):
        """A number, a truth or None."""
        match node:
            case Number(value=value) | Truth(value=value):
                return value
            case Series():
                values = self.values(node)
                return _finite(values[-1][1]) if values else None
            case Over(function="change_pct"):
                return self.change_pct(node, now_us)
            case Over():
                return self.over(node, now_us)
            case Absent(topic=topic, window_us=window_us):
                if any(_matches(topic, m.topic) and at > now_us - window_us for at, m in self.told):
                    return False
                return True if self.since_us <= now_us - window_us else None
            case Negative(operand=operand):
                value = self.value(operand, now_us)
                return None if value is None else -value
            case Absolute(operand=operand):
                value = self.value(operand, now_us)
                return None if value is None else abs(value)
            case Not(operand=operand):
                value = self.value(operand, now_us)
                return None if value is None else not value
            case Logic(word=word, parts=parts):
                values = [self.value(part, now_us) for part in parts]
                if (word == "or") in values:
                    return word == "or"
                return None if None in values else word != "or"
            case Arithmetic() | Comparison():
                return self.calculated(node, now_us)

    def calculated(self, node, now_us):
        left, right = self.value(node.left, now_us), self.value(node.right, now_us)
        if left is None or right is None or (node.sign in "/%" and right == 0):
            return None
        return _finite(CALCULATE[node.sign](left, right))

    def over(self, node, now_us):
        if now_us - node.window_us < self.since_us:
            return None
        values = [value for at, value in self.finite(node.of) if _leaves_us(at, node) > now_us]
        if not values:
            return 0.0 if node.function in ("count", "sum", "volume") else None
        return _finite(OVER[node.function](values))

    def change_pct(self, node, now_us):
        values = self.finite(node.of, self.told[self.before_gap :])
        before = [value for at, value in values if _leaves_us(at, node) <= now_us]
        if not before or before[-1] == 0:
            return None
        return _finite((values[-1][1] - before[-1]) / abs(before[-1]) * 100.0)

    def values(self, node, told=None):
        told = self.told if told is None else told
        if isinstance(node, Events):
            return [(at, 1.0) for at, m in told if m.topic.startswith("event:") and _wanted(node, m)]
        head = {"price": "trade", "size": "trade", "sample": "sample"}.get(node.kind, "quote")
        topic = ":".join((head, *node.names))
        return [(at, READ[node.kind](m)) for at, m in told if m.topic == topic]

    def finite(self, node, told=None):
        return [(at, value) for at, value in self.values(node, told) if math.isfinite(value)]


def _leaves_us(at, node):
    width_us = resolution_us(node.window_us)
    return math.ceil(at / width_us) * width_us + node.window_us


def _finite(value):
    return value if math.isfinite(value) else None


def _matches(pattern, topic):
    return topic == pattern or (pattern.endswith(":*") and topic.startswith(pattern[:-1]))


def _wanted(events, event):
    return (
        event.kind == events.kind
        and events.subject in ("", event.subject)
        and events.severity in ("", event.severity)
        and (not events.min_severity or event.severity.rank >= Severity(events.min_severity).rank)
    )

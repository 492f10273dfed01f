"""Messages as the bus hands them out, for tests of what stores them."""

from __future__ import annotations

from typing import Any

from actors import Published
from oracle.model import Attempt, Bar, Delivery, Depth, Event, Gap, Quote, Sample, Severity, State, Trade
from oracle.run_messages import Chunk, Message, RunRow

__all__ = ["MINUTE_US", "T0_US", "attempt", "delivery", "event", "published", "state", "trade", "trade_ids", "zoo"]

T0_US = 1_790_000_040_000_000  # 2026-09-21, the first instant of a minute
MINUTE_US = 60_000_000


def trade(number: int, at_us: int = T0_US, price: float = 100.0, size: float = 1.0, symbol: str = "BTC-USD",
          source: str = "test") -> Trade:
    """A trade with its number as its id."""
    return Trade(symbol, price, size, "buy", str(number), at_us, source)


def event(number: int, at_us: int = T0_US, severity: Severity = Severity.high, **parts: Any) -> Event:
    """An event with its number in its id."""
    given = {"kind": "odd", "subject": "BTC-USD", "source": "watchdog:odd", "summary": "it was odd", "data": {"n": number}}
    return Event(id=f"evt_{number}", severity=severity, ts_us=at_us, **{**given, **parts})


def state(version: int, ref: str = "rule:a", value: dict[str, Any] | None = None) -> State:
    """A version of a state; its value holds the version."""
    return State(ref, {"version": version} if value is None else value, version, T0_US + version)


def delivery(number: int, rule_id: str = "rule:a") -> Delivery:
    """An obligation."""
    return Delivery(f"d{number}", rule_id, f"evt_{number}", "webhook", {"n": number}, T0_US + number)


def attempt(number: int, outcome: str, at: int = 1) -> Attempt:
    """A try at delivery `number`."""
    return Attempt(f"d{number}", at, outcome, 200 if outcome == "delivered" else 503, "", 1.5, T0_US + number + at)


def published(*messages: Any, first: int = 1, at_us: int | None = None) -> list[Published]:
    """Envelopes with consecutive offsets; published when the message says it happened, unless told otherwise."""
    return [Published(first + i, m.ts_us if at_us is None else at_us, "", m) for i, m in enumerate(messages)]


def zoo() -> list[Any]:
    """One message of each stored kind."""
    return [
        Quote("BTC-USD", 1.0, 2.0, 3.0, 4.0, T0_US, "test"),
        trade(1),
        Bar("BTC-USD", "1m", 1.0, 4.0, 0.5, 2.0, 9.0, 3, True, T0_US, "venue"),
        Depth("BTC-USD", ((1.0, 2.0), (0.5, 0.0)), ((3.0, 4.0),), True, 7, 9, T0_US, "test"),
        Sample("cpu", "host", 12.5, "pct", T0_US, "test"),
        event(1),
        state(1),
        Gap("feed:binance", T0_US - 5, T0_US, "connection lost"),
        delivery(1),
        attempt(1, "retry"),
        Chunk("task_1", 1, "stdout", "hello\n", T0_US),
        Message("msg-1", "conv-1", "user", "hello", "task_1", {"n": 1}, T0_US),
        RunRow("task_1", 0, "task", "completed", "", "ada", "brain", "sonnet-4", "s1", "conv-1", "api", T0_US, T0_US, T0_US + 5,
               0.5, 0.05, 10, None, False, None, None, None, None, None, {"id": "task_1"}),
    ]


def trade_ids(store: Any) -> list[int]:
    """The ids of all stored trades in the order they were stored."""
    tables = store.months("trade")
    if not tables:
        return []
    union = " UNION ALL ".join(f"SELECT seq, trade_id FROM {name}" for name in tables)
    return [int(i) for _, i in store.connection.execute(f"SELECT * FROM ({union}) ORDER BY seq").fetchall()]

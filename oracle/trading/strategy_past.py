"""What a strategy reads of the history: daily bars that are over, and what was said beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs
import trio

from oracle.history import Queries
from oracle.model import Bar, Event, Sample, Severity
from oracle.trading.sizing import Record

__all__ = ["DAY_US", "INTERVAL", "PastOf"]

DAY_US = 86_400_000_000
INTERVAL = "1d"
SAME_US = 10_000_000  # what was read this short a time ago is read again by nobody
MANY_US, ALL_US = 60 * DAY_US, 1_200 * DAY_US  # who wants many days reads all that others want: the newest cost the most
LEAST_TRADES = 30  # of a strategy, to have a record
BESIDE_US = 400 * DAY_US  # how far back fundamentals and insiders' trades are read
_FIELDS = ("symbol", "open", "high", "low", "close", "volume", "trades", "ts_us", "source")


@attrs.define(eq=False)
class PastOf:
    """Reads of the history. Raise Refused while it can't say. Strategies that begin together read the same bars, which are read
    once for all of them."""

    queries: Queries
    _pen: trio.Lock = attrs.field(factory=trio.Lock)
    _read: dict[str, tuple[int, int, list[Bar]]] = attrs.field(factory=dict)  # by symbol: from, to, and what there was

    async def bars(self, symbols: Iterable[str], since_us: Mapping[str, int], now_us: int) -> list[Bar]:
        """The daily bars of symbols that begin later than `since_us` says of each and are over by now, in order of time."""
        found: list[Bar] = []
        async with self._pen:
            stored = set(await self.queries.bar_symbols())
            for symbol in symbols:
                if symbol in stored:
                    found += await self._of(symbol, since_us[symbol] + 1, now_us - DAY_US + 1)
        return sorted(found, key=lambda bar: bar.ts_us)

    async def _of(self, symbol: str, from_us: int, to_us: int) -> list[Bar]:
        known = self._read.get(symbol)
        if known is None or from_us < known[0] or not 0 <= to_us - known[1] < SAME_US:
            first_us = min(from_us, to_us - ALL_US) if to_us - from_us > MANY_US else from_us
            rows = await _all(self.queries.bars, symbol, INTERVAL, from_us=first_us, to_us=to_us)
            known = self._read[symbol] = first_us, to_us, [_bar(row) for row in rows]
        return [bar for bar in known[2] if bar.ts_us >= from_us]

    async def beside(self, required: Iterable[str], symbols: Iterable[str], now_us: int) -> list[Sample | Event]:
        """Fundamentals and insiders' trades, those that are required, in order of time."""
        span, wanted = {"from_us": now_us - BESIDE_US, "to_us": now_us + 1}, list(symbols)
        found: list[Sample | Event] = []
        if "fundamentals" in required:
            rows = await _all(self.queries.samples, subject=wanted, **span)
            found += [Sample(row["name"], row["subject"], row["value"], row["unit"], row["ts_us"], row["source"])
                      for row in rows if row["name"].startswith("fundamental_")]  # fmt: skip
        if "insider_transactions" in required:
            rows = await _all(self.queries.events, kind="insider_trade", subject=wanted, newest_first=False, **span)
            found += [Event(row["id"], row["kind"], row["subject"], row["source"], Severity(row["severity"]), row["summary"],
                            row["data"], row["ts_us"], row["cause"]) for row in rows]  # fmt: skip
        return sorted(found, key=lambda one: one.ts_us)

    async def record(self, strategy: str) -> Record | None:
        """How a strategy's newest trades ended; None where there are fewer than 30, or none that won or none that lost."""
        page = await self.queries.events(kind="trade_closed", limit=1_000)
        gains = [float(row["data"]["pnl"]) for row in page.items if row["data"].get("strategy_name") == strategy]
        won, lost = [one for one in gains if one > 0], [-one for one in gains if one < 0]
        if len(gains) < LEAST_TRADES or not won or not lost:
            return None
        return Record(len(won) / len(gains), (sum(won) / len(won)) / (sum(lost) / len(lost)))


def _bar(row: Mapping[str, Any]) -> Bar:
    return Bar(interval=INTERVAL, closed=True, **{name: row[name] for name in _FIELDS})


async def _all(query: Callable[..., Any], *words: Any, **span: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = await query(*words, **span, limit=10_000, cursor=cursor)
        found += page.items
        if (cursor := page.next) is None:
            return found

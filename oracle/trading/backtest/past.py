"""What a backtest of a strategy reads of the history: closed daily bars as columns, and what is said beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import attrs

from oracle.history import Queries
from oracle.history.bars import interval_us
from oracle.model import Event, Sample, Severity
from oracle.trading.backtest.wire import Series

__all__ = ["INTERVAL", "Past", "has_bars", "unheard"]

INTERVAL = "1d"
_PAGE, _SOME = 10_000, 1_000
_FUNDAMENTAL, _INSIDER = "fundamental_", "insider_trade"
_NUMBERS = ("open", "high", "low", "close", "volume")


async def has_bars(queries: Queries, symbols: Iterable[str], from_us: int, to_us: int) -> bool:
    """Whether any of the symbols has a daily bar that begins in from_us <= time < to_us. Raises Refused while nobody knows."""
    for symbol in symbols:
        if (await queries.bars(symbol, INTERVAL, from_us, to_us, limit=1)).items:
            return True
    return False


async def unheard(queries: Queries, required_data: Iterable[str], symbols: Iterable[str], to_us: int) -> str:
    """What a strategy needs beside bars and nothing is stored of, before `to_us`; empty where it has all. Raises Refused while
    nobody knows."""
    of, needs = list(symbols), set(required_data)
    if "fundamentals" in needs:
        said = (await queries.samples(subject=of, to_us=to_us, limit=_SOME)).items
        if not any(row["name"].startswith(_FUNDAMENTAL) for row in said):
            return "no fundamentals are stored of its symbols"
    if "insider_transactions" in needs and not (await queries.events(_INSIDER, subject=of, to_us=to_us, limit=1)).items:
        return "no insider trades are stored of its symbols"
    return ""


@attrs.frozen
class Past:
    """Reads in from_us <= time < to_us. Raises Refused while the history can't say."""

    queries: Queries
    from_us: int
    to_us: int

    async def series(self, symbol: str, now_us: int) -> Series:
        """The daily bars of a symbol that are over by now."""
        width_us = interval_us(INTERVAL)
        to_us = min(self.to_us, now_us - width_us + 1)
        rows = [row async for row in self._all(self.queries.bars, symbol, INTERVAL, to_us=to_us)]
        columns = {name: [float(row[name]) for row in rows] for name in _NUMBERS}
        times, sources = [row["ts_us"] for row in rows], [row["source"] for row in rows]
        return Series(symbol, INTERVAL, width_us, times, source=sources, **columns)

    async def fundamentals(self, symbols: Iterable[str]) -> list[Sample]:
        """What was said of the companies."""
        found = [Sample(row["name"], row["subject"], row["value"], row["unit"], row["ts_us"], row["source"])
                 async for row in self._all(self.queries.samples, subject=list(symbols))]  # fmt: skip
        return [one for one in found if one.name.startswith(_FUNDAMENTAL)]

    async def insider_trades(self, symbols: Iterable[str]) -> list[Event]:
        """What their insiders traded."""
        return [
            Event(row["id"], row["kind"], row["subject"], row["source"], Severity(row["severity"]), row["summary"], row["data"],
                  row["ts_us"], row["cause"])
            async for row in self._all(self.queries.events, kind=_INSIDER, subject=list(symbols), newest_first=False)
        ]  # fmt: skip

    async def _all(self, query: Callable[..., Any], *words: Any, **wanted: Any) -> AsyncIterator[dict[str, Any]]:
        span, cursor = {"from_us": self.from_us, "to_us": self.to_us, **wanted}, None
        if span["to_us"] <= span["from_us"]:
            return
        while True:
            page = await query(*words, **span, limit=_PAGE, cursor=cursor)
            for row in page.items:
                yield row
            if (cursor := page.next) is None:
                return

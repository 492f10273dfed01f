"""How many day trades there were in the last business days, and how many orders were traded today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actors import Published
from oracle.exchange_days import exchange_day, session_of
from oracle.history import Queries
from oracle.model import Event
from oracle.trading.risk.pdt import window_start

__all__ = ["DayTrades", "past_trades"]

CLOSED, FILLED = "trade_closed", "fill"
BEFORE_OPEN_US = 10 * 3_600_000_000  # from a session's open to some time before its day began
PAGE = 1_000


class DayTrades:
    """Counted from the events `trade_closed` and `fill` of the desk, each once: those of before are `load`ed, and a listener of
    the bus hears the rest in the instant they are told (`hear`), so that an order is never judged by an older count. What is
    closed in several pieces, and not added to in between, is one day trade."""

    def __init__(self) -> None:
        self._day_trades: dict[tuple[Any, ...], int] = {}  # when, by what was closed
        self._traded: dict[str, int] = {}  # when something was first filled of it, by order
        self._known = False

    @property
    def known(self) -> bool:
        """Whether what was before is counted."""
        return self._known

    def hear(self, published: Published) -> None:
        """Count what is told."""
        match published.message:
            case Event(kind=kind, source="desk") as event if kind in (CLOSED, FILLED):
                self._count(event.kind, event.subject, event.data, event.ts_us)

    def load(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take over events of the history; after it the count is known."""
        for row in rows:
            self._count(row["kind"], row["subject"], row["data"], row["ts_us"])
        self._known = True

    def used(self, now_us: int, window_days: int) -> int | None:
        """Day trades in so many business days, today included; None while it is not known."""
        if not self._known:
            return None
        start = window_start(now_us, window_days)
        self._day_trades = {closed: at_us for closed, at_us in self._day_trades.items() if exchange_day(at_us) >= start}
        return len(self._day_trades)

    def today(self, now_us: int) -> int:
        """Orders that something was filled of today."""
        today = exchange_day(now_us)
        self._traded = {order: at_us for order, at_us in self._traded.items() if exchange_day(at_us) >= today}
        return len(self._traded)

    def _count(self, kind: str, symbol: str, data: Mapping[str, Any], at_us: int) -> None:
        if kind == FILLED:
            order = str(data["order_id"])
            self._traded[order] = max(at_us, self._traded.get(order, at_us))
        elif data.get("is_day_trade"):
            self._day_trades[symbol, data.get("opened_us"), data.get("added_us")] = at_us


async def past_trades(queries: Queries, now_us: int, window_days: int) -> list[dict[str, Any]]:
    """What the history knows of the days that count, for `DayTrades.load`. Raises Refused while it can't say."""
    opens = session_of(window_start(now_us, window_days))
    from_us = opens[0] - BEFORE_OPEN_US if opens else None
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = await queries.events(kind=(CLOSED, FILLED), source="desk", from_us=from_us, limit=PAGE, cursor=cursor)
        rows += page.items
        if (cursor := page.next) is None:
            return rows

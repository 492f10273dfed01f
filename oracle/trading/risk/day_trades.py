"""How many day trades there were in the last business days, and how many orders were traded today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from actors import Published
from oracle.exchange_days import exchange_day
from oracle.model import Event
from oracle.trading.risk.pdt import window_start

__all__ = ["DayTrades"]

CLOSED, FILLED = "trade_closed", "fill"


class DayTrades:
    """Counted from the events `trade_closed` and `fill` of the desk, each once: those of before are `load`ed, and a listener of
    the bus hears the rest in the instant they are told (`hear`), so that an order is never judged by an older count."""

    def __init__(self) -> None:
        self._day_trades: dict[str, int] = {}  # when, by event
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
                self._count(event.kind, event.id, event.data, event.ts_us)

    def load(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take over events of the history; after it the count is known."""
        for row in rows:
            self._count(row["kind"], row["id"], row["data"], row["ts_us"])
        self._known = True

    def used(self, now_us: int, window_days: int) -> int | None:
        """Day trades in so many business days, today included; None while it is not known."""
        if not self._known:
            return None
        start = window_start(now_us, window_days)
        self._day_trades = {ident: at_us for ident, at_us in self._day_trades.items() if exchange_day(at_us) >= start}
        return len(self._day_trades)

    def today(self, now_us: int) -> int:
        """Orders that something was filled of today."""
        today = exchange_day(now_us)
        self._traded = {order: at_us for order, at_us in self._traded.items() if exchange_day(at_us) >= today}
        return len(self._traded)

    def _count(self, kind: str, ident: str, data: Mapping[str, Any], at_us: int) -> None:
        if kind == FILLED:
            order = str(data["order_id"])
            self._traded[order] = max(at_us, self._traded.get(order, at_us))
        elif data.get("is_day_trade"):
            self._day_trades[ident] = at_us

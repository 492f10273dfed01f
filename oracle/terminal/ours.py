"""What our own desk says in the terminal's words. Pure.

| field | what it is |
| --- | --- |
| balance | equity without the floating profit: what closed trades and fees have left |
| profit | floating: of open positions at present prices, before the fees of closing |
| day_pl | gain since the day began in New York, None until that is known |
| ticket | of a position: when it was opened (UTC microseconds) |
| volume, lot | shares or coins |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oracle.model import Event
from oracle.moments import iso_text
from oracle.trading.order import Order, OrderType, Side
from oracle.trading.portfolio import Holding, Portfolio

__all__ = ["account_of", "execution_of", "positions_of", "scan_start_of", "scan_summary_of"]

Object = dict[str, Any]


def account_of(portfolio: Portfolio) -> Object:
    """The account, money rounded to cents."""
    floating = sum(one.unrealized_pnl for one in portfolio.positions)
    day_pl = portfolio.daily_pnl
    return {
        "balance": round(portfolio.total_equity - floating, 2), "equity": round(portfolio.total_equity, 2),
        "profit": round(floating, 2), "currency": portfolio.currency, "leverage": 1,
        "day_pl": None if day_pl is None else round(day_pl, 2),
    }  # fmt: skip


def positions_of(holdings: Iterable[Holding], orders: Iterable[Order]) -> list[Object]:
    """The positions, with the stop and the limit that would close them (0 where there is none)."""
    exits: dict[tuple[str, Side], dict[OrderType, float | None]] = {}
    for order in orders:
        if order.order_type in (OrderType.stop, OrderType.limit) and order.parent_id:
            price = order.stop_price if order.order_type is OrderType.stop else order.limit_price
            exits.setdefault((order.symbol, order.side.other), {})[order.order_type] = price
    return [_position(one, exits.get((one.symbol, one.side), {})) for one in holdings]


def execution_of(fill: Event) -> Object:
    """A fill of the desk as TRADE_EXECUTION."""
    data = fill.data
    return {"type": "TRADE_EXECUTION", "symbol": data["symbol"], "direction": data["side"], "price": data["price"],
            "lot": data["quantity"], "timestamp": iso_text(fill.ts_us), "ticket": data["id"]}  # fmt: skip


def scan_start_of(event: Event) -> Object:
    """The strategies begin to look at their symbols."""
    return {"type": "SCAN_START", "count": event.data.get("count"), "timestamp": iso_text(event.ts_us)}


def scan_summary_of(event: Event) -> Object:
    """What they said of each."""
    data: Mapping[str, Any] = event.data
    symbols = dict(data["symbols"])
    return {"type": "SCAN_SUMMARY", "symbols": symbols, "count": data.get("count", len(symbols)),
            "candidates": data.get("candidates", 0), "timestamp": iso_text(event.ts_us)}  # fmt: skip


def _position(one: Holding, exits: Mapping[OrderType, float | None]) -> Object:
    return {
        "ticket": one.opened_us, "symbol": one.symbol, "type": 0 if one.side is Side.buy else 1, "direction": one.side.value,
        "volume": abs(one.quantity), "entry_price": one.avg_entry_price, "price_current": one.current_price,
        "sl_price": exits.get(OrderType.stop) or 0.0, "tp_price": exits.get(OrderType.limit) or 0.0,
        "profit": round(one.unrealized_pnl, 2),
    }  # fmt: skip

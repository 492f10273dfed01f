"""FINRA's pattern day trader rule: more than three day trades in five business days need an equity of 25,000 USD.

Rule 4210(f)(8)(B). A day trade is to close today what was last added to today. Only orders that would be one are refused: who
entered on an earlier day may leave on any. Every symbol counts, also those the rule does not reach.
"""

from __future__ import annotations

import datetime as dt
from itertools import islice

from oracle.exchange_days import days_back, exchange_day
from oracle.settings_trading import Pdt
from oracle.trading.ledger import Position
from oracle.trading.order import NewOrder
from oracle.trading.risk.assessment import Breach, RiskView

__all__ = ["added_today", "day_trading", "exempt", "window_start"]


def window_start(now_us: int, days: int) -> dt.date:
    """The first of the `days` business days that end with today, or with the last one before it."""
    return list(islice(days_back(exchange_day(now_us)), days))[-1]


def added_today(position: Position, now_us: int) -> bool:
    """Whether closing it now would be a day trade. Where it is not known when it was added to, it counts as today."""
    return not position.added_us or exchange_day(position.added_us) == exchange_day(now_us)


def exempt(equity: float, pdt: Pdt) -> bool:
    """Whether as many day trades may be made as one likes."""
    return not pdt.enabled or equity >= pdt.account_threshold


def day_trading(order: NewOrder, view: RiskView, pdt: Pdt) -> Breach | None:
    """Why an order must not close what it would close today. Orders that are on their way to close something else today count
    as day trades already."""
    held = view.positions.get(order.symbol)
    if held is None or held.quantity * order.side.sign >= 0 or not added_today(held, view.now_us):
        return None
    if exempt(view.equity, pdt):
        return None
    if not view.day_trades_known:
        return _breach(order, "it would be a day trade, and how many there were is not known", None, pdt)
    used = view.day_trades_used + sum(_under_way(symbol, view) for symbol in view.pending_exits if symbol != order.symbol)
    if used + 1 <= pdt.max_day_trades:
        return None
    reason = f"it would be day trade {used + 1} in {pdt.rolling_window_days} business days, and {pdt.max_day_trades} may be"
    return _breach(order, f"{reason} with an equity below {pdt.account_threshold:g}", used, pdt)


def _under_way(symbol: str, view: RiskView) -> bool:
    held = view.positions.get(symbol)
    return bool(view.pending_exits[symbol]) and held is not None and added_today(held, view.now_us)


def _breach(order: NewOrder, reason: str, used: int | None, pdt: Pdt) -> Breach:
    return Breach("pdt", "high", f"{order.symbol}: {reason}", order.symbol, used, pdt.max_day_trades)

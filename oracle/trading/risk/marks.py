"""The book marked to market: equity, its peak, its falls, and the result of the exchange's day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oracle.exchange_days import exchange_day
from oracle.trading.ledger import Account, Position, equity

__all__ = ["UNKNOWN", "exposure", "loss_pct", "mark", "near_stop"]

UNKNOWN = "Unknown"
"""The sector of what has none."""


def mark(
    before: Mapping[str, Any] | None, account: Account, positions: Mapping[str, Position], newest: Mapping[str, float],
    now_us: int,
) -> dict[str, Any]:
    """The value of State `equity:desk` after `before`, in the account's currency; falls are positive percents of the peak.

    The first mark of a day in New York is what the day's result is counted from; the peak is kept for good. `prices` are those
    it was marked at: a position whose price is not known now, as after a start, stands at the one before, or at its entry's.
    """
    known = before or {}
    old = known.get("prices", {})
    prices = {symbol: newest.get(symbol, old.get(symbol, one.avg_entry_price)) for symbol, one in positions.items()}
    worth, day = equity(account, positions, prices), exchange_day(now_us).isoformat()
    peak = max(known.get("peak_equity", worth), worth)
    drawdown = 100 * (peak - worth) / peak if peak > 0 else 0.0
    opened = known["day_open_equity"] if known.get("day") == day else worth
    gained_pct = 100 * (worth - opened) / opened if opened > 0 else 0.0
    return {
        "equity": worth, "cash": account.cash, "positions_value": worth - account.cash, "peak_equity": peak,
        "max_drawdown_pct": max(known.get("max_drawdown_pct", 0.0), drawdown), "drawdown_pct": drawdown, "day": day,
        "day_open_equity": opened, "daily_pnl": worth - opened, "daily_pnl_pct": gained_pct, "prices": prices,
        "ts_us": now_us,
    }  # fmt: skip


def loss_pct(position: Position, price: float) -> float:
    """How far a position has gone against its entry, in percent of it; negative for a gain."""
    return -100 * position.unrealized(price) / (position.avg_entry_price * abs(position.quantity))


def near_stop(positions: Mapping[str, Position], prices: Mapping[str, float], stop_loss_pct: float) -> dict[str, float]:
    """The loss of each position that is half way to its stop or beyond, in percent, by symbol."""
    losses = {symbol: loss_pct(one, prices[symbol]) for symbol, one in positions.items() if symbol in prices}
    return {symbol: loss for symbol, loss in losses.items() if loss >= stop_loss_pct / 2}


def exposure(
    positions: Mapping[str, Position], prices: Mapping[str, float], sectors: Mapping[str, str], worth: float,
) -> dict[str, float]:
    """What each sector is of an equity of `worth`, in percent, long and short alike; nothing where that is not positive."""
    shares: dict[str, float] = {}
    for symbol, one in positions.items() if worth > 0 else ():
        sector = sectors.get(symbol, UNKNOWN)
        value = abs(one.worth(prices.get(symbol, one.avg_entry_price)))
        shares[sector] = shares.get(sector, 0.0) + 100 * value / worth
    return shares

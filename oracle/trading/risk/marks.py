"""The book marked to market: equity, its peak, its falls, and the result of the exchange's day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oracle.exchange_days import exchange_day
from oracle.trading.ledger import Account, Position, equity

__all__ = ["loss_pct", "mark", "near_stop"]


def mark(
    before: Mapping[str, Any] | None, account: Account, positions: Mapping[str, Position], prices: Mapping[str, float], now_us: int,
) -> dict[str, Any]:
    """The value of State `equity:desk` after `before`, in the account's currency; falls are positive percents of the peak.

    The first mark of a day in New York is what the day's result is counted from; the peak is kept for good. `unpriced` are
    symbols that no price is known of, which stand at what they were bought at.
    """
    worth, day = equity(account, positions, prices), exchange_day(now_us).isoformat()
    known = before or {"peak_equity": worth, "max_drawdown_pct": 0.0, "day": "", "day_open_equity": worth}
    peak = max(known["peak_equity"], worth)
    drawdown = 100 * (peak - worth) / peak if peak > 0 else 0.0
    opened = known["day_open_equity"] if known["day"] == day else worth
    return {
        "equity": worth, "cash": account.cash, "positions_value": worth - account.cash, "peak_equity": peak,
        "max_drawdown_pct": max(known["max_drawdown_pct"], drawdown), "drawdown_pct": drawdown, "day": day,
        "day_open_equity": opened, "daily_pnl": worth - opened, "daily_pnl_pct": 100 * (worth - opened) / opened if opened > 0 else 0.0,
        "unpriced": sorted(positions.keys() - prices.keys()), "ts_us": now_us,
    }  # fmt: skip


def loss_pct(position: Position, price: float) -> float:
    """How far a position has gone against its entry, in percent of it; negative for a gain."""
    return -100 * position.unrealized(price) / (position.avg_entry_price * abs(position.quantity))


def near_stop(positions: Mapping[str, Position], prices: Mapping[str, float], stop_loss_pct: float) -> dict[str, float]:
    """The loss of each position that is half way to its stop or beyond, in percent, by symbol."""
    losses = {symbol: loss_pct(one, prices[symbol]) for symbol, one in positions.items() if symbol in prices}
    return {symbol: loss for symbol, loss in losses.items() if loss >= stop_loss_pct / 2}

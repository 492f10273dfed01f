"""How much of the equity a signal puts in."""

from __future__ import annotations

import math
from typing import Any

from oracle.settings_trading import Risk, Trading
from oracle.trading.signal import Signal

__all__ = ["size"]

MOST_KELLY = 0.25


def size(
    signal: Signal, price: float, equity: float, cash: float, trading: Trading, risk: Risk, record: Any = None, lot: float = 1.0,
) -> float:
    """Half of Kelly's share ((p b - q) / b, Kelly, A New Interpretation of Information Rate, 1956), of the equity at most
    `most_equity_pct`, times the strength of the signal; no more than the cash above the reserve. In whole lots, rounded down."""
    p, b = trading.win_probability, trading.win_loss_ratio
    kelly = min(MOST_KELLY, max(0.0, (p * b - (1 - p)) / b / 2))
    worth = equity * min(kelly, trading.most_equity_pct / 100) * signal.strength
    free = cash - equity * risk.limits.min_cash_reserve_pct / 100
    return max(0.0, math.floor(min(worth, free) / price / lot) * lot)

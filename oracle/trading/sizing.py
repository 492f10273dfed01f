"""How much of the equity a signal puts in."""

from __future__ import annotations

import math

import attrs

from oracle.settings_trading import Risk, Trading
from oracle.symbols import asset_type
from oracle.trading.signal import Signal

__all__ = ["Record", "half_kelly", "lot_of", "size"]

MOST_KELLY = 0.25
_ROUNDING = 1e-9  # of a lot: binary fractions are a little less than what they stand for


@attrs.frozen
class Record:
    """How a strategy has done: the share of its trades that won, and its mean win over its mean loss."""

    win_probability: float
    win_loss_ratio: float


def size(
    signal: Signal, price: float, equity: float, cash: float, trading: Trading, risk: Risk, record: Record | None = None,
    lot: float = 1.0,
) -> float:
    """Shares or coins for an entry: half of Kelly's share of the equity, `most_equity_pct` of it at most, times the strength of
    the signal, and no more than the cash above the reserve buys; rounded down to whole lots. Money in the account's currency."""
    told = record or Record(trading.win_probability, trading.win_loss_ratio)
    share = min(half_kelly(told.win_probability, told.win_loss_ratio), trading.most_equity_pct / 100)
    free = cash - equity * risk.limits.min_cash_reserve_pct / 100
    worth = min(equity * share * signal.strength, free)
    if not (price > 0 and worth > 0):
        return 0.0
    return round(math.floor(worth / price / lot + _ROUNDING) * lot, 9)


def half_kelly(p: float, b: float) -> float:
    """Half of the share that grows fastest, (p b - q) / b for a probability p (q = 1 - p) to win b times what is lost else
    (Kelly, A New Interpretation of Information Rate, 1956); between 0 and 0.25."""
    return min(MOST_KELLY, max(0.0, (p * b - (1 - p)) / b / 2))


def lot_of(symbol: str) -> float:
    """The least that is traded of a symbol: whole shares, millionths of a coin."""
    return 1e-6 if asset_type(symbol) == "crypto" else 1.0

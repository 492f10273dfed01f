"""When a position is to be closed, which is the same with every strategy."""

from __future__ import annotations

from oracle.model import Bar
from oracle.trading.signal import Direction, Holding, Signal

__all__ = ["STOPPED", "WANTED", "exit_of", "is_stopped"]

STOPPED, WANTED = 0.8, 0.6
"""How strongly a position is to be closed that lost too much, and any other."""


def is_stopped(holding: Holding, close: float, stop_loss_pct: float) -> bool:
    """Whether a position has lost so much of its entry price."""
    gain = (close / holding.entry_price - 1) * (1 if holding.quantity > 0 else -1)
    return gain <= -stop_loss_pct / 100


def exit_of(name: str, bar: Bar, holding: Holding, min_hold_days: int, stop_loss_pct: float | None, why: str) -> Signal | None:
    """The FLAT signal for a position: at once where it is stopped, for `why` (empty for no reason) when it has been held long
    enough, else None."""
    if stop_loss_pct is not None and is_stopped(holding, bar.close, stop_loss_pct):
        reason = f"stop: {bar.close:g} is {stop_loss_pct:g} % or more beyond the entry at {holding.entry_price:g}"
        return Signal(bar.symbol, Direction.flat, STOPPED, name, reason, bar.ts_us, {"exit": "stop"})
    if why and holding.bars_held >= min_hold_days:
        return Signal(bar.symbol, Direction.flat, WANTED, name, why, bar.ts_us, {"exit": "signal"})
    return None

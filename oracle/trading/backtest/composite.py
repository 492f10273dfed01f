"""One number for how good a strategy was, to rank by."""

from __future__ import annotations

__all__ = ["composite", "meets_thresholds"]


def composite(sharpe: float, sortino: float, drawdown_pct: float, profit_factor: float, consistency: float) -> float:
    """0 to 1, four places: .30 Sharpe / 3 + .20 Sortino / 4 + .20 (1 - drawdown / 50 %) + .15 (profit factor - 1) / 2 + .15
    consistency, each part within 0 to 1 (alpha-oracle's formula). `drawdown_pct` is a positive percent; a profit factor may be
    infinite."""
    return round(
        0.30 * _unit(sharpe / 3) + 0.20 * _unit(sortino / 4) + 0.20 * _unit(1 - drawdown_pct / 50)
        + 0.15 * _unit((profit_factor - 1) / 2) + 0.15 * _unit(consistency), 4,
    )  # fmt: skip


def meets_thresholds(sharpe: float, drawdown_pct: float, profit_factor: float, trades: int) -> bool:
    """Whether it may be thought of for trading: Sharpe above 1, drawdown below 20 %, profit factor above 1.5, 100 trades."""
    return sharpe > 1 and drawdown_pct < 20 and profit_factor > 1.5 and trades >= 100


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))

"""What trading is about, as its clients see it: amounts in USD, quantities in shares or coins, what ends in `_pct` in percent."""

from __future__ import annotations

from typing import Any

import attrs

from oracle.sdk.thing import Thing, each

__all__ = ["Backtest", "Order", "PortfolioSnapshot", "Position", "Signal", "Strategy", "Trade"]


@attrs.frozen(kw_only=True)
class Order(Thing):
    """An order and what became of it."""

    id: str = ""
    symbol: str = ""
    side: str = ""
    order_type: str = ""
    quantity: float = 0.0
    limit_price: float | None = None
    stop_price: float | None = None
    take_profit_price: float | None = None
    status: str = ""
    strategy_name: str = ""
    time_in_force: str = ""
    created_at: str | None = None
    updated_at: str | None = None
    filled_at: str | None = None
    filled_price: float | None = None
    filled_quantity: float = 0.0
    fees: float = 0.0
    by: str = ""
    reasons: tuple[str, ...] = attrs.field(default=(), converter=tuple)


@attrs.frozen(kw_only=True)
class Trade(Thing):
    """What was bought and sold again."""

    id: str = ""
    symbol: str = ""
    side: str = ""
    quantity: float = 0.0
    entry_price: float = 0.0
    exit_price: float = 0.0
    entry_time: str | None = None
    exit_time: str | None = None
    pnl: float = 0.0
    pnl_pct: float = 0.0
    fees: float = 0.0
    strategy_name: str = ""


@attrs.frozen(kw_only=True)
class Position(Thing):
    """What is held of something."""

    symbol: str = ""
    quantity: float = 0.0
    avg_entry_price: float = 0.0
    current_price: float | None = None
    market_value: float | None = None
    unrealized_pnl: float | None = None
    unrealized_pnl_pct: float | None = None
    side: str = ""
    strategy_name: str = ""
    entry_date: str | None = None


def _positions(rows: Any) -> tuple[Position, ...]:
    return each(Position, rows)


@attrs.frozen(kw_only=True)
class PortfolioSnapshot(Thing):
    """What all of it was worth at a time."""

    timestamp: str = ""
    total_equity: float = 0.0
    cash: float | None = None
    positions_value: float | None = None
    daily_pnl: float | None = None
    daily_pnl_pct: float | None = None
    total_pnl: float | None = None
    total_pnl_pct: float | None = None
    max_drawdown_pct: float | None = None
    positions: tuple[Position, ...] = attrs.field(default=(), converter=_positions)
    sector_exposure: dict[str, float] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Strategy(Thing):
    """What decides to buy and sell. In lists nobody says whether it is `available` and `enabled`: None."""

    name: str = ""
    description: str = ""
    min_hold_days: int = 0
    params: dict[str, Any] = attrs.field(factory=dict)
    available: bool | None = None
    enabled: bool | None = None
    reason: str = ""


@attrs.frozen(kw_only=True)
class Signal(Thing):
    """What a strategy has said."""

    symbol: str = ""
    timestamp: str = ""
    direction: str = ""
    strength: float = 0.0
    strategy_name: str = ""
    reason: str = ""


@attrs.frozen(kw_only=True)
class Backtest(Thing):
    """What a strategy would have made; the curve and the trades only where one is asked for by itself."""

    id: str | None = None
    strategy_name: str = ""
    start_date: str = ""
    end_date: str = ""
    initial_capital: float = 0.0
    final_capital: float = 0.0
    total_return_pct: float = 0.0
    sharpe_ratio: float = 0.0
    max_drawdown_pct: float = 0.0
    total_trades: int = 0
    win_rate: float = 0.0
    metadata: dict[str, Any] = attrs.field(factory=dict)
    equity_curve: tuple[dict[str, Any], ...] = attrs.field(default=(), converter=tuple)
    trades: tuple[dict[str, Any], ...] = attrs.field(default=(), converter=tuple)

"""What order a signal makes in a backtest: the one it makes live, or the simplest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from oracle.settings_trading import Risk, Trading
from oracle.trading.ledger import ClosedTrade, Position
from oracle.trading.order import NewOrder, Order, OrderStatus, OrderType, Side
from oracle.trading.signal import Direction, Signal
from oracle.trading.sizing import Record
from oracle.trading.strategy_wish import Touch, entry_wish, exit_wish

__all__ = ["Sized", "WishOf", "as_live", "at_market", "legs", "placed", "record_of"]

LEAST_TRADES = 30  # to have a record, as live
Sized = Callable[[float], float]
"""How much at a price."""
WishOf = Callable[[Signal, float, Position | None, Sized, int], NewOrder | None]
"""The order of a signal at a close: the exit of a position where there is one, else the entry; None where that is of nothing."""


def at_market(signal: Signal, price: float, position: Position | None, sized: Sized, now_us: int) -> NewOrder | None:
    """Market orders, and no stops beside those of the strategy."""
    side = Side.sell if signal.direction is Direction.short else Side.buy
    quantity = sized(price) if position is None else abs(position.quantity)
    if quantity <= 0:
        return None
    return NewOrder(symbol=signal.symbol, side=side if position is None else position.side.other, quantity=quantity,
                    strategy_name=signal.strategy_name, signal_strength=signal.strength, signal_us=signal.ts_us)  # fmt: skip


def as_live(trading: Trading, risk: Risk, record: Callable[[], Record | None]) -> WishOf:
    """What the strategist asks of the desk: brackets in, limits or market orders out, with the close for bid and ask."""

    def wish(signal: Signal, price: float, position: Position | None, sized: Sized, now_us: int) -> NewOrder | None:
        touch = Touch(price, price)
        if position is not None:
            return exit_wish(signal, "", touch, position, now_us)
        known = record()
        ratio = known.win_loss_ratio if known else trading.win_loss_ratio
        return entry_wish(signal, "", touch, sized, risk.limits.stop_loss_pct, ratio, now_us)

    return wish


def record_of(trades: Sequence[ClosedTrade]) -> Record | None:
    """How the trades so far ended; None where there are fewer than 30, or none that won or none that lost."""
    won, lost = [one.pnl for one in trades if one.pnl > 0], [-one.pnl for one in trades if one.pnl < 0]
    if len(trades) < LEAST_TRADES or not won or not lost:
        return None
    return Record(len(won) / len(trades), (sum(won) / len(won)) / (sum(lost) / len(lost)))


def placed(wish: NewOrder, ident: str, quantity: float, now_us: int) -> Order:
    """A wish as an order of so much, on its way."""
    return Order(
        id=ident, symbol=wish.symbol, side=wish.side, order_type=wish.order_type, quantity=quantity, created_us=now_us,
        updated_us=now_us, limit_price=wish.limit_price, stop_price=wish.stop_price, take_profit_price=wish.take_profit_price,
        status=OrderStatus.submitted, strategy_name=wish.strategy_name, signal_strength=wish.signal_strength,
        signal_us=wish.signal_us,
    )  # fmt: skip


def legs(parent: Order, quantity: float, ident: str, now_us: int) -> tuple[Order, Order]:
    """The stop and the limit that close what a fill of a bracket has opened; they know each other by their pair."""
    facts: dict[str, Any] = {
        "symbol": parent.symbol, "side": parent.side.other, "quantity": quantity, "created_us": now_us, "updated_us": now_us,
        "status": OrderStatus.submitted, "strategy_name": parent.strategy_name, "parent_id": parent.id,
        "metadata": {"pair": ident},
    }  # fmt: skip
    stop = Order(id=f"{ident}/stop", order_type=OrderType.stop, stop_price=parent.stop_price, **facts)
    return stop, Order(id=f"{ident}/limit", order_type=OrderType.limit, limit_price=parent.take_profit_price, **facts)

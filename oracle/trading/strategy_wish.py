"""What order a signal makes. Pure."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from oracle.symbols import asset_type
from oracle.trading.ledger import Position
from oracle.trading.order import NewOrder, OrderType, Side
from oracle.trading.signal import Direction, Signal

__all__ = ["Touch", "entry_wish", "exit_wish"]

BEYOND = 0.0005  # of the price: what a limit gives way, so that it is filled unless the price runs away
URGENT = 0.9  # a signal stronger than this does not haggle


@attrs.frozen
class Touch:
    """What a symbol can be sold and bought at now; both the last price where nobody quotes."""

    bid: float
    ask: float

    def of(self, side: Side) -> float:
        """What an order of that side would pay or get."""
        return self.ask if side is Side.buy else self.bid


def entry_wish(
    signal: Signal, ident: str, touch: Touch, quantity_at: Callable[[float], float], stop_pct: float, win_loss_ratio: float,
    now_us: int,
) -> NewOrder | None:
    """The entry of a signal as a BRACKET: its stop is `stop_pct` from the price, its target `win_loss_ratio` times as far on the
    other side, which is the ratio that the size goes by. None where the size comes to nothing. Strong signals and coins go in at
    market, others with a limit 0.05 % beyond the touch."""
    side = Side.buy if signal.direction is Direction.long else Side.sell
    price = touch.of(side)
    quantity = quantity_at(price)
    if quantity <= 0:
        return None
    limit = None if _at_market(signal) else _rounded(signal.symbol, price * (1 + side.sign * BEYOND))
    stop = _rounded(signal.symbol, price * (1 - side.sign * stop_pct / 100))
    target = _rounded(signal.symbol, price * (1 + side.sign * stop_pct * win_loss_ratio / 100))
    return NewOrder(
        symbol=signal.symbol, side=side, quantity=quantity, order_type=OrderType.bracket, limit_price=limit, stop_price=stop,
        take_profit_price=target, strategy_name=signal.strategy_name, signal_strength=signal.strength, signal_us=now_us,
        client_order_id=ident, metadata={"reason": signal.reason},
    )  # fmt: skip


def exit_wish(signal: Signal, ident: str, touch: Touch, position: Position, now_us: int) -> NewOrder:
    """The order that closes a whole position. Stops and coins go out at market, others with a limit 0.05 % beyond the touch."""
    side = position.side.other
    stopped = signal.metadata.get("exit") == "stop"
    limit = None if stopped or _at_market(signal) else _rounded(signal.symbol, touch.of(side) * (1 + side.sign * BEYOND))
    return NewOrder(
        symbol=signal.symbol, side=side, quantity=abs(position.quantity),
        order_type=OrderType.market if limit is None else OrderType.limit, limit_price=limit, strategy_name=signal.strategy_name,
        signal_strength=signal.strength, signal_us=now_us, client_order_id=ident, metadata={"reason": signal.reason},
    )  # fmt: skip


def _at_market(signal: Signal) -> bool:
    return signal.strength > URGENT or asset_type(signal.symbol) == "crypto"


def _rounded(symbol: str, price: float) -> float:
    """To the cent (SEC Rule 612: shares are quoted in cents from a dollar on), coins to eight digits."""
    return float(f"{price:.8g}") if asset_type(symbol) == "crypto" or price < 1 else round(price, 2)

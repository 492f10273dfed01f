"""What an order does to a position: the part that takes from it, which nobody may stop, and the part that adds."""

from __future__ import annotations

import math

import attrs

from oracle.symbols import asset_type
from oracle.trading.ledger import DUST
from oracle.trading.order import NewOrder, Order, OrderType, Side
from oracle.trading.risk.assessment import RiskView

__all__ = ["COIN_LOT", "SHARE_LOT", "Entry", "entry_of", "lot_of", "lots", "price_of"]

SHARE_LOT, COIN_LOT = 1.0, 1e-6


@attrs.frozen
class Entry:
    """The part of an order that opens or adds: `quantity` to be bought or sold short at `price` (quote currency). `beside` is
    what is there already in its direction, held or on its way."""

    symbol: str
    side: Side
    quantity: float
    price: float
    beside: float

    @property
    def value(self) -> float:
        """What it is worth, never negative."""
        return self.quantity * self.price


def lot_of(symbol: str) -> float:
    """The least that is ordered of a symbol: a whole share, or a millionth of a coin."""
    return COIN_LOT if asset_type(symbol) == "crypto" else SHARE_LOT


def lots(symbol: str, quantity: float) -> float:
    """A quantity in whole lots, rounded down; 0 for less than one."""
    lot = lot_of(symbol)
    return max(0.0, round(math.floor(quantity / lot + DUST) * lot, 6))


def price_of(order: NewOrder | Order, newest: float | None) -> float | None:
    """What an order is judged at: its limit, or its stop where that makes it a market order; a market order at the newest
    price, and a sale at that too where that is higher than what it names. None where neither is known."""
    named = order.stop_price if order.order_type is OrderType.stop else order.limit_price
    if order.order_type is OrderType.market or named is None:
        return newest
    return max(named, newest or named) if order.side is Side.sell else named


def entry_of(order: NewOrder, price: float, view: RiskView) -> Entry:
    """The part of an order that does not close what is held and no other order closes already."""
    held = view.positions.get(order.symbol)
    quantity = held.quantity if held else 0.0
    sign = order.side.sign
    closable = max(0.0, abs(quantity) - view.pending_exits.get(order.symbol, 0.0)) if quantity * sign < 0 else 0.0
    opening = order.quantity - min(order.quantity, closable)
    pending = view.pending_quantity.get(order.symbol, 0.0)
    beside = max(0.0, quantity * sign) + max(0.0, pending * sign)
    return Entry(order.symbol, order.side, opening if opening > DUST else 0.0, price, beside)

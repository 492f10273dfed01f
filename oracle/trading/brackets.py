"""The exits of a bracket: what its entry's fill puts out, and what becomes of one when the other fills. Pure.

Each fill of the entry puts out a pair of its own, a stop and a limit of the fill's size, so that what is held is protected
at once. In a pair one cancels the other. One that is filled in part has the other withdrawn, and put out anew in the size
that is left.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from oracle.trading.intake import order_id
from oracle.trading.ledger import DUST, Fill
from oracle.trading.order import Order, OrderStatus, OrderType

__all__ = ["RESIZED", "entry", "exits", "renewed", "twin"]

RESIZED = "resized"
"""Why one of a pair is withdrawn that is to come again."""


def entry(order: Order) -> Order:
    """The order as a broker works it, which knows of no brackets."""
    if order.order_type is not OrderType.bracket:
        return order
    kind = OrderType.market if order.limit_price is None else OrderType.limit
    return attrs.evolve(order, order_type=kind, stop_price=None, take_profit_price=None)


def exits(parent: Order, fill: Fill, now_us: int) -> tuple[Order, ...]:
    """The stop and the limit that a fill of a bracket's entry puts out; nothing for any other order."""
    if parent.order_type is not OrderType.bracket:
        return ()
    pair = f"{parent.id}/{fill.id}"
    stop = _exit(parent, fill, pair, now_us, OrderType.stop, stop_price=parent.stop_price)
    limit = _exit(parent, fill, pair, now_us, OrderType.limit, limit_price=parent.take_profit_price)
    return stop, limit


def twin(order: Order, orders: Iterable[Order]) -> Order | None:
    """The open one of the same pair."""
    pair = order.metadata.get("pair")
    return next((one for one in orders if pair and one.id != order.id and one.metadata.get("pair") == pair and one.open), None)


def renewed(ended: Order, orders: Iterable[Order], now_us: int) -> Order | None:
    """What takes the place of one that was withdrawn to be resized; None where nothing does."""
    other = twin(ended, orders)
    withdrawn = ended.metadata.get("withdrawn") or {}
    if ended.status is not OrderStatus.cancelled or withdrawn.get("why") != RESIZED or other is None or other.remaining <= DUST:
        return None
    metadata = {name: value for name, value in ended.metadata.items() if name != "withdrawn"}
    return attrs.evolve(ended, id=order_id(f"{ended.id}/again"), status=OrderStatus.submitted, quantity=other.remaining,
                        filled_quantity=0.0, filled_price=None, filled_us=None, fees=0.0, broker_order_id="", reasons=(),
                        created_us=now_us, updated_us=now_us, metadata=metadata)  # fmt: skip


def _exit(parent: Order, fill: Fill, pair: str, now_us: int, kind: OrderType, **price: float | None) -> Order:
    (expected,) = price.values()
    return Order(
        id=order_id(f"{pair}/{kind}"), symbol=parent.symbol, side=parent.side.other, order_type=kind, quantity=fill.quantity,
        created_us=now_us, updated_us=now_us, status=OrderStatus.submitted, strategy_name=parent.strategy_name,
        signal_strength=parent.signal_strength, signal_us=parent.signal_us, parent_id=parent.id, by=parent.by,
        expected_price=expected, arrival_price=fill.price, metadata={"pair": pair}, **price,
    )  # fmt: skip

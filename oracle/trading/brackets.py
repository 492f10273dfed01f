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

__all__ = ["entry", "exits", "orphaned", "renewed", "twin", "withdrawn", "yielded"]

RESIZED, FILLED, FLAT = "the other exit was filled in part", "the other exit was filled", "nothing is held any more"


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


def withdrawn(order: Order, why: str, to: OrderStatus, now_us: int) -> Order:
    """The order, marked as one that is to end; the first mark counts."""
    if "withdrawn" in order.metadata:
        return order
    return attrs.evolve(order, updated_us=now_us, metadata={**order.metadata, "withdrawn": {"why": why, "to": to.value}})


def yielded(other: Order, filled: Order, fill: Fill, now_us: int) -> Order:
    """What becomes of one of a pair when the other, `filled`, has got a fill."""
    taken = other.metadata.get("taken", 0.0) + fill.quantity
    other = attrs.evolve(other, metadata={**other.metadata, "taken": taken})
    return withdrawn(other, RESIZED if filled.open else FILLED, OrderStatus.cancelled, now_us)


def orphaned(orders: Iterable[Order], symbol: str, now_us: int) -> list[Order]:
    """The exits that have nothing to close once a position is flat, marked as to end."""
    exits_of_it = [one for one in orders if one.parent_id and one.symbol == symbol]
    return [withdrawn(one, FLAT, OrderStatus.cancelled, now_us) for one in exits_of_it]


def renewed(ended: Order, orders: Iterable[Order], now_us: int) -> Order | None:
    """What takes the place of one that was withdrawn to be resized; None where nothing does."""
    other = twin(ended, orders)
    mark = ended.metadata.get("withdrawn") or {}
    if ended.status is not OrderStatus.cancelled or mark.get("why") != RESIZED or other is None:
        return None
    left = other.remaining - other.metadata.get("taken", 0.0)
    if left <= DUST:
        return None
    metadata = {name: value for name, value in ended.metadata.items() if name not in ("withdrawn", "taken")}
    return attrs.evolve(ended, id=order_id(f"{ended.id}/again"), status=OrderStatus.submitted, quantity=left,
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

"""The exits of a bracket: what its entry's fill puts out, and what becomes of them as something is filled or sold. Pure.

Each fill of the entry puts out a pair of its own, a stop and a limit of what the fill has opened, so that what is held is
protected at once. Of a pair one cancels the other, and together they never close more than is held: an exit that is too large,
because the other was filled in part or something was sold otherwise, is withdrawn and put out anew in the size that is left.
A broker that fills both before it hears of that can still close too much.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from oracle.trading.intake import order_id
from oracle.trading.ledger import DUST, Fill
from oracle.trading.order import Order, OrderStatus, OrderType, Side

__all__ = ["counted", "entry", "exits", "renewed", "trimmed", "twin", "withdrawn", "yielded"]

SHRINKS, FILLED, FLAT = "put out anew, smaller", "the other exit was filled", "nothing it could close is held any more"


def entry(order: Order) -> Order:
    """The order as a broker works it, which knows of no brackets."""
    if order.order_type is not OrderType.bracket:
        return order
    kind = OrderType.market if order.limit_price is None else OrderType.limit
    return attrs.evolve(order, order_type=kind, stop_price=None, take_profit_price=None)


def exits(parent: Order, fill: Fill, opened: float, now_us: int) -> tuple[Order, ...]:
    """The stop and the limit for what a fill of a bracket's entry has opened; nothing for any other order."""
    if parent.order_type is not OrderType.bracket or opened <= DUST:
        return ()
    pair = f"{parent.id}/{fill.id}"
    stop = _exit(parent, fill, opened, pair, now_us, OrderType.stop, stop_price=parent.stop_price)
    limit = _exit(parent, fill, opened, pair, now_us, OrderType.limit, limit_price=parent.take_profit_price)
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


def counted(order: Order, fill: Fill) -> Order:
    """An order that is to come again smaller, after a fill of its own."""
    mark = order.metadata.get("withdrawn") or {}
    if "left" not in mark:
        return order
    return attrs.evolve(order, metadata={**order.metadata, "withdrawn": {**mark, "left": mark["left"] - fill.quantity}})


def yielded(other: Order, filled: Order, fill: Fill, now_us: int) -> Order:
    """What becomes of one of a pair when the other, `filled`, has got a fill."""
    return _shrunk(other, _left(other) - fill.quantity if filled.open else 0.0, FILLED, now_us)


def trimmed(orders: Iterable[Order], symbol: str, held: float, now_us: int) -> list[Order]:
    """The exits that must shrink or end since they would close more than is held; those of the oldest pair first."""
    changed = []
    for side, most in ((Side.sell, held), (Side.buy, -held)):
        pairs: dict[str, list[Order]] = {}
        for one in orders:
            if one.parent_id and one.symbol == symbol and one.side is side and _left(one) > DUST:
                pairs.setdefault(one.metadata.get("pair", one.id), []).append(one)
        sizes = {pair: min(map(_left, legs)) for pair, legs in pairs.items()}
        excess = sum(sizes.values()) - max(most, 0.0)
        for pair, legs in pairs.items():
            cut = min(excess, sizes[pair])
            if cut > DUST:
                changed += [_shrunk(one, sizes[pair] - cut, FLAT, now_us) for one in legs]
                excess -= cut
    return changed


def renewed(ended: Order, now_us: int) -> Order | None:
    """What takes the place of one that was withdrawn to be smaller; None where nothing does."""
    left = (ended.metadata.get("withdrawn") or {}).get("left", 0.0)
    if ended.status is not OrderStatus.cancelled or left <= DUST:
        return None
    metadata = {name: value for name, value in ended.metadata.items() if name != "withdrawn"}
    return attrs.evolve(ended, id=order_id(f"{ended.id}/again"), status=OrderStatus.submitted, quantity=left,
                        filled_quantity=0.0, filled_price=None, filled_us=None, fees=0.0, broker_order_id="", reasons=(),
                        created_us=now_us, updated_us=now_us, metadata=metadata)  # fmt: skip


def _left(order: Order) -> float:
    """What it may still close; nothing for one that somebody has withdrawn for good."""
    mark = order.metadata.get("withdrawn")
    return order.remaining if mark is None else mark.get("left", 0.0)


def _shrunk(order: Order, left: float, why: str, now_us: int) -> Order:
    mark = order.metadata.get("withdrawn")
    if mark is not None and "left" not in mark:
        return order
    left = max(left, 0.0)
    mark = {"why": SHRINKS if left > DUST else why, "to": OrderStatus.cancelled.value, "left": left}
    return attrs.evolve(order, updated_us=now_us, metadata={**order.metadata, "withdrawn": mark})


def _exit(parent: Order, fill: Fill, opened: float, pair: str, now_us: int, kind: OrderType, **price: float | None) -> Order:
    (expected,) = price.values()
    return Order(
        id=order_id(f"{pair}/{kind}"), symbol=parent.symbol, side=parent.side.other, order_type=kind, quantity=opened,
        created_us=now_us, updated_us=now_us, status=OrderStatus.submitted, strategy_name=parent.strategy_name,
        signal_strength=parent.signal_strength, signal_us=parent.signal_us, parent_id=parent.id, by=parent.by,
        expected_price=expected, arrival_price=fill.price, metadata={"pair": pair}, **price,
    )  # fmt: skip

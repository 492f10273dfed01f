"""What follows from a fill, all of which is committed with it. Pure but for reading the books."""

from __future__ import annotations

import math

import attrs

from actors import Refused
from oracle.trading.bookkeeping import Books, Step, booked, kept, moved, order_told, with_fill
from oracle.trading.brackets import counted, exits, trimmed, twin, yielded
from oracle.trading.ledger import Account, Fill
from oracle.trading.order import Order, OrderStatus

__all__ = ["Consequence", "checked_fill", "consequence", "opened"]


@attrs.frozen
class Consequence:
    """The step, the exits to place after it, and whether some others are to be withdrawn."""

    step: Step
    new: tuple[Order, ...] = ()
    leaving: bool = False


def checked_fill(fill: Fill) -> None:
    """Raises Refused `invalid` for what no execution can be."""
    if not (math.isfinite(fill.quantity) and fill.quantity > 0 and math.isfinite(fill.price) and math.isfinite(fill.fee)):
        raise Refused(f"fill {fill.id} of {fill.quantity} at {fill.price} can't be", "invalid", {"id": fill.id})


def consequence(books: Books, account: Account, fill: Fill, order: Order | None, halted: bool, now_us: int) -> Consequence:
    """What a fill makes of account, position, its order and the exits beside it. It is booked as the broker says, also where
    `order` has ended or is not known. While trading is `halted` a bracket's entry puts out no exits."""
    if order is not None and not fill.strategy_name:
        fill = attrs.evolve(fill, strategy_name=order.strategy_name)
    ours = order if order is not None and order.status is not OrderStatus.pending else None  # nobody was asked to work that
    held, known = books.position(fill.symbol), {one.id: one for one in books.orders()}
    step = booked(account, held, fill, order, late=bool(fill.order_id) and (ours is None or not ours.open))
    before, value = held.quantity if held else 0.0, step.states[f"position:{fill.symbol}"]
    now = value["quantity"] if value else 0.0
    new: tuple[Order, ...] = ()
    leaving: dict[str, Order] = {}
    if ours is not None:
        after = counted(with_fill(ours, fill, now_us), fill)
        step += moved(after) if ours.open else Step(events=(order_told(after),))
        new = () if halted else exits(ours, fill, opened(before, now), now_us)
        known.pop(after.id, None)
        known |= {after.id: after} if after.open else {}
        if other := twin(after, known.values()):
            leaving[other.id] = yielded(other, after, fill, now_us)
    leaving |= {one.id: one for one in trimmed({**known, **leaving}.values(), fill.symbol, now, now_us)}
    for one in (*map(moved, new), *map(kept, leaving.values())):
        step += one
    return Consequence(step, new, bool(leaving))


def opened(before: float, now: float) -> float:
    """What a fill that led from one quantity held to another has opened, and not only closed."""
    return abs(now) if before * now <= 0 else max(abs(now) - abs(before), 0.0)

"""What the desk and a broker say to each other.

The desk asks the actor `broker`; the broker tells the actor `desk`. An order is known by the desk's id on both sides.
"""

from __future__ import annotations

import attrs

from oracle.trading.ledger import Fill
from oracle.trading.order import Order, OrderStatus

__all__ = ["Accepted", "BrokerUp", "Ended", "Filled", "Held", "Place", "Reported", "Withdraw", "Working"]


# ---- asked of the broker


@attrs.frozen
class Place:
    """Work this order, or what remains of it. Placed again it is the same order. Answered with the broker's id for it once the
    broker has taken it. Refused: `rejected` with the broker's reason, `unavailable` while it can't be reached."""

    order: Order


@attrs.frozen
class Withdraw:
    """Work this order no more. Answered with True where it has ended with that, False where `Ended` will tell. Refused:
    `not_found`, `unavailable`."""

    order_id: str


@attrs.frozen
class Working:
    """These orders, and no others, are to be worked: what the desk says when it or the broker has begun anew. Answered with
    the ids of those that the broker does not know any more and can't work (none, where it works what it is given)."""

    orders: tuple[Order, ...]


# ---- told the desk


@attrs.frozen
class BrokerUp:
    """A broker has begun, or is connected again, and wants to know what to work."""


@attrs.frozen
class Accepted:
    """The broker works an order under its own id."""

    order_id: str
    broker_order_id: str
    ts_us: int


@attrs.frozen
class Filled:
    """A piece of an order was executed. The same fill (`fill.id`) may be told again, and counts once."""

    fill: Fill


@attrs.frozen
class Ended:
    """An order came to an end without being filled: CANCELLED, REJECTED or EXPIRED."""

    order_id: str
    status: OrderStatus
    reason: str
    ts_us: int


@attrs.frozen
class Held:
    """What the broker says is held of a symbol."""

    symbol: str
    quantity: float
    avg_entry_price: float


@attrs.frozen
class Reported:
    """The broker's own books, against which the desk's are reconciled."""

    cash: float
    equity: float | None
    positions: tuple[Held, ...]
    ts_us: int

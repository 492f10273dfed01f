"""An order at work at the paper venue, and what it may be filled at. Pure."""

from __future__ import annotations

import attrs

from actors import Refused
from oracle.trading.ledger import DUST
from oracle.trading.order import Order, OrderType, Side

__all__ = ["STOPS", "Job", "job_of"]

_T = OrderType
STOPS = (_T.stop, _T.stop_limit)
"""Types that wait for the stop's price first."""


@attrs.define(eq=False)
class Job:
    """An order at work. `waits`: for its stop's price. `rests`: it was at work while nothing it may take was shown."""

    order: Order
    kind: OrderType
    placed_us: int
    at_us: int
    ends_us: int | None
    filled: float
    waits: bool
    begun: bool = False
    rests: bool = False

    @property
    def side(self) -> Side:
        """BUY or SELL."""
        return self.order.side

    @property
    def remaining(self) -> float:
        """What is not filled."""
        return self.order.quantity - self.filled

    @property
    def limit(self) -> float | None:
        """What it pays at most, or takes at least."""
        return self.order.limit_price if self.kind in (_T.limit, _T.stop_limit) else None

    def stopped_at(self, price: float | None) -> bool:
        """Whether a price is at its stop, or beyond."""
        stop = self.order.stop_price
        return price is not None and stop is not None and (price - stop) * self.side.sign >= 0

    def may_pay(self, price: float) -> bool:
        """Whether a price is its limit or better; any is, where it has none."""
        return self.limit is None or (self.limit - price) * self.side.sign >= 0


def job_of(order: Order, placed_us: int, at_us: int, ends_us: int | None) -> Job:
    """The work that an order is, from `at_us` on. A bracket's is its entry. Raises Refused `rejected` where it can't be done."""
    kind = order.order_type
    if kind is _T.bracket:
        kind = _T.market if order.limit_price is None else _T.limit
    _check(order, kind)
    # A stop that was filled in part has been set off before.
    waits = kind in STOPS and order.filled_quantity <= DUST
    return Job(order, kind, placed_us, at_us, ends_us, order.filled_quantity, waits)


def _check(order: Order, kind: OrderType) -> None:
    wanted = {"limit_price": kind in (_T.limit, _T.stop_limit), "stop_price": kind in STOPS}
    for name, needed in wanted.items():
        if needed and not (getattr(order, name) or 0) > 0:
            raise Refused(f"a {order.order_type} order needs a {name}", "rejected", {"order_id": order.id})
    if not order.remaining > DUST:
        raise Refused("there is nothing to fill", "rejected", {"order_id": order.id})

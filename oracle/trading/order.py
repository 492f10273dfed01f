"""An order as a value, which way its states lead, and what is asked of the desk."""

from __future__ import annotations

import enum
from typing import Any

import attrs

from actors import Refused
from oracle.model import ref

__all__ = ["MOVES", "NewOrder", "Order", "OrderStatus", "OrderType", "Side"]


class Side(enum.StrEnum):
    """BUY or SELL. A SELL of more than is held sells short, where that is allowed."""

    buy = "BUY"
    sell = "SELL"

    @property
    def sign(self) -> int:
        """1 for BUY, -1 for SELL."""
        return 1 if self is Side.buy else -1

    @property
    def other(self) -> Side:
        """The other one."""
        return Side.sell if self is Side.buy else Side.buy


class OrderType(enum.StrEnum):
    """What makes an order marketable. A BRACKET is an entry (a limit where `limit_price` is given, else a market order) whose
    fill puts out a stop at `stop_price` and a limit at `take_profit_price`, one of which cancels the other."""

    market = "MARKET"
    limit = "LIMIT"
    stop = "STOP"
    stop_limit = "STOP_LIMIT"
    bracket = "BRACKET"


class OrderStatus(enum.StrEnum):
    """Where an order is. PENDING waits for an approval; the last four are ends."""

    pending = "PENDING"
    submitted = "SUBMITTED"
    partially_filled = "PARTIALLY_FILLED"
    filled = "FILLED"
    cancelled = "CANCELLED"
    rejected = "REJECTED"
    expired = "EXPIRED"


_S = OrderStatus
MOVES: dict[OrderStatus, frozenset[OrderStatus]] = {
    _S.pending: frozenset({_S.submitted, _S.cancelled, _S.rejected, _S.expired}),
    _S.submitted: frozenset({_S.partially_filled, _S.filled, _S.cancelled, _S.rejected, _S.expired}),
    _S.partially_filled: frozenset({_S.partially_filled, _S.filled, _S.cancelled, _S.expired}),
    _S.filled: frozenset(),
    _S.cancelled: frozenset(),
    _S.rejected: frozenset(),
    _S.expired: frozenset(),
}


@attrs.frozen(kw_only=True)
class NewOrder:
    """What is wished for: `Command("submit", {"order": NewOrder})` asked of the desk. Prices are in the quote currency,
    `quantity` in shares or coins; `client_order_id` makes it idempotent; `time_in_force` is GTC or DAY (until the session's end).
    `signal_us` is when the strategy's signal was, None for an order made by hand."""

    symbol: str
    side: Side
    quantity: float
    order_type: OrderType = OrderType.market
    limit_price: float | None = None
    stop_price: float | None = None
    take_profit_price: float | None = None
    time_in_force: str = "GTC"
    strategy_name: str = ""
    signal_strength: float = 0.0
    signal_us: int | None = None
    client_order_id: str = ""
    metadata: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Order:
    """An order and what has become of it. `filled_price` is the mean of its fills, weighted by size; `expected_price` what was
    expected when it was taken (its limit, else the arrival mid); `arrival_price` the mid at arrival; `parent_id` is the bracket
    it belongs to; `reasons` say why it waits or was refused. Times are UTC microseconds."""

    id: str
    symbol: str
    side: Side = attrs.field(converter=Side)
    order_type: OrderType = attrs.field(converter=OrderType)
    quantity: float
    created_us: int
    updated_us: int
    limit_price: float | None = None
    stop_price: float | None = None
    take_profit_price: float | None = None
    time_in_force: str = "GTC"
    status: OrderStatus = attrs.field(default=OrderStatus.pending, converter=OrderStatus)
    strategy_name: str = ""
    signal_strength: float = 0.0
    signal_us: int | None = None
    client_order_id: str = ""
    broker_order_id: str = ""
    parent_id: str = ""
    by: str = ""
    filled_quantity: float = 0.0
    filled_price: float | None = None
    filled_us: int | None = None
    fees: float = 0.0
    expected_price: float | None = None
    arrival_price: float | None = None
    reasons: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    metadata: dict[str, Any] = attrs.field(factory=dict)

    @property
    def ref(self) -> str:
        """Its name on the board, where it is for as long as it is open."""
        return ref("order", self.id)

    @property
    def open(self) -> bool:
        """Whether something may become of it yet."""
        return bool(MOVES[self.status])

    @property
    def remaining(self) -> float:
        """What is not filled."""
        return self.quantity - self.filled_quantity

    def moved(self, to: OrderStatus, now_us: int, **facts: Any) -> Order:
        """The order in its next state. Raises Refused `illegal` where that does not follow."""
        if to not in MOVES[self.status]:
            allowed = sorted(MOVES[self.status])
            raise Refused(f"Order '{self.id}' is {self.status}, which can't become {to}", "illegal", {"allowed": allowed})
        return attrs.evolve(self, status=to, updated_us=now_us, **facts)

    def value(self) -> dict[str, Any]:
        """As it stands in States and events; `Order(**value)` reads it."""
        return {**attrs.asdict(self), "side": self.side.value, "order_type": self.order_type.value,
                "status": self.status.value, "reasons": list(self.reasons)}  # fmt: skip

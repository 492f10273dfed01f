"""The desk's books: how they are read from the board, and what an order's move or a fill writes into them. Pure.

What belongs together is one Step: it is committed as a whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from oracle.board import Board
from oracle.exchange_days import exchange_day
from oracle.model import Event, Severity, event_id
from oracle.trading.ledger import DUST, Account, ClosedTrade, Fill, Position, settle
from oracle.trading.order import Order, OrderStatus

__all__ = ["ACCOUNT", "SOURCE", "Books", "Step", "booked", "kept", "moved", "opened_account", "order_told", "with_fill"]

ACCOUNT = "account:desk"
SOURCE = "desk"
_S = OrderStatus
KIND = {
    _S.pending: "order_pending_approval", _S.submitted: "order_submitted", _S.partially_filled: "order_partially_filled",
    _S.filled: "order_filled", _S.cancelled: "order_cancelled", _S.rejected: "order_rejected", _S.expired: "order_expired",
}  # fmt: skip
_SEVERITY = {_S.rejected: Severity.medium, _S.pending: Severity.medium}


@attrs.frozen
class Step:
    """What is decided: values of states by ref (None: gone), and what tells of it."""

    states: dict[str, dict[str, Any] | None] = attrs.field(factory=dict)
    events: tuple[Event, ...] = ()

    def __add__(self, other: Step) -> Step:
        return Step({**self.states, **other.states}, self.events + other.events)


class Books:
    """The account, the positions and the open orders, as they are on the board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    @property
    def account(self) -> Account | None:
        """None before there is one."""
        value = self._board.get(ACCOUNT)
        return None if value is None else Account(**value)

    def position(self, symbol: str) -> Position | None:
        """What is held of a symbol."""
        value = self._board.get(f"position:{symbol}")
        return None if value is None else Position(**value)

    def positions(self) -> dict[str, Position]:
        """All that is held, by symbol."""
        held = [Position(**state.value) for state in self._board.kind("position") if state.value]
        return {one.symbol: one for one in held}

    def order(self, ident: str) -> Order | None:
        """An open order."""
        value = self._board.get(f"order:{ident}")
        return None if value is None else Order(**value)

    def orders(self) -> list[Order]:
        """The open orders, oldest first."""
        orders = [Order(**state.value) for state in self._board.kind("order") if state.value]
        return sorted(orders, key=lambda one: (one.created_us, one.id))


# ---- steps


def kept(order: Order) -> Step:
    """An order that has changed in nothing that others must be told."""
    return Step({order.ref: order.value()})


def moved(order: Order, cause: str = "") -> Step:
    """An order in its new status; one that has ended leaves the board."""
    return Step({order.ref: order.value() if order.open else None}, (order_told(order, cause),))


def opened_account(account: Account, positions: Iterable[Position], by: str, now_us: int) -> Step:
    """An account as it begins."""
    held = list(positions)
    states = {account.ref: attrs.asdict(account), **{one.ref: attrs.asdict(one) for one in held}}
    data = {"account": attrs.asdict(account), "positions": [attrs.asdict(one) for one in held], "by": by}
    summary = f"The account begins with {account.cash:,.2f} {account.currency} and {len(held)} positions, as said by {by}"
    kind = "account_opened"
    told = Event(event_id(kind, SOURCE, SOURCE, now_us), kind, SOURCE, SOURCE, Severity.low, summary, data, now_us)
    return Step(states, (told,))


def booked(account: Account, position: Position | None, fill: Fill, order: Order | None, late: bool) -> Step:
    """A fill in the books. `order` is the one it is of, None where nobody knows that one; `late`: it had ended."""
    after = settle(account, position, fill)
    held = None if after.position is None else attrs.asdict(after.position)
    events = [_fill_told(fill, order, late)]
    if after.closed is not None:
        events.append(_closed_told(after.closed))
    return Step({account.ref: attrs.asdict(after.account), f"position:{fill.symbol}": held}, tuple(events))


def with_fill(order: Order, fill: Fill, now_us: int) -> Order:
    """The order with one more fill. One that ended without it stays ended, but where it is filled now after all."""
    filled = order.filled_quantity + fill.quantity
    paid = (order.filled_price or 0.0) * order.filled_quantity + fill.price * fill.quantity
    facts: dict[str, Any] = {"filled_quantity": filled, "filled_price": paid / filled, "filled_us": fill.ts_us,
                             "fees": order.fees + fill.fee}  # fmt: skip
    to = _S.filled if order.quantity - filled <= DUST else _S.partially_filled
    if order.open:
        return order.moved(to, now_us, **facts)
    return attrs.evolve(order, updated_us=now_us, status=_S.filled if to is _S.filled else order.status, **facts)


# ---- what is told


def order_told(order: Order, cause: str = "") -> Event:
    """The Event that tells of an order's present status; it holds the whole order."""
    kind = KIND[order.status]
    ident = event_id(kind, order.symbol, SOURCE, order.updated_us, order.id, order.filled_quantity)
    why = f": {order.reasons[-1]}" if order.reasons else ""
    summary = f"{order.side} {order.quantity:g} {order.symbol} {order.order_type} is {order.status}{why}"
    return Event(ident, kind, order.symbol, SOURCE, _SEVERITY.get(order.status, Severity.low), summary, order.value(),
                 order.updated_us, cause)  # fmt: skip


def _fill_told(fill: Fill, order: Order | None, late: bool) -> Event:
    odd = "" if not late else " of an order that had ended" if order else " of an order that nobody knows"
    data = {**attrs.asdict(fill), "side": fill.side.value, "order_type": order.order_type.value if order else "", "late": late}
    summary = f"{fill.side} {fill.quantity:g} {fill.symbol} at {fill.price:g}{odd}"
    return Event(event_id("fill", fill.symbol, SOURCE, fill.ts_us, fill.id), "fill", fill.symbol, SOURCE,
                 Severity.medium if late else Severity.low, summary, data, fill.ts_us)  # fmt: skip


def _closed_told(trade: ClosedTrade) -> Event:
    opened, added, closed = (exchange_day(at_us) for at_us in (trade.opened_us, trade.added_us, trade.closed_us))
    more = {"side": trade.side.value, "pnl_pct": trade.pnl_pct, "is_day_trade": added == closed,
            "hold_duration_days": (closed - opened).days}  # fmt: skip
    summary = f"Closed {trade.quantity:g} {trade.symbol}: {trade.pnl:+,.2f} ({trade.pnl_pct:+.2f} %)"
    return Event(event_id("trade_closed", trade.symbol, SOURCE, trade.closed_us, trade.id), "trade_closed", trade.symbol, SOURCE,
                 Severity.low, summary, {**attrs.asdict(trade), **more}, trade.closed_us)  # fmt: skip

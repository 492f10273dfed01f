"""What the gate's word makes of a wish or of an order that waits. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from actors import Refused
from oracle.model import Event, Severity, event_id
from oracle.trading.bookkeeping import SOURCE, Step
from oracle.trading.expiry import expires_us
from oracle.trading.intake import expected, wished
from oracle.trading.ledger import DUST
from oracle.trading.order import NewOrder, Order, OrderStatus
from oracle.trading.risk.assessment import Action, Assessment, RiskView

__all__ = ["Gate", "View", "approved", "assessed", "breached", "must_wait", "priced", "refusal", "refused"]


Gate = Callable[[NewOrder, float | None, RiskView], Assessment]
"""What judges a wish at a price."""
View = Callable[[str], RiskView]
"""The desk as the rules see it now, without the open order of this id: one that is judged again does not count besides."""


def assessed(order: Order, word: Assessment) -> Order | None:
    """The new order as the gate lets it through: SUBMITTED, or PENDING where a human must say so; None where it does not."""
    if _is_no(word):
        return None
    metadata = {**order.metadata, "risk": word.metadata} if word.metadata else order.metadata
    order = attrs.evolve(order, quantity=word.quantity, reasons=word.reasons, metadata=metadata)
    return order if word.action is Action.human else _submitted(order, order.created_us)


def approved(order: Order, word: Assessment, price: float | None, by: str, now_us: int) -> Order:
    """An order that waited, after a human said yes: SUBMITTED at the present price, or REJECTED where the gate says no now."""
    if _is_no(word):
        return order.moved(OrderStatus.rejected, now_us, reasons=(*order.reasons, *word.reasons))
    more = [one for one in word.reasons if word.action is not Action.human and one not in order.reasons]
    order = attrs.evolve(order, quantity=min(word.quantity, order.quantity), arrival_price=price,
                         expected_price=expected(order, price), reasons=(*order.reasons, *more, f"approved by {by}"))
    return _submitted(order, now_us)


def priced(word: Assessment, symbol: str, price: float | None) -> Assessment:
    """The gate's word, where a price is known or none is needed, as by what only closes. Raises Refused `invalid` else."""
    entry, leaving = (word.metadata.get(name, 0.0) for name in ("entry", "exit"))
    if price is None and (entry or (not leaving and all(one.type == "price" for one in word.breaches))):
        raise Refused(f"no price of {symbol} is known", "invalid", {"field": "symbol"})
    return word


def must_wait(order: Order) -> None:
    """Raise Refused `illegal` unless the order waits for an approval."""
    if order.status is not OrderStatus.pending:
        raise Refused(f"Order '{order.id}' is {order.status}, and does not wait for an approval", "illegal",
                      {"status": order.status.value})  # fmt: skip


def refusal(reasons: Sequence[str]) -> Refused:
    """The gate's no, for who wished."""
    return Refused("; ".join(reasons) or "the risk gate says no", "rejected", {"reasons": list(reasons)})


def refused(wish: NewOrder, word: Assessment, by: str, now_us: int, salt: str, cause: str) -> Event:
    """The Event that tells of the gate's no."""
    order = {**wished(wish), "strategy_name": wish.strategy_name, "signal_strength": wish.signal_strength,
             "client_order_id": wish.client_order_id, "by": by}  # fmt: skip
    summary = f"{wish.side} {wish.quantity:g} {wish.symbol} was refused: {'; '.join(word.reasons)}"
    ident = event_id("order_refused", wish.symbol, SOURCE, now_us, salt)
    return Event(ident, "order_refused", wish.symbol, SOURCE, Severity.medium, summary,
                 {"order": order, "reasons": list(word.reasons)}, now_us, cause)  # fmt: skip


def breached(word: Assessment, now_us: int, salt: str) -> Step:
    """What tells of the rules that were broken."""
    return Step(events=tuple(
        Event(event_id("risk_breach", one.symbol or one.type, SOURCE, now_us, one.type, salt), "risk_breach",
              one.symbol or one.type, SOURCE, Severity(one.severity), one.reason, attrs.asdict(one), now_us)
        for one in word.breaches
    ))  # fmt: skip


def _is_no(word: Assessment) -> bool:
    return word.action is Action.reject or word.quantity <= DUST


def _submitted(order: Order, now_us: int) -> Order:
    due_us = expires_us(order.symbol, order.time_in_force, now_us)
    metadata = order.metadata if due_us is None else {**order.metadata, "expires_us": due_us}
    return order.moved(OrderStatus.submitted, now_us, metadata=metadata)

"""The gate every order goes through, in this order: kill switch, circuit breakers, limits, day trades, autonomy.

What an order takes from a position is its exit, what it adds is its entry; an order through zero has both. Breakers and limits
judge the entry alone. An exit is stopped by the kill switch, by the rule on day trades, and where nothing may be sent at all.
The most restrictive word wins; where the entry is refused and the exit is not, the exit is what remains.
"""

from __future__ import annotations

import attrs

from oracle.settings_trading import Risk
from oracle.trading.ledger import DUST
from oracle.trading.order import NewOrder
from oracle.trading.risk.assessment import Action, Assessment, Breach, RiskView
from oracle.trading.risk.autonomy import needs_human, sends_nothing
from oracle.trading.risk.entry import Entry, entry_of, price_of
from oracle.trading.risk.limits import broken, fitting, oversized
from oracle.trading.risk.pdt import day_trading

__all__ = ["RECHECKS", "assess"]

RECHECKS = 3
"""How often an order that was made smaller is looked at again."""


def assess(order: NewOrder, price: float | None, view: RiskView, risk: Risk) -> Assessment:
    """The gate's word on an order; `price` is the newest of its symbol, None where there is none. Never approves more than was
    wished for. `metadata`: price (what it was judged at), notional (of what may be ordered), entry and exit (quantities)."""
    at = price_of(order, price)
    entry = entry_of(order, at or 0.0, view)
    leaving = order.quantity - entry.quantity
    stops = [*_halted(view), *filter(None, [sends_nothing(view), day_trading(order, view, risk.pdt)])]
    entering, breaches = _entering(entry, view, risk)
    quantity = 0.0 if stops else leaving + entering
    reasons = [one.reason for one in (*stops, *breaches)]
    human = needs_human(view, entering * entry.price, risk.human_above_usd)
    if quantity > 0 and human:
        reasons.append(human)
    return Assessment(
        _action(quantity, order.quantity, human), quantity, tuple(reasons), (*stops, *breaches),
        {"price": at, "notional": None if at is None else quantity * at, "entry": 0.0 if stops else entering,
         "exit": 0.0 if stops else leaving},
    )  # fmt: skip


def _action(quantity: float, wished: float, human: str) -> Action:
    if quantity <= 0:
        return Action.reject
    if human:
        return Action.human
    return Action.reduce if quantity < wished - DUST else Action.approve


def _halted(view: RiskView) -> list[Breach]:
    if view.kill_reason is None:
        return []
    return [Breach("kill_switch", "critical", f"the kill switch is on: {view.kill_reason or 'no reason was given'}")]


def _entering(entry: Entry, view: RiskView, risk: Risk) -> tuple[float, list[Breach]]:
    """How much of the entry may be had, and what it broke."""
    if entry.quantity <= 0:
        return 0.0, []
    if entry.price <= 0:
        return 0.0, [Breach("price", "medium", f"{entry.symbol}: no price is known", entry.symbol)]
    breaches = [Breach(name, "high", f"circuit breaker {name}: {reason}") for name, reason in view.breakers.items()]
    for again in range(RECHECKS + 1):
        found = list(broken(entry, view, risk.limits))
        too_much = oversized(entry, view, risk.limits) if view.equity > 0 else None
        breaches += [*found, *([too_much] if too_much and not again else [])]
        if found or view.breakers:
            return 0.0, breaches
        if too_much is None:
            return entry.quantity, breaches
        entry = attrs.evolve(entry, quantity=fitting(entry, view, risk.limits))
        if entry.quantity <= 0:
            break
    return 0.0, breaches

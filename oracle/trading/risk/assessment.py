"""What the gate looks at, and what it says. All of it is of one instant."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs

from oracle.trading.ledger import Position

__all__ = ["Action", "Assessment", "Autonomy", "Breach", "RiskView"]


class Action(enum.StrEnum):
    """What becomes of a wish."""

    approve = "APPROVE"
    reject = "REJECT"
    human = "REQUIRE_HUMAN_APPROVAL"
    reduce = "REDUCE_SIZE"


class Autonomy(enum.StrEnum):
    """How much trading may do without a human: PAPER_ONLY approves all, and only a broker without real money takes its orders;
    MANUAL_APPROVAL has a human approve each order; BOUNDED_AUTONOMOUS those above a size; FULL_AUTONOMOUS none."""

    paper = "PAPER_ONLY"
    manual = "MANUAL_APPROVAL"
    bounded = "BOUNDED_AUTONOMOUS"
    full = "FULL_AUTONOMOUS"


@attrs.frozen
class Breach:
    """A rule that was broken: `type` names it (`max_position_pct`, `pdt`, `kill_switch`, a breaker's name)."""

    type: str
    severity: str  # low, medium, high, critical
    reason: str
    symbol: str = ""
    current_value: float | None = None
    limit_value: float | None = None


@attrs.frozen
class Assessment:
    """The gate's word on an order. `quantity` is what may be ordered: less than was wished for where it says REDUCE_SIZE."""

    action: Action
    quantity: float
    reasons: tuple[str, ...] = ()
    breaches: tuple[Breach, ...] = ()
    metadata: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class RiskView:
    """The desk as the rules see it.

    prices: newest known by symbol. sectors: by symbol, missing where unknown. reserved_cash: what open BUY orders may still
    take. pending_quantity: what open orders may still add to a position, by symbol, signed. pending_exits: what they may still
    take from one, by symbol, never negative; the legs of a bracket, which one close makes needless, are not in it.
    pending_orders: how many of them nothing was filled of yet. day_trades_used: in the rolling window. trades_today: orders
    that something was filled of today. kill_reason: why the kill switch is on, None where it is off. breakers: tripped ones by
    name, with their reason. shorting: whether more may be sold than is held.
    """

    now_us: int
    equity: float
    cash: float
    positions: Mapping[str, Position]
    prices: Mapping[str, float]
    sectors: Mapping[str, str] = attrs.field(factory=dict)
    reserved_cash: float = 0.0
    pending_quantity: Mapping[str, float] = attrs.field(factory=dict)
    pending_exits: Mapping[str, float] = attrs.field(factory=dict)
    pending_orders: int = 0
    day_trades_used: int = 0
    day_trades_known: bool = True
    trades_today: int = 0
    kill_reason: str | None = None
    breakers: Mapping[str, str] = attrs.field(factory=dict)
    autonomy: Autonomy = Autonomy.paper
    real_money: bool = False
    shorting: bool = True

    def price(self, symbol: str) -> float | None:
        """The newest known; of what is held without one, what it was bought at."""
        held = self.positions.get(symbol)
        return self.prices.get(symbol, held.avg_entry_price if held else None)

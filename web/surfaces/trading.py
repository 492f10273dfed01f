"""The desk in our own interface: what it trades with, what its gate would say of an order, and its books compared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from actors import Refused
from oracle.model import Command
from oracle.trading.risk.assessment import Breach
from oracle.trading.wiring import judged
from web.routes import Auth, Call, Family, Route, Scope
from web.rows import native_row
from web.surfaces.alpha_trades import OrderWish, field_named, wish_of

__all__ = ["ROUTES"]


@attrs.frozen
class DeskShown:
    """What the desk is set up as: the broker's `provider`, whether it is `real_money`, the symbols that strategies look at, the
    sector of each where it is known, and how long the kill switch stays on at least, in seconds."""

    provider: str
    real_money: bool
    universe: list[str]
    sectors: dict[str, str]
    kill_switch_cooldown_s: float


@attrs.frozen
class RuleBroken:
    """A rule that an order would break: `type` names it, `current_value` against `limit_value` where both are numbers."""

    type: str
    severity: str
    reason: str
    symbol: str
    current_value: float | None
    limit_value: float | None


@attrs.frozen
class OrderPreview:
    """The gate's word on an order that is not given: `action` APPROVE, REDUCE_SIZE, REQUIRE_HUMAN_APPROVAL or REJECT;
    `quantity` what would be ordered (0: nothing), at a `price` that makes a `notional`, both null where no price is known;
    `entry` and `exit`, how much of it opens and closes."""

    action: str
    quantity: float
    price: float | None
    notional: float | None
    entry: float
    exit: float
    reasons: list[str]
    breaches: list[RuleBroken]


@attrs.frozen
class Reconciled:
    """How the books differ from the broker's, or from the stored fills where the desk keeps them: `drift_pct` of the greatest
    difference, `cash_difference` in the account's currency, the `differences` by symbol."""

    drift_pct: float
    checked: datetime
    cash_difference: float
    differences: list[dict[str, Any]]


async def desk(call: Call) -> DeskShown:
    """What the desk trades with."""
    broker, trading, risk = (getattr(call.system.settings, name) for name in ("broker", "trading", "risk"))
    real = broker.provider == "ibkr" and broker.ibkr.real_money
    return DeskShown(broker.provider, real, list(trading.universe), dict(trading.sectors), risk.kill_switch_cooldown_s)


async def preview(call: Call) -> OrderPreview:
    """What would become of an order if it were given now. Nothing is ordered, and nothing is recorded."""
    wish = wish_of(call)
    try:
        word = judged(call.system, wish)
    except Refused as no:
        raise field_named(no, wish) from no
    facts = word.metadata
    return OrderPreview(
        word.action.value, word.quantity, facts.get("price"), facts.get("notional"), facts.get("entry", 0.0),
        facts.get("exit", 0.0), list(word.reasons), [_broken(one) for one in word.breaches],
    )  # fmt: skip


async def reconcile(call: Call) -> dict[str, Any]:
    """Compare the desk's books with the broker's now, as is done from time to time; on the stream it is
    `state:reconciliation:desk`. 503 until there are books to compare with."""
    report = await call.system.runtime.ask("desk", Command("reconcile", {}, call.who.name, call.command_id))
    return native_row(report)


def _broken(one: Breach) -> RuleBroken:
    return RuleBroken(**{field.name: getattr(one, field.name) for field in attrs.fields(RuleBroken)})


_OURS: dict[str, Any] = {"auth": Auth.token, "family": Family.error, "tag": "oracle"}
ROUTES = (
    Route("GET", "/api/oracle/desk", desk, scope=Scope.read, answer=DeskShown, **_OURS),
    Route("POST", "/api/oracle/desk/reconcile", reconcile, scope=Scope.operate, answer=Reconciled, refuses=(503, 504), **_OURS),
    Route("POST", "/api/oracle/orders/preview", preview, scope=Scope.read, body=OrderWish, answer=OrderPreview, asks=True,
          refuses=(503,), **_OURS),
)  # fmt: skip

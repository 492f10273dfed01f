"""How the desk's books differ from the broker's, or from what the stored fills make. Pure.

Drift of a position in percent: |ours - theirs| / max(|ours|, 1) x 100, and 100 where only one of both has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oracle.trading.ledger import DUST, Account, Position
from oracle.trading.rebuilt import Rebuilt
from oracle.trading.reports import Reported

__all__ = ["adopted", "drift_report", "is_news", "with_broker", "with_stored"]


TELL_US = 60_000_000


def adopted(told: Reported) -> tuple[Account, list[Position]]:
    """The broker's books as the desk's own. When its positions were opened nobody knows; they count as of the report, so that
    closing them on that day counts as a day trade."""
    positions = [
        Position(symbol=one.symbol, quantity=one.quantity, avg_entry_price=one.avg_entry_price, opened_us=told.ts_us,
                 added_us=told.ts_us)
        for one in told.positions if abs(one.quantity) > DUST
    ]  # fmt: skip
    worth = sum(one.worth(one.avg_entry_price) for one in positions)
    initial = told.equity if told.equity is not None else told.cash + worth
    return Account(initial_cash=initial, cash=told.cash), positions


def with_broker(account: Account, positions: Mapping[str, Position], told: Reported, now_us: int) -> dict[str, Any]:
    """How the books differ from what the broker reported."""
    theirs = {one.symbol: one.quantity for one in told.positions}
    return drift_report(_quantities(positions), theirs, account.cash - told.cash, now_us)


def with_stored(account: Account, positions: Mapping[str, Position], rebuilt: Rebuilt, now_us: int) -> dict[str, Any]:
    """How the books differ from what the stored fills make."""
    cash = account.cash - rebuilt.account.cash if rebuilt.account else 0.0
    return drift_report(_quantities(positions), _quantities(rebuilt.positions), cash, now_us)


def drift_report(ours: Mapping[str, float], theirs: Mapping[str, float], cash: float, now_us: int) -> dict[str, Any]:
    """State `reconciliation:desk`: drift_pct (of the position that drifts most), checked_us, cash_difference (ours minus
    theirs), and differences, each with symbol, ours, theirs and drift_pct. Quantities are by symbol."""
    differences = []
    for symbol in sorted({*ours, *theirs}):
        one, other = ours.get(symbol, 0.0), theirs.get(symbol, 0.0)
        drift_pct = _drift_pct(one, other)
        if drift_pct > 0:
            differences.append({"symbol": symbol, "ours": one, "theirs": other, "drift_pct": drift_pct})
    most = max((one["drift_pct"] for one in differences), default=0.0)
    return {"drift_pct": most, "checked_us": now_us, "cash_difference": cash, "differences": differences}


def is_news(report: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    """Whether a report says something else than the one before, or that is a minute old: brokers report every few seconds."""
    if before is None or report["checked_us"] - before["checked_us"] >= TELL_US:
        return True
    return any(report[name] != before[name] for name in ("drift_pct", "cash_difference", "differences"))


def _quantities(positions: Mapping[str, Position]) -> dict[str, float]:
    return {symbol: one.quantity for symbol, one in positions.items()}


def _drift_pct(ours: float, theirs: float) -> float:
    if abs(ours - theirs) <= DUST:
        return 0.0
    if abs(ours) <= DUST or abs(theirs) <= DUST:
        return 100.0
    return 100 * abs(ours - theirs) / max(abs(ours), 1.0)

"""How far two books differ. Pure.

Drift of a position in percent: |ours - theirs| / max(|ours|, 1) x 100, and 100 where only one of both has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oracle.trading.ledger import DUST

__all__ = ["drift_report"]


def drift_report(ours: Mapping[str, float], theirs: Mapping[str, float], cash: tuple[float, float], now_us: int) -> dict[str, Any]:
    """State `reconciliation:desk`: drift_pct (of the position that drifts most), checked_us, cash_difference (ours minus
    theirs), and differences, each with symbol, ours, theirs and drift_pct. Quantities by symbol; `cash` is (ours, theirs)."""
    differences = []
    for symbol in sorted({*ours, *theirs}):
        one, other = ours.get(symbol, 0.0), theirs.get(symbol, 0.0)
        drift_pct = _drift_pct(one, other)
        if drift_pct > 0:
            differences.append({"symbol": symbol, "ours": one, "theirs": other, "drift_pct": drift_pct})
    most = max((one["drift_pct"] for one in differences), default=0.0)
    return {"drift_pct": most, "checked_us": now_us, "cash_difference": cash[0] - cash[1], "differences": differences}


def _drift_pct(ours: float, theirs: float) -> float:
    if abs(ours - theirs) <= DUST:
        return 0.0
    if not ours or not theirs:
        return 100.0
    return 100 * abs(ours - theirs) / max(abs(ours), 1.0)

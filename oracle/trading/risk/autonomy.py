"""How much trading may do without a human, and how that is changed."""

from __future__ import annotations

from actors import Refused
from oracle.trading.risk.assessment import Autonomy, Breach, RiskView

__all__ = ["LADDER", "changed", "needs_human", "sends_nothing"]

LADDER = (Autonomy.paper, Autonomy.manual, Autonomy.bounded, Autonomy.full)
"""The modes, each with more freedom than the one before."""


def sends_nothing(view: RiskView) -> Breach | None:
    """Why no order may go out at all: in PAPER_ONLY none reaches a broker with real money."""
    if view.autonomy is not Autonomy.paper or not view.real_money:
        return None
    return Breach("autonomy", "high", "the autonomy is PAPER_ONLY, and the broker's money is real")


def needs_human(view: RiskView, entry_usd: float, human_above_usd: float) -> str:
    """Why a human must approve an order that puts in `entry_usd` (0 for one that only closes); empty where none needs to."""
    match view.autonomy:
        case Autonomy.manual:
            return "the autonomy is MANUAL_APPROVAL: a human approves each order"
        case Autonomy.bounded if entry_usd > human_above_usd:
            return f"it puts in {entry_usd:.2f} USD, and above {human_above_usd:g} a human approves"
    return ""


def changed(now: Autonomy, wish: str, confirmation: str = "") -> Autonomy:
    """The mode after a wish: down at once, up one step at a time, and to FULL_AUTONOMOUS with its name as `confirmation`.

    Raises Refused: `invalid` (no such mode, no confirmation), `conflict` (more than a step up; details: next).
    """
    if wish not in set(Autonomy):
        raise Refused(f"there is no autonomy '{wish}'", "invalid", {"modes": [mode.value for mode in LADDER]})
    to = Autonomy(wish)
    at, step = LADDER.index(now), LADDER.index(to) - LADDER.index(now)
    if step > 1:
        upper = LADDER[at + 1]
        raise Refused(f"autonomy is raised one step at a time: after {now} comes {upper}", "conflict", {"next": upper.value})
    if step == 1 and to is Autonomy.full and confirmation != to:
        raise Refused(f"to be confirmed by typing {to}", "invalid", {"confirmation": to.value})
    return to

"""What a strategist is given: whom it looks at, what it reads of, and what it may."""

from __future__ import annotations

import attrs

from oracle.board import Board
from oracle.model import Event, Finding, event_id
from oracle.settings_trading import Risk, Trading
from oracle.trading.ml.model_file import ModelFile
from oracle.trading.strategy_past import PastOf

__all__ = ["Plan", "is_enabled"]


def is_enabled(board: Board, name: str) -> bool:
    """Whether a strategy may open and close positions; it may until somebody switches it off."""
    return bool((board.get(f"switch:strategy:{name}") or {}).get("on", True))


@attrs.frozen(eq=False)
class Plan:
    """`model_file` only where the strategy learns."""

    name: str
    board: Board
    past: PastOf
    trading: Trading
    risk: Risk
    model_file: ModelFile | None = None

    @property
    def symbols(self) -> tuple[str, ...]:
        """The universe."""
        return self.trading.universe

    def drift_event(self, finding: Finding) -> Event:
        """The event that tells of a drift."""
        source = f"strategy:{self.name}"
        ident = event_id(finding.kind, finding.subject, source, finding.ts_us, finding.cause)
        return Event(ident, finding.kind, finding.subject, source, finding.severity, finding.summary, finding.data, finding.ts_us)

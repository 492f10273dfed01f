"""Which results of backtests strategies are ranked by: like with like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from oracle.border import structure
from oracle.problems import Invalid
from oracle.runs import Run, Status
from oracle.trading.backtest.ask import Wish
from oracle.trading.backtest.result import DAY_US
from oracle.trading.roster import Listed, made

__all__ = ["FRESH_US", "Standing", "learns", "standing"]

FRESH_US = DAY_US
"""A result older than this is due to be made anew."""


@attrs.frozen
class Standing:
    """The newest result of a strategy that counts, and the run that makes a newer one; each None where there is none."""

    listed: Listed
    newest: Run | None
    under_way: Run | None

    def due(self, now_us: int) -> bool:
        """Whether a run has to be started."""
        fresh = self.newest is not None and now_us - (self.newest.finished_us or 0) < FRESH_US
        return not fresh and self.under_way is None

    @property
    def awaited(self) -> Run | None:
        """The run that somebody who wants the ranking waits for: the first of a strategy that is through in seconds."""
        return self.under_way if self.newest is None and not learns(self.listed) else None


def standing(listed: Listed, runs: Iterable[Run], first_us: int) -> Standing:
    """How a strategy stands. What counts: as it is set up now, with the sizing, the gate and the universe it has live, over all
    that is stored from `first_us` until the run itself. So strategies are compared over the same days."""
    mine = [run for run in runs if run.params.get("strategy") == listed.name and _counts(run, first_us)]
    ended = [run for run in mine if run.status is Status.completed and run.result is not None
             and run.result["metadata"]["params"] == listed.table]  # fmt: skip
    newest = max(ended, key=lambda run: run.finished_us or 0, default=None)
    return Standing(listed, newest, next((run for run in mine if not run.over), None))


def learns(listed: Listed) -> bool:
    """Whether a strategy trains itself on the way, which takes minutes over all that is stored. Raises Invalid."""
    return hasattr(made(listed.kind, listed.table), "lesson")


def _counts(run: Run, first_us: int) -> bool:
    wish = _wish(run.params)
    return wish is not None and wish.plain and wish.start_us <= first_us and wish.end_us >= run.created_us - DAY_US


def _wish(params: dict[str, Any]) -> Wish | None:
    try:
        return structure(Wish, params)
    except Invalid:  # of another version
        return None

"""A backtest of a strategy as a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from oracle.border import structure
from oracle.history import Queries
from oracle.runs import Pace, Work
from oracle.settings import Settings
from oracle.trading.backtest.ask import Wish, checked
from oracle.trading.backtest.job import StrategyJob
from oracle.trading.roster import roster

__all__ = ["KIND", "strategy_work"]

KIND = "strategy_backtest"


def strategy_work(queries: Queries, settings: Settings, now_us: Callable[[], int]) -> Work:
    """The work of runs of the kind `strategy_backtest`, whose parameters are those of a Wish."""
    known = roster(settings.strategies)

    async def work(params: dict[str, Any], pace: Pace) -> tuple[dict[str, Any], Sequence[Any]]:
        ask = checked(structure(Wish, params), known, now_us())
        symbols = ask.wish.symbols or tuple(dict.fromkeys(settings.trading.universe))
        job = StrategyJob(queries, ask, symbols, settings.broker.paper, settings.trading, settings.risk, now_us(), pace)
        return await job.run()

    return work

"""What jobs do: the one kind of run `job`, whose parameter `job` says which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors import NobodyOwns, Refused, Runtime
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.history import Queries
from oracle.model import Command
from oracle.runs import Pace, Work
from oracle.schedule.briefing import briefing
from oracle.schedule.daily_bars import daily_bars
from oracle.schedule.jobs import JOBS
from oracle.settings_trading import Risk, Trading

__all__ = ["UNAVAILABLE", "job_work", "retrain"]

UNAVAILABLE = "unavailable: "
"""How the outcome of a job begins that could not be done for want of something."""

LEARNER = "strategy:MLSignalStrategy"
TRAINING_S = 1_800.0


def job_work(board: Board, queries: Queries, runtime: Runtime, trading: Trading, risk: Risk) -> Work:
    """The work of every job. Its result has an `outcome`: done, or unavailable and why."""
    works: dict[str, Work] = {
        "daily_bars": daily_bars(trading.universe, queries, runtime),
        "daily_briefing": briefing(board, queries, runtime, trading.sectors, risk.limits),
        "weekly_retrain": retrain(runtime),
    }

    async def work(params: dict[str, Any], pace: Pace) -> tuple[dict[str, Any], Sequence[Any]]:
        name = str(params.get("job", ""))
        if name not in JOBS:
            raise Refused(f"there is no job {name!r}", "not_found", {"job": name})
        return await works.get(name, _without_source)(params, pace)

    return work


def retrain(runtime: Runtime) -> Work:
    """Has the strategy that learns train anew; its answer, if it is an object, is the result."""

    async def work(params: dict[str, Any], pace: Pace) -> tuple[dict[str, Any], Sequence[Any]]:
        try:
            answer = await runtime.ask(LEARNER, Command("retrain", {}, "scheduler"), TRAINING_S)
        except NobodyOwns:
            return {"outcome": f"{UNAVAILABLE}no strategy MLSignalStrategy is at work"}, []
        except NOT_NOW as no:
            return {"outcome": f"{UNAVAILABLE}{no}"}, []
        return {"outcome": "done", **(answer if isinstance(answer, dict) else {})}, []

    return work


async def _without_source(params: dict[str, Any], pace: Pace) -> tuple[dict[str, Any], Sequence[Any]]:
    return {"outcome": f"{UNAVAILABLE}no source configured"}, []

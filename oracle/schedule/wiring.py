"""How the scheduler comes to be: from its settings, beside the runs."""

from __future__ import annotations

from actors import Child
from oracle.board import Board
from oracle.schedule.jobs import JOBS, crons
from oracle.schedule.scheduler import Scheduler
from oracle.settings import Scheduler as Times

__all__ = ["scheduler_child"]


def scheduler_child(board: Board, times: Times) -> Child:
    """The actor `scheduler`; not enabled, it starts what it is asked to and nothing else."""
    wanted = crons(times.timezone, times.jobs) if times.enabled else dict.fromkeys(JOBS)
    return Child("scheduler", lambda: Scheduler(board, wanted))

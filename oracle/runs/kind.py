"""What there is to know of a kind of run: who works it off, how many at once, and what becomes of one that was cut off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs

from oracle.model import Message
from oracle.runs.pace import Pace
from oracle.runs.run import Run, Status

__all__ = ["Kind", "Work"]

Work = Callable[[dict[str, Any], Pace], Awaitable[tuple[dict[str, Any], Sequence[Any]]]]
"""Does the work of one run: gets the parameters and the pace it goes by; gives a summary and the rows of the result.
Raises Refused where it can't be done."""


def _nobody(run: Run) -> Work | None:
    return None


def _always() -> bool:
    return True


def _nothing(run: Run, now_us: int) -> Sequence[Message]:
    return ()


@attrs.frozen
class Kind:
    """`work_of` a run: its work; None where it is worked off by whoever claims it (`claim`), or reports of it.

    `pool` names the places to work at, of which a run with work needs one while it is running or paused; empty: it needs none.
    `begins`: whether it is queued at once or waits to be started. `again`: one that was at work when the process ended is queued
    anew, and its work finds in `pace.run` what was recorded; else it has failed, `interrupted`. `patient`: one that had not begun
    by then waits on for its place; else it has failed too. `last_words`: what is said in its
    conversation as it ends by itself, in the same commit. `timely`: whether those that wait for a time begin by themselves as
    things are. `shared`: those that are claimed need a place of the pool too, and are not handed out before there is one."""

    work_of: Callable[[Run], Work | None] = _nobody
    pool: str = ""
    begins: Status = Status.queued
    again: bool = False
    patient: bool = False
    last_words: Callable[[Run, int], Sequence[Message]] = _nothing
    timely: Callable[[], bool] = _always
    shared: bool = False

    @classmethod
    def of(cls, work: Work, pool: str) -> Kind:
        """A kind all of whose runs have the same work."""
        return cls(lambda run: work, pool)

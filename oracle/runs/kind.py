"""What there is to know of a kind of run: who works it off, how many at once, and what becomes of one that was cut off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs

from oracle.runs.pace import Pace
from oracle.runs.run import Status

__all__ = ["Kind", "Work"]

Work = Callable[[dict[str, Any], Pace], Awaitable[tuple[dict[str, Any], Sequence[Any]]]]
"""Does the work of one run: gets the parameters and the pace it goes by; gives a summary and the rows of the result.
Raises Refused where it can't be done."""


@attrs.frozen
class Kind:
    """Without `work` its runs are worked off by whoever claims them (`claim`), or reports of them.

    `pool` names the places to work at, of which a run needs one while it is running or paused; empty: it needs none. `begins`:
    whether it is queued at once or waits to be started. `again`: a run that was at work when the process ended is queued anew,
    and its work finds in `pace.run` what was recorded; else it has failed, `interrupted`."""

    work: Work | None = None
    pool: str = ""
    begins: Status = Status.queued
    again: bool = False

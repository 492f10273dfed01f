"""Runs on a board and in a file, for tests of what reads both."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import attrs

from actors import Published, open_runtime, trio_clock
from oracle.board import Board
from oracle.history import Store, inline
from oracle.runs.records import RunRecords
from oracle.runs.run import OVER, Run, Status, value_of

T0_US = 1_790_000_040_000_000
MINUTE_US = 60_000_000


@attrs.frozen(eq=False)
class Kept:
    """A board, a file, and the records over both."""

    board: Board
    store: Store
    records: RunRecords

    def put(self, *runs: Run, fallen: bool = False) -> None:
        """Store the rows of those that are over, and have the board say them, unless they have `fallen` off it."""
        over = [run.row() for run in runs if run.over]
        if over:
            self.rows(*over)
        for run in runs:
            if not (run.over and fallen):
                self.board.put(run.ref, value_of(run), T0_US)

    def rows(self, *messages: Any) -> None:
        """Store messages as a commit does."""
        self.store.write([Published(-1, T0_US, "", message) for message in messages])


def run(ident: str, status: str = "running", kind: str = "experiment", at_us: int = T0_US, **more: Any) -> Run:
    """A run that was created at `at_us`, and ended a minute later if it is over."""
    given = {"params": {"n": 1}, "name": f"Run {ident}", "started_us": at_us + 1}
    if Status(status) in OVER:
        given |= {"finished_us": at_us + MINUTE_US, "duration_s": 60.0}
    return Run(id=ident, kind=kind, created_us=at_us, status=status, **{**given, **more})


@asynccontextmanager
async def kept(folder, now_us: int = T0_US + MINUTE_US, keep_days: int = 365):
    """Records whose time is `now_us`."""
    store = Store(folder)
    store.open()
    store.begin("first", T0_US)
    try:
        async with open_runtime(clock=trio_clock(T0_US)) as rt:
            board = Board(rt.bus)
            yield Kept(board, store, RunRecords(board, store, lambda: now_us, keep_days, inline))
    finally:
        store.close()

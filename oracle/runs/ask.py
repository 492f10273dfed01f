"""Asking a run for something, whether it is at work or over."""

from __future__ import annotations

from typing import Any, Protocol

import trio

from actors import NobodyOwns, Refused, Runtime
from oracle.board import Board
from oracle.model import Command
from oracle.receipts import Receipts
from oracle.runs.run import Run, Status, run_of

__all__ = ["Records", "ask_run", "until_begun"]


class Records(Protocol):
    """Who knows every run."""

    async def one(self, ident: str) -> Run | None:
        """The run of that id, None where there is none."""


async def ask_run(runtime: Runtime, records: Records, ident: str, verb: str, args: dict[str, Any], by: str = "local",
                  command_id: str = "", timeout_s: float = 5.0, receipts: Receipts | None = None) -> Any:  # fmt: skip
    """What `run:IDENT` answers. Raises Refused `not_found`; `illegal` for one that is over, unless it is a report of the status
    that it has, or a command that `receipts` know to be carried out; and what the run refuses, and what an ask raises."""
    try:
        return await runtime.ask(f"run:{ident}", Command(verb, args, by, command_id), timeout_s)
    except NobodyOwns:
        run = await records.one(ident)
    if run is None:
        raise Refused(f"Run '{ident[:64]}' not found", "not_found", {"id": ident[:64]})
    if not run.over:
        raise Refused(f"Run '{ident}' is being taken in", "unavailable", {"id": ident})
    if receipts is not None and receipts.applied(command_id):
        return run
    if verb == "report" and args.get("status") in (None, str(run.status)) and not args.get("event"):
        return run
    raise Refused(f"Run '{ident}' is {run.status}", "illegal", run.allowed)


async def until_begun(runtime: Runtime, board: Board, run: Run, within_s: float) -> Run:
    """A run that is queued, as it is once it is at work or after so many seconds."""
    moved = trio.Event()

    def look(_: Any) -> None:
        value = board.get(run.ref)
        if value is None or value["status"] != Status.queued:
            moved.set()

    subscription = runtime.listen(f"state:{run.ref}", look)
    look(None)
    with trio.move_on_after(within_s):
        await moved.wait()
    subscription.cancel()
    value = board.get(run.ref)
    return run if value is None else run_of(value)

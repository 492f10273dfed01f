"""Asking a run for something, whether it is at work or over."""

from __future__ import annotations

from typing import Any, Protocol

from actors import NobodyOwns, Refused, Runtime
from oracle.model import Command
from oracle.receipts import Receipts
from oracle.runs.run import Run

__all__ = ["Records", "ask_run"]


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
        raise Refused(f"Run '{ident}' not found", "not_found", {"id": ident})
    if not run.over:
        raise Refused(f"Run '{ident}' is being taken in", "unavailable", {"id": ident})
    if receipts is not None and receipts.applied(command_id):
        return run
    if verb == "report" and args.get("status") in (None, str(run.status)) and not args.get("event"):
        return run
    raise Refused(f"Run '{ident}' is {run.status}", "illegal", run.allowed)

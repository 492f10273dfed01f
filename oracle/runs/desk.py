"""The actor that keeps runs: takes them in, works one off after the other, and remembers what became of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import attrs
import trio

from actors import Actor, Refused
from oracle.board import Board
from oracle.history import Commit
from oracle.model import Command, Event, Severity, event_id
from oracle.receipts import Receipts
from oracle.runs.run import Run, Status
from oracle.runs.shelf import Shelf

__all__ = ["Runs", "Work"]

MOST_QUEUED = 16
MOST_KEPT = 200  # runs that are over; the oldest go with their results
REPORT_S = 0.5  # progress reaches the board no more often than this

Report = Callable[[float], None]
Work = Callable[[dict[str, Any], Report], Awaitable[tuple[dict[str, Any], Sequence[Any]]]]
"""Does the work of one kind: gets the parameters and whom to tell how far it is; gives a summary and the rows of the result.
Raises Refused where it can't be done."""


class Runs(Actor):
    """`runs`. Asked `Command("start", {"kind", "params"})` or `("cancel", {"id"})`; answers with the Run, once it is committed.

    Refused: `not_found`, `illegal`, `full` (16 are queued already), `unavailable`. A Command with an id starts one run, however
    often it is sent. What was queued or running when the process ended has failed, `interrupted`.
    """

    def __init__(self, board: Board, receipts: Receipts, shelf: Shelf, kinds: Mapping[str, Work]) -> None:
        self._board = board
        self._receipts = receipts
        self._shelf = shelf
        self._kinds = kinds
        self._news = trio.Event()
        self._scope: trio.CancelScope | None = None
        self._now: str | None = None  # the run in work
        self._told_s = 0.0
        self._pen = trio.Lock()  # a run that is called off as it ends has one end

    async def start(self) -> None:
        """Own up to what was cut off, and begin to work."""
        for run in self._all():
            if not run.over:
                await self._store(run.moved(Status.failed, self.now_us(), error="interrupted: the process ended"))
        self.helper(self._work_off)

    async def receive(self, command: Command) -> Run:
        """Take in a run, or call one off."""
        match command.verb:
            case "start":
                return await self._take_in(command)
            case "cancel":
                return await self._call_off(str(command.args["id"]))
            case verb:
                raise Refused(f"runs can't be asked to {verb}", "unknown_verb", {"verb": verb})

    async def _take_in(self, command: Command) -> Run:
        kind, now_us = command.args["kind"], self.now_us()
        salt = command.id or f"{now_us} {len(self._all())}"
        run = Run(f"{kind}_{event_id('run', kind, salt, 0)[4:16]}", kind, command.args["params"], now_us)
        if (known := self._find(run.id)) is not None:
            return known  # the same command again
        if sum(one.status is Status.queued for one in self._all()) >= MOST_QUEUED:
            raise Refused(f"{MOST_QUEUED} runs are waiting already", "full")
        await self._forget()
        told = Event(event_id("run_started", run.ref, "runs", now_us, salt), "run_queued", run.ref, "runs", Severity.low,
                     f"{run.id} was queued by {command.by}", {"by": command.by}, now_us, command.id)  # fmt: skip
        await self._store(run, told)
        self._receipts.note_applied(command.id)
        self.publish(told)
        self._news.set()
        return run

    async def _call_off(self, ident: str) -> Run:
        async with self._pen:
            run = self._find(ident)
            if run is None:
                raise Refused(f"Run '{ident}' not found", "not_found", {"id": ident})
            called_off = run.moved(Status.cancelled, self.now_us())
            await self._store(called_off)
        if self._now == ident and self._scope is not None:
            self._scope.cancel()
        return called_off

    async def _work_off(self) -> None:
        while True:
            self._news = trio.Event()
            waiting = next((run for run in self._all() if run.status is Status.queued), None)
            if waiting is None:
                await self._news.wait()
                continue
            self._now = waiting.id
            with trio.CancelScope() as self._scope:
                await self._work(waiting)
            self._now = self._scope = None

    async def _work(self, queued: Run) -> None:
        async with self._pen:
            if (self._find(queued.id) or queued).over:
                return
            run = queued.moved(Status.running, self.now_us())
            await self._store(run)
        try:
            summary, rows = await self._kinds[run.kind](run.params, lambda done: self._note(run.id, done))
            await trio.to_thread.run_sync(self._shelf.put, run.id, rows)
        except Refused as no:
            progress = (self._find(run.id) or run).progress
            end = run.moved(Status.failed, self.now_us(), error=no.reason, progress=progress)
        else:
            end = run.moved(Status.completed, self.now_us(), result=summary, progress=1.0)
        async with self._pen:
            if not (self._find(run.id) or run).over:  # it may have been called off meanwhile
                await self._store(end)

    def _note(self, ident: str, done: float) -> None:
        run = self._find(ident)
        if run is not None and not run.over and trio.current_time() - self._told_s >= REPORT_S:
            self._told_s = trio.current_time()
            self._board.put(run.ref, _value(attrs.evolve(run, progress=round(done, 4))), self.now_us())

    async def _store(self, run: Run, *more: Event) -> None:
        draft = self._board.draft(run.ref, _value(run), self.now_us())
        await self.ask("history", Commit((draft, *more)))
        self._board.apply(draft)

    async def _forget(self) -> None:
        for run in [one for one in self._all() if one.over][: -MOST_KEPT or None]:
            draft = self._board.draft(run.ref, None, self.now_us())
            await self.ask("history", Commit((draft,)))
            self._board.apply(draft)
            await trio.to_thread.run_sync(self._shelf.drop, run.id)

    def _all(self) -> list[Run]:
        return sorted((_run(state.value) for state in self._board.kind("run") if state.value), key=lambda run: run.created_us)

    def _find(self, ident: str) -> Run | None:
        value = self._board.get(f"run:{ident}")
        return None if value is None else _run(value)


def _value(run: Run) -> dict[str, Any]:
    return {**attrs.asdict(run), "status": run.status.value}


def _run(value: dict[str, Any]) -> Run:
    return Run(**value)

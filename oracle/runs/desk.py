"""The actor that keeps runs: takes them in, works one off after the other, and remembers what became of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import trio

from actors import Actor, Refused, Reply
from oracle.board import Board
from oracle.commit import NOT_NOW, committed
from oracle.history import Commit
from oracle.model import Command, Event, Severity, State, event_id
from oracle.receipts import Receipts
from oracle.runs.pace import Pace
from oracle.runs.run import MOVES, Run, Status
from oracle.runs.shelf import Shelf

__all__ = ["Runs", "Work"]

MOST_QUEUED = 16
MOST_KEPT = 200  # runs that are over; the oldest go with their results
REPORT_S = 0.5  # progress reaches the board no more often than this

COMMIT_TIMEOUT_S = 4.0  # less than the asker waits
VERBS = {"pause": ("paused", Status.paused), "resume": ("resumed", Status.running), "cancel": ("cancelled", Status.cancelled)}

Work = Callable[[dict[str, Any], Pace], Awaitable[tuple[dict[str, Any], Sequence[Any]]]]
"""Does the work of one kind: gets the parameters and the pace it goes by; gives a summary and the rows of the result.
Raises Refused where it can't be done."""


class Runs(Actor):
    """`runs`. Asked `Command("start", {"kind", "params"})`, or "pause", "resume" or "cancel" with `{"id"}`; answers with the Run,
    once it is committed, and after a pause once its work has come to a halt too, or is not paused any more.

    Work comes to a halt where it awaits its turn, after the piece it is at. A run that is paused keeps its place: those behind it
    wait until it is over. One whose work was at its last piece is completed when it is resumed.

    Refused: `not_found`, `illegal`, `full` (16 are queued already), `unavailable`. A Command with an id is carried out once,
    however often it is sent; the answer is the run as it is then. What was queued, running or paused when the process ended has
    failed, `interrupted`.
    """

    def __init__(self, board: Board, receipts: Receipts, shelf: Shelf, kinds: Mapping[str, Work]) -> None:
        self._board = board
        self._receipts = receipts
        self._shelf = shelf
        self._kinds = kinds
        self._news = trio.Event()
        self._scope = trio.CancelScope()
        self._pace = Pace()
        self._now: str | None = None  # the run in work, which these two are of
        self._told_s = 0.0
        self._pen = trio.Lock()  # a run that is called off as it ends has one end

    async def start(self) -> None:
        """Own up to what was cut off, and begin to work."""
        for run in self._all():
            if not run.over:
                await self._record(run.moved(Status.failed, self.now_us(), error="interrupted: the process ended"))
        self.helper(self._work_off)

    async def receive(self, command: Command) -> Run:
        """Take in a run, or move one on."""
        if command.verb == "start":
            return await self._take_in(command)
        if command.verb not in VERBS:
            raise Refused(f"runs can't be asked to {command.verb}", "unknown_verb", {"verb": command.verb})
        run = await self._move(command)
        if run.status is Status.paused and not self._pace.halted:
            self.helper(self._answer_halted, self.reply_later(), run, self._pace)
        return run

    async def _take_in(self, command: Command) -> Run:
        kind, now_us = command.args["kind"], self.now_us()
        salt = command.id or f"{now_us} {len(self._all())}"
        run = Run(f"{kind}_{event_id('run', kind, salt, 0)[4:16]}", kind, command.args["params"], now_us)
        if (known := self._find(run.id)) is not None:
            return known  # the same command again
        if sum(one.status is Status.queued for one in self._all()) >= MOST_QUEUED:
            raise Refused(f"{MOST_QUEUED} runs are waiting already", "full")
        await self._forget()
        told = self._told("queued", run, command)
        await self._store(run, told)
        self._receipts.note_applied(command.id)
        self.publish(told)
        self._news.set()
        return run

    async def _move(self, command: Command) -> Run:
        ident = str(command.args.get("id", ""))
        async with self._pen:
            run = self._find(ident)
            if run is None:
                raise Refused(f"Run '{ident}' not found", "not_found", {"id": ident})
            if self._receipts.applied(command.id):
                return run
            what, to = VERBS[command.verb]
            moved, told = run.moved(to, self.now_us()), self._told(what, run, command)
            await self._store(moved, told)
            self._receipts.note_applied(command.id)
            self.publish(told)
            if self._now == ident:
                self._heed(to)
        return moved

    def _heed(self, to: Status) -> None:
        match to:
            case Status.paused:
                self._pace.hold()
            case Status.running:
                self._pace.resume()
            case _:
                self._scope.cancel()

    def _told(self, what: str, run: Run, command: Command) -> Event:
        now_us, kind = self.now_us(), f"run_{what}"
        ident = event_id(kind, run.ref, "runs", 0 if command.id else now_us, command.id)
        summary = f"{run.id} was {what} by {command.by}"
        return Event(ident, kind, run.ref, "runs", Severity.low, summary, {"by": command.by}, now_us, command.id)

    async def _answer_halted(self, reply: Reply, run: Run, pace: Pace) -> None:
        await pace.halt()
        reply.answer(self._find(run.id) or run)

    async def _work_off(self) -> None:
        while True:
            self._news = trio.Event()
            waiting = next((run for run in self._all() if run.status is Status.queued), None)
            if waiting is None:
                await self._news.wait()
                continue
            self._pace = Pace(partial(self._note, waiting.id))
            self._now = waiting.id
            with trio.CancelScope() as self._scope:
                await self._work(waiting)
            self._now = None
            self._pace.resume()  # for those who wait until it halts, which it did in another way

    async def _work(self, queued: Run) -> None:
        async with self._pen:
            run = self._find(queued.id) or queued
            if run.over:
                return
            await self._record(run.moved(Status.running, self.now_us()))
        try:
            summary, rows = await self._kinds[run.kind](run.params, self._pace)
            if rows:
                await trio.to_thread.run_sync(self._shelf.put, run.id, rows)
        except Refused as no:
            await self._end(run.id, Status.failed, error=no.reason)
        else:
            await self._end(run.id, Status.completed, result=summary, progress=1.0)

    async def _end(self, ident: str, status: Status, **facts: Any) -> None:
        """What came of the work, unless it was called off meanwhile; one that is paused is not completed before it goes on."""
        while True:
            async with self._pen:
                run = self._find(ident)
                if run is None or run.over:
                    return
                if status in MOVES[run.status]:
                    await self._record(run.moved(status, self.now_us(), **facts))
                    return
            await self._pace.turn()

    def _note(self, ident: str, done: float) -> None:
        run = self._find(ident)
        if run is None or run.over or self._pen.locked():  # what is being committed must not be followed by what was before
            return
        if trio.current_time() - self._told_s >= REPORT_S:
            self._told_s = trio.current_time()
            self._board.put(run.ref, _value(attrs.evolve(run, progress=round(done, 4))), self.now_us())

    async def _store(self, run: Run, *more: Event) -> None:
        await self._commit(self._draft(run), *more)

    async def _record(self, run: Run) -> None:
        """Put in force what is so, once it is committed, however long that takes."""
        draft = self._draft(run)
        await committed(self, (draft,))
        self._board.apply(draft)

    async def _commit(self, draft: State, *more: Event) -> None:
        """Put in force what was asked for, once it is committed. Raises Refused `unavailable`."""
        try:
            await self.ask("history", Commit((draft, *more)), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            raise Refused(f"runs can't be stored now: {no}", "unavailable") from no
        self._board.apply(draft)

    async def _forget(self) -> None:
        for run in [one for one in self._all() if one.over][: -MOST_KEPT or None]:
            await self._commit(self._board.draft(run.ref, None, self.now_us()))
            await trio.to_thread.run_sync(self._shelf.drop, run.id)

    def _draft(self, run: Run) -> State:
        return self._board.draft(run.ref, _value(run), self.now_us())

    def _all(self) -> list[Run]:
        return sorted((_run(state.value) for state in self._board.kind("run") if state.value), key=lambda run: run.created_us)

    def _find(self, ident: str) -> Run | None:
        value = self._board.get(f"run:{ident}")
        return None if value is None else _run(value)


def _value(run: Run) -> dict[str, Any]:
    return {**attrs.asdict(run), "status": run.status.value}


def _run(value: dict[str, Any]) -> Run:
    return Run(**value)

"""The actor that takes runs in, gives each an actor of its own, and hands work to those who claim it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import attrs
import msgspec
import trio

from actors import Actor, Lifecycle, NameTaken, NobodyOwns, Refused, Reply
from oracle.commit import NOT_NOW, committed, stored
from oracle.model import Command, Event, Message, State, event_id
from oracle.runs.actor import run_child
from oracle.runs.ask import Records, ask_run
from oracle.runs.claimed import BRIEF
from oracle.runs.crew import CREW, Crew
from oracle.runs.kept import told
from oracle.runs.left import after_cut_off, owned_up
from oracle.runs.numbers import numbered
from oracle.runs.run import Run, Status, run_of, value_of

__all__ = ["Runs"]

MOST_LIVE = 50_000  # runs that are not over
FORWARDED = frozenset({"begin", "pause", "resume", "stop", "cancel"})
GIVEN = ("name", "owner", "agent", "model", "session", "conversation", "source", "facts", "not_before_us")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Runs(Actor):
    """`runs`. Asked Commands, answers with the Run once it is committed:

    start `{kind, params}` and what GIVEN names, an `id` of the asker's or `numbered` (a prefix: exp_ gives exp_001), and messages
    that are stored with it (`also`); claim `{kind, agent, worker, lease_s}`: the run that has waited longest for somebody to work
    it off, or None; begin, pause, resume, stop, cancel `{id, reason}`: as `run:ID` is asked; amend `{id, changes, facts}` of one
    that is over.

    Refused: `not_found`, `illegal`, `exists` (another run has that id), `full`, `unavailable`, and what the gate of the crew
    refuses. A Command with an id is carried out once, however often it is sent; the answer is the run as it is then. What was at
    work when the process ended is queued anew or has failed, `interrupted`, as its kind says; what others work off goes on.
    """

    listens = (f"life:{CREW}",)

    def __init__(self, crew: Crew, records: Records) -> None:
        self.crew = crew
        self.records = records
        self._taking: dict[str, trio.Event] = {}  # by id, those that are on their way to the disk

    async def start(self) -> None:
        """Look after what the process before this one left behind, and have an actor for each that is not over."""
        runs = sorted((run_of(state.value) for state in self.crew.board.kind("run") if state.value), key=lambda r: r.created_us)
        if self.crew.epoch != self.runtime.epoch:
            await self._look_after(runs)
            self.crew.epoch = self.runtime.epoch
            for run in [one for one in runs if one.over]:
                for gone in self.crew.keep(run, self.now_us()):
                    await trio.to_thread.run_sync(self.crew.shelf.drop, gone)
        self._begin_all()

    def _begin_all(self) -> None:
        """Have an actor for each that is not over, as far as it has none."""
        live = [state.value for state in self.crew.board.kind("run") if state.value]
        runs = sorted((run for run in map(run_of, live) if not run.over), key=lambda run: run.created_us)
        self.crew.live = len(runs)
        for run in runs:
            self.crew.seat(run)  # before those that wait for a place get in line
        for run in runs:
            self._begin(run)

    async def receive(self, command: Command | Lifecycle) -> Any:
        """Take in a run, or hand one on."""
        if isinstance(command, Lifecycle):
            if command.what == "started":  # their supervisor anew, without anybody below it
                self._begin_all()
            return None
        match command.verb:
            case "start":
                return await self._take_in(command)
            case "claim":
                self._later(self._claim, command)
            case "amend":
                return await self._amend(command)
            case verb if verb in FORWARDED:
                self._later(self._forward, command)
            case verb:
                raise Refused(f"runs can't be asked to {verb}", "unknown_verb", {"verb": verb})
        return None

    def _later(self, work: Callable[[Command], Awaitable[Any]], command: Command) -> None:
        """Answer when it is done; others are answered meanwhile."""
        self.helper(self._answer, work, command, self.reply_later())

    async def _answer(self, work: Callable[[Command], Awaitable[Any]], command: Command, reply: Reply) -> None:
        try:
            reply.answer(await work(command))
        except NOT_NOW as no:
            reply.fail(no)

    # ---- new ones

    async def _take_in(self, command: Command) -> Run | None:
        args, now_us = command.args, self.now_us()
        if args["kind"] not in self.crew.kinds:
            raise Refused(f"there is no kind of run {args['kind']!r}", "invalid", {"kind": args["kind"]})
        ident, number = self._named(command)
        if ident in self._taking:
            self._later(partial(self._take_in_after, ident), command)
            return None
        if (known := await self._known(ident, args, number is None)) is not None:
            return known
        kind = self.crew.kinds[args["kind"]]
        run = Run(ident, args["kind"], args["params"], now_us, status=kind.begins, **{n: args[n] for n in GIVEN if n in args})
        if run.not_before_us is not None:
            run = attrs.evolve(run, status=Status.created)
        self._has_room(run)
        self.crew.admit(run)
        event = told(str(run.status), run, command, now_us)
        if not command.id:  # asked for again, because nobody knows whether it was stored, it has begun once all the same
            event = msgspec.structs.replace(event, id=event_id(event.kind, run.ref, "runs", 0))
        also = tuple(args.get("also", ()))
        if number is not None:
            await self._store(run, (event, *also), number)
            return run
        self.crew.live += 1
        self._taking[run.id] = trio.Event()
        self.helper(self._answer_stored, self.reply_later(), run, (event, *also), command.id)
        return None

    async def _take_in_after(self, ident: str, command: Command) -> Run:
        """One of that id was on its way to the disk when this was asked: as it is by now, or the same refusal for both."""
        if (taking := self._taking.get(ident)) is not None:
            await taking.wait()
        known = await self._known(ident, command.args)
        if known is None:
            raise Refused(f"Run '{ident}' could not be stored now", "unavailable", {"id": ident})
        return known

    async def _answer_stored(self, reply: Reply, run: Run, rows: tuple[Any, ...], command_id: str) -> None:
        try:
            await self._store(run, rows, None, command_id)
        except Refused as no:
            self.crew.live -= 1
            reply.fail(no)
        else:
            reply.answer(run)
        finally:
            self._taking.pop(run.id).set()

    def _named(self, command: Command) -> tuple[str, State | None]:
        """The id it is to have, and the count of its kind of names where it is numbered."""
        args, board = command.args, self.crew.board
        if (given := args.get("id")) is not None:
            if not _ID.fullmatch(given):
                raise Refused("an id has 1 to 64 letters, digits and any of _ . -", "invalid", {"id": given[:64]})
            return given, None
        if (prefix := args.get("numbered")) is not None:
            return numbered(board, prefix, command, self.now_us())
        salt = command.id or f"{self.now_us()} {self.runtime.bus.offset} {self.crew.live}"
        return f"{args['kind']}_{event_id('run', args['kind'], salt, 0)[4:16]}", None

    async def _known(self, ident: str, args: dict[str, Any], asked: bool = True) -> Run | None:
        """The run of that id, if it is the same one asked for again. Raises Refused `exists`."""
        value, named = self.crew.board.get(f"run:{ident}"), args.get("id") or args.get("numbered")
        known = run_of(value) if value is not None else await self.records.one(ident) if asked and named else None
        if known is not None and (known.kind, known.params) != (args["kind"], args["params"]):
            raise Refused(f"Run '{ident}' exists, and is another one", "exists", {"id": ident})
        return known

    def _has_room(self, run: Run) -> None:
        pool = self.crew.pool_of(run)
        if pool is not None and run.status is Status.queued and pool.waiting >= pool.most_waiting:
            raise Refused(f"{pool.most_waiting} runs are waiting already", "full")
        if self.crew.live >= MOST_LIVE:
            raise Refused(f"{MOST_LIVE} runs are not over yet", "full")

    async def _store(self, run: Run, rows: tuple[Any, ...], number: State | None, command_id: str = "") -> None:
        board = self.crew.board
        draft = board.draft(run.ref, value_of(run), self.now_us())
        await stored(self, (draft, *rows, *((number,) if number else ())), "runs")
        self.crew.receipts.note_applied(command_id)
        if number is not None:
            self.crew.live += 1
            board.apply(number)
        for message in rows[1:]:
            self.publish(message)
        board.apply(draft)
        self.publish(rows[0])
        self._begin(run)

    def _begin(self, run: Run) -> None:
        if (pool := self.crew.pool_of(run)) is not None and run.status is Status.queued:
            pool.join(run.id)  # here, so that it is in the order in which they came
        try:
            self.runtime.add(run_child(run.id, self.crew), under=CREW)
        except NameTaken:
            return  # from a former life of this desk
        except NobodyOwns:
            return  # the house is ending; the next start finds it

    # ---- those there are

    async def _forward(self, command: Command) -> Run:
        ident = str(command.args.get("id", ""))
        run: Run = await ask_run(self.runtime, self.records, ident, command.verb, command.args, command.by, command.id,
                                 receipts=self.crew.receipts)  # fmt: skip
        return run

    async def _claim(self, command: Command) -> Run | None:
        args = command.args
        if self.crew.receipts.applied(command.id):  # the answer was lost, and the run would be until its lease ends
            return self._newest_of(args["kind"], args["worker"])
        for ident, run in list(self.crew.claimable.items()):
            if run.kind != args["kind"] or (args.get("agent") and run.agent != args["agent"]) or not self.crew.begins(run):
                continue
            if ident not in self.crew.claimable:
                continue  # somebody else had it in between
            if (places := self.crew.places_of(run)) is not None and not places.take(ident):
                return None
            del self.crew.claimable[ident]
            try:
                claimed: Run = await self.ask(run.ref, command)
            except NobodyOwns:
                self._unseated(run)
                continue  # it was called off as we came
            except NOT_NOW as no:
                self._unseated(run)
                if isinstance(no, Refused) and no.code == "illegal":
                    continue
                self.crew.claimable[ident] = run  # if it is claimed all the same, the next who comes hears that
                self.crew.claimable.move_to_end(ident, last=False)
                raise
            if claimed.worker == args["worker"]:
                return claimed
        return None

    def _unseated(self, run: Run) -> None:
        """It has the place of what it is now, not of who wanted it."""
        self.crew.seat(run_of(self.crew.board.get(run.ref) or value_of(run)))

    def _newest_of(self, kind: str, worker: str) -> Run | None:
        """The run that a worker began with last and has not ended."""
        values = [state.value for state in self.crew.board.kind("run") if state.value]
        mine = [value for value in values if (value["kind"], value["worker"], value["status"]) == (kind, worker, Status.running)]
        return run_of(max(mine, key=lambda value: value["started_us"] or 0)) if mine else None

    async def _amend(self, command: Command) -> Run:
        """Facts and numbers of a run that is over, as a further row of it."""
        ident, changes = str(command.args.get("id", "")), command.args.get("changes", {})
        run = await self.records.one(ident)
        if run is None:
            raise Refused(f"Run '{ident[:64]}' not found", "not_found", {"id": ident[:64]})
        if not run.over:
            raise Refused(f"Run '{ident}' is {run.status}: report to it", "illegal", run.allowed)
        if strange := changes.keys() - BRIEF:
            raise Refused(f"a run that is over keeps its {', '.join(sorted(strange))}", "invalid", {"changes": sorted(strange)})
        facts = {**run.facts, **command.args.get("facts", {})}
        fresh = attrs.evolve(run, **changes, facts=facts, revision=run.revision + 1)
        now_us = self.now_us()
        event, draft = told("amended", fresh, command, now_us), self.crew.board.draft(run.ref, value_of(fresh), now_us)
        on_board = self.crew.board.get(run.ref) is not None
        await stored(self, (fresh.row(), event, *((draft,) if on_board else ())), "runs")
        self.crew.receipts.note_applied(command.id)
        if on_board:
            self.crew.board.apply(draft)
        for message in (event, *self.crew.spend(fresh, (fresh.cost_usd or 0.0) - (run.cost_usd or 0.0))):
            self.publish(message)
        return fresh

    # ---- what was left behind

    async def _look_after(self, runs: list[Run]) -> None:
        """Of those that were at work here, have some begun anew, and own up to the others."""
        now_us, drafts = self.now_us(), []
        rows: list[Any] = []
        for run in runs:
            after = run if run.over else after_cut_off(run, self.crew, now_us)
            if after is run:
                continue
            drafts.append(self.crew.board.draft(run.ref, value_of(after), now_us))
            rows.append(owned_up(after, now_us))
            if after.over:
                rows.append(after.row())
                rows += self.crew.kinds[run.kind].last_words(after, now_us) if run.kind in self.crew.kinds else ()
        if drafts:
            await committed(self, (*drafts, *rows))
            for draft in drafts:
                self.crew.board.apply(draft)
            for row in rows:
                if isinstance(row, Event | Message):
                    self.publish(row)

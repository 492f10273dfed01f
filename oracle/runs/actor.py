"""The actor of one run: moves it on, has its work done, and hears who works it off elsewhere."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import attrs

from actors import Child, Refused, Reply
from oracle.model import Command
from oracle.runs.crew import Crew
from oracle.runs.kept import told
from oracle.runs.pace import RunPace
from oracle.runs.run import Run, Status
from oracle.runs.worked import WorkedRun

__all__ = ["RunActor", "run_child"]

AGAIN_S = 5.0
LONGEST_WAIT_S = 3_600.0  # a sleeping machine's timers stand still, and its clock does not
MOVES = {"stop": Status.stopped, "cancel": Status.cancelled, "begin": Status.queued}
SINCE = {"begin": Status.created, "resume": Status.paused}  # what is queued or goes on otherwise is not asked to
SAID = {"begin": "queued", "pause": "paused", "resume": "resumed", "stop": "stopped", "cancel": "cancelled"}
_BRIEF = frozenset({"result", "error", "cost_usd", "input_tokens", "output_tokens", "duration_s", "model", "name", "agent",
                    "conversation", "session", "reason", "progress", "attempts"})  # fmt: skip


@attrs.frozen
class _Look:
    """It may be time: to begin, or to give up on a worker."""


def run_child(ident: str, crew: Crew) -> Child:
    """The spec of `run:ID`, whose State is on the board."""
    return Child(f"run:{ident}", lambda: RunActor(ident, crew), restart="transient", grace_s=1.0)


class RunActor(WorkedRun):
    """`run:ID`, the one writer of the State of that name. Asked Commands: begin, pause, resume, stop, cancel `{reason}`; claim
    and heartbeat `{worker, lease_s}`; report, output, samples, input (see each). Answers with the Run once it is committed; a
    pause of own work once that has come to a halt too, or is not paused any more; what ends the work once that has ended.

    Work comes to a halt where it awaits its turn, after the piece it is at. A run that is paused keeps its place. One whose work
    was at its last piece is completed when it is resumed. A worker elsewhere is asked to pause (`requested`), and says when it
    has. Refused: `illegal` with what is `allowed`, `conflict` for a worker that has lost it, `unavailable`. A Command with an id
    is carried out once, however often it is sent.
    """

    async def start(self) -> None:
        """Get in line, or go on waiting for its worker; work that a former life of this actor was at is lost."""
        run = self._run
        if run.over:
            self.finish()
        elif self._work is not None and (run.status is Status.running or (run.status is Status.paused and not self._again)):
            await self._lost("interrupted: its actor ended")
        else:
            self._line_up()
            self._wait()

    async def receive(self, message: Any) -> Any:
        """A command, or time that has passed."""
        match message:
            case _Look():
                await self._look()
            case Command(verb="pause"):
                return await self._pause(message)
            case Command(verb="begin" | "resume" | "stop" | "cancel"):
                return await self._move(message)
            case Command(verb="claim"):
                return await self._claim(message)
            case Command(verb="heartbeat"):
                self._check(message)
                return self._run
            case Command(verb="report"):
                return await self._report(message)
            case Command(verb="output"):
                return await self._output(message)
            case Command(verb="samples"):
                for sample in message.args["samples"]:
                    self.publish(sample)
            case Command(verb="input"):
                return await self._hear(message)
            case Command(verb=verb):
                raise Refused(f"runs can't be asked to {verb}", "unknown_verb", {"verb": verb})
        return None

    # ---- moved on by its users

    async def _move(self, command: Command) -> Run:
        async with self._pen:
            run = self._run
            if self.crew.receipts.applied(command.id):
                return run
            to = MOVES.get(command.verb) or (Status.queued if self._halted_before else Status.running)
            facts = {"worker": "", "lease_until_us": None} if to is Status.queued else {}
            if (since := SINCE.get(command.verb, run.status)) is not run.status:
                raise Refused(f"Run '{run.id}' is {run.status}, not {since}", "illegal", run.allowed)
            moved = run.moved(to, self.now_us(), reason=str(command.args.get("reason", "")), not_before_us=None, **facts)
            await self._store(moved, told(SAID[command.verb], moved, command, self.now_us()), command_id=command.id)
            self._line_up()
        if moved.over and self._working is not None:
            self._scope.cancel()
            await self._working.wait()
        elif to is Status.running:
            self._pace.resume()
        return self._run

    async def _pause(self, command: Command) -> Run:
        async with self._pen:
            run, reason = self._run, str(command.args.get("reason", ""))
            if self.crew.receipts.applied(command.id):
                moved = run
            elif self._work is None and run.worker and run.status is Status.running:
                moved = attrs.evolve(run, requested=str(Status.paused), reason=reason)
                await self._store(moved, told("pause_requested", moved, command, self.now_us()), command_id=command.id)
            else:
                moved = run.moved(Status.paused, self.now_us(), reason=reason)
                await self._store(moved, told("paused", moved, command, self.now_us()), command_id=command.id)
                self._pace.hold()
        if moved.status is Status.paused and self._working is not None and not self._pace.halted:
            self.helper(self._answer_halted, self.reply_later(), self._pace)
        return moved

    async def _answer_halted(self, reply: Reply, pace: RunPace) -> None:
        await pace.halt()
        reply.answer(self._run)

    async def _hear(self, command: Command) -> Run:
        text = str(command.args["text"])
        async with self._pen:
            if self._run.status is Status.waiting:
                moved = self._run.moved(Status.running, self.now_us())
                await self._store(moved, told("resumed", moved, command, self.now_us()), command_id=command.id)
        self._say([("user_input", text)])
        await self._stored()
        self._words.append(text)
        self._spoken.set()
        return self._run

    # ---- work of others

    async def _claim(self, command: Command) -> Run:
        async with self._pen:
            worker, now_us = str(command.args["worker"]), self.now_us()
            run = self._run
            if self._work is not None or (run.status is Status.running and run.worker == worker):
                return run  # asked again; one that is worked off here is nobody's to claim
            lease_s = float(command.args.get("lease_s") or self.crew.runs.lease_s)
            moved = run.moved(Status.running, now_us, worker=worker, lease_until_us=now_us + int(lease_s * 1e6), lease_s=lease_s,
                              attempts=run.attempts + 1)  # fmt: skip
            self.crew.claimable.pop(run.id, None)
            await self._store(moved, told("running", moved, command, now_us, f"{worker} began to work {run.id} off"),
                              command_id=command.id)  # fmt: skip
            self._wait()
        return self._run

    def _check(self, command: Command) -> None:
        """Prolong the lease of who has it. Raises Refused `conflict` for another worker, `illegal` where nobody may have one."""
        worker = str(command.args.get("worker", ""))
        run = self._run
        if worker and worker != run.worker:
            raise Refused(f"Run '{run.id}' is not worked off by {worker}", "conflict",
                          {"worker": run.worker, "status": str(run.status)})  # fmt: skip
        if run.lease_until_us is not None:
            lease_s = float(command.args.get("lease_s") or run.lease_s or self.crew.runs.lease_s)
            until_us = max(run.lease_until_us, self.now_us() + int(lease_s * 1e6))
            self._run = attrs.evolve(run, lease_until_us=until_us, lease_s=lease_s)

    async def _report(self, command: Command) -> Run:
        """`{worker, status, progress, changes, facts, event, samples, also}`: all of it in one commit. What depends on how the
        run is then, `decide` gives of it and the time, as further arguments, or None for nothing; it raises Refused."""
        args = command.args
        self._check(command)
        async with self._pen:
            run, now_us = self._run, self.now_us()
            if "decide" in args and not self.crew.receipts.applied(command.id):
                if (decided := args["decide"](run, now_us)) is None:
                    return run
                args = {**args, **decided}
            to = Status(args["status"]) if args.get("status") else run.status
            if self.crew.receipts.applied(command.id) or (run.over and to is run.status):
                return run
            changes = {name: value for name, value in args.get("changes", {}).items() if name in _BRIEF}
            if args.get("progress") is not None:
                changes["progress"] = args["progress"]
            changes["facts"] = {**run.facts, **args.get("facts", {})}
            fresh = attrs.evolve(run, **changes) if to is run.status and not run.over else run.moved(to, now_us, **changes)
            if fresh.over:
                fresh = attrs.evolve(fresh, worker="", lease_until_us=None)
            events = [told(str(to), fresh, command, now_us)] if to is not run.status else []
            if args.get("event"):
                what, summary, data = args["event"]
                events.insert(0, told(what, fresh, command, now_us, summary, data))
            elif command.id and not events:
                events.append(told("changed", fresh, command, now_us))
            await self._store(fresh, *events, also=args.get("also", ()), samples=args.get("samples", ()), command_id=command.id)
            self._line_up()
        return self._run

    async def _output(self, command: Command) -> dict[str, int]:
        """`{worker, pieces, first}`: `first` is the number of the first piece, where its worker counts them; those that are known
        are not put out again. Answered when they are on disk."""
        self._check(command)
        if self._run.over:
            raise Refused(f"Run '{self._run.id}' is {self._run.status}", "illegal", self._run.allowed)
        pieces, known = [(str(s), str(t)) for s, t in command.args["pieces"]], self._put.pieces
        first = command.args.get("first")
        if first is not None and first > known + 1:
            raise Refused(f"piece {known + 1} of run '{self._run.id}' comes next", "conflict", {"next": known + 1})
        self._say(pieces if first is None else pieces[known + 1 - first :])
        self.helper(self._answer_stored, self.reply_later(), self._put.pieces)
        return {"chunks": self._put.pieces}

    async def _answer_stored(self, reply: Reply, pieces: int) -> None:
        try:
            await self._stored()
        except Refused as no:
            reply.fail(no)
        else:
            reply.answer({"chunks": pieces})

    async def _look(self) -> None:
        """Begin, if it waited for a time that has come; give up on a worker that is not heard any more."""
        run, now_us = self._run, self.now_us()
        if run.status is Status.created and run.not_before_us is not None and now_us >= run.not_before_us:
            await self._begin_in_time()
            return
        if run.lease_until_us is not None and not run.over and now_us >= run.lease_until_us:
            await self._lost(f"lost: {run.worker} was not heard any more")
        self._wait()

    async def _begin_in_time(self) -> None:
        """It is time; where it can't begin now it is looked at again."""
        if self.crew.kinds[self._run.kind].timely():
            with suppress(Refused):
                await self._move(Command("begin", {"reason": "it was time"}, "scheduler"))
        if self._run.status is Status.created:
            self.after(AGAIN_S, _Look())

    def _wait(self) -> None:
        run = self._run
        due_us = run.not_before_us if run.status is Status.created else run.lease_until_us
        if due_us is not None and not run.over:
            self.after(min(LONGEST_WAIT_S, max(0.0, (due_us - self.now_us()) / 1e6)), _Look())

    async def _lost(self, why: str) -> None:
        """Nobody is at work for it any more: have it begun anew where that makes sense, and has not been tried too often."""
        async with self._pen:
            run, now_us, by = self._run, self.now_us(), Command("requeue", by="runs")
            anew = (self._work is None or self._again) and run.attempts < self.crew.runs.attempts
            if run.status is Status.queued or run.over:
                return
            if not anew:
                await self._close(run.moved(Status.failed, now_us, error=why, worker="", lease_until_us=None))
                return
            moved = run.moved(Status.queued, now_us, reason=why, worker="", lease_until_us=None)
            await self._record(moved, told("requeued", moved, by, now_us, f"{run.id} is queued again, {why}"))
            self._line_up()

"""The actor of one run: moves it on, has its work done, and hears who works it off elsewhere."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import attrs

from actors import Child, Refused, Reply
from oracle.model import Command
from oracle.runs.claimed import ClaimedRun, Look
from oracle.runs.crew import Crew
from oracle.runs.kept import told
from oracle.runs.pace import RunPace
from oracle.runs.run import Run, Status

__all__ = ["RunActor", "run_child"]

AGAIN_S = 5.0
MOVES = {"stop": Status.stopped, "cancel": Status.cancelled, "begin": Status.queued}
FROM = {"begin": Status.created, "resume": Status.paused}  # the table has further ways there, which are not these
SAID = {"begin": "queued", "pause": "paused", "resume": "resumed", "stop": "stopped", "cancel": "cancelled"}


def run_child(ident: str, crew: Crew) -> Child:
    """The spec of `run:ID`, whose State is on the board."""
    return Child(f"run:{ident}", lambda: RunActor(ident, crew), restart="transient", grace_s=1.0)


class RunActor(ClaimedRun):
    """`run:ID`, the one writer of the State of that name. Asked Commands: begin, pause, resume, stop, cancel `{reason}`; claim
    and heartbeat `{worker, lease_s}`; report, output, samples, input (see each). Answers with the Run once it is committed; a
    pause of own work once that has come to a halt too, or is not paused any more; what ends the work once that has ended.

    Work comes to a halt where it awaits its turn, after the piece it is at. A run that is paused keeps its place. One whose work
    was at its last piece is completed when it is resumed. A worker elsewhere is asked to pause (`requested`), and says when it
    has; one that is lost then leaves its run paused, which is queued when it is resumed. Refused: `illegal` with what is
    `allowed`, `conflict` for a worker that has lost it, `unavailable`. A Command with an id is carried out once, however often
    it is sent.
    """

    async def start(self) -> None:
        """Get in line, or go on waiting for its worker; work that a former life of this actor was at is lost."""
        run = self._run
        at_work = run.status in (Status.running, Status.waiting) or (run.status is Status.paused and not self._again)
        if run.over:
            self.finish()
        elif self._work is not None and at_work:
            await self._lost("interrupted: its actor ended")
        else:
            if run.lease_until_us is not None:  # the board does not know when its worker was last heard
                until_us = self.now_us() + int((run.lease_s or self.crew.runs.lease_s) * 1e6)
                self._run = attrs.evolve(run, lease_until_us=max(run.lease_until_us, until_us))
            self._line_up()
            self._wait()

    async def receive(self, message: Any) -> Any:
        """A command, or time that has passed."""
        match message:
            case Look():
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
            moved = self._moved(run, command)
            await self._store(moved, told(SAID[command.verb], moved, command, self.now_us()), command_id=command.id)
            self._line_up()
        await self._go_by(moved)
        return self._run

    def _moved(self, run: Run, command: Command) -> Run:
        """The run as its user wants it. Raises Refused `illegal`."""
        verb = command.verb
        said: dict[str, Any] = {"reason": str(command.args.get("reason", "")), "not_before_us": None}
        if verb == "resume" and run.requested and not run.over:  # its worker has not paused yet, and need not
            return attrs.evolve(run, requested="", **said)
        if verb in FROM and run.status is not FROM[verb]:
            raise Refused(f"Run '{run.id}' is {run.status}, not {FROM[verb]}", "illegal", run.allowed)
        deserted = self._work is None and not run.worker and run.attempts > 0
        to = MOVES.get(verb) or (Status.queued if self._halted_before or deserted else Status.running)
        if to is Status.queued:
            said |= {"worker": "", "lease_until_us": None}
        return run.moved(to, self.now_us(), **said)

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
            self._takes_more()
            if self._run.status is Status.waiting:
                moved = self._run.moved(Status.running, self.now_us())
                await self._store(moved, told("resumed", moved, command, self.now_us()), command_id=command.id)
        self._say([("user_input", text)])
        await self._stored()
        return self._run

    # ---- as time passes

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
            self.after(AGAIN_S, Look())

    async def _lost(self, why: str) -> None:
        """Nobody is at work for it any more: have it begun anew where that makes sense, and has not been tried too often."""
        async with self._pen:
            run, now_us, by = self._run, self.now_us(), Command("requeue", by="runs")
            anew = (self._work is None or self._again) and run.attempts < self.crew.runs.attempts
            if run.status is Status.queued or run.over:
                return
            if run.worker and (run.status is Status.paused or run.requested):  # nobody is to go on with it yet
                held = run if run.status is Status.paused else run.moved(Status.paused, now_us)
                held = attrs.evolve(held, reason=why, worker="", lease_until_us=None)
                await self._record(held, told("paused", held, by, now_us, f"{run.id} is paused, {why}"))
                return
            if not anew:
                await self._close(run.moved(Status.failed, now_us, error=why, worker="", lease_until_us=None))
                return
            moved = run.moved(Status.queued, now_us, reason=why, worker="", lease_until_us=None)
            await self._record(moved, told("requeued", moved, by, now_us, f"{run.id} is queued again, {why}"))
            self._line_up()

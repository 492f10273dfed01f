"""A run that is worked off elsewhere: claimed with a lease, heard of, reported of, and put out."""

from __future__ import annotations

import attrs

from actors import Refused, Reply
from oracle.model import Command
from oracle.runs.kept import told
from oracle.runs.run import OVER, Run, Status
from oracle.runs.worked import WorkedRun

__all__ = ["BRIEF", "ClaimedRun", "Look"]

LONGEST_WAIT_S = 3_600.0  # a sleeping machine's timers stand still, and its clock does not
BRIEF = frozenset({"result", "error", "cost_usd", "input_tokens", "output_tokens", "duration_s", "model", "name", "agent",
                   "conversation", "session", "reason", "progress", "attempts"})  # fmt: skip
"""What a report may change."""


@attrs.frozen
class Look:
    """It may be time: to begin, or to give up on a worker."""


class ClaimedRun(WorkedRun):
    """What its worker asks of it, wherever that is; and what anybody may report of it."""

    async def _claim(self, command: Command) -> Run:
        async with self._pen:
            worker, now_us = str(command.args["worker"]), self.now_us()
            run = self._run
            if self._work is not None or (run.status is Status.running and run.worker == worker):
                return run  # asked again; one that is worked off here is nobody's to claim
            if run.status is not Status.queued:
                raise Refused(f"Run '{run.id}' is {run.status}, not {Status.queued}", "illegal", run.allowed)
            lease_s = float(command.args.get("lease_s") or self.crew.runs.lease_s)
            moved = run.moved(Status.running, now_us, worker=worker, lease_until_us=now_us + int(lease_s * 1e6), lease_s=lease_s,
                              attempts=run.attempts + 1)  # fmt: skip
            await self._store(moved, told("running", moved, command, now_us, f"{worker} began to work {run.id} off"),
                              command_id=command.id)  # fmt: skip
            self.crew.claimable.pop(run.id, None)
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
        if self.crew.receipts.applied(command.id):
            return self._run
        self._check(command)
        async with self._pen:
            run, now_us = self._run, self.now_us()
            if "decide" in args:
                if (decided := args["decide"](run, now_us)) is None:
                    return run
                args = {**args, **decided}
            to = Status(args["status"]) if args.get("status") else run.status
            if run.over and to is run.status:
                return run
            self._may_say(run, to)
            changes = {name: value for name, value in args.get("changes", {}).items() if name in BRIEF}
            if args.get("progress") is not None:
                changes["progress"] = args["progress"]
            changes["facts"] = {**run.facts, **args.get("facts", {})}
            fresh = attrs.evolve(run, **changes) if to is run.status and not run.over else run.moved(to, now_us, **changes)
            if fresh.over or fresh.status is Status.queued:
                fresh = attrs.evolve(fresh, worker="", lease_until_us=None)
            events = [told(str(to), fresh, command, now_us)] if to is not run.status else []
            if args.get("event"):
                what, summary, data = args["event"]
                events.insert(0, told(what, fresh, command, now_us, summary, data))
            elif command.id and not events:
                events.append(told("changed", fresh, command, now_us))
            await self._store(fresh, *events, also=args.get("also", ()), samples=args.get("samples", ()), command_id=command.id)
            self._line_up()
        if fresh.over:
            await self._go_by(fresh)
        return self._run

    def _may_say(self, run: Run, to: Status) -> None:
        """Raises Refused `conflict` for who wants to say how a run stands whose work is done here; it may end it."""
        if self._work is not None and to is not run.status and to not in OVER:
            raise Refused(f"Run '{run.id}' is worked off here, and is {run.status}", "conflict", {"status": str(run.status)})

    async def _output(self, command: Command) -> dict[str, int]:
        """`{worker, pieces, first}`: `first` is the number of the first piece, where its worker counts them; those that are known
        are not put out again. Answered when they are on disk."""
        self._check(command)
        self._takes_more()
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

    def _wait(self) -> None:
        run = self._run
        due_us = run.not_before_us if run.status is Status.created else run.lease_until_us
        if due_us is not None and not run.over:
            self.after(min(LONGEST_WAIT_S, max(0.0, (due_us - self.now_us()) / 1e6)), Look())

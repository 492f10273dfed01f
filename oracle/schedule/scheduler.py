"""The actor that starts jobs when it is time for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from actors import Actor, Refused, Timer
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.model import Command, State, ref
from oracle.problems import closest
from oracle.runs import Run, Status
from oracle.schedule.cron import OFF, Cron
from oracle.schedule.work import UNAVAILABLE

__all__ = ["Scheduler"]

AGAIN_S = 60.0  # until a run that could not be taken in is asked for once more
LONGEST_S = 3_600.0  # a sleeping machine's timers stand still, and its clock does not
BY = "scheduler"
_FRESH: dict[str, Any] = {
    "last_due_us": None, "due_run_id": None, "missed_us": None, "last_run_id": None, "last_run_us": None, "last_status": None,
    "last_outcome": None, "problem": None,
}  # fmt: skip


@attrs.frozen
class _Tick:
    """It may be time for something."""


@attrs.frozen
class _Due:
    """A job is still to be started that was due then."""

    job: str
    due_us: int
    again: bool


class Scheduler(Actor):
    """`scheduler`, the one writer of the States `job:NAME`: {cron, timezone, next_run_us, last_due_us, missed_us, last_run_id,
    last_run_us, last_status, last_outcome, problem, since_us}. A job is a Run of the kind `job`; `last_status` is that run's, or
    `unavailable` where it could not do its work for want of something.

    A time that passed while the process was down, or busy with the job's end when it went down, is noted as `missed_us`, and the
    job is started once for it, however many there were. No job is started twice for one time.

    Asked `Command("trigger", {"job"})`; answers with the Run, which is queued. Refused: `not_found`, and what `runs` refuses. A
    Command with an id is carried out once.
    """

    listens = ("state:run:*",)

    def __init__(self, board: Board, crons: Mapping[str, Cron | None]) -> None:
        self._board = board
        self._crons = crons
        self._next: dict[str, int] = {}
        self._timer: Timer | None = None

    async def start(self) -> None:
        """See what was missed, and wait for what comes."""
        now_us = self.now_us()
        for name, cron in self._crons.items():
            await self._begin(name, cron, now_us)
        self._arm()

    async def receive(self, message: Any) -> Run | None:
        """A time that has come, news of a run, or a command."""
        match message:
            case _Tick():
                await self._tick()
            case _Due(name, due_us, again):
                await self._launch(name, due_us, again)
            case State(value=dict() as value):
                self._heed(value)
            case Command(verb="trigger"):
                return await self._trigger(message)
            case Command(verb=verb):
                raise Refused(f"the scheduler can't be asked to {verb}", "unknown_verb", {"verb": verb})
        return None

    # ---- at times

    async def _begin(self, name: str, cron: Cron | None, now_us: int) -> None:
        known = self._board.get(ref("job", name))
        self._next_of(name, cron, now_us)
        text, zone = (cron.text, cron.zone.key) if cron else (OFF, None)
        times = {"cron": text, "timezone": zone, "next_run_us": self._next.get(name)}
        self._note(name, **{"since_us": now_us, **(known or {}), **times})
        if known is None:
            return  # what nobody has waited for was not missed
        if (run := self._board.get(ref("run", str(known["last_run_id"])))) is not None:
            self._heed(run)
        due_us = cron.last_us(now_us) if cron else None
        if due_us is None or due_us <= known["since_us"]:
            return
        interrupted = self._was_cut_off(known)
        if due_us > (known["last_due_us"] or 0) or interrupted:
            self._note(name, missed_us=due_us)
            await self._launch(name, due_us, interrupted and due_us == known["last_due_us"])

    def _was_cut_off(self, known: dict[str, Any]) -> bool:
        """Whether the run for the last time ended with the process."""
        run = self._board.get(ref("run", str(known["due_run_id"])))
        return run is not None and run["status"] == Status.failed and str(run["error"]).startswith("interrupted")

    async def _tick(self) -> None:
        now_us = self.now_us()
        for name, due_us in sorted(self._next.items(), key=lambda item: item[1]):
            if due_us <= now_us:
                self._next_of(name, self._crons[name], now_us)
                self._note(name, next_run_us=self._next.get(name))
                await self._launch(name, due_us, again=False)
        self._arm()

    def _next_of(self, name: str, cron: Cron | None, now_us: int) -> None:
        self._next.pop(name, None)
        if cron is not None and (next_us := cron.next_us(now_us)) is not None:
            self._next[name] = next_us

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._next:
            wait_s = (min(self._next.values()) - self.now_us()) / 1e6
            self._timer = self.after(min(max(wait_s, 0.0), LONGEST_S), _Tick())

    async def _launch(self, name: str, due_us: int, again: bool) -> None:
        """Have the run for this time taken in; the same id names the same run, so that there is one."""
        ident = f"job/{name}/{due_us}" + "/again" * again
        try:
            run = await self.ask("runs", Command("start", _start(name, due_us), BY, ident))
        except NOT_NOW as no:
            self._note(name, problem=f"can't be started now: {no}")
            self.after(AGAIN_S, _Due(name, due_us, again))
            return
        self._note(name, last_due_us=due_us, due_run_id=run.id, problem=None, **_last(run))

    # ---- asked, and told

    async def _trigger(self, command: Command) -> Run:
        name = str(command.args.get("job", ""))
        if name not in self._crons:
            guess = closest(name, self._crons)
            raise Refused(f"Job '{name}' not found" + (f"; did you mean {guess}?" if guess else ""), "not_found", {"job": name})
        run: Run = await self.ask("runs", Command("start", _start(name, None), command.by, command.id), 4.5)
        self._note(name, **_last(run))
        return run

    def _heed(self, value: dict[str, Any]) -> None:
        """News of a run: of the last one of a job, they are the job's."""
        if value["kind"] == "job":
            run = Run(**value)
            known = self._board.get(ref("job", str(run.params.get("job"))))
            if known is not None and known["last_run_id"] == run.id:
                self._note(run.params["job"], **_last(run))

    def _note(self, name: str, **facts: Any) -> None:
        known = self._board.get(ref("job", name)) or _FRESH
        if any(known.get(key, _FRESH) != value for key, value in facts.items()):
            self._board.put(ref("job", name), {**known, **facts}, self.now_us())


def _start(name: str, due_us: int | None) -> dict[str, Any]:
    params: dict[str, Any] = {"job": name} if due_us is None else {"job": name, "due_us": due_us}
    return {"kind": "job", "params": params}


def _last(run: Run) -> dict[str, Any]:
    outcome = str((run.result or {}).get("outcome", "")) or run.error
    short = run.status is Status.completed and str(outcome).startswith(UNAVAILABLE)
    return {"last_run_id": run.id, "last_run_us": run.started_us or run.created_us,
            "last_status": "unavailable" if short else run.status.value, "last_outcome": outcome}  # fmt: skip

"""A run as its actor keeps it: committed before it is so, published after, with what it puts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import trio

from actors import Actor, Refused
from oracle.commit import committed, stored
from oracle.model import Chunk, Command, Event, Message, Sample, Severity, event_id
from oracle.runs.crew import Crew
from oracle.runs.run import Run, run_of, value_of

__all__ = ["KeptRun", "told"]

REPORT_S = 0.5  # progress reaches the board no more often than this


def told(what: str, run: Run, command: Command, now_us: int, summary: str = "", data: Mapping[str, Any] | None = None) -> Event:
    """The event that says what happened to a run; that of a command with an id is the same one when it is sent again."""
    kind = f"run_{what}"
    ident = event_id(kind, run.ref, "runs", 0 if command.id else now_us, command.id, run.attempts)
    about = {name: value for name in ("reason", "conversation") if (value := getattr(run, name))}
    facts = {"by": command.by, "kind": run.kind, **about, **(data or {})}
    return Event(ident, kind, run.ref, "runs", Severity.low, summary or f"{run.id} was {what} by {command.by}", facts, now_us,
                 command.id)  # fmt: skip


class KeptRun(Actor):
    """What every life of `run:ID` begins with: its State, the numbers of its output, and a pen that one has at a time."""

    def __init__(self, ident: str, crew: Crew) -> None:
        self.crew = crew
        self._run = run_of(crew.board.get(f"run:{ident}") or {})
        self._put = crew.put(ident)
        self._pen = trio.Lock()  # a run that is called off as it ends has one end
        self._told_s = 0.0
        self._tries = 0

    @property
    def run(self) -> Run:
        """The run as it is now."""
        return self._run

    def about(self) -> dict[str, Any]:
        """How it stands."""
        return {"kind": self._run.kind, "status": str(self._run.status), "progress": self._run.progress}

    def note(self, done: float) -> None:
        """How far it is; told to whoever looks, now and then."""
        if self._run.over or self._pen.locked():  # what is being committed must not be followed by what was before
            return
        if trio.current_time() - self._told_s >= REPORT_S:
            self._told_s = trio.current_time()
            self._run = attrs.evolve(self._run, progress=round(done, 4))
            self.crew.board.put(self.name, value_of(self._run), self.now_us())

    def _takes_more(self) -> None:
        """Raises Refused `illegal` where it is over."""
        if self._run.over:
            raise Refused(f"Run '{self._run.id}' is {self._run.status}", "illegal", self._run.allowed)

    # ---- into the history, with the pen

    async def _store(self, run: Run, *events: Event, also: Sequence[Message] = (), samples: Sequence[Sample] = (),
                     command_id: str = "") -> None:  # fmt: skip
        """Put in force what was asked for, once it is committed. Raises Refused `unavailable`."""
        await stored(self, self._rows(run, events, also), "runs")
        self.crew.receipts.note_applied(command_id)
        await self._put_in_force(run, events, also, samples)

    async def _record(self, run: Run, *events: Event, also: Sequence[Message] = (), samples: Sequence[Sample] = ()) -> None:
        """Put in force what is so, once it is committed, however long that takes."""
        await committed(self, lambda: self._rows(run, events, also))
        await self._put_in_force(run, events, also, samples)

    async def _close(self, run: Run) -> None:
        """It is at an end by itself."""
        how = f"{run.id} {run.status}" + (f": {run.error}" if run.error else "")
        kind, event = self.crew.kinds.get(run.kind), told(str(run.status), run, Command("close", by="runs"), self.now_us(), how)
        await self._record(run, event, also=kind.last_words(run, self.now_us()) if kind else ())

    def _rows(self, run: Run, events: Sequence[Event], also: Sequence[Message]) -> tuple[Any, ...]:
        run = self._counted(run)
        draft = self.crew.board.draft(self.name, value_of(run), self.now_us())
        row = (attrs.evolve(run, revision=self._tries).row(),) if run.over else ()
        self._tries += run.over  # one whose fate is not known is not the same row as the next
        return (draft, *events, *also, *row)

    def _counted(self, run: Run) -> Run:
        facts = {**run.facts, "output_dropped_bytes": self._put.dropped} if self._put.dropped else run.facts
        return attrs.evolve(run, chunks=self._put.pieces, facts=facts)

    async def _put_in_force(self, run: Run, events: Sequence[Event], also: Sequence[Message], samples: Sequence[Sample]) -> None:
        more = self.crew.spend(run, (run.cost_usd or 0.0) - (self._run.cost_usd or 0.0))
        self._run = run = self._counted(run)
        self.crew.seat(run)
        told: tuple[Message | Sample | Event, ...] = (*also, *samples, *events, *more)
        for message in told:
            self.publish(message)
        self.crew.board.put(self.name, value_of(run), self.now_us())
        if run.over:
            gone = self.crew.ended(run, self.now_us())
            self.finish()
            for ident in gone:
                await trio.to_thread.run_sync(self.crew.shelf.drop, ident)

    # ---- what it puts out

    def _say(self, pieces: Sequence[tuple[str, str]]) -> None:
        for stream, text in pieces:
            left = self.crew.runs.output_limit_bytes - self._put.size
            size = len(text.encode("utf-8", "replace"))
            if size <= left:
                self._out(stream, text, size)
                continue
            if not self._put.dropped:
                kept = text.encode("utf-8", "replace")[: max(0, left)].decode("utf-8", "ignore")
                mark = f"[output cut off here: a run keeps {self.crew.runs.output_limit_bytes} bytes]\n"
                if kept:
                    self._out(stream, kept, len(kept.encode()))
                self._out("mark", mark, 0)
            self._put.size = self.crew.runs.output_limit_bytes
            self._put.dropped += size - max(0, left)

    def _out(self, stream: str, text: str, size: int) -> None:
        self._put.pieces += 1
        self._put.size += size
        self.publish(Chunk(self._run.id, self._put.pieces, stream, text, self.now_us()))

    async def _stored(self) -> None:
        """Return when all that was published is on disk. Raises Refused `unavailable`."""
        lost = self.crew.statistics.rows_dropped
        await stored(self, (), "output")  # behind it in the one queue
        if self.crew.statistics.rows_dropped != lost:
            raise Refused("output may have been lost: the history does not keep up", "unavailable")

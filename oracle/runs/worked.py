"""A run that is worked off here: its work waits for a place, is done, halts and goes on, and is called off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import trio

from actors import Refused
from oracle.model import Command, Sample
from oracle.runs.crew import Crew
from oracle.runs.kept import KeptRun, told
from oracle.runs.pace import RunPace
from oracle.runs.run import Run, Status

__all__ = ["WorkedRun"]

LOOK_AGAIN_S = 5.0  # whether one that may not begin yet may now


class WorkedRun(KeptRun):
    """The work of a run, if it has any of its own."""

    def __init__(self, ident: str, crew: Crew) -> None:
        super().__init__(ident, crew)
        self._scope = trio.CancelScope()
        self._pace = RunPace(self)
        self._working: trio.Event | None = None  # set when the work has ended
        kind = crew.kinds.get(self._run.kind)
        self._work = kind.work_of(self._run) if kind else None
        self._again = bool(kind and kind.again)

    def _line_up(self) -> None:
        if self._run.status is not Status.queued:
            return
        if self._work is None:
            self.crew.claimable[self._run.id] = self._run
        elif self._working is None:
            if (pool := self.crew.pool_of(self._run)) is not None:
                pool.join(self._run.id)
            self._working = trio.Event()
            self.helper(self._work_off)

    @property
    def _halted_before(self) -> bool:
        """Whether it was paused when the process before this one ended, so that nothing is at work for it."""
        return self._run.status is Status.paused and self._work is not None and self._working is None

    async def _work_off(self) -> None:
        assert self._working is not None
        await self._turn_comes()
        async with self._pen:
            begins = self._run.status is Status.queued  # else it was called off as it waited
            if begins:
                run = self._run.moved(Status.running, self.now_us(), attempts=self._run.attempts + 1)
                await self._record(run, told("running", run, Command("run", by="runs"), self.now_us(), f"{run.id} began"))
        if begins:
            with trio.CancelScope() as self._scope:
                await self._work_through(run)
        self._pace.resume()  # for those who wait until it halts, which it did in another way
        self._working.set()

    async def _turn_comes(self) -> None:
        """Return when it has a place and may begin, or is called off."""
        pool, ident = self.crew.pool_of(self._run), self._run.id
        while self._run.status is Status.queued:
            if pool is not None:
                await pool.turn(ident)
            if self._run.status is not Status.queued or self.crew.begins(self._run):
                return
            if pool is not None:
                pool.leave(ident)  # others may use the place meanwhile
            with trio.CancelScope() as self._scope:
                await trio.sleep(LOOK_AGAIN_S)
            if pool is not None and self._run.status is Status.queued:
                pool.join(ident)

    async def _work_through(self, run: Run) -> None:
        assert self._work is not None
        try:
            summary, rows = await self._work(run.params, self._pace)
            if rows:
                await trio.to_thread.run_sync(self.crew.shelf.put, run.id, rows)
        except Refused as no:
            await self._end(Status.failed, error=no.reason)
        else:
            await self._end(Status.completed, result=summary, progress=1.0)

    async def _end(self, status: Status, **facts: Any) -> None:
        """What came of the work, unless it was called off meanwhile; one that is paused is not completed before it goes on."""
        while not self._run.over:
            async with self._pen:
                if self._run.status is not Status.paused or status is Status.failed:
                    await self._close(self._run.moved(status, self.now_us(), **facts))
                    return
            await self._pace.turn()

    async def _go_by(self, moved: Run) -> None:
        """Have the work that is done here end, or go on, as its run has."""
        if moved.over and self._working is not None:
            self._scope.cancel()
            await self._working.wait()
        elif moved.status is Status.running:
            self._pace.resume()

    async def record(self, event: tuple[str, str, Mapping[str, Any]], samples: Sequence[Sample],
                     changes: Mapping[str, Any]) -> Run:  # fmt: skip
        """Commit an event with what it changed. Work whose run is over meanwhile waits here until it is ended."""
        async with self._pen:
            if not self._run.over:
                facts = {**self._run.facts, **changes.get("facts", {})}
                run = attrs.evolve(self._run, **{**changes, "facts": facts})
                what, summary, data = event
                await self._record(run, told(what, run, Command(what, by="runs"), self.now_us(), summary, data),
                                   samples=samples)  # fmt: skip
                return run
        return await trio.sleep_forever()

    async def say(self, stream: str, text: str) -> None:
        """Put out a piece of text; what is beyond the limit of a run is left out."""
        await self.runtime.bus.room()
        self._say([(stream, text)])

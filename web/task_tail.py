"""What a task has put out so far, for a client that comes late: every piece once, then those that come.

Pieces are published in the order of their numbers before they are on disk, and everything up to the history's watermark can be
read from there. So what is stored is read first, and the rest is taken from the newest messages of the bus, in one block without
an await up to the place in the hub's mailbox: nothing falls between, and nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from actors import Refused
from oracle.model import Chunk
from oracle.runs.run import Run, run_of
from web.agent_frames import chunk_frame, present_frame
from web.outlet import Entry, Outlet
from web.union import encoded

__all__ = ["Tail"]

PAGE = 1_000  # pieces of one read
PIECE_BYTES = 256 * 1024  # that a client is given before it has taken those before
RECENT = 5_000  # messages looked through for the newest pieces
ROUNDS = 10_000


class Tail:
    """Of one task, for one client."""

    def __init__(self, system: Any, outlet: Outlet, task: str) -> None:
        self._system = system
        self._outlet = outlet
        self._task = task
        self._known: Run | None = None
        self._last = 0  # the number of the last piece that was shown
        self._read_to = 0  # everything published up to this offset was on disk when it was read
        self._piece_bytes = min(PIECE_BYTES, outlet.limit_bytes // 4)

    async def show(self) -> None:
        """Tell what is stored, each part once the one before was taken. Raises Refused where the history can't be read."""
        system = self._system
        self._known = await system.records.one(self._task)
        for _ in range(ROUNDS):
            mark = system.store.statistics.watermark
            pieces = await system.outputs.chunks(self._known, self._last, PAGE) if self._known else []
            self._read_to = mark
            await self._show(pieces)
            if len(pieces) < PAGE and self._within_reach():
                return
        raise Refused("the client takes less than the task puts out", "unavailable")

    def rest(self) -> tuple[tuple[Entry, ...], tuple[dict[str, Any], ...]]:
        """The newest pieces, and how the task is now; of the same instant as the caller's next step."""
        recent = [one.message for one in self._system.ring.since(self._read_to) if one.topic == f"output:{self._task}"]
        value = self._system.board.get(f"run:{self._task}")
        run = self._known if value is None else run_of(value)
        told = (present_frame(run),) if run is not None and run.kind == "task" else ()
        return tuple(self._entries(one for one in recent if one.n > self._last)), told

    def _within_reach(self) -> bool:
        return bool(self._system.ring.after <= self._read_to and self._system.runtime.bus.offset - self._read_to <= RECENT)

    async def _show(self, pieces: Iterable[Chunk]) -> None:
        part: list[Entry] = []
        size = 0
        for entry in self._entries(pieces):
            part.append(entry)
            size += len(entry[2])
            if size >= self._piece_bytes:
                self._outlet.show(part)
                await self._outlet.taken()
                part, size = [], 0
        self._outlet.show(part)
        await self._outlet.taken()

    def _entries(self, pieces: Iterable[Chunk]) -> Iterable[Entry]:
        for one in pieces:
            self._last = one.n
            frame = chunk_frame(one)
            if frame is not None:
                yield one.n, ("piece", one.run, one.n), encoded(frame)  # a key of its own: never conflated

"""All deadlines of a runtime: one heap, one sleeper, parked while nothing is due.

A cancel scope for each ask would halve the rate of asks; here a deadline costs one heap push. What was settled in time
stays in the heap as a dead entry until the dead outnumber the living, then the heap is rebuilt.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

import trio

from actors.reply import Reply

__all__ = ["Timer", "Timers"]

REBUILD_AT = 256


class Timer:
    """Calls `fire` once at its time unless cancelled before."""

    __slots__ = ("_fire", "done")

    def __init__(self, fire: Callable[[], object]) -> None:
        self._fire = fire
        self.done = False

    def cancel(self) -> None:
        """Do not fire; idempotent."""
        self.done = True

    def expire(self) -> None:
        """Fire, unless done."""
        if not self.done:
            self.done = True
            self._fire()


class Timers:
    """Times are seconds of trio's clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer | Reply]] = []
        self._sequence = 0
        self._rebuild_at = REBUILD_AT
        self._nap: trio.CancelScope | None = None
        self._closed = False
        self._wake_s = math.inf

    def after(self, delay_s: float, fire: Callable[[], object]) -> Timer:
        """Call `fire` in `delay_s` seconds."""
        timer = Timer(fire)
        self.expire_at(trio.current_time() + delay_s, timer)
        return timer

    def expire_at(self, deadline_s: float, entry: Timer | Reply) -> None:
        """Call `entry.expire()` at `deadline_s` unless it is done by then."""
        heap = self._heap
        if len(heap) >= self._rebuild_at:
            self._rebuild()
        self._sequence += 1
        heapq.heappush(heap, (deadline_s, self._sequence, entry))
        if deadline_s < self._wake_s:
            self._wake_s = deadline_s
            if self._nap is not None:
                self._nap.deadline = deadline_s

    def pending(self) -> int:
        """How many deadlines are still open."""
        return sum(not entry.done for _, _, entry in self._heap)

    async def run(self) -> None:
        """Sleep from deadline to deadline until closed; shielded, since what is ending still needs its deadlines."""
        while not self._closed:
            with trio.CancelScope(deadline=self._wake_s, shield=True) as self._nap:
                await trio.sleep_forever()
            self._expire_due(trio.current_time())

    def close(self) -> None:
        """End `run`: no timer fires any more, and asks that are still open expire now."""
        self._closed = True
        if self._nap is not None:
            self._nap.cancel()
        for _, _, entry in self._heap:
            if isinstance(entry, Timer):
                entry.cancel()
            else:
                entry.expire()
        self._heap.clear()

    def _expire_due(self, now_s: float) -> None:
        heap = self._heap
        while heap and (heap[0][0] <= now_s or heap[0][2].done):
            heapq.heappop(heap)[2].expire()
        self._wake_s = heap[0][0] if heap else math.inf

    def _rebuild(self) -> None:
        self._heap[:] = [item for item in self._heap if not item[2].done]
        heapq.heapify(self._heap)
        self._rebuild_at = max(REBUILD_AT, 2 * len(self._heap))

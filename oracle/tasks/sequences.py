"""Pieces of output that their worker has numbered: one that is sent again is not put out again.

The number stands behind the piece in the output itself, as one of the stream `sequence`, which nobody is shown; so it is on disk
with it. It counts for one attempt at the task, as the next worker begins anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

import attrs
import trio

from actors import Refused
from oracle.runs.outputs import Outputs
from oracle.runs.run import Run

__all__ = ["STREAM", "Sequences"]

STREAM = "sequence"
MOST = 10_000  # attempts that are remembered; of others it is read again
PAGE = 10_000

Pieces = list[list[str]]


@attrs.define(eq=False)
class _Attempt:
    last: int | None = None  # the highest number; None: not read yet
    unsure: bool = False  # whether something was refused that may have been put out all the same
    pen: trio.Lock = attrs.field(factory=trio.Lock)
    reports: trio.Lock = attrs.field(factory=trio.Lock)


class Sequences:
    """What is known of the numbers of workers."""

    def __init__(self, most: int = MOST) -> None:
        self._known: OrderedDict[tuple[str, int], _Attempt] = OrderedDict()
        self._most = most

    async def once(
        self, run: Run, number: int, outputs: Outputs, put: Callable[[Pieces], Awaitable[object]],
        settle: Callable[[], Awaitable[object]],
    ) -> bool:
        """Have `put` put out the piece of this number, unless it is known: whether it was not. Raises what `put` raises, and then
        nobody knows: next time the disk says, once all before is on it, which `settle` waits for."""
        attempt = self._attempt(run)
        async with attempt.pen:
            if attempt.unsure:
                await settle()
                attempt.last, attempt.unsure = None, False
            if attempt.last is None:
                attempt.last = await _last(run, outputs)
            if number <= attempt.last:
                return False
            attempt.unsure = True
            try:
                await put([[STREAM, f"{run.attempts}:{number}"]])
            except Refused as no:
                attempt.unsure = no.code == "unavailable"  # else it was not put out
                raise
            attempt.last, attempt.unsure = number, False
            return True

    def turn(self, run: Run) -> trio.Lock:
        """The turn of those who report on a task: what one of them says is compared with what the one before said."""
        return self._attempt(run).reports

    def _attempt(self, run: Run) -> _Attempt:
        key = (run.id, run.attempts)
        found = self._known.setdefault(key, _Attempt())
        self._known.move_to_end(key)
        if len(self._known) > self._most:
            oldest = next(iter(self._known))
            if not (self._known[oldest].pen.locked() or self._known[oldest].reports.locked()):
                del self._known[oldest]
        return found


async def _last(run: Run, outputs: Outputs) -> int:
    """The highest number on disk of this attempt; 0 for none."""
    after, last = 0, 0
    while True:
        marks = await outputs.chunks(run, after, PAGE, (STREAM,))
        for mark in marks:
            attempt, _, number = mark.text.partition(":")
            if attempt == str(run.attempts) and number.isdecimal():
                last = max(last, int(number))
        if len(marks) < PAGE:
            return last
        after = marks[-1].n

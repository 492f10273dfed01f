"""What was stored and no rule had handled when the process ended: so that nothing falls between an event and its alert."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import trio

from actors import Published
from oracle.history import Span, Tape
from oracle.history.lines import Lines
from oracle.log import logger
from oracle.patterns import Patterns

__all__ = ["Heard", "Unheard", "after"]

LOG = logger("rule")
LOOK_BACK_US = 86_400_000_000
MOST = 10_000  # events, the newest
_EVENTS = Patterns(["event:*"])


@attrs.frozen
class Heard:
    """An event, and the run it was published in."""

    epoch: str
    published: Published


class Unheard:
    """The events of earlier runs, of a day at most, read once for all rules. Raises Refused `timeout`, `unavailable`."""

    def __init__(self, tape: Tape, lines: Lines) -> None:
        self._tape = tape
        self._lines = lines
        self._lock = trio.Lock()
        self._read: Sequence[Heard] | None = None

    async def events(self, epoch: str, now_us: int) -> Sequence[Heard]:
        """Those that were published before the run `epoch` began, in order."""
        async with self._lock:
            if self._read is None:
                every = await self._all(epoch, now_us - LOOK_BACK_US)
                if len(every) > MOST:
                    LOG.warning("events of before the start are left out", count=len(every) - MOST)
                self._read = every[-MOST:]
            return self._read

    async def _all(self, epoch: str, from_us: int) -> list[Heard]:
        found: list[Heard] = []
        for run in await self._lines.runs():
            if run.epoch == epoch or run.ended_us < from_us:
                continue
            place = await self._lines.offset_before(run.epoch, from_us)
            while True:
                page, _ = await self._tape.page(Span(run.epoch, place, run.last_offset), _EVENTS, MOST)
                found += [Heard(run.epoch, one) for one in page]
                if len(page) < MOST:
                    break
                place = page[-1].offset
        return found


def after(events: Sequence[Heard], place: tuple[str, int] | None, since_us: int) -> list[Heard]:
    """Those that came after `place` (epoch and offset of what was handled last), or all where that is not among their runs; and
    that were published after `since_us`."""
    first = 0
    if place is not None:
        epoch, offset = place
        known = [number for number, one in enumerate(events) if one.epoch == epoch]
        handled = [number for number in known if events[number].published.offset <= offset]
        first = handled[-1] + 1 if handled else known[0] if known else 0
    return [one for one in events[first:] if one.published.time_us > since_us]

"""What was stored and no rule had handled when the process ended: so that nothing falls between an event and its alert."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter

import attrs
import trio

from actors import Published
from oracle.alerts.trigger import CONDITIONS, Trigger, TriggerType
from oracle.history import Span, Tape
from oracle.history.lines import Lines
from oracle.log import logger
from oracle.patterns import Patterns

__all__ = ["Heard", "Runs", "Unheard", "after"]

LOG = logger("rule")
LOOK_BACK_US = 86_400_000_000
MOST = 10_000  # events that may set off a rule, the newest
_EVENTS = Patterns(["event:*"])
_OFFSET, _TIME_US = attrgetter("offset"), attrgetter("time_us")

Runs = Mapping[str, Sequence[Published]]
"""What was published in each run, by its epoch; all in order."""


@attrs.frozen
class Heard:
    """An event, and the run it was published in."""

    epoch: str
    published: Published


class Unheard:
    """The events of earlier runs, of a day at most, read once for all rules and filed by what they may set off. Raises Refused
    `timeout`, `unavailable`."""

    def __init__(self, tape: Tape, lines: Lines) -> None:
        self._tape = tape
        self._lines = lines
        self._lock = trio.Lock()
        self._filed: Mapping[str, Runs] | None = None

    async def events(self, trigger: Trigger, rule_id: str, epoch: str, now_us: int) -> Runs:
        """Those that were published before the run `epoch` began and may set off this rule, which need not pass its filter."""
        async with self._lock:
            if self._filed is None:
                every = await self._all(epoch, now_us - LOOK_BACK_US)
                if len(every) > MOST:
                    LOG.warning("events of before the start are left out", count=len(every) - MOST)
                self._filed = _filed(every[-MOST:])
        return self._filed.get(_WATCHDOGS if trigger.type is TriggerType.watchdog_event else f"{_RULE}{rule_id}", {})

    async def _all(self, epoch: str, from_us: int) -> list[Heard]:
        found: list[Heard] = []
        for run in await self._lines.runs():
            if run.epoch == epoch or run.ended_us < from_us:
                continue
            place = await self._lines.offset_before(run.epoch, from_us)
            while True:
                page, _ = await self._tape.page(Span(run.epoch, place, run.last_offset), _EVENTS, MOST)
                found += [Heard(run.epoch, one) for one in page if _drawer(one)]
                if len(page) < MOST:
                    break
                place = page[-1].offset
        return found


def after(events: Runs, place: tuple[str, int] | None, since_us: int) -> Iterator[Heard]:
    """Those that came after `place` (epoch and offset of what was handled last), or all where that is not among their runs; and
    that were published after `since_us`."""
    epoch, offset = place or ("", 0)
    epochs = list(events)
    for name in epochs[epochs.index(epoch) if epoch in events else 0 :]:
        handled = bisect_right(events[name], offset, key=_OFFSET) if name == epoch else 0
        first = max(handled, bisect_right(events[name], since_us, key=_TIME_US))
        yield from (Heard(name, one) for one in events[name][first:])


_WATCHDOGS, _RULE = "watchdogs", "rule:"


def _drawer(one: Published) -> str:
    """Where an event is filed; empty where it sets off no rule at all."""
    source = one.message.source
    return f"{_RULE}{one.message.subject}" if source == CONDITIONS else _WATCHDOGS if source.startswith("watchdog:") else ""


def _filed(events: Sequence[Heard]) -> Mapping[str, Runs]:
    found: dict[str, dict[str, list[Published]]] = defaultdict(lambda: defaultdict(list))
    for one in events:
        found[_drawer(one.published)][one.epoch].append(one.published)
    return found

"""What was stored and no rule had handled when the process ended: so that nothing falls between an event and its alert."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

import attrs
import trio

from actors import Published
from oracle.alerts.rule import Rule
from oracle.alerts.trigger import CONDITIONS, TriggerType
from oracle.history import Span, Tape
from oracle.history.lines import Lines
from oracle.log import logger
from oracle.model import Event, Severity
from oracle.patterns import Patterns

__all__ = ["Filed", "Heard", "Unheard", "after"]

LOG = logger("rule")
LOOK_BACK_US = 86_400_000_000
MOST = 10_000  # events that may set off a rule, the newest
_EVENTS = Patterns(["event:*"])
_WATCHDOGS, _RULE = "watchdogs", "rule:"  # the drawers
_Like = tuple[str, str, Severity, str]
_Runs = Mapping[str, Sequence["Heard"]]  # by epoch, in order


@attrs.frozen
class Heard:
    """An event, and the run it was published in; a rule is set off by all that are `like` it, or by none of them."""

    epoch: str
    published: Published
    like: _Like = attrs.field(init=False, repr=False, eq=False)

    @like.default
    def _(self) -> _Like:
        event = self.published.message
        return event.source, event.kind, event.severity, event.subject


@attrs.define
class _Drawer:
    """What may set off some rules."""

    runs: dict[str, list[Heard]] = attrs.field(factory=lambda: defaultdict(list))
    samples: dict[_Like, Event] = attrs.field(factory=dict)


class Filed:
    """Events of earlier runs, in order, filed by the rules that they may set off: with a thousand rules, ten thousand events are
    not looked at by each."""

    def __init__(self, events: Iterable[Heard] = ()) -> None:
        self._drawers: dict[str, _Drawer] = defaultdict(_Drawer)
        for heard in events:
            drawer = self._drawers[_drawer(heard.published.message)]
            drawer.runs[heard.epoch].append(heard)
            drawer.samples.setdefault(heard.like, heard.published.message)

    def concerning(self, rule: Rule, place: tuple[str, int] | None, since_us: int) -> Iterator[Heard]:
        """Those that set off the rule or tell of its condition, of what came `after` a place and an instant."""
        trigger, ident = rule.trigger, rule.alert_id
        drawer = self._drawers.get(_WATCHDOGS if trigger.type is TriggerType.watchdog_event else f"{_RULE}{ident}")
        if drawer is not None:
            wanted = {like for like, event in drawer.samples.items()
                      if trigger.fires_on(event, ident) or trigger.is_told(event, ident)}  # fmt: skip
            yield from (heard for heard in after(drawer.runs, place, since_us) if heard.like in wanted)


class Unheard:
    """The events of earlier runs, of a day at most, read once for all rules. Raises Refused `timeout`, `unavailable`."""

    def __init__(self, tape: Tape, lines: Lines) -> None:
        self._tape = tape
        self._lines = lines
        self._lock = trio.Lock()
        self._read: Filed | None = None

    async def events(self, epoch: str, now_us: int) -> Filed:
        """Those that were published before the run `epoch` began."""
        async with self._lock:
            if self._read is None:
                every = await self._all(epoch, now_us - LOOK_BACK_US)
                if len(every) > MOST:
                    LOG.warning("events of before the start are left out", count=len(every) - MOST)
                self._read = Filed(every[-MOST:])
            return self._read

    async def _all(self, epoch: str, from_us: int) -> list[Heard]:
        found: list[Heard] = []
        for run in await self._lines.runs():
            if run.epoch == epoch or run.ended_us < from_us:
                continue
            place = await self._lines.offset_before(run.epoch, from_us)
            while True:
                page, _ = await self._tape.page(Span(run.epoch, place, run.last_offset), _EVENTS, MOST)
                found += [Heard(run.epoch, one) for one in page if _drawer(one.message)]
                if len(page) < MOST:
                    break
                place = page[-1].offset
        return found


def after(runs: _Runs, place: tuple[str, int] | None, since_us: int) -> Iterator[Heard]:
    """Those that came after `place` (epoch and offset of what was handled last), or all where that is not among their runs; and
    that were published after `since_us`."""
    epoch, offset = place or ("", 0)
    epochs = list(runs)
    for name in epochs[epochs.index(epoch) if epoch in runs else 0 :]:
        handled = bisect_right(runs[name], offset, key=_OFFSET) if name == epoch else 0
        yield from runs[name][max(handled, bisect_right(runs[name], since_us, key=_TIME_US)) :]


_OFFSET, _TIME_US = attrgetter("published.offset"), attrgetter("published.time_us")


def _drawer(event: Event) -> str:
    """Where an event is filed; nowhere if it sets off no rule at all."""
    if event.source == CONDITIONS:
        return f"{_RULE}{event.subject}"
    return _WATCHDOGS if event.source.startswith("watchdog:") else ""

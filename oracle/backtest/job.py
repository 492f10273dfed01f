"""One backtest: what was stored, sent to a worker process piece by piece, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import attrs
import msgspec

from oracle import cells
from oracle.backtest.lives import Life, lives_of, virtual_life
from oracle.backtest.minutes import MINUTE_US, PER_BAR, Minutes
from oracle.backtest.wire import Begin, Cut, Done, Found, Order, Piece, Told, actor_of, message_lines
from oracle.history import Queries, Tape
from oracle.history.lines import Lines, RunOf
from oracle.model import Bar, Event, Gap
from oracle.patterns import Patterns
from oracle.runs.pace import Pace
from oracle.watchdogs.actor import BEGAN
from oracle.watchdogs.decider import Mean
from oracle.watchdogs.past import Since, remember
from oracle.work_process import DIED, WorkProcess

__all__ = ["Ask", "Job", "Verdict"]

PAGE = 20_000  # offsets of the bus in one piece
_SAID = msgspec.json.Decoder(Told | Found | Done)


@attrs.frozen
class Ask:
    """Which watchdogs, by name: the kind and the settings of each, and a maker of its decider. Those in `anew` are run as if
    they had been switched on at `from_us`; the others as they lived. Events with from_us <= ts_us < to_us are found."""

    watchdogs: dict[str, tuple[str, dict[str, Any], Callable[[], Any]]]
    from_us: int
    to_us: int
    anew: frozenset[str] = frozenset()
    minutes: Minutes | None = None
    """Bars that are heard in the place of ticks until ticks are stored, by those in `anew`."""


@attrs.frozen
class Verdict:
    """The events, in order; how many `bars` stood for ticks; `messages` each watchdog took; rows `unreadable`; CPU seconds the
    deciders were `busy_s`; of what watchdogs `crashed`, by name, and where: file, line, function and its first line, innermost
    last."""

    events: list[Event]
    messages: dict[str, int]
    unreadable: int
    busy_s: float
    crashed: dict[str, str]
    crashed_at: dict[str, list[tuple[str, int, str, int]]] = attrs.field(factory=dict)
    bars: int = 0


@attrs.define
class Job:
    """Runs an Ask, at a pace: between two pieces, when the worker has nothing to do, it may be held."""

    queries: Queries
    tape: Tape
    lines: Lines
    ask: Ask
    pace: Pace = attrs.field(factory=Pace)
    _events: list[Event] = attrs.field(factory=list)
    _bars: int = 0
    _living: set[str] = attrs.field(factory=set)
    """Those that have heard bars, and go on with the first ticks."""

    async def run(self) -> Verdict:
        """The verdict. Raises Refused: `failed` with what the worker died of, `timeout`, `unavailable`."""
        process = await WorkProcess.begun("oracle.backtest.worker", _SAID)
        try:
            return await self._through(_Worker(process, self._events.append))
        except DIED:
            raise await process.failure() from None
        finally:
            await process.close()

    async def _through(self, worker: _Worker) -> Verdict:
        ask, runs = self.ask, await self.lines.runs()
        told = {name: (kind, table) for name, (kind, table, _) in ask.watchdogs.items()}
        await worker.send(Order(told, ask.from_us, ask.to_us, cells.packed(kind for kind, _ in told.values())))
        lives = {name: await self._lives(name, runs) for name in ask.watchdogs}
        await worker.cut(Cut(0.0))  # it has started: one that is held before its first piece would take CPU for that still
        if ask.minutes is not None:
            for name in ask.anew:
                await self._hear_bars(worker, name, ask.minutes)
        for place, run in enumerate(runs):
            mine = [(name, life) for name, found in lives.items() for life in found if life.since.epoch == run.epoch]
            if mine:
                await self._one_run(worker, run, mine, place / len(runs), 1 / len(runs))
        await worker.cut(Cut(1.0, dict.fromkeys(self._living, self._begins_us)))
        done = await worker.done()
        self._events.sort(key=lambda event: event.ts_us)
        return Verdict(self._events, done.messages, done.unreadable, done.busy_s, done.crashed, done.crashed_at, self._bars)

    @property
    def _begins_us(self) -> int:
        """From when on ticks are heard."""
        return self.ask.from_us if self.ask.minutes is None else self.ask.minutes.until_us

    async def _hear_bars(self, worker: _Worker, name: str, minutes: Minutes) -> None:
        from_us, until_us = minutes.from_us, minutes.until_us
        since_us = from_us - round(self.ask.watchdogs[name][2]().memory_s * 1e6)
        memory = [one async for page in minutes.trades(self.queries, since_us, from_us) for one in page]
        await worker.send(Begin(name, from_us, [], [], message_lines(memory), watched_us=from_us))
        self._living.add(name)
        async for page in minutes.trades(self.queries, from_us, until_us):
            await self.pace.turn()
            self._bars += len(page) // PER_BAR
            for kind, rows in message_lines(page):
                await worker.send(Piece(kind, rows, [name]))
            done = (page[-1][0] - from_us) / (self.ask.to_us - from_us) if page else 0.0
            self.pace.note((await worker.cut(Cut(done))).done)

    async def _lives(self, name: str, runs: Sequence[RunOf]) -> list[Life]:
        ask, actor = self.ask, actor_of(name)
        found: list[Life] = []
        if name not in ask.anew:
            page = await self.queries.events(kind=BEGAN, subject=actor, limit=10_000)
            found = lives_of([_since(row["data"]) for row in page.items], await self.lines.ends(actor), runs)
        if not found:
            epoch = next((run.epoch for run in reversed(runs) if run.began_us <= self._begins_us), "")
            offset = await self.lines.offset_before(epoch, self._begins_us) if epoch else 0
            found = virtual_life(runs, offset, self._begins_us)
        return [life for life in found if life.ended_us > ask.from_us and life.since.at_us < ask.to_us]

    async def _one_run(
        self, worker: _Worker, run: RunOf, lives: Sequence[tuple[str, Life]], before: float, share: float
    ) -> None:
        """Go through the messages of a run, each watchdog's while it lived."""
        last = await self.lines.offset_before(run.epoch, self.ask.to_us)
        first = min(life.since.offset for _, life in lives)
        for after, until in _steps(lives, first, max(first, last)):
            await self.pace.turn()
            for name, life in lives:
                if life.since.offset == after:
                    await self._start(worker, name, life.since)
            live = [name for name, life in lives if life.since.offset <= after and life.until >= until]
            await self._pieces(worker, run, live, after, until)
            ended = {
                name: min(life.ended_us, self.ask.to_us) for name, life in lives
                if life.until <= until or (until >= last and life.since.offset <= after)
            }  # fmt: skip
            done = before + share * (until - first) / max(1, last - first)
            self.pace.note((await worker.cut(Cut(done, ended))).done)

    async def _pieces(self, worker: _Worker, run: RunOf, live: Sequence[str], after: int, until: int) -> None:
        groups: dict[tuple[str, ...], list[str]] = {}
        for name in live:
            groups.setdefault(tuple(self.ask.watchdogs[name][2]().listens), []).append(name)
        for listens, names in groups.items():
            for kind, rows in await self.lines.piece(run.epoch, after, until, Patterns((*listens, "gap:*"))):
                await worker.send(Piece(kind, rows, names))

    async def _start(self, worker: _Worker, name: str, since: Since) -> None:
        """Begin a life; one that has heard bars until then goes on, and what nobody watched in between is a gap."""
        if name not in self._living:
            await worker.send(await self._begin(name, since))
            return
        self._living.discard(name)
        if since.at_us > self._begins_us + MINUTE_US:
            gap = Gap("history", self._begins_us, since.at_us, "start after bars")
            row = (since.offset, since.at_us, msgspec.structs.astuple(gap))
            await worker.send(Piece("gap", msgspec.json.encode([row]).decode(), [name]))

    async def _begin(self, name: str, since: Since) -> Begin:
        memory = await remember(self.queries, self.tape, self.ask.watchdogs[name][2](), since)
        bars = [one for one in memory.lessons if isinstance(one, Bar)]
        means = [one for one in memory.lessons if isinstance(one, Mean)]
        return Begin(name, since.at_us, bars, means, message_lines(memory.messages), memory.watched_us)


class _Worker:
    """The process, as its parent talks with it: everything up to a Cut is said, then its answer is heard."""

    def __init__(self, process: WorkProcess, found: Callable[[Event], None]) -> None:
        self._process = process
        self._found = found

    async def send(self, what: Order | Begin | Piece | Cut) -> None:
        await self._process.send(what)

    async def cut(self, cut: Cut) -> Told:
        await self.send(cut)
        told = await self._hear()
        if not isinstance(told, Told):
            raise EOFError
        return told

    async def done(self) -> Done:
        await self._process.said_all()
        said = await self._hear()
        if not isinstance(said, Done):
            raise EOFError
        return said

    async def _hear(self) -> Told | Done:
        while isinstance(said := await self._process.hear(), Found):
            self._found(said.event)
        return said


def _steps(lives: Sequence[tuple[str, Life]], first: int, last: int) -> Iterator[tuple[int, int]]:
    """The pieces of a run: none is longer than PAGE, and none crosses the begin or the end of a life."""
    edges = {first, last} | {edge for _, life in lives for edge in (life.since.offset, life.until) if first < edge < last}
    edges |= set(range(first, last, PAGE))
    in_order = sorted(edges)
    yield from pairwise(in_order) if len(in_order) > 1 else [(first, first)]


def _since(data: dict[str, Any]) -> Since:
    skipped = tuple((offset, time_us) for offset, time_us in data["skipped"])
    return Since(data["epoch"], data["offset"], data["at_us"], skipped, data.get("watched_us", 0))

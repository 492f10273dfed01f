"""The stream for who can only ask: what came after a place, now or as soon as something does.

A batch says where the next one begins, so whoever asks again with that misses nothing, as on a socket.
"""

from __future__ import annotations

from typing import Any

import attrs
import msgspec
import trio

from actors import Published
from oracle.history import Span
from oracle.patterns import Patterns
from web.desk import Desk
from web.dialects import Native
from web.hub import retained_of
from web.missed import CanNot, Missed
from web.resume import Place, Why

__all__ = ["Batch", "poll", "snapshot"]

PIECE = 500  # messages looked at before others get a turn
BATCH_BYTES = 1024 * 1024
REPLANS = 10


@attrs.define
class Batch:
    """`items` are messages as the stream tells them, in order; `next` is the place to come back to, and `more` says that there
    may be more already. `recovered`: null for a snapshot that was asked for; true where nothing is missing since the place
    that was given; false where something is, and `reason` says what (see the stream): then `items` are a snapshot, or what came
    `after` a place."""

    next: str
    items: list[dict[str, Any]]
    more: bool = False
    recovered: bool | None = None
    reason: str | None = None
    after: str | None = None


def snapshot(system: Any, patterns: frozenset[str], recovered: bool | None = None, reason: str | None = None) -> Batch:
    """The retained messages of some topics, and the place they are from."""
    runtime = system.runtime
    dialect = Native(runtime.epoch)
    items = [_raw(dialect, one) for one in retained_of(runtime.bus, patterns)]
    return Batch(f"{runtime.epoch}:{runtime.bus.offset}", items, recovered=recovered, reason=reason)


async def poll(
    system: Any, desk: Desk | None, patterns: frozenset[str], since: Place | None, limit: int, wait_s: float
) -> Batch:
    """At most `limit` messages (and about a MiB) that came after `since`; where there are none, those that come within
    `wait_s` seconds, or none once the server stops. Without a `since` a snapshot."""
    if since is None:
        return snapshot(system, patterns)
    try:
        return await _Poll(system, desk, patterns, limit).run(since, wait_s)
    except CanNot as no:
        return snapshot(system, patterns, recovered=False, reason=no.why)


class _Poll:
    """One question."""

    def __init__(self, system: Any, desk: Desk | None, patterns: frozenset[str], limit: int) -> None:
        self._bus, self._ring, self._epoch = system.runtime.bus, system.ring, system.runtime.epoch
        self._turns = system.turns
        self._names = patterns
        self._patterns = Patterns(patterns)
        self._missed = Missed(system, self._patterns, system.runtime.ask)
        self._desk = desk
        self._room = limit
        self._room_bytes = BATCH_BYTES
        self._items: list[Any] = []
        self._outcome: dict[str, Any] = {}

    async def run(self, since: Place, wait_s: float) -> Batch:
        at, deadline_s = since, trio.current_time() + wait_s
        for _ in range(REPLANS):
            plan = await self._missed.plan(at)
            self._outcome = self._outcome or plan.outcome
            for span in plan.stored:
                offset = await self._read(span)
                if offset is not None:
                    return self._batch(Place(span.epoch, offset), more=True)
            at, overtaken = await self._hear(plan.recent, deadline_s)
            if self._items or not overtaken:
                return self._batch(at, more=at.offset < self._bus.offset)
        raise CanNot(Why.too_slow)

    async def _read(self, span: Span) -> int | None:
        """Take what is stored; the offset of the last taken where no more may be."""
        dialect = Native(span.epoch)
        page = await self._missed.page(span, self._room)
        for one in page:
            if self._take(dialect, one):
                return one.offset
        return None

    async def _hear(self, heard: int, deadline_s: float) -> tuple[Place, bool]:
        """Take from the ring until there is something or time is up; up to where, and whether the ring was faster."""
        dialect = Native(self._epoch)
        while True:
            async with self._turns:
                if heard < self._ring.after:
                    return Place(self._epoch, heard), True
                for one in self._ring.since(heard, PIECE):
                    heard = one.offset
                    if self._patterns.want(one.topic) and self._take(dialect, one):
                        return Place(self._epoch, heard), False
            if heard == self._bus.offset and (self._items or not await self._news(deadline_s)):
                return Place(self._epoch, heard), False

    async def _news(self, deadline_s: float) -> bool:
        """Wait for something that is wanted; no await came before since the ring was read. False where time is up."""
        news = trio.Event()
        if self._desk is not None and self._desk.stopping:
            return False
        waiting = set() if self._desk is None else self._desk.waiting
        listening = [self._bus.listen(name, lambda _: news.set()) for name in self._names]
        waiting.add(news)
        try:
            with trio.move_on_at(deadline_s) as scope:
                await news.wait()
        finally:
            waiting.discard(news)
            for one in listening:
                one.cancel()
        return not scope.cancelled_caught

    def _take(self, dialect: Native, one: Published) -> bool:
        """Add a message; whether it was the last that fits."""
        raw = _raw(dialect, one)
        self._items.append(raw)
        self._room -= 1
        self._room_bytes -= len(raw)
        return self._room <= 0 or self._room_bytes <= 0

    def _batch(self, at: Place, more: bool) -> Batch:
        return Batch(str(at), self._items, more, **self._outcome)


def _raw(dialect: Native, one: Published) -> Any:
    return msgspec.Raw(dialect.encode(one))

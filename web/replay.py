"""Tells a client that comes back what it missed, then puts it among those who are told what happens.

It takes part in the life of the client's actor. What a client is told goes in pieces, each once the one before was taken,
so nothing of it is conflated or skipped; the last piece and the place in the hub's mailbox come in one block without an
await, so nothing falls between and nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors import Published
from oracle.history import Span
from oracle.patterns import Patterns
from web.dialects import Native, to_json
from web.flopy_frames import Dashboard
from web.hub import Attach, snapshot_of
from web.missed import Ask, CanNot, Missed
from web.outlet import Entry, Outlet
from web.resume import REPLAY_MOST, Place, Why
from web.union import Union

__all__ = ["Replay"]

PIECE = 500  # messages looked at before others get a turn
PIECE_BYTES = 256 * 1024
PAGE = 2_000  # rows of one read
OVERTAKEN = 20  # times that messages left the ring before they were told, and had to be read again
ROUNDS = 1_000  # pieces of the ring; who is not there by then never will be


class Replay:
    """For one client: `run` returns once it is attached. Raises AskTimeout, MailboxFull, NobodyOwns, ActorCrashed."""

    def __init__(self, system: Any, outlet: Outlet, patterns: frozenset[str], dialect: Native | Union | Dashboard, ask: Ask,
                 most: int = REPLAY_MOST) -> None:  # fmt: skip
        self._bus = system.runtime.bus
        self._ring = system.ring
        self._outlet = outlet
        self._names = patterns
        self._patterns = Patterns(patterns)
        self._dialect = dialect
        self._ask = ask
        self._missed = Missed(system, self._patterns, ask, most)
        self._turns = system.turns
        self._told = 0
        self._piece_bytes = min(PIECE_BYTES, outlet.limit_bytes // 4)

    async def run(self, since: Place) -> None:
        """`subscribed`, what came after `since`, `ready`; or, with the reason why not all, what came since a later run began,
        or a snapshot."""
        self._reached = since
        self._outlet.dialect = self._dialect
        try:
            plan = await self._missed.plan(since)
            self._outcome = plan.outcome
            self._say_subscribed(**plan.outcome)
            for span in plan.stored:
                await self._tell_stored(span)
            await self._tell_recent(plan.recent)
        except CanNot as no:
            await self._begin_anew(no.why)

    # ---- telling it

    async def _tell_stored(self, span: Span) -> None:
        dialect = self._dialect.of(span.epoch)
        after = span.after
        while True:
            page = await self._missed.page(Span(span.epoch, after, span.until), PAGE)
            await self._tell(dialect, page)
            if len(page) < PAGE:
                self._reached = Place(span.epoch, span.until)
                return
            after = page[-1].offset

    async def _tell_recent(self, after: int) -> None:
        ring, overtaken = self._ring, 0
        for _ in range(ROUNDS):
            if after < ring.after:
                overtaken += 1
                if overtaken > OVERTAKEN:
                    raise CanNot(Why.too_slow)
                await self._tell_stored(Span(self._dialect.epoch, after, until := ring.after))
                after = until
                continue
            async with self._turns:
                if after < ring.after:
                    continue
                piece = ring.since(after, PIECE)
                entries, taken = self._cut(self._dialect, piece)
                if taken == len(piece) and after + taken == self._bus.offset:
                    # no await from here into the hub's mailbox
                    return await self._attach(entries, {**self._outcome, "caught_up": self._told + len(entries)})
                self._show(entries)
            await self._outlet.taken()
            after += taken
            self._reached = Place(self._dialect.epoch, after)
        raise CanNot(Why.too_slow)

    async def _tell(self, dialect: Native | Union | Dashboard, messages: Sequence[Published]) -> None:
        while messages:
            async with self._turns:
                entries, taken = self._cut(dialect, messages[:PIECE])
                self._show(entries)
            await self._outlet.taken()
            self._reached = Place(dialect.epoch, messages[taken - 1].offset)
            messages = messages[taken:]

    def _cut(self, dialect: Native | Union | Dashboard, messages: Sequence[Published]) -> tuple[list[Entry], int]:
        """The frames of the first messages, as many as fit a piece (at least one), and how many messages that were."""
        entries: list[Entry] = []
        size = 0
        for taken, one in enumerate(messages):
            if self._patterns.want(one.topic):
                if size >= self._piece_bytes:
                    return entries, taken
                frame = dialect.frame(one)
                if frame is not None:
                    entries.append((one.offset, None, frame))
                    size += len(frame)
        return entries, len(messages)

    def _show(self, entries: Sequence[Entry]) -> None:
        skipped = self._outlet.skipped
        self._outlet.show(entries)
        if self._outlet.skipped > skipped:  # a message larger than all a client may have waiting
            raise CanNot(Why.too_slow)
        self._told += len(entries)

    # ---- the frames around it

    async def _begin_anew(self, why: Why) -> None:
        """A snapshot as for a new client, without what this one was told on the way."""
        reached = self._reached.offset if self._told and self._reached.epoch == self._dialect.epoch else 0
        self._say_subscribed(recovered=False, reason=why)
        entries = [one for one in snapshot_of(self._bus, self._dialect, self._names) if one[0] > reached]
        await self._attach(entries, {"recovered": False, "reason": why})

    async def _attach(self, entries: Sequence[Entry], outcome: dict[str, Any]) -> None:
        offset = self._bus.offset
        ready = to_json({**self._dialect.words("ready"), "offset": offset, **outcome})
        place = f"{self._dialect.epoch}:{offset}"
        await self._ask("hub", Attach(self._outlet, self._names, self._dialect, offset, (), tuple(entries), (ready,), place))

    def _say_subscribed(self, **outcome: Any) -> None:
        place = {"offset": self._bus.offset, "topics": sorted(self._names)}
        self._outlet.say(to_json({**self._dialect.words("subscribed"), **place, **outcome}))

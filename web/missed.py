"""What a client that comes back has missed: the decision of `web.resume`, and reading what that asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from actors import ActorCrashed, AskTimeout, MailboxFull, NobodyOwns, Published, Refused
from oracle.history import Commit, Past, Span
from oracle.patterns import Patterns
from web.resume import REPLAY_MOST, Place, Plan, Why, judge, plan

__all__ = ["Ask", "CanNot", "Missed"]

Ask = Callable[..., Awaitable[Any]]


class CanNot(Exception):
    """Not all can be told; `why` not."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Missed:
    """Of one client, who wants `patterns`. Everything raises CanNot."""

    def __init__(self, system: Any, patterns: Patterns, ask: Ask, most: int = REPLAY_MOST) -> None:
        self._system = system
        self._epoch = system.runtime.epoch
        self._patterns = patterns
        self._ask = ask
        self._most = most

    async def plan(self, since: Place) -> Plan:
        """What to read for who stands at `since`, all of which is there."""
        system = self._system
        present = Place(self._epoch, system.runtime.bus.offset)
        ends = {} if since.epoch == present.epoch else await self._read(system.tape.ends)
        found = plan(since, present, system.ring.after, ends)
        if isinstance(found, Why):
            raise CanNot(found)
        if found.stored:
            await self._until_stored(found.stored[-1])
            past: Past = await self._read(system.tape.measure, found.stored, self._patterns)
            why = judge(past, self._most)
            if why is not None:
                raise CanNot(why)
        return found

    async def page(self, span: Span, limit: int) -> list[Published]:
        """The first `limit` messages of a span; fewer, and they are all."""
        await self._until_stored(span)
        page, whole = await self._read(self._system.tape.page, span, self._patterns, limit)
        if not whole:
            raise CanNot(Why.incomplete)
        found: list[Published] = page
        return found

    async def _until_stored(self, span: Span) -> None:
        """What is published is stored a moment later; a commit is answered after all that came before it."""
        if span.epoch == self._epoch and self._system.store.statistics.watermark < span.until:
            await self._read(self._ask, "history", Commit(()))

    async def _read(self, ask: Ask, *args: Any) -> Any:
        try:
            return await ask(*args)
        except (Refused, AskTimeout, ActorCrashed, MailboxFull, NobodyOwns) as no:
            raise CanNot(Why.unavailable) from no

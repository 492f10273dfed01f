"""A client of `/ws`, which alpha-oracle, agent-bot and the terminal all call theirs: told all of it until it says whose it is.

STATE_SNAPSHOT comes first. Who is known by `?surface=`, by the address it came to, or by its first message ({"type": "ping"} is
alpha-oracle's) is told that family's frames only; until then quotes come at most a few times a second and symbol. With
`?role=producer` a client pushes: what it sends is what `POST /api/push` takes.
"""

from __future__ import annotations

import itertools
from typing import Any

import attrs

from actors import Refused
from oracle.model import Command, Quote
from oracle.problems import Invalid
from oracle.terminal import objects_of
from web.body import decode
from web.dialects import to_json
from web.errors import answer_invalid, answer_refusal
from web.hub import Attach
from web.listener import Listener, error_word
from web.replay import Replay
from web.resume import Place
from web.routes import Answer, Family
from web.union import ALPHA, Union, channel_patterns, quote_frame
from web.visitor import BUSY, HUB, TRY_LATER, Visitor

__all__ = ["UnionSocket"]

QUOTES_EVERY_S = 0.3


@attrs.frozen
class _TellQuotes:
    """Time to tell the newest quotes to who has not said whose it is."""


class UnionSocket(Listener):
    """`since` None: from now on, without places; "" from now on with places; else what was missed first."""

    def __init__(self, system: Any, visitor: Visitor, surface: str, channels: frozenset[str], since: str | None,
                 producer: bool) -> None:  # fmt: skip
        super().__init__(system, visitor)
        self._surface = surface
        self._channels = channels
        self._since = since
        self._producer = producer
        self._catching_up = False
        self._told = 0  # the offset of the newest quote that was told
        self._pushes = itertools.count(1)

    async def start(self) -> None:
        """The snapshot first, then everything after it. Raises AskTimeout, MailboxFull, NobodyOwns."""
        dialect = self._dialect
        self.outlet.dialect = dialect
        place = Place.parse(self._since or "")
        if place is not None:
            self.outlet.say(self._snapshot())
            self._catching_up = True
            self.helper(self._replay, place)
        else:
            await self._attach(first=(self._snapshot(),))
        if self._conflated:
            self._told = self.runtime.bus.offset
            self.after(QUOTES_EVERY_S, _TellQuotes())
        if self._producer:
            self.helper(self._take_pushes)
        else:
            self.listen()

    def about(self) -> dict[str, Any]:
        """Who it is, and what it was told."""
        return {**super().about(), "surface": self._surface or "all", "channels": sorted(self._channels)}

    async def receive(self, message: object) -> None:
        """Tell quotes when it is time; hear the client."""
        if isinstance(message, _TellQuotes):
            if self._conflated:
                self._tell_quotes()
                self.after(QUOTES_EVERY_S, message)
            return
        await super().receive(message)

    async def heard(self, said: str | bytes | None) -> None:
        """A ping is answered and tells whose client it is; all else is ignored, as it was."""
        try:
            body = decode(said.encode() if isinstance(said, str) else said or b"")
        except (Invalid, Refused):
            return
        if isinstance(body, dict) and body.get("type") == "ping":
            self.outlet.say(to_json({"type": "pong", "channel": "system:stream"}))
            if not self._surface:
                await self._narrow(ALPHA)

    async def _narrow(self, surface: str) -> None:
        """Tell this family's frames only, from here on."""
        self._surface = surface
        if self._catching_up:
            return
        try:
            await self._attach()
        except BUSY:
            await self.visitor.close(TRY_LATER, "the server is too busy")

    async def _attach(self, first: tuple[bytes, ...] = ()) -> None:
        offset, dialect = self.runtime.bus.offset, self._dialect
        then: tuple[bytes, ...] = ()
        if dialect.placed and first:
            then = (to_json({**dialect.words("ready"), "offset": offset}),)
        # no await between the snapshot and the hub's mailbox: nothing falls between
        await self.ask(HUB, Attach(self.outlet, self._patterns, dialect, offset, first, (), then))

    async def _replay(self, since: Place) -> None:
        surface = self._surface
        try:
            await Replay(self.system, self.outlet, self._patterns, self._dialect, self.ask).run(since)
            self._catching_up = False
            if self._surface != surface:  # it has said whose it is meanwhile
                await self._attach()
        except BUSY:
            await self.visitor.close(TRY_LATER, "the server is too busy")

    async def _take_pushes(self) -> None:
        """One after the other; who pushes faster than that waits, and is not cut off."""
        while (event := await self.visitor.inbox.get())["type"] == "websocket.receive":
            text = event.get("text")
            await self._push(event.get("bytes") if text is None else text)
        self.finish()

    async def _push(self, said: str | bytes | None) -> None:
        """One push of a producer, answered by an `ack`, or by an `error` with nothing taken."""
        number = next(self._pushes)
        try:
            objects = objects_of(decode(said.encode() if isinstance(said, str) else said or b""))
            done = await self.ask("terminal", Command("push", {"objects": objects}, self.visitor.who.name))
        except Invalid as error:
            self._refuse(number, answer_invalid(error, Family.error))
        except Refused as error:
            self._refuse(number, answer_refusal(error, Family.error))
        except BUSY:
            self.outlet.say(error_word("unavailable", "the server is too busy to take this push; send it again"))
        else:
            self.outlet.say(to_json({"type": "ack", "channel": "system:stream", "push": number, **done}))

    def _refuse(self, number: int, answer: Answer) -> None:
        self.outlet.say(to_json({"type": "error", "channel": "system:stream", "push": number, **answer.body}))

    def _snapshot(self) -> bytes:
        place = {"epoch": self.runtime.epoch, "offset": self.runtime.bus.offset} if self._dialect.placed else {}
        return to_json({"type": "STATE_SNAPSHOT", "channel": "state:snapshot", "data": self.system.terminal.view(), **place})

    def _tell_quotes(self) -> None:
        told = self._told
        for one in self.runtime.bus.retained("quote:*"):
            if one.offset > told and isinstance(one.message, Quote):
                self._told = max(self._told, one.offset)
                self.outlet.say(to_json(quote_frame(one.message)), key=one.topic)

    @property
    def _conflated(self) -> bool:
        """Whether quotes are told from time to time only."""
        return not self._surface and self._since is None and self._channels == {"*"} and not self._producer

    @property
    def _patterns(self) -> frozenset[str]:
        if self._producer:
            return frozenset()
        patterns = channel_patterns(self._channels, self._surface)
        return patterns - {"quote:*"} if self._conflated else patterns

    @property
    def _dialect(self) -> Union:
        placed = self._since is not None
        return Union(self._surface, self._channels, placed, self.runtime.epoch if placed else "")

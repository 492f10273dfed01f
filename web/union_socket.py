"""A client of `/ws`, which alpha-oracle, agent-bot and the terminal all call theirs: told all of it until it says whose it is.

STATE_SNAPSHOT comes first. Who is known by `?surface=`, by the address it came to, or by its first message ({"type": "ping"} is
alpha-oracle's, {"type": "subscribe", "channel": "task:ID"} agent-bot's) is told that family's frames only; until then quotes
come at most a few times a second and symbol. Who subscribes to a task is told what it has put out so far, how it is, and then
what it puts out; who has subscribed to none is told how all of them are. With `?role=producer` a client pushes: what it sends is
what `POST /api/push` takes, or the output of a task.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import trio

from actors import Refused
from oracle.model import Command, Quote
from oracle.problems import Invalid
from oracle.terminal import objects_of
from web.body import decode
from web.dialects import to_json
from web.errors import answer_invalid, answer_refusal, invalid
from web.hub import Attach
from web.listener import Listener, error_word
from web.outlet import Entry
from web.replay import Replay
from web.resume import Place
from web.routes import Answer, Family
from web.surfaces.agent_shapes import checked_id
from web.task_push import TASK_FRAMES, push_task
from web.task_tail import Tail
from web.task_wishes import Asker
from web.union import AGENT, ALPHA, TASKS, Union, channel_patterns, quote_frame
from web.visitor import BUSY, HUB, TRY_LATER, Visitor

__all__ = ["UnionSocket"]

QUOTES_EVERY_S = 0.3
MOST_TASKS = 100
MOST_WISHES = 32  # changes of what a client wants that are under way


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
        self._caught_up: trio.Event | None = None  # while it is told what it missed
        self._turn = trio.Lock()  # of those who change what it wants, in the order they were asked
        self._wishes = 0
        self._told = 0  # the offset of the newest quote that was told
        self._pushes = itertools.count(1)

    async def start(self) -> None:
        """The snapshot first, then everything after it. Raises AskTimeout, MailboxFull, NobodyOwns."""
        dialect = self._dialect
        self.outlet.dialect = dialect
        place = Place.parse(self._since or "")
        first = () if self._surface == AGENT else (self._snapshot(),)  # which is of no use to agent-bot's
        if place is not None:
            for word in first:
                self.outlet.say(word)
            self._caught_up = trio.Event()
            self.helper(self._replay, place, self._caught_up)
        else:
            await self._attach(first, then=self._ready())
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
        """A ping is answered and tells whose client it is, as does who subscribes to a task; all else is ignored, as it was."""
        try:
            body = decode(said.encode() if isinstance(said, str) else said or b"")
        except (Invalid, Refused):
            return
        match body:
            case {"type": "ping"}:
                self.outlet.say(to_json({"type": "pong", "channel": "system:stream"}))
                if not self._surface:
                    await self._narrow(ALPHA)
            case {"type": "subscribe" | "unsubscribe" as verb, "channel": str(channel)} if not self._producer:
                if self._wishes >= MOST_WISHES:
                    self.outlet.say(error_word("full", f"{MOST_WISHES} subscriptions are under way; wait for an answer"))
                    return
                self._wishes += 1
                self.helper(self._change, self._subscribe if verb == "subscribe" else self._unsubscribe, channel)

    async def _narrow(self, surface: str) -> None:
        """Tell this family's frames only, from here on."""
        self._surface = surface
        if self._caught_up is not None:
            return
        try:
            await self._attach()
        except BUSY:
            await self.visitor.close(TRY_LATER, "the server is too busy")

    # ---- tasks

    async def _change(self, do: Callable[[str], Awaitable[None]], channel: str) -> None:
        """Change what it wants of tasks, after all that was asked before."""
        if self._caught_up is not None:
            await self._caught_up.wait()
        try:
            async with self._turn:
                await do(channel)
        except Invalid as error:
            self.outlet.say(to_json({"type": "error", "channel": channel[:80], **answer_invalid(error, Family.error).body}))
        except Refused as error:
            self.outlet.say(to_json({"type": "error", "channel": channel[:80], **answer_refusal(error, Family.error).body}))
        except BUSY:
            self.outlet.say(error_word("unavailable", "the server is too busy to change a subscription; try again"))
        finally:
            self._wishes -= 1

    async def _subscribe(self, channel: str) -> None:
        if not channel.startswith(TASKS):
            raise invalid("channel", ["body", "channel"], "Input should be task:ID", channel[:80])
        task, tasks = checked_id(channel.removeprefix(TASKS), "body", "channel"), self._tasks
        if len(tasks) >= MOST_TASKS:
            raise Refused(f"a socket may subscribe to {MOST_TASKS} tasks", "full")
        ack = to_json({"type": "subscribed", "channel": channel})
        if channel in tasks:
            self.outlet.say(ack)
            return
        self._surface, self._channels = AGENT, tasks
        await self._attach(then=(ack,))
        tail = Tail(self.system, self.outlet, task)
        await tail.show()
        self._channels = tasks | {channel}
        entries, present = tail.rest()
        await self._attach(snapshot=entries, then=tuple(map(to_json, present)))

    async def _unsubscribe(self, channel: str) -> None:
        ack = to_json({"type": "unsubscribed", "channel": channel[:80]})
        if channel not in self._tasks:
            self.outlet.say(ack)
            return
        self._channels = (self._tasks - {channel}) or frozenset({"*"})
        await self._attach(then=(ack,))

    @property
    def _tasks(self) -> frozenset[str]:
        """The channels of tasks that it has subscribed to."""
        return frozenset(one for one in self._channels if one.startswith(TASKS))

    # ---- the hub

    def _ready(self) -> tuple[bytes, ...]:
        dialect = self._dialect
        return (to_json({**dialect.words("ready"), "offset": self.runtime.bus.offset}),) if dialect.placed else ()

    async def _attach(
        self, first: tuple[bytes, ...] = (), snapshot: tuple[Entry, ...] = (), then: tuple[bytes, ...] = ()
    ) -> None:
        offset, dialect = self.runtime.bus.offset, self._dialect
        # no await between the snapshot and the hub's mailbox: nothing falls between
        await self.ask(HUB, Attach(self.outlet, self._patterns, dialect, offset, first, snapshot, then))

    async def _replay(self, since: Place, over: trio.Event) -> None:
        surface = self._surface
        try:
            await Replay(self.system, self.outlet, self._patterns, self._dialect, self.ask).run(since)
            self._caught_up = None
            if self._surface != surface:  # it has said whose it is meanwhile
                await self._attach()
        except BUSY:
            await self.visitor.close(TRY_LATER, "the server is too busy")
        over.set()

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
            body = decode(said.encode() if isinstance(said, str) else said or b"")
            if isinstance(body, dict) and body.get("type") in TASK_FRAMES:
                done = await push_task(Asker(self.system, self.visitor.who.name), body)
            else:
                push = Command("push", {"objects": objects_of(body)}, self.visitor.who.name)
                done = await self.ask("terminal", push)
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

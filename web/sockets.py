"""Clients of the live streams as actors `socket:N`: attached to the hub, told, heard and closed alone when they end.

A client is always read, so a disconnect is always seen; what it may send is bounded in size (by the connection), in pace and
in topics.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import attrs
import msgspec

from actors import ActorCrashed, Lifecycle, Refused
from oracle.model import State
from oracle.patterns import TOPIC_CHARS, is_pattern
from oracle.problems import Invalid
from web.body import decode, encode
from web.dialects import Deflated, Fiml, Native, ServerSent, to_json
from web.errors import answer_invalid, answer_refusal, invalid
from web.hub import Attach, snapshot_of
from web.listener import Listener, error_word
from web.once import REPLAYED
from web.replay import Replay
from web.resume import Place
from web.routes import Call, Family
from web.surfaces.fiml import dashboard_health, dashboard_stats
from web.surfaces.fiml_shapes import DashboardHealth
from web.visitor import BUSY, HUB, TRY_LATER, Visitor, session
from web.wish import Wish, grant

__all__ = ["DashboardSocket", "StreamSocket", "fiml_stream", "native_stream", "patterns_of"]

MOST_TOPICS = 100
MOST_WISHES = 8
STATS_EVERY_S = 30.0

_fiml = Fiml()


async def native_stream(call: Call, since: str) -> None:
    """Serve a client of the native stream: `subscribed`, the retained messages of its topics or what came after `since`,
    `ready`, then everything published. Raises Invalid (before it is let in) for topics that are none, or a place that is
    none."""
    system, visitor = call.system, call.visitor
    patterns, place = patterns_of(call.args["topics"], frozenset(), "query"), Place.parse(since)
    await session(system, visitor, lambda: StreamSocket(system, visitor, patterns, place, call.house))


async def fiml_stream(call: Call) -> None:
    """Serve a client of FIML's dashboard: stats, health, then watchdog events."""
    await session(call.system, call.visitor, lambda: DashboardSocket(call.system, call.visitor))


class StreamSocket(Listener):
    """A client of the native stream. It sends `{"action": "subscribe"|"unsubscribe", "topics": [...]}`; the first time,
    where it has no topics yet, also with `since`; and commands (`web.wish`)."""

    def __init__(self, system: Any, visitor: Visitor, patterns: frozenset[str], since: Place | None, house: Any) -> None:
        super().__init__(system, visitor)
        self._house = house
        self._wishes = 0  # under way
        self.patterns = patterns
        self._since = since
        self._resuming = False

    async def start(self) -> None:
        """Attach with a snapshot, then read the client; one that comes back is read while it is told what it missed.
        Raises AskTimeout, MailboxFull, NobodyOwns."""
        self.outlet.dialect = self._dialect
        if self._since is None:
            await self._attach(self.patterns, self.patterns)
        else:
            self._resume(self._since)
        self.listen()

    def about(self) -> dict[str, Any]:
        """Who it is, what it wants, and what it was told."""
        return {**super().about(), "topics": sorted(self.patterns)}

    async def heard(self, said: str | bytes | None) -> None:
        """Change the subscription, or tell the client what is wrong with its message; the socket stays open."""
        try:
            body = _object(said)
            if body.get("action") in ("command", "push"):
                self._wish(Wish.parse(body))
                return
            action, topics, since = _subscription(body)
            if self._resuming:
                raise Refused("wait for ready before changing the subscription", code="unavailable")
            if since is not None and self.patterns:
                raise invalid("since", ["body", "since"], "A socket that has topics can't go back")
            wanted = patterns_of(topics, self.patterns, "body") if action == "subscribe" else self.patterns.difference(topics)
            if since is None:
                await self._attach(wanted, wanted - self.patterns)
            self.patterns = wanted
            if since is not None:
                self._resume(since)
        except Invalid as error:
            self.outlet.say(to_json({"type": "error", **answer_invalid(error, Family.error).body}))
        except Refused as error:
            self.outlet.say(to_json({"type": "error", **answer_refusal(error, Family.error).body}))
        except BUSY:
            self.outlet.say(error_word("unavailable", "the server is too busy to change a subscription; try again"))

    def _wish(self, wish: Wish) -> None:
        if self._wishes >= MOST_WISHES:
            raise Refused(f"a socket may have {MOST_WISHES} commands under way; wait for an answer", code="full",
                          details={"id": wish.id})  # fmt: skip
        self._wishes += 1
        self.helper(self._grant, wish)

    async def _grant(self, wish: Wish) -> None:
        answer = await grant(self.system, self._house, self.visitor.who, wish, self.visitor.peer)
        self._wishes -= 1
        body = answer.body if isinstance(answer.body, bytes) else encode(answer.body)
        told = {**self._dialect.words("answer"), "id": wish.id, "status": answer.status, "body": msgspec.Raw(body or b"null")}
        self.outlet.say(to_json({**told, "replayed": REPLAYED in answer.headers}))

    def _resume(self, since: Place) -> None:
        self._resuming = True
        self.helper(self._replay, since)

    async def _replay(self, since: Place) -> None:
        try:
            await Replay(self.system, self.outlet, self.patterns, self._dialect, self.ask).run(since)
            self._resuming = False
        except (*BUSY, ActorCrashed):
            await self.visitor.close(TRY_LATER, "the server is too busy")

    async def _attach(self, patterns: frozenset[str], fresh: frozenset[str]) -> None:
        runtime, dialect = self.runtime, self._dialect
        offset = runtime.bus.offset
        snapshot = snapshot_of(runtime.bus, dialect, fresh)
        place = {"offset": offset, "topics": sorted(patterns)}
        # no await between the snapshot and the hub's mailbox: nothing falls between
        await self.ask(HUB, Attach(
            self.outlet, patterns, dialect, offset, (to_json({**dialect.words("subscribed"), **place}),), snapshot,
            (to_json({**dialect.words("ready"), "offset": offset}),), f"{runtime.epoch}:{offset}",
        ))  # fmt: skip

    @property
    def _dialect(self) -> Native:
        topics = self.outlet.link.deflates
        return _dialect(self.visitor.transport, self.runtime.epoch, topics)


@attrs.frozen
class _TellStats:
    """Time to tell the stats again."""


class DashboardSocket(Listener):
    """A client of FIML's dashboard. Whatever it sends is ignored."""

    listens = ("state:watchdog:*", "life:watchdog:*")

    async def start(self) -> None:
        """Attach, stats and health first, then read the client. Raises AskTimeout, MailboxFull, NobodyOwns."""
        first = (self._stats(), self._health())
        await self.ask(HUB, Attach(self.outlet, frozenset({"event:*"}), _fiml, self.runtime.bus.offset, first))
        self.listen()
        self.after(STATS_EVERY_S, _TellStats())

    async def receive(self, message: object) -> None:
        """Tell health when it changed, stats and health every 30 s whatever the client sends."""
        match message:
            case _TellStats():
                self.outlet.say(self._stats(), key="stats")
                self.outlet.say(self._health(), key="health")
                self.after(STATS_EVERY_S, message)
            case State() | Lifecycle() if self._told != _gist(dashboard_health(self.system)):
                self.outlet.say(self._health(), key="health")
            case _:
                await super().receive(message)

    def _stats(self) -> bytes:
        return to_json({"type": "stats", "data": dashboard_stats(self.system)})

    def _health(self) -> bytes:
        health = dashboard_health(self.system)
        self._told = _gist(health)
        return to_json({"type": "health", "data": health})


@functools.lru_cache(maxsize=16)
def _dialect(transport: str, epoch: str, deflated: frozenset[str]) -> Native:
    # groups are keyed by dialect, so all sockets of a runtime that are told alike share one
    if transport == "events":
        return ServerSent(epoch)
    return Deflated(epoch, deflated) if deflated else Native(epoch)


def _gist(health: DashboardHealth) -> list[Any]:
    """What of health is worth telling at once; counts and times can wait."""
    return [health.status, *((one.name, one.status, one.metadata.get("enabled")) for one in health.watchdogs)]


def _object(said: str | bytes | None) -> dict[str, Any]:
    """The JSON object that a client sent. Raises Invalid."""
    body = decode(said.encode() if isinstance(said, str) else said or b"")
    if not isinstance(body, dict):
        raise invalid("dict_type", ["body"], "Input should be an object with an action")
    return body


def _subscription(body: dict[str, Any]) -> tuple[str, list[str], Place | None]:
    """The action and topics of a client's message, and where it stands. Raises Invalid."""
    action, topics = body.get("action"), body.get("topics")
    if action not in ("subscribe", "unsubscribe"):
        raise invalid("enum", ["body", "action"], "Input should be 'subscribe', 'unsubscribe', 'command' or 'push'")
    if not isinstance(topics, list) or not all(isinstance(one, str) for one in topics):
        raise invalid("list_type", ["body", "topics"], "Input should be a list of topics")
    since = body.get("since", "")
    if not isinstance(since, str):
        raise invalid("string_type", ["body", "since"], "Input should be EPOCH:OFFSET")
    return action, topics, Place.parse(since, "body") if action == "subscribe" else None


def patterns_of(topics: Sequence[str], present: frozenset[str], place: str) -> frozenset[str]:
    """The patterns of a subscription with `topics`, which stood in `place`, added. Raises Invalid, and Refused `full`."""
    for topic in topics:
        if not is_pattern(topic):
            shown = topic[:TOPIC_CHARS]
            reason = f"'{shown}' is no topic: a star stands alone or after a final ':', as in quote:*"
            raise invalid("topics", [place, "topics"], reason, shown)
    wanted = present | frozenset(topics)
    if len(wanted) > MOST_TOPICS:
        raise Refused(f"a socket may have at most {MOST_TOPICS} topics", code="full", details={"field": "topics"})
    return wanted

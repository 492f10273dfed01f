"""WebSocket clients as actors `socket:N`: adopted from Quart's handler, attached to the hub, closed alone when they end.

The client is always read, so a disconnect is always seen; what it may send is bounded in size (by the connection), in pace
and in topics.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import attrs
import trio
from quart import websocket

from actors import (
    Actor,
    ActorCrashed,
    AskTimeout,
    Child,
    Killed,
    Lifecycle,
    MailboxFull,
    NobodyOwns,
    Refused,
    Supervisor,
)  # fmt: skip
from oracle.model import State
from oracle.problems import Invalid
from web.body import decode
from web.dialects import Fiml, Native, to_json
from web.errors import answer_invalid, answer_refusal, invalid
from web.hub import Attach, Detach, snapshot_of
from web.outlet import Outlet
from web.replay import Replay
from web.resume import Place
from web.routes import Family
from web.surfaces.fiml import dashboard_health, dashboard_stats
from web.surfaces.fiml_shapes import DashboardHealth

__all__ = ["DashboardSocket", "StreamSocket", "Visitor", "child", "fiml_stream", "native_stream"]

HUB = "hub"
MOST_TOPICS = 100
TOPIC_CHARS = 200
MESSAGES_BURST = 100
MESSAGES_PER_S = 20.0
STATS_EVERY_S = 30.0
GOING_AWAY, POLICY, CRASHED, TRY_LATER = 1001, 1008, 1011, 1013
BUSY = (AskTimeout, MailboxFull, NobodyOwns)

_numbers = itertools.count(1)
_fiml = Fiml()


def child() -> Child:
    """The supervisor `sockets`, under which clients are adopted."""
    return Child("sockets", Supervisor)


async def native_stream(system: Any, topics: Sequence[str] = (), since: str = "") -> None:
    """Serve `/api/oracle/stream` in a Quart websocket context: `subscribed`, the retained messages of `topics` or what
    came after `since`, `ready`, then everything published. Raises Invalid (before the accept) for topics that are none,
    or a place that is none."""
    patterns, place = _checked(topics, frozenset(), "query"), Place.parse(since)
    await _serve(system, lambda visitor: StreamSocket(system, visitor, patterns, place))


async def fiml_stream(system: Any) -> None:
    """Serve `/dashboard/stream` in a Quart websocket context: stats, health, then watchdog events."""
    await _serve(system, lambda visitor: DashboardSocket(system, visitor))


@attrs.frozen
class Visitor:
    """A client whose handshake is done: where it is told, how it is heard, how it is sent away."""

    outlet: Outlet
    receive: Callable[[], Awaitable[str | bytes | None]]
    close: Callable[[int, str], Awaitable[None]]


class _Socket(Actor):
    """What both kinds of client share: being read at a bounded pace."""

    def __init__(self, system: Any, visitor: Visitor) -> None:
        self.system = system
        self.outlet = visitor.outlet
        self._visitor = visitor
        self._tokens = float(MESSAGES_BURST)
        self._counted_s = trio.current_time()

    async def heard(self, message: str | bytes | None) -> None:
        """Handle one message of the client; the default ignores it."""

    async def read(self) -> None:
        """Read the client until it goes; too many messages end it."""
        while self._in_pace():
            await self.heard(await self._visitor.receive())
        self.outlet.say(_error("rate_limited", f"more than {MESSAGES_PER_S:g} messages a second"))
        await self._visitor.close(POLICY, "too many messages")
        # with unread messages in its queue Quart would not notice that the client has gone
        while True:
            await self._visitor.receive()

    def _in_pace(self) -> bool:
        now_s = trio.current_time()
        self._tokens = min(MESSAGES_BURST, self._tokens + (now_s - self._counted_s) * MESSAGES_PER_S) - 1
        self._counted_s = now_s
        return self._tokens >= 0


class StreamSocket(_Socket):
    """A client of the native stream. It sends `{"action": "subscribe"|"unsubscribe", "topics": [...]}`; the first time,
    where it has no topics yet, also with `since`."""

    def __init__(self, system: Any, visitor: Visitor, patterns: frozenset[str], since: Place | None = None) -> None:
        super().__init__(system, visitor)
        self.patterns = patterns
        self._since = since
        self._resuming = False

    async def start(self) -> None:
        """Attach with a snapshot, then read the client; one that comes back is read while it is told what it missed.
        Raises AskTimeout, MailboxFull, NobodyOwns."""
        if self._since is None:
            await self._attach(self.patterns, self.patterns)
        else:
            self._resume(self._since)
        self.helper(self.read)

    async def heard(self, message: str | bytes | None) -> None:
        """Change the subscription, or tell the client what is wrong with its message; the socket stays open."""
        try:
            action, topics, since = _command(message)
            if self._resuming:
                raise Refused("wait for ready before changing the subscription", code="unavailable")
            if since is not None and self.patterns:
                raise invalid("since", ["body", "since"], "A socket that has topics can't go back")
            wanted = _checked(topics, self.patterns, "body") if action == "subscribe" else self.patterns.difference(topics)
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
            self.outlet.say(_error("unavailable", "the server is too busy to change a subscription; try again"))

    def _resume(self, since: Place) -> None:
        self._resuming = True
        self.helper(self._replay, since)

    async def _replay(self, since: Place) -> None:
        try:
            await Replay(self.system, self.outlet, self.patterns, _native(self.runtime.epoch), self.ask).run(since)
            self._resuming = False
        except (*BUSY, ActorCrashed):
            await self._visitor.close(TRY_LATER, "the server is too busy")

    async def _attach(self, patterns: frozenset[str], fresh: frozenset[str]) -> None:
        runtime = self.runtime
        dialect = _native(runtime.epoch)
        offset = runtime.bus.offset
        snapshot = snapshot_of(runtime.bus, dialect, fresh)
        place = {"offset": offset, "topics": sorted(patterns)}
        # no await between the snapshot and the hub's mailbox: nothing falls between
        await self.ask(HUB, Attach(
            self.outlet, patterns, dialect, offset, (to_json({**dialect.words("subscribed"), **place}),), snapshot,
            (to_json({**dialect.words("ready"), "offset": offset}),),
        ))  # fmt: skip


@attrs.frozen
class _TellStats:
    """Time to tell the stats again."""


class DashboardSocket(_Socket):
    """A client of FIML's dashboard. Whatever it sends is ignored."""

    listens = ("state:watchdog:*", "life:watchdog:*")

    async def start(self) -> None:
        """Attach, stats and health first, then read the client. Raises AskTimeout, MailboxFull, NobodyOwns."""
        first = (self._stats(), self._health())
        await self.ask(HUB, Attach(self.outlet, frozenset({"event:*"}), _fiml, self.runtime.bus.offset, first))
        self.helper(self.read)
        self.after(STATS_EVERY_S, _TellStats())

    def receive(self, message: object) -> None:
        """Tell health when it changed, stats and health every 30 s whatever the client sends."""
        match message:
            case _TellStats():
                self.outlet.say(self._stats(), key="stats")
                self.outlet.say(self._health(), key="health")
                self.after(STATS_EVERY_S, message)
            case State() | Lifecycle() if self._told != _gist(dashboard_health(self.system)):
                self.outlet.say(self._health(), key="health")

    def _stats(self) -> bytes:
        return to_json({"type": "stats", "data": dashboard_stats(self.system)})

    def _health(self) -> bytes:
        health = dashboard_health(self.system)
        self._told = _gist(health)
        return to_json({"type": "health", "data": health})


async def _serve(system: Any, build: Callable[[Visitor], Actor]) -> None:
    """Adopt the client of the websocket in hand until either side ends."""
    outlet = cast(Outlet | None, websocket.scope["extensions"].get("oracle.outlet"))
    if outlet is None:
        raise RuntimeError("live streams need web.server: this ASGI server offers no outlet")
    await websocket.accept()
    # the proxy finds its websocket in the context of this task, and tasks of the actor have another
    client = websocket._get_current_object()  # type: ignore[attr-defined]
    visitor = Visitor(outlet, client.receive, client.close)
    runtime = system.runtime
    code, reason = CRASHED, "the session crashed"
    try:
        await runtime.adopt(Child(f"socket:{next(_numbers)}", lambda: build(visitor)), under="sockets")
        code, reason = GOING_AWAY, "the session was ended"  # not by the server's stop, which closes connections itself
    except Killed:
        reason = "the session was ended"
    except BUSY:
        code, reason = TRY_LATER, "the server is too busy"
    finally:
        if runtime.alive(HUB):
            runtime.tell(HUB, Detach(outlet))
        if outlet.open:
            await visitor.close(code, reason)


@functools.lru_cache(maxsize=4)
def _native(epoch: str) -> Native:
    # groups are keyed by dialect, so all sockets of a runtime share one
    return Native(epoch)


def _gist(health: DashboardHealth) -> list[Any]:
    """What of health is worth telling at once; counts and times can wait."""
    return [health.status, *((one.name, one.status, one.metadata.get("enabled")) for one in health.watchdogs)]


def _command(message: str | bytes | None) -> tuple[str, list[str], Place | None]:
    """The action and topics of a client's message, and where it stands. Raises Invalid."""
    raw = message.encode() if isinstance(message, str) else message or b""
    body = decode(raw)
    if not isinstance(body, dict):
        raise invalid("dict_type", ["body"], "Input should be an object with action and topics")
    action, topics = body.get("action"), body.get("topics")
    if action not in ("subscribe", "unsubscribe"):
        raise invalid("enum", ["body", "action"], "Input should be 'subscribe' or 'unsubscribe'")
    if not isinstance(topics, list) or not all(isinstance(one, str) for one in topics):
        raise invalid("list_type", ["body", "topics"], "Input should be a list of topics")
    since = body.get("since", "")
    if not isinstance(since, str):
        raise invalid("string_type", ["body", "since"], "Input should be EPOCH:OFFSET")
    return action, topics, Place.parse(since, "body") if action == "subscribe" else None


def _checked(topics: Sequence[str], present: frozenset[str], place: str) -> frozenset[str]:
    """The patterns of a subscription with `topics`, which stood in `place`, added. Raises Invalid, and Refused `full`."""
    for topic in topics:
        head, star, rest = topic.partition("*")
        if not topic or len(topic) > TOPIC_CHARS or rest or (star and head and not head.endswith(":")):
            shown = topic[:TOPIC_CHARS]
            reason = f"'{shown}' is no topic: a star stands alone or after a final ':', as in quote:*"
            raise invalid("topics", [place, "topics"], reason, shown)
    wanted = present | frozenset(topics)
    if len(wanted) > MOST_TOPICS:
        raise Refused(f"a socket may have at most {MOST_TOPICS} topics", code="full", details={"field": "topics"})
    return wanted


def _error(code: str, message: str) -> bytes:
    return to_json({"type": "error", "error": {"code": code, "message": message, "details": {}}})

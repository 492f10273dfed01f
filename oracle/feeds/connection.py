"""A feed over a WebSocket: connect, parse, publish, and say aloud when the venue goes away or falls silent.

Nothing is repaired here: a lost connection ends this life, and the supervisor begins the next one, for ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import attrs
import trio

from actors import Child
from oracle import websocket
from oracle.feeds.feed import FeedActor
from oracle.feeds.statistics import FeedStatistics, Parsed
from oracle.feeds.voice import Voice, address_of
from oracle.model import Depth, Severity, Trade, ref
from oracle.websocket import Lost

__all__ = ["Booked", "WebSocketFeed", "Wire", "websocket_child"]

_SAID_CHARS, _MOST_REFUSALS = 200, 100
_BATCH = 64  # frames between two looks at the gate


@attrs.define(eq=False, kw_only=True)
class WebSocketFeed(FeedActor):
    """Publishes what `parse` finds in the frames of `url`. The fields mean what they mean in the feed's settings.

    `opening` gives what to say first on each new connection, and `answers` what to say after a frame was read. `beside` runs
    as long as a connection lives, and is given what tells messages of another way, and the clock.
    """

    url: str
    parse: Callable[[str | bytes, int], Parsed]
    statistics: FeedStatistics
    stale_after_s: float
    pong_timeout_s: float
    connect_timeout_s: float
    max_frame_bytes: int
    opening: Callable[[], Sequence[str]] = tuple
    answers: Callable[[], Sequence[str]] = tuple
    beside: Callable[[Callable[[Parsed], None], Callable[[], int]], Awaitable[None]] | None = None
    _heard_s: float = attrs.field(default=0.0, init=False)  # on trio's clock, which no wall clock's jump can move
    _voice: Voice = attrs.field(init=False)
    _refusals: set[str] = attrs.field(factory=set, init=False)
    _lost: str = attrs.field(default="", init=False)  # why the connection ended, once it is known

    async def start(self) -> None:
        """Begin to connect; the feed has started, connected or not."""
        self._voice = Voice(self, self.statistics)
        self.helper(self._read)

    async def stop(self) -> None:
        """Let it be said that this is no crash."""
        self._voice.stopping = True

    async def _read(self) -> None:
        try:
            async with websocket.connect(
                self.url, timeout_s=self.connect_timeout_s, max_message_bytes=self.max_frame_bytes
            ) as connection:
                self._heard_s = trio.current_time()
                self._voice.connected(address_of(self.url))
                self.helper(self._watch, connection)
                if self.beside is not None:
                    self.helper(self.beside, self._tell_beside, self.now_us)
                for text in self.opening():
                    await connection.send(text)
                await self._take_all(connection)
        except websocket.Lost as error:
            self._lost = str(error)
            raise
        finally:
            self._voice.disconnected(address_of(self.url), self._lost or self._voice.end)

    async def _take_all(self, connection: websocket.Connection) -> None:
        # Frames come one per turn of the loop (trio-websocket hands them over one by one), so each is published as it
        # comes, and only the gate is passed once per batch.
        while True:
            for _ in range(_BATCH):
                self._take(await connection.receive())
                for text in self.answers():
                    await connection.send(text)
            await self.runtime.bus.room()

    def _take(self, frame: str | bytes) -> None:
        now_us = self.now_us()
        kind, messages = self.parse(frame, now_us)
        self._tell((kind, messages), _size(frame))
        statistics = self.statistics
        if kind == "error":
            self._refused(frame)
        if messages and isinstance(messages[-1], Trade | Depth):  # the others' times are our own, or a bar's beginning
            statistics.lag_ms = (now_us - messages[-1].ts_us) / 1000
        self._heard_s = trio.current_time()
        if statistics.stale:
            statistics.stale = False
            self._voice.say("feed_fresh", Severity.low, "frames arrive again")

    def _refused(self, frame: str | bytes) -> None:
        """The venue says no to what we asked for; aloud once a connection, and no more than 100 of them."""
        text = (frame if isinstance(frame, str) else frame.decode(errors="replace"))[:_SAID_CHARS]
        self.statistics.last_error = text
        if text not in self._refusals and len(self._refusals) < _MOST_REFUSALS:
            self._refusals.add(text)
            self._voice.say("feed_refused", Severity.high, f"the venue refused: {text}", said=text)

    def _tell(self, parsed: Parsed, size: int = 0) -> None:
        kind, messages = parsed
        for message in messages:
            self.publish(message)
        self.statistics.count(kind, len(messages), size, self.now_us())

    def _tell_beside(self, parsed: Parsed) -> None:
        """What came another way, or did not come; it does not say when the stream was last heard."""
        heard_us = self.statistics.last_frame_us
        self._tell(parsed)
        self.statistics.last_frame_us = heard_us
        if not parsed[1]:
            self.statistics.last_error = parsed[0]

    async def _watch(self, connection: websocket.Connection) -> None:
        """Call the feed stale after a silence, and give the connection up where not even a probe is answered."""
        checked_s = self._heard_s
        while True:
            due_s = max(self._heard_s, checked_s) + self.stale_after_s
            if trio.current_time() < due_s:
                await trio.sleep_until(due_s)
                continue
            checked_s = trio.current_time()
            if not self.statistics.stale:
                self.statistics.stale = True
                self._voice.say("feed_stale", Severity.high, f"no frame for {self.stale_after_s:g} s",
                                silent_s=round(checked_s - self._heard_s, 3))  # fmt: skip
            try:
                await connection.probe(self.pong_timeout_s)
            except websocket.Lost as error:
                self._lost = str(error)
                raise


class Wire(Protocol):
    """Settings that every feed over a WebSocket has."""

    stale_after_s: float
    pong_timeout_s: float
    connect_timeout_s: float
    max_frame_bytes: int


class Booked(Wire, Protocol):
    """Settings of a feed that keeps order books too."""

    url: str
    symbols: tuple[str, ...]
    levels: int
    within_bps: float
    sample_every_s: float


def websocket_child(
    name: str, wire: Wire, url: str, parse: Callable[[str | bytes, int], Parsed], statistics: FeedStatistics | None, **talk: Any
) -> Child:
    """The spec of `feed:NAME`, which reconnects for ever. `statistics` survive its lives; `talk` goes to WebSocketFeed."""
    counted = FeedStatistics() if statistics is None else statistics

    def build() -> WebSocketFeed:
        return WebSocketFeed(
            url=url, parse=parse, statistics=counted, stale_after_s=wire.stale_after_s, pong_timeout_s=wire.pong_timeout_s,
            connect_timeout_s=wire.connect_timeout_s, max_frame_bytes=wire.max_frame_bytes, **talk,
        )  # fmt: skip

    return Child(ref("feed", name), build, expected=(Lost,))


def _size(frame: str | bytes) -> int:
    return len(frame) if isinstance(frame, bytes) or frame.isascii() else len(frame.encode("utf-8", "surrogatepass"))

"""Topics, listeners and the one offset counter.

Topics are segments joined by `:`. A pattern is an exact topic, a prefix with a tail (`quote:*`, any depth), or `*`.
`publish` never waits: the offset and the publish time are taken in the same synchronous call that hands the message
out, so offset order = time order = replay order. The dictionaries of patterns are the truth; a bounded cache from topic
to a tuple of bound `put`s makes a publish cost one look-up.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

import attrs
import trio

from actors.clock import Clock

__all__ = ["Bus", "Message", "Published", "Subscription"]

Put = Callable[[Any], object]

CACHE_TOPICS = 100_000
RETAINED_TOPICS = 100_000
GATE_PATIENCE_S = 2.0


class Message(Protocol):
    """Anything with a topic; the last one of a topic is kept where `retained` is true."""

    @property
    def topic(self) -> str: ...


@attrs.define(eq=False)
class Published:
    """A message with what publishing gave it: its offset and its publish time (UTC microseconds)."""

    offset: int
    time_us: int
    topic: str
    message: Any


@attrs.define(eq=False)
class Subscription:
    """A listener's place at the bus; `cancel` is idempotent."""

    pattern: str
    put: Put
    _bus: Bus | None

    def cancel(self) -> None:
        """Hear nothing more."""
        if self._bus is not None:
            self._bus._forget(self)
            self._bus = None


class Bus:
    """Hands each published message to the listeners of its topic, in the order of publishing."""

    def __init__(self, clock: Clock) -> None:
        self.offset = 0
        self.evicted = 0  # retained topics given up for newer ones
        self._clock = clock
        self._time_us = 0
        self._exact: dict[str, list[Subscription]] = {}
        self._tails: dict[str, list[Subscription]] = {}
        self._cache: dict[str, tuple[Put, ...]] = {}
        self._last: OrderedDict[str, Published] = OrderedDict()
        self._gate: trio.Event | None = None

    def publish(self, message: Message) -> int:
        """Give the message its offset and hand it out; returns the offset."""
        topic = message.topic
        now_us = self._clock()
        # a clock that was set back must not reorder the log
        if now_us < self._time_us:
            now_us = self._time_us
        self._time_us = now_us
        self.offset = offset = self.offset + 1
        published = Published(offset, now_us, topic, message)
        if getattr(message, "retained", False):
            self._retain(published)
        puts = self._cache.get(topic)
        if puts is None:
            puts = self._match(topic)
        for put in puts:
            put(published)
        return offset

    def listen(self, pattern: str, put: Put) -> Subscription:
        """Call `put(Published)` for each message whose topic matches. Raises ValueError on a malformed pattern."""
        table, key = self._place(pattern)
        subscription = Subscription(pattern, put, self)
        table.setdefault(key, []).append(subscription)
        self._drop_cached(pattern)
        return subscription

    def last(self, topic: str) -> Published | None:
        """The last retained message of a topic."""
        return self._last.get(topic)

    def retained(self, pattern: str) -> list[Published]:
        """The last messages of all retained topics that match, in offset order."""
        if not pattern.endswith("*"):
            found = self._last.get(pattern)
            return [found] if found else []
        prefix = pattern[:-1]
        return sorted((p for t, p in self._last.items() if t.startswith(prefix)), key=lambda p: p.offset)

    def listeners(self) -> int:
        """How many subscriptions there are."""
        return sum(map(len, self._exact.values())) + sum(map(len, self._tails.values()))

    def close_gate(self) -> None:
        """Ask publishers that care (`room`) to pause."""
        if self._gate is None:
            self._gate = trio.Event()

    def open_gate(self) -> None:
        """Let them go on."""
        if self._gate is not None:
            self._gate.set()
            self._gate = None

    @property
    def gated(self) -> bool:
        """Whether publishers that care are asked to pause."""
        return self._gate is not None

    async def room(self) -> None:
        """Yield once; while the gate is closed wait for it, at most two seconds. Publishers call it once per batch."""
        if self._gate is None:
            await trio.lowlevel.checkpoint()
        else:
            with trio.move_on_after(GATE_PATIENCE_S):
                await self._gate.wait()

    def _place(self, pattern: str) -> tuple[dict[str, list[Subscription]], str]:
        head, star, rest = pattern.partition("*")
        if rest or not pattern or (star and head and not head.endswith(":")):
            raise ValueError(f"malformed pattern {pattern!r}: a star stands alone or after a final ':'")
        return (self._tails, head) if star else (self._exact, pattern)

    def _forget(self, subscription: Subscription) -> None:
        table, key = self._place(subscription.pattern)
        found = table[key]
        found[:] = [s for s in found if s is not subscription]
        if not found:
            del table[key]
        self._drop_cached(subscription.pattern)

    def _drop_cached(self, pattern: str) -> None:
        if not pattern.endswith("*"):
            self._cache.pop(pattern, None)
        elif pattern == "*":
            self._cache.clear()
        else:
            prefix = pattern[:-1]
            for topic in [t for t in self._cache if t.startswith(prefix)]:
                del self._cache[topic]

    def _match(self, topic: str) -> tuple[Put, ...]:
        found = list(self._exact.get(topic, ()))
        found += self._tails.get("", ())
        end = topic.find(":")
        while end >= 0:
            found += self._tails.get(topic[: end + 1], ())
            end = topic.find(":", end + 1)
        if len(self._cache) >= CACHE_TOPICS:
            self._cache.clear()  # cheaper than choosing: a dict's front gets slow to find once much was deleted there
        puts = self._cache[topic] = tuple(s.put for s in found)
        return puts

    def _retain(self, published: Published) -> None:
        last = self._last
        if published.topic not in last and len(last) >= RETAINED_TOPICS:
            last.popitem(last=False)
            self.evicted += 1
        last[published.topic] = published

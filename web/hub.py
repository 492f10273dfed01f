"""The actor `hub`: hears everything, encodes once per dialect, offers to each outlet.

Frames collect while a batch of messages is handled and go out when it has drained, joined for idle sockets. Joining,
changing and leaving a group are messages in the same mailbox as the ticks, so each takes effect exactly between two offsets:
whoever takes a snapshot and asks `Attach` in one await-free block misses nothing and is told nothing twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Any

import attrs
import trio

from actors import Actor, Bus, Child, Published
from web.audience import Attach, Audience
from web.outlet import Entry, Outlet
from web.wire import Dialect, topic_key

__all__ = ["Attach", "Detach", "Hub", "child", "entries_of", "retained_of", "snapshot_of"]

CAPACITY = 65_536
SNAPSHOT_MOST = 10_000


@attrs.frozen
class Detach:
    """Forget a socket."""

    outlet: Outlet


def child() -> Child:
    """The actor `hub`. Its audience survives its lives: a crash costs the sockets nothing but the message in hand."""
    audience = Audience()
    return Child("hub", lambda: Hub(audience), capacity=CAPACITY, when_full="drop_oldest")


def entries_of(dialect: Dialect, published: Iterable[Published]) -> tuple[Entry, ...]:
    """What a dialect makes of messages, such as the retained ones of a snapshot."""
    found = []
    for one in published:
        frame = dialect.still(one)
        if frame is not None:
            found.append((one.offset, topic_key(one), frame))
    return tuple(found)


def retained_of(bus: Bus, patterns: Iterable[str]) -> list[Published]:
    """The newest message of each of some topics, in the order of their offsets; the newest 10,000."""
    found = {one.topic: one for pattern in patterns for one in bus.retained(pattern)}
    return sorted(found.values(), key=lambda one: one.offset)[-SNAPSHOT_MOST:]


def snapshot_of(bus: Bus, dialect: Dialect, patterns: Iterable[str]) -> tuple[Entry, ...]:
    """What a dialect makes of the retained messages of some topics."""
    return entries_of(dialect, retained_of(bus, patterns))


class Hub(Actor):
    """Answers `Attach` once it has taken effect; a `Detach` is told."""

    listens = ("*",)

    def __init__(self, audience: Audience) -> None:
        self.audience = audience

    async def start(self) -> None:
        """Finish what a former life was handing over."""
        await self._deliver_rest()

    def receive(self, message: Any) -> None:
        """Collect what is published; join and forget sockets."""
        published = self.published
        if published is not None:
            self.audience.collect(published)
            return
        match message:
            case Attach():
                self.audience.attach(message)
            case Detach():
                self.audience.detach(message.outlet)

    def drained(self) -> Awaitable[None] | None:
        """Hand out the batch; with many sockets in several turns, while further messages wait in the mailbox."""
        self.audience.cut()
        return None if self.audience.deliver() else self._deliver_rest()

    def gap(self, from_us: int, to_us: int, dropped: int) -> None:
        """The mailbox overflowed: everybody was told less than they wanted."""
        self.audience.lost(dropped)

    async def _deliver_rest(self) -> None:
        while not self.audience.deliver():
            await trio.lowlevel.checkpoint()

"""The actor `hub`: hears everything, groups sockets by what they want, encodes once per dialect, offers to each outlet.

Frames collect while a batch of messages is handled and go out when it has drained, joined for idle sockets. Joining,
changing and leaving a group are messages in the same mailbox as the ticks, so each takes effect exactly between two offsets:
whoever takes a snapshot and asks `Attach` in one await-free block misses nothing and is told nothing twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice
from operator import length_hint
from typing import Any

import attrs
import trio

from actors import Actor, Bus, Child, Published
from web.outlet import Batch, Entry, Outlet
from web.wire import Dialect, topic_key

__all__ = ["Attach", "Audience", "Detach", "Hub", "child", "entries_of", "retained_of", "snapshot_of"]

CAPACITY = 65_536
SOCKETS_PER_YIELD = 200
CACHE_TOPICS = 65_536
SNAPSHOT_MOST = 10_000


@attrs.frozen
class Attach:
    """Put a socket into the group of `patterns`; of another group it is a member no more. Before anything live it is told
    `first`, `snapshot` and `then`; `offset` is the last one that the snapshot includes, `place` where the client may come
    back to once it has been told `then`."""

    outlet: Outlet
    patterns: frozenset[str]
    dialect: Dialect
    offset: int
    first: tuple[bytes, ...] = ()
    snapshot: tuple[Entry, ...] = ()
    then: tuple[bytes, ...] = ()
    place: str = ""


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


@attrs.define(eq=False)
class Group:
    """Sockets with the same patterns and dialect, and the frames collected for them since the last cut."""

    patterns: frozenset[str]
    dialect: Dialect
    members: dict[Outlet, None] = attrs.field(factory=dict)
    entries: list[Entry] = attrs.field(factory=list)
    present: tuple[Outlet, ...] | None = None  # the members, where nobody came or went since they were last told


class Audience:
    """Who wants what, and what is on its way to them. All synchronous; one owner at a time."""

    def __init__(self) -> None:
        self._groups: dict[tuple[frozenset[str], Dialect], Group] = {}
        self._group_of: dict[Outlet, Group] = {}
        self._by_topic: dict[str, tuple[tuple[Dialect, tuple[Group, ...]], ...]] = {}
        self._dirty: dict[Group, None] = {}
        self._due: deque[tuple[Batch | Callable[[Outlet], None], Iterator[Outlet]]] = deque()

    @property
    def sockets(self) -> int:
        """How many there are."""
        return len(self._group_of)

    def collect(self, published: Published) -> None:
        """Encode a message for whoever wants it; it goes out with the next cut."""
        wanted = self._by_topic.get(published.topic)
        if wanted is None:
            wanted = self._match(published.topic)
        for dialect, groups in wanted:
            frame = dialect.frame(published)
            if frame is not None:
                entry = (published.offset, topic_key(published), frame)
                for group in groups:
                    group.entries.append(entry)
                    self._dirty[group] = None

    def attach(self, wish: Attach) -> None:
        """Move a socket to the group it wishes, behind everything collected so far."""
        self.cut()
        self._leave(wish.outlet)
        wish.outlet.dialect = wish.dialect
        self._due.append((lambda outlet: _begin(outlet, wish), iter((wish.outlet,))))
        key = (wish.patterns, wish.dialect)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(*key)
            self._by_topic.clear()
        group.members[wish.outlet] = group.present = None
        self._group_of[wish.outlet] = group

    def detach(self, outlet: Outlet) -> None:
        """Forget a socket."""
        self._leave(outlet)

    def lost(self, count: int) -> None:
        """Tell everybody that `count` messages did not come as far as here."""
        self.cut()
        self._due.append((lambda outlet: outlet.lost(count, "server overload"), iter(tuple(self._group_of))))

    def cut(self) -> None:
        """What has been collected is a batch: put it on its way to the members of each group."""
        for group in self._dirty:
            if group.members:
                if group.present is None:
                    group.present = tuple(group.members)
                self._due.append((Batch(group.entries), iter(group.present)))
            group.entries = []
        self._dirty.clear()

    def deliver(self, most: int = SOCKETS_PER_YIELD) -> bool:
        """Hand over at most `most` things that are due, in order; False while more are."""
        due = self._due
        while due and most > 0:
            what, outlets = due[0]
            before = length_hint(outlets)
            # of an iterator only the outlet in hand is lost to a crash
            if isinstance(what, Batch):
                for outlet in islice(outlets, most):
                    if not outlet.offer_batch(what):
                        self._leave(outlet)
            else:
                for outlet in islice(outlets, most):
                    what(outlet)
            most -= before - length_hint(outlets)
            if not length_hint(outlets):
                due.popleft()
        return not due

    def _leave(self, outlet: Outlet) -> None:
        group = self._group_of.pop(outlet, None)
        if group is not None:
            group.members.pop(outlet, None)
            group.present = None
            if not group.members:
                del self._groups[(group.patterns, group.dialect)]
                self._dirty.pop(group, None)
                self._by_topic.clear()

    def _match(self, topic: str) -> tuple[tuple[Dialect, tuple[Group, ...]], ...]:
        names = {topic, "*"}
        end = topic.find(":")
        while end >= 0:
            names.add(topic[: end + 1] + "*")
            end = topic.find(":", end + 1)
        by_dialect: dict[Dialect, list[Group]] = {}
        for group in self._groups.values():
            if not names.isdisjoint(group.patterns):
                by_dialect.setdefault(group.dialect, []).append(group)
        if len(self._by_topic) >= CACHE_TOPICS:
            self._by_topic.clear()
        found = self._by_topic[topic] = tuple((dialect, tuple(groups)) for dialect, groups in by_dialect.items())
        return found


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


def _begin(outlet: Outlet, wish: Attach) -> None:
    for payload in wish.first:
        outlet.say(payload)
    outlet.show(wish.snapshot)
    for payload in wish.then:
        outlet.say(payload, place=wish.place)
    outlet.floor = max(outlet.floor, wish.offset)

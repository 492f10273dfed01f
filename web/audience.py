"""Who wants what, and what is on its way to them.

Sockets that want the same in the same dialect are a group; the groups that a topic goes to are a lane, and whatever is
collected for a lane is framed and joined once for all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from operator import itemgetter, length_hint

import attrs

from actors import Published
from web.outlet import Batch, Entry, Outlet, hand_out
from web.wire import Dialect, topic_key

__all__ = ["Attach", "Audience"]

SOCKETS_PER_YIELD = 200
CACHE_TOPICS = 65_536


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


@attrs.define(eq=False)
class Group:
    """Sockets with the same patterns and dialect."""

    patterns: frozenset[str]
    dialect: Dialect
    members: dict[Outlet, None] = attrs.field(factory=dict)


@attrs.define(eq=False)
class Lane:
    """Groups of one dialect that some topics all go to, and what was collected for them since the last cut."""

    dialect: Dialect
    groups: tuple[Group, ...]
    entries: list[Entry] = attrs.field(factory=list)
    present: tuple[Outlet, ...] = ()  # the members of the groups,
    present_at: int = -1  # as they were at this count of comings and goings


class Audience:
    """All synchronous; one owner at a time."""

    def __init__(self) -> None:
        self._groups: dict[tuple[frozenset[str], Dialect], Group] = {}
        self._by_pattern: dict[str, dict[Group, None]] = {}
        self._group_of: dict[Outlet, Group] = {}
        self._lanes: dict[tuple[Group, ...], Lane] = {}
        self._by_topic: dict[str, tuple[Lane, ...]] = {}
        self._moves = 0  # comings and goings
        self._dirty: dict[Lane, None] = {}
        self._due: deque[tuple[Batch | Callable[[Outlet], None], Iterator[Outlet]]] = deque()

    @property
    def sockets(self) -> int:
        """How many there are."""
        return len(self._group_of)

    def collect(self, published: Published) -> None:
        """Encode a message for whoever wants it; it goes out with the next cut."""
        lanes = self._by_topic.get(published.topic)
        if lanes is None:
            lanes = self._match(published.topic)
        for lane in lanes:
            frame = lane.dialect.frame(published)
            if frame is not None:
                lane.entries.append((published.offset, topic_key(published), frame))
                self._dirty[lane] = None

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
            for pattern in group.patterns:
                self._by_pattern.setdefault(pattern, {})[group] = None
            self._forget_lanes()
        group.members[wish.outlet] = None
        self._group_of[wish.outlet] = group
        self._moves += 1

    def detach(self, outlet: Outlet) -> None:
        """Forget a socket."""
        self._leave(outlet)

    def lost(self, count: int) -> None:
        """Tell everybody that `count` messages did not come as far as here."""
        self.cut()
        self._due.append((lambda outlet: outlet.lost(count, "server overload"), iter(tuple(self._group_of))))

    def cut(self) -> None:
        """What has been collected is put on its way to the members of each group, as one batch."""
        dirty = tuple(self._dirty)
        self._dirty.clear()
        if len(dirty) == 1:
            self._send(dirty[0].entries, self._present(dirty[0]))
        elif dirty:
            self._send_apart(dirty)
        for lane in dirty:
            lane.entries = []

    def deliver(self, most: int = SOCKETS_PER_YIELD) -> bool:
        """Hand over at most `most` things that are due, in order; False while more are."""
        due = self._due
        while due and most > 0:
            what, outlets = due[0]
            before = length_hint(outlets)
            # of an iterator only the outlet in hand is lost to a crash
            if isinstance(what, Batch):
                for gone in hand_out(what, islice(outlets, most)):
                    self._leave(gone)
            else:
                for outlet in islice(outlets, most):
                    what(outlet)
            most -= before - length_hint(outlets)
            if not length_hint(outlets):
                due.popleft()
        return not due

    # ---- sending

    def _send_apart(self, dirty: Iterable[Lane]) -> None:
        """A group may be in several lanes: it gets what they hold in one batch, in the order of the offsets."""
        lanes_of: dict[Group, list[Lane]] = {}
        for lane in dirty:
            for group in lane.groups:
                lanes_of.setdefault(group, []).append(lane)
        alike: dict[tuple[Lane, ...], list[Group]] = {}
        for group, lanes in lanes_of.items():
            alike.setdefault(tuple(lanes), []).append(group)
        for together, groups in alike.items():
            entries = sorted(chain.from_iterable(lane.entries for lane in together), key=itemgetter(0))
            self._send(entries, _members(groups))

    def _send(self, entries: list[Entry], outlets: tuple[Outlet, ...]) -> None:
        if outlets:
            self._due.append((Batch(entries), iter(outlets)))

    def _present(self, lane: Lane) -> tuple[Outlet, ...]:
        if lane.present_at != self._moves:
            lane.present, lane.present_at = _members(lane.groups), self._moves
        return lane.present

    # ---- who

    def _leave(self, outlet: Outlet) -> None:
        group = self._group_of.pop(outlet, None)
        if group is None:
            return
        group.members.pop(outlet, None)
        self._moves += 1
        if not group.members:
            del self._groups[(group.patterns, group.dialect)]
            for pattern in group.patterns:
                self._by_pattern[pattern].pop(group)
                if not self._by_pattern[pattern]:
                    del self._by_pattern[pattern]
            self._forget_lanes()

    def _match(self, topic: str) -> tuple[Lane, ...]:
        names = ["*"]
        end = topic.find(":")
        while end >= 0:
            names.append(topic[: end + 1] + "*")
            end = topic.find(":", end + 1)
        names.append(topic)
        groups = dict.fromkeys(chain.from_iterable(self._by_pattern.get(name, ()) for name in names))
        by_dialect: dict[Dialect, list[Group]] = {}
        for group in groups:
            by_dialect.setdefault(group.dialect, []).append(group)
        if len(self._by_topic) >= CACHE_TOPICS:
            self._forget_lanes()
        found = self._by_topic[topic] = tuple(self._lane(dialect, tuple(some)) for dialect, some in by_dialect.items())
        return found

    def _lane(self, dialect: Dialect, groups: tuple[Group, ...]) -> Lane:
        lane = self._lanes.get(groups)
        if lane is None:
            lane = self._lanes[groups] = Lane(dialect, groups)
        return lane

    def _forget_lanes(self) -> None:
        # what they hold is still dirty, and goes out with the next cut
        self._by_topic.clear()
        self._lanes.clear()


def _members(groups: Iterable[Group]) -> tuple[Outlet, ...]:
    return tuple(chain.from_iterable(group.members for group in groups))


def _begin(outlet: Outlet, wish: Attach) -> None:
    for payload in wish.first:
        outlet.say(payload)
    outlet.show(wish.snapshot)
    for payload in wish.then:
        outlet.say(payload, place=wish.place)
    outlet.floor = max(outlet.floor, wish.offset)

"""What `oracle top` knows of a running server: its looks at it, and what the stream told in between. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from oracle.bookmark import Frame, Hole, Told

__all__ = ["Look", "Seen", "actors_of"]

EVENTS_MOST = 500


@attrs.frozen
class Look:
    """What one look brought. `place` is EPOCH:OFFSET of the newest message, `problems` the name and the reason of each part that
    isn't ready; the rest is as REST says it."""

    url: str
    version: str
    place: str
    problems: tuple[tuple[str, str], ...]
    tree: Mapping[str, Any]
    alerts: Sequence[Mapping[str, Any]]
    silences: Sequence[Mapping[str, Any]]


@attrs.define
class Seen:
    """`rate` messages a second between the last two looks, None before; `feed_rates` likewise, by feed. `away_us` is since when
    nobody answers, None while somebody does, and `why` what came instead. `skipped` counts what the stream left out, and `holes`
    where nobody knows how much that was."""

    look: Look | None = None
    rate: float | None = None
    feed_rates: dict[str, float] = attrs.field(factory=dict)
    away_us: int | None = None
    why: str = ""
    skipped: int = 0
    holes: int = 0
    _events: dict[str, Mapping[str, Any]] = attrs.field(factory=dict)
    _looked_s: float = 0.0

    @property
    def events(self) -> list[Mapping[str, Any]]:
        """The newest first."""
        return list(reversed(self._events.values()))

    def looked(self, look: Look, now_s: float) -> None:
        """Somebody answered, at `now_s` of a clock that only goes forward."""
        before, passed_s = self.look, now_s - self._looked_s
        if before is not None and passed_s > 0 and _epoch(before) == _epoch(look):
            self.rate = max(0.0, (_offset(look) - _offset(before)) / passed_s)
            earlier = dict(_messages(before))
            self.feed_rates = {name: max(0.0, (count - earlier[name]) / passed_s)
                               for name, count in _messages(look) if name in earlier}  # fmt: skip
        else:
            self.rate, self.feed_rates = None, {}
        self.look, self._looked_s = look, now_s
        self.away_us, self.why = None, ""

    def lost(self, why: str, now_us: int) -> None:
        """Nobody answered."""
        self.away_us = now_us if self.away_us is None else self.away_us
        self.why = why

    def told(self, told: Told) -> None:
        """The stream went on."""
        match told:
            case Frame(type="event", data=data):
                self.happened([data])
            case Hole(count=None):
                self.holes += 1
            case Hole(count=int() as count):
                self.skipped += count

    def happened(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Events, the oldest first; one that is known already is told once."""
        for event in events:
            self._events.setdefault(event["id"], event)
        while len(self._events) > EVENTS_MOST:
            del self._events[next(iter(self._events))]

    def plain(self) -> dict[str, Any]:
        """All of it, for machines."""
        look = self.look
        return {
            "url": look and look.url, "version": look and look.version, "place": look and look.place,
            "messages_per_s": self.rate, "skipped": self.skipped, "holes": self.holes, "events": self.events,
            "problems": [{"name": name, "reason": reason} for name, reason in look.problems] if look else [],
            "alerts": list(look.alerts) if look else [], "silences": list(look.silences) if look else [],
            "tree": look and look.tree,
        }  # fmt: skip


def actors_of(tree: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each actor with how deep it stands, from above."""
    yield depth, tree
    for child in tree["children"]:
        yield from actors_of(child, depth + 1)


def _messages(look: Look) -> Iterator[tuple[str, int]]:
    """How much each feed has brought in."""
    for _, node in actors_of(look.tree):
        if "messages" in node["about"] and node["name"].startswith("feed:"):
            yield node["name"], node["about"]["messages"]


def _epoch(look: Look) -> str:
    return look.place.rpartition(":")[0]


def _offset(look: Look) -> int:
    return int(look.place.rpartition(":")[2])

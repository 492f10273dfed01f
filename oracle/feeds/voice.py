"""How a feed says aloud that its venue is there, or away: events, gaps, and its statistics."""

from __future__ import annotations

from typing import Any

import trio

from actors import Actor
from oracle.feeds.statistics import FeedStatistics
from oracle.model import Event, Gap, Severity, event_id

__all__ = ["CRASHED", "STOPPED", "Voice", "address_of"]

STOPPED, CRASHED = "stopped", "crashed"
"""Why a feed is away that was ended in order, or by an error of ours."""


def address_of(url: str) -> str:
    """Scheme, host and port: without path and query, since some sources carry keys there."""
    return "/".join(url.split("/")[:3]).rpartition("@")[2]


class Voice:
    """Of one life of the feed `actor`. `stopping` is set where that is ended in order."""

    def __init__(self, actor: Actor, statistics: FeedStatistics) -> None:
        self._actor = actor
        self._statistics = statistics
        self.stopping = False

    @property
    def end(self) -> str:
        """Why this life ends, if it was not the venue."""
        return STOPPED if self.stopping else CRASHED

    async def to_the_end(self, address: str) -> None:
        """A helper beside those that ask: however the life ends, by a crash of one of them too, the venue is away then."""
        try:
            await trio.sleep_forever()
        finally:
            if self._statistics.connected:
                self.disconnected(address, self.end)

    def connected(self, address: str) -> None:
        """The venue is there; what it said since it was last heard is missing."""
        statistics = self._statistics
        statistics.connected, statistics.stale = True, False
        statistics.connects += 1
        if statistics.last_frame_us:
            self._gap("reconnected")
        self.say("system:feed:connected", Severity.low, f"connected to {address}", connects=statistics.connects)

    def disconnected(self, address: str, lost: str) -> None:
        """The venue is away, or could not be reached."""
        statistics = self._statistics
        news = statistics.connected or not (statistics.failures or statistics.connects)
        was_connected, statistics.connected = statistics.connected, False
        if lost != STOPPED:
            statistics.failures += 1
            statistics.last_error = lost
        if was_connected and statistics.last_frame_us:
            self._gap(lost)
        if news:  # not once more for each attempt of a long outage
            severity = Severity.low if lost == STOPPED else Severity.high
            self.say("system:feed:disconnected", severity, f"{address}: {lost}", reason=lost)

    def say(self, kind: str, severity: Severity, summary: str, **data: Any) -> None:
        """An event about the feed."""
        actor = self._actor
        now_us, name = actor.now_us(), actor.name
        ident = event_id(kind, name, name, now_us, self._statistics.connects, summary)
        actor.publish(Event(ident, kind, name, name, severity, f"{name}: {summary}", data, now_us))

    def _gap(self, reason: str) -> None:
        now_us = self._actor.now_us()
        self._actor.publish(Gap(self._actor.name, min(self._statistics.last_frame_us, now_us), now_us, reason))

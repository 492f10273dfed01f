"""A feed that is connected for as long as it lives, and says nothing."""

from __future__ import annotations

from typing import Any

import attrs

from actors import Actor, Child
from oracle.feeds import FeedStatistics


@attrs.frozen
class Still:
    """A market where nobody trades."""

    def child(self, name: str, statistics: FeedStatistics, http: Any = None) -> Child:
        """The actor `feed:NAME`."""
        return Child(f"feed:{name}", lambda: StillFeed(statistics))


@attrs.define(eq=False)
class StillFeed(Actor):
    """Its statistics say that it is there."""

    statistics: FeedStatistics

    async def start(self) -> None:
        self.statistics.connected = True

    async def stop(self) -> None:
        self.statistics.connected = False

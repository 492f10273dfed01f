"""What all feeds show of themselves."""

from __future__ import annotations

from typing import Any

from actors import Actor
from oracle.feeds.statistics import FeedStatistics
from oracle.moments import iso_text

__all__ = ["FeedActor"]


class FeedActor(Actor):
    """An actor that brings in what happens outside, and counts it."""

    statistics: FeedStatistics

    def about(self) -> dict[str, Any]:
        """What came in since the process began, and when the newest of it came (null: never), for the tree."""
        counted = self.statistics
        return {
            "connected": counted.connected, "stale": counted.stale, "messages": counted.messages, "failures": counted.failures,
            "lag_ms": counted.lag_ms, "last_frame": iso_text(counted.last_frame_us) if counted.last_frame_us else None,
            "last_error": counted.last_error or None,
        }  # fmt: skip

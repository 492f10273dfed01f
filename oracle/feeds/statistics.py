"""What a feed has done so far: written by its actor, read by anybody at any moment, and older than any of its lives."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["FeedStatistics", "Parsed"]

Parsed = tuple[str, tuple[Any, ...]]  # the kind of a frame, and the messages in it

_MOST_KINDS = 64  # a venue gone mad must not grow a metric without end


@attrs.define(eq=False)
class FeedStatistics:
    """Counters of one feed since the process began. Times are UTC microseconds, 0 for never.

    `frames` by kind, `messages` published, `bytes` received; `connects` and `failures` (attempts that failed,
    connections that were lost); `lag_ms` from the venue's time to ours of the newest message that has the venue's time.
    """

    frames: dict[str, int] = attrs.field(factory=dict)
    messages: int = 0
    bytes: int = 0
    connects: int = 0
    failures: int = 0
    connected: bool = False
    stale: bool = False
    last_frame_us: int = 0
    lag_ms: float = 0.0
    last_error: str = ""

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(0, self.connects - 1)

    def count(self, kind: str, messages: int, size: int, now_us: int) -> None:
        """One more frame of a kind, with so many messages, of `size` bytes."""
        frames = self.frames
        if kind not in frames and len(frames) >= _MOST_KINDS:
            kind = "unknown:other"
        frames[kind] = frames.get(kind, 0) + 1
        self.messages += messages
        self.bytes += size
        self.last_frame_us = now_us

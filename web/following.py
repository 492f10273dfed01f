"""A client of the native stream that comes back by itself and knows what it has seen."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import trio

from web.failures import Unreachable
from web.remote import Remote

__all__ = ["Bookmark", "follow"]

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 5.0
PATIENCE_S = 60.0  # without an answer


class Bookmark:
    """The newest place up to which everything was seen, or known to be missing; empty before the first."""

    def __init__(self, place: str = "") -> None:
        self.epoch, _, offset = place.rpartition(":")
        self.offset = int(offset) if place else -1
        self._moves = False

    def __str__(self) -> str:
        return f"{self.epoch}:{self.offset}" if self.epoch else ""

    def take(self, frame: dict[str, Any]) -> bool:
        """Read on; whether the frame is news."""
        match frame["type"]:
            case "subscribed":
                # a snapshot holds the newest of each topic and passes over what came before: no place to come back to
                self._moves = frame.get("recovered") is True
            case "ready":
                self.epoch, self.offset, self._moves = frame["epoch"], frame["offset"], True
            case _ if "topic" in frame and self._moves:
                if frame["epoch"] == self.epoch and frame["offset"] <= self.offset:
                    return False
                self.epoch, self.offset = frame["epoch"], frame["offset"]
        return True


async def follow(find: Callable[[], Remote], topics: str, hear: Callable[[dict[str, Any]], bool], since: str = "") -> None:
    """Give `hear` each frame once until it returns True; after a loss ask `find` for the server again and go on from where
    it was. Raises Unreachable where nobody answers at first, or for a minute."""
    mark, delay_s = Bookmark(since), FIRST_DELAY_S
    answered, lost_s = False, None
    while True:
        try:
            async with find().stream(topics, str(mark)) as frames:
                async for frame in frames:
                    if frame["type"] == "ready":
                        delay_s = FIRST_DELAY_S
                    answered, lost_s = True, None
                    if mark.take(frame) and hear(frame):
                        return
        except Unreachable:
            lost_s = trio.current_time() if lost_s is None else lost_s
            if not answered or trio.current_time() - lost_s > PATIENCE_S:
                raise
        await trio.sleep(delay_s * random.uniform(0.5, 1.0))  # clients that lost the same server do not return in step
        delay_s = min(2 * delay_s, LONGEST_DELAY_S)

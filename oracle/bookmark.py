"""What a client of the stream is told, and up to where it has seen everything: a decision for each word of the server."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["Bookmark", "Frame", "Hole", "Ready", "Told"]


@attrs.frozen
class Frame:
    """A message. One of a `snapshot` is the newest of its topic so far: not news, and told again with the next snapshot;
    every other one is told once. `ts` is ISO 8601, UTC; `data` is the message as REST shows its row.

    `place` is where to come back to (`since`) once this is dealt with; empty where there is no such place yet.
    """

    topic: str
    type: str
    channel: str
    data: Any
    ts: str
    epoch: str
    offset: int
    snapshot: bool
    place: str


@attrs.frozen
class Hole:
    """Here messages are missing: `count` of them, None where nobody knows how many; a snapshot follows then, or (`place` says
    it) everything since a later run of the server began."""

    reason: str
    count: int | None
    place: str


@attrs.frozen
class Ready:
    """The snapshot, or what was missed, is complete; from here on it is told as it happens. `caught_up` is how many messages
    had been missed and were told, None after a snapshot."""

    caught_up: int | None
    place: str


Told = Frame | Hole | Ready


class Bookmark:
    """The newest place up to which everything was seen, or known to be missing; empty before the first."""

    def __init__(self, place: str = "") -> None:
        self._stand(place)
        self._moves = False

    def __str__(self) -> str:
        return self._place

    def take(self, word: dict[str, Any]) -> Told | None:
        """Read on; what that means for the client, None for nothing new."""
        match word["type"]:
            case "subscribed":
                # a snapshot holds the newest of each topic and passes over what came before: no place to come back to
                self._moves = word.get("recovered") is True or "after" in word
                if "after" in word:
                    self._stand(word["after"])
                return Hole(word["reason"], None, self._place) if word.get("recovered") is False else None
            case "ready":
                self._move(word)
                self._moves = True
                return Ready(word.get("caught_up"), self._place)
            case "skipped":
                return Hole(word["reason"], word["count"], self._place)
            case _ if "topic" in word:
                return self._frame(word)
        return None

    def _frame(self, word: dict[str, Any]) -> Frame | None:
        if self._moves:
            if word["epoch"] == self.epoch and word["offset"] <= self.offset:
                return None
            self._move(word)
        return Frame(word["topic"], word["type"], word["channel"], word["data"], word["ts"], word["epoch"], word["offset"],
                     not self._moves, self._place)  # fmt: skip

    def _stand(self, place: str) -> None:
        self._place = place
        self.epoch, _, offset = place.rpartition(":")
        self.offset = int(offset) if offset.isdecimal() else -1

    def _move(self, word: dict[str, Any]) -> None:
        self.epoch, self.offset = word["epoch"], word["offset"]
        self._place = f"{self.epoch}:{self.offset}"

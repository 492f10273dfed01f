"""The stream for clients that can't have a WebSocket: the same words, asked for batch by batch."""

from __future__ import annotations

from collections import deque
from typing import Any

import attrs
import trio

from oracle.remote import Remote

__all__ = ["Polling"]

WAIT_S = 20.0
TIMEOUT_S = 30.0
LEAST_S = 0.1  # between two questions: a busy topic fills one batch instead of asking for many


@attrs.define
class Polling:
    """Words about `topics` after the place `since`; of what is told nothing is skipped."""

    remote: Remote
    topics: str
    since: str
    _words: deque[dict[str, Any]] = attrs.field(factory=deque, init=False)
    _caught_up: int = attrs.field(default=0, init=False)
    _outcome: dict[str, Any] = attrs.field(factory=dict, init=False)
    _live: bool = attrs.field(default=False, init=False)
    _asked_s: float = attrs.field(default=float("-inf"), init=False)

    async def next(self) -> dict[str, Any]:
        """See `oracle.remote.Words`."""
        while not self._words:
            self._words += self._read(await self._ask())
        return self._words.popleft()

    async def _ask(self) -> dict[str, Any]:
        await trio.sleep_until(self._asked_s + LEAST_S)
        self._asked_s = trio.current_time()
        query = {"topics": self.topics, "since": self.since, "wait_s": WAIT_S if self._live else 0}
        batch: dict[str, Any] = await self.remote.tell("GET", "api/oracle/poll", query, timeout_s=TIMEOUT_S)
        return batch

    def _read(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        """What the WebSocket would have said."""
        first, items, after = not self.since, batch["items"], batch["after"]
        self.since = batch["next"]
        epoch, _, offset = self.since.rpartition(":")
        place = {"epoch": epoch, "offset": int(offset)}
        outcome = {key: batch[key] for key in ("recovered", "reason", "after") if batch[key] is not None}
        if first or (outcome["recovered"] is False and after is None):
            self._live = True
            return [{"type": "subscribed", **outcome}, *items, {"type": "ready", **place, **outcome}]
        if self._live:
            return list(items)
        begin = [] if self._outcome else [{"type": "subscribed", **outcome}]
        self._outcome = self._outcome or outcome
        self._caught_up += len(items)
        if batch["more"]:
            return [*begin, *items]
        self._live = True
        return [*begin, *items, {"type": "ready", **place, **self._outcome, "caught_up": self._caught_up}]

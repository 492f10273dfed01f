"""How an experiment goes, from the stream of its state: each state tells of all rounds so far, so none is missed, whatever was
missed of the stream."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs

from oracle.bookmark import Frame, Hole, Ready, Told
from oracle.remote import RemoteFailed
from oracle.sdk.experiment import OVER, Experiment, Update

__all__ = ["Monitor", "Progress", "monitored"]

WORDS = {"cancelled": "aborted", "waiting": "running"}
"""What clients of experiments call the states of runs, where that is another word."""


@asynccontextmanager
async def monitored(room: Any, oracle: Any, id: str, **how: Any) -> AsyncIterator[Monitor]:
    """What is told of an experiment until it is over; `how` as of streams. Raises RemoteFailed where there is none."""
    try:
        first = await room.get(id)
    except RemoteFailed as failed:
        if failed.status == 404:
            raise RemoteFailed(f"there is no experiment {id!r}", 404, failed.body) from failed
        raise
    progress = Progress(id, first)
    if first.over:
        yield Monitor(None, room, progress)
        return
    async with oracle.stream(f"state:run:{id}", **how) as told:
        yield Monitor(told, room, progress)


@attrs.define
class Progress:
    """What has been told of an experiment, and what is news."""

    id: str
    known: Experiment
    round: int = 0
    status: str = ""

    def present(self, now: Experiment) -> Iterator[Update]:
        """Of how it is."""
        self.known = now
        metrics = now.metrics
        number = metrics.current_round if metrics else now.rounds_completed or 0
        if number <= self.round and now.status == self.status:
            return
        self.round, self.status = max(number, self.round), now.status
        accuracy, loss = (metrics.global_accuracy, metrics.global_loss) if metrics else (now.accuracy, now.loss)
        yield self._update({"current_round": self.round, "accuracy": accuracy, "loss": loss})

    def rounds(self, facts: Mapping[str, Any]) -> Iterator[Update]:
        """Of the rounds that its state tells of."""
        for row in facts.get("history") or ():
            if row["round"] > self.round:
                self.round = row["round"]
                yield self._update({**row, "current_round": row["round"]})

    def moved(self, status: str, facts: Mapping[str, Any]) -> Iterator[Update]:
        """Of where it is now."""
        if status != self.status:
            self.status = status
            yield self._update({"current_round": self.round, "accuracy": facts.get("accuracy"), "loss": facts.get("loss")})

    def _update(self, said: Mapping[str, Any]) -> Update:
        total = self.known.rounds_total or self.known.configuration.get("rounds")
        return Update.of({"id": self.id, "status": self.status, "rounds_total": total, **said})


class Monitor:
    """Updates of an experiment, as they come."""

    def __init__(self, told: AsyncIterator[Told] | None, room: Any, progress: Progress) -> None:
        self._told = told
        self._room = room
        self._progress = progress
        self._torn = False
        self._waiting = deque(progress.present(progress.known))

    def __aiter__(self) -> Monitor:
        return self

    async def __anext__(self) -> Update:
        while not self._waiting:
            if self._told is None or self._progress.status in OVER:
                raise StopAsyncIteration
            match await anext(self._told):
                case Frame(data=state):
                    self._read(state)
                case Hole():
                    self._torn = True
                case Ready() if self._torn:
                    self._torn = False
                    await self._catch_up()
        return self._waiting.popleft()

    def _read(self, state: Mapping[str, Any]) -> None:
        run = state.get("value")
        if run is None:
            return
        facts = run.get("facts") or {}
        self._waiting.extend(self._progress.rounds(facts))
        self._waiting.extend(self._progress.moved(WORDS.get(run["status"], run["status"]), facts))

    async def _catch_up(self) -> None:
        """A server that was away may have no state of it any more: of what is over it keeps the newest by its side."""
        now = await self._room.get(self._progress.id)
        if now.metrics is not None and now.metrics.current_round > self._progress.round:
            rows = await self._room.rounds(self._progress.id)
            self._waiting.extend(self._progress.rounds({"history": [row.raw for row in rows]}))
        self._waiting.extend(self._progress.present(now))

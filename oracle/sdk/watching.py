"""A task's output from the beginning and its statuses, from the stream and, for what the stream did not tell, from what is kept:
pieces are numbered, so that each comes once and in order. (Of a server that is killed what had been told and was not on disk yet
is told again, if it comes to be put out again.)"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import trio

from oracle.bookmark import Frame, Hole, Ready, Told
from oracle.patience import Patience
from oracle.remote import RemoteFailed
from oracle.sdk.pages import Pages, by_cursor
from oracle.sdk.task import OVER, TaskNews
from oracle.sdk.thing import at

__all__ = ["Watching", "watched"]

TRIES = 4  # some seconds; what is on disk by then is all that is kept
WORDS = {"created": "queued", "paused": "queued", "waiting": "waiting_input", "stopped": "cancelled"}
"""What clients of tasks call the states of runs, where that is another word."""
UNSHOWN = "sequence"
"""Between pieces stands which number their worker gave them: the server's own bookkeeping."""


@asynccontextmanager
async def watched(room: Any, oracle: Any, id: str, **how: Any) -> AsyncIterator[Watching]:
    """What is told of a task until it is over; `how` as of streams. Raises RemoteFailed where there is none."""
    try:
        await room.get(id)
    except RemoteFailed as failed:
        if failed.status == 404:
            raise RemoteFailed(f"there is no task {id!r}", 404, failed.body) from failed
        raise
    async with oracle.stream(f"output:{id}", f"state:run:{id}", **how) as told:
        yield Watching(told, room, oracle, id)


class Watching:
    """News of a task, as they come."""

    def __init__(self, told: AsyncIterator[Told], room: Any, oracle: Any, id: str) -> None:
        self._told = told
        self._room = room
        self._oracle = oracle
        self._id = id
        self._n = 0
        self._torn = False
        self._sure = False
        self._status = ""
        self._waiting: deque[TaskNews] = deque()

    def __aiter__(self) -> Watching:
        return self

    async def __anext__(self) -> TaskNews:
        while not self._waiting:
            if self._status in OVER:
                raise StopAsyncIteration
            match await anext(self._told):
                case Hole():
                    self._torn = True
                case Ready():
                    await self._catch_up()
                case Frame(type="state", data={"value": {"status": status}}):
                    self._sure = True
                    await self._look(WORDS.get(status, status))
                case Frame(type="chunk", data=piece):
                    await self._hear(piece)
        return self._waiting.popleft()

    async def _hear(self, piece: Mapping[str, Any]) -> None:
        """What was left out before it is kept, or will be in a moment."""
        patience = Patience()
        for _ in range(TRIES):
            if piece["n"] <= self._n + 1:
                break
            await self._fetch()
            if piece["n"] > self._n + 1:
                await trio.sleep(patience.wait_s())
        self._take(piece)

    async def _look(self, status: str = "") -> None:
        """What it has put out before comes first; nothing follows the last status."""
        if status and status == self._status:
            return
        task = await self._room.get(self._id)
        status = status or task.status
        if status != self._status:
            await self._fetch()
            self._status = status
            self._waiting.append(TaskNews(task_id=self._id, status=status, task=task, raw=task.raw))

    async def _catch_up(self) -> None:
        if self._torn:
            # Of what a server had told when it was killed not all may be on disk; its next life numbers on from what is.
            self._torn = False
            self._n = min(self._n, max([piece["n"] async for piece in self._kept(0)], default=0))
            self._sure = False
        if not self._sure:  # of what is over a server tells the newest by itself, and answers for the others
            self._sure = True
            await self._look()
        await self._fetch()

    async def _fetch(self) -> None:
        async for piece in self._kept(self._n):
            self._take(piece)

    def _kept(self, after: int) -> Pages[dict[str, Any]]:
        place = at("api/oracle/runs", self._id, "output")
        return Pages(self._oracle, place, {"cursor": after or None, "limit": 1000}, by_cursor(), dict)

    def _take(self, piece: Mapping[str, Any]) -> None:
        if piece["n"] > self._n:
            self._n = piece["n"]
            if piece["stream"] == UNSHOWN:
                return
            self._waiting.append(TaskNews.of({**piece, "task_id": self._id, "output": piece["text"]}))

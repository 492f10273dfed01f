"""How many costly questions are asked of the history at once, and how many may wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from actors import Refused

__all__ = ["Turns"]


class Turns:
    """`limit` at once, in the order they came; beyond `waiting` that wait the next is refused."""

    def __init__(self, limit: int, waiting: int) -> None:
        self._free = trio.Semaphore(limit)
        self._waiting = waiting

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it for the block. Raises Refused `full`."""
        if self._free.value == 0 and self._free.statistics().tasks_waiting >= self._waiting:
            raise Refused("others are asked already, and more wait for their turn; try again later", "full")
        async with self._free:
            yield

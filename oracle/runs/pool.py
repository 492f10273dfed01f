"""Places to work at: who came first has the first that is free."""

from __future__ import annotations

import trio

__all__ = ["Pool"]


class Pool:
    """`limit` places; it may be changed at any time, and takes nobody's place away. At most `most_waiting` are to be in line."""

    def __init__(self, limit: int, most_waiting: int = 16) -> None:
        self._limit = limit
        self.most_waiting = most_waiting
        self._taken: set[str] = set()
        self._waiting: dict[str, trio.Event] = {}  # in the order they came

    @property
    def limit(self) -> int:
        """How many may be at work at once."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        """Have more or fewer at work; who is at work goes on."""
        self._limit = limit
        self._admit()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiting)

    def join(self, ident: str) -> None:
        """Get in line, unless it is there or has a place already."""
        if ident not in self._taken:
            self._waiting.setdefault(ident, trio.Event())
            self._admit()

    async def turn(self, ident: str) -> None:
        """Return when `ident`, which has joined, has a place."""
        if (event := self._waiting.get(ident)) is not None:
            await event.wait()

    def take(self, ident: str) -> bool:
        """A place at once, for who does not wait; False where none is free."""
        if ident not in self._taken and (self._waiting or len(self._taken) >= self._limit):
            return False
        self._taken.add(ident)
        return True

    def hold(self, ident: str) -> None:
        """It is at work, so it has a place, whether one was free or not."""
        self._taken.add(ident)

    def leave(self, ident: str) -> None:
        """Give the place up, or the wait for it."""
        self._taken.discard(ident)
        if (event := self._waiting.pop(ident, None)) is not None:
            event.set()
        self._admit()

    def _admit(self) -> None:
        while self._waiting and len(self._taken) < self._limit:
            ident = next(iter(self._waiting))
            self._taken.add(ident)
            self._waiting.pop(ident).set()

"""The ASGI events of one exchange on their way to the app.

Bounded: a client that sends faster than the app reads waits. A disconnect never waits and is always seen, even by an app
that left events unread, and putting into an inbox whose app has ended does nothing (a plain channel blocks there for ever).
"""

from __future__ import annotations

from collections import deque
from typing import Any

from trio.lowlevel import ParkingLot, checkpoint

__all__ = ["Inbox"]


class Inbox:
    """At most `most` events wait."""

    def __init__(self, most: int = 16) -> None:
        self._most = most
        self._events: deque[Any] = deque()
        self._gone: Any = None
        self._ended = False
        self._news = ParkingLot()
        self._room = ParkingLot()

    async def put(self, event: Any) -> None:
        """Hand an event to the app; waits while it has too many unread."""
        if event["type"].endswith("disconnect"):
            self._gone = event
            self._news.unpark_all()
            self._room.unpark_all()
            return
        while len(self._events) >= self._most and self._gone is None and not self._ended:
            await self._room.park()
        if not self._ended:
            self._events.append(event)
            self._news.unpark()
        await checkpoint()

    async def get(self) -> Any:
        """The next event; the disconnect again and again once it has come."""
        while not self._events and self._gone is None:
            await self._news.park()
        if not self._events:
            await checkpoint()
            return self._gone
        event = self._events.popleft()
        self._room.unpark()
        return event

    def end(self) -> None:
        """The app has ended: drop what it did not read and let nobody wait for it."""
        self._ended = True
        self._events.clear()
        self._room.unpark_all()

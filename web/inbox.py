"""The ASGI events of one exchange on their way to the app.

Bounded: a client that sends faster than the app reads waits. A disconnect never waits and is always seen, even by an app
that left events unread, and putting into an inbox whose app has ended does nothing (a plain channel blocks there for ever).
An app that has a mailbox of its own need not read: it has them handed over (`divert`), which saves a task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trio.lowlevel import ParkingLot, checkpoint

__all__ = ["Inbox"]


class Inbox:
    """At most `most` events wait."""

    def __init__(self, most: int = 16) -> None:
        self._most = most
        self._events: list[Any] = []  # a deque would be as large as all else of an idle client's
        self._gone: Any = None
        self._ended = False
        self._hear: Callable[[Any], object] | None = None
        self._leave: Callable[[], object] | None = None
        self._news: ParkingLot | None = None  # where the app waits
        self._room: ParkingLot | None = None  # where the client's reader waits

    async def put(self, event: Any) -> None:
        """Hand an event to the app; waits while it has too many unread."""
        if event["type"].endswith("disconnect"):
            self._gone = event
            _wake(self._news)
            _wake(self._room)
            if self._leave is not None:
                self._leave()
            return
        if self._hear is not None:
            self._hear(event)
            return
        if event.get("bytes") == b"":
            event["bytes"] = _Empty()
        while len(self._events) >= self._most and self._gone is None and not self._ended:
            self._room = self._room or ParkingLot()
            await self._room.park()
        if not self._ended:
            self._events.append(event)
            _wake(self._news)
        await checkpoint()

    async def get(self) -> Any:
        """The next event; the disconnect again and again once it has come."""
        while not self._events and self._gone is None:
            self._news = self._news or ParkingLot()
            await self._news.park()
        if not self._events:
            await checkpoint()
            return self._gone
        event = self._events.pop(0)
        _wake(self._room)
        return event

    def when_gone(self, leave: Callable[[], object]) -> None:
        """Call `leave` at the disconnect; at once where it was before."""
        self._leave = leave
        if self._gone is not None:
            leave()

    def divert(self, hear: Callable[[Any], object]) -> None:
        """Hand over what waits and all that comes to `hear`, which does not wait."""
        self._hear = hear
        while self._events:
            hear(self._events.pop(0))
        _wake(self._room)

    async def serve(self, app: Any, scope: Any, send: Any) -> None:
        """Run the app on these events; whatever becomes of it, `send` hears that it has ended."""
        try:
            await app(scope, self.get, send)
        finally:
            self.end()
            await send(None)

    def end(self) -> None:
        """The app has ended: drop what it did not read and let nobody wait for it."""
        self._ended, self._hear, self._leave = True, _pass_over, None
        self._events.clear()
        _wake(self._room)


def _wake(waiting: ParkingLot | None) -> None:
    if waiting is not None:
        waiting.unpark_all()


def _pass_over(event: Any) -> None:
    """Nobody is there any more."""


class _Empty(bytes):
    """A binary message of no bytes. Quart takes `bytes or text`, and where that were false it would hand on None."""

    def __bool__(self) -> bool:
        return True

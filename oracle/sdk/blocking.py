"""For programs without a loop, and for notebooks, whose loop is not ours: a call comes back when it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from oracle.sdk.pages import Pages
from oracle.sdk.portal import Portal
from oracle.sdk.streams import Stream

__all__ = ["Blocked", "held"]


class Blocked:
    """The way of `Blocking`: the thread that calls waits for the one in which trio runs."""

    blocks = True

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def asked(self, work: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        """See `oracle.sdk.room.Way`."""
        return lambda *args, **named: self._portal.start(lambda: work(*args, **named)).wait()

    def paged(self, work: Callable[..., Pages[Any]]) -> Callable[..., Any]:
        """See `oracle.sdk.room.Way`."""
        return lambda *args, **named: Stream(self._portal, lambda: held(work(*args, **named)))

    def watched(self, work: Callable[..., AbstractAsyncContextManager[Any]]) -> Callable[..., Any]:
        """See `oracle.sdk.room.Way`."""
        return lambda *args, **named: Stream(self._portal, lambda: work(*args, **named))


@asynccontextmanager
async def held(pages: Pages[Any]) -> AsyncIterator[Pages[Any]]:
    """A list as something that is told: it holds nothing open."""
    yield pages

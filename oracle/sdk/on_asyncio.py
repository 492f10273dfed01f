"""For programs on asyncio: calls are awaited there, and are cancelled there, while trio does the work in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from oracle.sdk.blocking import held
from oracle.sdk.pages import Pages
from oracle.sdk.portal import Portal
from oracle.sdk.streams import AsyncStream

__all__ = ["Awaited"]


class Awaited:
    """The way of `Asyncio`."""

    awaits = True

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def asked(self, work: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        """See `oracle.sdk.room.Way`."""

        async def call(*args: Any, **named: Any) -> Any:
            return await asyncio.wrap_future(self._portal.start(lambda: work(*args, **named)).future)

        return call

    def paged(self, work: Callable[..., Pages[Any]]) -> Callable[..., Any]:
        """See `oracle.sdk.room.Way`."""
        return lambda *args, **named: AsyncStream(self._portal, lambda: held(work(*args, **named)))

    def watched(self, work: Callable[..., AbstractAsyncContextManager[Any]]) -> Callable[..., Any]:
        """See `oracle.sdk.room.Way`."""
        return lambda *args, **named: AsyncStream(self._portal, lambda: work(*args, **named))

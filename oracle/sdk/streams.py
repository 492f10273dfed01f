"""What a portal tells one after the other, for programs on asyncio and for those without a loop.

Nothing is fetched before it is asked for, and nothing is lost where somebody stops waiting: the next who asks gets it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

import trio

from oracle.sdk.portal import Pending, Portal

__all__ = ["AsyncStream", "Stream"]

T = TypeVar("T")


class _Hold(Generic[T]):
    """Something that is told, held open in the portal."""

    def __init__(self, portal: Portal, make: Callable[[], AbstractAsyncContextManager[AsyncIterator[T]]]) -> None:
        self._portal = portal
        self._make = make
        self._told: AsyncIterator[T] | None = None
        self._left: deque[T] = deque()
        self._turn, self._opened, self._over = trio.Lock(), trio.Event(), trio.Event()
        self._holder: Pending[None] | None = None

    def start(self) -> None:
        """Open it, unless it is."""
        if self._holder is None:
            self._holder = self._portal.start(self._stay)

    def opened(self) -> Pending[None]:
        """Open it, and wait until it has begun; what hindered it, if something did."""
        self.start()
        return self._portal.start(self._begun)

    def ask(self) -> Pending[T]:
        """The next one, or StopAsyncIteration."""
        self.start()
        return self._portal.start(self._next, self.put_back)

    def put_back(self, one: T) -> None:
        """Nobody took it."""
        self._left.appendleft(one)

    def end(self) -> None:
        """Let go of it, soon."""
        self._portal.soon(self._over.set)

    async def _stay(self) -> None:
        try:
            async with self._make() as self._told:
                self._opened.set()
                await self._over.wait()
        finally:
            self._opened.set()
            self._told = None

    async def _begun(self) -> None:
        await self._opened.wait()
        if self._told is None and self._holder is not None and self._holder.future.done():
            self._holder.future.result()

    async def _next(self) -> T:
        async with self._turn:  # in order, also where somebody asks again before an earlier one has stopped waiting
            await self._opened.wait()
            if self._left:
                return self._left.popleft()
            if self._told is None:
                if self._holder is not None and self._holder.future.done():
                    self._holder.future.result()
                raise StopAsyncIteration
            return await self._told.__anext__()


class Stream(Generic[T]):
    """Iterate it; `with` it (the block begins once it has begun), or `close()`, where it is to end before it is forgotten. An
    ended one has nothing more to tell."""

    def __init__(self, portal: Portal, make: Callable[[], AbstractAsyncContextManager[AsyncIterator[T]]]) -> None:
        self._hold = _Hold(portal, make)

    def __iter__(self) -> Stream[T]:
        return self

    def __next__(self) -> T:
        try:
            return self._hold.ask().wait()
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> Stream[T]:
        try:
            self._hold.opened().wait()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._hold.end()

    def __del__(self) -> None:
        self._hold.end()


class AsyncStream(Generic[T]):
    """`async for` it; `async with` it (the block begins once it has begun), or `close()`, where it is to end before it is
    forgotten."""

    def __init__(self, portal: Portal, make: Callable[[], AbstractAsyncContextManager[AsyncIterator[T]]]) -> None:
        self._hold = _Hold(portal, make)

    def __aiter__(self) -> AsyncStream[T]:
        return self

    async def __anext__(self) -> T:
        pending = self._hold.ask()
        try:
            return await asyncio.wrap_future(pending.future)
        except asyncio.CancelledError:
            future = pending.future
            if future.done() and not future.cancelled() and future.exception() is None:
                self._hold.put_back(future.result())  # it came while we were told to stop
            raise

    async def __aenter__(self) -> AsyncStream[T]:
        try:
            await asyncio.wrap_future(self._hold.opened().future)
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._hold.end()

    def __del__(self) -> None:
        self._hold.end()

"""A stream that has begun when it is entered: what is done inside the block is told, and nothing that came before is lost."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, ParamSpec, TypeVar

__all__ = ["primed"]

P = ParamSpec("P")
T = TypeVar("T")
Streaming = Callable[P, AbstractAsyncContextManager[AsyncIterator[T]]]


def primed(stream: Streaming[P, T]) -> Streaming[P, T]:
    """The same, whose block begins once the first word has come, which is then told first. For what tells something at once."""

    @functools.wraps(stream)
    @asynccontextmanager
    async def opened(*args: P.args, **named: P.kwargs) -> AsyncIterator[AsyncIterator[T]]:
        async with stream(*args, **named) as told:
            yield _Begun(await anext(told), told)

    return opened


class _Begun(Generic[T]):
    def __init__(self, first: T, rest: AsyncIterator[T]) -> None:
        self._first = [first]
        self._rest = rest

    def __aiter__(self) -> _Begun[T]:
        return self

    async def __anext__(self) -> T:
        return self._first.pop() if self._first else await anext(self._rest)

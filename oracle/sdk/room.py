"""What is written once, on trio, and called by everybody in their own way: a method of a room is a coroutine for who awaits it
on trio or asyncio, and plain for who has no loop.

    class Tasks(Room[K]):
        @Asked
        async def get(self, id: str) -> Task: ...

`Tasks[Trio].get` and `Tasks[Asyncio].get` are then awaited, `Tasks[Blocking].get` is just called, and type checkers know it.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from oracle.bookmark import Told
from oracle.remote import Said
from oracle.sdk.pages import Pages
from oracle.sdk.streams import AsyncStream, Stream

__all__ = ["Asked", "Asyncio", "Blocking", "Caller", "Paged", "Room", "Trio", "Watched", "Way"]

P = ParamSpec("P")
T = TypeVar("T")


class Caller(Protocol):
    """The client as its rooms see it: `oracle.client.Client`."""

    async def get(self, path: str, /, **query: Any) -> Any:
        """The JSON of an answer."""

    async def command(self, method: str, path: str, body: Any = None, *, id: str = "", once: bool = True) -> Any:
        """Have something done."""

    async def ask(self, path: str, query: dict[str, Any]) -> Said:
        """An answer with its headers."""

    async def take(self, path: str, body: Any) -> tuple[bytes, Mapping[str, str]]:
        """The bytes of an answer to a question, and its headers."""

    def stream(self, *topics: str, since: str = "", transport: str = "websocket",
               patience_s: float = 60.0) -> AbstractAsyncContextManager[AsyncIterator[Told]]:  # fmt: skip
        """What is published."""


class Way(Protocol):
    """How those who called are served."""

    def asked(self, work: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        """Work with one answer."""

    def paged(self, work: Callable[..., Pages[Any]]) -> Callable[..., Any]:
        """A list that is read page by page."""

    def watched(self, work: Callable[..., AbstractAsyncContextManager[Any]]) -> Callable[..., Any]:
        """What is told until somebody has heard enough."""


class Trio:
    """On trio: as it is written."""

    def asked(self, work: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        """See `Way`."""
        return work

    def paged(self, work: Callable[..., Pages[Any]]) -> Callable[..., Any]:
        """See `Way`."""
        return work

    def watched(self, work: Callable[..., AbstractAsyncContextManager[Any]]) -> Callable[..., Any]:
        """See `Way`."""
        return work


class Blocking(Protocol):
    """With no loop: calls come back when it is done. (The way itself: `oracle.sdk.blocking`.)"""

    blocks: bool


class Asyncio(Protocol):
    """On asyncio: calls are awaited. (The way itself: `oracle.sdk.on_asyncio`.)"""

    awaits: bool


K = TypeVar("K")


class Room(Generic[K]):
    """Some of what a server can do. `K` says how its methods are called: Trio, Asyncio or Blocking."""

    def __init__(self, oracle: Caller, way: Way) -> None:
        self._oracle = oracle
        self._way = way
        self._bare: Any = self if isinstance(way, Trio) else type(self)(oracle, Trio())


class Asked(Generic[P, T]):
    """A method with one answer."""

    def __init__(self, fn: Callable[Concatenate[Any, P], Awaitable[T]]) -> None:
        self._fn = fn
        functools.update_wrapper(self, fn)  # type: ignore[arg-type]

    @overload
    def __get__(self, room: None, owner: Any) -> Asked[P, T]: ...
    @overload
    def __get__(self, room: Room[Trio], owner: Any) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, room: Room[Asyncio], owner: Any) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, room: Room[Blocking], owner: Any) -> Callable[P, T]: ...
    def __get__(self, room: Any, owner: Any) -> Any:
        return self if room is None else _named(room._way.asked(functools.partial(self._fn, room._bare)), self._fn)


class Paged(Generic[P, T]):
    """A method that gives a list, read page by page."""

    def __init__(self, fn: Callable[Concatenate[Any, P], Pages[T]]) -> None:
        self._fn = fn
        functools.update_wrapper(self, fn)  # type: ignore[arg-type]

    @overload
    def __get__(self, room: None, owner: Any) -> Paged[P, T]: ...
    @overload
    def __get__(self, room: Room[Trio], owner: Any) -> Callable[P, Pages[T]]: ...
    @overload
    def __get__(self, room: Room[Asyncio], owner: Any) -> Callable[P, AsyncStream[T]]: ...
    @overload
    def __get__(self, room: Room[Blocking], owner: Any) -> Callable[P, Stream[T]]: ...
    def __get__(self, room: Any, owner: Any) -> Any:
        return self if room is None else _named(room._way.paged(functools.partial(self._fn, room._bare)), self._fn)


class Watched(Generic[P, T]):
    """A method that tells things as they happen: on trio `async with` it and iterate; else iterate, `with` it or without."""

    def __init__(self, fn: Callable[Concatenate[Any, P], AbstractAsyncContextManager[AsyncIterator[T]]]) -> None:
        self._fn = fn
        functools.update_wrapper(self, fn)  # type: ignore[arg-type]

    @overload
    def __get__(self, room: None, owner: Any) -> Watched[P, T]: ...
    @overload
    def __get__(self, room: Room[Trio], owner: Any) -> Callable[P, AbstractAsyncContextManager[AsyncIterator[T]]]: ...
    @overload
    def __get__(self, room: Room[Asyncio], owner: Any) -> Callable[P, AsyncStream[T]]: ...
    @overload
    def __get__(self, room: Room[Blocking], owner: Any) -> Callable[P, Stream[T]]: ...
    def __get__(self, room: Any, owner: Any) -> Any:
        return self if room is None else _named(room._way.watched(functools.partial(self._fn, room._bare)), self._fn)


def _named(bound: Any, fn: Any) -> Any:
    return functools.update_wrapper(bound, fn)

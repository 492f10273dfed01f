"""The three clients behind one face: what is asked of one of them here is asked as its users would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import attrs
import pytest
import trio

from oracle.client import AsyncioClient, Client, SyncClient

Pick = Callable[[Any], Callable[..., Any]]
"""Which method, of a client of any kind."""


class OnTrio:
    """In the loop of the test."""

    async def ask(self, url: str, pick: Pick, *args: Any, **named: Any) -> Any:
        """What a method with one answer gives."""
        return await pick(Client(url, **OPTIONS))(*args, **named)

    async def rows(self, url: str, pick: Pick, *args: Any, **named: Any) -> list[Any]:
        """All rows of a list."""
        return [row async for row in pick(Client(url, **OPTIONS))(*args, **named)]

    async def heard(self, url: str, last: Callable[[Any], bool], pick: Pick, *args: Any, **named: Any) -> list[Any]:
        """What is told, up to the `last`."""
        found: list[Any] = []
        async with pick(Client(url, **OPTIONS))(*args, **named) as told:
            async for one in told:
                found.append(one)
                if last(one):
                    break
        return found


class OnAsyncio:
    """In a loop of its own, in another thread."""

    async def ask(self, url: str, pick: Pick, *args: Any, **named: Any) -> Any:
        """See `OnTrio`."""

        async def main() -> Any:
            async with aclosing(_Closing(AsyncioClient(url, **OPTIONS))) as held:
                return await pick(held.client)(*args, **named)

        return await trio.to_thread.run_sync(asyncio.run, main())

    async def rows(self, url: str, pick: Pick, *args: Any, **named: Any) -> list[Any]:
        """See `OnTrio`."""
        return await self.heard(url, lambda _: False, pick, *args, **named)

    async def heard(self, url: str, last: Callable[[Any], bool], pick: Pick, *args: Any, **named: Any) -> list[Any]:
        """See `OnTrio`."""

        async def main() -> list[Any]:
            found: list[Any] = []
            async with aclosing(_Closing(AsyncioClient(url, **OPTIONS))) as held:
                async for one in pick(held.client)(*args, **named):
                    found.append(one)
                    if last(one):
                        break
            return found

        return await trio.to_thread.run_sync(asyncio.run, main())


class Blocking:
    """Without a loop, in another thread."""

    async def ask(self, url: str, pick: Pick, *args: Any, **named: Any) -> Any:
        """See `OnTrio`."""

        def main() -> Any:
            client = SyncClient(url, **OPTIONS)
            try:
                return pick(client)(*args, **named)
            finally:
                client.close()

        return await trio.to_thread.run_sync(main)

    async def rows(self, url: str, pick: Pick, *args: Any, **named: Any) -> list[Any]:
        """See `OnTrio`."""
        return await self.heard(url, lambda _: False, pick, *args, **named)

    async def heard(self, url: str, last: Callable[[Any], bool], pick: Pick, *args: Any, **named: Any) -> list[Any]:
        """See `OnTrio`."""

        def main() -> list[Any]:
            found: list[Any] = []
            client = SyncClient(url, **OPTIONS)
            for one in pick(client)(*args, **named):
                found.append(one)
                if last(one):
                    break
            client.close()
            return found

        return await trio.to_thread.run_sync(main)


@attrs.frozen
class _Closing:
    client: AsyncioClient

    async def aclose(self) -> None:
        self.client.close()


OPTIONS = {"deadline_s": 20.0}
ENGINES = {"trio": OnTrio(), "asyncio": OnAsyncio(), "blocking": Blocking()}
EVERY = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)

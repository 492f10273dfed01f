"""A running house that outlives a test: it has a thread of its own, and is asked from the test's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import attrs
import trio
from running import House, Reply, open_house

from oracle.settings import Auth, Data, Experiments, Server, Settings

__all__ = ["Lasting", "lasting_house"]


@attrs.frozen
class Lasting:
    """A client of it that sits on this machine; for tests that are not async."""

    _house: House
    _token: trio.lowlevel.TrioToken

    def ask(self, method: str, path: str, **options: Any) -> Reply:
        """One request through the whole app, gate included."""
        reply: Reply = trio.from_thread.run(partial(self._house.ask, method, path, **options), trio_token=self._token)
        return reply

    def get(self, path: str, **options: Any) -> Reply:
        """GET."""
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> Reply:
        """POST."""
        return self.ask("POST", path, **options)


@contextmanager
def lasting_house(folder: Path) -> Iterator[Lasting]:
    """A house over a data folder until the block ends; nobody asks it too often."""
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=folder), server=Server(burst=1_000_000),
                        experiments=Experiments(requests_per_hour=1_000_000))  # fmt: skip
    opened: SimpleQueue[Lasting | BaseException] = SimpleQueue()
    over = trio.Event()

    async def live() -> None:
        async with open_house(folder, settings=settings) as house:
            opened.put(Lasting(house, trio.lowlevel.current_trio_token()))
            await over.wait()

    def run() -> None:
        try:
            trio.run(live)
        except BaseException as error:
            opened.put(error)
            raise

    thread = threading.Thread(target=run)
    thread.start()
    lasting = opened.get()
    if isinstance(lasting, BaseException):
        raise lasting
    try:
        yield lasting
    finally:
        lasting._token.run_sync_soon(over.set)
        thread.join()

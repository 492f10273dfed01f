"""One read in a thread: a cursor of its own, the result fetched whole, a deadline, and an interrupt.

A half-read cursor beside a writer can hang, and a cursor shared by threads raises; so neither exists outside this file.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import trio

from actors import Refused
from oracle.history.failure import Broken, Interrupted, translated
from oracle.log import logger

__all__ = ["Reader", "RunSync", "inline"]

T = TypeVar("T")
RunSync = Callable[..., Awaitable[Any]]

LOG = logger("history")
ENDING_S = 1.0  # the longest a caller waits for its interrupted thread
AGAIN_S = 0.05  # between two interrupts of a thread that nobody waits for any more
READERS = 4  # at a time; more would only take turns on the same cores


async def inline(work: Callable[..., T], *args: Any, **_: Any) -> T:
    """Stands for `trio.to_thread.run_sync` under a virtual clock, which takes a working thread for idleness."""
    await trio.lowlevel.checkpoint()
    return work(*args)


class Read(Protocol):
    """What can be read: `Store`, or a file that nobody writes."""

    def reading(self) -> AbstractContextManager[Any]:
        """A cursor for one thread and one block."""


class Reader:
    """Runs pieces of work, each on a fresh cursor inside one snapshot of the database."""

    def __init__(self, store: Read, run_sync: RunSync, deadline_s: float) -> None:
        self._store = store
        self._run_sync = run_sync
        self._deadline_s = deadline_s
        self._limiter = trio.CapacityLimiter(READERS)

    async def read(self, work: Callable[[Any], T]) -> T:
        """What `work(cursor)` returns. Raises Refused: `timeout` past the deadline, `unavailable` without a database."""
        reading = _Reading(self._store, work)
        try:
            with trio.move_on_after(self._deadline_s):
                return await self._run_sync(reading.run, abandon_on_cancel=True, limiter=self._limiter)  # type: ignore[no-any-return]
        except Broken as error:
            LOG.warning("a query failed", error=str(error))
            raise Refused("the history can't be read now", "unavailable") from error
        except Interrupted as error:
            raise Refused("the history is being reopened", "unavailable") from error
        finally:
            await _end(reading)
        raise Refused(f"the query took longer than {self._deadline_s:g} s; ask for less", "timeout")


async def _end(reading: _Reading) -> None:
    # an interrupt that comes before the query has begun is lost, so it is repeated while the thread is there
    with trio.move_on_after(ENDING_S, shield=True) as patience:
        while reading.stop():
            await trio.sleep(0.005)
    if patience.cancelled_caught:  # on a machine that is too busy it may begin only now, and nobody would end it
        threading.Thread(target=reading.insist, daemon=True).start()


class _Reading:
    """The part that lives in the thread. `stop` may come at any moment: before, during or after `run`."""

    def __init__(self, store: Read, work: Callable[[Any], Any]) -> None:
        self._store = store
        self._work = work
        self._lock = threading.Lock()
        self._cursor: Any = None
        self._stopped = False
        self._over = threading.Event()

    def run(self) -> Any:
        with self._store.reading() as cursor:
            with self._lock:
                if self._stopped:
                    raise Interrupted("nobody waits any more")
                self._cursor = cursor
            try:
                with translated():
                    cursor.begin()
                    result = self._work(cursor)
                    cursor.commit()
                    return result
            finally:
                with self._lock:
                    self._cursor = None
                self._over.set()

    def insist(self) -> None:
        """Interrupt it until it is over."""
        while self.stop():
            self._over.wait(AGAIN_S)

    def stop(self) -> bool:
        """Interrupt what runs; whether something did."""
        with self._lock:
            self._stopped = True
            if self._cursor is not None:
                self._cursor.interrupt()
            return self._cursor is not None

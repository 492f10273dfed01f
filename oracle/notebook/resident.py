"""A runtime that lives in this process: in the thread of a portal, beside the client that speaks with it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import trio

from actors import Refused
from oracle.sdk.portal import Closed, Pending, Portal
from oracle.system import System

__all__ = ["STOP_S", "House", "Resident"]

STOP_S = 60.0  # more than all that ends may take together


class House(Protocol):
    """A running system and the way in (`web.hosting.Host`)."""

    system: System
    token: str
    first_token: str

    @property
    def url(self) -> str:
        """Where it is, with a slash at the end."""

    @property
    def certificate(self) -> str:
        """What it shows over TLS."""


class Resident:
    """The life of one runtime. `end` may be called by any thread, and again."""

    def __init__(self, portal: Portal, opened: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._portal = portal
        self._opened = opened
        self._process = os.getpid()
        self._life: Pending[None] | None = None
        self._over: trio.Event | None = None
        self.house: House | None = None

    def begin(self) -> House:
        """Start it and wait until it runs. Raises what hinders it, and is undone when interrupted."""
        ready: Future[House] = Future()
        life = self._life = self._portal.start(lambda: self._live(ready))

        def ended(future: Future[None]) -> None:
            if not ready.done() and not future.cancelled() and (error := future.exception()) is not None:
                ready.set_exception(error)

        life.future.add_done_callback(ended)
        try:
            self.house = ready.result()
        except BaseException:
            life.future.cancel()
            raise
        return self.house

    @property
    def here(self) -> bool:
        """Whether it lives in this process; a child after a fork has only a picture of it."""
        return os.getpid() == self._process

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.here and self._life is not None and not self._life.future.done()

    def system(self) -> System:
        """What runs. Raises Refused `elsewhere` in a child after a fork, `ended` where it has ended, or what it crashed of."""
        if not self.here:
            raise Refused(f"this runtime lives in process {self._process}, and this is a child of it", "elsewhere")
        if not self.alive or self.house is None:
            raise self.epitaph()
        return self.house.system

    def epitaph(self) -> Refused:
        """Why it is no more."""
        error = self.failure
        if error is None:
            return Refused("this runtime has ended; oracle.start() begins another", "ended")
        no = Refused(f"this runtime has crashed ({error}); oracle.start() begins another", "ended")
        no.__cause__ = error
        return no

    @property
    def failure(self) -> BaseException | None:
        """What it crashed of, if it has."""
        life = self._life
        if life is None or not life.future.done() or life.future.cancelled():
            return None
        error = life.future.exception()
        return None if isinstance(error, Closed) else error

    def when_ended(self, tell: Callable[[BaseException | None], object]) -> None:
        """Have somebody told of its end, with what it crashed of."""
        assert self._life is not None
        self._life.future.add_done_callback(lambda _: tell(self.failure))

    def end(self, timeout_s: float) -> None:
        """End it in order and wait for that; what it crashed of was told before. Raises Refused `held` where it does not end,
        which says what holds it."""
        if self._life is None or not self.here:
            return
        over = self._over
        if over is not None:
            self._portal.soon(over.set)
        else:
            self._life.future.cancel()
        try:
            self._life.future.exception(timeout_s)
        except TimeoutError:
            raise Refused(f"the runtime does not end: {self._held_by()}", "held") from None

    async def _live(self, ready: Future[House]) -> None:
        self._over = over = trio.Event()
        async with self._opened() as house:
            ready.set_result(house)
            await over.wait()

    def _held_by(self) -> str:
        """Where its thread is."""
        frame = sys._current_frames().get(self._portal.thread_id)
        if frame is None:
            return "its thread is gone"
        return "its thread is at\n" + "".join(traceback.format_stack(frame, limit=4)).rstrip()

"""A thread in which trio runs, for programs that have another loop, or none: they hand in work and wait in their own way."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Generic, TypeVar

import attrs
import trio

__all__ = ["Closed", "Pending", "Portal"]

T = TypeVar("T")


class Closed(RuntimeError):
    """The client was closed, or its thread has ended with the process."""


class Pending(Generic[T]):
    """Work that was handed in: its `future` may be waited for from any thread and by any loop, and cancelling it ends the work.
    What it gave though nobody waits any more is handed to `unclaimed`."""

    def __init__(self, work: Callable[[], Awaitable[T]], unclaimed: Callable[[T], object] | None = None) -> None:
        self.future: Future[T] = Future()
        self._work = work
        self._unclaimed = unclaimed
        self._scope = trio.CancelScope()

    def begin(self, token: trio.lowlevel.TrioToken) -> None:
        """Have it done there. Raises trio.RunFinishedError where trio has ended."""
        token.run_sync_soon(self._spawn)

        def over(future: Future[T]) -> None:
            if future.cancelled():
                _soon(token, self._scope.cancel)

        self.future.add_done_callback(over)

    def wait(self) -> T:
        """Block until it is done; what it gave, or raises what it raised. Interrupted, it is cancelled."""
        try:
            return self.future.result()
        except BaseException:
            self.future.cancel()
            raise

    def _spawn(self) -> None:
        trio.lowlevel.spawn_system_task(self._run, name="oracle-client")

    async def _run(self) -> None:
        with self, self._scope:
            given = await self._work()
            # from here to the end nothing waits: what was given is claimed, or is handed back in its turn
            if self.future.set_running_or_notify_cancel():
                self.future.set_result(given)
            elif self._unclaimed is not None:
                self._unclaimed(given)

    def __enter__(self) -> None:
        """Whoever waits is told of everything that comes out of the work: a system task that raises ends all of trio."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if self.future.done():
            return not isinstance(error, trio.Cancelled)
        if error is None or isinstance(error, trio.Cancelled):  # the thread ends
            error, stays = Closed("the client was closed"), error
        else:
            stays = None
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)
        return stays is None


@attrs.define(eq=False)
class _Thread:
    """One run of trio. It knows nothing of the portal, which can so be forgotten."""

    thread: threading.Thread | None = None
    token: trio.lowlevel.TrioToken | None = None
    stopped: trio.Event | None = None

    def run(self, ready: threading.Event) -> None:
        """The thread's work."""
        trio.run(self._stay, ready)

    async def _stay(self, ready: threading.Event) -> None:
        self.token, self.stopped = trio.lowlevel.current_trio_token(), trio.Event()
        ready.set()
        await self.stopped.wait()

    def stop(self) -> None:
        """Let it end, with all that is under way."""
        if self.token is not None and self.stopped is not None:
            _soon(self.token, self.stopped.set)


class Portal:
    """The thread is started when first needed, also in a child after a fork, and ends with `close`, with the last that holds
    the portal, or with the process."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._inside: _Thread | None = None
        self._closed = False

    def start(self, work: Callable[[], Awaitable[T]], unclaimed: Callable[[T], object] | None = None) -> Pending[T]:
        """Have something done on trio. Raises Closed."""
        pending = Pending(work, unclaimed)
        try:
            pending.begin(self._token())
        except trio.RunFinishedError as ended:
            raise Closed("the client was closed") from ended
        return pending

    def soon(self, fn: Callable[[], Any]) -> None:
        """Call a function there, unless nothing runs there any more."""
        inside = self._inside
        if inside is not None and inside.token is not None:
            _soon(inside.token, fn)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    @property
    def thread_id(self) -> int:
        """The thread that trio runs in, 0 where there is none."""
        thread = self._inside.thread if self._inside is not None else None
        return (thread.ident or 0) if thread is not None else 0

    def close(self) -> None:
        """End the thread and what is under way in it, and wait for that."""
        with self._turn:
            self._closed = True
            inside, self._inside = self._inside, None
        if inside is not None:
            inside.stop()
            if inside.thread is not None and inside.thread is not threading.current_thread():
                inside.thread.join()

    def _token(self) -> trio.lowlevel.TrioToken:
        with self._turn:
            if self._closed:
                raise Closed("the client was closed")
            inside = self._inside
            if inside is None or inside.thread is None or not inside.thread.is_alive():
                inside = self._inside = _started()
                weakref.finalize(self, inside.stop).atexit = False
            assert inside.token is not None
            return inside.token


def _started() -> _Thread:
    inside, ready = _Thread(), threading.Event()
    inside.thread = threading.Thread(target=inside.run, args=(ready,), name="oracle-client", daemon=True)
    inside.thread.start()
    ready.wait()
    return inside


def _soon(token: trio.lowlevel.TrioToken, fn: Callable[[], Any]) -> None:
    """Call it there; where trio has ended there is nothing left to be told."""
    with contextlib.suppress(trio.RunFinishedError):
        token.run_sync_soon(fn)

"""A live look at some topics: it hears in the client's thread, and shows the newest at most ten times a second."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import trio

from oracle.bookmark import Ready
from oracle.remote import RemoteFailed
from oracle.sdk.portal import Pending, Portal
from oracle.widget.picture import Picture

__all__ = ["EVERY_S", "MOST", "Watch", "Watches"]

EVERY_S = 0.1  # between two looks
BEGIN_S = 10.0  # until the first is told
MOST = 20  # watches of a client that hear; the one made first stops for a new one

Listen = Callable[[Callable[[], object]], AbstractAsyncContextManager[Any]]
"""Opens the stream, given what is called where it is lost."""


class _Ear:
    """What hears, until it is told to stop. It knows nothing of the watch, which can so be forgotten."""

    def __init__(self, portal: Portal, listen: Listen, picture: Picture) -> None:
        self._portal, self._listen, self.picture = portal, listen, picture
        self.show: Callable[[], object] | None = None
        """Called, in the client's thread, when there is something new to be seen."""
        self._tasks: tuple[Pending[None], ...] = ()

    @property
    def hears(self) -> bool:
        """Whether it does."""
        return bool(self._tasks) and not self._tasks[0].future.done()

    def start(self) -> None:
        """Hear, unless it does; back once all that is known was told. Raises RemoteFailed where nobody answers, or refuses."""
        if self.hears:
            return
        turn = _Turn()
        self._tasks = (self._portal.start(lambda: self._hear(turn)), self._portal.start(lambda: self._show(turn)))
        self._portal.start(turn.begun).wait()
        if self._tasks[0].future.done():
            self._tasks[0].future.result()

    def stop(self, reason: str = "stopped") -> None:
        """Hear no more."""
        tasks, self._tasks = self._tasks, ()
        for task in tasks:
            task.future.cancel()
        self.picture.stands("ended", reason)

    async def _hear(self, turn: _Turn) -> None:
        def lost() -> None:
            self.picture.stands("reconnecting")
            turn.note()

        try:
            async with self._listen(lost) as stream:
                async for told in stream:
                    self.picture.take(told)
                    turn.note()
                    if isinstance(told, Ready):
                        turn.begin()
        except RemoteFailed as failed:
            self.picture.stands("ended", str(failed))
            raise
        except trio.Cancelled:
            self.picture.stands("ended", self.picture.reason or "stopped")
            raise
        finally:
            turn.end()
            if self.show is not None:
                self.show()

    async def _show(self, turn: _Turn) -> None:
        while await turn.changed():
            if self.show is not None:
                self.show()
            await trio.sleep(EVERY_S)  # the newest is enough


class _Turn:
    """Between who hears and who shows; all in one thread."""

    def __init__(self) -> None:
        self._begun: trio.Event | None = None
        self._news: trio.Event | None = None
        self._is_begun = self._is_new = self._is_over = False

    def begin(self) -> None:
        """All that is known was told."""
        self._is_begun = True
        if self._begun is not None:
            self._begun.set()

    def note(self) -> None:
        """There is something new."""
        self._is_new = True
        if self._news is not None:
            self._news.set()

    def end(self) -> None:
        """There will be no more."""
        self._is_over = True
        self.begin()
        self.note()

    async def begun(self) -> None:
        """Wait until that was told, or nothing will be; at most 10 s."""
        self._begun = trio.Event()
        if not self._is_begun:
            with trio.move_on_after(BEGIN_S):
                await self._begun.wait()

    async def changed(self) -> bool:
        """Wait for something new; whether more may come."""
        self._news = trio.Event()
        if not self._is_new:
            await self._news.wait()
        self._is_new = False
        return not self._is_over


class Watch:
    """What `client.watch` gives. In a notebook it shows itself, live, for as long as somebody looks; elsewhere `print` shows how
    it is now. It ends with `stop()`, with its client, or when nobody holds it any more."""

    def __init__(self, portal: Portal, listen: Listen, topics: Sequence[str], kind: str = "", field: str = "") -> None:
        self._ear = _Ear(portal, listen, Picture(topics, kind, field))
        self._view: Any = None
        weakref.finalize(self, self._ear.stop, "forgotten").atexit = False

    @property
    def picture(self) -> Picture:
        """What is to be seen now."""
        return self._ear.picture

    @property
    def hears(self) -> bool:
        """Whether it goes on."""
        return self._ear.hears

    def start(self) -> Watch:
        """Hear, also again after it was stopped. Raises RemoteFailed, Closed."""
        self._ear.start()
        return self

    def stop(self) -> None:
        """Hear no more; what was seen last stays."""
        self._ear.stop()

    def widget(self) -> Any:
        """What shows it in a notebook, made when first wanted. Raises Missing where anywidget is not installed."""
        if self._view is None:
            from oracle.widget.view import view_of

            self._view = view_of(self._ear)
            self._view.owner = self  # nobody else may hold us while it is looked at
        return self._view

    def __repr__(self) -> str:
        return self.picture.text()

    def _repr_mimebundle_(self, **how: Any) -> Any:
        if not _in_a_notebook():
            return {"text/plain": repr(self)}
        from oracle.sdk.table import Missing

        try:
            bundle = self.widget()._repr_mimebundle_(**how)
        except Missing as missing:
            return {"text/plain": f"{self!r}\n({missing}; then this is live)"}
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data["text/plain"] = repr(self)  # what a reader without the widget sees
        return bundle


class Watches:
    """Those of a client that hear."""

    def __init__(self) -> None:
        self._held: list[weakref.ref[Watch]] = []

    def add(self, watch: Watch) -> None:
        """One more; beyond 20 the one made first stops."""
        hearing = [held for held in self._held if (one := held()) is not None and one.hears]
        for held in hearing[: max(0, len(hearing) - MOST + 1)]:
            if (one := held()) is not None:
                one.stop()
        self._held = [*hearing[-(MOST - 1) :], weakref.ref(watch)]


def _in_a_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None

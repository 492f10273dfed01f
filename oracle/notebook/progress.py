"""How far something is, shown by the thread that waits for it: a bar in a notebook, a line on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from html import escape
from typing import Any, TypeVar

from oracle.notebook.telling import shell
from oracle.sdk.portal import Pending

__all__ = ["Progress"]

T = TypeVar("T")
LOOK_S = 0.2
SOON_S = 0.5  # what is over by then needs no bar
CELLS = 30


class Progress:
    """`note` may be called by any thread."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._done, self._status = 0.0, ""
        self._handle: Any = None
        self._shown = ""
        self._kernel = getattr(shell(), "kernel", None) is not None

    def note(self, done: float, status: str) -> None:
        """So far it is, 0 to 1."""
        self._done, self._status = done, status

    def wait(self, pending: Pending[T]) -> T:
        """Wait for something, showing how far it is; what it gave, or raises what it raised. Interrupted, it is cancelled."""
        wait_s = SOON_S
        try:
            while True:
                try:
                    return pending.future.result(wait_s)
                except TimeoutError:
                    if pending.future.done():  # its own
                        raise
                self._show()
                wait_s = LOOK_S
        except BaseException:
            pending.future.cancel()
            raise
        finally:
            self._clear()

    def _show(self) -> None:
        if self._kernel:
            self._in_notebook(_Bar(self._what, self._done, self._status))
        elif sys.stderr.isatty():
            full = round(self._done * CELLS)
            self._shown = f"{self._what} [{'#' * full}{'.' * (CELLS - full)}] {self._done:4.0%} {self._status}"
            print(f"\r{self._shown:<78}", end="", file=sys.stderr, flush=True)

    def _in_notebook(self, bar: Any) -> None:
        display = sys.modules["IPython"].display
        if self._handle is None:
            self._handle = display.display(bar, display_id=True)
        else:
            self._handle.update(bar)

    def _clear(self) -> None:
        if self._handle is not None:
            self._handle.update(_Nothing())
        elif self._shown:
            print("\r" + " " * 78 + "\r", end="", file=sys.stderr, flush=True)


class _Bar:
    def __init__(self, what: str, done: float, status: str) -> None:
        self._what, self._done, self._status = what, done, status

    def __repr__(self) -> str:
        return f"{self._what}: {self._done:.0%} {self._status}"

    def _repr_html_(self) -> str:
        what, status = escape(self._what), escape(self._status)
        return f'<label>{what} <progress value="{self._done:.3f}" max="1"></progress> {self._done:.0%} {status}</label>'


class _Nothing:
    def __repr__(self) -> str:
        return ""

    def _repr_html_(self) -> str:
        return ""

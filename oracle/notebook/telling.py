"""Crashes of what a cell has put into the tree, told where they can be seen: when the next cell ends, or at once on standard
error where there are no cells."""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any

from actors import Lifecycle

__all__ = ["Crashes", "shell", "shortened"]

MOST = 20  # crashes that wait to be told; of older ones only the number is
OURS = Path(__file__).resolve().parents[2]
HOUSE = tuple(str(OURS / name) for name in ("actors", "oracle", "web"))


def shell() -> Any:
    """The IPython that runs here, None where there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


class Crashes:
    """Hears of crashes on any thread, tells of each once, and only says how often of one that comes again."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._waiting: deque[str] = deque(maxlen=MOST)
        self._left_out = 0
        self._last: dict[str, str] = {}
        self._shell = shell()
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self.tell)

    def crashed(self, life: Lifecycle) -> None:
        """An actor has crashed, or failed for good."""
        if life.what == "failed":
            self.say(f"oracle: {life.name} has failed for good ({life.error}): run its cell again once the fault is mended")
        elif life.exception is None or self._last.get(life.name) == life.error:
            self.say(f"oracle: {life.name} has crashed once more: {life.error}")
        else:
            self._last[life.name] = life.error or ""
            self.say(f"oracle: {life.name} has crashed, and begins anew:\n{shortened(life.exception)}")

    def ended(self, error: BaseException | None) -> None:
        """The whole runtime has ended; of a crash, if there is one."""
        if error is not None:
            trace = "".join(traceback.format_exception(error))
            self.say(f"oracle: the runtime has crashed; oracle.start() begins another:\n{trace.rstrip()}")

    def forget(self, name: str) -> None:
        """What crashes under this name is another from now on."""
        self._last.pop(name, None)

    def say(self, text: str) -> None:
        """Have something told."""
        with self._turn:
            self._left_out += len(self._waiting) == MOST
            self._waiting.append(text)
        if self._shell is None:
            self.tell()

    def tell(self, _: Any = None) -> None:
        """Tell what waits, now."""
        with self._turn:
            texts, left_out = list(self._waiting), self._left_out
            self._waiting.clear()
            self._left_out = 0
        if left_out:
            texts.insert(0, f"oracle: {left_out} earlier crashes are left out here; notebook.log in the data folder has them")
        for text in texts:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Tell what waits, and no more after that."""
        if self._shell is not None:
            self._shell.events.unregister("post_run_cell", self.tell)
        self._shell = None
        self.tell()


def shortened(error: BaseException) -> str:
    """Its traceback, from the first line on that is not of this house."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None and _of_the_house(trace):
        trace = trace.tb_next
    shown = trace if trace is not None and not _of_the_house(trace) else error.__traceback__
    return "".join(traceback.format_exception(type(error), error, shown)).rstrip()


def _of_the_house(trace: TracebackType) -> bool:
    return trace.tb_frame.f_code.co_filename.startswith(HOUSE)

"""Who reads the file now. A cursor must not be closed under the thread that uses it, so closing waits for readers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from oracle.history.failure import Broken, translated

__all__ = ["Readers"]

PATIENCE_S = 5.0  # for a reader that was interrupted


class Readers:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._cursors: list[Any] = []

    @contextlib.contextmanager
    def one(self, root: Callable[[], Any]) -> Iterator[Any]:
        """A cursor on what `root()` gives, for one thread and one block. Raises Broken where there is nothing to read."""
        with self._changed, translated():
            connection = root()
            if connection is None:
                raise Broken("the history is closed")
            cursor = connection.cursor()
            self._cursors.append(cursor)
        try:
            yield cursor
        finally:
            with self._changed, translated():
                self._cursors.remove(cursor)
                cursor.close()
                self._changed.notify_all()

    def end(self) -> bool:
        """Interrupt everybody and wait until they are gone; False when somebody was not to be stopped."""
        with self._changed:
            for _ in range(round(PATIENCE_S / 0.05)):
                for cursor in self._cursors:
                    cursor.interrupt()  # again and again: one that comes before its query has begun is lost
                if self._changed.wait_for(lambda: not self._cursors, 0.05):
                    return True
        return False

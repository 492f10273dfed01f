"""What was published and is not stored: the ranges of offsets for which history must not be taken for the whole.

A hole is noted before anything that comes after it can be committed, and written in the transaction of the next rows; so
whoever finds rows on both sides of it finds the hole too, also after a SIGKILL.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from actors import Published

__all__ = ["DDL", "Holes"]

# the offsets first..last of an epoch (a word) lack some messages of a kind; an empty kind stands for every kind
DDL = 'CREATE TABLE IF NOT EXISTS holes (epoch INTEGER, kind VARCHAR, "first" BIGINT, "last" BIGINT)'
NEVER = 2**62


class Holes:
    """Those of the present epoch; note from any thread."""

    def __init__(self) -> None:
        self._noted: list[tuple[str, int, int]] = []
        self._kinds: set[str] = set()
        self._stored = 0
        self._lock = threading.Lock()

    def begin(self) -> None:
        """A new epoch."""
        with self._lock:
            self._noted, self._kinds, self._stored = [], set(), 0

    def note(self, first: int, last: int) -> None:
        """Messages among these offsets are lost. A negative offset is none."""
        if not 0 < first <= last:
            return
        with self._lock:
            kind, begun, ended = self._noted[-1] if len(self._noted) > self._stored else ("none", 0, 0)
            if kind == "" and begun <= first <= ended + 1:  # one row for a long loss
                self._noted.pop()
                first, last = begun, max(ended, last)
            self._noted.append(("", first, last))

    def note_rows(self, entries: Iterable[Any]) -> None:
        """Those of these entries that were published are lost."""
        for entry in entries:
            if isinstance(entry, Published):
                self.note(entry.offset, entry.offset)

    def note_kind(self, kind: str, first: int) -> None:
        """No table takes messages of this kind; the first of this epoch has this offset."""
        if kind not in self._kinds:
            with self._lock:
                self._kinds.add(kind)
                self._noted.append((kind, first, NEVER))

    @contextlib.contextmanager
    def writing(self) -> Iterator[Callable[[Any, int], None]]:
        """Around a transaction: gives what writes the new ones into it; if it fails they go with the next one."""
        before = self._stored

        def write(connection: Any, epoch: int) -> None:
            with self._lock:
                fresh = self._noted[self._stored :]
                self._stored = len(self._noted)  # no hole grows once it is being written
            for kind, first, last in fresh:
                connection.execute("INSERT INTO holes VALUES (?, ?, ?, ?)", [epoch, kind, first, last])

        try:
            yield write
        except BaseException:
            with self._lock:
                self._stored = before
            raise

    @staticmethod
    def leave(connection: Any, table: str, kind: str) -> None:
        """The rows of a table are about to be dropped, in the caller's transaction."""
        connection.execute(
            f"INSERT INTO holes SELECT epoch, '{kind}', min(\"offset\"), max(\"offset\") FROM {table} "
            'WHERE "offset" IS NOT NULL GROUP BY epoch'
        )

    def between(self, after: int, until: int, kinds: Iterable[str] | None) -> bool:
        """Whether one of this epoch lies beyond `after` and not beyond `until`."""
        wanted = None if kinds is None else {"", *kinds}
        with self._lock:
            return any(first <= until and last > after and (wanted is None or kind in wanted)
                       for kind, first, last in self._noted)  # fmt: skip

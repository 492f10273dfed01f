"""How large an answer grows while it is made, and how much memory that takes; too much is interrupted."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from actors import Refused
from oracle.history.failure import Broken, asked, translated

__all__ = ["Scale"]

LOOK_S = 0.05
# What questions take. Pages of tables are given back as soon as others need the room.
_TAKEN = (
    "SELECT coalesce(sum(memory_usage_bytes), 0)::BIGINT FROM duckdb_memory() "
    "WHERE tag IN ('HASH_TABLE', 'ORDER_BY', 'WINDOW', 'COLUMN_DATA', 'ALLOCATOR', 'PARQUET_READER')"
)


class Scale:
    """Looks after what a cursor does in the block, from a thread of its own. Leaving it raises Refused `too_large` where the file
    at `path` or the memory of all questions together grew beyond so many bytes."""

    def __init__(self, at: Any, path: Path | None, most_bytes: int, most_memory: int) -> None:
        self._at = at
        self._looking = at.cursor()
        self._path = path
        self._most_bytes, self._most_memory = most_bytes, most_memory
        self._over = threading.Event()
        self._why = ""
        self._thread = threading.Thread(target=self._look, name="history-scale", daemon=True)

    def __enter__(self) -> Scale:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._looking.close()
        if self._why:
            raise Refused(f"{self._why}; ask for less", "too_large") from error

    def _look(self) -> None:
        while not self._over.wait(LOOK_S):
            self._why = self._why or self._too_much()
            if self._why:
                self._at.interrupt()  # again and again: one that comes too early is lost

    def _too_much(self) -> str:
        if self._path is not None and _size(self._path) > self._most_bytes:
            return f"the answer has more than {self._most_bytes} bytes"
        try:
            with translated(), asked():
                (taken,) = self._looking.execute(_TAKEN).fetchone()
        except Refused:  # not even for a look is there memory
            return "questions take all the memory that there is"
        except Broken:  # it was closed, and with it what is looked after
            return ""
        if taken > self._most_memory:
            return f"questions take more than {self._most_memory // (1024 * 1024)} MiB of memory"
        return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # not begun yet, or taken away by the database that was interrupted
        return 0

"""The history where nothing writes it: opened to be read, and left as it was."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from actors import Refused
from oracle.history.database import Connection, FileError, connect_to_read
from oracle.history.failure import translated
from oracle.history.readers import Readers
from oracle.history.room import Room
from oracle.history.schema import VERSION
from oracle.history.store import FILE, MONTHLY

__all__ = ["Still", "open_still"]


class Still:
    """A `Store` for those who only read."""

    def __init__(self, root: Connection, exports: Path, memory_limit_mb: int) -> None:
        self.room = Room(exports)
        self.memory_limit_mb = memory_limit_mb
        self._root = root
        self._readers = Readers()
        names = root.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        self._months = sorted(name for (name,) in names if MONTHLY.match(name))

    def reading(self) -> contextlib.AbstractContextManager[Connection]:
        """See `Store`."""
        return self._readers.one(lambda: self._root)

    def months(self, kind: str) -> list[str]:
        """See `Store`."""
        return [name for name in self._months if name.rpartition("_")[0] == kind]


@contextlib.contextmanager
def open_still(folder: Path, memory_limit_mb: int) -> Iterator[Still]:
    """The history of a data folder, for the block. Raises Refused: `not_found` without one, `locked` while a process has it,
    `version` for one of a newer program; and Broken."""
    path = folder / FILE
    if not path.exists():
        raise Refused(f"there is no history in {folder}", "not_found")
    with tempfile.TemporaryDirectory(prefix="oracle-") as exports, contextlib.ExitStack() as held:
        with translated():
            try:
                root = held.enter_context(connect_to_read(path, memory_limit_mb, Path(exports)))
            except FileError as error:
                if "lock" in str(error):
                    raise Refused(f"another process has {path} open", "locked", {"path": str(path)}) from error
                raise
            root.execute("SET GLOBAL TimeZone = 'UTC'")
            (version,) = root.execute("SELECT max(value::INTEGER) FROM meta WHERE name = 'version'").fetchone() or (None,)
        if version is not None and version > VERSION:
            raise Refused(f"{path} has layout {version}, this program knows {VERSION}", "version")
        yield Still(root, Path(exports), memory_limit_mb)

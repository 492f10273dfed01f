"""DuckDB itself: how its file is opened, and how a Parquet file of somebody's is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

__all__ = ["Connection", "DatabaseError", "FileError", "connect", "identity", "parquet_rows"]

Connection = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error
FileError = duckdb.IOException

# A checkpoint rewrites the unfinished last block of every table, so few large ones are cheaper than many small ones (the
# default is 16 MiB); yet what is in the log has to be read again after a SIGKILL, 64 MiB in less than a second.
CHECKPOINT = "64MiB"
ROWS = 1_000  # fetched at once


def connect(path: Path, memory_limit_mb: int, exports: Path) -> Connection:
    """Open or create the file, for one thread of its own and nothing outside of it but the folder `exports`, where files can be
    written. Raises what the database raises."""
    root = duckdb.connect(str(path), config={
        "storage_compatibility_version": "v1.4.0", "threads": 1, "memory_limit": f"{memory_limit_mb}MB",
        "autoinstall_known_extensions": False, "autoload_known_extensions": False, "python_enable_replacements": False,
        "checkpoint_threshold": CHECKPOINT,
    })  # fmt: skip
    folder = f"{exports}/".replace("'", "''")
    root.execute(f"SET allowed_directories = ['{folder}']")  # it can't be set once nothing else is allowed
    root.execute("SET enable_external_access = false")
    return root


def identity(path: Path) -> tuple[int, int] | None:
    """Which file a path leads to, by device and inode; None where to none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file in order, as dictionaries. Raises OSError where it can't be read, also in the middle."""
    try:
        with duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False}) as connection:
            found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
            names = [column[0] for column in found.description]
            while rows := found.fetchmany(ROWS):
                for row in rows:
                    yield dict(zip(names, row, strict=True))
    except duckdb.Error as error:
        raise OSError(f"{path.name} can't be read as Parquet: {str(error).splitlines()[0]}") from error

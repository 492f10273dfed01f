"""DuckDB itself: how its file is opened, and how a Parquet file of somebody's is read."""

from __future__ import annotations

from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

__all__ = [
    "ASKED", "Connection", "DatabaseError", "FileError", "connect", "connect_to_read", "identity", "own_views",
    "parquet_columns", "parquet_rows", "parsed",
]  # fmt: skip

Connection = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error
FileError = duckdb.IOException

# A checkpoint rewrites the unfinished last block of every table, so few large ones are cheaper than many small ones (the
# default is 16 MiB); yet what is in the log has to be read again after a SIGKILL, 64 MiB in less than a second.
CHECKPOINT = "64MiB"
ROWS = 1_000  # fetched at once
MOST_SPILLED = "4GiB"
"""What questions may lay down on the disk while they are answered."""

QUIET = "SET enable_progress_bar = false"
"""In a notebook or at a prompt it would draw how far it is into whatever is printed there."""

ASKED = "asked"
"""An empty database in memory: where it is the current one, nothing of the file is seen but by its full name."""


def connect(path: Path, memory_limit_mb: int, exports: Path) -> Connection:
    """Open or create the file, for one thread of its own and nothing outside of it but the folder `exports`, where files can be
    written. Raises what the database raises."""
    return _alone(duckdb.connect(str(path), config={**_config(memory_limit_mb), "checkpoint_threshold": CHECKPOINT,
                                                    "storage_compatibility_version": "v1.4.0"}), exports)  # fmt: skip


def connect_to_read(path: Path, memory_limit_mb: int, exports: Path) -> Connection:
    """The same of a file that is there and stays as it is. Raises what the database raises."""
    root = duckdb.connect(":memory:", config=_config(memory_limit_mb))
    try:
        root.execute(QUIET)
        root.execute(f"ATTACH '{_quoted(path)}' AS {path.stem} (READ_ONLY)")
        root.execute(f"USE {path.stem}")
        return _alone(root, exports)
    except duckdb.Error:
        root.close()
        raise


def _config(memory_limit_mb: int) -> dict[str, Any]:
    return {
        "threads": 1, "memory_limit": f"{memory_limit_mb}MB", "autoinstall_known_extensions": False,
        "autoload_known_extensions": False, "python_enable_replacements": False, "max_temp_directory_size": MOST_SPILLED,
    }  # fmt: skip


def _alone(root: Connection, exports: Path) -> Connection:
    root.execute(QUIET)
    root.execute(f"ATTACH ':memory:' AS {ASKED}")
    root.execute(f"SET allowed_directories = ['{_quoted(exports)}/']")  # it can't be set once nothing else is allowed
    root.execute("SET enable_external_access = false")
    return root


def parsed(sql: str) -> str:
    """What the parser understands of SQL, as the JSON of `json_serialize_sql`: `{error, error_type, error_message, statements}`.

    It is asked where nothing is stored: how it is written depends on the oldest program that a file is for."""
    with _parser().cursor() as at:
        return str(at.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0][0])


@cache
def _parser() -> Connection:
    return duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "64MB", "enable_external_access": False})


@cache
def own_views() -> frozenset[str]:
    """The names of what the database shows of itself, in lower case: seen by whoever calls it by its bare name."""
    with _parser().cursor() as at:
        found = at.execute("SELECT view_name FROM duckdb_views() WHERE schema_name <> 'information_schema'").fetchall()
    return frozenset(str(name).lower() for (name,) in found)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def identity(path: Path) -> tuple[int, int] | None:
    """Which file a path leads to, by device and inode; None where to none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def parquet_columns(path: Path) -> list[str]:
    """The names of the columns of a Parquet file. Raises OSError where it can't be read."""
    try:
        with duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False}) as connection:
            return [str(one[0]) for one in connection.execute("SELECT * FROM read_parquet(?) LIMIT 0", [str(path)]).description]
    except duckdb.Error as error:
        raise OSError(f"{path.name} can't be read as Parquet: {str(error).splitlines()[0]}") from error


def parquet_rows(path: Path) -> Generator[dict[str, Any], None, None]:
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

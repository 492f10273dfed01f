"""Answers to questions in SQL: rows for people, files for programs; beside the writer, and never more than somebody may ask for.

A question runs on a cursor of its own that sees the views it names and nothing else, for as long as any other question to the
history. A thread looks after it meanwhile: it is interrupted where its answer or its memory grows too large.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

import attrs
import msgspec
import trio

from actors import Refused
from oracle.history.database import ASKED, Connection
from oracle.history.failure import asked
from oracle.history.question import read_question
from oracle.history.reader import Reader, RunSync
from oracle.history.room import Room
from oracle.history.scale import Scale
from oracle.history.turns import Turns
from oracle.history.views import HOME, VIEWS, create

__all__ = ["FORMS", "MOST_BYTES", "MOST_ROWS", "MOST_ROWS_SHOWN", "Answers", "Ask", "File", "Library", "Rows", "clear"]

MOST_ROWS = 1_000_000
MOST_BYTES = 256 * 1024 * 1024
MOST_ROWS_SHOWN = 10_000
MOST_BYTES_SHOWN = 16 * 1024 * 1024
OPERATOR_MEMORY = "256MB"  # of sorting and of hash tables; beyond that they go to the disk
ANSWERING, WAITING = 2, 8  # questions
PIECE = 500  # rows made into JSON at once: the interpreter is held for so long
FORMS = ("parquet", "arrow")

T = TypeVar("T")
_JSON = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


class Library(Protocol):
    """What is asked: `Store`, or `Still`."""

    room: Room
    memory_limit_mb: int

    def reading(self) -> AbstractContextManager[Connection]:
        """A cursor for one thread and one block."""

    def months(self, kind: str) -> list[str]:
        """The monthly tables of a kind."""


@attrs.frozen
class Ask:
    """One SELECT, with a value for each `?` in it, and the most rows that are wanted."""

    sql: str
    parameters: Sequence[Any]
    limit: int


@attrs.frozen
class File:
    """An open file that has no name any more. `truncated`: there were more rows than were wanted. It had waited for its turn."""

    file: IO[bytes]
    bytes: int
    rows: int
    truncated: bool
    waited_s: float


@attrs.frozen
class Rows:
    """The names and SQL types of the columns, and each row as JSON."""

    names: list[str]
    types: list[str]
    rows: list[msgspec.Raw]
    truncated: bool
    waited_s: float = 0.0


class Answers:
    """Two questions at a time; further ones wait, and beyond eight of those the next is refused (`full`).

    Each raises Refused: `invalid` (the database does not understand it), `rejected` (it is not for here), `too_large`, `full`,
    `timeout`, `unavailable`."""

    def __init__(self, library: Library, run_sync: RunSync = trio.to_thread.run_sync, deadline_s: float = 10.0) -> None:
        self._library = library
        self._run_sync = run_sync
        self._reader = Reader(library, run_sync, deadline_s)
        self._turns = Turns(ANSWERING, WAITING)

    async def rows(self, ask: Ask) -> Rows:
        """At most 10,000 rows, of at most 16 MiB."""
        began_s = trio.current_time()
        async with self._turns.one():
            waited_s = trio.current_time() - began_s
            return attrs.evolve(await self._read(ask, partial(_shown, ask=ask), None), waited_s=waited_s)

    async def file(self, ask: Ask, form: str) -> File:
        """At most a million rows, of at most 256 MiB, as `parquet` or as a stream of `arrow`, for which pyarrow is needed."""
        began_s = trio.current_time()
        async with self._turns.one():
            waited_s = trio.current_time() - began_s
            path = await self._run_sync(self._library.room.place, form)
            write = {"parquet": _parquet, "arrow": _arrow}[form]
            try:
                count = await self._read(ask, partial(write, ask=ask, path=path), path)
                file = await self._run_sync(self._library.room.take, path)
            finally:
                path.unlink(missing_ok=True)
                path.with_suffix(".whole").unlink(missing_ok=True)
        return File(file, os.fstat(file.fileno()).st_size, min(count, ask.limit), count > ask.limit, waited_s)

    async def _read(self, ask: Ask, work: Callable[[Any, str], T], path: Path | None) -> T:
        most = self._library.memory_limit_mb * 1024 * 1024 * 6 // 10

        def run(at: Any) -> T:
            with asked():
                question = read_question(ask.sql, ask.limit)
                _prepare(at, question.views, self._library.months)
                with Scale(at, path, MOST_BYTES, most):
                    return work(at, question.sql)

        return await self._reader.read(run)


def clear() -> list[dict[str, Any]]:
    """What there is to be asked about: each view with its columns, their types, meanings and units."""
    return [{"name": name, "about": view.about, "kept_as": view.aged,
             "columns": [{"name": field.name, "type": field.type, "about": field.about} for field in view.fields]}
            for name, view in VIEWS.items()]  # fmt: skip


def _prepare(at: Any, views: Sequence[str], months: Callable[[str], list[str]]) -> None:
    """Let the cursor see the views, and nothing else by its bare name."""
    at.execute(f"USE {HOME}")  # of a file that is only read it is not the first
    at.execute("SET VARIABLE words = (SELECT list(text ORDER BY number) FROM words)")
    at.execute(f"SET operator_memory_limit = '{OPERATOR_MEMORY}'")
    for name in views:
        create(at, name, months)
    at.execute(f"USE {ASKED}")


def _shown(at: Any, sql: str, ask: Ask) -> Rows:
    found = at.execute(sql, list(ask.parameters))
    names, types = [str(one[0]) for one in found.description], [str(one[1]) for one in found.description]
    rows, size = list[msgspec.Raw](), 0
    while piece := found.fetchmany(PIECE):
        for row in piece:
            text = _JSON.encode(row)
            size += len(text)
            if len(rows) == ask.limit or size > MOST_BYTES_SHOWN:
                return Rows(names, types, rows, True)
            rows.append(msgspec.Raw(text))
    return Rows(names, types, rows, False)


def _parquet(at: Any, sql: str, ask: Ask, path: Path) -> int:
    """How many rows there are, one more than wanted where there are more; those that are wanted are in the file."""
    options = "(FORMAT parquet, COMPRESSION zstd)"
    (count,) = at.execute(f"COPY ({sql}) TO '{_quoted(path)}' {options}", list(ask.parameters)).fetchone()
    if count > ask.limit:  # the last one is taken away again
        whole = path.rename(path.with_suffix(".whole"))
        at.execute(f"COPY (SELECT * FROM read_parquet('{_quoted(whole)}') LIMIT {ask.limit}) TO '{_quoted(path)}' {options}")
    return int(count)


def _arrow(at: Any, sql: str, ask: Ask, path: Path) -> int:
    """The same as a stream of Arrow's."""
    try:
        from pyarrow import ipc
    except ImportError:
        raise Refused("Arrow is only written where pyarrow is installed; ask for Parquet", "invalid") from None
    reader, count = at.sql(sql, params=list(ask.parameters)).to_arrow_reader(10_000), 0
    with path.open("wb") as file, ipc.new_stream(file, reader.schema) as stream:
        for batch in reader:
            stream.write_batch(batch.slice(0, max(0, ask.limit - count)))
            count += batch.num_rows
    return count


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")

"""Files of what is stored, for those who want to have it elsewhere: the database writes one, and it is gone once it was read.

Rows are in the order they were stored, each once, however often it was; messages that are not shown any more are not among them.
Times are instants in Parquet, else ISO 8601 with `Z`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

import attrs
import trio

from actors import Refused
from oracle.history.page import Filter
from oracle.history.queries import EVENTS
from oracle.history.reader import Reader, RunSync
from oracle.history.search import HIDDEN
from oracle.history.store import Store
from oracle.history.turns import Turns

__all__ = ["FORMATS", "MOST_BYTES", "MOST_ROWS", "WHAT", "Exports", "Wish"]

MOST_ROWS = 1_000_000
MOST_BYTES = 512 * 1024 * 1024  # of the longest texts of the rows together, before they are compressed
DEADLINE_S = 60.0
WAITING = 4  # wishes; further ones are refused
FORMATS = {"parquet": "FORMAT parquet, COMPRESSION zstd", "csv": "FORMAT csv, HEADER", "json": "FORMAT json, ARRAY true"}

_MESSAGES = (
    '(SELECT message.* FROM message LEFT JOIN ' + HIDDEN + " AS hidden ON hidden.subject = 'conversation:' || conversation "
    'WHERE ts_us > coalesce(mark, -1) '
    'AND ("offset" IS NOT NULL OR id NOT IN (SELECT id FROM message WHERE "offset" IS NOT NULL)))'
)


@attrs.frozen
class _Kind:
    """What can be had: from which table, by which column it is chosen (`kind`), which columns (T stands for an instant, J for
    JSON, W for a word), the longest of them, and how rows of one run are found."""

    source: str
    chosen: str
    columns: Mapping[str, str]
    longest: str
    of_run: tuple[str, str] = ("run", "")
    monthly: bool = False


_JSON = {name: f"J:json_extract(value, '$.{name}')" for name in ("params", "result", "facts")}
WHAT = {
    "runs": _Kind("run", "kind", {
        "id": "id", "kind": "kind", "status": "status", "name": "name", "owner": "owner", "agent": "agent", "model": "model",
        "session": "session", "conversation": "conversation", "source": "source", "created": "T:ts_us", "started": "T:started_us",
        "finished": "T:finished_us", "duration_s": "duration_s", "cost_usd": "cost_usd", "input_tokens": "input_tokens",
        "output_tokens": "output_tokens", "rounds": "rounds", "rounds_total": "rounds_total", "clients": "clients",
        "accuracy": "accuracy", "loss": "loss", "error": "json_extract_string(value, '$.error')", **_JSON,
    }, "value", ("id", "")),
    "output": _Kind("output", "stream", {"run": "run", "n": "n", "stream": "stream", "ts": "T:ts_us", "text": "text"}, "text",
                    monthly=True),
    "messages": _Kind(_MESSAGES, "role", {
        "id": "id", "conversation": "conversation", "role": "role", "run": "run", "ts": "T:ts_us", "content": "content",
        "metadata": "J:metadata",
    }, "content"),
    "samples": _Kind("sample", "name", {
        "name": "name", "subject": "subject", "value": "value", "unit": "unit", "ts": "T:ts_us", "source": "W:source",
    }, "unit", ("subject", "run:"), monthly=True),
    "events": _Kind(EVENTS, "kind", {
        "id": "id", "kind": "kind", "subject": "subject", "source": "source", "severity": "severity", "summary": "summary",
        "ts": "T:ts_us", "data": "J:data",
    }, "data", ("subject", "run:")),
}  # fmt: skip
"""What can be had, by name. `kind` chooses runs by their kind, output by its stream, messages by their role, samples by their
name, events by their kind."""


@attrs.frozen
class Wish:
    """Rows of `from_us <= ts < to_us` (of runs: created then); empty texts and None ask for all."""

    what: str
    format: str
    kind: str = ""
    run: str = ""
    from_us: int | None = None
    to_us: int | None = None


class Exports:
    """One file at a time; further wishes wait."""

    def __init__(self, store: Store, run_sync: RunSync = trio.to_thread.run_sync, deadline_s: float = DEADLINE_S) -> None:
        self._store = store
        self._run_sync = run_sync
        self._reader = Reader(store, run_sync, deadline_s)
        self._turns = Turns(1, WAITING)

    async def file(self, wish: Wish) -> tuple[IO[bytes], int]:
        """An open file, which has no name any more, and its bytes. Raises Refused: `too_large` beyond a million rows or 512 MiB
        of text, `full`, `timeout`, `unavailable`."""
        async with self._turns.one():
            path = await self._run_sync(self._store.room.place, wish.format)
            try:
                await self._reader.read(partial(_write, path=path, wish=wish, months=self._store.months))
                file = await self._run_sync(self._store.room.take, path)
                return file, os.fstat(file.fileno()).st_size
            finally:
                path.unlink(missing_ok=True)  # what was not finished


def _write(at: Any, path: Path, wish: Wish, months: Callable[[str], list[str]]) -> None:
    kind = WHAT[wish.what]
    column, prefix = kind.of_run
    wanted = Filter().one_of(kind.chosen, wish.kind or None).between("ts_us", wish.from_us, wish.to_us)
    wanted.one_of(column, f"{prefix}{wish.run}" if wish.run else None)
    names = months(kind.source) if kind.monthly else [kind.source]
    columns = ", ".join(f'{_shown(text, wish.format)} AS "{name}"' for name, text in kind.columns.items())
    if not names:
        empty = ", ".join(f'NULL::VARCHAR AS "{name}"' for name in kind.columns)
        at.execute(f"COPY (SELECT {empty} WHERE FALSE) TO '{_quoted(path)}' ({FORMATS[wish.format]})")
        return
    rows = " UNION ALL ".join(f"SELECT * FROM {name} WHERE {wanted.sql}" for name in names)
    parameters = wanted.parameters * len(names)
    count, size = at.execute(f"SELECT count(*), coalesce(sum(strlen({kind.longest})), 0) FROM ({rows})", parameters).fetchone()
    if count > MOST_ROWS or size > MOST_BYTES:
        most = f"{MOST_ROWS} rows or {MOST_BYTES} bytes"
        reason = f"{count} rows of {size} bytes of text are more than {most}; ask for a shorter time"
        raise Refused(reason, "too_large", {"rows": count, "bytes": int(size)})
    at.execute(f"COPY (SELECT {columns} FROM ({rows})) TO '{_quoted(path)}' ({FORMATS[wish.format]})", parameters)


def _shown(text: str, form: str) -> str:
    if text.startswith("T:"):
        at = f"make_timestamp({text[2:]})"
        return at if form == "parquet" else f"strftime({at}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    if text.startswith("J:"):
        return f"({text[2:]})::JSON" if form == "json" else f"({text[2:]})::VARCHAR"
    if text.startswith("W:"):
        return f"(SELECT words.text FROM words WHERE words.number = {text[2:]})"
    return text


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")

"""`oracle sql`: a question to the history, answered by the running server, or, where none runs, by this process."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol

import attrs
import trio

from actors import Refused
from oracle.history.answers import Answers, Ask, clear
from oracle.history.still import open_still
from oracle.remote import Remote
from oracle.sdk.table import Table
from oracle.settings import Settings
from web.terminal import show_table

__all__ = ["Here", "Source", "There", "show_schema", "sql"]

ANSWER_S = 120.0  # it may wait for others
LARGE_BYTES = 257 * 1024 * 1024
SHOWN, MOST = 1_000, 1_000_000  # rows
LONGEST = 120  # characters of a value in a table


class Source(Protocol):
    """Who answers."""

    async def answer(self, ask: Ask) -> Table:
        """The rows. Raises Refused or RemoteFailed."""


@attrs.frozen
class There:
    """A running server."""

    remote: Remote

    async def answer(self, ask: Ask) -> Table:
        """See `Source`."""
        body = json.dumps({"sql": ask.sql, "parameters": ask.parameters, "limit": ask.limit}).encode()
        said = await self.remote.take("api/oracle/sql", body, timeout_s=ANSWER_S, limit_bytes=LARGE_BYTES)
        return Table.of_parquet(said.body, int(said.headers["x-rows"]), said.headers["x-truncated"] == "true")


@attrs.frozen
class Here:
    """This process, on a data folder that nobody has open; nothing is changed in it."""

    settings: Settings

    async def answer(self, ask: Ask) -> Table:
        """See `Source`. Raises Refused `locked`, `not_found` too."""
        history = self.settings.history
        with open_still(self.settings.data.folder, history.memory_limit_mb) as still:
            found = await Answers(still, deadline_s=history.query_deadline_s).file(ask, "parquet")
            with found.file:
                parquet = await trio.to_thread.run_sync(found.file.read)
        return Table.of_parquet(parquet, found.rows, found.truncated)


async def sql(source: Source, text: str, parameters: Sequence[str], *, form: str, limit: int | None, output: Path | None) -> None:
    """Ask, and write what comes. Raises Refused, also for a file that can't be written, and RemoteFailed."""
    table = await source.answer(Ask(text, list(parameters), limit or (SHOWN if form == "table" else MOST)))
    if output is not None:
        _save(table, form, output)
    elif form == "parquet":
        sys.stdout.buffer.write(table.parquet)
    else:
        _write(table, form, sys.stdout)
    more = "; there are more: say --limit, or ask for less" if table.truncated else ""
    if more or output or (form == "table" and sys.stdout.isatty()):
        print(f"oracle: {len(table)} rows{f' are in {output}' if output else ''}{more}", file=sys.stderr)


def show_schema(form: str) -> None:
    """The views and their columns."""
    views = clear()
    if form == "json":
        print(json.dumps({"views": views}))
        return
    for view in views:
        kept = f" Kept for history.keep_days.{view['kept_as']} days." if view["kept_as"] else ""
        print(f"\n{view['name']}: {view['about']}{kept}")
        show_table(("column", "type", "what"), [(one["name"], one["type"], one["about"]) for one in view["columns"]])


def _save(table: Table, form: str, path: Path) -> None:
    try:
        if form == "parquet":
            path.write_bytes(table.parquet)
            return
        with path.open("w", encoding="utf-8", newline="\n") as file:
            _write(table, form, file)
    except OSError as error:
        raise Refused(f"{path} can't be written: {error.strerror}", "failed") from error


def _write(table: Table, form: str, text: IO[str]) -> None:
    match form:
        case "json":
            text.write("[")
            for number, row in enumerate(table):
                text.write((",\n" if number else "") + json.dumps(_plain(row), default=str))
            text.write("]\n")
        case "csv":
            lines = csv.writer(text, lineterminator="\n")
            lines.writerow(table.columns)
            lines.writerows([_text(row[name]) for name in table.columns] for row in table)
        case _:
            numbers = [name for name in table.columns if any(_is_number(row[name]) for row in table.head())]
            rows = ([_cut(_text(row[name])) for name in table.columns] for row in table)
            show_table(table.columns, rows, right=numbers, file=text)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: _text(value) if isinstance(value, datetime) else value for name, value in row.items()}
    return {name: None if isinstance(value, float) and value != value else value for name, value in shown.items()}


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case bool():
            return str(value).lower()
    return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""How rows of one batch get into their tables: by month, and where a row takes the place of an older one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from oracle.history.columns import Columns
from oracle.history.database import Connection
from oracle.history.schema import Table, month_of

__all__ = ["by_month", "cut", "insert"]

# Of a run that was changed after its end, or whose commit was asked for again, only the newest row stays. The time of its
# creation finds the old one: it leaves out all blocks of rows but those of that time.
_REPLACE = "DELETE FROM {name} AS old USING batch AS fresh WHERE old.ts_us = fresh.ts_us AND old.id = fresh.id"
_NEWEST = " QUALIFY row_number() OVER (PARTITION BY id ORDER BY seq DESC) = 1"


def insert(connection: Connection, table: Table, name: str, columns: Columns, epoch: int) -> None:
    """Add the rows to the table `name`, in the caller's transaction."""
    taken = ["seq", "?", 'nullif("offset", -1)', *table.names[3:]]
    connection.register("batch", columns)  # in place of the last one; unregistering takes as long again
    if table.replaces:
        connection.execute(_REPLACE.format(name=name))
    newest = _NEWEST if table.replaces else ""
    connection.execute(f"INSERT INTO {name} SELECT {', '.join(taken)} FROM batch{newest}", [epoch])


def by_month(table: Table, rows: Sequence[Any]) -> Iterator[tuple[str, list[int] | None]]:
    """Each table's name with the lines that go there; None stands for all, the usual case."""
    if not table.monthly:
        yield table.kind, None
        return
    if (month := month_of(rows[0].time_us)) == month_of(rows[-1].time_us):
        yield f"{table.kind}_{month}", None
        return
    months = [month_of(row.time_us) for row in rows]
    for month in sorted(set(months)):
        yield f"{table.kind}_{month}", [i for i, m in enumerate(months) if m == month]


def cut(columns: Columns, lines: list[int]) -> Columns:
    """These lines of the columns."""
    return {name: values[lines] for name, values in columns.items()}

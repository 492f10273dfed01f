"""Stored messages as JSON text, made by the database: for another process, since the loop must not pay for their conversion.

A row is `[offset, publish time, [the fields of the message]]`; a piece of text is a JSON array of them, in the order of offsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import msgspec
import trio

from oracle.history.reader import Reader, RunSync
from oracle.history.schema import TABLES, WORD, Table
from oracle.history.store import Store
from oracle.patterns import Patterns

__all__ = ["Lines", "RunOf"]


@attrs.frozen
class RunOf:
    """One run of the process: its epoch, when it began, and where and when it ended: 2^62 for the present one."""

    epoch: str
    began_us: int
    last_offset: int
    ended_us: int


class Lines:
    """Reads beside the writer, each in a thread, within `deadline_s` seconds. Refused: `timeout`, `unavailable`."""

    def __init__(self, store: Store, run_sync: RunSync = trio.to_thread.run_sync, deadline_s: float = 30.0) -> None:
        self._store = store
        self._reader = Reader(store, run_sync, deadline_s)

    async def runs(self) -> list[RunOf]:
        """All runs, in order."""
        rows = await self._reader.read(
            lambda at: at.execute("SELECT epoch, started_us, prev_offset, prev_us FROM epochs ORDER BY started_us").fetchall()
        )
        ends = [(offset or 0, us or began) for _, began, offset, us in rows[1:]]
        ends.append((2**62, 2**62) if self._store.epoch else await self._end_of(rows[-1][0]) if rows else (0, 0))
        return [RunOf(row[0], row[1], *end) for row, end in zip(rows, ends, strict=False)]

    async def _end_of(self, epoch: str) -> tuple[int, int]:
        """The last stored offset of a run whose process is gone, and when that was published."""
        every = Patterns(["*"])
        last = await self._reader.read(lambda at: self._edge(at, "max", epoch, "", [], every) or 0)
        at_us = await self._reader.read(lambda at: self._edge(at, "max", epoch, "", [], every, "pub_us") or 0)
        return last, at_us

    async def piece(self, epoch: str, after: int, until: int, patterns: Patterns) -> list[tuple[str, str]]:
        """Of each kind of message that is wanted, those with `after` < offset <= `until`."""
        return await self._reader.read(lambda at: list(self._piece(at, epoch, after, until, patterns)))

    async def next_offset(self, epoch: str, after: int, patterns: Patterns) -> int | None:
        """The offset of the first wanted message after `after`; None where there is none."""
        return await self._reader.read(lambda at: self._edge(at, "min", epoch, 'AND "offset" > ?', [after], patterns))

    async def offset_before(self, epoch: str, at_us: int) -> int:
        """The offset of the last message that was published before an instant; 0 where there is none."""
        every = Patterns(["*"])
        return await self._reader.read(lambda at: self._edge(at, "max", epoch, "AND pub_us < ?", [at_us], every) or 0)

    async def ends(self, actor: str) -> list[tuple[str, int, int]]:
        """Where lives of an actor ended, in order: (epoch, offset, publish time)."""
        found: list[tuple[str, int, int]] = []
        for name in self._store.months("life"):
            sql = (
                f"SELECT w.text, \"offset\", pub_us FROM {name} AS t JOIN words AS w ON w.number = t.epoch "
                "WHERE name = ? AND what IN ('stopped', 'failed', 'crashed', 'lost') ORDER BY seq"
            )
            found += await self._reader.read(lambda at, sql=sql: at.execute(sql, [actor]).fetchall())
        return found

    # ---- in the thread

    def _piece(self, at: Any, epoch: str, after: int, until: int, patterns: Patterns) -> Iterator[tuple[str, str]]:
        for table, name, condition, parameters in self._sources(patterns):
            (text,) = at.execute(
                f"SELECT string_agg(json_array(\"offset\", pub_us, {_fields(table)}), ',' ORDER BY \"offset\") FROM {name} AS t "
                f'WHERE epoch = ? AND "offset" > ? AND "offset" <= ? AND {condition}',
                [self._store.words.number(epoch), after, until, *parameters],
            ).fetchone()
            if text:
                yield table.kind, f"[{text}]"

    def _edge(self, at: Any, which: str, epoch: str, where: str, bounds: list[int], patterns: Patterns,
              column: str = '"offset"') -> int | None:  # fmt: skip
        number = self._store.words.number(epoch)
        found = [
            at.execute(f'SELECT {which}({column}) FROM {name} WHERE epoch = ? {where} AND {condition}', [number, *bounds, *more])
            .fetchone()[0] for _, name, condition, more in self._sources(patterns)
        ]  # fmt: skip
        return (min if which == "min" else max)((one for one in found if one is not None), default=None)

    def _sources(self, patterns: Patterns) -> Iterator[tuple[Table, str, str, list[str]]]:
        for table in TABLES:
            condition = patterns.condition(table.kind, table.topic) if table.topic else None
            if condition is None:
                continue
            for name in self._store.months(table.kind) if table.monthly else [table.kind]:
                yield table, name, *condition


def _fields(table: Table) -> str:
    """The fields of a message in the order of its class, as SQL."""
    if not issubclass(table.message, msgspec.Struct):
        return f"json_array({', '.join(_field(c.name, c.type) for c in table.columns)})"
    types = {c.name: c.type for c in table.columns} | {"ts_us": "BIGINT"}
    return f"json_array({', '.join(_field(name, types[name]) for name in table.message.__struct_fields__)})"


def _field(name: str, type_: str) -> str:
    if type_ == WORD:
        return f"(SELECT text FROM words AS w WHERE w.number = t.\"{name}\")"
    return f'"{name}"::JSON' if name in ("bids", "asks", "data", "value", "metadata") else f'"{name}"'



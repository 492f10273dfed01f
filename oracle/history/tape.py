"""Everything that was stored, read again in the order it was published: across tables, months and runs of the process.

A place is an epoch (one run) and an offset on its bus. Runs form a chain: each knows the committed end of the one before.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import msgspec
import trio

from actors import DeadLetter, Lifecycle, Published
from oracle.history.bars import Upto
from oracle.history.reader import Reader, RunSync
from oracle.history.schema import TABLES, Table, stand_in
from oracle.history.store import Store
from oracle.model import Depth, Severity
from oracle.patterns import Patterns
from oracle.sources import is_pushed

__all__ = ["Bound", "Past", "Span", "Tape"]


# An older file begins with the mark of some roll, and what was before that is not known any more.
_ROLLED = "SELECT coalesce(max(until_seq) FILTER (until_seq < ?), min(until_seq), 0) FROM rolled"


@attrs.frozen
class Span:
    """The offsets `after` < offset <= `until` of an epoch."""

    epoch: str
    after: int
    until: int


@attrs.frozen
class Bound:
    """Up to the message at `offset` of an epoch; 0 is before all of it."""

    epoch: str
    offset: int


@attrs.frozen
class Past:
    """What is stored in some spans: how many messages, and whether those are all that were published."""

    count: int
    whole: bool


class Tape:
    """Reads beside the writer, each in a thread, within `deadline_s` seconds. Refused: `timeout`, `unavailable`."""

    def __init__(self, store: Store, run_sync: RunSync = trio.to_thread.run_sync, deadline_s: float = 10.0) -> None:
        self._store = store
        self._reader = Reader(store, run_sync, deadline_s)

    async def ends(self) -> dict[str, tuple[int, str]]:
        """Of each run that is over: its last committed offset, and the run after it."""
        sql = "SELECT prev_epoch, prev_offset, epoch FROM epochs WHERE prev_epoch IS NOT NULL"
        rows = await self._reader.read(lambda at: at.execute(sql).fetchall())
        return {epoch: (offset, following) for epoch, offset, following in rows}

    async def measure(self, spans: Sequence[Span], patterns: Patterns) -> Past:
        """How much of `patterns` is stored in the spans, without reading it."""
        return await self._reader.read(lambda at: self._measure(at, spans, patterns))

    async def page(self, span: Span, patterns: Patterns, limit: int) -> tuple[list[Published], bool]:
        """The first `limit` messages of a span, as they were published; and whether the span is free of holes."""
        return await self._reader.read(lambda at: self._page(at, span, patterns, limit))

    async def recent(self, patterns: Patterns, from_us: int, bound: Bound, most: int) -> list[Published]:
        """The newest `most` messages published at `from_us` or later and no later than `bound`, of all runs, in order."""
        return await self._reader.read(lambda at: self._recent(at, patterns, from_us, bound, most))

    async def means(
        self, names: Sequence[str], bucket_us: int, from_us: int, to_us: int, bound: Bound,
        least: float = -sys.float_info.max, most: float = sys.float_info.max,
    ) -> list[tuple[str, str, int, int, float]]:
        """Of the samples of these names published in that time, no later than `bound`, with values from `least` to `most`:
        (name, subject, begin of a bucket, number of values, their sum), in the order of time. Those that were pushed count only
        where no feed said any in that bucket."""
        return await self._reader.read(lambda at: self._means(at, names, bucket_us, from_us, to_us, bound, (least, most)))

    async def upto(self, bound: Bound) -> Upto:
        """What was stored up to `bound`."""
        return await self._reader.read(lambda at: self._upto(at, bound))

    async def ended_us_before(self, epoch: str) -> int:
        """When the last message of the run before was published; 0 where there was none."""
        if epoch == self._store.epoch:
            return self._store.before_us
        sql = "SELECT coalesce(max(prev_us), 0) FROM epochs WHERE epoch = ?"
        return await self._reader.read(lambda at: at.execute(sql, [epoch]).fetchone()[0])

    # ---- in the thread

    def _recent(self, at: Any, patterns: Patterns, from_us: int, bound: Bound, most: int) -> list[Published]:
        found: list[tuple[int, Published]] = []
        until, bounds = self._until(at, bound)
        for table in TABLES:
            condition = patterns.condition(table.kind, table.topic) if table.topic else None
            if condition is None:
                continue
            for name in self._store.months(table.kind) if table.monthly else [table.kind]:
                names = ["seq", '"offset"', "pub_us", "ts_us", *(f'"{c.name}"' for c in table.columns)]
                rows = at.execute(
                    f"SELECT {', '.join(names)} FROM {name} WHERE \"offset\" IS NOT NULL AND pub_us >= ? AND {until} AND "
                    f"{condition[0]} ORDER BY seq DESC LIMIT {most}", [from_us, *bounds, *condition[1]]
                ).fetchall()  # fmt: skip
                told = _published(table, [row[1:] for row in rows], self._store.words.text)
                found += zip([row[0] for row in rows], told, strict=True)
        found.sort(key=lambda one: one[0])
        return [published for _, published in found[-most:]]

    def _means(
        self, at: Any, names: Sequence[str], bucket_us: int, from_us: int, to_us: int, bound: Bound, within: tuple[float, float]
    ) -> list[tuple[str, str, int, int, float]]:
        until, bounds = self._until(at, bound)
        pushed = ", ".join(str(number) for number, text in enumerate(self._store.words.texts()) if is_pushed(text))
        found: list[tuple[str, str, int, int, float, bool]] = []
        for table in self._store.months("sample"):
            found += at.execute(
                f"SELECT name, subject, pub_us // {bucket_us} * {bucket_us} AS begun_us, count(*), sum(value), "
                f"{f'source IN ({pushed})' if pushed else 'FALSE'} AS pushed FROM {table} WHERE value BETWEEN ? AND ? AND "
                f"name IN ({', '.join('?' * len(names))}) AND pub_us >= ? AND pub_us < ? AND {until} GROUP BY ALL",
                [*within, *names, from_us, to_us, *bounds],
            ).fetchall()
        of_feeds = {one[:3] for one in found if not one[5]}
        counted = [one[:5] for one in found if not one[5] or one[:3] not in of_feeds]
        return sorted(counted, key=lambda one: (one[2], one[0], one[1]))

    def _upto(self, at: Any, bound: Bound) -> Upto:
        tables = [*self._store.months("trade"), *self._store.months("bar"), "event"]  # whoever begins says so by an event
        number = self._store.words.number(bound.epoch)
        later = _edge(at, "min", tables, 'epoch = ? AND "offset" > ?', [number, bound.offset])
        if later is None and bound.epoch != self._store.epoch:
            begun = at.execute("SELECT started_us FROM epochs WHERE epoch = ?", [bound.epoch]).fetchone()
            if begun:
                later = _edge(at, "min", tables, "epoch <> ? AND pub_us >= ?", [number, begun[0]])
        rolled = at.execute(_ROLLED, [later or 2**62]).fetchone()[0]
        if later is None:
            return Upto(rolled, max(rolled, _edge(at, "max", tables, "TRUE", []) or 0))
        return Upto(rolled, later - 1)

    def _until(self, at: Any, bound: Bound) -> tuple[str, list[int]]:
        """What holds for the rows up to a bound, those of earlier runs included."""
        number = self._store.words.number(bound.epoch)
        begun_us = self._begun_us(at, bound.epoch)
        return '(epoch = ? AND "offset" <= ? OR epoch <> ? AND pub_us < ?)', [number, bound.offset, number, begun_us]

    def _begun_us(self, at: Any, epoch: str) -> int:
        if epoch == self._store.epoch:
            return self._store.started_us
        found = at.execute("SELECT started_us FROM epochs WHERE epoch = ?", [epoch]).fetchone()
        return found[0] if found else 2**62

    def _measure(self, at: Any, spans: Sequence[Span], patterns: Patterns) -> Past:
        count = 0
        for span in spans:
            for _, source, where, parameters in self._sources(span, patterns):
                count += at.execute(f"SELECT count(*) FROM {source} WHERE {where}", parameters).fetchone()[0]
        return Past(count, all(self._whole(at, span, patterns) for span in spans))

    def _page(self, at: Any, span: Span, patterns: Patterns, limit: int) -> tuple[list[Published], bool]:
        found: list[Published] = []
        for table, source, where, parameters in self._sources(span, patterns):
            names = ['"offset"', "pub_us", "ts_us", *(f'"{c.name}"' for c in table.columns)]
            rows = at.execute(
                f'SELECT {", ".join(names)} FROM {source} WHERE {where} ORDER BY "offset" LIMIT {limit}', parameters
            ).fetchall()
            found += _published(table, rows, self._store.words.text)
        found.sort(key=lambda one: one.offset)
        return found[:limit], self._whole(at, span, patterns)

    def _sources(self, span: Span, patterns: Patterns) -> Iterator[tuple[Table, str, str, list[Any]]]:
        epoch = self._store.words.number(span.epoch)
        for table in TABLES:
            condition = patterns.condition(table.kind, table.topic) if table.topic else None
            if condition is None:
                continue
            for name in self._store.months(table.kind) if table.monthly else [table.kind]:
                where = f'epoch = ? AND "offset" > ? AND "offset" <= ? AND {condition[0]}'
                yield table, name, where, [epoch, span.after, span.until, *condition[1]]

    def _whole(self, at: Any, span: Span, patterns: Patterns) -> bool:
        kinds = patterns.kinds
        if span.epoch == self._store.epoch and self._store.holes.between(span.after, span.until, kinds):
            return False
        of_kind = "" if kinds is None else f" AND kind IN ('', {', '.join('?' * len(kinds))})"
        sql = f'SELECT 1 FROM holes WHERE epoch = ? AND "last" > ? AND "first" <= ?{of_kind} LIMIT 1'
        number = self._store.words.number(span.epoch)
        return at.execute(sql, [number, span.after, span.until, *(kinds or ())]).fetchone() is None


def _edge(at: Any, which: str, tables: Sequence[str], where: str, parameters: list[int]) -> int | None:
    """The first or the last place in the queue of the rows that fit."""
    found = [at.execute(f"SELECT {which}(seq) FROM {table} WHERE {where}", parameters).fetchone()[0] for table in tables]
    return (min if which == "min" else max)((one for one in found if one is not None), default=None)


def _published(table: Table, rows: Sequence[Any], text: Any) -> Iterator[Published]:
    words, columns = set(table.words), [column.name for column in table.columns]
    for offset, pub_us, ts_us, *values in rows:
        facts = dict(zip(columns, values, strict=True))
        for name in words.intersection(facts):
            facts[name] = text(facts[name])
        message = _message(table, ts_us, facts)
        yield Published(offset, pub_us, message.topic, message)


def _message(table: Table, ts_us: int, facts: dict[str, Any]) -> Any:
    """The message that was stored."""
    match table.kind:
        case "life":
            return Lifecycle(**facts)
        case "dead":
            return DeadLetter(facts["name"], facts["reason"], stand_in(facts["message"]))
        case "depth":
            for side in ("bids", "asks"):
                facts[side] = msgspec.json.decode(facts[side], type=tuple[tuple[float, float], ...])
            return Depth(ts_us=ts_us, **facts)
        case "event":
            facts["severity"] = Severity(facts["severity"])
            facts["data"] = msgspec.json.decode(facts["data"])
        case "state" if facts["value"] is not None:
            facts["value"] = msgspec.json.decode(facts["value"])
        case "message":
            facts["metadata"] = msgspec.json.decode(facts["metadata"])
        case "gap":
            return table.message(**facts)  # its time is that of its end
    return table.message(ts_us=ts_us, **facts)

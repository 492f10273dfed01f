"""The named questions to the history: what each gives, with units, and its SQL.

All lists come as `Page(items, next)`: `next` is an opaque cursor, None at the end. Times are UTC microseconds (`_us`),
prices are in the quote currency of the symbol, sizes and volumes in its base unit. Rows of streams carry `epoch`,
`offset` (both None-able: an obligation is stored before it has an offset) and `pub_us`, when the bus handed them out.
Refused codes: `invalid` (a bad argument), `timeout`, `unavailable`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import trio

from actors import Refused
from oracle.history import charts
from oracle.history.bars import Upto, bucket_of, interval_us
from oracle.history.firings import Firings, read_firings
from oracle.history.happened import Count, read_counts
from oracle.history.page import MAX_LIMIT, Filter, Page, checked_limit, decode_cursor, encode_cursor
from oracle.history.past_alerts import PastAlert, past_alerts
from oracle.history.reader import Reader, RunSync
from oracle.history.retention import DAY_US
from oracle.history.schema import KINDS, month_end_us
from oracle.history.store import Store

__all__ = ["Queries"]

TICKS = ("quote", "trade", "depth", "bar")
JSON_COLUMNS = frozenset({"bids", "asks", "data", "value", "payload", "metadata"})

Wanted = str | Iterable[str] | None

# Everything of one or more tables of a kind, one page of it. {source} is a table or a union of monthly ones.
ROWS = "SELECT {columns} FROM {source} WHERE {where} ORDER BY ts_us {order}, seq {order} LIMIT {limit}"

# An event that was committed before it was published is stored twice; the published row, which has the offset, counts.
EVENTS = (
    '(SELECT * FROM event WHERE "offset" IS NOT NULL OR id NOT IN (SELECT id FROM event WHERE "offset" IS NOT NULL '
    'AND id IN (SELECT id FROM event WHERE "offset" IS NULL)))'
)
# The same holds for attempts.
ATTEMPTS = '(SELECT * FROM attempt QUALIFY row_number() OVER (PARTITION BY delivery_id, number ORDER BY "offset") = 1)'
# Deliveries with what became of them, each once, however often it was stored.
DELIVERIES = (
    "(SELECT d.*, coalesce(a.outcome, 'pending') AS outcome, CASE WHEN a.outcome IN ('delivered', 'failed', 'cancelled') "
    "THEN a.outcome ELSE 'pending' END AS status, coalesce(a.number, 0) AS attempts, a.ts_us AS last_attempt_us, "
    "coalesce(a.error, '') AS last_error FROM (SELECT * FROM delivery QUALIFY row_number() OVER (PARTITION BY id ORDER BY seq) "
    "= 1) AS d LEFT JOIN (SELECT * FROM attempt QUALIFY row_number() OVER "
    "(PARTITION BY delivery_id ORDER BY number DESC, seq DESC) = 1) AS a ON a.delivery_id = d.id)"
)
SEVERITIES = f"SELECT severity, count(*) FROM {EVENTS} WHERE ts_us >= ? AND starts_with(source, ?) GROUP BY severity"


class Queries:
    """Reads beside the writer, each in a thread, within `deadline_s` seconds."""

    def __init__(self, store: Store, run_sync: RunSync = trio.to_thread.run_sync, deadline_s: float = 10.0) -> None:
        self._store = store
        self._reader = Reader(store, run_sync, deadline_s)

    async def ticks(
        self, kind: str, symbol: Wanted, from_us: int | None = None, to_us: int | None = None, limit: int = 500,
        cursor: str | None = None, newest_first: bool = False,
    ) -> Page:
        """Raw `quote`, `trade`, `depth` or venue `bar` rows as they came, by the source's time.

        Columns: those of the message, `bids`/`asks` as [[price, size], ...].
        """
        if kind not in TICKS:
            raise Refused(f"{kind!r} is none of {', '.join(TICKS)}", "invalid", {"kind": kind})
        wanted = Filter().one_of("symbol", symbol).between("ts_us", from_us, to_us)
        return await self._rows(kind, None, wanted, limit, cursor, newest_first, from_us)

    async def samples(
        self, name: Wanted = None, subject: Wanted = None, from_us: int | None = None, to_us: int | None = None,
        limit: int = 500, cursor: str | None = None, newest_first: bool = False,
    ) -> Page:
        """Samples: name, subject, value, unit, source."""
        wanted = Filter().one_of("name", name).one_of("subject", subject).between("ts_us", from_us, to_us)
        return await self._rows("sample", None, wanted, limit, cursor, newest_first, from_us)

    async def events(
        self, kind: Wanted = None, severity: Wanted = None, subject: Wanted = None, source: Wanted = None,
        from_us: int | None = None, to_us: int | None = None, limit: int = 100, cursor: str | None = None,
        newest_first: bool = True, cause: Wanted = None, source_prefix: str = "", id: Wanted = None,
    ) -> Page:
        """Events: id, kind, subject, source, severity, summary, data, cause; each once, however often it was stored."""
        wanted = Filter().one_of("kind", kind).one_of("severity", severity).one_of("subject", subject)
        wanted.one_of("source", source).one_of("cause", cause).one_of("id", id).between("ts_us", from_us, to_us)
        wanted.begins("source", source_prefix)
        return await self._rows("event", EVENTS, wanted, limit, cursor, newest_first)

    async def course(self, subject: str, source: str, from_us: int, limit: int = 1_000) -> list[dict[str, Any]]:
        """What happened to one subject as one source says, oldest first, since `from_us`: rows of `events`, each once. Cheaper
        than that, as what is stored twice is looked for among these alone."""
        wanted = Filter().one_of("subject", subject).one_of("source", source).between("ts_us", from_us, None)
        page = await self._rows("event", None, wanted, min(2 * limit, MAX_LIMIT), None, newest_first=False)
        return list({row["id"]: row for row in page.items}.values())[:limit]

    async def event_counts(self, from_us: int = 0, source_prefix: str = "") -> dict[str, int]:
        """How many events of each severity there were since `from_us`, of sources that begin so; severities never seen
        are left out."""
        return dict(await self._reader.read(lambda at: at.execute(SEVERITIES, [from_us, source_prefix]).fetchall()))

    async def counted(
        self, width_us: int, from_us: int | None = None, to_us: int | None = None, kind: Wanted = None, subject: Wanted = None,
        source: Wanted = None, source_prefix: str = "",
    ) -> list[Count]:
        """Events by source, severity and time, in buckets of `width_us`, the oldest first."""
        wanted = Filter().one_of("kind", kind).one_of("subject", subject).one_of("source", source)
        wanted.begins("source", source_prefix).between("ts_us", from_us, to_us)
        return await self._reader.read(lambda at: read_counts(at, wanted, width_us))

    async def gaps(
        self, who: Wanted = None, from_us: int | None = None, to_us: int | None = None, limit: int = 100,
        cursor: str | None = None, newest_first: bool = True,
    ) -> Page:
        """Gaps: who, from_us, to_us, reason."""
        wanted = Filter().one_of("who", who).between("ts_us", from_us, to_us)
        return await self._rows("gap", None, wanted, limit, cursor, newest_first)

    async def states(
        self, ref: Wanted = None, from_us: int | None = None, to_us: int | None = None, limit: int = 100,
        cursor: str | None = None, newest_first: bool = True,
    ) -> Page:
        """Changes of states in this run, and the newest of earlier runs: ref, version, value (None: gone)."""
        wanted = Filter().one_of("ref", ref).between("ts_us", from_us, to_us)
        return await self._rows("state", None, wanted, limit, cursor, newest_first)

    async def deliveries(
        self, rule_id: Wanted = None, status: Wanted = None, event_id: Wanted = None, from_us: int | None = None,
        to_us: int | None = None, limit: int = 100, cursor: str | None = None, newest_first: bool = True, id: Wanted = None,
        channel: Wanted = None, outcome: Wanted = None,
    ) -> Page:
        """Deliveries: id, rule_id, event_id, channel, payload, status (pending, delivered, failed, cancelled),
        outcome (of the last attempt, pending before the first), attempts (how many), last_attempt_us, last_error."""
        wanted = Filter().one_of("rule_id", rule_id).one_of("status", status).one_of("event_id", event_id)
        wanted.one_of("id", id).one_of("channel", channel).one_of("outcome", outcome).between("ts_us", from_us, to_us)
        more = ["outcome", "status", "attempts", "last_attempt_us", "last_error"]
        return await self._rows("delivery", DELIVERIES, wanted, limit, cursor, newest_first, more=more)

    async def attempts(
        self, delivery_id: Wanted = None, outcome: Wanted = None, from_us: int | None = None, to_us: int | None = None,
        limit: int = 100, cursor: str | None = None, newest_first: bool = False,
    ) -> Page:
        """Attempts: delivery_id, number (from 1), outcome, status (the far end's), error, duration_ms."""
        wanted = Filter().one_of("delivery_id", delivery_id).one_of("outcome", outcome).between("ts_us", from_us, to_us)
        return await self._rows("attempt", ATTEMPTS, wanted, limit, cursor, newest_first)

    async def firings(self, from_us: int, to_us: int, width_us: int) -> Firings:
        """How often rules fired in from_us <= time < to_us, and what became of it, also in buckets of `width_us`."""
        return await self._reader.read(lambda at: read_firings(at, from_us, to_us, width_us))

    async def past_alerts(
        self, rule_id: Wanted = None, severity: Wanted = None, text: str = "", from_us: int | None = None,
        to_us: int | None = None, limit: int = 100, cursor: str | None = None,
    ) -> tuple[list[PastAlert], str | None]:
        """Firings with what became of each, newest first, and the cursor of the rest; `text` is a piece of their words or of what
        people said to them, whatever the case."""
        wanted = Filter().one_of("subject", rule_id).one_of("severity", severity).between("ts_us", from_us, to_us)
        wanted.says("words", text).after(cursor, newest_first=True)
        return await self._reader.read(lambda at: past_alerts(at, wanted, checked_limit(limit)))

    async def bars(
        self, symbol: str, interval: str, from_us: int | None = None, to_us: int | None = None, limit: int = 500,
        cursor: str | None = None, newest_first: bool = False, source: str | None = None, upto: Upto | None = None,
    ) -> Page:
        """Bars of any interval (`30s`, `5m`, `1h`, `1d`, `1w`), the present unfinished one included.

        Columns: symbol, interval, ts_us (its start, from_us <= ts_us < to_us), open, high, low, close, volume, trades
        (0 where the source does not say), source, origin. A bar is of one source, a feed's before a pushed one; of that the
        one of most minutes, each a venue's own before a filled-in one before one made of trades. `upto`: as it was then.
        Weeks begin on Monday, days at 00:00 UTC.
        """
        ask = charts.Ask(symbol, interval, interval_us(interval), from_us, to_us, checked_limit(limit) + 1, newest_first, source)
        if cursor is not None:
            ask = ask.beyond(decode_cursor(cursor, 1)[0])
        tables = charts.Tables(self._months("trade", ask.from_us), self._months("bar", ask.from_us), upto)
        items = await self._reader.read(lambda at: charts.bars(at, ask, tables, self._store.words))
        return Page(items[:limit], encode_cursor(items[limit - 1]["ts_us"]) if len(items) > limit else None)

    async def bar_symbols(self, upto: Upto | None = None) -> list[str]:
        """Every symbol that has bars, or had them then, in the order of the alphabet."""
        tables = charts.Tables(self._months("trade", None), self._months("bar", None), upto)
        return await self._reader.read(lambda at: charts.symbols(at, tables))

    async def first_day_us(self, symbols: Sequence[str]) -> int | None:
        """When the first daily bar of any of these symbols begins; None where there is none. Quicker than asking for bars."""
        tables = charts.Tables(self._months("trade", None), self._months("bar", None), None)
        found = await self._reader.read(lambda at: charts.first_us(at, symbols, tables))
        return None if found is None else bucket_of(found, DAY_US)

    # ---- private

    def _months(self, kind: str, from_us: int | None) -> list[str]:
        """Monthly tables that can hold rows from `from_us` on: nothing is published a day before it happened."""
        names = self._store.months(kind)
        return [n for n in names if from_us is None or month_end_us(n[-6:]) > from_us - DAY_US]

    async def _rows(
        self, kind: str, source: str | None, wanted: Filter, limit: int, cursor: str | None, newest_first: bool,
        from_us: int | None = None, more: Iterable[str] = (),
    ) -> Page:
        table = KINDS[kind]
        names = self._months(kind, from_us) if table.monthly else [source or kind]
        if table.monthly and not names:
            return Page([], None)
        wanted.after(cursor, newest_first)
        sql = ROWS.format(
            columns=", ".join([*table.names, *more]),
            source=names[0] if len(names) == 1 else f"({' UNION ALL '.join(f'SELECT * FROM {n}' for n in names)})",
            where=wanted.sql, order="DESC" if newest_first else "ASC", limit=checked_limit(limit) + 1,
        )
        items = await self._reader.read(lambda at: _fetch(at, sql, wanted.parameters))
        last = items[limit - 1] if len(items) > limit else None
        following = encode_cursor(last["ts_us"], last["seq"]) if last else None
        for item in items:
            del item["seq"]
            for name in table.words:
                item[name] = self._store.words.text(item[name])
        return Page(items[:limit], following)


def _fetch(at: Any, sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
    """All rows as dictionaries, JSON columns decoded."""
    found = at.execute(sql, parameters)
    names = [column[0] for column in found.description]
    items = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    for name in JSON_COLUMNS.intersection(names):
        for item in items:
            if isinstance(item[name], str):
                item[name] = msgspec.json.decode(item[name])
    return items

"""Bars of any interval, from the stored ones, and the trades and bars of venues that are not yet among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from oracle.history.bars import (
    MINUTE_US,
    ORIGINS,
    PUSHED,
    TRADES,
    VENUE,
    Upto,
    bucket,
    bucket_of,
    parts_of_trades,
    rolled_until,
)  # fmt: skip
from oracle.history.page import Filter
from oracle.history.retention import DAY_US
from oracle.history.words import Words
from oracle.sources import is_pushed

__all__ = ["Ask", "Tables", "bars", "first_us", "symbols"]

COLUMNS = ("ts_us", "open", "high", "low", "close", "volume", "trades", "source", "origin")

# Parts of a bar add up in the order of seq.
WHOLE = (
    "SELECT ts_us, interval_s, origin, source, arg_min(open, seq) AS open, max(high) AS high, min(low) AS low, "
    "arg_max(close, seq) AS close, sum(volume) AS volume, sum(trades)::BIGINT AS trades FROM ({parts}) "
    "GROUP BY ts_us, interval_s, origin, source"
)
# One bar of each source for each instant: days of their own before days made of minutes, then the best origin.
SOURCED = (
    "SELECT * FROM ({whole}) QUALIFY row_number() OVER (PARTITION BY ts_us, source ORDER BY interval_s DESC, origin) = 1"
)
# Wider bars of narrower ones of the same source, in the order of time; `minutes` says of how many.
WIDER = (
    "SELECT {bucket} AS bucket_us, source, min(origin) AS origin, arg_min(open, ts_us) AS open, max(high) AS high, "
    "min(low) AS low, arg_max(close, ts_us) AS close, sum(volume) AS volume, sum(trades)::BIGINT AS trades, "
    "sum(minutes)::BIGINT AS minutes FROM ({narrow}) GROUP BY bucket_us, source"
)
# One bar for each instant, all of one source: of a feed, of the most minutes, of the best origin, of the older source.
BEST = (
    "SELECT * FROM ({sourced}) QUALIFY row_number() OVER (PARTITION BY ts_us "
    f"ORDER BY origin >= {PUSHED}, minutes DESC, origin, source) = 1"
)
DAY_MINUTES = 1441  # of a day that was stored as one: more than any that was made of minutes
STORED = "SELECT ts_us, interval_s, origin, source, open, high, low, close, volume, trades, seq FROM bars WHERE {where}"
# Bars of venues that are not yet stored among the others; the last word counts.
SAID = (
    f"SELECT ts_us, {{seconds}}, {VENUE}, source, arg_max(open, seq), arg_max(high, seq), arg_max(low, seq), "
    "arg_max(close, seq), arg_max(volume, seq), arg_max(trades, seq), max(seq) FROM ({tables}) AS n WHERE closed AND "
    f"{{where}} AND NOT EXISTS (SELECT 1 FROM bars AS b WHERE b.origin = {VENUE} AND b.symbol = n.symbol "
    "AND b.ts_us = n.ts_us AND b.source = n.source AND b.interval_s = {seconds}{stored}) GROUP BY ts_us, source"
)


@attrs.frozen
class Ask:
    """Which bars: `from_us <= start < to_us`, `width_us` (`interval`) wide, at most `limit`."""

    symbol: str
    interval: str
    width_us: int
    from_us: int | None
    to_us: int | None
    limit: int
    newest_first: bool
    source: str | None = None

    def beyond(self, ts_us: int) -> Ask:
        """The rest after the bar that starts at `ts_us`."""
        if self.newest_first:
            return attrs.evolve(self, to_us=ts_us)
        return attrs.evolve(self, from_us=ts_us + self.width_us)

    def filter(self, words: Words) -> Filter:
        """What a bar or trade must be to belong to one of these buckets."""
        from_us, to_us = (None if t is None else self._ceil(t) for t in (self.from_us, self.to_us))
        wanted = Filter().one_of("symbol", self.symbol).between("ts_us", from_us, to_us)
        return wanted if self.source is None else wanted.equal("source", words.number(self.source))

    def _ceil(self, ts_us: int) -> int:
        start = bucket_of(ts_us, self.width_us)
        return start if start == ts_us else start + self.width_us


@attrs.frozen
class Tables:
    """The monthly tables of trades and of bars of venues, and what of all that was stored counts: None for all."""

    trades: Sequence[str]
    said: Sequence[str]
    upto: Upto | None = None

    def stored(self) -> str:
        """What holds for rows of `bars`."""
        return "" if self.upto is None else f" AND seq <= {self.upto.rolled}"

    def new(self, at: Any) -> str:
        """What holds for rows that are not in `bars`."""
        if self.upto is None:
            return f"seq > {rolled_until(at)}"
        return f"seq > {self.upto.rolled} AND seq <= {self.upto.seq}"


def bars(at: Any, ask: Ask, tables: Tables, words: Words) -> list[dict[str, Any]]:
    """Bars as dictionaries, in the order asked for."""
    texts = words.texts()
    pushed = ", ".join(str(number) for number, text in enumerate(texts) if is_pushed(text))
    later = f"CASE WHEN source IN ({pushed}) THEN {PUSHED} ELSE 0 END" if pushed else "0"
    found, parameters = _select(at, ask, tables, words, later)
    order = "DESC" if ask.newest_first else "ASC"
    limit = ask.limit
    while True:
        rows = at.execute(
            f"SELECT {', '.join(COLUMNS)} FROM ({found}) ORDER BY ts_us {order}, origin, source LIMIT {limit}", parameters
        )
        arrays = rows.fetchnumpy()
        items = _items(ask, texts, [arrays[name].tolist() for name in COLUMNS])
        if len(items) >= ask.limit or len(arrays["ts_us"]) < limit:
            return items[: ask.limit]
        limit *= 2  # minutes with several origins took more than one row each


def symbols(at: Any, tables: Tables) -> list[str]:
    """Those with stored bars, or with trades or bars that are not yet among them."""
    found = at.execute(f"SELECT DISTINCT symbol FROM ({_all(at, tables)}) ORDER BY symbol")
    return [symbol for (symbol,) in found.fetchall()]


def first_us(at: Any, of: Sequence[str], tables: Tables) -> int | None:
    """When the first of all that bars of these symbols are made of was."""
    named = ", ".join("?" * len(of)) or "NULL"
    (found,) = at.execute(f"SELECT min(ts_us) FROM ({_all(at, tables)}) WHERE symbol IN ({named})", list(of)).fetchone()
    return None if found is None else int(found)


def _all(at: Any, tables: Tables) -> str:
    """What bars are made of: the stored ones, and the trades and bars that are not yet among them."""
    new = tables.new(at)
    parts = [f"SELECT symbol, ts_us FROM bars WHERE TRUE{tables.stored()}"]
    parts += [f"SELECT symbol, ts_us FROM {month} WHERE {new}" for month in tables.trades]
    parts += [f"SELECT symbol, ts_us FROM {month} WHERE closed AND interval IN ('1m', '1d') AND {new}" for month in tables.said]
    return " UNION ALL ".join(parts)


def _select(at: Any, ask: Ask, tables: Tables, words: Words, later: str) -> tuple[str, list[Any]]:
    """`later` is the SQL that is added to the origin of a source."""
    wanted = ask.filter(words)
    if ask.width_us % MINUTE_US:
        return _of_trades(ask.width_us, wanted, tables.trades, later)
    minutes, parameters = _of_parts(at, wanted, tables, 60, later)
    if ask.width_us == MINUTE_US:
        return minutes, parameters  # `_items` chooses, at a third of what the window of BEST costs
    found = f"SELECT *, 1 AS minutes FROM ({SOURCED.format(whole=minutes)})"
    if ask.width_us % DAY_US == 0:
        found, more = _of_days(at, found, wanted, tables, later)
        parameters = [*parameters, *more]
    if ask.width_us != DAY_US:
        found = _wider(ask.width_us, found)
    return BEST.format(sourced=found), parameters


def _wider(width_us: int, narrow: str) -> str:
    wider = WIDER.format(bucket=bucket("ts_us", width_us), narrow=narrow)
    return f"SELECT bucket_us AS ts_us, * EXCLUDE bucket_us FROM ({wider})"


def _items(ask: Ask, texts: Sequence[str], columns: list[list[Any]]) -> list[dict[str, Any]]:
    """The first row of each instant, as the best origin comes first."""
    symbol, interval, before = ask.symbol, ask.interval, None
    items = []
    # whole columns become lists at half the cost of rows becoming tuples
    for ts_us, open_, high, low, close, volume, trades, source, origin in zip(*columns, strict=True):
        if ts_us != before:
            before = ts_us
            items.append({
                "symbol": symbol, "interval": interval, "ts_us": ts_us, "open": open_, "high": high, "low": low,
                "close": close, "volume": volume, "trades": trades, "source": texts[source], "origin": ORIGINS[origin],
            })
    return items


def _of_trades(width_us: int, wanted: Filter, months: Sequence[str], later: str) -> tuple[str, list[Any]]:
    """Intervals that minutes don't add up to: straight from the trades, as far back as they are kept."""
    if not months:
        return STORED.format(where="FALSE"), []
    parts = parts_of_trades(months, wanted.sql, width_us)
    whole = WHOLE.format(parts=f"SELECT *, 0 AS interval_s, {TRADES} + {later} AS origin FROM ({parts})")
    return BEST.format(sourced=f"SELECT *, 1 AS minutes FROM ({whole})"), wanted.parameters * len(months)


def _of_parts(at: Any, wanted: Filter, tables: Tables, seconds: int, later: str) -> tuple[str, list[Any]]:
    """The stored minutes (60 seconds) or days, and those that are not yet stored."""
    parts, parameters = [STORED.format(where=f"{wanted.sql} AND interval_s = {seconds}{tables.stored()}")], wanted.parameters
    where = f"{wanted.sql} AND {tables.new(at)}"
    if tables.trades and seconds == 60:
        new = parts_of_trades(tables.trades, where)
        parts.append(f"SELECT ts_us, 60, {TRADES}, source, open, high, low, close, volume, trades, seq FROM ({new})")
        parameters = parameters + wanted.parameters * len(tables.trades)
    if tables.said:
        union = " UNION ALL ".join(f"SELECT * FROM {month}" for month in tables.said)
        of_width = f"interval = '{'1m' if seconds == 60 else '1d'}' AND {where}"
        parts.append(SAID.format(tables=union, seconds=seconds, where=of_width, stored=tables.stored().replace("seq", "b.seq")))
        parameters = parameters + wanted.parameters
    every = " UNION ALL ".join(parts)
    return WHOLE.format(parts=f"SELECT * REPLACE (origin + {later} AS origin) FROM ({every})"), parameters


def _of_days(at: Any, minutes: str, wanted: Filter, tables: Tables, later: str) -> tuple[str, list[Any]]:
    """Days made of minutes, and days that were stored as days, which win."""
    stored, parameters = _of_parts(at, wanted, tables, 86_400, later)
    columns = "ts_us, origin, source, open, high, low, close, volume, trades"
    both = (
        f"SELECT {columns}, 60 AS interval_s, minutes FROM ({_wider(DAY_US, minutes)}) UNION ALL "
        f"SELECT {columns}, interval_s, {DAY_MINUTES} FROM ({stored})"
    )
    return SOURCED.format(whole=both), parameters

"""Bars: made of trades once a minute, taken from venues as they close, or filled in for the past.

A roll turns the trades since the last roll into at most one part per symbol, source and minute. Parts of a minute add up
in the order of `seq`, so a late trade or a roll in mid-minute costs a row, never a wrong bar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from actors import Refused
from oracle.history.columns import Numbers, bar_columns

__all__ = [
    "INTERVAL", "MINUTE_US", "ORIGINS", "PUSHED", "TRADES", "VENUE", "Upto", "backfill", "bucket", "bucket_of", "interval_us",
    "parts_of_trades", "roll", "rolled_until", "tidy",
]  # fmt: skip

MINUTE_US = 60_000_000
# In the order of preference; a row holds the place in this list. What was pushed comes after all that feeds say: when it is
# read, PUSHED is added to the origin it was stored with.
ORIGINS = ("venue", "backfill", "trades", "pushed", "pushed", "trades")
VENUE, BACKFILL, TRADES, PUSHED = range(4)
LONGEST_US = 366 * 86_400_000_000
CHUNK = 100_000  # rows of a backfill converted at once

_UNITS_US = {"s": 1_000_000, "m": MINUTE_US, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}
_MONDAY_US = 4 * 86_400_000_000  # 1970-01-05: weeks begin on Monday
# The rolls next to where a watchdog began, whose event says what was stored then (`oracle.watchdogs.actor`).
_BEGUN = (
    "SELECT DISTINCT TRY_CAST(json_extract_string(data, '$.stored') AS BIGINT) AS stored FROM event "
    "WHERE kind = 'watchdog_began'"
)
_EDGES = (
    f"SELECT until_seq AS edge FROM ({_BEGUN}) AS a ASOF JOIN rolled ON a.stored >= rolled.until_seq UNION "
    f"SELECT until_seq FROM ({_BEGUN}) AS a ASOF JOIN rolled ON a.stored <= rolled.until_seq"
)
_KEPT = "CASE interval WHEN '1m' THEN 60 WHEN '1d' THEN 86400 END"


@attrs.frozen
class Upto:
    """What was stored at some time: the rows up to `seq`. Those up to `rolled`, and no later ones, were in `bars`."""

    rolled: int
    seq: int


INTERVAL = {"format": "interval", "examples": ["30s", "5m", "1h", "1d", "1w"]}
"""The shape of what `interval_us` takes."""


def interval_us(text: str) -> int:
    """`30s`, `5m`, `1h`, `1d`, `1w` in microseconds. Raises Refused (`invalid`)."""
    match = re.fullmatch(r"([1-9]\d{0,5})([smhdw])", text)
    width = int(match[1]) * _UNITS_US[match[2]] if match else 0
    if not 0 < width <= LONGEST_US:
        raise Refused(
            f"interval {text!r} is not a number of seconds, minutes, hours, days or weeks such as 30s, 5m, 1h, 1d, 1w",
            "invalid", {"interval": text},
        )
    return width


def bucket(column: str, width_us: int) -> str:
    """SQL: the start of the `width_us` bucket in which `column` lies; whole weeks begin on Monday."""
    return f"{column} - ({column} - {_origin_us(width_us)}) % {width_us}"


def bucket_of(ts_us: int, width_us: int) -> int:
    """The same for a number."""
    return ts_us - (ts_us - _origin_us(width_us)) % width_us


def parts_of_trades(tables: Sequence[str], where: str, width_us: int = MINUTE_US) -> str:
    """SQL: symbol, ts_us, open, high, low, close, volume, trades, source, seq of the trades that fit `where`."""
    union = " UNION ALL ".join(
        f"SELECT symbol, {bucket('ts_us', width_us)} AS at_us, price, size, source, seq FROM {t} WHERE {where}" for t in tables
    )
    return (
        "SELECT symbol, at_us AS ts_us, arg_min(price, seq) AS open, max(price) AS high, min(price) AS low, "
        "arg_max(price, seq) AS close, sum(size) AS volume, count(*) AS trades, source, min(seq) AS seq "
        f"FROM ({union}) GROUP BY symbol, at_us, source"
    )


def rolled_until(connection: Any) -> int:
    """All trades and venue bars up to this seq are in `bars`."""
    return int(connection.execute("SELECT coalesce(max(until_seq), 0) FROM rolled").fetchall()[0][0])


def roll(connection: Any, trades: Sequence[str], venue: Sequence[str], until_seq: int) -> None:
    """Bring `bars` up to `until_seq`, from the given monthly tables; inside the caller's transaction."""
    since = rolled_until(connection)
    if since >= until_seq:
        return
    new = f"seq > {since} AND seq <= {until_seq}"
    if trades:
        connection.execute(
            f"INSERT INTO bars SELECT symbol, 60, ts_us, open, high, low, close, volume, trades, {TRADES}, source, seq "
            f"FROM ({parts_of_trades(trades, new)}) ORDER BY symbol, ts_us"
        )
    for name in venue:
        # a venue says a closed bar again after a reconnect; the last word counts, and only once
        connection.execute(
            f"INSERT INTO bars SELECT symbol, {_KEPT} AS interval_s, ts_us, arg_max(open, seq), arg_max(high, seq), "
            f"arg_max(low, seq), arg_max(close, seq), arg_max(volume, seq), arg_max(trades, seq), {VENUE}, source, max(seq) "
            f"FROM {name} AS n WHERE closed AND interval IN ('1m', '1d') AND {new} AND NOT EXISTS (SELECT 1 FROM bars AS b "
            f"WHERE b.origin = {VENUE} AND b.symbol = n.symbol AND b.ts_us = n.ts_us AND b.source = n.source "
            f"AND b.interval_s = {_KEPT.replace('interval', 'n.interval')}) GROUP BY symbol, interval, ts_us, source"
        )
    if not since:
        connection.execute("INSERT INTO rolled VALUES (0)")  # the marks are all there, from the begin on
    connection.execute("INSERT INTO rolled VALUES (?)", [until_seq])


def tidy(connection: Any, until_us: int) -> None:
    """Add up the parts of whole minutes before `until_us` and lay them by symbol; inside the caller's transaction.

    Minutes come in the order of time, so that a symbol's are spread over the whole table; together they are read at a
    fraction of the cost. Parts between which a watchdog began stay apart: a replay must find the first without the second.
    """
    of_trades = f"origin = {TRADES} AND ts_us < {until_us}"
    since_us = connection.execute(
        f"SELECT coalesce((SELECT max(until_us) FROM tidied), (SELECT min(ts_us) FROM bars WHERE {of_trades}))"
    ).fetchone()[0]
    if since_us is None or since_us >= until_us:
        return
    of_trades += f" AND ts_us >= {since_us}"
    connection.execute(
        "CREATE TEMP TABLE tidy AS SELECT symbol, interval_s, ts_us, arg_min(open, seq) AS open, max(high) AS high, "
        "min(low) AS low, arg_max(close, seq) AS close, sum(volume) AS volume, sum(trades)::BIGINT AS trades, origin, source, "
        f"min(seq) AS seq FROM (SELECT * FROM bars WHERE {of_trades}) AS b ASOF LEFT JOIN ({_EDGES}) AS e ON b.seq > e.edge "
        "GROUP BY symbol, interval_s, ts_us, origin, source, edge"
    )
    connection.execute(f"DELETE FROM bars WHERE {of_trades}")
    connection.execute("INSERT INTO bars SELECT * FROM tidy ORDER BY symbol, ts_us")
    connection.execute("DROP TABLE tidy")
    connection.execute("INSERT INTO tidied VALUES (?)", [until_us])


def backfill(connection: Any, given: Mapping[str, Any], numbers: Numbers) -> int:
    """Add the bars that are not there yet; how many were new; inside the caller's transaction. Raises Unfit."""
    columns = bar_columns(given, numbers)
    added, seq = 0, rolled_until(connection)  # whoever began before did not know them
    for start in range(0, len(columns["ts_us"]), CHUNK):
        connection.register("past", {name: values[start : start + CHUNK] for name, values in columns.items()})
        added += connection.execute(
            f"INSERT INTO bars SELECT symbol, {_KEPT}, ts_us, open, high, low, close, volume, trades, {BACKFILL}, source, {seq} "
            "FROM (SELECT DISTINCT ON (symbol, interval, ts_us, source) * FROM past WHERE interval IN ('1m', '1d')) AS p "
            f"WHERE NOT EXISTS (SELECT 1 FROM bars AS b WHERE b.origin = {BACKFILL} AND b.symbol = p.symbol "
            f"AND b.ts_us = p.ts_us AND b.source = p.source AND b.interval_s = {_KEPT.replace('interval', 'p.interval')}) "
            "ORDER BY symbol, 2, ts_us"
        ).fetchone()[0]
        connection.unregister("past")
    return added


def _origin_us(width_us: int) -> int:
    return _MONDAY_US if width_us % _UNITS_US["w"] == 0 else 0

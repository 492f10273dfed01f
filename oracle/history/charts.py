"""Bars of any interval, from the stored ones and the trades that are not yet in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from oracle.history.bars import MINUTE_US, ORIGINS, TRADES, bucket, bucket_of, parts_of_trades, rolled_until
from oracle.history.page import Filter
from oracle.history.retention import DAY_US
from oracle.history.words import Words

__all__ = ["Ask", "bars", "symbols"]

COLUMNS = ("ts_us", "open", "high", "low", "close", "volume", "trades", "source", "origin")

# Parts of a bar add up in the order of seq.
WHOLE = (
    "SELECT ts_us, interval_s, origin, source, arg_min(open, seq) AS open, max(high) AS high, min(low) AS low, "
    "arg_max(close, seq) AS close, sum(volume) AS volume, sum(trades)::BIGINT AS trades FROM ({parts}) "
    "GROUP BY ts_us, interval_s, origin, source"
)
# One bar for each instant: days of their own before days made of minutes, then the best origin, then the older source.
BEST = "SELECT * FROM ({whole}) QUALIFY row_number() OVER (PARTITION BY ts_us ORDER BY interval_s DESC, origin, source) = 1"
# Wider bars of narrower ones, in the order of time.
WIDER = (
    "SELECT bucket_us AS ts_us, * EXCLUDE bucket_us FROM (SELECT {bucket} AS bucket_us, arg_min(open, ts_us) AS open, "
    "max(high) AS high, min(low) AS low, arg_max(close, ts_us) AS close, sum(volume) AS volume, "
    "sum(trades)::BIGINT AS trades, arg_max(source, ts_us) AS source, arg_max(origin, ts_us) AS origin "
    "FROM ({narrow}) GROUP BY bucket_us)"
)
STORED = "SELECT ts_us, interval_s, origin, source, open, high, low, close, volume, trades, seq FROM bars WHERE {where}"


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


def bars(at: Any, ask: Ask, months: Sequence[str], words: Words) -> list[dict[str, Any]]:
    """Bars as dictionaries, in the order asked for; `months` are the monthly tables of trades."""
    found, parameters = _select(at, ask, months, words)
    order = "DESC" if ask.newest_first else "ASC"
    limit = ask.limit
    while True:
        rows = at.execute(
            f"SELECT {', '.join(COLUMNS)} FROM ({found}) ORDER BY ts_us {order}, origin, source LIMIT {limit}", parameters
        )
        arrays = rows.fetchnumpy()
        items = _items(ask, words.texts(), [arrays[name].tolist() for name in COLUMNS])
        if len(items) >= ask.limit or len(arrays["ts_us"]) < limit:
            return items[: ask.limit]
        limit *= 2  # minutes with several origins took more than one row each


def symbols(at: Any, months: Sequence[str]) -> list[str]:
    """Those with stored bars, or with trades that are not yet in them."""
    rolled = rolled_until(at)
    new = (f"SELECT symbol FROM {month} WHERE seq > {rolled}" for month in months)
    found = at.execute(f"SELECT DISTINCT symbol FROM ({' UNION ALL '.join(['SELECT symbol FROM bars', *new])}) ORDER BY symbol")
    return [symbol for (symbol,) in found.fetchall()]


def _select(at: Any, ask: Ask, months: Sequence[str], words: Words) -> tuple[str, list[Any]]:
    wanted = ask.filter(words)
    if ask.width_us % MINUTE_US:
        return _of_trades(ask.width_us, wanted, months)
    minutes, parameters = _of_minutes(wanted, months, rolled_until(at))
    if ask.width_us == MINUTE_US:
        return minutes, parameters  # `_items` chooses, at a third of what the window of BEST costs
    found = BEST.format(whole=minutes)
    if ask.width_us % DAY_US == 0:
        found, parameters = _of_days(found, wanted), [*parameters, *wanted.parameters]
    if ask.width_us != DAY_US:
        found = WIDER.format(bucket=bucket("ts_us", ask.width_us), narrow=found)
    return found, parameters


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


def _of_trades(width_us: int, wanted: Filter, months: Sequence[str]) -> tuple[str, list[Any]]:
    """Intervals that minutes don't add up to: straight from the trades, as far back as they are kept."""
    if not months:
        return STORED.format(where="FALSE"), []
    parts = parts_of_trades(months, wanted.sql, width_us)
    whole = WHOLE.format(parts=f"SELECT *, 0 AS interval_s, {TRADES} AS origin FROM ({parts})")
    return BEST.format(whole=whole), wanted.parameters * len(months)


def _of_minutes(wanted: Filter, months: Sequence[str], rolled: int) -> tuple[str, list[Any]]:
    """The stored minutes, and those of the trades that are not yet stored."""
    parts = STORED.format(where=f"{wanted.sql} AND interval_s = 60")
    if months:
        new = parts_of_trades(months, f"{wanted.sql} AND seq > {rolled}")
        parts += f" UNION ALL SELECT ts_us, 60, {TRADES}, source, open, high, low, close, volume, trades, seq FROM ({new})"
    return WHOLE.format(parts=parts), wanted.parameters * (1 + len(months))


def _of_days(minutes: str, wanted: Filter) -> str:
    """Days made of minutes, and days that were stored as days, which win."""
    made = WIDER.format(bucket=bucket("ts_us", DAY_US), narrow=minutes)
    stored = STORED.format(where=f"{wanted.sql} AND interval_s = 86400")
    columns = "ts_us, origin, source, open, high, low, close, volume, trades"
    both = f"SELECT {columns}, 60 AS interval_s FROM ({made}) UNION ALL SELECT {columns}, interval_s FROM ({stored})"
    return BEST.format(whole=both)

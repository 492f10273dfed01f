"""Bars of any interval, from the stored ones and the trades that are not yet in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from oracle.history.bars import MINUTE_US, bucket, bucket_of, parts_of_trades, rolled_until
from oracle.history.page import Filter
from oracle.history.retention import DAY_US

__all__ = ["Ask", "bars"]

# whole bars of a venue first, then filled-in ones, then what our own trades make; days of their own before days of minutes
_RANK = "CASE origin WHEN 'venue' THEN 0 WHEN 'backfill' THEN 1 ELSE 2 END"

# Parts of a bar add up in the order of seq.
WHOLE = (
    "SELECT ts_us, interval_s, origin, source, arg_min(open, seq) AS open, max(high) AS high, min(low) AS low, "
    "arg_max(close, seq) AS close, sum(volume) AS volume, sum(trades) AS trades FROM ({parts}) "
    "GROUP BY ts_us, interval_s, origin, source"
)
# One bar for each instant: the best origin, then the first source by name.
BEST = (
    "SELECT * FROM ({whole}) QUALIFY row_number() OVER (PARTITION BY ts_us ORDER BY interval_s DESC, {rank}, source) = 1"
)
# Wider bars of narrower ones, in the order of time.
WIDER = (
    "SELECT {bucket} AS at_us, arg_min(open, ts_us) AS open, max(high) AS high, min(low) AS low, "
    "arg_max(close, ts_us) AS close, sum(volume) AS volume, sum(trades)::BIGINT AS trades, "
    "arg_max(source, ts_us) AS source, arg_max(origin, ts_us) AS origin FROM ({narrow}) GROUP BY at_us"
)
STORED = (
    "SELECT ts_us, interval_s, origin, source, open, high, low, close, volume, trades, seq FROM bars WHERE {where}"
)


@attrs.frozen
class Ask:
    """Which bars: `from_us <= start < to_us`, `width_us` wide, at most `limit`."""

    symbol: str
    width_us: int
    from_us: int | None
    to_us: int | None
    limit: int
    newest_first: bool
    source: str | Iterable[str] | None = None

    def beyond(self, ts_us: int) -> Ask:
        """The rest after the bar that starts at `ts_us`."""
        if self.newest_first:
            return attrs.evolve(self, to_us=ts_us)
        return attrs.evolve(self, from_us=ts_us + self.width_us)

    def filter(self) -> Filter:
        """What a bar or trade must be to belong to one of these buckets."""
        from_us, to_us = (None if t is None else self._ceil(t) for t in (self.from_us, self.to_us))
        return Filter().one_of("symbol", self.symbol).one_of("source", self.source).between("ts_us", from_us, to_us)

    def _ceil(self, ts_us: int) -> int:
        start = bucket_of(ts_us, self.width_us)
        return start if start == ts_us else start + self.width_us


def bars(at: Any, ask: Ask, months: Sequence[str]) -> list[dict[str, Any]]:
    """Bars as dictionaries, in the order asked for; `months` are the monthly tables of trades."""
    if ask.width_us % MINUTE_US:
        narrow, parameters = _of_trades(ask, months)
    else:
        narrow, parameters = _of_bars(ask, months, rolled_until(at))
    if not narrow:
        return []
    wide = WIDER.format(bucket=bucket("ts_us", ask.width_us), narrow=narrow)
    order = "DESC" if ask.newest_first else "ASC"
    found = at.execute(
        f"SELECT at_us AS ts_us, * EXCLUDE at_us FROM ({wide}) ORDER BY at_us {order} LIMIT {ask.limit}", parameters
    )
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _of_trades(ask: Ask, months: Sequence[str]) -> tuple[str, list[Any]]:
    """Intervals that minutes don't add up to: straight from the trades, as far back as they are kept."""
    if not months:
        return "", []
    wanted = ask.filter()
    parts = f"SELECT *, 0 AS interval_s, 'trades' AS origin FROM ({parts_of_trades(months, wanted.sql, ask.width_us)})"
    best = BEST.format(whole=WHOLE.format(parts=parts), rank=_RANK)
    return best, wanted.parameters * len(months)


def _of_bars(ask: Ask, months: Sequence[str], rolled: int) -> tuple[str, list[Any]]:
    wanted = ask.filter()
    parts = STORED.format(where=f"{wanted.sql} AND interval_s = 60")
    parameters = list(wanted.parameters)
    if months:
        tail = parts_of_trades(months, f"{wanted.sql} AND seq > {rolled}")
        parts += (
            " UNION ALL SELECT ts_us, 60, 'trades', source, open, high, low, close, volume, trades, seq "
            f"FROM ({tail})"
        )
        parameters += wanted.parameters * len(months)
    minutes = BEST.format(whole=WHOLE.format(parts=parts), rank=_RANK)
    if ask.width_us % DAY_US:
        return minutes, parameters
    # days that were stored as days win over days made of minutes
    days = WIDER.format(bucket=bucket("ts_us", DAY_US), narrow=minutes)
    stored = STORED.format(where=f"{wanted.sql} AND interval_s = 86400")
    both = (
        "SELECT at_us AS ts_us, 60 AS interval_s, origin, source, open, high, low, close, volume, trades "
        f"FROM ({days}) UNION ALL SELECT * EXCLUDE seq FROM ({stored})"
    )
    return BEST.format(whole=both, rank=_RANK), parameters + list(wanted.parameters)

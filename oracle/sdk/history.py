"""How it was: rows of the past as tables, and whatever is asked in SQL (`/api/oracle/sql`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from oracle.sdk.pages import Pages, by_cursor
from oracle.sdk.room import Asked, Room
from oracle.sdk.table import Table
from oracle.sdk.thing import Thing, given

__all__ = ["History"]

K = TypeVar("K")
PLACE = "api/oracle"
PAGE = 10_000
MOST = 1_000_000  # rows
BAR = ("symbol", "interval", "ts", "open", "high", "low", "close", "volume", "trades", "source", "simulated", "origin")
TICKS = {"trade": "trades", "quote": "quotes", "depth": "depth"}

Time = str | datetime | None
"""An instant: ISO 8601 in UTC, or a datetime, which is taken for UTC where it does not say."""


class History(Room[K]):
    """Rows of the past as a `Table`, which turns into Arrow, polars or pandas. `from_` is the first instant, `to` the first too
    late. At most `limit` rows come back, and `table.truncated` says where there are more."""

    @Asked
    async def sql(self, sql: str, parameters: Sequence[Any] = (), *, limit: int = MOST) -> Table:
        """The rows that one SELECT gives, in DuckDB's dialect, with a value for each `?`; `views` tells what there is. Raises
        RemoteFailed: what is not understood or not allowed, takes too long, or too much memory."""
        return await self._asked(sql, list(parameters), limit)

    @Asked
    async def views(self) -> Table:
        """What SQL can be asked about: each column of each view, its type, meaning and unit."""
        found = await self._oracle.get(f"{PLACE}/sql/schema")
        rows = [{"view": view["name"], "column": column["name"], "type": column["type"], "about": column["about"]}
                for view in found["views"] for column in view["columns"]]  # fmt: skip
        return Table.of_rows(("view", "column", "type", "about"), rows)

    @Asked
    async def bars(self, symbol: str, interval: str = "1m", from_: Time = None, to: Time = None, *, limit: int = MOST) -> Table:
        """Bars of any interval (30s, 5m, 1h, 1d, 1w), oldest first, the present unfinished one included."""
        if interval == "1m":
            wanted = {"symbol": symbol, "interval": interval}
            return await self._rows(f"SELECT {', '.join(BAR)} FROM bars", wanted, from_, to, "ts", limit)
        query = given(symbol=symbol, interval=interval, limit=min(limit, PAGE), **{"from": _text(from_), "to": _text(to)})
        rows = list[Thing]()
        async for row in Pages(self._oracle, f"{PLACE}/bars", {**query}, by_cursor(), Thing.of):
            rows.append(row)
            if len(rows) > limit:
                break
        table = Table.of_rows(BAR, [row.raw for row in rows[:limit]], ("ts",))
        table.truncated = len(rows) > limit
        return table

    @Asked
    async def ticks(self, symbol: str, from_: Time = None, to: Time = None, *, kind: str = "trade", limit: int = MOST) -> Table:
        """Trades, quotes or depth (`kind`) of a symbol as they came, oldest first. Raises ValueError for another kind."""
        if kind not in TICKS:
            raise ValueError(f"{kind!r} is none of {', '.join(TICKS)}")
        return await self._rows(f"SELECT * EXCLUDE (ts_us) FROM {TICKS[kind]}", {"symbol": symbol}, from_, to, "ts_us", limit)

    @Asked
    async def samples(self, name: str, from_: Time = None, to: Time = None, *, subject: str | None = None,
                      limit: int = MOST) -> Table:  # fmt: skip
        """Numbers of a name (funding_rate, cpu_pct, loss), of all subjects or of one, oldest first."""
        wanted = given(name=name, subject=subject)
        return await self._rows("SELECT * EXCLUDE (ts_us) FROM samples", wanted, from_, to, "ts_us", limit)

    @Asked
    async def events(self, from_: Time = None, to: Time = None, *, kind: str | None = None, subject: str | None = None,
                     source: str | None = None, severity: str | None = None, limit: int = MOST) -> Table:  # fmt: skip
        """What happened, oldest first; `data` is JSON."""
        wanted = given(kind=kind, subject=subject, source=source, severity=severity)
        return await self._rows("SELECT * EXCLUDE (ts_us) FROM events", wanted, from_, to, "ts", limit)

    async def _rows(self, select: str, wanted: dict[str, Any], from_: Time, to: Time, order: str, limit: int) -> Table:
        terms = [f"{name} = ?" for name in wanted]
        values = list(wanted.values())
        for word, instant in ((">=", from_), ("<", to)):
            if instant is not None:
                terms.append(f"ts_us {word} epoch_us(CAST(? AS TIMESTAMPTZ))")
                values.append(_text(instant))
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        return await self._asked(f"{select}{where} ORDER BY {order}", values, limit)

    async def _asked(self, sql: str, parameters: list[Any], limit: int) -> Table:
        body, headers = await self._oracle.take(f"{PLACE}/sql", {"sql": sql, "parameters": parameters, "limit": limit})
        return Table.of_parquet(body, int(headers["x-rows"]), headers["x-truncated"] == "true")


def _text(instant: Time) -> str | None:
    if not isinstance(instant, datetime):
        return instant
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC).isoformat()

"""The job `daily_bars`: makes the bar of the day that is over of minutes, where no feed has told it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from actors import Runtime
from oracle.exchange_days import days_back, exchange_day, session_of
from oracle.history import Queries
from oracle.model import Bar
from oracle.runs import Pace, Work
from oracle.symbols import asset_type

__all__ = ["bar_of", "daily_bars", "day_over"]

DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def daily_bars(universe: Sequence[str], queries: Queries, runtime: Runtime) -> Work:
    """The work: publishes closed Bars `1d` of the symbols of the universe. Its result says of which a feed had told it already,
    which were made, of which there is no data, and which lack more than half of their minutes (how many those have)."""

    async def work(params: dict[str, Any], pace: Pace) -> tuple[dict[str, Any], Sequence[Any]]:
        at_us = params.get("due_us") or runtime.now_us()
        found: dict[str, Any] = {"told": [], "made": [], "no_data": [], "partial": {}}
        for place, symbol in enumerate(universe):
            await pace.turn()
            day_us, from_us, to_us = day_over(symbol, at_us)
            rows = [] if (told := await _told(queries, symbol, day_us)) else await _minutes(queries, symbol, from_us, to_us)
            found["told" if told else "made" if rows else "no_data"].append(symbol)
            if rows:
                if 2 * len(rows) < (to_us - from_us) // MINUTE_US:
                    found["partial"][symbol] = len(rows)
                runtime.publish(bar_of(symbol, day_us, rows))
            pace.note((place + 1) / len(universe))
        return {"outcome": "done", "symbols": len(universe), **found}, []

    return work


def day_over(symbol: str, at_us: int) -> tuple[int, int, int]:
    """The last day of a symbol that is over at an instant: the name of its bar (00:00 UTC), and from when to when it was traded:
    the whole day in UTC for a pair, else the regular session in New York. UTC microseconds."""
    if asset_type(symbol) == "crypto":
        day_us = (at_us // DAY_US - 1) * DAY_US
        return day_us, day_us, day_us + DAY_US
    for day in days_back(exchange_day(at_us)):
        session = session_of(day)
        if session is not None and session[1] <= at_us:
            named = dt.datetime.combine(day, dt.time(), dt.UTC)
            return (named - _EPOCH) // dt.timedelta(microseconds=1), *session
    raise AssertionError("days go back for ever")


def bar_of(symbol: str, day_us: int, minutes: Sequence[dict[str, Any]]) -> Bar:
    """The closed bar of a day of its minutes, which are in order and at least one."""
    return Bar(
        symbol, "1d", minutes[0]["open"], max(one["high"] for one in minutes), min(one["low"] for one in minutes),
        minutes[-1]["close"], sum(one["volume"] for one in minutes), sum(one["trades"] for one in minutes), True, day_us,
        minutes[-1]["source"],
    )  # fmt: skip


async def _told(queries: Queries, symbol: str, day_us: int) -> bool:
    page = await queries.ticks("bar", symbol, day_us, day_us + 1)
    return any(row["interval"] == "1d" and row["closed"] for row in page.items)


async def _minutes(queries: Queries, symbol: str, from_us: int, to_us: int) -> list[dict[str, Any]]:
    return (await queries.bars(symbol, "1m", from_us, to_us, limit=DAY_US // MINUTE_US)).items

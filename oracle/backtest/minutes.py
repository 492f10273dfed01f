"""1-minute bars in the place of ticks, where none are stored: what a condition on prices would have heard in that time, roughly.

A bar becomes four trades at its price: its open, then its low and its high (of a falling minute the high first), its close.
When in the minute each was is not known, so what is shorter than a minute can't be told from it, nor what counts trades or their
sizes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

import attrs

from oracle.conditions import Expression
from oracle.conditions.tree import Absent, Events, Over, Series
from oracle.history import Queries
from oracle.model import Trade

__all__ = ["MINUTE_US", "PER_BAR", "Minutes", "heard", "minutes_before", "symbol_of_bars"]

MINUTE_US = 60_000_000
PAGE = 2_000  # bars at once: the loop pays for their conversion
_AT_US = (0, 20_000_000, 40_000_000, MINUTE_US - 1)
PER_BAR = len(_AT_US)
_FOLDS = frozenset({"min", "max", "avg", "first", "last", "change_pct"})


@attrs.frozen
class Minutes:
    """The bars of a symbol that stand for its ticks of from_us <= time < until_us."""

    symbol: str
    from_us: int
    until_us: int

    async def trades(self, queries: Queries, from_us: int, until_us: int) -> AsyncIterator[list[tuple[int, Trade]]]:
        """What the bars of a time stand for, page by page, each (time, trade)."""
        cursor: str | None = None
        while from_us < until_us:
            page = await queries.bars(self.symbol, "1m", from_us, until_us, PAGE, cursor)
            yield list(heard(page.items))
            if (cursor := page.next) is None:
                return


def symbol_of_bars(expressions: Iterable[Expression | None]) -> str:
    """The symbol of a condition that bars can answer for, roughly; empty where they can't: such as hears anything but the prices
    of one symbol, counts them, or looks at less than a minute."""
    found: set[str] = set()
    for node in (node for one in expressions if one is not None for node in one.nodes):
        match node:
            case Series(kind="price", names=(symbol,)):
                found.add(symbol)
            case Series() | Absent() | Events():
                return ""
            case Over(function=function, window_us=window_us) if function not in _FOLDS or window_us < MINUTE_US:
                return ""
    return found.pop() if len(found) == 1 else ""


async def minutes_before(queries: Queries, symbol: str, from_us: int, to_us: int) -> Minutes | None:
    """The bars of a span up to its first stored trade; None where there is no bar before that."""
    ticks = await queries.ticks("trade", symbol, from_us, to_us, limit=1)
    until_us = ticks.items[0]["ts_us"] if ticks.items else to_us
    until_us -= until_us % MINUTE_US
    if from_us >= until_us or not (await queries.bars(symbol, "1m", from_us, until_us, limit=1)).items:
        return None
    return Minutes(symbol, from_us, until_us)


def heard(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Trade]]:
    """What bars stand for: (time, trade), in their order."""
    for row in rows:
        ends = [row["low"], row["high"]]
        prices = [row["open"], *(ends if row["close"] >= row["open"] else reversed(ends)), row["close"]]
        for number, (after_us, price) in enumerate(zip(_AT_US, prices, strict=True)):
            at_us = row["ts_us"] + after_us
            yield at_us, Trade(row["symbol"], price, 0.0, "", f"bar:{row['ts_us']}:{number}", at_us, row["source"])

"""The functions there are, in one table: what each takes, what it gives, in which unit."""

from __future__ import annotations

import attrs

__all__ = ["FUNCTIONS", "NAMED", "OVER", "Function"]


@attrs.frozen
class Function:
    """`takes` says what each place wants; `gives` number, truth, or (`event`) something to be counted; `note` is for people."""

    takes: tuple[str, ...]
    gives: str
    note: str


_SYMBOL, _OVER = ("symbol",), ("series", "duration")

FUNCTIONS = {
    "price": Function(_SYMBOL, "series", "price of the last trade, quote currency"),
    "size": Function(_SYMBOL, "series", "size of the last trade, base unit"),
    "bid": Function(_SYMBOL, "series", "best bid, quote currency"),
    "ask": Function(_SYMBOL, "series", "best ask, quote currency"),
    "mid": Function(_SYMBOL, "series", "(bid + ask) / 2, quote currency"),
    "spread_bps": Function(_SYMBOL, "series", "(ask - bid) / mid, hundredths of a percent"),
    "sample": Function(("name", "subject"), "series", "the last sample, in its own unit"),
    "event": Function(("kind",), "events", "events, to be counted"),
    "avg": Function(_OVER, "number", "mean of the entries, as the series"),
    "sum": Function(_OVER, "number", "sum of the entries, as the series; 0 without any"),
    "min": Function(_OVER, "number", "smallest entry, as the series"),
    "max": Function(_OVER, "number", "largest entry, as the series"),
    "stddev": Function(_OVER, "number", "standard deviation of the entries (of all of them, not of a sample), as the series"),
    "first": Function(_OVER, "number", "oldest entry, as the series"),
    "last": Function(_OVER, "number", "newest entry, as the series; price(...) has no such end"),
    "count": Function(("counted", "duration"), "number", "how many entries or events; 0 without any"),
    "volume": Function(("symbol", "duration"), "number", "sum of the sizes of trades, base unit; 0 without any"),
    "change_pct": Function(_OVER, "number", "from what held when the window began to what holds now, percent"),
    "absent": Function(("topic", "duration"), "truth", "nothing was heard of the topic for that long"),
    "abs": Function(("number",), "number", "without its sign"),
}  # fmt: skip

OVER = frozenset(name for name, function in FUNCTIONS.items() if "duration" in function.takes) - {"absent"}

NAMED = {"event": ("subject", "severity", "min_severity")}

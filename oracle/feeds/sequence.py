"""What of a venue's trades and quotes is new, and what is missing between them. Outlives connections, so that what a venue
tells again after one is told once.
"""

from __future__ import annotations

from collections.abc import Callable

from oracle.feeds.heard import Heard
from oracle.model import Gap, Trade, ref

__all__ = ["MOST_SYMBOLS", "News", "NumberedTrades", "Sequences", "TimedTrades"]

MOST_SYMBOLS = 10_000  # of the last ones that a venue began to tell of
_AHEAD_US = 60_000_000
_MOST_AT_ONCE = 1000  # trades of one symbol and microsecond that are remembered

News = Callable[[Heard, int], tuple[str, tuple[Gap | Trade, ...]]]


class Sequences:
    """The newest number of each symbol. A lower one that is later begins a new count, as test networks do."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[int, int, int]] = {}

    def follow(self, symbol: str, number: int, ts_us: int, now_us: int = 0) -> tuple[int, int] | None:
        """How many numbers are missing before this one, and when the one before was heard (`now_us` then; 0 for never);
        None where this one was told before."""
        newest, newest_us, heard_us = self._newest.get(symbol, (-1, 0, 0))
        if number <= newest and ts_us <= newest_us:
            return None
        if symbol not in self._newest and len(self._newest) >= MOST_SYMBOLS:
            del self._newest[next(iter(self._newest))]
        self._newest[symbol] = number, ts_us, now_us
        return (number - newest - 1 if 0 <= newest < number else 0), heard_us

    def knows(self, symbol: str) -> bool:
        """Whether any number of the symbol was seen."""
        return symbol in self._newest

    def clear(self) -> None:
        """Forget all."""
        self._newest.clear()


class NumberedTrades:
    """Of a venue that counts its trades one by one, and begins with the last before the subscription (`last_match`)."""

    def __init__(self, source: str) -> None:
        self._who = ref("feed", source)
        self._sequences = Sequences()

    def __call__(self, heard: Heard, now_us: int) -> tuple[str, tuple[Gap | Trade, ...]]:
        """The kind: as heard, `duplicate`, or `after_missing` with a Gap; and what is news. The very first `last_match` of a
        symbol is none: whoever listened before may have it."""
        trade, past = heard.trades[0], heard.kind == "last_match"
        first = not self._sequences.knows(trade.symbol)
        found = self._sequences.follow(trade.symbol, heard.sequence, trade.ts_us, now_us)
        if found is None:
            return (heard.kind if past else "duplicate"), ()
        missing, before_us = found
        if past and first:
            return heard.kind, ()
        if not missing:
            return heard.kind, (trade,)
        reason = f"{missing} trades of {trade.symbol} are missing"
        return "after_missing", (Gap(self._who, min(before_us, now_us), now_us, reason), trade)


class TimedTrades:
    """Of a venue that gives its trades no number: told before is what is older than the newest, or the same again. A time more
    than a minute ahead of ours is not kept, so that one wrong time silences nothing. Those that could not be read are a Gap since
    the newest: nothing later would tell that they are missing."""

    def __init__(self, source: str) -> None:
        self._who = ref("feed", source)
        self._newest: dict[str, tuple[int, frozenset[Trade]]] = {}

    def __call__(self, heard: Heard, now_us: int) -> tuple[str, tuple[Gap | Trade, ...]]:
        """The kind: as heard, or `duplicate` where nothing of it is news; and what is."""
        newest_us, told = self._newest.get(heard.symbol, (0, frozenset()))
        # Equal ones within one frame are fills of one order.
        news = tuple(t for t in heard.trades if t.ts_us > newest_us or (t.ts_us == newest_us and t not in told))
        gaps: tuple[Gap, ...] = ()
        if heard.lost:
            reason = f"{heard.lost} trades of {heard.symbol} could not be read"
            gaps = (Gap(self._who, min(newest_us or now_us, now_us), now_us, reason),)
        if not news:
            return (heard.kind if gaps else "duplicate"), gaps
        if heard.symbol not in self._newest and len(self._newest) >= MOST_SYMBOLS:
            del self._newest[next(iter(self._newest))]
        last_us = max(trade.ts_us for trade in news)
        if last_us > now_us + _AHEAD_US:
            return heard.kind, (*gaps, *news)
        same = frozenset(trade for trade in news if trade.ts_us == last_us)
        told = told if last_us == newest_us and len(told) < _MOST_AT_ONCE else frozenset()
        self._newest[heard.symbol] = last_us, same | told
        return heard.kind, (*gaps, *news)

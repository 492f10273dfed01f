"""What of a venue's trades and quotes is new, and what is missing between them. Outlives connections, so that what a venue
tells again after one is told once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import attrs

from oracle.feeds.heard import Heard
from oracle.feeds.statistics import Parsed
from oracle.model import Gap, Trade, ref

__all__ = ["MOST_SYMBOLS", "News", "NumberedTrades", "Sequences", "Step", "TimedTrades", "TradesSeen", "anew"]

MOST_SYMBOLS = 10_000  # of the last ones that a venue began to tell of
ANEW = 3  # numbers in a row that are news although a higher one was told
_AHEAD_US = 60_000_000
_MOST_AT_ONCE = 1000  # trades of one symbol and microsecond that are remembered

News = Callable[[Heard, int], tuple[str, tuple[Gap | Trade, ...]]]


class Step(NamedTuple):
    """How many numbers are missing before one, and when the one before was heard (0 for never). `anew`: the numbers before it
    were of another count, or one of them was wrong."""

    missing: int
    before_us: int
    anew: bool = False


@attrs.define(eq=False)
class _Newest:
    number: int
    ts_us: int
    heard_us: int
    before: int = -1  # the number it followed
    older: int = 0  # how many in a row came that are between the two


class Sequences:
    """The newest number of each symbol. A lower one that is later begins a new count, as test networks do; and so do a few in a
    row that are lower than the newest but higher than the one it followed: then that one was wrong, and must silence nothing."""

    def __init__(self) -> None:
        self._newest: dict[str, _Newest] = {}

    def follow(self, symbol: str, number: int, ts_us: int, now_us: int = 0) -> Step | None:
        """What is between this number, heard at `now_us`, and the one before; None where it was told before."""
        newest = self._newest.get(symbol)
        if newest is None:
            if len(self._newest) >= MOST_SYMBOLS:
                del self._newest[next(iter(self._newest))]
            self._newest[symbol] = _Newest(number, ts_us, now_us)
            return Step(0, 0)
        step = Step(max(0, number - newest.number - 1), newest.heard_us)
        if number <= newest.number and ts_us <= newest.ts_us:
            if not newest.before < number < newest.number:
                return None
            newest.older += 1
            if newest.older < ANEW:
                return None
            step = Step(0, newest.heard_us, anew=True)
        else:
            newest.before = newest.number if number > newest.number else -1
        newest.number, newest.ts_us, newest.heard_us, newest.older = number, ts_us, now_us, 0
        return step

    def knows(self, symbol: str) -> bool:
        """Whether any number of the symbol was seen."""
        return symbol in self._newest

    def clear(self) -> None:
        """Forget all."""
        self._newest.clear()


def anew(source: str, symbol: str, step: Step, now_us: int) -> Gap:
    """What was passed over until it was known that it was news."""
    reason = f"{symbol} is counted anew: what came before may be missing"
    return Gap(ref("feed", source), min(step.before_us or now_us, now_us), now_us, reason)


class TradesSeen:
    """Drops trades that a venue tells again, as it may after a reconnect, where it counts them with gaps."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._sequences = Sequences()

    def once(self, parsed: Parsed, now_us: int) -> Parsed:
        """The same, or `duplicate` and nothing where the trade was told before, or `counted_anew` with a Gap."""
        if parsed[0] != "aggTrade":
            return parsed
        trade = parsed[1][0]
        step = self._sequences.follow(trade.symbol, int(trade.trade_id), trade.ts_us, now_us)
        if step is None:
            return "duplicate", ()
        return ("counted_anew", (anew(self._source, trade.symbol, step, now_us), trade)) if step.anew else parsed


class NumberedTrades:
    """Of a venue that counts its trades one by one, and begins with the last before the subscription (`last_match`)."""

    def __init__(self, source: str) -> None:
        self._who = ref("feed", source)
        self._sequences = Sequences()

    def __call__(self, heard: Heard, now_us: int) -> tuple[str, tuple[Gap | Trade, ...]]:
        """The kind: as heard, `duplicate`, or `after_missing` or `counted_anew` with a Gap; and what is news. The very first
        `last_match` of a symbol is none: whoever listened before may have it."""
        trade, past = heard.trades[0], heard.kind == "last_match"
        first = not self._sequences.knows(trade.symbol)
        step = self._sequences.follow(trade.symbol, heard.sequence, trade.ts_us, now_us)
        if step is None:
            return (heard.kind if past else "duplicate"), ()
        if past and first:
            return heard.kind, ()
        if step.anew:
            return "counted_anew", (anew(trade.source, trade.symbol, step, now_us), trade)
        if not step.missing:
            return heard.kind, (trade,)
        reason = f"{step.missing} trades of {trade.symbol} are missing"
        return "after_missing", (Gap(self._who, min(step.before_us, now_us), now_us, reason), trade)


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

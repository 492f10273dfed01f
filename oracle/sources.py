"""Who is believed about the price of a symbol, where several say one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from actors import Actor, Published
from oracle.model import Quote, Trade

__all__ = ["Believed", "SourceWatch", "Sources", "is_pushed", "is_simulated"]

MOST_SYMBOLS = 20_000  # the one heard first goes for a new one
MOST_SOURCES = 32  # of a symbol
FRESH_US = 5_000_000
APART = 0.01  # prices this far apart, as a share, halve the confidence in each other
LOOK_S = 1.0


def is_simulated(source: str) -> bool:
    """Whether a source's name has the segment `simulated` (`simulated`, `feed:simulated`, `simulated:second`)."""
    return "simulated" in source.split(":")


def is_pushed(source: str) -> bool:
    """Whether a source's name is that of somebody who pushes (`push`, `push:bot`)."""
    return source.partition(":")[0] == "push"


@attrs.define
class _Heard:
    quote: Quote | None = None
    trade: Trade | None = None
    at_us: int = 0
    number: int = 0  # of what was heard: tells apart what was heard at the same instant

    @property
    def price(self) -> float | None:
        """The newest of last trade and mid quote."""
        quote, trade = self.quote, self.trade
        if trade is not None and (quote is None or trade.ts_us >= quote.ts_us):
            return trade.price
        return quote.mid if quote is not None else None


@attrs.frozen
class Believed:
    """The source that is believed about a symbol, what it said last, and how much that is worth, 0 to 1."""

    source: str
    quote: Quote | None
    trade: Trade | None
    confidence: float


class Sources:
    """What each source said last, by symbol. A symbol's source is the first of `order` that was heard within `stale_after_s`;
    sources that are not in it come after it, then those of pushed rows, then simulated ones. Where none is fresh, it is the one
    that was heard last. A pushed row is as old as it says; one that is older than the one before it is late, and changes nothing
    while that is fresh.

    Confidence is freshness times agreement: freshness 1 up to 5 s, then 5 s over the age; agreement 1 / (1 + d / 1 %), where d
    is how far the price of another fresh source is away at most. Alone, nobody contradicts it.
    """

    def __init__(self, order: Sequence[str] = (), stale_after_s: float = 30.0) -> None:
        self._order = {source: place for place, source in enumerate(order)}
        self._stale_us = round(stale_after_s * 1e6)
        self._heard: dict[str, dict[str, _Heard]] = {}
        self._ranks: dict[str, tuple[int, int]] = {}
        self._count = 0
        self.newest_us: int | None = None
        """When anybody last said anything about any symbol, as old as it is taken to be; None before the first."""

    def put(self, published: Published) -> None:
        """Take a quote or a trade; a listener of the bus."""
        message = published.message
        if message.__class__ is not Quote and message.__class__ is not Trade:
            return  # somebody else's, under a name of ours
        sources = self._heard.get(message.symbol)
        if sources is None:
            if len(self._heard) >= MOST_SYMBOLS:
                del self._heard[next(iter(self._heard))]
            sources = self._heard[message.symbol] = {}
        heard = sources.get(message.source)
        if heard is None:
            if len(sources) >= MOST_SOURCES:
                del sources[next(iter(sources))]
            heard = sources[message.source] = _Heard()
        held = heard.quote if message.__class__ is Quote else heard.trade
        if held is not None and message.ts_us < held.ts_us and self._is_late(message.source, published.time_us - heard.at_us):
            return
        if message.__class__ is Quote:
            heard.quote = message
        else:
            heard.trade = message
        heard.at_us = min(published.time_us, message.ts_us) if is_pushed(message.source) else published.time_us
        self._count += 1
        heard.number = self._count
        if self.newest_us is None or heard.at_us > self.newest_us:
            self.newest_us = heard.at_us

    def believed(self, symbol: str, now_us: int, quoting: bool = False, simulated: bool = False) -> Believed | None:
        """Who is believed about a symbol now, `quoting`: of those who have quoted it, `simulated`: of the simulated ones;
        None where nobody has said anything."""
        sources = self._heard.get(symbol)
        if sources and simulated:
            sources = {source: heard for source, heard in sources.items() if is_simulated(source)}
        if sources and quoting:
            sources = {source: heard for source, heard in sources.items() if heard.quote is not None}
        if not sources:
            return None
        fresh = {source: heard for source, heard in sources.items() if now_us - heard.at_us <= self._stale_us}
        source = (
            min(fresh, key=lambda one: (self._rank(one), -fresh[one].number)) if fresh
            else max(sources, key=lambda one: sources[one].number)
        )  # fmt: skip
        heard = sources[source]
        return Believed(source, heard.quote, heard.trade, self._confidence(source, heard, fresh, now_us))

    def symbols(self) -> list[str]:
        """Those somebody has said something of."""
        return list(self._heard)

    def _is_late(self, source: str, since_us: int) -> bool:
        # A venue's order is the order it says things in, whatever its clock; whoever pushes may push its past.
        return is_pushed(source) and since_us <= self._stale_us

    def _confidence(self, source: str, heard: _Heard, fresh: dict[str, _Heard], now_us: int) -> float:
        age_us = max(0, now_us - heard.at_us)
        freshness = min(1.0, FRESH_US / age_us) if age_us else 1.0
        others = [one.price for name, one in fresh.items() if name != source]
        price = heard.price
        apart = max((abs(other / price - 1) for other in others if other and price), default=0.0)
        return round(freshness / (1 + apart / APART), 4)

    def _rank(self, source: str) -> tuple[int, int]:
        rank = self._ranks.get(source)
        if rank is None:
            parts = source.split(":")
            group = len(self._order) + (2 if is_simulated(source) else 1 if is_pushed(source) else 0)
            rank = self._ranks[source] = (self._order.get(source, group), len(parts))
        return rank


class SourceWatch(Actor):
    """`sources`: says as State `source:SYMBOL` {provider, since_us} who is believed, when that changes."""

    def __init__(self, board: Any) -> None:
        self._board = board
        self._known: dict[str, str] = {}

    async def start(self) -> None:
        """Look every second."""
        self.after(LOOK_S, "look")

    def receive(self, message: object) -> None:
        """Look who is believed now."""
        now_us, board = self.now_us(), self._board
        for symbol in board.sources.symbols():
            believed = board.sources.believed(symbol, now_us)
            if believed is not None and self._known.get(symbol) != believed.source:
                self._known[symbol] = believed.source
                board.put(f"source:{symbol}", {"provider": believed.source, "since_us": now_us}, now_us)
        self._known = {symbol: self._known[symbol] for symbol in board.sources.symbols() if symbol in self._known}
        self.after(LOOK_S, "look")

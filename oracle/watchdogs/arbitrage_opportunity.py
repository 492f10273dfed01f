"""Speaks when the same thing can be bought at one venue and sold at another for more, fees included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import attrs
from attrs.validators import ge, gt

from oracle.model import Finding, Quote, Severity
from oracle.watchdogs.latch import Latches
from oracle.watchdogs.plausible import is_positive
from oracle.watchdogs.universe import universe

__all__ = ["ArbitrageOpportunity"]

MOST_SYMBOLS = 10_000  # the one heard first goes for a new one
MOST_VENUES = 16


@attrs.define
class ArbitrageOpportunity:
    """Compares the quotes of a symbol between venues: buy at one's ask, sell at the other's bid, and pay `fee_pct` at each.

    A gain of more than `limit_pct` of the money spent is medium, of more than `high_pct` high. Each way of a symbol speaks once
    per severity until there is nothing left to gain. Quotes older than `stale_after_s` don't count.
    """

    limit_pct: float = attrs.field(default=0.1, validator=ge(0))  # percent, net
    high_pct: float = attrs.field(default=1.0, validator=gt(0))  # percent, net
    fee_pct: float = attrs.field(default=0.1, validator=ge(0))  # percent of each of both trades
    venue_fee_pct: dict[str, float] = attrs.field(factory=dict)  # of venues (feeds) that take another
    stale_after_s: float = attrs.field(default=5.0, validator=gt(0))  # seconds
    interval_s: float = attrs.field(default=30.0, validator=ge(0.1))  # longest silence between checks, seconds
    memory_s: float = attrs.field(default=60.0, validator=gt(0))  # what could be gained since is not told again after a start
    symbols: tuple[str, ...] = ("*",)  # bases (BTC watches each BTC pair), symbols (BTC-USD), or "*" for all
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _venues: dict[str, dict[str, tuple[Quote, int]]] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _latches: Latches = attrs.field(factory=Latches, init=False, repr=False, eq=False)
    _watches: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)

    listens = ("quote:*",)

    def __attrs_post_init__(self) -> None:
        self._watches = universe(self.symbols)

    def update(self, quote: Quote, now: int) -> Iterator[Finding]:
        """Take a quote published at `now` (UTC microseconds)."""
        venues = self._venues.get(quote.symbol)
        if venues is None:
            if not self._watches(quote.symbol):
                return
            if len(self._venues) >= MOST_SYMBOLS:
                del self._venues[next(iter(self._venues))]
            venues = self._venues[quote.symbol] = {}
        if now - quote.ts_us > self.stale_after_s * 1e6:
            self.ignored["stale"] += 1
            return
        if not (is_positive(quote.bid) and is_positive(quote.ask) and quote.bid <= quote.ask):
            self.ignored["crossed_or_not_positive"] += 1
            venues.pop(quote.source, None)
            return
        if quote.source not in venues and len(venues) >= MOST_VENUES:
            self.ignored["too_many_venues"] += 1
            return
        venues[quote.source] = quote, now
        if len(venues) > 1:
            oldest_us = now - round(self.stale_after_s * 1e6)
            for source, (other, at_us) in venues.items():
                if source != quote.source and at_us >= oldest_us:
                    yield from self._judge(other, quote, now)
                    yield from self._judge(quote, other, now)

    def _judge(self, cheap: Quote, dear: Quote, now: int) -> Iterator[Finding]:
        """Whether it pays to buy at `cheap` and to sell at `dear`."""
        way = f"{cheap.symbol} {cheap.source} {dear.source}"
        if dear.bid <= cheap.ask:  # nearly always
            if self._latches.is_on(way):
                self._latches.rest(way)
            return
        spent, got = cheap.ask * (1 + self._fee(cheap.source)), dear.bid * (1 - self._fee(dear.source))
        net_pct = (got - spent) / spent * 100
        if net_pct <= self.limit_pct:
            if net_pct <= 0:
                self._latches.rest(way)
            return
        severity = Severity.high if net_pct > self.high_pct else Severity.medium
        if not self._latches.speaks(way, severity):
            return
        yield Finding(
            kind="arbitrage_opportunity",
            subject=cheap.symbol,
            severity=severity,
            summary=f"{cheap.symbol} from {cheap.source} to {dear.source} gains {net_pct:.2f} % after fees",
            data={
                "buy_exchange": cheap.source, "sell_exchange": dear.source,
                "buy_price": cheap.ask, "sell_price": dear.bid,
                "gross_pct": round((dear.bid - cheap.ask) / cheap.ask * 100, 6), "net_pct": round(net_pct, 6),
                "size": min(size if is_positive(size) else 0.0 for size in (cheap.ask_size, dear.bid_size)),
            },
            ts_us=now,
            cause=f"quote:{cheap.symbol}:{cheap.source}:{dear.source}",
        )  # fmt: skip

    def _fee(self, venue: str) -> float:
        return self.venue_fee_pct.get(venue, self.fee_pct) / 100

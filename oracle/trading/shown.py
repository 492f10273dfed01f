"""What a venue shows of a symbol, and what has been taken of it. Pure.

The touch comes from quotes (from the last trade, while nobody has quoted the symbol), what lies behind it from order books. What
was taken of a price stays taken until the size shown there changes: nobody trades twice against the same offer.
"""

from __future__ import annotations

import math

import attrs

from oracle.model import Depth, Quote, Trade
from oracle.trading.order import Side

__all__ = ["Level", "Shown"]

FRESH_US = 1_000_000  # what lies behind the touch is not gone by longer than this after it was said
DEEPEST = 50  # levels of a side


@attrs.define(eq=False)
class Level:
    """A price and the size shown there, 0 where it is not said and so knows no bound."""

    price: float
    size: float
    taken: float = 0.0
    by: dict[str, float] = attrs.field(factory=dict)  # order id: what it took

    def room(self, order_id: str, participation: float) -> float:
        """How much an order may take yet: its share of the size, and no more than there is."""
        if not self.size:
            return math.inf
        return min(participation * self.size - self.by.get(order_id, 0.0), self.size - self.taken)

    def take(self, order_id: str, quantity: float) -> None:
        """It is taken."""
        self.taken += quantity
        self.by[order_id] = self.by.get(order_id, 0.0) + quantity


class Shown:
    """The newest of what is shown; takes quotes, trades and order books of any source, and joins none of different ones."""

    def __init__(self) -> None:
        self._quoting = ""  # who quoted it last
        self._touch: dict[Side, Level] = {}  # by the side of who takes it: a BUY takes the ask
        self._book: tuple[dict[float, float], dict[float, float]] | None = None  # bids, asks
        self._book_of = ""
        self._last_id = 0
        self._behind: dict[Side, list[Level]] = {}
        self._behind_us = 0

    def quote(self, quote: Quote) -> None:
        """The touch is this from now on."""
        self._quoting = quote.source
        for side, price, size in ((Side.buy, quote.ask, quote.ask_size), (Side.sell, quote.bid, quote.bid_size)):
            if price > 0:
                self._touch[side] = _as_it_was(self._known(side), price, size)
            else:
                self._touch.pop(side, None)

    def trade(self, trade: Trade) -> Level:
        """Somebody traded, which is the touch on both sides while nobody has quoted the symbol."""
        level = Level(trade.price, trade.size)
        if not self._quoting:
            self._touch = {Side.buy: level, Side.sell: level}
        return level

    def depth(self, depth: Depth, now_us: int) -> None:
        """Levels of the book. What does not follow what was said before is not known, until the next snapshot."""
        if depth.snapshot:
            self._book, self._book_of = ({}, {}), depth.source
        elif self._book is None or depth.source != self._book_of:
            return
        elif depth.first_id != self._last_id + 1:
            self._book, self._behind = None, {}
            return
        bids, asks = self._book or ({}, {})
        for book, told in ((bids, depth.bids), (asks, depth.asks)):
            for price, size in told:
                if size:
                    book[price] = size
                else:
                    book.pop(price, None)
        self._last_id, self._behind_us = depth.last_id, now_us
        for side, levels in ((Side.buy, sorted(asks.items())), (Side.sell, sorted(bids.items(), reverse=True))):
            known = self._known(side)
            self._behind[side] = [_as_it_was(known, price, size) for price, size in levels[:DEEPEST]]

    def touch(self, side: Side) -> float | None:
        """The price that an order of `side` would take first; None where none is known."""
        level = self._touch.get(side)
        return level.price if level else None

    def levels(self, side: Side, now_us: int) -> list[Level]:
        """What an order of `side` may take, the best first."""
        touch = self._touch.get(side)
        if touch is None:
            return []
        if self._book_of != self._quoting or now_us - self._behind_us > FRESH_US:
            return [touch]
        return [touch, *(level for level in self._behind.get(side, ()) if (level.price - touch.price) * side.sign > 0)]

    def _known(self, side: Side) -> dict[float, Level]:
        known = {level.price: level for level in self._behind.get(side, ())}
        touch = self._touch.get(side)
        return known if touch is None else {**known, touch.price: touch}


def _as_it_was(known: dict[float, Level], price: float, size: float) -> Level:
    level = known.get(price)
    return level if level is not None and level.size == size else Level(price, size)

"""A strategy on the clock of stored bars, with what it has live: the venue fills, the ledger books, the gate judges.

At each instant, in this order: the venue sees the bars and fills what was ordered before them; the strategy sees them; it
decides on each symbol that had one, then on all together; its signals are sized, judged by the gate and placed. So an order is
made of nothing later than the close that its signal saw, and fills in the next bar of its symbol at the earliest. Bars are handed
over an instant at a time: there is no way to look ahead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import attrs

from oracle.model import Bar, Depth, Event, Quote, Sample, Trade
from oracle.trading.backtest.books import Books
from oracle.trading.backtest.wishes import WishOf, at_market, legs, placed
from oracle.trading.ledger import DUST
from oracle.trading.order import NewOrder, Order, OrderType
from oracle.trading.reports import Ended, Filled
from oracle.trading.risk.assessment import Action, Assessment, RiskView
from oracle.trading.signal import Direction, Signal, Strategy

__all__ = ["Engine", "Gate", "Size", "Venue"]

Size = Callable[[Signal, float, float, float], float]
"""How much to order on a signal at a price, of this equity and this cash that is not reserved; 0 for nothing."""
Gate = Callable[[NewOrder, float, RiskView], Assessment]


class Venue(Protocol):
    """Where orders are filled: `oracle.trading.venue.PaperVenue`."""

    def place(self, order: Order, now_us: int) -> object:
        """Work an order from now on."""
        ...

    def cancel(self, order_id: str) -> bool:
        """Work it no more."""
        ...

    def update(self, message: Quote | Trade | Depth | Bar, now_us: int) -> Iterable[Filled | Ended]:
        """What comes of the market's moving."""
        ...


@attrs.define(eq=False)
class Engine:
    """`gate` None lets everything pass. `refused` counts what kept signals from becoming orders, by reason; `held` the instants
    at which something was held; `orders` and `signals` how many there were; `times_us` and `equity` have a point for each
    instant, its close."""

    strategy: Strategy
    venue: Venue
    books: Books
    size: Size
    gate: Gate | None = None
    wish: WishOf = at_market
    times_us: list[int] = attrs.field(factory=list)
    equity: list[float] = attrs.field(factory=list)
    held: int = 0
    orders: int = 0
    signals: int = 0
    refused: Counter[str] = attrs.field(factory=Counter)

    def hear(self, message: Bar | Sample | Event) -> None:
        """Have the strategy see what was before the first instant, or what is no bar."""
        self.strategy.update(message)

    def step(self, bars: Sequence[Bar], start_us: int, now_us: int) -> None:
        """The bars that began at `start_us` have closed, now; a symbol has one at most."""
        books, update, take = self.books, self.strategy.update, self.venue.update
        held = bool(books.positions)
        for bar in bars:
            for said in take(bar, now_us):
                self._hear(said, now_us)
        for bar in bars:
            update(bar)
            books.mark(bar.symbol, bar.close)
        holdings = books.holdings() if books.positions else {}
        decide = self.strategy.decide
        for bar in bars:
            signal = decide(bar.symbol, holdings.get(bar.symbol), now_us)
            if signal is not None:
                self._act(signal, now_us)
        for signal in self.strategy.rebalance([bar.symbol for bar in bars], holdings, now_us):
            self._act(signal, now_us)
        if held or books.positions:
            self.held += 1
        self.times_us.append(start_us)
        self.equity.append(books.equity())

    def _hear(self, said: Filled | Ended, now_us: int) -> None:
        books = self.books
        if isinstance(said, Filled):
            fill, order = said.fill, books.working.get(said.fill.order_id)
            books.book(fill)
            if order is None:
                return
            if order.order_type is OrderType.bracket:
                for leg in legs(order, fill.quantity, fill.id, now_us):
                    self._place(leg, now_us)
            elif order.parent_id:
                self._shrink(order, now_us)
            return
        books.ended(said.order_id)

    def _shrink(self, filled: Order, now_us: int) -> None:
        """Of the two exits of a bracket one was filled: the other closes no more than what is left."""
        books, pair = self.books, filled.metadata["pair"]
        left = books.left(filled) if filled.id in books.working else 0.0
        for other in [one for one in books.working.values() if one.metadata.get("pair") == pair and one is not filled]:
            self._withdraw(other)
            if left > DUST:
                self._place(attrs.evolve(other, id=f"{other.id}/again", quantity=left), now_us)

    def _act(self, signal: Signal, now_us: int) -> None:
        """What the strategist does live: who has a position closes it, and opens another with a later signal."""
        self.signals += 1
        books, symbol, flat = self.books, signal.symbol, signal.direction is Direction.flat
        position, price = books.positions.get(symbol), books.prices[symbol]
        if position is not None and not flat and (signal.direction is Direction.long) == (position.quantity > 0):
            return
        at_work = [order for order in books.working.values() if order.symbol == symbol]
        if position is None and not flat and at_work:
            self.refused["an order of the symbol is at work"] += 1
            return
        for order in at_work:
            if not order.parent_id:
                self._withdraw(order)
        if position is None and flat:
            return
        free = books.account.cash - books.reserved()
        worth = books.equity()
        wish = self.wish(signal, price, position, lambda at: self.size(signal, at, worth, free), now_us)
        if wish is None:
            self.refused["its size would be nothing"] += 1
        else:
            self._submit(wish, price, now_us)

    def _submit(self, wish: NewOrder, price: float, now_us: int) -> None:
        quantity = wish.quantity
        if self.gate is not None:
            said = self.gate(wish, price, self.books.view(now_us))
            if said.action is Action.reject or said.action is Action.human:
                self.refused.update([breach.type for breach in said.breaches] or ["the gate"])
                return
            quantity = said.quantity
        self.orders += 1
        for order in [one for one in self.books.working.values() if one.symbol == wish.symbol and one.parent_id]:
            self._withdraw(order)  # the exits of a position go when it is closed whole, and not for an order that was refused
        self._place(placed(wish, f"o{self.orders}", quantity, now_us), now_us)

    def _place(self, order: Order, now_us: int) -> None:
        self.books.working[order.id] = order
        self.venue.place(order, now_us)

    def _withdraw(self, order: Order) -> None:
        self.venue.cancel(order.id)
        self.books.ended(order.id)

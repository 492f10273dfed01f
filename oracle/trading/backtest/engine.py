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
from oracle.trading.order import NewOrder, Order, OrderStatus, OrderType, Side
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

    def update(self, message: Quote | Trade | Depth | Bar, now_us: int) -> Iterable[Filled | Ended]:
        """What comes of the market's moving."""
        ...


@attrs.define(eq=False)
class Engine:
    """`gate` None lets everything pass. `refused` counts what kept signals from becoming orders, by reason; `held` the instants
    at which something was held; `times_us` and `equity` have a point for each instant, its close."""

    strategy: Strategy
    venue: Venue
    books: Books
    size: Size
    gate: Gate | None = None
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
                self._hear(said)
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

    def _hear(self, said: Filled | Ended) -> None:
        if isinstance(said, Filled):
            self.books.book(said.fill)
            return
        self.books.ended(said.order_id)
        if said.status is OrderStatus.rejected:
            self.refused[said.reason] += 1

    def _act(self, signal: Signal, now_us: int) -> None:
        self.signals += 1
        books, symbol = self.books, signal.symbol
        if any(order.symbol == symbol for order in books.working.values()):
            self.refused["an order of the symbol is at work"] += 1
            return
        position = books.positions.get(symbol)
        side = Side.sell if signal.direction is Direction.short else Side.buy
        if position is not None and (signal.direction is Direction.flat or side is not position.side):
            self._order(signal, position.side.other, abs(position.quantity), now_us)
        if signal.direction is Direction.flat or (position is not None and side is position.side):
            return
        free = books.account.cash - books.reserved()
        quantity = self.size(signal, books.prices[symbol], books.equity(), free)
        if quantity > 0:
            self._order(signal, side, quantity, now_us)
        else:
            self.refused["its size would be nothing"] += 1

    def _order(self, signal: Signal, side: Side, quantity: float, now_us: int) -> None:
        wish = NewOrder(symbol=signal.symbol, side=side, quantity=quantity, strategy_name=signal.strategy_name,
                        signal_strength=signal.strength, signal_us=signal.ts_us)  # fmt: skip
        if self.gate is not None:
            said = self.gate(wish, self.books.prices[signal.symbol], self.books.view(now_us))
            if said.action is Action.reject or said.action is Action.human:
                self.refused.update([breach.type for breach in said.breaches] or ["the gate"])
                return
            quantity = said.quantity
        self.orders += 1
        order = Order(
            id=f"o{self.orders}", symbol=signal.symbol, side=side, order_type=OrderType.market, quantity=quantity,
            created_us=now_us, updated_us=now_us, status=OrderStatus.submitted, strategy_name=signal.strategy_name,
            signal_strength=signal.strength, signal_us=signal.ts_us,
        )  # fmt: skip
        self.books.working[order.id] = order
        self.venue.place(order, now_us)

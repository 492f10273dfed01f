"""The books of a backtest: cash, positions, prices and closed trades, by the ledger's arithmetic as the desk's own are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import takewhile

import attrs

from oracle.exchange_days import days_back, exchange_day
from oracle.trading.ledger import Account, ClosedTrade, Fill, Position, settle
from oracle.trading.order import Order, Side
from oracle.trading.risk.assessment import RiskView
from oracle.trading.signal import Holding

__all__ = ["Books"]


@attrs.define(eq=False)
class Books:
    """`prices` are the newest closes by symbol, `working` the orders that are not at their end, by id; `bought` and `sold` are
    what was traded in all, in the currency of the account."""

    account: Account
    sectors: Mapping[str, str] = attrs.field(factory=dict)
    pdt_window_days: int = 5
    positions: dict[str, Position] = attrs.field(factory=dict)
    prices: dict[str, float] = attrs.field(factory=dict)
    working: dict[str, Order] = attrs.field(factory=dict)
    trades: list[ClosedTrade] = attrs.field(factory=list)
    fills: list[Fill] = attrs.field(factory=list)
    bought: float = 0.0
    sold: float = 0.0
    _bars: Counter[str] = attrs.field(factory=Counter)
    _entered: dict[str, int] = attrs.field(factory=dict)  # number of the bar in which a position was opened
    _done: defaultdict[str, float] = attrs.field(factory=lambda: defaultdict(float))  # filled of working orders, by id

    @classmethod
    def of(cls, capital: float, sectors: Mapping[str, str], pdt_window_days: int) -> Books:
        """Books that begin with so much cash."""
        return cls(Account(initial_cash=capital, cash=capital), sectors, pdt_window_days)

    def book(self, fill: Fill) -> None:
        """A fill has happened, in the bar that comes next for its symbol."""
        symbol = fill.symbol
        settled = settle(self.account, self.positions.get(symbol), fill)
        self.account = settled.account
        self.fills.append(fill)
        if fill.side is Side.buy:
            self.bought += fill.quantity * fill.price
        else:
            self.sold += fill.quantity * fill.price
        if settled.closed is not None:
            self.trades.append(settled.closed)
        before = self.positions.get(symbol)
        if settled.position is None:
            del self.positions[symbol]
        else:
            self.positions[symbol] = settled.position
            if before is None or before.quantity * settled.position.quantity < 0:
                self._entered[symbol] = self._bars[symbol]
        self._filled(fill)

    def mark(self, symbol: str, price: float) -> None:
        """A bar of a symbol has closed at this price."""
        self.prices[symbol] = price
        self._bars[symbol] += 1

    def ended(self, order_id: str) -> None:
        """An order is not worked any more."""
        self.working.pop(order_id, None)
        self._done.pop(order_id, None)

    def equity(self) -> float:
        """Cash and what the positions are worth at the newest closes."""
        if not self.positions:
            return self.account.cash
        prices = self.prices
        return self.account.cash + sum(one.quantity * prices[symbol] for symbol, one in self.positions.items())

    def holdings(self) -> dict[str, Holding]:
        """What strategies are told of their positions."""
        bars, entered = self._bars, self._entered
        return {
            symbol: Holding(one.quantity, one.avg_entry_price, one.opened_us, bars[symbol] - 1 - entered[symbol])
            for symbol, one in self.positions.items()
        }

    def reserved(self) -> float:
        """What BUY orders at work may still take of the cash, at the newest closes or their limits."""
        return sum(
            (order.quantity - self._done[order.id]) * (order.limit_price or self.prices[order.symbol])
            for order in self.working.values() if order.side is Side.buy
        )  # fmt: skip

    def view(self, now_us: int) -> RiskView:
        """The desk as the gate sees it. No switch is on and no breaker has tripped: those wait for an operator, whom a backtest
        has not."""
        today = exchange_day(now_us)
        pending: defaultdict[str, float] = defaultdict(float)
        for order in self.working.values():
            pending[order.symbol] += order.side.sign * (order.quantity - self._done[order.id])
        opened = {s: one.quantity for s, one in self.positions.items() if exchange_day(one.added_us) == today}
        fills_today = sum(1 for _ in takewhile(lambda fill: exchange_day(fill.ts_us) == today, reversed(self.fills)))
        return RiskView(
            now_us=now_us, equity=self.equity(), cash=self.account.cash, positions=self.positions, prices=self.prices,
            sectors=self.sectors, reserved_cash=self.reserved(), pending_quantity=pending, opened_today=opened,
            day_trades_used=self._day_trades(now_us), trades_today=fills_today,
        )  # fmt: skip

    def _filled(self, fill: Fill) -> None:
        order = self.working.get(fill.order_id)
        if order is not None:
            self._done[order.id] += fill.quantity
            if self._done[order.id] >= order.quantity - 1e-9:
                self.ended(order.id)

    def _day_trades(self, now_us: int) -> int:
        back = days_back(exchange_day(now_us))
        first = [next(back) for _ in range(self.pdt_window_days)][-1]
        count = 0
        for trade in reversed(self.trades):
            day = exchange_day(trade.closed_us)
            if day < first:
                break
            count += exchange_day(trade.added_us) == day
        return count

"""The books of a backtest: cash, positions, prices and closed trades, by the ledger's arithmetic as the desk's own are."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import takewhile

import attrs

from oracle.exchange_days import exchange_day
from oracle.settings_trading import Risk, Trading
from oracle.trading.ledger import DUST, Account, ClosedTrade, Fill, Position, settle
from oracle.trading.order import Order, Side
from oracle.trading.risk.assessment import RiskView
from oracle.trading.risk.pdt import window_start
from oracle.trading.signal import Holding

__all__ = ["Books"]


@attrs.define(eq=False)
class Books:
    """`prices` are the newest closes by symbol, `working` the orders that are not at their end, by id; `bought` and `sold` are
    what was traded in all, in the currency of the account."""

    account: Account
    trading: Trading = attrs.field(factory=Trading)
    pdt_days: int = 5
    shorting: bool = False
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
    def of(cls, capital: float, trading: Trading, risk: Risk, *, shorting: bool) -> Books:
        """Books that begin with so much cash; `shorting` where more may be sold than is held."""
        return cls(Account(initial_cash=capital, cash=capital), trading, risk.pdt.rolling_window_days, shorting)

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
            self.left(order) * (order.limit_price or self.prices[order.symbol])
            for order in self.working.values() if order.side is Side.buy and not order.parent_id
        )  # fmt: skip

    def view(self, now_us: int) -> RiskView:
        """The desk as the gate sees it. No switch is on and no breaker has tripped: those wait for an operator, whom a backtest
        has not."""
        adding: defaultdict[str, float] = defaultdict(float)
        taking: defaultdict[str, float] = defaultdict(float)
        wished = [order for order in self.working.values() if not order.parent_id]  # the exits of a bracket take its place
        for order in wished:
            position, left = self.positions.get(order.symbol), self.left(order)
            if position is not None and position.side is not order.side:
                taking[order.symbol] += left
            else:
                adding[order.symbol] += order.side.sign * left
        return RiskView(
            now_us=now_us, equity=self.equity(), cash=self.account.cash, positions=self.positions, prices=self.prices,
            sectors=self.trading.sectors, reserved_cash=self.reserved(), pending_quantity=adding, pending_exits=taking,
            pending_orders=sum(not self._done[order.id] for order in wished),
            day_trades_used=self._day_trades(now_us), trades_today=self._traded(now_us), shorting=self.shorting,
        )  # fmt: skip

    def left(self, order: Order) -> float:
        """What is not filled of an order at work."""
        return order.quantity - self._done[order.id]

    def _filled(self, fill: Fill) -> None:
        order = self.working.get(fill.order_id)
        if order is not None:
            self._done[order.id] += fill.quantity
            if self.left(order) <= DUST:
                self.ended(order.id)

    def _traded(self, now_us: int) -> int:
        """Orders of which something was filled today."""
        today = exchange_day(now_us)
        return len({fill.order_id for fill in takewhile(lambda one: exchange_day(one.ts_us) == today, reversed(self.fills))})

    def _day_trades(self, now_us: int) -> int:
        start = window_start(now_us, self.pdt_days)
        recent = takewhile(lambda trade: exchange_day(trade.closed_us) >= start, reversed(self.trades))
        return sum(exchange_day(trade.added_us) == exchange_day(trade.closed_us) for trade in recent)

"""Views of a desk for tests of its rules."""

from oracle.trading.ledger import Position
from oracle.trading.order import NewOrder, OrderType, Side
from oracle.trading.risk.assessment import RiskView

NOW_US = 1_718_031_600_000_000  # Monday 10 June 2024, 11:00 in New York
DAY_US = 86_400_000_000
SECTORS = {"AAPL": "Technology", "MSFT": "Technology", "NVDA": "Technology", "XOM": "Energy"}


def held(symbol, quantity, price=100.0, days_ago=30):
    """A position, added to so many days ago."""
    at_us = NOW_US - days_ago * DAY_US
    return Position(symbol=symbol, quantity=quantity, avg_entry_price=price, opened_us=at_us, added_us=at_us)


def view(*positions, equity=100_000.0, cash=None, prices=(), **more):
    """A desk that holds these; what is not in them is in cash."""
    known = {one.symbol: one.avg_entry_price for one in positions} | dict(prices)
    worth = sum(one.worth(known[one.symbol]) for one in positions)
    return RiskView(now_us=NOW_US, equity=equity, cash=equity - worth if cash is None else cash,
                    positions={one.symbol: one for one in positions}, prices=known, sectors=SECTORS, **more)  # fmt: skip


def buy(quantity, symbol="AAPL", limit=None):
    """A wish to buy."""
    return _order(Side.buy, quantity, symbol, limit)


def sell(quantity, symbol="AAPL", limit=None):
    """A wish to sell."""
    return _order(Side.sell, quantity, symbol, limit)


def _order(side, quantity, symbol, limit):
    kind = OrderType.market if limit is None else OrderType.limit
    return NewOrder(symbol=symbol, side=side, quantity=float(quantity), order_type=kind, limit_price=limit)

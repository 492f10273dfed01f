"""Orders and market data for tests of trading, with what they do not care about filled in."""

from __future__ import annotations

from typing import Any

from oracle.model import Bar, Depth, Quote, Trade
from oracle.trading.order import Order

T0_US = 1_700_000_000_000_000
S_US = 1_000_000


def order(ident: str = "o1", side: str = "BUY", kind: str = "MARKET", quantity: float = 10.0, **facts: Any) -> Order:
    """A submitted order for AAPL."""
    plain = {"symbol": "AAPL", "created_us": T0_US, "updated_us": T0_US, "status": "SUBMITTED", "strategy_name": "mine"}
    return Order(**{**plain, "id": ident, "side": side, "order_type": kind, "quantity": quantity, **facts})


def quote(bid: float, ask: float, bid_size: float = 0.0, ask_size: float = 0.0, symbol: str = "AAPL", at_us: int = T0_US,
          source: str = "test") -> Quote:  # fmt: skip
    """A quote; a size of 0 says nothing."""
    return Quote(symbol, bid, bid_size, ask, ask_size, at_us, source)


def trade(price: float, size: float = 1.0, symbol: str = "AAPL", at_us: int = T0_US, source: str = "test") -> Trade:
    """An execution of others."""
    return Trade(symbol, price, size, "buy", "1", at_us, source)


def bar(low: float, open: float, high: float, volume: float = 0.0, at_us: int = T0_US, **facts: Any) -> Bar:
    """A closed daily bar, which closes in the middle."""
    plain = {"symbol": "AAPL", "interval": "1d", "close": (low + high) / 2, "trades": 0, "closed": True, "source": "test"}
    return Bar(**{**plain, "low": low, "open": open, "high": high, "volume": volume, "ts_us": at_us, **facts})


def depth(bids: Any = (), asks: Any = (), snapshot: bool = True, first: int = 1, last: int = 1, source: str = "test") -> Depth:
    """A book of AAPL, or a change of it."""
    return Depth("AAPL", tuple(bids), tuple(asks), snapshot, first, last, T0_US, source)

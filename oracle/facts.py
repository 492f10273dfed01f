"""What sources say beside ticks, and the names it goes by: feeds make it, watchdogs read it.

| sample | subject | value |
| --- | --- | --- |
| `funding_rate` | `BTC-USDT:binance` (symbol and venue) | share of the position per 8 hours; 0.0001 is 0.01 % |
| `mark_price` | symbol and venue | quote currency |
| `book_mid`, `book_spread`, `book_depth_bid`, `book_depth_ask` | symbol and feed | quote currency |
| `http_status` | `binance` (whose health was asked) | the HTTP status; 0 for no answer in time, -1 for none at all |
| `http_response_ms` | the same, and said before its `http_status` | milliseconds until the answer was there, or was given up |
| `vix` | `VIX` | index points |
| `fundamental_NAME` (`fundamental_pe_ratio`) | symbol | what NAME says |

The events, one class below each, hold their attributes as `data`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from oracle.model import Event, Severity, event_id

__all__ = [
    "BOOK_DEPTH_ASK", "BOOK_DEPTH_BID", "BOOK_MID", "BOOK_SPREAD", "FACTS", "FUNDING_RATE", "HTTP_RESPONSE_MS", "HTTP_STATUS",
    "MARK_PRICE", "NO_ANSWER", "NO_CONNECTION", "VIX", "Earnings", "InsiderTrade", "Liquidation", "Transfer", "fact_event",
]  # fmt: skip

FUNDING_RATE, MARK_PRICE, VIX = "funding_rate", "mark_price", "vix"
BOOK_MID, BOOK_SPREAD = "book_mid", "book_spread"
BOOK_DEPTH_BID, BOOK_DEPTH_ASK = "book_depth_bid", "book_depth_ask"
HTTP_STATUS, HTTP_RESPONSE_MS = "http_status", "http_response_ms"
NO_ANSWER, NO_CONNECTION = 0, -1  # instead of an HTTP status


class Transfer(msgspec.Struct, frozen=True, rename={"sender": "from", "receiver": "to"}):
    """Coins moved on a chain; an event `transfer` about the base asset (`BTC`)."""

    sender: str
    receiver: str
    amount: float  # coins
    usd_value: float
    tx_hash: str


class Earnings(msgspec.Struct, frozen=True):
    """A company reported; an event `earnings` about its symbol. Earnings are per share, revenue in total, both in USD."""

    report_date: str  # ISO 8601
    actual_eps: float
    estimated_eps: float
    revenue: float | None = None
    revenue_estimate: float | None = None


class InsiderTrade(msgspec.Struct, frozen=True):
    """An insider of a company traded its shares; an event `insider_trade` about its symbol."""

    insider: str
    side: str  # buy or sell
    shares: float
    price: float  # USD a share
    traded_on: str  # ISO 8601
    role: str = ""


class Liquidation(msgspec.Struct, frozen=True):
    """A venue closed a position by force; an event `liquidation` about the symbol. `side` is that of its order."""

    side: str
    price: float
    size: float
    usd_value: float


_KINDS = {Transfer: "transfer", Earnings: "earnings", InsiderTrade: "insider_trade", Liquidation: "liquidation"}
FACTS = frozenset(_KINDS.values())
"""The kinds of events that a source states and nobody has judged yet."""


def fact_event(fact: Transfer | Earnings | InsiderTrade | Liquidation, subject: str, source: str, ts_us: int, summary: str,
               *salt: object) -> Event:  # fmt: skip
    """The event that says `fact`. The same fact of the same source and time has the same id; `salt` tells others apart."""
    kind = _KINDS[type(fact)]
    data: dict[str, Any] = msgspec.to_builtins(fact)
    return Event(event_id(kind, subject, source, ts_us, *salt), kind, subject, source, Severity.low, summary,
                 {"provider": source, **data}, ts_us)  # fmt: skip

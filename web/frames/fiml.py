"""Frames of FIML's dashboard and of its market sockets."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from web.surfaces.fiml_shapes import DashboardHealth, DashboardStats, WatchdogEvent

__all__ = ["DASHBOARD", "MARKET_HEARD", "MARKET_TOLD"]


class StatsTold(msgspec.Struct):
    """Totals: at first, and every 30 s."""

    type: Literal["stats"]
    data: DashboardStats


class HealthTold(msgspec.Struct):
    """How the watchdogs are: at first, when it changes, and every 30 s."""

    type: Literal["health"]
    data: DashboardHealth


class EventTold(msgspec.Struct):
    """A watchdog saw something."""

    type: Literal["event"]
    data: WatchdogEvent


class SkippedHere(msgspec.Struct):
    """So many messages were not told to this client, which takes them too slowly."""

    type: Literal["skipped"]
    count: int
    reason: str


class SubscriptionAck(msgspec.Struct):
    """Data of this subscription come from now on, each `interval_ms`."""

    type: Literal["subscription_ack"]
    stream_type: str
    symbols: list[str]
    subscription_id: str
    interval_ms: int
    disclaimer: str
    timestamp: datetime


class UnsubscribeAck(msgspec.Struct):
    """These symbols of the stream type come no more; null: none of them does."""

    type: Literal["unsubscribe_ack"]
    stream_type: str
    symbols: list[str] | None
    timestamp: datetime


class MarketItem(msgspec.Struct):
    """The newest of a symbol: of `price` and `multi_asset` its price and change, of `quote` bid and ask, of `ohlcv` the bar of
    the present minute, of `trades` the last one. What is not known is null."""

    symbol: str
    timestamp: datetime
    provider: str
    price: float | None = None
    change: float | None = None
    change_percent: float | None = None
    volume: float | None = None
    confidence: float | None = None
    asset_type: str | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    close: float | None = None
    is_closed: bool | None = None
    bid: float | None = None
    bid_size: float | None = None
    ask: float | None = None
    ask_size: float | None = None
    size: float | None = None
    side: str | None = None
    trade_id: str | None = None


class MarketData(msgspec.Struct):
    """The newest of the symbols of one subscription; those that nothing is known of are missing."""

    type: Literal["data"]
    stream_type: str
    subscription_id: str
    data: list[MarketItem]
    metadata: dict[str, Any]
    disclaimer: str | None
    timestamp: datetime


class Heartbeat(msgspec.Struct):
    """Every 30 s."""

    type: Literal["heartbeat"]
    active_subscriptions: int
    timestamp: datetime


class MarketError(msgspec.Struct):
    """What is wrong: INVALID_JSON, INVALID_MESSAGE_TYPE, SUBSCRIPTION_ERROR, UNSUBSCRIBE_ERROR or PROCESSING_ERROR."""

    type: Literal["error"]
    error_code: str
    message: str
    details: dict[str, Any] | None
    timestamp: datetime


class MarketSubscribe(msgspec.Struct):
    """What a client asks for: `stream_type` price, ohlcv, quote, trades or multi_asset; `interval_ms` 100 to 60,000."""

    type: Literal["subscribe"]
    stream_type: str
    symbols: list[str]
    asset_type: str = "equity"
    market: str = "US"
    interval_ms: int = 1_000
    data_type: str = "price"


class MarketUnsubscribe(msgspec.Struct):
    """What a client does not want any more; no symbols mean all of the stream type."""

    type: Literal["unsubscribe"]
    stream_type: str
    symbols: list[str] | None = None


DASHBOARD = (StatsTold, HealthTold, EventTold, SkippedHere)
MARKET_TOLD = (SubscriptionAck, UnsubscribeAck, MarketData, Heartbeat, MarketError)
MARKET_HEARD = (MarketSubscribe, MarketUnsubscribe)

"""The bodies FIML's clients know, as classes: field names, order and nulls are the contract."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from oracle.alerts.trigger import EventType

__all__ = [
    "ASSET_TYPES", "EVENT_TYPES", "MARKETS", "Asset", "AssetNow", "DashboardHealth", "DashboardStats", "Switched",
    "WatchdogEvent", "WatchdogHealth", "WatchdogStatus",
]  # fmt: skip

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
EVENT_TYPES = tuple(kind.value for kind in EventType)
ASSET_TYPES = ("equity", "crypto", "forex", "commodity", "index", "etf", "option", "future")
MARKETS = ("US", "UK", "EU", "JP", "CN", "HK", "CRYPTO", "GLOBAL")


class DashboardStats(msgspec.Struct, frozen=True):
    """Totals. `active_watchdogs` counts enabled ones; `events_by_severity` has only severities seen so far."""

    total_events: int
    events_by_severity: dict[str, int]
    active_watchdogs: int
    healthy_watchdogs: int
    active_subscriptions: int
    timestamp: Moment


class WatchdogStatus(msgspec.Struct, frozen=True):
    """One watchdog in the table."""

    name: str
    enabled: bool
    running: bool
    status: str
    last_check: Moment | None
    consecutive_failures: int
    total_checks: int


class WatchdogHealth(msgspec.Struct, frozen=True):
    """One watchdog in a `health` message."""

    name: str
    status: str
    last_check: Moment | None
    last_event: Moment | None
    events_emitted: int
    errors: int
    uptime_seconds: float
    consecutive_failures: int
    total_checks: int
    metadata: dict[str, Any]


class DashboardHealth(msgspec.Struct, frozen=True):
    """The `health` message: the worst status of the enabled watchdogs, and each of them."""

    status: str
    watchdogs: list[WatchdogHealth]
    timestamp: Moment


class Asset(msgspec.Struct, frozen=True):
    """What an event is about: `symbol` is the base of a pair, `pair` is `BTC/USD`."""

    symbol: str
    name: str | None
    asset_type: str
    market: str
    exchange: str | None
    currency: str
    pair: str | None


class WatchdogEvent(msgspec.Struct, frozen=True):
    """Something a watchdog saw. `metadata` has `provider` and `simulated`."""

    event_id: str
    type: str
    severity: str
    asset: Asset | None
    description: str
    data: dict[str, Any]
    timestamp: Moment
    watchdog: str
    metadata: dict[str, Any]


class AssetNow(msgspec.Struct, frozen=True):
    """One asset now. `change_percent` is against the close of the previous session, `volume` of the session so far;
    what is not known is null. `metadata` has `provider` and `simulated` where there is a price."""

    symbol: str
    asset_type: str
    price: float | None
    change_percent: float | None
    volume: float | None
    timestamp: Moment
    metadata: dict[str, Any]


class Switched(msgspec.Struct, frozen=True):
    """A watchdog was enabled, disabled or restarted."""

    status: str
    watchdog: str

"""What a delivery carries: FIML's webhook body. Each event is spelled as FIML's dashboard spells it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from oracle.alerts.rule import Rule
from oracle.alerts.trigger import EventFilter, EventType, is_about_asset
from oracle.model import Event, Severity
from oracle.sources import is_simulated
from oracle.symbols import asset_type, base_asset, quote_asset

__all__ = ["PLACES", "delivery_body", "event_body", "rehearsal"]

PLACES = {
    "alert_id": "the alert's id", "alert_name": "the alert's name", "delivery_id": "the same in every try",
    "timestamp": "when it is told", "status": "resolved or escalated; of a firing empty", "test": "true for a test",
    "to": "who is told, where a way tells several",
    "event.type": "its kind", "event.severity": "low, medium, high or critical", "event.description": "what has happened",
    "event.timestamp": "when", "event.watchdog": "who says so", "event.event_id": "its id",
    "event.asset.symbol": "as BTC; empty where it is about no asset", "event.asset.pair": "as BTC/USD",
    "event.asset.asset_type": "crypto, stock, ...", "event.asset.currency": "in which it is priced",
    "event.data.NAME": "what else the event says, by its names", "event.data": "all of that, as JSON",
    "event.metadata.provider": "whose prices", "event.metadata.simulated": "whether they are made up",
    "group.count": "of events that are told together", "group.events": "the first of them",
}
"""Where a template finds what: paths through what a delivery carries, and what stands there."""

_EPOCH = dt.datetime(1970, 1, 1)


def delivery_body(rule: Rule, event: Event, delivery_id: str, now_us: int) -> dict[str, Any]:
    """The JSON of one delivery; `delivery_id` is the same in every try at it."""
    return {
        "alert_id": rule.alert_id,
        "alert_name": rule.name,
        "event": event_body(event),
        "timestamp": _iso(now_us),
        "delivery_id": delivery_id,
    }


def rehearsal(rule: Rule, ident: str, now_us: int) -> Event:
    """An event for a test of the rule: of a kind, a severity and a subject that the rule asks for, saying what it is."""
    wanted = rule.trigger.event_filter or EventFilter()
    kind = str((wanted.event_types or (EventType.price_anomaly,))[0])
    subject = (wanted.assets or ("BTC-USD",))[0].strip().upper()
    severity = (wanted.severities or (Severity.low,))[0]
    summary = f"Test of the alert '{rule.called}': nothing has happened"
    return Event(ident, kind, subject, "watchdog:test", severity, summary, {"provider": "test", "test": True}, now_us)


def event_body(event: Event) -> dict[str, Any]:
    """FIML's WatchdogEvent: the asset's symbol is the base of a pair; null for an event that is about no asset."""
    provider = str(event.data.get("provider", ""))
    return {
        "event_id": event.id,
        "type": event.kind,
        "severity": str(event.severity),
        "asset": _asset(event.subject, event.kind) if is_about_asset(event) else None,
        "description": event.summary,
        "data": event.data,
        "timestamp": _iso(event.ts_us),
        "watchdog": event.source.removeprefix("watchdog:"),
        "metadata": {"provider": provider, "simulated": is_simulated(provider)},
    }


def _asset(symbol: str, kind_of_event: str) -> dict[str, Any]:
    kind = "crypto" if kind_of_event == EventType.whale_movement else asset_type(symbol)  # coins move without a pair
    return {
        "symbol": base_asset(symbol),
        "name": None,
        "asset_type": kind,
        "market": "CRYPTO" if kind == "crypto" else "US",
        "exchange": None,
        "currency": quote_asset(symbol),
        "pair": symbol.replace("-", "/") if "-" in symbol else None,
    }


def _iso(time_us: int) -> str:
    return (_EPOCH + dt.timedelta(microseconds=time_us)).isoformat() + "Z"

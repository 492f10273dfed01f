"""FIML's market sockets, who is connected to them, and its metrics and health; only numbers that somebody counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from actors import Refused
from oracle.model import Severity
from oracle.sources import is_simulated
from web.frames.fiml import MARKET_HEARD, MARKET_TOLD
from web.market import market_stream, price_stream
from web.routes import WS, Auth, Call, Route, Scope
from web.surfaces.fiml import dashboard_stats
from web.surfaces.front import VERSION, readiness
from web.wire import iso

__all__ = ["ROUTES"]


@attrs.frozen
class Connections:
    """Open market sockets and what they want."""

    active_connections: int
    total_subscriptions: int
    subscribed_symbols: list[str]


@attrs.frozen
class FimlHealth:
    """One part: `status` is healthy or unhealthy, `details` says why; `environment` is simulated where nothing but that market is
    fed in, else live."""

    status: str
    service: str
    version: str
    environment: str
    details: dict[str, Any]
    timestamp: datetime


@attrs.frozen
class WatchdogMetrics:
    """What all watchdogs have done. `success_rate` is the share of checks that did not fail, `detection_rate` events per check;
    null where there was no check."""

    total_watchdogs: int
    active_watchdogs: int
    total_checks: int
    failed_checks: int
    success_rate: float | None
    total_events: int
    events_by_severity: dict[str, int]
    detection_rate: float | None
    timestamp: datetime


async def stream(call: Call) -> None:
    """Prices, bars, quotes or trades of symbols at an interval: `{"type": "subscribe", "stream_type": "price", "symbols":
    ["AAPL", "BTC"], "interval_ms": 1000}`."""
    await market_stream(call)


async def prices(call: Call) -> None:
    """Prices of the symbols in the address, each second."""
    await price_stream(call, call.args["symbols"].split(","))


async def connections(call: Call) -> Connections:
    """Who is connected to the market sockets, and to what."""
    nodes = _sockets(call)
    symbols = [symbol for node in nodes for symbol in node.about.get("topics", ())]
    return Connections(len(nodes), len(symbols), sorted(set(symbols)))


async def health(call: Call) -> FimlHealth:
    """Whether everything is well."""
    ready = readiness(call.system)
    return _health(call, "fiml", ready.status == "ready", {one.name: one.reason or "ready" for one in ready.dependencies})


async def health_part(call: Call) -> FimlHealth:
    """Whether one part is well: db (the history), cache (the newest values in memory), providers (feeds)."""
    part, system = call.args["part"], call.system
    match part:
        case "db":
            state = system.store.statistics.state
            return _health(call, part, state == "ok", {"history": state, "waiting_rows": system.store.statistics.pending})
        case "cache":
            kept = len(system.runtime.bus.retained("*"))
            return _health(call, part, True, {"kept_topics": kept, "redis": "not configured: the newest values are in memory"})
        case "providers":
            feeds = {name: _feed(system, name) for name in system.statistics}
            return _health(call, part, all(one["connected"] for one in feeds.values()), feeds)
    raise Refused(f"no part is called '{part}'", code="not_found")


async def health_provider(call: Call) -> FimlHealth:
    """Whether one feed is well."""
    name = call.args["name"]
    if name not in call.system.statistics:
        raise Refused(f"Provider '{name}' not found", code="not_found")
    found = _feed(call.system, name)
    return _health(call, name, found["connected"] and not found["stale"], found)


async def watchdog_metrics(call: Call) -> WatchdogMetrics:
    """What all watchdogs have done so far, over all runs."""
    stats = dashboard_stats(call.system)
    values = [state.value for state in call.system.board.kind("watchdog") if state.value]
    checks, failed = (sum(value[key] for value in values) for key in ("total_checks", "errors"))
    by_severity = {level.value: stats.events_by_severity.get(level.value, 0) for level in Severity}
    return WatchdogMetrics(
        len(values), stats.active_watchdogs, checks, failed, round(1 - failed / checks, 6) if checks else None,
        stats.total_events, by_severity, round(stats.total_events / checks, 6) if checks else None,
        iso(call.system.runtime.now_us()),
    )  # fmt: skip


async def metrics(call: Call) -> dict[str, Any]:
    """Counters of one part: cache (newest values in memory), performance (history, mailboxes), tasks (runs)."""
    part, system = call.args["part"], call.system
    now = {"timestamp": iso(system.runtime.now_us())}
    match part:
        case "cache":
            return {"kept_topics": len(system.runtime.bus.retained("*")), "replay_bytes": system.ring.bytes,
                    "redis": "not configured", **now}  # fmt: skip
        case "performance":
            statistics, bus = system.store.statistics, system.runtime.bus
            return {"published": bus.offset, "stored_until": statistics.watermark, "waiting_rows": statistics.pending,
                    "rows_dropped": statistics.rows_dropped, "dead_letters": system.runtime.dead_letter_count, **now}  # fmt: skip
        case "tasks":
            runs = [state.value["status"] for state in system.board.kind("run") if state.value]
            return {"total": len(runs), "by_status": {status: runs.count(status) for status in sorted(set(runs))}, **now}
    raise Refused(f"there are no metrics of '{part}'", code="not_found")


def _sockets(call: Call) -> list[Any]:
    runtime = call.system.runtime
    if not runtime.alive("sockets"):
        return []
    return [node for node in runtime.node("sockets").children if node.kind == "MarketSocket"]


def _feed(system: Any, name: str) -> dict[str, Any]:
    one = system.statistics[name]
    return {"connected": one.connected, "stale": one.stale, "messages": one.messages, "failures": one.failures,
            "last_error": one.last_error or None}  # fmt: skip


def _health(call: Call, service: str, well: bool, details: dict[str, Any]) -> FimlHealth:
    if not well:
        raise Refused(f"{service} is unhealthy: {details}", code="unavailable")
    simulated = all(map(is_simulated, call.system.statistics)) and bool(call.system.statistics)
    environment = "simulated" if simulated else "live"
    return FimlHealth("healthy", service, VERSION, environment, details, iso(call.system.runtime.now_us()))


_TAG = "market"
_READ: dict[str, Any] = {"auth": Auth.token, "scope": Scope.read, "tag": _TAG}
ROUTES = (
    Route(WS, "/ws/stream", stream, tells=MARKET_TOLD, hears=MARKET_HEARD, **_READ),
    Route(WS, "/ws/prices/{symbols}", prices, tells=MARKET_TOLD, hears=MARKET_HEARD, **_READ),
    Route("GET", "/ws/connections", connections, answer=Connections, **_READ),
    Route("GET", "/health", health, answer=FimlHealth, refuses=(503,), **_READ),
    Route("GET", "/health/{part}", health_part, answer=FimlHealth, refuses=(404, 503), **_READ),
    Route("GET", "/health/providers/{name}", health_provider, answer=FimlHealth, refuses=(404, 503), **_READ),
    Route("GET", "/api/metrics/watchdog", watchdog_metrics, answer=WatchdogMetrics, **_READ),
    Route("GET", "/api/metrics/{part}", metrics, answer=dict, refuses=(404,), **_READ),
)

"""FIML's watchdog dashboard: statistics, watchdogs and their switches, events, assets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors import Refused
from oracle.alerts.payload import event_body
from oracle.model import Command, Event, Severity
from oracle.system import System
from oracle.watchdogs.switchboard import is_on
from web.routes import Auth, Call, Param, Route, Scope
from web.surfaces.fiml_assets import assets_now
from web.surfaces.fiml_shapes import (
    ASSET_TYPES,
    EVENT_TYPES,
    MARKETS,
    AssetNow,
    DashboardHealth,
    DashboardStats,
    Switched,
    WatchdogEvent,
    WatchdogHealth,
    WatchdogStatus,
)
from web.wire import iso

__all__ = ["ROUTES", "dashboard_health", "dashboard_stats", "fiml_event", "watchdogs_now"]

_SEVERITIES = tuple(level.value for level in Severity)
_WORST = ("unhealthy", "degraded", "healthy")


def dashboard_stats(system: System) -> DashboardStats:
    """The body of `/dashboard/stats` and of the stream's `stats` message."""
    values = watchdogs_now(system)
    tally = system.tally
    return DashboardStats(
        total_events=tally.total,
        events_by_severity={name: tally.by_severity[name] for name in _SEVERITIES if tally.by_severity[name]},
        active_watchdogs=sum(value["enabled"] for value in values),
        healthy_watchdogs=sum(value["status"] == "healthy" for value in values),
        active_subscriptions=_subscriptions(system),
        timestamp=iso(system.runtime.now_us()),
    )  # fmt: skip


def dashboard_health(system: System) -> DashboardHealth:
    """The body of the stream's `health` message."""
    now_us = system.runtime.now_us()
    values = watchdogs_now(system)
    found = {value["status"] for value in values if value["enabled"]}
    worst = next((status for status in _WORST if status in found), "healthy")
    return DashboardHealth(worst, [_health(value, now_us) for value in values], iso(now_us))


def fiml_event(event: Event) -> dict[str, Any]:
    """A watchdog event in FIML's words (`WatchdogEvent`), the same that webhooks carry."""
    return event_body(event)


async def stats(call: Call) -> DashboardStats:
    """Overall statistics: events, watchdogs, connections."""
    return dashboard_stats(call.system)


async def watchdogs(call: Call) -> list[WatchdogStatus]:
    """Every watchdog, in the order they were set up."""
    return [_status(value) for value in watchdogs_now(call.system)]


async def events(call: Call) -> list[dict[str, Any]]:
    """Recent watchdog events, newest first, also those of earlier runs."""
    kind = call.args["event_type"]
    if kind is not None and kind not in EVENT_TYPES:
        raise Refused(f"Invalid event type: {kind}", code="invalid")
    sources = [state.ref for state in call.system.board.kind("watchdog")]
    if not sources:
        return []
    page = await call.system.queries.events(
        kind=kind, severity=call.args["severity"], source=sources, limit=call.args["limit"], newest_first=True
    )
    return [fiml_event(_event_of(row)) for row in page.items]


async def monitor(call: Call) -> list[AssetNow]:
    """Price, change and volume of assets now, one row per symbol in the order asked for."""
    return await assets_now(call.system, call.args["symbols"], call.args["asset_type"])


async def enable(call: Call) -> Switched:
    """Enable a watchdog; it checks at once."""
    return await _switch(call, "enable", "enabled")


async def disable(call: Call) -> Switched:
    """Disable a watchdog; stays so over restarts."""
    return await _switch(call, "disable", "disabled")


async def restart(call: Call) -> Switched:
    """Give a watchdog a new life; a disabled one stays disabled."""
    return await _switch(call, "restart", "restarted")


async def _switch(call: Call, verb: str, done: str) -> Switched:
    name = call.args["name"]
    await call.system.runtime.ask("switchboard", Command(verb, {"name": name}, call.who.name, call.command_id))
    return Switched(done, name)


def watchdogs_now(system: System) -> list[Mapping[str, Any]]:
    """The watchdogs that are set up, in the order of their table, as they put themselves on the board; one whose
    restarts are exhausted could not say so itself."""
    known = [value for name in system.watchdogs if (value := system.board.get(f"watchdog:{name}")) is not None]
    return [_as_it_is(system, value) for value in known]


def _as_it_is(system: System, value: Mapping[str, Any]) -> Mapping[str, Any]:
    name = value["name"]
    enabled = is_on(system.board, name)
    running = value["running"] and system.runtime.alive(f"watchdog:{name}")
    status = value["status"] if running or not enabled else "unhealthy"
    return {**value, "enabled": enabled, "running": running, "status": status}


def _status(value: Mapping[str, Any]) -> WatchdogStatus:
    checked = value["last_check_us"]
    return WatchdogStatus(
        value["name"],
        value["enabled"],
        value["running"],
        value["status"],
        iso(checked) if checked else None,
        value["consecutive_failures"],
        value["total_checks"],
    )


def _health(value: Mapping[str, Any], now_us: int) -> WatchdogHealth:
    checked, spoke, since = value["last_check_us"], value["last_event_us"], value["started_us"]
    return WatchdogHealth(
        name=value["name"], status=value["status"], last_check=iso(checked) if checked else None,
        last_event=iso(spoke) if spoke else None, events_emitted=value["events_emitted"], errors=value["errors"],
        uptime_seconds=round((now_us - since) / 1e6, 3) if since and value["running"] else 0.0,
        consecutive_failures=value["consecutive_failures"], total_checks=value["total_checks"],
        metadata={"enabled": value["enabled"], "running": value["running"]},
    )  # fmt: skip


def _event_of(row: Mapping[str, Any]) -> Event:
    names = ("id", "kind", "subject", "source", "summary", "data", "ts_us", "cause")
    return Event(severity=Severity(row["severity"]), **{name: row[name] for name in names})


def _subscriptions(system: System) -> int:
    """Open market data sockets; those of the dashboard watch the system, not the market, and do not count."""
    if not system.runtime.alive("sockets"):
        return 0
    return sum(node.kind != "DashboardSocket" for node in system.runtime.node("sockets").children)


_LIMIT = Param("limit", "int", default=100, ge=1, le=1000, doc="most rows")
_SEVERITY = Param("severity", choices=_SEVERITIES, doc="only this severity")
_TYPE = Param("event_type", shape={"enum": list(EVENT_TYPES)}, doc="only this type: " + ", ".join(EVENT_TYPES))
_SYMBOLS = Param("symbols", many=True, required=True, doc="one comma list, repeated keys, or both: BTC, BTC-USD, AAPL")
_ASSET_TYPE = Param("asset_type", default="equity", choices=ASSET_TYPES)
_MARKET = Param("market", default="US", choices=MARKETS)
_TAG = "dashboard"
_WATCHDOG = "/dashboard/watchdogs/{name}"
_ASKED = (404, 409, 503, 504)
ROUTES = (
    Route("GET", "/dashboard/stats", stats, Auth.token, answer=DashboardStats, tag=_TAG),
    Route("GET", "/dashboard/watchdogs", watchdogs, Auth.token, answer=list[WatchdogStatus], tag=_TAG),
    Route(
        "GET",
        "/dashboard/events",
        events,
        Auth.token,
        params=(_LIMIT, _SEVERITY, _TYPE),
        answer=list[WatchdogEvent],
        refuses=(400, 503),
        tag=_TAG,
    ),
    Route(
        "GET",
        "/dashboard/assets/monitor",
        monitor,
        Auth.token,
        params=(_SYMBOLS, _ASSET_TYPE, _MARKET),
        answer=list[AssetNow],
        tag=_TAG,
    ),
    Route("POST", f"{_WATCHDOG}/enable", enable, Auth.token, Scope.operate, answer=Switched, refuses=_ASKED, tag=_TAG),
    Route(
        "POST", f"{_WATCHDOG}/disable", disable, Auth.token, Scope.operate, answer=Switched, refuses=_ASKED, tag=_TAG
    ),
    Route(
        "POST", f"{_WATCHDOG}/restart", restart, Auth.token, Scope.operate, answer=Switched, refuses=_ASKED, tag=_TAG
    ),
)

"""FLOPY-NET's configuration of the dashboard: read, and changed in parts."""

from __future__ import annotations

from typing import Any

from oracle.model import Command
from oracle.services import Config, config_of, merged
from web.routes import Auth, Call, Family, Route, Scope

__all__ = ["ROUTES"]


async def config(call: Call) -> Config:
    """The configuration that is in force."""
    return config_of(call.system.board)


async def configure(call: Call) -> Config:
    """Change what the body names, and nothing else; answers with all of it, once it is stored and in force.

    `refresh_interval` (milliseconds) is how often metrics are told on /ws/dashboard, `max_experiments` how many are at work at
    once, `retention_days` how long what is over is shown. Switched off, `real_time_metrics` refuses /metrics/live and tells
    no metrics, `experiment_scheduling` refuses `scheduled_at`, `alert_notifications` tells no alerts. The URLs of `integration`
    are asked how they are; an empty text stops that. Each change is an event `config_changed`.
    """
    merged(config_of(call.system.board), call.body)
    command = Command("configure", {"change": call.body}, call.who.name, call.command_id)
    changed: Config = await call.system.runtime.ask("services", command)
    return changed


_V1: dict[str, Any] = {"auth": Auth.token, "family": Family.v1, "tag": "flopy_net", "answer": Config}
ROUTES = (
    Route("GET", "/api/v1/config", config, head=True, **_V1),
    Route("PUT", "/api/v1/config", configure, scope=Scope.admin, body=Config, strict=True, refuses=(503, 504),
          complaint="Invalid configuration", **_V1),
)  # fmt: skip

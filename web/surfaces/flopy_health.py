"""FLOPY-NET's health: how the services are, and what this server itself depends on."""

from __future__ import annotations

import shutil
from datetime import datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import attrs
import msgspec
import trio

from actors import ActorCrashed, AskTimeout, MailboxFull, NobodyOwns, Refused
from oracle.history import Commit
from oracle.model import ref
from oracle.services import config_of, status_of
from oracle.system import System
from web.routes import Auth, Call, Family, Route
from web.surfaces.flopy_shapes import second
from web.surfaces.front import VERSION

__all__ = ["ROUTES", "duration"]

LEAST_FREE_BYTES = 64 * 1024 * 1024
TIMEOUT_S = 2.0
NOT_OURS = ("influxdb", "redis", "mongodb")
_NO_ANSWER = (Refused, AskTimeout, ActorCrashed, MailboxFull, NobodyOwns)


class Checked(msgspec.Struct, frozen=True, omit_defaults=True):
    """`status` is healthy, degraded, down, stale (it pushes, and has not for three intervals) or not_checked; `issues` say what
    is wrong, or why it is not asked. What is not known is null."""

    status: str
    response_time: str | None
    last_check: datetime | None
    issues: list[str] = []


@attrs.frozen
class Health:
    """`status` is that of this server: unhealthy where its history takes no writes or its disk is full. A service that is not
    well leaves it healthy, and says so itself."""

    status: str
    version: str
    uptime: str
    services: dict[str, Checked]
    issues: list[str]


@attrs.frozen
class DependencyShown:
    """`status` is connected, disconnected or not_configured."""

    status: str
    response_time: str | None
    version: str | None


@attrs.frozen
class Dependencies:
    """`duckdb` is the history's database, `event_log` the way of a row into it, `disk` where both are. The other three this
    server does not use."""

    dependencies: dict[str, DependencyShown]


async def health(call: Call) -> Health:
    """How this server is, and the services around it: those of the configuration, as they answered last, and those that push."""
    system = call.system
    names = [*config_of(system.board).integration.urls]
    names += [name for state in system.board.kind("service") if (name := state.ref.partition(":")[2]) not in names]
    issues = await _issues(system)
    now_us = system.runtime.now_us()
    return Health(
        "unhealthy" if issues else "healthy", VERSION, duration((now_us - system.vitals.since_us) / 1e6),
        {name: _service(system, name, now_us) for name in names}, issues,
    )  # fmt: skip


async def dependencies(call: Call) -> Dependencies:
    """What this server depends on, each asked just now. It needs no InfluxDB, Redis or MongoDB."""
    system = call.system
    found = {
        "duckdb": await _timed(partial(_stored, system), metadata.version("duckdb")),
        "event_log": await _timed(partial(system.runtime.ask, "history", Commit(()), TIMEOUT_S), VERSION),
        "disk": await _timed(partial(_roomy, system.settings.data.folder), None),
    }
    return Dependencies(found | dict.fromkeys(NOT_OURS, DependencyShown("not_configured", None, None)))


def duration(seconds: float) -> str:
    """A span as people say it: `2d 4h 15m 30s`."""
    minutes, s = divmod(int(seconds), 60)
    hours, m = divmod(minutes, 60)
    d, h = divmod(hours, 24)
    parts = [(d, "d"), (h, "h"), (m, "m"), (s, "s")]
    while len(parts) > 1 and parts[0][0] == 0:
        del parts[0]
    return " ".join(f"{count}{unit}" for count, unit in parts)


def _service(system: System, name: str, now_us: int) -> Checked:
    """How it answered, how it says it is, and the worse of both."""
    check, value = system.vitals.checks.get(name), system.board.get(ref("service", name))
    status, issues = ("not_checked", ["not asked yet"]) if check is None else (check.status, list(check.issues))
    answered_ms, at_us = (None, None) if check is None else (check.response_ms, check.at_us)
    if value is not None:
        said, what = status_of(value, now_us, system.settings.experiments.memory_warning_pct)
        asked = status != "not_checked"
        issues = [*(issues if asked else ()), *what]
        status = max((status, said), key=_WORSE.index) if asked else said
        at_us = max(at_us or 0, value["at_us"])
    return Checked(status, _ms(answered_ms), second(at_us), issues)


async def _issues(system: System) -> list[str]:
    statistics, issues = system.store.statistics, []
    if statistics.state == "down":
        issues.append(f"History takes no writes: {statistics.last_error or 'no reason was given'}")
    try:
        await _roomy(system.settings.data.folder)
    except OSError as error:
        issues.append(str(error))
    return issues


async def _roomy(folder: Path) -> None:
    """Raises OSError where the disk is full, or gone."""
    found = await trio.to_thread.run_sync(shutil.disk_usage, folder)
    if found.free < LEAST_FREE_BYTES:
        raise OSError(f"Disk is nearly full: {found.free // 2**20} MB are free")


async def _stored(system: System) -> None:
    """Raises Refused where the database can't be written or read."""
    if system.store.statistics.state == "down":
        raise Refused("the history takes no writes", "unavailable")
    await system.queries.gaps(limit=1)


async def _timed(ask: Any, version: str | None) -> DependencyShown:
    began_s = trio.current_time()
    try:
        with trio.fail_after(TIMEOUT_S):
            await ask()
    except (*_NO_ANSWER, OSError, trio.TooSlowError):
        return DependencyShown("disconnected", None, version)
    return DependencyShown("connected", _ms((trio.current_time() - began_s) * 1000), version)


def _ms(took_ms: float | None) -> str | None:
    if took_ms is None:
        return None
    return f"{took_ms:.0f}ms" if took_ms >= 1 else f"{took_ms:.2g}ms"


_WORSE = ("healthy", "stale", "degraded", "down")
_V1: dict[str, Any] = {"auth": Auth.token, "family": Family.v1, "tag": "flopy_net", "head": True}
ROUTES = (
    Route("GET", "/api/v1/health", health, answer=Health, **_V1),
    Route("GET", "/api/v1/health/dependencies", dependencies, answer=Dependencies, **_V1),
)

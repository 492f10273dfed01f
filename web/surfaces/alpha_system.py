"""Alpha-oracle's system routes: what is connected, and the jobs of the scheduler."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import attrs

from oracle.model import Command, State
from oracle.runs import Run
from oracle.system import System
from web.routes import Auth, Call, Route, Scope
from web.wire import iso

__all__ = ["ROUTES"]

Word = Literal["connected", "disconnected"]
_NO_MARKET = ("health", "poll")  # kinds of feeds that tell of something else than what is traded


@attrs.frozen
class SystemStatus:
    """Whether the broker, and any feed of market data, can be reached; `ibkr_gateway_connected` only where the broker is
    Interactive Brokers'."""

    broker: Word
    feed: Word
    ibkr_gateway_connected: bool


@attrs.frozen
class SystemHealth:
    """The same, with `database`: whether the history takes writes, and `redis`: there is none here, it says whether our own bus
    hands out what is published, which it holds back while the history is too far behind."""

    broker: Word
    feed: Word
    database: Word
    redis: Word
    ibkr_gateway_connected: bool


@attrs.frozen(kw_only=True)
class JobShown:
    """A job: `cron` on the clock of `timezone` ("off": only by hand), `next_run_time` null where there is none.
    `last_scheduled_time` is the time it was last started for by itself, `missed_time` the last one that passed while the server
    was down, for which it was started later. `last_status` is that of the run `last_run_id` (queued, running, completed, failed,
    cancelled), or unavailable where it could not do its work for want of something, as `last_outcome` says."""

    id: str
    next_run_time: datetime | None
    cron: str
    timezone: str | None
    last_run_id: str | None
    last_run_time: datetime | None
    last_status: str | None
    last_outcome: str | None
    last_scheduled_time: datetime | None
    missed_time: datetime | None
    problem: str | None


@attrs.frozen
class Triggered:
    """A job was started: `run_id` is at /api/oracle/runs/{run_id}."""

    status: str
    job: str
    run_id: str


async def health(call: Call) -> SystemHealth:
    """What is connected, the database and the bus (`redis`) too."""
    now, system = _status(call.system), call.system
    return SystemHealth(
        now.broker, now.feed, _word(system.store.statistics.state == "ok"), _word(not system.runtime.bus.gated),
        now.ibkr_gateway_connected,
    )  # fmt: skip


async def status(call: Call) -> SystemStatus:
    """What is connected."""
    return _status(call.system)


async def jobs(call: Call) -> list[JobShown]:
    """The jobs of the scheduler, when they run next and what became of them last."""
    return [_job(state) for state in call.system.board.kind("job")]


async def trigger(call: Call) -> Triggered:
    """Start a job now, whenever it is due; answers when that is on disk, the run goes on by itself."""
    name = call.args["job_name"]
    run: Run = await call.system.runtime.ask("scheduler", Command("trigger", {"job": name}, call.who.name, call.command_id))
    return Triggered("triggered", name, run.id)


def _status(system: System) -> SystemStatus:
    provider = system.settings.broker.provider
    broker = (system.board.get(f"broker:{provider}") or {}).get("connected", False)
    tables = system.settings.wanted_feeds()
    feed = any(one.connected and not one.stale for name, one in system.statistics.items()
               if str(tables.get(name, {}).get("kind", name)) not in _NO_MARKET)  # fmt: skip
    return SystemStatus(_word(broker), _word(feed), bool(broker) and provider == "ibkr")


def _word(connected: bool) -> Word:
    return "connected" if connected else "disconnected"


def _job(state: State) -> JobShown:
    value = state.value or {}
    return JobShown(
        id=state.ref.partition(":")[2], next_run_time=_time(value["next_run_us"]), cron=value["cron"], timezone=value["timezone"],
        last_run_id=value["last_run_id"], last_run_time=_time(value["last_run_us"]), last_status=value["last_status"],
        last_outcome=value["last_outcome"], last_scheduled_time=_time(value["last_due_us"]),
        missed_time=_time(value["missed_us"]), problem=value["problem"],
    )  # fmt: skip


def _time(at_us: int | None) -> datetime | None:
    return None if at_us is None else iso(at_us)


_READ = {"auth": Auth.token, "tag": "system"}
ROUTES = (
    Route("GET", "/api/system/health", health, answer=SystemHealth, **_READ),
    Route("GET", "/api/system/status", status, answer=SystemStatus, **_READ),
    Route("GET", "/api/system/scheduler/jobs", jobs, answer=list[JobShown], **_READ),
    Route("POST", "/api/system/scheduler/trigger/{job_name}", trigger, Auth.token, Scope.operate, answer=Triggered,
          refuses=(404, 503, 504), tag="system"),
)  # fmt: skip

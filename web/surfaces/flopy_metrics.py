"""FLOPY-NET's live metrics: how services are just now, and the way in for what they say of themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from actors import Refused
from oracle.border import structure
from oracle.history import Commit
from oracle.model import Command
from oracle.problems import closest, one_of
from oracle.services import Telemetry, config_of
from web.errors import invalid
from web.live_metrics import METRICS, known_services, live
from web.routes import Answer, Auth, Call, Family, Param, Route, Scope
from web.surfaces.flopy_shapes import iso_second

__all__ = ["ROUTES"]


@attrs.frozen
class LiveMetrics:
    """By service: `status` (healthy, degraded, down, stale, unavailable), and as far as it is known `cpu_usage` (percent of one
    processor), `memory_usage` (MB), `throughput` (as `15MB/s`), and what the service counts of its own. A service that is stale
    or unavailable has no numbers; `last_update` is when it spoke last."""

    timestamp: datetime
    services: dict[str, dict[str, Any]]


@attrs.frozen
class Ingested:
    """What a service said is stored."""

    status: str
    service: str
    timestamp: datetime


async def live_metrics(call: Call) -> LiveMetrics:
    """How services are just now.

    `fl_server` and `collector` are this process, unless somebody pushes under their names: `fl_server` with the workers that
    train for it (`active_clients` are those that train, `current_round` is that of the newest experiment, `throughput` what
    rounds report), `collector` with the rows that the history has stored (`metrics_processed`) and those that wait
    (`queue_size`). Every other service has what it pushed, for three of its intervals; after that it is stale.
    """
    if not config_of(call.system.board).features.real_time_metrics:
        raise Refused("real-time metrics are switched off", "unavailable", {"retry_after_s": 60})
    services = list(dict.fromkeys(call.args["services"]))
    known = known_services(call.system)
    for name in services:
        if name not in known:
            raise invalid("enum", ["query", "services"], f"there is no service {name[:64]!r}; there are {_some(known)}", name)
    for name in call.args["metrics"]:
        if name not in METRICS:
            meant = closest(name, METRICS)
            hint = f"; did you mean {meant!r}?" if meant else ""
            raise invalid("enum", ["query", "metrics"], f"Input should be {one_of(METRICS)}, not {name[:64]!r}{hint}", name)
    return LiveMetrics(**live(call.system, services, call.args["metrics"], call.args["interval"]))


async def ingest(call: Call) -> Answer:
    """Take what a service says of itself; answers once it is stored.

    `cpu` is percent of one processor, `memory` megabytes, `network` bytes a second, `custom` numbers and words of its own; what
    it does not know it leaves out. With `memory_limit_mb`, much use of memory raises an alert. It is expected to speak again in
    `interval` seconds (5), and is stale after three of them.
    """
    said = structure(Telemetry, call.body, path=("body",))
    if said.cpu is said.memory is said.network is None and not said.custom:
        raise invalid("missing", ["body"], "give at least one of cpu, memory, network and custom")
    state = await call.system.runtime.ask("services", Command("ingest", {"said": said}, call.who.name, call.command_id))
    await call.system.runtime.ask("history", Commit(()))
    return Answer(Ingested("accepted", said.service, iso_second(state.ts_us)), 202)


def _some(names: list[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


_PARAMS = (
    Param("services", many=True, le=64, doc="those only; all, if none is named"),
    Param("metrics", many=True, le=64, shape={"enum": list(METRICS)}, doc="cpu, memory, network, custom; all, if none is named"),
    Param("interval", "float", default=5.0, ge=0.1, le=3_600, doc="seconds that processor time and throughput are told over"),
)
_V1 = {"auth": Auth.token, "family": Family.v1, "tag": "flopy_net"}
ROUTES = (
    Route("GET", "/api/v1/metrics/live", live_metrics, params=_PARAMS, answer=LiveMetrics, refuses=(503,), head=True, **_V1),
    Route("POST", "/api/v1/metrics/ingest", ingest, scope=Scope.operate, body=Telemetry, strict=True, answer=Ingested, done=202,
          refuses=(503, 504), complaint="Invalid telemetry", **_V1),
)  # fmt: skip

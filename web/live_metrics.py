"""How services are just now, as FLOPY-NET's clients read it: one answer for who asks and for who is told.

`fl_server` and `collector` are this process: it runs experiments, with workers of its own, and it is the bus and the history. Of
the others there is what they push and how they answer. What nobody knows is left out, and its `status` says why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from oracle.experiments import KIND, figures_of
from oracle.model import ref
from oracle.runs.run import Run, Status, run_of
from oracle.services import is_stale, status_of
from oracle.services.processes import Load
from oracle.system import System
from web.surfaces.flopy_shapes import iso_second, megabytes

__all__ = ["METRICS", "SERVICES", "known_services", "live", "rate"]

SERVICES = ("fl_server", "collector", "policy_engine", "sdn")
"""Those that are always known."""
METRICS = ("cpu", "memory", "network", "custom")
OURS = ("fl_server", "collector")


def known_services(system: System) -> list[str]:
    """Who may be asked about: the four, and who has pushed."""
    pushed = (state.ref.partition(":")[2] for state in system.board.kind("service"))
    return list(dict.fromkeys((*SERVICES, *pushed)))


def live(system: System, services: Sequence[str] = (), metrics: Collection[str] = (), interval_s: float = 5.0) -> dict[str, Any]:
    """`{timestamp, services: {NAME: {status, ...}}}` of those services (all, if none is named) and metrics (likewise). Processor
    time and throughput are over the last `interval_s` seconds, or since somebody asked before that."""
    wanted = services or known_services(system)
    kinds = set(metrics or METRICS)
    runs = _experiments(system) if not set(OURS).isdisjoint(wanted) else []
    load = _load(system, runs, interval_s) if not set(OURS).isdisjoint(wanted) else None
    shown = {name: _service(system, name, kinds, runs, load) for name in wanted}
    return {"timestamp": iso_second(system.runtime.now_us()), "services": shown}


def _service(system: System, name: str, kinds: Collection[str], runs: Sequence[Run], load: Load | None) -> dict[str, Any]:
    value = system.board.get(ref("service", name))
    if value is not None:
        return _pushed(system, value, kinds)
    if load is not None and name in OURS:
        rows = _trainer(load, runs) if name == "fl_server" else _collector(system, load)
        status = "healthy" if name == "fl_server" or system.store.statistics.state == "ok" else "down"
        return {"status": status, **_of_kinds(rows, kinds)}
    check = system.vitals.checks.get(name)
    known = check is not None and check.status != "not_checked"
    return {"status": check.status if check is not None and known else "unavailable"}


def _pushed(system: System, value: Mapping[str, Any], kinds: Collection[str]) -> dict[str, Any]:
    now_us = system.runtime.now_us()
    status, _ = status_of(value, now_us, system.settings.experiments.memory_warning_pct)
    if is_stale(value, now_us):
        return {"status": status, "last_update": iso_second(value["at_us"])}
    rows: dict[str, dict[str, Any]] = {
        "cpu": {"cpu_usage": value["cpu"]}, "memory": {"memory_usage": value["memory"]}, "custom": dict(value["custom"]),
        "network": {"throughput": None if value["network"] is None else rate(value["network"])},
    }  # fmt: skip
    return {"status": status, **_of_kinds(rows, kinds), "last_update": iso_second(value["at_us"])}


def _trainer(load: Load, runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    clients = sum(row["status"] == "training" for run in runs for row in run.facts.get("clients", ()))
    newest = max(runs, key=lambda run: run.started_us or 0, default=None)
    return {
        "cpu": {"cpu_usage": _tenth(load.all_cpu_pct)}, "memory": {"memory_usage": _tenth(load.all_memory_mb)},
        "network": {"throughput": None if load.bytes_per_s is None else rate(load.bytes_per_s)},
        "custom": {"active_clients": clients, "current_round": figures_of(newest).rounds if newest else 0},
    }  # fmt: skip


def _collector(system: System, load: Load) -> dict[str, dict[str, Any]]:
    statistics = system.store.statistics
    return {
        "cpu": {"cpu_usage": _tenth(load.own_cpu_pct)}, "memory": {"memory_usage": _tenth(load.own_memory_mb)},
        "custom": {"metrics_processed": statistics.rows_written, "queue_size": statistics.pending},
    }  # fmt: skip


def _of_kinds(rows: Mapping[str, Mapping[str, Any]], kinds: Collection[str]) -> dict[str, Any]:
    """What is known of what was asked for."""
    found: dict[str, Any] = {}
    for kind, row in rows.items():
        if kind in kinds:
            found |= {name: value for name, value in row.items() if value is not None}
    return found


def _experiments(system: System) -> list[Run]:
    values = (state.value for state in system.board.kind("run"))
    return [run_of(value) for value in values if value and value["kind"] == KIND and value["status"] == Status.running]


def _load(system: System, runs: Sequence[Run], interval_s: float) -> Load:
    moved = {run.id: figures_of(run).sent_bytes for run in runs}
    older = {run.id for run in runs if run.created_us < system.vitals.since_us}
    return system.vitals.processes.load(interval_s, moved, older)


def rate(bytes_per_s: float) -> str:
    """Bytes a second as people say them: `15MB/s`."""
    return f"{megabytes(round(bytes_per_s))}/s"


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

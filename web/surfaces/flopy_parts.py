"""Parts of one experiment of FLOPY-NET, for clients that need no more: its clients, figures, rounds, state, results."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from web.routes import Call, Route
from web.surfaces.flopy_experiments import READ, find
from web.surfaces.flopy_shapes import (
    ExperimentMetrics,
    FederatedClient,
    RoundRow,
    asked_of,
    clients_of,
    metrics_of,
    rounds_of,
    summary_of,
    word,
)

__all__ = ["ROUTES"]


@attrs.frozen
class ClientList:
    """The clients of an experiment."""

    clients: list[FederatedClient]


@attrs.frozen
class MetricsShown:
    """The figures of an experiment."""

    metrics: ExperimentMetrics


@attrs.frozen
class RoundList:
    """The rounds of an experiment, in order."""

    rounds: list[RoundRow]
    rounds_total: int


@attrs.frozen
class ConfigurationShown:
    """What an experiment was told to do."""

    scenario: str
    configuration: dict[str, Any]
    network_settings: dict[str, Any]
    policies: list[str]


@attrs.frozen
class StatusShown:
    """How far an experiment is. `requested` is the state that its runner was asked for and has not acknowledged."""

    id: str
    status: str
    requested: str | None
    current_round: int
    rounds_total: int
    accuracy: float | None
    loss: float | None
    started_at: datetime | None
    estimated_completion: datetime | None


@attrs.frozen
class ResultsShown:
    """What an experiment came to; `results` is null until it is over."""

    id: str
    status: str
    results: dict[str, Any] | None
    rounds: list[RoundRow]


async def clients(call: Call) -> ClientList:
    """The clients of an experiment, as they were heard last."""
    return ClientList(clients_of(await find(call)))


async def metrics(call: Call) -> MetricsShown:
    """The figures of an experiment."""
    return MetricsShown(metrics_of(await find(call)))


async def rounds(call: Call) -> RoundList:
    """The rounds of an experiment so far, in order."""
    run = await find(call)
    return RoundList(rounds_of(run), summary_of(run).rounds_total)


async def configuration(call: Call) -> ConfigurationShown:
    """What an experiment was told to do."""
    params = (await find(call)).params
    return ConfigurationShown(params["scenario"], params["configuration"], params["network_settings"], params["policies"])


async def status(call: Call) -> StatusShown:
    """How far an experiment is."""
    run = await find(call)
    line = summary_of(run)
    return StatusShown(run.id, line.status, asked_of(run), line.rounds_completed, line.rounds_total, line.accuracy, line.loss,
                       line.started_at, line.estimated_completion)  # fmt: skip


async def results(call: Call) -> ResultsShown:
    """What an experiment came to, with all of its rounds."""
    run = await find(call)
    return ResultsShown(run.id, word(run.status), run.result, rounds_of(run))


_ONE = "/api/v1/experiments/{id}"
_READ = {**READ, "refuses": (400, 404, 503, 504)}
ROUTES = (
    Route("GET", f"{_ONE}/clients", clients, answer=ClientList, **_READ),
    Route("GET", f"{_ONE}/metrics", metrics, answer=MetricsShown, **_READ),
    Route("GET", f"{_ONE}/rounds", rounds, answer=RoundList, **_READ),
    Route("GET", f"{_ONE}/config", configuration, answer=ConfigurationShown, **_READ),
    Route("GET", f"{_ONE}/status", status, answer=StatusShown, **_READ),
    Route("GET", f"{_ONE}/results", results, answer=ResultsShown, **_READ),
)

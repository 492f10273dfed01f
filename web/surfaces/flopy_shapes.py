"""Experiments as FLOPY-NET's clients read them: its words for states, its texts with units, times to the second.

What is not known is null: no accuracy before the first round, no end of what has not begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from oracle.experiments import figures_of, trained_here
from oracle.runs.run import Run, Status
from web.wire import iso

__all__ = [
    "ACTIONS", "STATUSES", "Created", "ExperimentBrief", "ExperimentDetail", "ExperimentMetrics", "ExperimentSummary",
    "FederatedClient", "RoundRow", "TimelineEntry", "asked_of", "brief_of", "clients_of", "detail_of", "inside", "iso_second",
    "megabytes", "metrics_of", "rounds_of", "second", "summary_of", "timeline_of", "word",
]  # fmt: skip

_WORDS = {Status.cancelled: "aborted", Status.waiting: "running"}
STATUSES = ("created", "queued", "running", "paused", "completed", "stopped", "aborted", "failed")
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "created": ("start", "abort"), "queued": ("abort",), "running": ("pause", "stop", "abort"),
    "paused": ("resume", "stop", "abort"),
}  # fmt: skip
"""What may be done in a state; nothing in those that are not here."""

_EVENTS = {
    "running": "experiment_started", "cancelled": "experiment_aborted", "round": "round_completed",
}  # fmt: skip
_MOVES = frozenset(f"run_{what}" for what in (*Status, "resumed", "requeued", "pause_requested"))
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


@attrs.frozen
class ExperimentSummary:
    """A line of the list. `accuracy` is 0 to 1, of the global model after its newest round."""

    id: str
    name: str
    status: str
    scenario: str
    clients_count: int
    rounds_completed: int
    rounds_total: int
    accuracy: float | None
    loss: float | None
    created_at: datetime
    started_at: datetime | None
    estimated_completion: datetime | None


@attrs.frozen
class ExperimentBrief:
    """An experiment that was just created. `scheduled_at`: it begins by itself then."""

    id: str
    name: str
    status: str
    scenario: str
    configuration: dict[str, Any]
    network_settings: dict[str, Any]
    policies: list[str]
    created_at: datetime
    scheduled_at: datetime | None


@attrs.frozen
class Created:
    """The answer to a creation."""

    experiment: ExperimentBrief


@attrs.frozen
class ExperimentMetrics:
    """`convergence_rate` is the mean rise of the accuracy per round over the last five rounds; `communication_overhead` what has
    gone over the network so far."""

    current_round: int
    global_accuracy: float | None
    global_loss: float | None
    convergence_rate: float | None
    communication_overhead: str


@attrs.frozen
class FederatedClient:
    """One client of the training, as it was heard last."""

    id: str
    status: str
    accuracy: float | None
    loss: float | None
    last_update: datetime | None


@attrs.frozen
class TimelineEntry:
    """Something that happened to the experiment."""

    timestamp: datetime
    event: str
    details: str


@attrs.frozen
class RoundRow:
    """What a round came to; `clients` took part."""

    round: int
    accuracy: float | None
    loss: float | None
    clients: int
    duration_s: float | None
    bytes: int
    timestamp: datetime | None


@attrs.frozen
class ExperimentDetail:
    """All of an experiment. `requested` is the state that its runner was asked for and has not acknowledged, `notes` what its
    reader should know (on what it really trains), `error` why it failed."""

    id: str
    name: str
    status: str
    scenario: str
    description: str
    configuration: dict[str, Any]
    network_settings: dict[str, Any]
    policies: list[str]
    metrics: ExperimentMetrics
    clients: list[FederatedClient]
    timeline: list[TimelineEntry]
    notes: list[str]
    clients_count: int
    rounds_completed: int
    rounds_total: int
    accuracy: float | None
    loss: float | None
    created_at: datetime
    scheduled_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    estimated_completion: datetime | None
    requested: str | None
    reason: str | None
    error: str | None
    worker: str | None
    result: dict[str, Any] | None


def word(status: Status | str) -> str:
    """A state in the clients' words."""
    return _WORDS.get(Status(status), str(status))


def asked_of(run: Run) -> str | None:
    """The state that its runner was asked for and has not acknowledged."""
    return word(run.requested) if run.requested else None


def inside(said: str) -> tuple[str, ...]:
    """The states that clients call so."""
    return tuple(str(status) for status in Status if word(status) == said)


def summary_of(run: Run) -> ExperimentSummary:
    """A run as a line of the list."""
    figures = figures_of(run)
    return ExperimentSummary(
        run.id, run.name, word(run.status), run.params["scenario"], len(run.facts.get("clients", ())), figures.rounds,
        figures.rounds_total, figures.accuracy, figures.loss, iso_second(run.created_us), second(run.started_us),
        second(figures.done_us),
    )  # fmt: skip


def brief_of(run: Run) -> ExperimentBrief:
    """A run as it is when it was just created."""
    params = run.params
    return ExperimentBrief(
        run.id, run.name, word(run.status), params["scenario"], params["configuration"], params["network_settings"],
        params["policies"], iso_second(run.created_us), second(run.facts.get("scheduled_us")),
    )  # fmt: skip


def detail_of(run: Run, timeline: list[TimelineEntry]) -> ExperimentDetail:
    """A run with everything that is known of it."""
    line, params = attrs.asdict(summary_of(run)), run.params
    return ExperimentDetail(
        **line, description=params.get("description", ""), configuration=params["configuration"],
        network_settings=params["network_settings"], policies=params["policies"], metrics=metrics_of(run),
        clients=clients_of(run), timeline=timeline, notes=list(run.facts.get("notes", ())),
        scheduled_at=second(run.facts.get("scheduled_us")), completed_at=second(run.finished_us),
        requested=asked_of(run), reason=run.reason or None, error=run.error,
        worker=run.worker or None, result=run.result,
    )  # fmt: skip


def metrics_of(run: Run) -> ExperimentMetrics:
    """The figures of the global model."""
    figures = figures_of(run)
    sent = megabytes(figures.sent_bytes)
    return ExperimentMetrics(figures.rounds, figures.accuracy, figures.loss, figures.gain_per_round, sent)


def clients_of(run: Run) -> list[FederatedClient]:
    """Its clients, in the order they were first heard; none is at work for what is over, or does not train here just now."""
    still = run.over or (trained_here(run.params) and run.status is not Status.running)
    rows = [{**row, "status": "idle"} if still and row["status"] == "training" else row for row in run.facts.get("clients", ())]
    return [FederatedClient(row["id"], row["status"], row.get("accuracy"), row.get("loss"), second(row.get("last_update_us")))
            for row in rows]  # fmt: skip


def rounds_of(run: Run) -> list[RoundRow]:
    """Its rounds, in order."""
    return [RoundRow(row["round"], row.get("accuracy"), row.get("loss"), row.get("clients", 0), row.get("duration_s"),
                     row.get("bytes", 0), second(row.get("ts_us"))) for row in run.facts.get("history", ())]  # fmt: skip


def timeline_of(run: Run, rows: Iterable[Mapping[str, Any]]) -> list[TimelineEntry]:
    """What happened to a run, by the rows of its events, oldest first."""
    return [TimelineEntry(iso_second(row["ts_us"]), _event(row["kind"]), _details(run, row)) for row in rows]


def _event(kind: str) -> str:
    what = kind.removeprefix("run_")
    return _EVENTS.get(what, f"experiment_{what}")


def _details(run: Run, row: Mapping[str, Any]) -> str:
    clients = len(run.facts.get("clients", ()))
    if row["kind"] == "run_running" and clients and trained_here(run.params):
        return f"Experiment started with {clients} clients"  # its work knows them all from the beginning
    reason = row["data"].get("reason") if row["kind"] in _MOVES else None  # else it is why the run is as it was before too
    return f"{row['summary']}: {reason}" if reason and reason not in row["summary"] else str(row["summary"])


def megabytes(count: int) -> str:
    """Bytes as people say them: `45MB`."""
    size, unit = float(count), 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g}{_UNITS[unit]}"


def second(at_us: int | None) -> datetime | None:
    """An instant, to the second; None where there is none."""
    return None if at_us is None else iso_second(at_us)


def iso_second(at_us: int) -> datetime:
    """An instant, to the second."""
    return iso(at_us // 1_000_000 * 1_000_000)

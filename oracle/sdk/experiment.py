"""An experiment as its clients see it, and news of one."""

from __future__ import annotations

from typing import Any

import attrs

from oracle.sdk.thing import Thing, each, maybe

__all__ = ["OVER", "Controlled", "Experiment", "Metrics", "Moment", "Participant", "Round", "Update", "Wanted"]

OVER = frozenset({"completed", "failed", "stopped", "aborted", "cancelled"})
"""Statuses that nothing follows."""


@attrs.frozen(kw_only=True)
class Metrics(Thing):
    """Of the global model; `convergence_rate` is the mean rise of the accuracy per round."""

    current_round: int = 0
    global_accuracy: float | None = None
    global_loss: float | None = None
    convergence_rate: float | None = None
    communication_overhead: str | None = None


@attrs.frozen(kw_only=True)
class Participant(Thing):
    """One of the clients that train."""

    id: str = ""
    status: str = ""
    accuracy: float | None = None
    loss: float | None = None
    last_update: str | None = None


@attrs.frozen(kw_only=True)
class Moment(Thing):
    """An entry of the timeline."""

    timestamp: str = ""
    event: str = ""
    details: str = ""


def _metrics(raw: Any) -> Metrics | None:
    return maybe(Metrics, raw)


def _participants(rows: Any) -> tuple[Participant, ...]:
    return each(Participant, rows)


def _moments(rows: Any) -> tuple[Moment, ...]:
    return each(Moment, rows)


@attrs.frozen(kw_only=True)
class Experiment(Thing):
    """In lists it has counts, and `accuracy` and `loss`; by itself `metrics`, `clients` and `timeline`."""

    id: str = ""
    name: str = ""
    status: str = ""
    scenario: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    estimated_completion: str | None = None
    clients_count: int | None = None
    rounds_completed: int | None = None
    rounds_total: int | None = None
    accuracy: float | None = None
    loss: float | None = None
    configuration: dict[str, Any] = attrs.field(factory=dict)
    metrics: Metrics | None = attrs.field(default=None, converter=_metrics)
    clients: tuple[Participant, ...] = attrs.field(default=(), converter=_participants)
    timeline: tuple[Moment, ...] = attrs.field(default=(), converter=_moments)

    @property
    def over(self) -> bool:
        """Whether nothing follows."""
        return self.status in OVER


@attrs.frozen(kw_only=True)
class Controlled(Thing):
    """What became of an action."""

    status: str = ""
    message: str = ""
    timestamp: str = ""
    requested: str | None = None
    """What its runner was asked for and has not acknowledged yet."""


@attrs.frozen(kw_only=True)
class Wanted(Thing):
    """How an experiment is after its runner was heard; `requested` is what the runner is to bring about. `known`: the round was
    taken before, and nothing has changed."""

    id: str = ""
    status: str = ""
    requested: str | None = None
    lease_until: str | None = None
    current_round: int | None = None
    rounds_total: int | None = None
    known: bool | None = None


@attrs.frozen(kw_only=True)
class Round(Thing):
    """What a round came to."""

    round: int = 0
    accuracy: float | None = None
    loss: float | None = None
    duration_s: float | None = None


@attrs.frozen(kw_only=True)
class Update(Thing):
    """How an experiment was after a round, or at a change of its status; `accuracy` and `loss` are None before the first."""

    id: str = ""
    status: str = ""
    current_round: int = 0
    rounds_total: int | None = None
    accuracy: float | None = None
    loss: float | None = None

    @property
    def over(self) -> bool:
        """Whether it is the last one."""
        return self.status in OVER

"""Frames of `/ws/dashboard`, which FLOPY-NET's and agent-bot's pages open. With `since` each has its `epoch` and `offset` too."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from web.frames.agent import CliStatusUpdate, TaskStatus
from web.surfaces.flopy_alerts import Alert

__all__ = ["HEARD", "TOLD"]


class OnDashboard(msgspec.Struct, kw_only=True):
    """A frame; its place is told to those who asked for places."""

    epoch: str | None = None
    offset: int | None = None


class ExperimentNow(msgspec.Struct):
    """How an experiment is; `progress` and the figures are null while nobody knows them."""

    id: str
    name: str
    status: str
    current_round: int
    rounds_total: int | None
    accuracy: float | None
    loss: float | None
    progress: float | None
    timestamp: str


class ExperimentUpdate(OnDashboard, kw_only=True):
    """An experiment has changed."""

    type: Literal["experiment_update"]
    data: ExperimentNow | None


class HowTheyAre(msgspec.Struct):
    """How the services are, by name: each has a `status`, and what is known of it."""

    timestamp: str
    services: dict[str, dict[str, Any]]


class MetricsUpdate(OnDashboard, kw_only=True):
    """How the services are, each `refresh_interval` of the configuration."""

    type: Literal["metrics_update"]
    data: HowTheyAre


class AlertUpdate(OnDashboard, kw_only=True):
    """An alert was raised, acknowledged or resolved."""

    type: Literal["alert"]
    data: Alert | None


class DashboardWord(OnDashboard, kw_only=True):
    """Of the stream itself: `subscribed` where the client wanted an `ack` or comes back, `ready` and `skipped` as elsewhere."""

    type: Literal["subscribed", "ready", "skipped"]
    channel: str | None = None
    topics: list[str] | None = None
    experiment_ids: list[str] | None = None
    recovered: bool | None = None
    caught_up: int | None = None
    count: int | None = None
    reason: str | None = None
    after: str | None = None


class DashboardSaid(msgspec.Struct):
    """What is wrong; `details` by field."""

    code: str
    message: str
    details: dict[str, Any] | None = None
    retry_after: int | None = None


class DashboardError(msgspec.Struct):
    """What the client sent was not understood, or it has too many sockets."""

    type: Literal["error"]
    error: DashboardSaid


class DashboardSubscribe(msgspec.Struct):
    """What the client wants; what is left out or empty means all. It takes the place of the one before."""

    action: Literal["subscribe"]
    topics: list[Literal["experiments", "metrics", "alerts"]] = []
    experiment_ids: list[str] = []
    ack: bool = False


TOLD = (ExperimentUpdate, MetricsUpdate, AlertUpdate, TaskStatus, CliStatusUpdate, DashboardWord, DashboardError)
HEARD = (DashboardSubscribe,)

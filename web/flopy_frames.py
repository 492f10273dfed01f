"""How `/ws/dashboard` tells what happens: FLOPY-NET's three topics and, until a client has spoken, agent-bot's passive frames.

| published | topic | frame |
| --- | --- | --- |
| State of a run that is an experiment | experiments | `experiment_update` |
| State of an incident, or of a rule's alert | alerts, while `alert_notifications` is on | `alert` |
| (told by the socket itself, now and then) | metrics | `metrics_update` |
| a task has moved on | passive | `task_status` |
| a command line was opened or closed | passive | `cli_status_update` |
"""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from actors import Published
from oracle.board import Board
from oracle.experiments import KIND, figures_of
from oracle.model import State
from oracle.runs.run import Run, run_of
from oracle.services import config_of
from web.agent_frames import CLI_TOPIC, STATUS_TOPICS, frame_of
from web.surfaces.flopy_alerts import Alert, incident_shown, rule_alert
from web.surfaces.flopy_shapes import iso_second, word
from web.wire import text_frame

__all__ = ["ALERTS", "EXPERIMENTS", "METRICS", "TOPICS", "Dashboard", "update_of"]

EXPERIMENTS, METRICS, ALERTS = "experiments", "metrics", "alerts"
TOPICS = (EXPERIMENTS, METRICS, ALERTS)
Frame = dict[str, Any]


@attrs.frozen
class Dashboard:
    """One dialect per choice; no `experiments` named means all of them. The epoch is told, with the offset, only to clients that
    asked for a place to come back to."""

    board: Board = attrs.field(eq=False, repr=False)
    topics: frozenset[str] = frozenset(TOPICS)
    experiments: frozenset[str] = frozenset()
    passive: bool = True
    """Nothing was heard of the client yet, so it may be agent-bot's."""
    placed: bool = False
    epoch: str = ""

    def of(self, epoch: str) -> Dashboard:
        """The same dialect for another run of the server."""
        return attrs.evolve(self, epoch=epoch)

    @property
    def patterns(self) -> frozenset[str]:
        """The topics of the bus that its frames are made of."""
        found: set[str] = set()
        if EXPERIMENTS in self.topics:
            found.update({f"state:run:{ident}" for ident in self.experiments} or {"state:run:*"})
        if ALERTS in self.topics:
            found.update(("state:incident:*", "state:alert:*"))
        if self.passive:
            found.update((*STATUS_TOPICS, CLI_TOPIC))
        return frozenset(found)

    def frame(self, published: Published) -> bytes | None:
        """One text message; None where this client is not told it."""
        frame = self._frame(published.message)
        if frame is None:
            return None
        if self.placed:
            frame = {**frame, "epoch": self.epoch, "offset": published.offset}
        return _encoded(frame)

    def still(self, published: Published) -> bytes | None:
        """Nothing: its clients ask for what there is."""
        return None

    def word(self, payload: bytes, place: str = "") -> bytes:
        """One text message."""
        return text_frame(payload)

    def skipped(self, count: int, reason: str) -> bytes:
        """`{type: "skipped", channel: "system:stream", count, reason}`."""
        return _json({**self.words("skipped"), "count": count, "reason": reason})

    def words(self, kind: str) -> Frame:
        """The head of a message about the stream itself."""
        return {"type": kind, "channel": "system:stream", **({"epoch": self.epoch} if self.placed else {})}

    def _frame(self, message: Any) -> Frame | None:
        match message:
            case State(ref=ref, value=dict(value)) if ref.startswith("run:") and value["kind"] == KIND:
                wanted = EXPERIMENTS in self.topics and self._wants(value["id"])
                return {"type": "experiment_update", "data": update_of(run_of(value), message.ts_us)} if wanted else None
            case State(ref=ref, value=dict(value)) if ref.startswith("incident:"):
                return self._alert(incident_shown(value))
            case State(ref=ref, value=dict()) if ref.startswith("alert:"):
                return self._alert(rule_alert(self.board, ref.partition(":")[2]))
        return frame_of(message) if self.passive else None

    def _alert(self, alert: Alert | None) -> Frame | None:
        if alert is None or ALERTS not in self.topics or not self._wants(alert.experiment_id):
            return None
        told = config_of(self.board).features.alert_notifications
        return {"type": "alert", "data": attrs.asdict(alert)} if told else None

    def _wants(self, ident: str | None) -> bool:
        return not self.experiments or ident is None or ident in self.experiments


def update_of(run: Run, at_us: int) -> Frame:
    """What is told of an experiment that has changed."""
    figures = figures_of(run)
    return {
        "id": run.id, "name": run.name, "status": word(run.status), "current_round": figures.rounds,
        "rounds_total": figures.rounds_total, "accuracy": figures.accuracy, "loss": figures.loss, "progress": run.progress,
        "timestamp": iso_second(at_us),
    }  # fmt: skip


_json = msgspec.json.Encoder().encode


def _encoded(frame: Frame) -> bytes:
    try:
        return text_frame(_json(frame))
    except (TypeError, ValueError, OverflowError, RecursionError):
        # one odd value must not end the stream of everybody; what is told without its data is told
        return text_frame(_json({"type": frame["type"], "data": None}))

"""A run as a value, and which way its states lead."""

from __future__ import annotations

import enum
from typing import Any

import attrs

from actors import Refused
from oracle.model import ref

__all__ = ["MOVES", "Run", "Status"]


class Status(enum.StrEnum):
    """Where a run is. The last three are ends."""

    queued = "queued"
    running = "running"
    paused = "paused"
    completed = "completed"
    failed = "failed"
    cancelled = "cancelled"


MOVES: dict[Status, frozenset[Status]] = {
    Status.queued: frozenset({Status.running, Status.cancelled, Status.failed}),
    Status.running: frozenset({Status.paused, Status.completed, Status.failed, Status.cancelled}),
    Status.paused: frozenset({Status.running, Status.failed, Status.cancelled}),
    Status.completed: frozenset(),
    Status.failed: frozenset(),
    Status.cancelled: frozenset(),
}


@attrs.frozen
class Run:
    """`progress` is 0 to 1, `result` a summary of what came out, `error` why it failed; times are UTC microseconds."""

    id: str
    kind: str
    params: dict[str, Any]
    created_us: int
    status: Status = attrs.field(default=Status.queued, converter=Status)
    progress: float = 0.0
    result: dict[str, Any] | None = None
    error: str | None = None
    started_us: int | None = None
    finished_us: int | None = None

    @property
    def ref(self) -> str:
        """Its name on the board."""
        return ref("run", self.id)

    @property
    def over(self) -> bool:
        """Whether it is at an end."""
        return not MOVES[self.status]

    def moved(self, to: Status, now_us: int, **facts: Any) -> Run:
        """The run in its next state. Raises Refused `illegal` where that does not follow."""
        if to not in MOVES[self.status]:
            allowed = sorted(MOVES[self.status])
            raise Refused(f"Run '{self.id}' is {self.status}, which can't become {to}", "illegal", {"allowed": allowed})
        if to is Status.running:
            facts["started_us"] = self.started_us or now_us  # it keeps that over a pause
        elif not MOVES[to]:
            facts["finished_us"] = now_us
        return attrs.evolve(self, status=to, **facts)

"""Tasks: the bodies that make them, the runs that they are, and which way their statuses lead."""

from __future__ import annotations

import enum
import itertools
from typing import Any

from oracle.runs.run import Run, Status

__all__ = ["TRANSITIONS", "TaskFactory", "TaskStatus"]

T0_US = 1_795_737_600_000_000  # 2026-11-27 00:00 UTC


class TaskStatus(enum.StrEnum):
    """The statuses of agent-bot's tasks."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING_INPUT = "waiting_input"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    def can_become(self, other: TaskStatus) -> bool:
        """Whether a task may go there from here."""
        return other in TRANSITIONS[self]

    @property
    def is_terminal(self) -> bool:
        """Whether it leads nowhere."""
        return not TRANSITIONS[self]

    @property
    def run_status(self) -> Status:
        """What a run of that status is in."""
        return Status("waiting" if self is TaskStatus.WAITING_INPUT else self.value)


TRANSITIONS: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.QUEUED: frozenset({TaskStatus.RUNNING, TaskStatus.CANCELLED}),
    TaskStatus.RUNNING: frozenset(
        {TaskStatus.WAITING_INPUT, TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED}
    ),
    TaskStatus.WAITING_INPUT: frozenset({TaskStatus.RUNNING, TaskStatus.CANCELLED}),
    TaskStatus.COMPLETED: frozenset(),
    TaskStatus.FAILED: frozenset(),
    TaskStatus.CANCELLED: frozenset(),
}


class TaskFactory:
    """Numbers what it makes, so that no two are alike."""

    _numbers = itertools.count(1)

    @classmethod
    def body(cls, **different: Any) -> dict[str, Any]:
        """A body for POST /api/tasks."""
        number = next(cls._numbers)
        return {
            "task_id": f"task-{number:012x}", "source": "webhook", "source_metadata": {"provider": "github"},
            "input_message": f"Look into issue {number}", "assigned_agent": "brain", **different,
        }  # fmt: skip

    @classmethod
    def create(cls, status: TaskStatus = TaskStatus.QUEUED, **different: Any) -> Run:
        """A task as the run it is, moved from queued to `status` along the shortest way."""
        body = cls.body()
        params = {"input_message": body["input_message"], "source_metadata": body["source_metadata"], "agent_type": "webhook"}
        made = {"id": body["task_id"], "kind": "task", "params": params, "created_us": T0_US, "agent": "brain",
                "session": "webhook-system", "source": "webhook", "owner": "default-user"}  # fmt: skip
        run = Run(**{**made, **different})
        for step, to in enumerate(_way(TaskStatus.QUEUED, status), start=1):
            run = run.moved(to.run_status, T0_US + step * 1_000_000)
        return run

    @classmethod
    def create_batch(cls, count: int, **different: Any) -> list[Run]:
        """Several."""
        return [cls.create(**different) for _ in range(count)]


def _way(start: TaskStatus, end: TaskStatus) -> list[TaskStatus]:
    ways = [[start]]
    for way in ways:
        if way[-1] is end:
            return way[1:]
        ways += [[*way, to] for to in sorted(TRANSITIONS[way[-1]]) if to not in way]
    raise ValueError(f"nothing leads from {start} to {end}")

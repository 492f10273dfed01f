"""A task as its clients see it, and news of one."""

from __future__ import annotations

from typing import Any

import attrs

from oracle.sdk.thing import Thing

__all__ = ["OVER", "Lease", "Task", "TaskLogs", "TaskNews"]

OVER = frozenset({"completed", "failed", "cancelled"})
"""Statuses that nothing follows."""


@attrs.frozen(kw_only=True)
class Task(Thing):
    """In lists `input_message` is its beginning; `output_stream` is what it has put out so far, `result` what came of it."""

    task_id: str = ""
    session_id: str | None = None
    user_id: str | None = None
    conversation_id: str | None = None
    flow_id: str | None = None
    status: str = ""
    assigned_agent: str | None = None
    agent_type: str | None = None
    model: str | None = None
    source: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    duration_seconds: float | None = None
    input_message: str | None = None
    output_stream: str | None = None
    result: Any = None
    error: str | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def id(self) -> str:
        """Its `task_id`."""
        return self.task_id

    @property
    def over(self) -> bool:
        """Whether nothing follows."""
        return self.status in OVER


@attrs.frozen(kw_only=True)
class Lease(Thing):
    """Until when a task is its worker's; `requested` is what is wanted of them."""

    task_id: str = ""
    status: str = ""
    lease_until: str | None = None
    requested: str | None = None


@attrs.frozen(kw_only=True)
class TaskLogs(Thing):
    """What a task has put out; `is_live` says whether more may come."""

    task_id: str = ""
    status: str = ""
    output: str | None = None
    error: str | None = None
    is_live: bool = False


@attrs.frozen(kw_only=True)
class TaskNews(Thing):
    """Either a piece of `output` (the `n`-th, of a `stream`: stdout, stderr, or the kind of a log's entry), or (`output` is None)
    a `status`, with the `task` as it is then."""

    task_id: str = ""
    output: str | None = None
    stream: str = ""
    n: int = 0
    status: str = ""
    task: Task | None = None

    @property
    def over(self) -> bool:
        """Whether it is the last one."""
        return self.status in OVER

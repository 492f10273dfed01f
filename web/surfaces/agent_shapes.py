"""Tasks as agent-bot's clients know them, made of runs: pure, without any asking.

| run | task |
| --- | --- |
| created, queued, paused | queued |
| running | running (`in_progress` is taken for it) |
| waiting | waiting_input |
| completed, failed | the same |
| stopped, cancelled | cancelled |

A number that nobody has said is 0, as agent-bot's clients do arithmetic with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
import msgspec

from oracle.runs.run import Run, Status
from web.errors import invalid
from web.wire import iso

__all__ = [
    "AGENT_TYPES", "MOVES", "STATUSES", "TASK_SEGMENT", "WORDS", "Task", "TaskRow", "allowed", "checked_id", "meant", "normal",
    "result_shown", "row_of", "status_of", "statuses_of", "task_of", "word_of",
]  # fmt: skip

ROW_CHARS = 200
_ID = re.compile(r"(?!(?:\.{1,2}|table|claim)$)[A-Za-z0-9_.-]{1,64}")
TASK_SEGMENT = {"task_id": _ID.pattern}
"""What stands in the path of a task: never the name of a route."""
_WORDS = {
    Status.created: "queued", Status.queued: "queued", Status.running: "running", Status.waiting: "waiting_input",
    Status.paused: "queued", Status.completed: "completed", Status.failed: "failed", Status.stopped: "cancelled",
    Status.cancelled: "cancelled",
}  # fmt: skip
_MEANT = {
    "queued": Status.queued, "running": Status.running, "in_progress": Status.running, "waiting_input": Status.waiting,
    "completed": Status.completed, "failed": Status.failed, "cancelled": Status.cancelled,
}  # fmt: skip
STATUSES = tuple(word for word in _MEANT if word != "in_progress")
WORDS = tuple(_MEANT)
"""What a status may be called by who reports it."""
MOVES: Mapping[str, tuple[str, ...]] = {
    "queued": ("running", "cancelled"),
    "running": ("waiting_input", "completed", "failed", "cancelled"),
    "waiting_input": ("running", "cancelled"),
    "completed": (), "failed": (), "cancelled": (),
}  # fmt: skip
"""Where a task may go from each status."""
AGENT_TYPES = ("planning", "executor", "code_implementation", "question_asking", "consultation", "custom", "webhook")


@attrs.frozen
class TaskRow:
    """A task in a list; `input_message` are its first 200 characters, times are UTC, `duration_seconds` of work."""

    task_id: str
    session_id: str
    user_id: str
    status: str
    assigned_agent: str
    agent_type: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cost_usd: float
    input_tokens: int
    output_tokens: int
    duration_seconds: float
    input_message: str
    source: str
    model: str | None
    conversation_id: str | None
    flow_id: str | None
    error: str | None


@attrs.frozen
class Task(TaskRow):
    """A task whole. `output_stream` is what it has put out so far, `result` what came of it; `source_metadata` is JSON text.
    `worker` has claimed it until `lease_until` at least; `requested` is a status that its worker has not acknowledged yet."""

    output_stream: str | None
    result: Any
    source_metadata: str
    parent_task_id: str | None
    initiated_task_id: str | None
    worker: str | None
    lease_until: datetime | None
    attempts: int
    requested: str | None
    reason: str | None


def status_of(run: Run) -> str:
    """The word for where a run is."""
    return _WORDS[run.status]


def word_of(status: str) -> str:
    """The same for a run's own word; empty for none."""
    return _WORDS[Status(status)] if status else ""


def statuses_of(word: str) -> tuple[Status, ...]:
    """Which states of runs a word stands for. Raises Invalid for a word that is none."""
    wanted = "running" if word == "in_progress" else word
    found = tuple(status for status, shown in _WORDS.items() if shown == wanted)
    if not found:
        raise invalid("enum", ["query", "status"], f"Input should be one of {', '.join(STATUSES)}", word[:64])
    return found


def meant(word: str) -> Status:
    """The state a word asks for."""
    return _MEANT[word]


def normal(word: str) -> str:
    """The same status in the word that is shown."""
    return _WORDS[_MEANT[word]]


def allowed(run: Run) -> tuple[str, ...]:
    """Where a task may go from here."""
    return MOVES[status_of(run)]


def checked_id(text: str, *path: str) -> str:
    """A task's id. Raises Invalid, which names where it stood, for one that is none: it may come to stand in a path."""
    if not _ID.fullmatch(text):
        where = path or ("path", "task_id")
        reason = "Input should be 1 to 64 letters, digits and any of _ . - (and not a name of a route)"
        raise invalid("string_pattern_mismatch", where, reason, text[:80], pattern=_ID.pattern)
    return text


def row_of(run: Run) -> TaskRow:
    """A task in a list."""
    return TaskRow(**_row(run, ROW_CHARS))


def task_of(run: Run, output: str | None) -> Task:
    """A task whole; `output` is what it has put out."""
    params = run.params
    return Task(
        **_row(run), output_stream=output, result=result_shown(run), parent_task_id=params.get("parent_task_id"),
        initiated_task_id=params.get("initiated_task_id"), worker=run.worker or None, lease_until=_at(run.lease_until_us),
        source_metadata=msgspec.json.encode(params.get("source_metadata") or {}).decode(), attempts=run.attempts,
        requested=word_of(run.requested) or None, reason=run.reason or None,
    )  # fmt: skip


def result_shown(run: Run) -> Any:
    """What came of a task, as its worker said it; else what it put out."""
    result = run.result or {}
    said = result.get("result")
    return said if said is not None else result.get("text") or result.get("stdout")


def _row(run: Run, most: int | None = None) -> dict[str, Any]:
    params = run.params
    return {
        "task_id": run.id, "session_id": run.session, "user_id": run.owner, "status": status_of(run), "assigned_agent": run.agent,
        "agent_type": params.get("agent_type") or "custom", "created_at": iso(run.created_us), "started_at": _at(run.started_us),
        "completed_at": _at(run.finished_us), "cost_usd": run.cost_usd or 0.0, "input_tokens": run.input_tokens or 0,
        "output_tokens": run.output_tokens or 0, "duration_seconds": run.duration_s or 0.0,
        "input_message": str(params.get("input_message") or "")[:most], "source": run.source, "model": run.model or None,
        "conversation_id": run.conversation or None, "flow_id": params.get("flow_id"), "error": run.error,
    }  # fmt: skip


def _at(us: int | None) -> datetime | None:
    return None if us is None else iso(us)

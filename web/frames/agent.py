"""Frames of agent-bot's sockets: how tasks get on, and what they put out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from web.frames.fiml import SkippedHere
from web.frames.native import Said

__all__ = ["HEARD", "SESSION", "STREAM", "CliStatusUpdate", "TaskEvent", "TaskOutput", "TaskStatus"]


class OfTask(msgspec.Struct, kw_only=True):
    """A frame of a task; its place (`epoch`, `offset`) is told to those who asked for places."""

    task_id: str
    timestamp: datetime
    channel: str
    epoch: str | None = None
    offset: int | None = None


class TaskOutput(OfTask, kw_only=True):
    """A line that a task put out, or several, without the newline at its end."""

    type: Literal["task_output"]
    output: str


class TaskEvent(OfTask, kw_only=True):
    """An entry of a task's log: `event` is what it is."""

    type: Literal["task_event"]
    event: str
    data: dict[str, Any]


class TaskResult(msgspec.Struct):
    """What a task that is over has come to."""

    stdout: str
    cost_usd: float
    input_tokens: int
    output_tokens: int


class TaskStatus(OfTask, kw_only=True):
    """How a task is: queued, running, waiting_input, completed, failed, cancelled. `result` and `error` where it is over."""

    type: Literal["task_status"]
    status: str
    conversation_id: str | None
    result: TaskResult | None = None
    error: str | None = None


class CliStatusUpdate(msgspec.Struct, kw_only=True):
    """A command line was opened or closed."""

    type: Literal["cli_status_update"]
    session_id: str
    active: bool
    timestamp: datetime
    channel: Literal["cli"]
    epoch: str | None = None
    offset: int | None = None


class Done(msgspec.Struct):
    """What the client asked for was done."""

    type: Literal["task.created", "task.input", "task.stop"]
    task_id: str
    conversation_id: str | None = None
    status: str | None = None


class Refusal(msgspec.Struct):
    """What the client asked for was refused; `of` is the type of its message."""

    type: Literal["error"]
    error: Said
    of: str | None = None


class StreamOutput(msgspec.Struct):
    """What a task put out."""

    type: Literal["task:output"]
    task_id: str
    chunk: str
    timestamp: datetime


class StreamMoved(msgspec.Struct):
    """A task was created, or is over."""

    type: Literal["task:created", "task:completed", "task:failed"]
    task_id: str
    timestamp: datetime


class ChatMessage(msgspec.Struct):
    """Say something: it makes a message and a task of it."""

    type: Literal["chat.message"]
    message: str
    conversation_id: str | None = None


class TaskStop(msgspec.Struct):
    """Stop a task."""

    type: Literal["task.stop"]
    task_id: str


class TaskInput(msgspec.Struct):
    """Say something to a task."""

    type: Literal["task.input"]
    task_id: str
    message: str


SESSION = (TaskStatus, CliStatusUpdate, Done, Refusal, SkippedHere)
STREAM = (StreamOutput, StreamMoved, SkippedHere)
HEARD = (ChatMessage, TaskStop, TaskInput)

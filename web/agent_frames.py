"""What agent-bot's clients are told over sockets, made of what is published.

| published | frame |
| --- | --- |
| Chunk of stdout or stderr, or an entry `output` of the log | `task_output {task_id, output, timestamp}` |
| Chunk that is another entry of the log | `task_event {task_id, event, data, timestamp}` |
| a task begins to wait, is at work, waits for input | `task_status {task_id, status, conversation_id, timestamp}` |
| a task is over | the same with `result {stdout, cost_usd, input_tokens, output_tokens}` |
| a command line was opened or closed | `cli_status_update {session_id, active, timestamp}` |

The newline at the end of an output is not told. All frames of a task say its `channel`, `task:ID`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from oracle.model import Chunk, Event, State
from oracle.runs.run import OVER, Run, run_of
from web.surfaces.agent_shapes import status_of
from web.wire import iso, text_frame

__all__ = [
    "CLI_TOPIC", "LINES", "QUIET", "SPOKEN", "STATUS_TOPICS", "chunk_frame", "cli_frame", "data_of", "frame_of", "line_frame",
    "present_frame", "spoken", "task_topics",
]  # fmt: skip

Frame = dict[str, Any]
_json = msgspec.json.Encoder().encode

TASK = "task"
LINES = frozenset({"stdout", "stderr", "mark"})
"""Streams of a run whose text is its output; `mark` says that it was cut off."""
QUIET = frozenset({"sequence"})
"""Streams of a run that nobody is told: they number what a worker has sent."""
SPOKEN = frozenset({"output", "raw_output"})
"""Entries of the log whose `content` is output."""
CLI_TOPIC = "state:cli:*"
_MOVED = {
    "run_queued": "queued", "run_requeued": "queued", "run_running": "running", "run_resumed": "running",
    "run_paused": "queued", "run_waiting": "waiting_input",
}  # fmt: skip
STATUS_TOPICS = frozenset({"state:run:*", *(f"event:{kind}:*" for kind in _MOVED)})
"""What the statuses of all tasks are made of."""


def task_topics(task: str) -> frozenset[str]:
    """What the frames of one task are made of."""
    return frozenset({f"output:{task}", f"state:run:{task}", *(f"event:{kind}:run:{task}" for kind in _MOVED)})


def frame_of(message: Any) -> Frame | None:
    """The frame of a message; None where it is no news of a task or a command line."""
    match message:
        case Chunk():
            return chunk_frame(message)
        case Event():
            return status_frame(message)
        case State(ref=ref) if ref.startswith("run:"):
            return over_frame(message)
        case State():
            return cli_frame(message)
    return None


def chunk_frame(chunk: Chunk) -> Frame | None:
    """A piece of output, or an entry of the log; None for what nobody is told."""
    if chunk.stream in LINES:
        return _output(chunk, chunk.text)
    if chunk.stream in QUIET:
        return None
    if chunk.stream in SPOKEN:
        return _output(chunk, spoken(chunk))
    return {"type": "task_event", "task_id": chunk.run, "event": chunk.stream, "data": data_of(chunk),
            "timestamp": iso(chunk.ts_us), "channel": f"task:{chunk.run}"}  # fmt: skip


class _Output(msgspec.Struct):
    type: str
    task_id: str
    output: str
    timestamp: datetime
    channel: str


def line_frame(chunk: Chunk) -> bytes | None:
    """The frame of a piece of output, made for speed: the same bytes as of `chunk_frame`; None for what is no output."""
    if chunk.stream not in LINES:
        return None
    told = _Output("task_output", chunk.run, chunk.text.removesuffix("\n"), iso(chunk.ts_us), f"task:{chunk.run}")
    try:
        return text_frame(_json(told))
    except ValueError:
        return None  # half a character, which JSON can't say


def data_of(chunk: Chunk) -> dict[str, Any]:
    """The data of an entry of the log; a text that is no object is its content."""
    try:
        data = msgspec.json.decode(chunk.text)
    except msgspec.DecodeError:
        data = chunk.text
    return data if isinstance(data, dict) else {"content": data}


def spoken(chunk: Chunk) -> str:
    """The output that an entry of the log is."""
    content = data_of(chunk).get("content")
    return content if isinstance(content, str) else "" if content is None else _json(content).decode()


def status_frame(event: Event) -> Frame | None:
    """A task has moved on, and is not over."""
    word = _MOVED.get(event.kind)
    if word is None or event.data.get("kind") != TASK:
        return None
    ident = event.subject.removeprefix("run:")
    return {"type": "task_status", "task_id": ident, "status": word, "conversation_id": event.data.get("conversation") or None,
            "timestamp": iso(event.ts_us), "channel": f"task:{ident}"}  # fmt: skip


def over_frame(state: State) -> Frame | None:
    """A task is over, for the first time: what is corrected of it later is no news."""
    value = state.value
    if value is None or value.get("kind") != TASK or value.get("status") not in OVER or value.get("revision"):
        return None
    return present_frame(run_of(value))


def present_frame(run: Run) -> Frame:
    """How a task is now."""
    at_us = run.finished_us or run.started_us or run.created_us
    frame: Frame = {
        "type": "task_status", "task_id": run.id, "status": status_of(run), "conversation_id": run.conversation or None,
        "timestamp": iso(at_us), "channel": f"task:{run.id}",
    }  # fmt: skip
    if run.over:
        frame["result"] = {"stdout": (run.result or {}).get("stdout") or "", "cost_usd": run.cost_usd or 0.0,
                           "input_tokens": run.input_tokens or 0, "output_tokens": run.output_tokens or 0}  # fmt: skip
        if run.error:
            frame["error"] = run.error
    return frame


def cli_frame(state: State) -> Frame | None:
    """A command line was opened or closed."""
    if state.value is None or not state.ref.startswith("cli:"):
        return None
    return {"type": "cli_status_update", "session_id": state.value["session_id"], "active": state.value["active"],
            "timestamp": iso(state.ts_us), "channel": "cli"}  # fmt: skip


def _output(chunk: Chunk, text: str) -> Frame:
    return {"type": "task_output", "task_id": chunk.run, "output": text.removesuffix("\n"), "timestamp": iso(chunk.ts_us),
            "channel": f"task:{chunk.run}"}  # fmt: skip

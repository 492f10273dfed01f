"""Who works agent-bot's tasks off: claims them, is heard, puts their output out, and writes their log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
import msgspec
from attrs.validators import and_, ge, in_, le, matches_re, max_len, min_len, optional

from oracle.border import structure
from oracle.model import Command
from oracle.runs.run import Run
from web.routes import Answer, Call, Route
from web.surfaces.agent_shapes import Task, status_of, word_of
from web.surfaces.agent_tasks import AGENT, DO, TASK_ID, asker, found, whole
from web.task_output import with_newline
from web.task_wishes import STREAMS, TASK, Asker, Update
from web.wire import iso

__all__ = ["EVENTS", "ROUTES", "Piece", "text_of"]

LONGEST = 1_000_000
MOST_EVENTS = 1_000
LONGEST_LEASE_S = 86_400.0
EVENTS = (
    r"task:(created|started|context_built|thinking|tool_call|tool_result|output|raw_output|user_input|completed|failed|"
    r"response_posted)|webhook:[a-z_]{1,40}|knowledge:(query|result)"
)
"""The vocabulary of the log, as a pattern."""
_MOVES = {"task:started": "running", "task:completed": "completed", "task:failed": "failed"}


@attrs.frozen(kw_only=True)
class Claim:
    """Who wants a task: a worker of an agent (empty: of any), heard again within `lease_s` seconds (as the settings say, where it
    is not given)."""

    worker: str = attrs.field(validator=AGENT)
    agent: str = attrs.field(default="", validator=max_len(64))
    lease_s: float | None = attrs.field(default=None, validator=optional(and_(ge(1), le(LONGEST_LEASE_S))))


@attrs.frozen(kw_only=True)
class Heartbeat:
    """A worker is still at it, for `lease_s` seconds at least."""

    worker: str = attrs.field(validator=AGENT)
    lease_s: float | None = attrs.field(default=None, validator=optional(and_(ge(1), le(LONGEST_LEASE_S))))


@attrs.frozen(kw_only=True)
class Piece:
    """One line of output, or several. A `sequence`, which grows from piece to piece of one attempt, makes sending it again safe;
    `partial`: its last line goes on with the next piece."""

    output: str = attrs.field(validator=and_(min_len(1), max_len(LONGEST)))
    stream: str = attrs.field(default="stdout", validator=in_(STREAMS))
    sequence: int | None = attrs.field(default=None, validator=optional(and_(ge(1), le(2**53))))
    partial: bool = False
    worker: str | None = attrs.field(default=None, validator=optional(AGENT))


@attrs.frozen(kw_only=True)
class LogEntry:
    """One entry of a task's log. `data` is what its `type` says: {content}, {tool_name, tool_input}, {stage, ...}, ..."""

    type: str = attrs.field(validator=matches_re(EVENTS))
    data: dict[str, Any] = attrs.field(factory=dict)
    timestamp: datetime | None = None


@attrs.frozen(kw_only=True)
class Log:
    """Entries in their order."""

    events: list[LogEntry] = attrs.field(validator=and_(min_len(1), max_len(MOST_EVENTS)))
    worker: str | None = attrs.field(default=None, validator=optional(AGENT))


@attrs.frozen
class Lease:
    """Until when the task is its worker's, and which status is `requested` of it: cancelled, or queued for a pause."""

    task_id: str
    status: str
    lease_until: datetime | None
    requested: str | None


@attrs.frozen
class PutOut:
    """`duplicate`: a piece of that sequence was put out before."""

    task_id: str
    sequence: int | None
    duplicate: bool


@attrs.frozen
class Logged:
    """How many entries were written, and where the task is now."""

    task_id: str
    events: int
    status: str


async def claim(call: Call) -> Answer | Task:
    """Take the task that has waited longest, for a while: it is queued again unless its worker is heard. 204: there is none."""
    wish = structure(Claim, call.body, extras="drop", path=("body",))
    args = {"kind": TASK, "agent": wish.agent, "worker": wish.worker, "lease_s": wish.lease_s}
    run: Run | None = await call.system.runtime.ask("runs", Command("claim", args, call.who.name, call.command_id))
    return Answer(b"", 204) if run is None else await whole(call, run)


async def heartbeat(call: Call) -> Lease:
    """Say that a worker is still at its task; 409 for one that has lost it."""
    wish = structure(Heartbeat, call.body, extras="drop", path=("body",))
    run = await found(call)
    run = await asker(call).ask(run.id, "heartbeat", {"worker": wish.worker, "lease_s": wish.lease_s})
    until = None if run.lease_until_us is None else iso(run.lease_until_us)
    return Lease(run.id, status_of(run), until, word_of(run.requested) or None)


async def output(call: Call) -> PutOut:
    """Put out a piece of a task's output: it is told at once to who has subscribed, and answered when it is on disk."""
    wish = structure(Piece, call.body, extras="drop", path=("body",))
    run = await found(call)
    fresh = await asker(call).put_out(run, wish.stream, text_of(wish), wish.sequence, wish.worker or "")
    return PutOut(run.id, wish.sequence, not fresh)


def text_of(piece: Piece) -> str:
    """What is put out: whole lines, unless the worker says that the last one goes on."""
    return piece.output if piece.partial else with_newline(piece.output)


async def events(call: Call) -> Logged:
    """Write entries of a task's log: one, or a list as `events`. task:started, completed and failed also move the task, with what
    their data says as a report does; task:output is told as output. Of a task that is over the newest 100 are kept."""
    single = isinstance(call.body, dict) and "events" not in call.body
    if single:
        entry = structure(LogEntry, call.body, extras="drop", path=("body",))
        wish = Log(events=[entry], worker=structure(_Who, call.body, extras="drop", path=("body",)).worker)
    else:
        wish = structure(Log, call.body, extras="drop", path=("body",))
    ask, run = asker(call), await found(call)
    pieces: list[list[str]] = []
    for one in wish.events:
        pieces.append([one.type.removeprefix("task:"), msgspec.json.encode(_shown(one)).decode()])
        if one.type in _MOVES:
            await _put_out(ask, run, pieces, wish.worker)
            pieces = []
            run = await ask.update(run, _report(one, wish.worker))
    await _put_out(ask, run, pieces, wish.worker)
    return Logged(run.id, len(wish.events), status_of(run))


@attrs.frozen(kw_only=True)
class _Who:
    worker: str | None = attrs.field(default=None, validator=optional(AGENT))


async def _put_out(ask: Asker, run: Run, pieces: list[list[str]], worker: str | None) -> None:
    if pieces and run.over:
        await ask.note_late(run, pieces)
    elif pieces:
        await ask.ask(run.id, "output", {"worker": worker or "", "pieces": pieces})


def _shown(entry: LogEntry) -> dict[str, Any]:
    return {**entry.data, **({"timestamp": entry.timestamp} if entry.timestamp else {})}


def _report(entry: LogEntry, worker: str | None) -> Update:
    """What an entry that moves a task says beside that, as far as it is of the right kind."""
    said = {name: value for name, kind in _REPORTED.items() if isinstance(value := entry.data.get(name), kind)
            and not isinstance(value, bool) and not (kind is not str and value < 0)}  # fmt: skip
    return Update(status=_MOVES[entry.type], worker=worker or "", result=entry.data.get("result"), **said)


_REPORTED: dict[str, Any] = {
    "output": str, "error": str, "model": str, "cost_usd": int | float, "input_tokens": int, "output_tokens": int,
    "duration_seconds": int | float,
}  # fmt: skip
ROUTES = (
    Route("POST", "/api/tasks/claim", claim, body=Claim, answer=Task, also=(204,), refuses=(503, 504), **DO),
    Route("POST", f"{TASK_ID}/heartbeat", heartbeat, body=Heartbeat, answer=Lease, refuses=(404, 409, 503, 504), **DO),
    Route("POST", f"{TASK_ID}/output", output, body=Piece, answer=PutOut, refuses=(404, 409, 503, 504), **DO),
    Route("POST", f"{TASK_ID}/events", events, body=Log, answer=Logged, refuses=(404, 409, 503, 504), **DO),
)

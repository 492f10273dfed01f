"""The log of a task, as agent-bot's page shows it: made of what the task put out and how it stands."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import attrs
import msgspec

from actors import Refused
from oracle.model import Chunk
from oracle.moments import time_us
from oracle.problems import Invalid
from oracle.runs.run import Run
from web.agent_frames import LINES, QUIET, data_of
from web.routes import Call, Param, Route
from web.surfaces.agent_shapes import result_shown, row_of, status_of
from web.surfaces.agent_tasks import READ, TASK_ID, found
from web.task_output import output_of, pieces_of
from web.wire import iso

__all__ = ["ROUTES"]

MOST_ENTRIES = 10_000
_AGENT = frozenset({"thinking", "tool_call", "tool_result", "output", "raw_output", "context_built", "response_posted"})
_MILESTONES = frozenset({"created", "started", "completed", "failed"})  # which the metadata and the final result say


@attrs.frozen
class TaskLog:
    """`output` is all that the task has put out so far; `is_live` while it is running."""

    task_id: str
    status: str
    output: str
    error: str | None
    is_live: bool


@attrs.frozen
class AgentEntry:
    """What an agent thought, called or put out. `tool_input` is text."""

    type: str
    content: str
    tool_name: str | None
    tool_input: str | None
    is_error: bool
    timestamp: datetime


@attrs.frozen
class FlowEntry:
    """A stage of the way from a webhook's delivery to the task."""

    stage: str
    timestamp: datetime
    data: dict[str, Any]


@attrs.frozen
class KnowledgeEntry:
    """A question to a store of knowledge, or its answer."""

    type: str
    tool_name: str | None
    input: Any
    content: str
    is_error: bool
    timestamp: datetime


@attrs.frozen
class UserInput:
    """What its user said to a task."""

    message: str
    timestamp: datetime


@attrs.frozen
class Metrics:
    """What a task took."""

    cost_usd: float
    duration_seconds: float
    input_tokens: int
    output_tokens: int


@attrs.frozen
class FinalResult:
    """How a task ended."""

    success: bool
    result: Any
    error: str | None
    metrics: Metrics
    completed_at: datetime | None


@attrs.frozen
class FullLog:
    """Everything that is known of a task; `truncated` where it has more entries than were asked for."""

    metadata: dict[str, Any]
    input: dict[str, Any]
    user_inputs: list[UserInput]
    webhook_flow: list[FlowEntry]
    agent_output: list[AgentEntry]
    knowledge_interactions: list[KnowledgeEntry]
    final_result: FinalResult | None
    truncated: bool


@attrs.frozen
class KnowledgeSummary:
    """How often which store of knowledge was asked, and what came of it."""

    total_queries: int
    total_results: int
    errors: int
    tools: dict[str, int]


async def logs(call: Call) -> TaskLog:
    """What a task has put out so far."""
    run = await found(call)
    output = await output_of(call.system, run) or (run.result or {}).get("stdout") or ""
    return TaskLog(run.id, status_of(run), output, run.error, status_of(run) == "running")


async def full(call: Call) -> FullLog:
    """The whole log of a task."""
    return await _log(call, await found(call))


async def metadata(call: Call) -> dict[str, Any]:
    """What a task is, and what it cost."""
    return _metadata(await found(call))


async def given(call: Call) -> dict[str, Any]:
    """What a task asks."""
    return _input(await found(call))


async def user_inputs(call: Call) -> list[UserInput]:
    """What its user said to it while it was at work."""
    return (await _log(call, await found(call))).user_inputs


async def webhook_flow(call: Call) -> list[FlowEntry]:
    """How a webhook's delivery became the task; 404 where none did."""
    return _some((await _log(call, await found(call))).webhook_flow, "webhook flow")


async def agent_output(call: Call) -> list[AgentEntry]:
    """What its agent thought, called and put out; 404 where that is nothing yet."""
    return _some((await _log(call, await found(call))).agent_output, "agent output")


async def knowledge(call: Call) -> list[KnowledgeEntry]:
    """What its agent asked stores of knowledge, and what those said."""
    return (await _log(call, await found(call))).knowledge_interactions


async def knowledge_summary(call: Call) -> KnowledgeSummary:
    """The same in numbers."""
    entries = (await _log(call, await found(call))).knowledge_interactions
    asked = [one for one in entries if one.type == "query"]
    tools = Counter(one.tool_name or "unknown" for one in asked)
    return KnowledgeSummary(len(asked), len(entries) - len(asked), sum(one.is_error for one in entries), dict(tools))


async def final_result(call: Call) -> FinalResult:
    """How it ended; 404 while it has not."""
    run = await found(call)
    ended = _final(run)
    if ended is None:
        raise Refused(f"Task '{run.id}' is {status_of(run)}: there is no final result yet", "not_found")
    return ended


async def _log(call: Call, run: Run) -> FullLog:
    entries: list[Chunk] = []
    limit = call.args["limit"]
    async for piece in pieces_of(call.system, run):
        if piece.stream in QUIET:
            continue
        if len(entries) == limit:
            truncated = True
            break
        entries.append(piece)
    else:
        truncated = False
    entries += [Chunk(run.id, 0, stream, text, at_us) for stream, text, at_us in run.facts.get("late", ())]
    agent = [_of_agent(one) for one in entries if one.stream in LINES or one.stream in _AGENT]
    flow = [_of_webhook(one) for one in entries if one.stream.startswith("webhook:")]
    asked = [_of_knowledge(one) for one in entries if one.stream.startswith("knowledge:")]
    said = [UserInput(_words(one), _at(one)) for one in entries if one.stream == "user_input"]
    return FullLog(_metadata(run), _input(run), said, flow, agent, asked, _final(run), truncated)


def _metadata(run: Run) -> dict[str, Any]:
    return {**attrs.asdict(row_of(run)), "attempts": run.attempts, "worker": run.worker or None}


def _input(run: Run) -> dict[str, Any]:
    asked = run.params
    return {"message": asked.get("input_message") or "", "source": run.source, "created_at": iso(run.created_us),
            "source_metadata": asked.get("source_metadata") or {}}  # fmt: skip


def _final(run: Run) -> FinalResult | None:
    if not run.over:
        return None
    metrics = Metrics(run.cost_usd or 0.0, run.duration_s or 0.0, run.input_tokens or 0, run.output_tokens or 0)
    ended = None if run.finished_us is None else iso(run.finished_us)
    return FinalResult(status_of(run) == "completed", result_shown(run), run.error, metrics, ended)


def _of_agent(piece: Chunk) -> AgentEntry:
    if piece.stream in LINES:
        return AgentEntry("output", piece.text, None, None, piece.stream == "stderr", iso(piece.ts_us))
    data = data_of(piece)
    name, given = _text_or_none(data.get("tool_name")), _text_or_none(data.get("tool_input"))
    return AgentEntry(piece.stream, _text(data.get("content")), name, given, data.get("is_error") is True, _at(piece))


def _of_webhook(piece: Chunk) -> FlowEntry:
    return FlowEntry(piece.stream.partition(":")[2], _at(piece), data_of(piece))


def _of_knowledge(piece: Chunk) -> KnowledgeEntry:
    data = data_of(piece)
    asked = data.get("input", data.get("query"))
    return KnowledgeEntry(piece.stream.partition(":")[2], _text_or_none(data.get("tool_name")), asked, _text(data.get("content")),
                          data.get("is_error") is True, _at(piece))  # fmt: skip


def _words(piece: Chunk) -> str:
    data = data_of(piece)
    return _text(data.get("message", data.get("content")))


def _at(piece: Chunk) -> Any:
    """When it was: as its data says, else when we heard it."""
    said = data_of(piece).get("timestamp")
    try:
        return iso(time_us(said, ())) if isinstance(said, str) else iso(piece.ts_us)
    except Invalid:
        return iso(piece.ts_us)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _some(entries: list[Any], what: str) -> list[Any]:
    if not entries:
        raise Refused(f"No {what} is logged", "not_found")
    return entries


_LIMIT = (Param("limit", "int", default=MOST_ENTRIES, ge=1, le=MOST_ENTRIES, doc="most entries, from the first on"),)
_LOGS = f"{TASK_ID}/logs"
_NO = {"refuses": (404, 503, 504), **READ}
ROUTES = (
    Route("GET", _LOGS, logs, answer=TaskLog, **_NO),
    Route("GET", f"{_LOGS}/full", full, params=_LIMIT, answer=FullLog, **_NO),
    Route("GET", f"{_LOGS}/metadata", metadata, answer=dict[str, Any], **_NO),
    Route("GET", f"{_LOGS}/input", given, answer=dict[str, Any], **_NO),
    Route("GET", f"{_LOGS}/user-inputs", user_inputs, params=_LIMIT, answer=list[UserInput], **_NO),
    Route("GET", f"{_LOGS}/webhook-flow", webhook_flow, params=_LIMIT, answer=list[FlowEntry], **_NO),
    Route("GET", f"{_LOGS}/agent-output", agent_output, params=_LIMIT, answer=list[AgentEntry], **_NO),
    Route("GET", f"{_LOGS}/final-result", final_result, answer=FinalResult, **_NO),
    Route("GET", f"{_LOGS}/knowledge-interactions", knowledge, params=_LIMIT, answer=list[KnowledgeEntry], **_NO),
    Route("GET", f"{_LOGS}/knowledge-summary", knowledge_summary, params=_LIMIT, answer=KnowledgeSummary, **_NO),
)

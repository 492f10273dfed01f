"""agent-bot's tasks: listed, seen, begun, reported on, stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import attrs
from attrs.validators import and_, ge, in_, le, matches_re, max_len, min_len, optional

from actors import Refused
from oracle.border import structure
from oracle.moments import time_us, until_us
from oracle.runs.records import RunFilter
from oracle.runs.run import Run
from web.routes import Answer, Auth, Call, Param, Route, Scope
from web.surfaces.agent_shapes import (
    AGENT_TYPES,
    WORDS,
    Task,
    TaskRow,
    checked_id,
    row_of,
    status_of,
    statuses_of,
    task_of,
)
from web.task_output import output_of
from web.task_wishes import Asker, Update, new_id

__all__ = ["AGENT", "DO", "READ", "ROUTES", "TASK_ID", "asker", "found", "whole"]

MOST_MATCHED = 10_000  # tasks that are looked through for a type of agent
LONGEST = 1_000_000  # characters of a text in a body
_SORTS = {
    "created_at": "created", "started_at": "started", "completed_at": "finished", "status": "status", "assigned_agent": "agent",
    "cost_usd": "cost", "duration_seconds": "duration", "task_id": "id",
}  # fmt: skip
AGENT = matches_re(r"[A-Za-z0-9_.-]{1,64}")
"""What an agent or a worker may be called."""
_TEXT, _LABEL = max_len(LONGEST), max_len(200)
_MOST_TOKENS = 10**12


@attrs.frozen(kw_only=True)
class NewTask:
    """A task to be worked off. `source` is where it comes from: api, webhook, github, jira, slack, ...; one without an id gets
    one. The same task sent again is known."""

    input_message: str = attrs.field(validator=and_(min_len(1), _TEXT))
    task_id: str | None = None
    source: str = attrs.field(default="api", validator=_LABEL)
    source_metadata: dict[str, Any] = attrs.field(factory=dict)
    assigned_agent: str = attrs.field(default="brain", validator=AGENT)
    agent_type: str = attrs.field(default="webhook", validator=in_(AGENT_TYPES))
    conversation_id: str | None = attrs.field(default=None, validator=optional(_LABEL))
    flow_id: str | None = attrs.field(default=None, validator=optional(_LABEL))
    model: str | None = attrs.field(default=None, validator=optional(_LABEL))
    user_id: str | None = attrs.field(default=None, validator=optional(_LABEL))
    session_id: str = attrs.field(default="webhook-system", validator=_LABEL)
    parent_task_id: str | None = attrs.field(default=None, validator=optional(AGENT))
    initiated_task_id: str | None = attrs.field(default=None, validator=optional(AGENT))


@attrs.frozen(kw_only=True)
class Report:
    """What a worker says of its task: any of it. `output` is all of its output so far, where that is not put out piece by piece;
    `worker` is checked against who has claimed it, where it is given."""

    status: str | None = attrs.field(default=None, validator=optional(in_(WORDS)))
    output: str | None = attrs.field(default=None, validator=optional(_TEXT))
    error: str | None = attrs.field(default=None, validator=optional(_TEXT))
    cost_usd: float | None = attrs.field(default=None, validator=optional(and_(ge(0), le(1e9))))
    input_tokens: int | None = attrs.field(default=None, validator=optional(and_(ge(0), le(_MOST_TOKENS))))
    output_tokens: int | None = attrs.field(default=None, validator=optional(and_(ge(0), le(_MOST_TOKENS))))
    duration_seconds: float | None = attrs.field(default=None, validator=optional(and_(ge(0), le(1e9))))
    result: Any = None
    model: str | None = attrs.field(default=None, validator=optional(_LABEL))
    reason: str | None = attrs.field(default=None, validator=optional(_LABEL))
    worker: str | None = attrs.field(default=None, validator=optional(AGENT))


@attrs.frozen(kw_only=True)
class Said:
    """Words of a user."""

    message: str = attrs.field(validator=and_(min_len(1), _TEXT))


@attrs.frozen
class TaskPage:
    """One page; `total_pages` is 0 where there are none."""

    tasks: list[TaskRow]
    total: int
    page: int
    page_size: int
    total_pages: int


@attrs.frozen
class TaskNamed:
    """Which task it is, and whose conversation."""

    task_id: str
    conversation_id: str | None


@attrs.frozen
class TaskMoved:
    """Where the task is now."""

    task_id: str
    status: str


@attrs.frozen
class Done:
    """Whether it was done; `error` says why not."""

    success: bool
    message: str
    data: dict[str, Any] | None
    error: str | None


async def tasks(call: Call) -> Answer:
    """Tasks, newest first. `X-Total-Count` says how many there are, `Link` leads to the next page.

    `offset` and `limit`, or `page` (from 1) and `page_size`, say which; filters that are empty ask for nothing.
    """
    args = call.args
    limit = args["page_size"] or args["limit"]
    offset = (args["page"] - 1) * limit if args["page"] else args["offset"]
    runs, total = await _matching(call, "created", True, limit, offset)
    headers = [("X-Total-Count", str(total))]
    if offset + len(runs) < total:
        asked = {name: args[name] for name in _FILTERED if args[name]}
        headers.append(("Link", f'</api/tasks?{urlencode({**asked, "limit": limit, "offset": offset + limit})}>; rel="next"'))
    return Answer([row_of(run) for run in runs], headers=tuple(headers))


async def table(call: Call) -> TaskPage:
    """One page of the table of tasks, sorted by any of its columns."""
    args = call.args
    page, size = args["page"], args["page_size"]
    sort, descending = _SORTS[args["sort_by"] or "created_at"], (args["sort_order"] or "desc") == "desc"
    runs, total = await _matching(call, sort, descending, size, (page - 1) * size)
    return TaskPage([row_of(run) for run in runs], total, page, size, -(-total // size))


async def task(call: Call) -> Task:
    """A task, with all that it has put out so far."""
    return await whole(call, await found(call))


async def create(call: Call) -> TaskNamed:
    """Begin a task: it is queued until somebody claims it, or reports on it."""
    wish = structure(NewTask, call.body, extras="drop", path=("body",))
    ask = asker(call)
    ident = new_id(call.command_id) if wish.task_id is None else checked_id(wish.task_id, "body", "task_id")
    params = {name: getattr(wish, name) for name in _PARAMS}
    run = await ask.create(
        params, id=ident, owner=ask.user(wish.user_id), agent=wish.assigned_agent, model=wish.model or "",
        session=wish.session_id, conversation=wish.conversation_id or "", source=wish.source,
    )  # fmt: skip
    return TaskNamed(run.id, run.conversation or None)


async def update(call: Call) -> Answer | TaskMoved:
    """Report on a task: where it is, what it has put out, what came of it, and what it cost.

    It moves queued -> running or cancelled; running -> waiting_input, completed, failed or cancelled; waiting_input -> running or
    cancelled (`in_progress` is running). Another move is refused with 409, which says the `allowed` ones; the same status again
    changes nothing. What costs nothing said costs what its tokens cost by the model's price.
    """
    said = attrs.asdict(structure(Report, call.body, extras="drop", path=("body",)))
    wish = Update(**{**said, "worker": said["worker"] or ""})
    try:
        run = await asker(call).update(await found(call), wish)
    except Refused as no:
        if no.code != "illegal":
            raise
        return Answer({"detail": str(no.reason), **no.details}, 409)
    return TaskMoved(run.id, status_of(run))


async def stop(call: Call) -> Done:
    """Stop a task that is queued, running or waiting; `success` is false for one that is over."""
    run = await found(call)
    stopped = await asker(call).stop(run)
    if stopped is None:
        now = await found(call)
        return Done(False, f"Task is {status_of(now)}", None, f"Task '{now.id}' is {status_of(now)} and can't be stopped")
    return Done(True, "Task stopped", {"task_id": stopped.id, "status": status_of(stopped)}, None)


async def speak(call: Call) -> TaskMoved:
    """Give a task the words of its user; one that waited for them goes on."""
    wish = structure(Said, call.body, extras="drop", path=("body",))
    run = await asker(call).tell(await found(call), wish.message)
    return TaskMoved(run.id, status_of(run))


async def chat(call: Call) -> Done:
    """Say something to the agents: it becomes the newest message of the conversation, and a task. Where there is no such
    conversation one is begun, called by the first 50 characters."""
    wish = structure(Said, call.body, extras="drop", path=("body",))
    run = await asker(call).chat(call.args["session_id"], call.args["conversation_id"], wish.message, "brain")
    return Done(True, "Task created", {"task_id": run.id, "conversation_id": run.conversation}, None)


def asker(call: Call) -> Asker:
    """Who asks for what a call asks for."""
    return Asker(call.system, call.who.name, call.command_id)


async def found(call: Call) -> Run:
    """The task that a call is about. Raises Invalid, Refused `not_found`."""
    return await asker(call).find(call.args["task_id"])


async def whole(call: Call, run: Run) -> Task:
    """The task with its output."""
    return task_of(run, await output_of(call.system, run) or (run.result or {}).get("stdout"))


async def _matching(call: Call, sort: str, descending: bool, limit: int, offset: int) -> tuple[list[Run], int]:
    args = call.args
    statuses = statuses_of(args["status"]) if args["status"] else ()
    start, end = args.get("start_date"), args.get("end_date")
    where = RunFilter(
        status=tuple(map(str, statuses)), session=args["session_id"] or "", agent=args.get("subagent") or "",
        source=args.get("source") or "", created_from_us=time_us(start, ["query", "start_date"]) if start else None,
        created_to_us=until_us(end, ["query", "end_date"]) if end else None,
    )  # fmt: skip
    kind = args.get("agent_type")
    records = call.system.records
    if not kind:
        page: tuple[list[Run], int] = await records.page(("task",), where, sort, descending, limit, offset)
        return page
    every, _ = await records.page(("task",), where, sort, descending, MOST_MATCHED, 0)
    matching = [run for run in every if run.params.get("agent_type") == kind]
    return matching[offset : offset + limit], len(matching)


def _one_of(*choices: str) -> Callable[[str], object]:
    def check(text: str) -> None:
        if text and text not in choices:
            raise Refused(f"Input should be one of {', '.join(choices)}", "enum")

    return check


_FILTERED = ("session_id", "status", "source", "agent_type", "subagent", "start_date", "end_date")
_PARAMS = ("input_message", "source_metadata", "agent_type", "flow_id", "parent_task_id", "initiated_task_id")
_FILTERS = (
    Param("session_id", doc="of one session"),
    Param("status", doc="queued, running, waiting_input, completed, failed, cancelled"),
    Param("subagent", doc="the agent it is assigned to"),
)  # fmt: skip
_SINCE = (
    Param("source", doc="where they came from: dashboard, webhook, api, github, ..."),
    Param("agent_type", doc="of the newest 10,000 that fit", check=_one_of(*AGENT_TYPES)),
    Param("start_date", doc="created at or after this ISO 8601 time"),
    Param("end_date", doc="created before; of a day alone, all of it counts"),
)
_PAGE = (
    Param("limit", "int", default=50, ge=1, le=1_000), Param("offset", "int", default=0, ge=0),
    Param("page", "int", ge=1, doc="instead of an offset"), Param("page_size", "int", ge=1, le=1_000, doc="instead of a limit"),
)  # fmt: skip
_TABLE = (
    Param("page", "int", default=1, ge=1), Param("page_size", "int", default=20, ge=1, le=100), *_FILTERS,
    Param("sort_by", default="created_at", check=_one_of(*_SORTS)),
    Param("sort_order", default="desc", check=_one_of("asc", "desc")),
)  # fmt: skip
_CHAT = (
    Param("session_id", required=True, ge=1, le=200), Param("conversation_id", le=200, doc="a new one where it is not given"),
)  # fmt: skip
TASK_ID = "/api/tasks/{task_id}"
READ = {"auth": Auth.token, "scope": Scope.read, "tag": "agent_bot"}
DO = {"auth": Auth.token, "scope": Scope.operate, "tag": "agent_bot"}
ROUTES = (
    Route("GET", "/api/tasks", tasks, params=(*_PAGE, *_FILTERS, *_SINCE), answer=list[TaskRow], refuses=(503, 504), **READ),
    Route("GET", "/api/tasks/table", table, params=_TABLE, answer=TaskPage, refuses=(503, 504), **READ),
    Route("GET", TASK_ID, task, answer=Task, refuses=(404, 503, 504), **READ),
    Route("POST", "/api/tasks", create, body=NewTask, answer=TaskNamed, refuses=(400, 503, 504), **DO),
    Route("PATCH", TASK_ID, update, body=Report, answer=TaskMoved, refuses=(404, 409, 503, 504), **DO),
    Route("POST", f"{TASK_ID}/stop", stop, answer=Done, refuses=(404, 503, 504), **DO),
    Route("POST", f"{TASK_ID}/input", speak, body=Said, answer=TaskMoved, refuses=(404, 409, 503, 504), **DO),
    Route("POST", "/api/chat", chat, params=_CHAT, body=Said, answer=Done, refuses=(503, 504), **DO),
)

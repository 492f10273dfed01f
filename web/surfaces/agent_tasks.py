"""agent-bot's tasks: listed, seen, begun, reported on, stopped."""

from __future__ import annotations

import re
from typing import Any

import attrs
from attrs.validators import and_, ge, in_, le, matches_re, max_len, min_len, optional

from actors import Refused
from oracle.border import structure
from oracle.runs.run import Run
from web.routes import Answer, Auth, Call, Param, Route, Scope
from web.surfaces.agent_shapes import (
    AGENT_TYPES,
    TASK_SEGMENT,
    WORDS,
    Task,
    checked_id,
    status_of,
    task_of,
)
from web.task_output import output_of
from web.task_wishes import Asker, Update, new_id

__all__ = ["AGENT", "DO", "READ", "ROUTES", "TASK_ID", "Report", "asker", "found", "update_of", "whole"]

LONGEST = 1_000_000  # characters of a text in a body
_NAME = r"[A-Za-z0-9_.-]{1,64}"
_A_NAME = "Input should be 1 to 64 letters, digits and any of _ . -"
AGENT = matches_re(_NAME)
"""What an agent or a worker may be called."""
_TEXT: Any = max_len(LONGEST)
_LABEL: Any = max_len(200)
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
    conversation_id: str | None = attrs.field(default=None, validator=optional(AGENT))
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
    wish = update_of(structure(Report, call.body, extras="drop", path=("body",)))
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
    """Say something to an agent: it becomes the newest message of the conversation, and a task. Where there is no such
    conversation one is begun, called by the first 50 characters. Nobody named is the agent `brain`; in the demo, `demo`."""
    wish = structure(Said, call.body, extras="drop", path=("body",))
    args = call.args
    run = await asker(call).chat(args["session_id"], args["conversation_id"], wish.message, args["agent"] or "")
    return Done(True, "Task created", {"task_id": run.id, "conversation_id": run.conversation}, None)


def is_agent(text: str) -> None:
    """Raises Refused where an agent can't be called so."""
    if not re.fullmatch(_NAME, text):
        raise Refused(_A_NAME, "agent")


def is_id(text: str) -> None:
    """Raises Refused for what is no id of a conversation; an empty one asks for none."""
    if text and not re.fullmatch(_NAME, text):
        raise Refused(_A_NAME, "string_pattern_mismatch")


def update_of(said: Report) -> Update:
    """What a report asks for."""
    return Update(**{**attrs.asdict(said), "worker": said.worker or ""})


def asker(call: Call) -> Asker:
    """Who asks for what a call asks for."""
    return Asker(call.system, call.who.name, call.command_id)


async def found(call: Call) -> Run:
    """The task that a call is about. Raises Invalid, Refused `not_found`."""
    return await asker(call).find(call.args["task_id"])


async def whole(call: Call, run: Run) -> Task:
    """The task with its output."""
    return task_of(run, await output_of(call.system, run) or (run.result or {}).get("stdout"))


_PARAMS = ("input_message", "source_metadata", "agent_type", "flow_id", "parent_task_id", "initiated_task_id")
_CHAT = (
    Param("session_id", required=True, ge=1, le=200),
    Param("conversation_id", check=is_id, shape={"pattern": f"^(?:{_NAME})?$"}, doc="a new one where it is not given"),
    Param("agent", check=is_agent, shape={"pattern": f"^(?:{_NAME})$"}, doc="who is to answer"),
)  # fmt: skip
TASK_ID = "/api/tasks/{task_id}"
READ = {"auth": Auth.token, "scope": Scope.read, "tag": "agent_bot", "segments": TASK_SEGMENT}
DO = {"auth": Auth.token, "scope": Scope.operate, "tag": "agent_bot", "segments": TASK_SEGMENT}
ROUTES = (
    Route("GET", TASK_ID, task, answer=Task, refuses=(404, 503, 504), **READ),
    Route("POST", "/api/tasks", create, body=NewTask, answer=TaskNamed, refuses=(400, 503, 504), **DO),
    Route("PATCH", TASK_ID, update, body=Report, answer=TaskMoved, refuses=(404, 409, 503, 504), **DO),
    Route("POST", f"{TASK_ID}/stop", stop, answer=Done, refuses=(404, 503, 504), **DO),
    Route("POST", f"{TASK_ID}/input", speak, body=Said, answer=TaskMoved, refuses=(404, 409, 503, 504), **DO),
    Route("POST", "/api/chat", chat, params=_CHAT, body=Said, answer=Done, refuses=(503, 504), **DO),
)

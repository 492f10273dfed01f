"""How the machine is whose tasks these are, which agents there are, and who is there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
from attrs.validators import max_len

from actors import NobodyOwns, Refused
from oracle.border import structure
from oracle.model import Command
from oracle.runs.records import RunFilter
from oracle.runs.run import OVER, Run, Status
from oracle.tasks.agents import AGENT as AGENT_NAME
from oracle.tasks.agents import CLI, agents_of
from oracle.tasks.runner import commands_of
from web.errors import invalid
from web.routes import Call, Param, Route
from web.surfaces.agent_lists import newest
from web.surfaces.agent_shapes import TaskRow, row_of
from web.surfaces.agent_tasks import DO, READ
from web.task_wishes import TASK
from web.wire import iso

__all__ = ["ROUTES", "sockets_of"]

MOST_SESSIONS = 1_000


@attrs.frozen
class AgentBotHealth:
    """The API answers; how many tasks wait, sessions are there and sockets are open."""

    status: str
    service: str
    queue_length: int
    sessions: int
    connections: int


@attrs.frozen
class MachineStatus:
    """The same of the machine."""

    machine_id: str
    status: str
    queue_length: int
    sessions: int
    connections: int


@attrs.frozen
class Agent:
    """Who works tasks off."""

    name: str
    agent_type: str
    description: str
    is_builtin: bool


@attrs.frozen(kw_only=True)
class NewAgent:
    """What an agent does."""

    agent_type: str = attrs.field(default="custom", validator=max_len(64))
    description: str = attrs.field(default="", validator=max_len(1_000))


@attrs.frozen
class Session:
    """Who has set tasks to work, or has a socket open. `active` while one of both is so; times of its tasks, of the newest 10,000
    of all."""

    session_id: str
    user_id: str | None
    active: bool
    connections: int
    total_tasks: int
    open_tasks: int
    total_cost_usd: float
    created_at: datetime | None
    last_active_at: datetime | None


@attrs.frozen
class SessionWhole(Session):
    """A session with its newest 50 tasks."""

    tasks: list[TaskRow]


@attrs.frozen(kw_only=True)
class CliStatus:
    """Whether somebody's command line is open."""

    session_id: str = attrs.field(validator=max_len(200))
    active: bool


async def health(call: Call) -> AgentBotHealth:
    """Whether the API answers, and how much there is to do."""
    return AgentBotHealth("healthy", "dashboard-api", *_numbers(call))


async def status(call: Call) -> MachineStatus:
    """How the machine is."""
    return MachineStatus(call.system.settings.tasks.machine_id, "online", *_numbers(call))


async def agents(call: Call) -> list[Agent]:
    """Every agent: the builtin ones, those that work here, and those that were put in."""
    return [Agent(**one) for one in agents_of(call.system.board, commands_of(call.system.settings))]


async def put_agent(call: Call) -> Agent:
    """Put an agent into the register, or say anew what it does."""
    wish = structure(NewAgent, call.body, extras="drop", path=("body",))
    name = _named(call)
    args = {"name": name, **attrs.asdict(wish)}
    value = await call.system.runtime.ask("agents", Command("put", args, call.who.name, call.command_id))
    return Agent(**value, is_builtin=False)


async def drop_agent(call: Call) -> dict[str, Any]:
    """Take an agent out of the register."""
    name = _named(call)
    await call.system.runtime.ask("agents", Command("drop", {"name": name}, call.who.name, call.command_id))
    return {"success": True, "data": {"name": name}}


async def sessions(call: Call) -> list[Session]:
    """Who has set tasks to work, or has a socket open; newest first."""
    found = await _sessions(call)
    return sorted(found.values(), key=lambda one: (one.active, _us(one)), reverse=True)[: call.args["limit"]]


async def session(call: Call) -> SessionWhole:
    """One of them, with its newest tasks."""
    ident = call.args["session_id"]
    one = (await _sessions(call)).get(ident)
    if one is None:
        raise Refused("Session not found", "not_found", {"session_id": ident})
    tasks, _ = await call.system.records.page((TASK,), RunFilter(session=ident), limit=50)
    return SessionWhole(**attrs.asdict(one), tasks=[row_of(run) for run in tasks])


async def put_cli(call: Call) -> CliStatus:
    """Say that a command line was opened or closed; everybody is told."""
    wish = structure(CliStatus, call.body, extras="drop", path=("body",))
    await call.system.runtime.ask("agents", Command("cli", attrs.asdict(wish), call.who.name, call.command_id))
    return wish


async def cli_status(call: Call) -> dict[str, Any]:
    """Whether a command line is open: of one session, or of any."""
    known = [state.value for state in call.system.board.kind(CLI) if state.value is not None]
    wanted = call.args["session_id"]
    found = [one for one in known if not wanted or one["session_id"] == wanted]
    return {"active": any(one["active"] for one in found), "sessions": found}


def sockets_of(call: Call) -> dict[str, int]:
    """How many sockets are open, by the session they say; under "" those that say none."""
    try:
        nodes = call.system.runtime.node("sockets").children
    except NobodyOwns:
        return {}
    found: dict[str, int] = {}
    for node in nodes:
        ident = node.about.get("session", "")
        found[ident] = found.get(ident, 0) + 1
    return found


def _numbers(call: Call) -> tuple[int, int, int]:
    tasks = [state.value for state in call.system.board.kind("run") if state.value and state.value["kind"] == TASK]
    live = [one for one in tasks if one["status"] not in OVER]
    queued = sum(one["status"] == Status.queued for one in live)
    sockets = sockets_of(call)
    ours = {one["session"] for one in live} | sockets.keys()
    return queued, len(ours - {""}), sum(sockets.values())


async def _sessions(call: Call) -> dict[str, Session]:
    sockets, mine = sockets_of(call), dict[str, list[Run]]()
    async for run in newest(call.system):
        mine.setdefault(run.session, []).append(run)
    return {ident: _session(ident, mine.get(ident, []), sockets.get(ident, 0)) for ident in {*mine, *sockets} - {""}}


def _session(ident: str, runs: list[Run], connections: int) -> Session:
    still = sum(not run.over for run in runs)
    times = [us for run in runs for us in (run.created_us, run.started_us, run.finished_us) if us is not None]
    return Session(
        ident, runs[0].owner if runs else None, bool(still or connections), connections, len(runs), still,
        sum(run.cost_usd or 0.0 for run in runs), iso(min(times)) if times else None, iso(max(times)) if times else None,
    )  # fmt: skip


def _us(one: Session) -> float:
    return one.last_active_at.timestamp() if one.last_active_at else 0.0


def _named(call: Call) -> str:
    name: str = call.args["name"]
    if not AGENT_NAME.fullmatch(name):
        reason = "Input should be 1 to 64 letters, digits and any of _ . -"
        raise invalid("string_pattern_mismatch", ["path", "name"], reason, name[:80])
    return name


_SESSION = Param("session_id", default="", le=200, doc="of one session; empty: of all")
_SHOWN = (Param("limit", "int", default=100, ge=1, le=MOST_SESSIONS),)
_ONE = "/api/agents/{name}"
_CHANGE = {**DO, "segments": {"name": AGENT_NAME.pattern}}
ROUTES = (
    Route("GET", "/api/health", health, answer=AgentBotHealth, **READ),
    Route("GET", "/api/status", status, answer=MachineStatus, **READ),
    Route("GET", "/api/agents", agents, answer=list[Agent], **READ),
    Route("PUT", _ONE, put_agent, body=NewAgent, answer=Agent, refuses=(409, 503, 504), **_CHANGE),
    Route("DELETE", _ONE, drop_agent, answer=dict[str, Any], refuses=(404, 409, 503, 504), **_CHANGE),
    Route("GET", "/api/sessions", sessions, params=_SHOWN, answer=list[Session], refuses=(503, 504), **READ),
    Route("GET", "/api/sessions/{session_id}", session, answer=SessionWhole, refuses=(404, 503, 504), **READ),
    Route("PUT", "/api/cli-status", put_cli, body=CliStatus, answer=CliStatus, refuses=(503, 504), **DO),
    Route("GET", "/api/cli-status", cli_status, params=(_SESSION,), answer=dict[str, Any], **READ),
)

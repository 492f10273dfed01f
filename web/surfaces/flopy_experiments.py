"""FLOPY-NET's experiments: listed, created, looked at, and controlled. Each is a Run of the kind `experiment`."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Literal

import attrs
from attrs.validators import max_len

from actors import Refused
from oracle.border import structure
from oracle.experiments import KIND, NAME, Experiment, read_experiment, trained_here
from oracle.federated.work import why_not
from oracle.model import Command
from oracle.runs import Run, Status, ask_run, until_begun
from oracle.runs.records import RunFilter
from oracle.services import config_of
from web.errors import invalid
from web.routes import Answer, Auth, Call, Family, Param, Route, Scope
from web.surfaces.flopy_shapes import (
    ACTIONS,
    STATUSES,
    Created,
    ExperimentDetail,
    ExperimentSummary,
    asked_of,
    brief_of,
    detail_of,
    inside,
    iso_second,
    summary_of,
    timeline_of,
    word,
)

__all__ = ["COMPLAINT", "DO", "READ", "ROUTES", "ask_experiment", "detail", "find"]

MOST_EVENTS = 1_000
MOST_BYTES = 65_536
RETRY_S = 30
BEGINS_S = 3.0  # where there is a place, this is a commit away
HALTS_S = 20.0  # training comes to a halt after the client it is at
COMPLAINT = "Invalid experiment configuration"
_VERBS = {"start": "begin", "pause": "pause", "resume": "resume", "stop": "stop", "abort": "cancel"}
_PAST = {"start": "started", "pause": "paused", "resume": "resumed", "stop": "stopped", "abort": "aborted"}
_SORTS = {"created_at": "created", "started_at": "started", "completed_at": "finished", "name": "name", "status": "status",
          "id": "id", "accuracy": "accuracy", "loss": "loss", "rounds_completed": "rounds", "rounds_total": "rounds_total",
          "clients_count": "clients"}  # fmt: skip


@attrs.frozen
class ExperimentList:
    """A page of the experiments; `total` counts those that the filter lets through."""

    experiments: list[ExperimentSummary]
    total: int
    limit: int
    offset: int


@attrs.frozen
class OneExperiment:
    """An experiment."""

    experiment: ExperimentDetail


@attrs.frozen
class Control:
    """What is to be done, and why."""

    action: Literal["start", "pause", "resume", "stop", "abort"]
    reason: str = attrs.field(default="", validator=max_len(500))


@attrs.frozen
class Controlled:
    """What came of it. `requested`: the runner was asked, and has not acknowledged yet."""

    status: str
    message: str
    timestamp: datetime
    requested: str | None = None


async def experiments(call: Call) -> ExperimentList:
    """Experiments, newest first unless `sort` says otherwise; those that are over are listed for as long as they are kept."""
    args = call.args
    sort, descending = _order(args["sort"])
    where = RunFilter(status=inside(args["status"]) if args["status"] else ())
    found, total = await call.system.records.page((KIND,), where, sort, descending, args["limit"], args["offset"])
    return ExperimentList([summary_of(run) for run in found], total, args["limit"], args["offset"])


async def create(call: Call) -> Answer:
    """Create an experiment; it begins when it is started, or by itself at `scheduled_at`.

    What `configuration` leaves out is as in the example: mnist, cnn, 20 rounds, 3 clients a round, 5 local epochs, learning rate
    0.01, batches of 32. The scenario `basic_fl` trains here; any other waits for a runner that claims it.
    """
    wish = read_experiment(call.body)
    _may_be_scheduled(call, wish.not_before_us)
    run: Run = await call.system.runtime.ask("runs", Command("start", {
        "kind": KIND, "params": wish.params, "numbered": "exp_", "name": wish.name, "owner": call.who.name, "source": "api",
        "agent": wish.agent, "facts": wish.facts, "not_before_us": wish.not_before_us,
    }, call.who.name, call.command_id))  # fmt: skip
    return Answer(Created(brief_of(run)), 201)


async def one(call: Call) -> OneExperiment:
    """An experiment with its figures, its clients and its timeline."""
    return OneExperiment(await detail(call, await find(call)))


async def control(call: Call) -> Controlled:
    """Start, pause, resume, stop or abort an experiment.

    A stop keeps what was found, an abort gives it up. Where the experiment trains here the answer comes once that is so; a pause
    of what a runner elsewhere has claimed is asked of it, and `requested` until it acknowledges. What does not follow from the
    present state is refused (409) with the actions that do.
    """
    wish = structure(Control, call.body, extras="drop", path=("body",))
    run = await find(call)
    if wish.action == "start":
        _somebody_trains(call, run)
    try:
        done = await ask_experiment(call, _VERBS[wish.action], reason=wish.reason)
    except Refused as no:
        if no.code != "illegal":
            raise
        raise await _not_now(call, wish.action) from no
    if done.status is Status.queued and trained_here(done.params) and not call.system.pools["experiments"].waiting:
        done = await until_begun(call.system.runtime, call.system.board, done, BEGINS_S)
    return Controlled(word(done.status), _message(wish.action, done), iso_second(call.system.runtime.now_us()),
                      asked_of(done))  # fmt: skip


async def find(call: Call) -> Run:
    """The experiment that the path names. Raises Refused `not_found`; Invalid where that is no name."""
    ident = call.args["id"]
    if not NAME.fullmatch(ident):
        raise invalid("id", ["path", "id"], "Input should be an id: letters, digits and any of . _ -", ident[:80])
    run: Run | None = await call.system.records.one(ident)
    if run is None or run.kind != KIND:
        raise Refused(f"Experiment '{ident}' not found", "not_found", {"id": ident})
    return run


async def ask_experiment(call: Call, verb: str, **args: Any) -> Run:
    """The run of the path's experiment, after what was asked of it. Raises what an ask does."""
    system = call.system
    ask = partial(ask_run, system.runtime, system.records, call.args["id"], verb)
    run: Run = await ask(args, call.who.name, call.command_id, HALTS_S, system.receipts)
    return run


async def detail(call: Call, run: Run) -> ExperimentDetail:
    """A run with what happened to it."""
    rows = await call.system.queries.course(run.ref, "runs", run.created_us, MOST_EVENTS)
    return detail_of(run, timeline_of(run, rows))


def _may_be_scheduled(call: Call, not_before_us: int | None) -> None:
    """Raises Refused `disabled` for what is to begin by itself while nothing does."""
    if not_before_us is not None and not config_of(call.system.board).features.experiment_scheduling:
        raise Refused("experiments don't begin by themselves: experiment_scheduling is off in the configuration", "disabled",
                      {"scheduled_at": "experiment_scheduling is off"})  # fmt: skip


def _somebody_trains(call: Call, run: Run) -> None:
    """Raises Refused `unavailable` where this house can't train what it should."""
    if trained_here(run.params) and (why := why_not(run.params, call.system.settings.experiments)):
        raise Refused(f"FL Server is currently unavailable: {why}", "unavailable", {"retry_after_s": RETRY_S})


def _order(text: str) -> tuple[str, bool]:
    """The key and whether it descends, of `field:asc` or `field:desc`. Raises Invalid."""
    field, _, direction = text.partition(":")
    if field not in _SORTS or direction not in ("", "asc", "desc"):
        raise invalid("sort", ["query", "sort"], f"Input should be one of {', '.join(_SORTS)}, with :asc or :desc", text[:80])
    return _SORTS[field], direction == "desc"


async def _not_now(call: Call, action: str) -> Refused:
    """Why an action does not follow, in the clients' words."""
    run = await find(call)
    now = word(run.status)
    allowed = ACTIONS.get(now, ())
    rather = f"allowed: {', '.join(allowed)}" if allowed else "it is over"
    return Refused(f"Can't {action} experiment '{run.id}', which is {now}; {rather}", "illegal",
                   {"status": now, "allowed": list(allowed)})  # fmt: skip


def _message(action: str, run: Run) -> str:
    if run.requested:
        return f"Experiment was requested to be {word(run.requested)}; its runner has not acknowledged yet"
    if run.status is Status.queued:
        return "Experiment queued: it begins as soon as there is a place for it and somebody who works it off"
    return f"Experiment {_PAST[action]} successfully"


_LIST = (
    Param("status", choices=STATUSES),
    Param("limit", "int", default=10, ge=1, le=1_000, doc="most experiments"),
    Param("offset", "int", default=0, ge=0, le=1_000_000_000, doc="how many to pass over"),
    Param("sort", default="created_at:desc", shape={"pattern": f"^({'|'.join(_SORTS)})(:(asc|desc)?)?$"},
          doc=f"FIELD:asc or FIELD:desc; FIELD is one of {', '.join(_SORTS)}"),
)
_ONE = "/api/v1/experiments/{id}"
_SEGMENTS = {"id": f"(?!claim$){NAME.pattern}", "client": f"(?!.*\\.\\.){NAME.pattern}"}
READ: dict[str, Any] = {"auth": Auth.token, "scope": Scope.read, "family": Family.v1, "tag": "flopy_net", "segments": _SEGMENTS}
DO: dict[str, Any] = {**READ, "scope": Scope.operate, "complaint": COMPLAINT}
ROUTES = (
    Route("GET", "/api/v1/experiments", experiments, params=_LIST, answer=ExperimentList, refuses=(503, 504), **READ),
    Route("POST", "/api/v1/experiments", create, body=Experiment, body_limit_bytes=MOST_BYTES, answer=Created, done=201,
          refuses=(409, 503, 504), **DO),
    Route("GET", _ONE, one, answer=OneExperiment, refuses=(400, 404, 503, 504), **READ),
    Route("POST", f"{_ONE}/control", control, body=Control, answer=Controlled, refuses=(404, 409, 503, 504),
          **{**DO, "complaint": ""}),
)  # fmt: skip

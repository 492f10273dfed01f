"""Experiments that somebody else works off: a runner claims one, is heard while it has it, and reports its rounds.

A report is answered once it is on disk. It is known by the number of its round: sent again it changes nothing, so a runner that
got no answer sends it again. Of an experiment that trains here nobody else may report.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
from attrs.validators import in_, max_len, min_len

from actors import Refused
from oracle.border import structure
from oracle.experiments import (
    KIND,
    NAME,
    ClientReport,
    RoundReport,
    Told,
    begun_told,
    client_told,
    figures_of,
    known_round,
    result_of,
    round_told,
    trained_here,
)
from oracle.experiments.limits import named
from oracle.model import Command
from oracle.runs import Run, Status
from oracle.validators import between
from web.errors import invalid
from web.routes import Call, Route
from web.surfaces.flopy_experiments import DO, ask_experiment, detail, find
from web.surfaces.flopy_shapes import ExperimentDetail, FederatedClient, asked_of, clients_of, second, summary_of, word

__all__ = ["ROUTES"]

_LEASE_S = between(1, 86_400)


@attrs.frozen
class Claim:
    """Who wants something to do, and for how many seconds it need not be heard. `scenario`: of this one only."""

    worker: str = attrs.field(validator=named)
    lease_s: float = attrs.field(default=60.0, validator=_LEASE_S)
    scenario: str = attrs.field(default="", validator=lambda one, field, value: named(one, field, value or "any"))


@attrs.frozen
class Claimed:
    """The experiment that has waited longest, which the runner has from now on; null where none waits."""

    experiment: ExperimentDetail | None
    lease_until: datetime | None = None


@attrs.frozen
class Beat:
    """Who is at work, and for how many seconds it need not be heard again."""

    worker: str = attrs.field(validator=named)
    lease_s: float = attrs.field(default=60.0, validator=_LEASE_S)


@attrs.frozen
class Wanted:
    """How the experiment is. `requested` is the state that the runner is to bring about, and then to say so."""

    id: str
    status: str
    requested: str | None
    lease_until: datetime | None


@attrs.frozen
class StatusReport:
    """What the experiment has come to by its runner's word."""

    status: str = attrs.field(validator=in_(("running", "paused", "completed", "failed", "stopped", "aborted")))
    worker: str = attrs.field(default="", validator=max_len(64))
    reason: str = attrs.field(default="", validator=max_len(500))
    error: str | None = attrs.field(default=None)

    @error.validator
    def _a_sentence(self, field: Any, value: str | None) -> None:
        if value is not None:
            min_len(1)(self, field, value)
            max_len(2_000)(self, field, value)


@attrs.frozen
class RoundTaken:
    """How the experiment is after a report; `known`: it was taken before, and nothing has changed."""

    id: str
    status: str
    requested: str | None
    current_round: int
    rounds_total: int
    known: bool


@attrs.frozen
class OneClient:
    """A client as it is known now."""

    client: FederatedClient


async def claim(call: Call) -> Claimed:
    """Claim an experiment to work off. Unless its runner is heard within `lease_s` seconds it is queued again.

    None is handed out beyond `max_experiments` of the configuration, which counts those that train here as well.
    """
    wish = structure(Claim, call.body, extras="drop", path=("body",))
    args = {"kind": KIND, "agent": wish.scenario, "worker": wish.worker, "lease_s": wish.lease_s}
    run: Run | None = await call.system.runtime.ask("runs", Command("claim", args, call.who.name, call.command_id))
    return Claimed(None) if run is None else Claimed(await detail(call, run), second(run.lease_until_us))


async def heartbeat(call: Call) -> Wanted:
    """Say that one is still at it, and hear what is wanted. Who has lost the experiment is refused (409)."""
    wish = structure(Beat, call.body, extras="drop", path=("body",))
    await _elsewhere(call)
    return _wanted(await _told(call, "heartbeat", worker=wish.worker, lease_s=wish.lease_s))


async def say_status(call: Call) -> Wanted:
    """Say what has become of the experiment: an acknowledged pause, or an end."""
    wish = structure(StatusReport, call.body, extras="drop", path=("body",))
    run = await _elsewhere(call)
    to = Status.cancelled if wish.status == "aborted" else Status(wish.status)
    changes: dict[str, Any] = {"reason": wish.reason} if wish.reason else {}
    if to is Status.failed:
        changes["error"] = wish.error or wish.reason or "its runner said that it failed"
    elif to in (Status.completed, Status.stopped):
        changes["result"] = result_of({"rounds": 0, "accuracy": None, "loss": None, **run.facts})
    return _wanted(await _told(call, "report", worker=wish.worker, status=str(to), changes=changes))


async def report_round(call: Call) -> RoundTaken:
    """Report a round. The last one completes the experiment; other content for a round that is known is refused (409)."""
    report = structure(RoundReport, call.body, extras="drop", path=("body",))
    run = await _elsewhere(call)
    total = figures_of(run).rounds_total
    if report.round > total:
        raise invalid("between", ["body", "round"], f"Input should be between 1 and {total}", report.round)
    if known_round(run, report):
        return _taken(run, known=True)
    if run.status is Status.queued:
        await _decided(call, report.worker, begun_told())
    after = await _decided(call, report.worker, round_told(report))
    if not known_round(after, report):
        raise _over(after)
    return _taken(after, known=False)


async def report_client(call: Call) -> OneClient:
    """Say how one client is."""
    if not NAME.fullmatch(call.args["client"]):
        raise invalid("id", ["path", "client"], "Input should be a name: letters, digits and any of . _ -")
    body = call.body if isinstance(call.body, dict) else {}
    report = structure(ClientReport, {**body, "id": call.args["client"]}, extras="drop", path=("body",))
    await _elsewhere(call)
    after = await _decided(call, str(body.get("worker") or ""), client_told(report))
    if after.over:
        raise _over(after)
    return OneClient(next(one for one in clients_of(after) if one.id == report.id))


async def _elsewhere(call: Call) -> Run:
    """The experiment of the path. Raises Refused where it trains here."""
    run = await find(call)
    if trained_here(run.params):
        raise Refused(f"experiment '{run.id}' trains here: nobody else reports of it", "conflict", {"status": word(run.status)})
    return run


async def _decided(call: Call, worker: str, decide: Told) -> Run:
    return await _told(call, "report", worker=worker, decide=decide)


async def _told(call: Call, verb: str, **args: Any) -> Run:
    """The run after it was told something. Raises what an ask does, with states in the clients' words."""
    try:
        return await ask_experiment(call, verb, **args)
    except Refused as no:
        if no.code != "illegal":
            raise
        raise _over(await find(call)) from no


def _over(run: Run) -> Refused:
    return Refused(f"experiment '{run.id}' is {word(run.status)}", "illegal", {"status": word(run.status)})


def _taken(run: Run, known: bool) -> RoundTaken:
    line = summary_of(run)
    return RoundTaken(run.id, line.status, asked_of(run), line.rounds_completed,
                      line.rounds_total, known)  # fmt: skip


def _wanted(run: Run) -> Wanted:
    return Wanted(run.id, word(run.status), asked_of(run), second(run.lease_until_us))


_ONE = "/api/v1/experiments/{id}"
_DO = {**DO, "complaint": "", "refuses": (404, 409, 503, 504)}
ROUTES = (
    Route("POST", "/api/v1/experiments/claim", claim, body=Claim, answer=Claimed, **_DO),
    Route("POST", f"{_ONE}/heartbeat", heartbeat, body=Beat, answer=Wanted, **_DO),
    Route("POST", f"{_ONE}/status", say_status, body=StatusReport, answer=Wanted, **_DO),
    Route("POST", f"{_ONE}/rounds", report_round, body=RoundReport, answer=RoundTaken, **_DO),
    Route("POST", f"{_ONE}/clients/{{client}}", report_client, body=ClientReport, answer=OneClient, **_DO),
)

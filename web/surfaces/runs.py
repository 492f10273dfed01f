"""Runs of our own interface: backtests are started here, and every run is seen, followed, paused and called off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
import trio

from actors import Refused
from oracle.backtest import Backtest, checked
from oracle.border import structure
from oracle.history.runs import SORTS
from oracle.model import Command
from oracle.moments import time_us
from oracle.runs import Run, Status
from oracle.runs.records import RunFilter
from web.errors import invalid
from web.routes import Answer, Auth, Call, Family, Param, Route, Scope
from web.wire import iso

__all__ = ["DAY_US", "ROUTES", "RunShown", "RunWhole", "ask_runs", "moment_of", "shown"]

DAY_US = 86_400_000_000


@attrs.frozen
class RunShown:
    """A run: `status` created, queued, running, waiting, paused, completed, failed, stopped or cancelled; `requested` is what its
    worker has not acknowledged yet; `progress` 0 to 1, and `expected` when it is over if it goes on as fast; `result` a summary
    of what came out, whose rows are at `url`/events. What nobody said of cost and tokens is null, and `rounds` to `clients` (a
    count) are null where there are none."""

    id: str
    kind: str
    status: str
    progress: float
    params: dict[str, Any]
    result: dict[str, Any] | None
    error: str | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    url: str
    expected: datetime | None
    requested: str
    reason: str
    name: str
    owner: str
    agent: str
    worker: str
    attempts: int
    model: str
    cost_usd: float | None
    input_tokens: int | None
    output_tokens: int | None
    duration_s: float | None
    conversation: str
    source: str
    rounds: int | None
    rounds_total: int | None
    accuracy: float | None
    loss: float | None
    clients: int | None


@attrs.frozen
class RunWhole(RunShown):
    """A run with what its kind knows of it by now: `facts` are those of its state on the stream (`state:run:ID`), an experiment's
    rounds (`history`) and clients for one. Times in it are UTC microseconds (`_us`). `chunks` are the pieces of its output as of
    its last change of state."""

    session: str
    chunks: int
    lease_until: datetime | None
    facts: dict[str, Any]


@attrs.frozen
class RunList:
    """One page of the list of runs; `total` says how many there are in it."""

    items: list[RunShown]
    total: int


@attrs.frozen
class Rows:
    """Rows of a result in order; `next` asks for the rest, None at the end."""

    items: list[dict[str, Any]]
    next: str | None


async def backtest(call: Call) -> Answer:
    """Start watchdogs over stored history, as they lived or with other settings; answers at once, the run goes on by itself.

    `from` and `to` are ISO times or UTC microseconds (the last day, if neither is given), `watchdogs` names (all, if none),
    `settings` by name change those of the server for this run.
    """
    now_us = call.system.runtime.now_us()
    if not isinstance(call.body, dict):
        raise invalid("dict_type", ["body"], "Input should be an object")
    table = dict(call.body)
    for name in sorted(table.keys() & {"from_us", "to_us"}):
        raise invalid("extra_forbidden", ["body", name], f"it is called {name.removesuffix('_us')}", table[name])
    to_us = moment_of(table, "to", now_us)
    from_us = moment_of(table, "from", to_us - DAY_US)
    wish = structure(Backtest, {**table, "from_us": from_us, "to_us": to_us}, path=("body",))
    checked(wish, call.system.watchdogs, now_us)
    run = await ask_runs(call, "start", kind="backtest", params=attrs.asdict(wish))
    return Answer(shown(run, now_us), 202)


async def runs(call: Call) -> RunList:
    """Runs of every kind, those that are over included, newest first unless `sort` says otherwise."""
    args = call.args
    where = RunFilter(status=args["status"] or (), owner=args["owner"] or "", agent=args["agent"] or "",
                      conversation=args["conversation"] or "", text=args["text"] or "")  # fmt: skip
    kinds = (args["kind"],) if args["kind"] else ()
    field, descending = args["sort"].removeprefix("-"), args["sort"].startswith("-")
    found, total = await call.system.records.page(kinds, where, field, descending, args["limit"], args["offset"])
    return RunList([shown(run, call.system.runtime.now_us()) for run in found], total)


async def one_run(call: Call) -> RunWhole:
    """One run, with its progress while it is going on and what its kind knows of it."""
    run = await _find(call)
    line = attrs.asdict(shown(run, call.system.runtime.now_us()), recurse=False)
    until = None if run.lease_until_us is None else iso(run.lease_until_us)
    return RunWhole(**line, session=run.session, chunks=run.chunks, lease_until=until, facts=run.facts)


async def run_events(call: Call) -> Rows:
    """The events a backtest found, in order; `live` where the watchdog said the same then."""
    run, cursor = await _find(call), call.args["cursor"] or "0"
    if not cursor.isdecimal() or len(cursor) > 9:
        raise invalid("cursor", ["query", "cursor"], "Input should be the `next` of an earlier page", cursor)
    after, limit = int(cursor), call.args["limit"]
    rows, more = await trio.to_thread.run_sync(call.system.shelf.get, run.id, after, limit)
    return Rows([_row(row) for row in rows], str(after + limit) if more else None)


async def begin(call: Call) -> RunShown:
    """Have a run that was only made begin, as soon as there is a place for it."""
    return await _done(call, "begin")


async def pause(call: Call) -> RunShown:
    """Pause a run that is at work: answers once that has come to a halt, after the piece it is at, and takes nothing more.

    It keeps its place, so those that are queued behind it wait until it is resumed and over, or called off. A 504 says that the
    piece takes longer; the run is paused all the same, and asked again by its id this answers when it has halted. One that is
    queued can't be paused (409). What a worker elsewhere has claimed goes on until that acknowledges (`requested`). What the
    server is at work for and is paused when that ends has failed at its next start, but for experiments.
    """
    return await _done(call, "pause")


async def resume(call: Call) -> RunShown:
    """Have a paused run go on where it halted."""
    return await _done(call, "resume")


async def stop(call: Call) -> RunShown:
    """End a run that is at work and keep what it has found; answers when nothing is at work for it any more."""
    return await _done(call, "stop")


async def cancel(call: Call) -> RunShown:
    """Call a run off; what it has found so far is gone."""
    return await _done(call, "cancel")


async def _done(call: Call, verb: str) -> RunShown:
    run = await ask_runs(call, verb, id=call.args["id"], reason=call.args["reason"] or "")
    return shown(run, call.system.runtime.now_us())


async def ask_runs(call: Call, verb: str, **args: Any) -> Run:
    """The run, as it is after what was asked of the runs. Raises what an ask does."""
    run: Run = await call.system.runtime.ask("runs", Command(verb, args, call.who.name, call.command_id))
    return run


def moment_of(table: dict[str, Any], name: str, default: int) -> int:
    """Take a time out of a body, UTC microseconds. Raises Invalid."""
    given = table.pop(name, None)
    return default if given is None else time_us(str(given), ["body", name])


async def _find(call: Call) -> Run:
    run: Run | None = await call.system.records.one(call.args["id"])
    if run is None:
        raise Refused(f"Run '{call.args['id'][:64]}' not found", code="not_found")
    return run


def shown(run: Run, now_us: int) -> RunShown:
    """A run as clients see it at a time."""
    params = {name.removesuffix("_us"): iso(value) if name.endswith("_us") else value for name, value in run.params.items()}
    times = (run.created_us, run.started_us, run.finished_us, run.expected_us(now_us))
    created, started, finished, expected = (None if at is None else iso(at) for at in times)
    return RunShown(
        run.id, run.kind, run.status.value, run.progress, params, run.result, run.error, created, started, finished,
        f"/api/oracle/runs/{run.id}", expected, run.requested, run.reason, run.name, run.owner, run.agent, run.worker,
        run.attempts, run.model, run.cost_usd, run.input_tokens, run.output_tokens, run.duration_s, run.conversation, run.source,
        **run.numbers(),
    )  # fmt: skip


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {"ts": iso(row["ts_us"]), **{name: value for name, value in row.items() if name != "ts_us"}}


_STATUS = Param("status", choices=tuple(status.value for status in Status))
_SORT = Param("sort", default="-created", choices=tuple(f"{sign}{name}" for name in SORTS for sign in ("", "-")),
              doc="by what; `-` before it: the greatest first")  # fmt: skip
_WHICH = (
    _STATUS, Param("kind", le=64), Param("owner", le=200), Param("agent", le=200), Param("conversation", le=200),
    Param("text", le=200, doc="how its name or id begins"), _SORT,
    Param("offset", "int", default=0, ge=0, le=1_000_000_000),
)  # fmt: skip
_LIMIT = Param("limit", "int", default=100, ge=1, le=1_000, doc="most rows")
_CURSOR = Param("cursor", shape={"pattern": "^[0-9]{0,9}$"}, doc="`next` of the page before")
_REASON = Param("reason", le=500, doc="why, for the run and its timeline")
_ONE = "/api/oracle/runs/{id}"
_READ = {"auth": Auth.token, "scope": Scope.read, "family": Family.error, "tag": "oracle", "head": True}
_DO = {"auth": Auth.token, "scope": Scope.operate, "family": Family.error, "tag": "oracle"}
ROUTES = (
    Route("POST", "/api/oracle/backtest", backtest, body=dict, answer=RunShown, done=202, refuses=(503, 504), **_DO),
    Route("GET", "/api/oracle/runs", runs, params=(*_WHICH, _LIMIT), answer=RunList, refuses=(504,), **_READ),
    Route("GET", _ONE, one_run, answer=RunWhole, refuses=(404, 504), **_READ),
    Route("GET", f"{_ONE}/events", run_events, params=(_LIMIT, _CURSOR), answer=Rows, refuses=(404, 504), **_READ),
    *(Route("POST", f"{_ONE}/{do.__name__}", do, params=(_REASON,), answer=RunShown, refuses=(404, 409, 503, 504), **_DO)
      for do in (begin, pause, resume, stop, cancel)),
)  # fmt: skip

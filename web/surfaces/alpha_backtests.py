"""Alpha-oracle's backtests of strategies: started, waited for, and read again."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import attrs
import trio

from actors import Refused
from oracle.border import structure
from oracle.runs import Run, Status
from oracle.system import System
from oracle.trading.backtest.ask import Wish, checked
from oracle.trading.backtest.job import NO_BARS
from oracle.trading.backtest.past import has_bars, unheard
from oracle.trading.backtest.result import DAY_US
from oracle.trading.backtest.work import KIND
from oracle.trading.roster import roster
from web.errors import invalid
from web.routes import Answer, Auth, Call, Param, Route, Scope
from web.surfaces.runs import ask_runs, moment_of, shown
from web.wire import iso

__all__ = ["ROUTES", "WAIT_S", "ended", "runs_of"]

WAIT_S = 45.0  # less than a response may take
WAIT_WITH_ID_S = 10.0  # and less than one that is carried out once
MOST_ROWS = 1_000_000
_RESPOND_ASYNC = ("Preference-Applied", "respond-async")


@attrs.frozen(kw_only=True)
class BacktestWish:
    """The days `start` to `end`, both included (ISO 8601; `end` may be later than there are bars), and the USD it begins with.
    `symbols`: these, instead of the universe. `params`: settings of the strategy for this run. `sizing`: half_kelly as live, or
    all_in. `orders`: live (brackets with a stop and a target), or at market. `limits`: whether the gate judges orders as live."""

    start: dt.date
    end: dt.date
    initial_capital: float = 100_000.0
    symbols: list[str] = attrs.field(factory=list)
    params: dict[str, Any] = attrs.field(factory=dict)
    sizing: Literal["half_kelly", "all_in"] = "half_kelly"
    orders: Literal["live", "market"] = "live"
    limits: bool = True


@attrs.frozen(kw_only=True)
class BacktestFigures:
    """Amounts in USD, what ends in `_pct` in percent. `win_rate` is a fraction, `max_drawdown_pct` positive, `avg_win_pct` and
    `avg_loss_pct` positive percents of the initial capital, ratios annualised with a risk-free rate of 0. What is not defined is
    0, and named in `metadata.undefined`; `metadata` also has where the bars came from (`simulated`, `sources`, `data_to`), the
    benchmark, costs, and what kept signals from becoming orders (`refused`)."""

    strategy_name: str
    start_date: dt.date
    end_date: dt.date
    initial_capital: float
    final_capital: float
    total_return_pct: float
    annual_return_pct: float
    sharpe_ratio: float
    sortino_ratio: float
    max_drawdown_pct: float
    profit_factor: float
    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: float
    avg_win_pct: float
    avg_loss_pct: float
    metadata: dict[str, Any]


@attrs.frozen
class EquityPoint:
    """The equity at the end of a day (UTC), USD."""

    date: dt.date
    equity: float


@attrs.frozen(kw_only=True)
class BacktestTrade:
    """A position that was closed, or a part of one: `side` is the position's, `pnl` in USD after `fees`, `pnl_pct` percent of
    what was put in."""

    id: str
    symbol: str
    side: str
    quantity: float
    entry_price: float
    exit_price: float
    entry_time: dt.datetime
    exit_time: dt.datetime
    pnl: float
    pnl_pct: float
    fees: float
    strategy_name: str
    hold_duration_days: float
    is_day_trade: bool


@attrs.frozen(kw_only=True)
class BacktestResult(BacktestFigures):
    """What a strategy would have done; figures as in BacktestFigures. Positions that are open at the end count in the equity, and
    are no trades."""

    equity_curve: list[EquityPoint]
    trades: list[BacktestTrade]


@attrs.frozen(kw_only=True)
class PastBacktest(BacktestFigures):
    """A result that is kept, without its curve and its trades; those are at /api/strategies/backtests/ID."""

    id: str
    finished: dt.datetime


async def backtest(call: Call) -> BacktestResult | Answer:
    """Run a strategy over stored daily bars, and answer with what it would have done.

    It is the strategy, the sizing, the gate and the paper venue that trade live; an order fills in the next bar of its symbol. On
    a new machine the bars are those of the simulated market (`metadata.simulated`). The kill switch and breakers, which wait for
    an operator, are left out. With `Prefer: respond-async` the answer is 202 and the run (`/api/oracle/runs/ID`), as it is where
    the result is not there within 45 seconds (10 with an `Idempotency-Key`); the result is then at
    `/api/strategies/backtests/ID`. A strategy that can't work here is refused with the reason (409).
    """
    wish = _wish(call)
    ask = checked(wish, roster(call.system.settings.strategies), call.system.runtime.now_us())
    symbols, to_us = wish.symbols or call.system.settings.trading.universe, call.system.runtime.now_us() - DAY_US + 1
    if not await has_bars(call.system.queries, symbols, wish.start_us, min(ask.to_us, to_us)):
        raise invalid("value_error", ["body", "symbols" if wish.symbols else "start"], NO_BARS, call.body.get("start"))
    if lacks := await unheard(call.system.queries, ask.required_data, symbols, ask.to_us):
        raise Refused(f"{ask.listed.name} can't work here: {lacks}", "conflict", {"strategy": ask.listed.name, "reason": lacks})
    run = await ask_runs(call, "start", kind=KIND, params=attrs.asdict(ask.wish))
    asked = "respond-async" in call.headers.get("prefer", "").replace(" ", "").lower().split(",")
    if not asked:
        run = await ended(call.system, run, WAIT_WITH_ID_S if call.command_id else WAIT_S)
    if not run.over:
        place = ("Location", f"/api/strategies/backtests/{run.id}")
        return Answer(shown(run, call.system.runtime.now_us()), 202, (place, _RESPOND_ASYNC) if asked else (place,))
    return await _result(call.system, run)


async def backtests(call: Call) -> list[PastBacktest]:
    """Results of backtests of strategies, newest first; the newest 200 runs of all kinds are kept."""
    name = call.args["strategy"]
    found = [run for run in runs_of(call.system) if run.status is Status.completed and name in (None, run.params["strategy"])]
    return [PastBacktest(**_figures(run), id=run.id, finished=iso(run.finished_us or 0)) for run in found[: call.args["limit"]]]


async def one_backtest(call: Call) -> BacktestResult:
    """The result of one backtest; 409 while there is none."""
    run = next((run for run in runs_of(call.system) if run.id == call.args["id"]), None)
    if run is None:
        raise Refused(f"Backtest '{call.args['id']}' not found", "not_found")
    return await _result(call.system, run)


async def ended(system: System, run: Run, within_s: float) -> Run:
    """The run when it is over, or as it is then."""
    over = trio.Event()

    def hear(published: Any) -> None:
        if published.message.value is None or Run(**published.message.value).over:
            over.set()

    subscription = system.runtime.listen(f"state:run:{run.id}", hear)
    try:
        if not _now(system, run).over:
            with trio.move_on_after(within_s):
                await over.wait()
    finally:
        subscription.cancel()
    return _now(system, run)


def runs_of(system: System) -> list[Run]:
    """All backtests of strategies, newest first."""
    found = [Run(**state.value) for state in system.board.kind("run") if state.value and state.value["kind"] == KIND]
    return sorted(found, key=lambda run: run.created_us, reverse=True)


def _now(system: System, run: Run) -> Run:
    value = system.board.get(run.ref)
    return Run(**value) if value else run


def _wish(call: Call) -> Wish:
    if not isinstance(call.body, dict):
        raise invalid("dict_type", ["body"], "Input should be an object")
    table = {name: value for name, value in call.body.items() if name not in ("start_us", "end_us", "strategy")}
    for name in ("start", "end"):
        if table.get(name) is None:
            raise invalid("missing", ["body", name], "Field required")
    span = {f"{name}_us": moment_of(table, name, 0) for name in ("start", "end")}
    return structure(Wish, {**table, **span, "strategy": call.args["name"]}, extras="drop", path=("body",))


async def _result(system: System, run: Run) -> BacktestResult:
    match run.status:
        case Status.completed:
            rows, _ = await trio.to_thread.run_sync(system.shelf.get, run.id, 0, MOST_ROWS)
        case Status.failed:
            raise Refused(f"the backtest failed: {run.error}", "internal")
        case status:
            raise Refused(f"the backtest is {status}", "conflict")
    curve = [EquityPoint(dt.date.fromisoformat(row["date"]), row["equity"]) for row in rows if row["row"] == "equity"]
    return BacktestResult(**_figures(run), equity_curve=curve, trades=[_trade(row) for row in rows if row["row"] == "trade"])


def _figures(run: Run) -> dict[str, Any]:
    result = run.result or {}
    found = {field.name: result[field.name] for field in attrs.fields(BacktestFigures)}
    days = {name: dt.date.fromisoformat(found[name]) for name in ("start_date", "end_date")}
    return {**found, **days, "metadata": {**found["metadata"], "run_id": run.id}}


def _trade(row: dict[str, Any]) -> BacktestTrade:
    plain = {field.name: row[field.name] for field in attrs.fields(BacktestTrade) if field.name in row}
    return BacktestTrade(**plain, entry_time=iso(row["entry_us"]), exit_time=iso(row["exit_us"]))


_LIMIT = Param("limit", "int", default=50, ge=1, le=200, doc="most results")
_STRATEGY = Param("strategy", doc="of this strategy only")
_ALL = "/api/strategies/backtests"
_READ: dict[str, Any] = {"auth": Auth.token, "tag": "strategies"}
ROUTES = (
    Route("POST", "/api/strategies/{name}/backtest", backtest, Auth.token, Scope.operate, body=BacktestWish,
          answer=BacktestResult, refuses=(404, 409, 500, 503, 504), tag="strategies"),
    Route("GET", _ALL, backtests, params=(_LIMIT, _STRATEGY), answer=list[PastBacktest], **_READ),
    Route("GET", f"{_ALL}/{{id}}", one_backtest, answer=BacktestResult, refuses=(404, 409, 500), **_READ),
)  # fmt: skip

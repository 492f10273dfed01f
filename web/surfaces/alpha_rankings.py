"""Alpha-oracle's ranking of strategies by what their backtests found."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import trio

from actors import Refused
from oracle.problems import Invalid
from oracle.runs import Run
from oracle.system import System
from oracle.trading.backtest.ask import Wish
from oracle.trading.backtest.past import unheard
from oracle.trading.backtest.rankings import Standing, learns, standing
from oracle.trading.backtest.work import KIND
from oracle.trading.roster import Listed, made, roster
from web.routes import Answer, Auth, Call, Param, Route
from web.surfaces.alpha_backtests import ended, runs_of
from web.surfaces.runs import ask_runs
from web.wire import iso

__all__ = ["ROUTES"]

UNRANKED = "X-Unranked"
WAIT_S = 20.0


@attrs.frozen(kw_only=True)
class StrategyRanking:
    """A strategy by its newest backtest over all that is stored. `composite_score` and `consistency_score` are 0 to 1, `win_rate`
    a fraction, `max_drawdown_pct` a positive percent; `ranked_at` is when that backtest ended. `consistency_score` is 1 where
    the returns of the test months of a walk forward (24 months before, 6 tested, 3 on) were all alike, 0 where there was no such
    window. `meets_thresholds`: Sharpe above 1, drawdown below 20 %, profit factor above 1.5, and 100 trades."""

    strategy_name: str
    composite_score: float
    sharpe_ratio: float
    sortino_ratio: float
    max_drawdown_pct: float
    profit_factor: float
    consistency_score: float
    total_trades: int
    win_rate: float
    meets_thresholds: bool
    ranked_at: dt.datetime


async def rankings(call: Call) -> Answer:
    """Strategies by composite score, the best first.

    Each is ranked by its newest backtest as it is set up, over all daily bars that are stored, so that all are compared over the
    same days: shorter backtests and those with other settings are not counted. Where there is none it is run now, and waited for
    as long as `wait_s` seconds; one older than a day (`ranked_at` says how old) is answered, and run anew meanwhile. One that
    trains itself takes minutes, and is ranked once somebody has run it over all that is stored. Strategies that can't work here,
    or are not through yet, are left out, and named in the header `X-Unranked`.
    """
    system = call.system
    known, first_us = roster(system.settings.strategies), await _first_us(system)
    found: list[Standing] = []
    if first_us is not None:
        for one in [one for one in known.values() if not await _unable(system, one)]:
            found.append(await _begun(call, standing(one, runs_of(system), first_us), first_us))
        with trio.move_on_after(call.args["wait_s"]):
            for stands in found:
                if (run := stands.awaited) is not None:
                    await ended(system, run, WAIT_S)
        found = [standing(one.listed, runs_of(system), first_us) for one in found]
    ranked = sorted((_ranking(one.newest) for one in found if one.newest), key=lambda one: -one.composite_score)
    left = sorted(set(known) - {one.strategy_name for one in ranked})
    return Answer(ranked, headers=((UNRANKED, ", ".join(left)),) if left else ())


async def _unable(system: System, listed: Listed) -> str:
    """Why it can't be ranked; empty where it can."""
    try:
        strategy = made(listed.kind, listed.table)
    except Invalid as bad:
        return str(bad)
    symbols, now_us = system.settings.trading.universe, system.runtime.now_us()
    return strategy.unavailable() or await unheard(system.queries, strategy.required_data, symbols, now_us)


async def _begun(call: Call, stands: Standing, first_us: int) -> Standing:
    """How it stands when a run that is due was started."""
    now_us = call.system.runtime.now_us()
    if not stands.due(now_us) or learns(stands.listed):
        return stands
    wish = Wish(strategy=stands.listed.name, start_us=first_us, end_us=now_us)
    try:
        return attrs.evolve(stands, under_way=await ask_runs(call, "start", kind=KIND, params=attrs.asdict(wish)))
    except Refused as no:
        if no.code not in ("full", "unavailable"):
            raise
        return stands  # what is known is answered; who asks again later has it run then


async def _first_us(system: System) -> int | None:
    """When the first daily bar of the universe begins; None where there are none."""
    return await system.queries.first_day_us(system.settings.trading.universe)


def _ranking(run: Run) -> StrategyRanking:
    result: dict[str, Any] = run.result or {}
    facts = {field.name: result[field.name] for field in attrs.fields(StrategyRanking) if field.name in result}
    return StrategyRanking(**facts, ranked_at=iso(run.finished_us or 0))


_WAIT = Param("wait_s", "float", default=WAIT_S, ge=0, le=WAIT_S, doc="most seconds that backtests are waited for")
ROUTES = (
    Route("GET", "/api/strategies/rankings", rankings, Auth.token, params=(_WAIT,), answer=list[StrategyRanking],
          refuses=(503, 504), tag="strategies"),
)  # fmt: skip

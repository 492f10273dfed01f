"""Backtests of strategies over REST, as alpha-oracle's clients ask for them, and the ranking that comes of them."""

import datetime as dt
import random
from contextlib import asynccontextmanager
from functools import partial

import attrs
import numpy as np
import pytest
import trio
from running import open_house

from oracle.runs import Run
from oracle.settings import Auth, Data, Settings
from oracle.settings_trading import Trading
from oracle.trading.backtest.work import KIND
from oracle.trading.strategies import STRATEGIES
from web.routes import Auth as RouteAuth
from web.routes import Scope
from web.table import routes

DAY_US = 86_400_000_000
FIRST_US = 1_640_995_200_000_000  # 2022-01-01
DAYS = 943  # until 2024-07-31
ONE = "/api/strategies/SmaCross/backtest"
BODY = {"start": "2023-01-01", "end": "2024-01-01", "initial_capital": 100000}
CONTRACT = {
    "strategy_name": str, "start_date": str, "end_date": str, "initial_capital": float, "final_capital": float,
    "total_return_pct": float, "annual_return_pct": float, "sharpe_ratio": float, "sortino_ratio": float,
    "max_drawdown_pct": float, "profit_factor": float, "total_trades": int, "winning_trades": int, "losing_trades": int,
    "win_rate": float, "avg_win_pct": float, "avg_loss_pct": float, "equity_curve": list, "trades": list, "metadata": dict,
}  # fmt: skip
RANKING = {
    "strategy_name": str, "composite_score": float, "sharpe_ratio": float, "sortino_ratio": float, "max_drawdown_pct": float,
    "profit_factor": float, "consistency_score": float, "total_trades": int, "win_rate": float, "meets_thresholds": bool,
    "ranked_at": str,
}  # fmt: skip


def past(symbols=("AAPL", "MSFT")):
    """Daily bars of random walks, each its own, marked simulated."""
    columns = {name: [] for name in ("symbol", "interval", "open", "high", "low", "close", "volume", "trades", "ts_us", "source")}
    for symbol in symbols:
        dice, price = random.Random(symbol), 100.0
        for number in range(DAYS):
            after = price * (1 + dice.gauss(0.0005, 0.02))
            at_us = FIRST_US + number * DAY_US
            row = (symbol, "1d", price, max(price, after), min(price, after), after, 1e6, 10, at_us, "simulated")
            for name, value in zip(columns, row, strict=True):
                columns[name].append(value)
            price = after
    texts = ("symbol", "interval", "source")
    return {name: np.array(values, object if name in texts else None) for name, values in columns.items()}


@asynccontextmanager
async def house_with_a_past(folder):
    settings = Settings(
        auth=Auth(mode="open"), data=Data(folder=folder), trading=Trading(universe=("AAPL", "MSFT", "GLD")),
        strategies={"SmaCross": {"kind": "bench.trading:SmaCross"}},
    )  # fmt: skip
    async with open_house(folder, settings=settings) as house:
        await trio.to_thread.run_sync(partial(house.system.store.backfill_bars, past()))
        yield house


def ranked_before(house, name, score):
    """A result of an hour ago."""
    now_us = house.system.runtime.now_us() - 3_600_000_000
    facts = {field: kind(0) for field, kind in RANKING.items() if field != "ranked_at"}
    result = {**facts, "strategy_name": name, "composite_score": score, "metadata": {"params": {}}}
    run = Run(f"before_{name}", KIND, {"strategy": name, "start_us": 0, "end_us": now_us}, now_us, "completed", result=result,
              finished_us=now_us)  # fmt: skip
    house.system.board.put(run.ref, {**attrs.asdict(run), "status": run.status.value}, now_us)


def shaped(found, shape):
    return {name: kind for name, kind in shape.items()
            if not isinstance(found[name], (kind, int) if kind is float else kind)}  # fmt: skip


async def test_a_backtest_is_answered_kept_and_ranked(tmp_path):
    async with house_with_a_past(tmp_path) as house:
        done = await house.post(ONE, json=BODY)
        assert done.status == 200, done.body
        found = done.json
        assert set(found) == set(CONTRACT) and not shaped(found, CONTRACT)
        assert (found["strategy_name"], found["start_date"], found["end_date"]) == ("SmaCross", "2023-01-01", "2024-01-01")
        curve, trades, more = found["equity_curve"], found["trades"], found["metadata"]
        assert [curve[0]["date"], curve[-1]["date"], len(curve)] == ["2023-01-01", "2024-01-01", 366]
        assert curve[0]["equity"] == 100000 and curve[-1]["equity"] == found["final_capital"]
        assert found["total_return_pct"] == pytest.approx((found["final_capital"] - 100000) / 1000)
        assert found["total_trades"] == len(trades) == found["winning_trades"] + found["losing_trades"] > 5
        assert found["win_rate"] == found["winning_trades"] / len(trades)
        assert all("2023-01-02T00:00:00Z" <= one["entry_time"] < one["exit_time"] <= "2024-01-01T00:00:00Z" for one in trades)
        assert (more["simulated"], more["sources"], more["without_data"]) == (True, ["simulated"], ["GLD"])
        assert more["benchmark"]["total_return_pct"] is not None and more["fills"] > len(trades)
        assert (more["sizing"], more["orders"], more["limits"]) == ("half_kelly", "live", True) and more["placed"] > 5

        rows = (await house.get(f"/api/oracle/runs/{more['run_id']}/events?limit=1")).json["items"]
        (first,) = rows
        assert 90_000 < first.pop("benchmark") < 110_000
        assert first == {"ts": "2023-01-01T00:00:00Z", "row": "equity", "date": "2023-01-01", "equity": 100000}
        rows = (await house.get(f"/api/oracle/runs/{more['run_id']}/events?limit=366")).json["items"]
        assert rows[-1]["benchmark"] == pytest.approx(100_000 + 1_000 * more["benchmark"]["total_return_pct"])

        whole = {"start": "2022-01-01", "end": "2999-01-01"}  # there are bars until 2024-07-31, and it says so
        sooner = await house.post(ONE, json=whole, headers={"Prefer": "respond-async"})
        assert sooner.status == 202 and sooner.headers["preference-applied"] == "respond-async"
        assert sooner.json["kind"] == "strategy_backtest" and sooner.json["params"]["start"] == "2022-01-01T00:00:00Z"
        for place, name in enumerate(STRATEGIES):
            ranked_before(house, name, place / 10)
        ranked = await house.get("/api/strategies/rankings")  # which waits for that one
        assert ranked.status == 200 and not [wrong for one in ranked.json if (wrong := shaped(one, RANKING))]
        assert [set(one) for one in ranked.json] == [set(RANKING)] * len(ranked.json)
        scores = [one["composite_score"] for one in ranked.json]
        assert scores == sorted(scores, reverse=True) and all(0 <= score <= 1 for score in scores)
        by_name = {one["strategy_name"]: one for one in ranked.json}
        assert by_name["SmaCross"]["consistency_score"] == 0.5  # there is one window
        unranked = ranked.headers.get("x-unranked", "").split(", ")
        assert {*by_name, *filter(None, unranked)} == {"SmaCross", *STRATEGIES} and not set(unranked) & set(by_name)
        again = await house.get("/api/strategies/rankings")
        assert again.json == ranked.json

        kept = (await house.get("/api/strategies/backtests?strategy=SmaCross")).json  # nothing was run twice
        assert [one["id"] for one in kept] == [sooner.json["id"], more["run_id"]] and "trades" not in kept[0]
        assert (await house.get(f"/api/strategies/backtests/{more['run_id']}")).json == found
        one = (await house.get(sooner.headers["location"])).json
        assert (one["end_date"], one["metadata"]["data_to"]) == ("2999-01-01", "2024-07-31")


async def test_what_is_wrong_is_named(tmp_path):
    async with house_with_a_past(tmp_path) as house:
        later = dt.datetime.fromtimestamp(house.system.runtime.now_us() / 1e6 + 9 * 86400, dt.UTC).date().isoformat()
        wrong = [
            ({"end": "2022-12-31"}, "end"), ({"start": "yesterday"}, "start"), ({"start": later, "end": later}, "start"),
            ({"start": None}, "start"), ({"initial_capital": 0}, "initial_capital"),
            ({"initial_capital": "much"}, "initial_capital"),
            ({"params": {"slow": "much"}}, "params"), ({"params": {"slwo": 5}}, "params"), ({"sizing": "bold"}, "sizing"),
            ({"symbols": ["GLD"]}, "symbols"), ({"symbols": ["../x"]}, "symbols"),
            ({"start": "2019-01-01", "end": "2020-01-01"}, "start"),
        ]  # fmt: skip
        for change, field in wrong:
            no = await house.post(ONE, json={**BODY, **change})
            assert (no.status, no.json["detail"][0]["loc"][:2]) == (422, ["body", field]), (change, no.body)
        assert (await house.post(ONE, json=[])).status == 422
        unknown = await house.post("/api/strategies/Nothing/backtest", json=BODY)
        assert unknown.status == 404 and "SmaCross" in unknown.json["detail"]
        assert (await house.get("/api/strategies/backtests")).json == []
        assert (await house.get("/api/strategies/backtests/x")).status == 404
        crashed = await house.post(ONE, json={**BODY, "params": {"fast": 0}})
        assert crashed.status == 500 and "ZeroDivisionError" in crashed.json["detail"]
        (run,) = (await house.get("/api/oracle/runs")).json["items"]
        assert (run["status"], (await house.get(f"/api/strategies/backtests/{run['id']}")).status) == ("failed", 500)


async def test_where_nothing_is_stored_nothing_is_ranked(tmp_path):
    async with open_house(tmp_path) as house:
        none = await house.get("/api/strategies/rankings")
        assert (none.status, none.json) == (200, [])
        assert house.system.board.get("run:x") is None and (await house.get("/api/oracle/runs")).json["items"] == []


def test_rankings_and_backtests_are_no_names_of_strategies():
    mine = {route.name: route for route in routes() if route.path.startswith("/api/strategies/")}
    assert mine["GET /api/strategies/rankings"].auth is RouteAuth.token
    assert mine["POST /api/strategies/{name}/backtest"].scope is Scope.operate

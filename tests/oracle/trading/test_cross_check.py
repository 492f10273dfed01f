"""Our engine beside backtesting.py, over the same bars with the same strategy: the same trades, and the same figures where both
mean the same by them. docs/backtests.md has the numbers."""

import math
import re
import statistics
import warnings
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("backtesting", reason="the extra `bench` is not installed: there is nothing to check against")

from bench import trading as bench
from oracle.trading.backtest import metrics
from oracle.trading.backtest.result import DAY_US

FLAT_AT = 2_085  # bars until nothing is held: that package counts no trade that is open at the end


@pytest.fixture(scope="module")
def both():
    table = bench.frame().iloc[:FLAT_AT]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = bench.peer(table).run()
    return table, theirs, *bench.through(bench.bars_of(table), None)


def test_the_trades_are_the_same(both):
    table, theirs, engine, _ = both
    place = {bar.ts_us: number for number, bar in enumerate(bench.bars_of(table))}
    first = {time_us - time_us % DAY_US: number for time_us, number in place.items()}
    ours = [(first[one.opened_us], first[one.closed_us], one.entry_price, one.exit_price, one.quantity)
            for one in engine.books.trades]
    rows = theirs._trades
    wanted = [*zip(rows.EntryBar, rows.ExitBar, rows.EntryPrice, rows.ExitPrice, rows.Size, strict=True)]
    assert len(ours) == 46 and ours == [tuple(map(float, one)) for one in wanted]
    assert [one.pnl for one in engine.books.trades] == pytest.approx(list(rows.PnL), rel=1e-9)


def test_the_equity_is_the_same_at_every_close(both):
    _, theirs, engine, _ = both
    assert engine.equity == pytest.approx(list(theirs._equity_curve.Equity), rel=1e-9)


def test_figures_are_the_same_where_they_mean_the_same(both):
    _, theirs, engine, ours = both
    more = ours["metadata"]
    same = {
        "Return [%]": ours["total_return_pct"], "CAGR [%]": ours["annual_return_pct"],
        "Max. Drawdown [%]": -ours["max_drawdown_pct"], "Win Rate [%]": 100 * ours["win_rate"], "# Trades": ours["total_trades"],
        "Equity Final [$]": ours["final_capital"], "Exposure Time [%]": more["exposure_pct"],
        "Max. Drawdown Duration": more["drawdown_days"],
        "Return (Ann.) [%]": 100 * metrics.annualised_return(metrics.returns(engine.equity), 252),
    }  # fmt: skip
    for name, value in same.items():
        wanted = theirs[name].days if name.endswith("Duration") else theirs[name]
        assert value == pytest.approx(float(wanted), abs=1e-6), name


def test_where_they_differ_it_is_the_definition(both):
    """From its own trades and equity, by our definitions, ours come out."""
    _, theirs, _, ours = both
    equity, gains = theirs._equity_curve.Equity.tolist(), theirs._trades.PnL.tolist()
    series = [after / before - 1 for before, after in pairwise(equity)]
    mean = statistics.fmean(series)
    below = math.sqrt(statistics.fmean(min(0.0, one) ** 2 for one in series))
    assert ours["sharpe_ratio"] == pytest.approx(mean / statistics.stdev(series) * math.sqrt(252), abs=1e-6)
    assert ours["sortino_ratio"] == pytest.approx(mean / below * math.sqrt(252), abs=1e-6)
    assert ours["metadata"]["volatility_pct"] == pytest.approx(100 * statistics.stdev(series) * math.sqrt(252), abs=1e-6)
    won, lost = (math.fsum(one for one in gains if one * sign > 0) for sign in (1, -1))
    assert ours["profit_factor"] == pytest.approx(won / -lost, abs=1e-6)
    assert ours["metadata"]["expectancy"] == pytest.approx(statistics.fmean(gains), abs=1e-6)
    # theirs over the same: a geometric mean over a deviation of what is compounded, percents of trades instead of money
    for name, value in {"Sharpe Ratio": ours["sharpe_ratio"], "Sortino Ratio": ours["sortino_ratio"],
                        "Profit Factor": ours["profit_factor"]}.items():  # fmt: skip
        assert abs(float(theirs[name]) - value) > 1e-3, f"{name} is the same after all: say so in docs/backtests.md"


def test_the_table_of_the_page_is_true(both):
    _, theirs, engine, ours = both
    more, page = ours["metadata"], (Path(__file__).parents[3] / "docs" / "backtests.md").read_text()
    rows = dict(re.findall(r"^\| ([^|]+) \| (\d[\d.]* \| \d[\d.]*) \|", page, re.MULTILINE))
    here = {
        "# Trades": ours["total_trades"], "Equity Final [$]": ours["final_capital"], "Return [%]": ours["total_return_pct"],
        "CAGR [%]": ours["annual_return_pct"], "Max. Drawdown [%]": ours["max_drawdown_pct"],
        "Sharpe Ratio": ours["sharpe_ratio"],
        "Return (Ann.) [%]": 100 * metrics.annualised_return(metrics.returns(engine.equity), 252),
        "Max. Drawdown Duration": more["drawdown_days"], "Win Rate [%]": 100 * ours["win_rate"],
        "Exposure Time [%]": more["exposure_pct"], "Volatility (Ann.) [%]": more["volatility_pct"],
        "Sortino Ratio": ours["sortino_ratio"], "Profit Factor": ours["profit_factor"], "Expectancy": more["expectancy"],
        "Buy & Hold Return [%]": more["benchmark"]["total_return_pct"],
    }  # fmt: skip
    assert rows.keys() == here.keys()
    for name, value in here.items():
        theirs_is = theirs["Expectancy [%]" if name == "Expectancy" else name]
        other = abs(getattr(theirs_is, "days", theirs_is))
        written = rows[name].split(" | ")
        places = [len(text.partition(".")[2]) for text in written]
        assert written == [f"{value:.{places[0]}f}", f"{other:.{places[1]}f}"], name

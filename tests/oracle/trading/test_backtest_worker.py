"""What the process that computes does with what it is told, without the process."""

import datetime as dt

import attrs
import pytest

from bench.trading import DAY_US, SmaCross
from oracle.border import unstructure
from oracle.model import Sample
from oracle.settings_trading import Limits, Paper, Risk, Trading
from oracle.trading.backtest.wire import Begin, Series
from oracle.trading.backtest.worker import Course, all_in
from oracle.trading.roster import roster, wanted
from oracle.trading.signal import Direction, Signal

T0_US = 1_672_531_200_000_000  # 2023-01-01
PRICES = [100 + 10 * ((number // 15) % 2) + number % 3 for number in range(120)]


@attrs.define(eq=False)
class Listener(SmaCross):
    """Remembers what it was shown, and when it was asked."""

    shown: list = attrs.field(factory=list)

    def update(self, message):
        self.shown.append((type(message).__name__, message.ts_us))
        SmaCross.update(self, message)

    def decide(self, symbol, holding, now_us):
        self.shown.append(("asked", now_us))
        return SmaCross.decide(self, symbol, holding, now_us)


def begin(kind="bench.trading:SmaCross", **facts):
    plain = {
        "strategy": "SmaCross", "kind": kind, "table": {"fast": 2, "slow": 5}, "from_us": T0_US, "start": dt.date(2023, 1, 1),
        "end": dt.date(2023, 12, 31), "capital": 10_000.0, "sizing": "all_in", "orders": "market", "limits": False,
        "paper": unstructure(Paper()),
        "trading": unstructure(Trading()), "risk": unstructure(Risk()),
    }  # fmt: skip
    return Begin(**plain | facts)


def series(symbol="AAPL", first=0, prices=PRICES):
    times = [T0_US + (first + number) * DAY_US for number in range(len(prices))]
    return Series(symbol, "1d", DAY_US, times, prices, [p + 1.0 for p in prices], [p - 1.0 for p in prices], prices,
                  [1e9] * len(prices), ["simulated"] * len(prices))  # fmt: skip


def through(order, *of, pieces=(10_000,), beside=()):
    course = Course.of(order)
    course.series, course.beside = list(of), list(beside)
    for days in pieces:
        course.go(T0_US + days * DAY_US)
    return course


def test_piece_by_piece_is_the_same_as_at_once():
    whole = through(begin(), series(), series("MSFT", 7)).done()
    pieces = through(begin(), series(), series("MSFT", 7), pieces=(0, 1, 8, 50, 51, 1000)).done()
    assert whole == pieces and whole.summary["total_trades"] > 4


def test_what_was_before_the_start_is_seen_and_not_traded():
    course = through(begin(f"{__name__}:Listener", from_us=T0_US + 30 * DAY_US), series())
    shown = course.engine.strategy.shown
    assert shown[:31] == [("Bar", T0_US + number * DAY_US) for number in range(31)]
    assert shown[31] == ("asked", T0_US + 31 * DAY_US)
    assert course.engine.times_us[0] == T0_US + 30 * DAY_US and course.engine.equity[0] == 10_000
    assert course.held["AAPL"].first == PRICES[30]


def test_what_is_said_beside_bars_is_seen_before_the_close_it_was_said_before():
    noon = [Sample("fundamental_pe_ratio", "AAPL", 20.0, "", T0_US + number * DAY_US + DAY_US // 2, "x") for number in range(3)]
    late = Sample("fundamental_pe_ratio", "AAPL", 20.0, "", T0_US + 2 * DAY_US, "x")
    said = sorted([*noon, late], key=lambda one: one.ts_us)
    course = through(begin(f"{__name__}:Listener"), series(prices=PRICES[:3]), beside=said)
    kinds = [kind for kind, _ in course.engine.strategy.shown]
    assert kinds == ["Sample", "Bar", "asked"] * 2 + ["Sample", "Sample", "Bar", "asked"]


def test_bars_of_an_instant_are_shown_together_and_the_benchmark_is_of_all():
    course = through(begin(f"{__name__}:Listener"), series(prices=[10.0, 20.0]), series("MSFT", 1, [50.0, 25.0]))
    days = [(kind, (at_us - T0_US) // DAY_US) for kind, at_us in course.engine.strategy.shown]
    assert days == [("Bar", 0), ("asked", 1), ("Bar", 1), ("Bar", 1), ("asked", 2), ("asked", 2), ("Bar", 2), ("asked", 3)]
    benchmark = course.done().summary["metadata"]["benchmark"]
    assert benchmark["total_return_pct"] == pytest.approx(100 * ((2.0 + 0.5) / 2 - 1))


def test_costs_sizing_and_limits_are_those_of_the_settings():
    free = through(begin(paper=unstructure(Paper(slippage_bps=0.0))), series()).done().summary
    dear = through(begin(paper=unstructure(Paper(slippage_bps=50.0, fee_per_unit=0.1))), series()).done().summary
    assert dear["metadata"]["fees"] > 0 and dear["final_capital"] < free["final_capital"]
    live = through(begin(sizing="half_kelly", orders="live", limits=True), series())
    assert live.done().summary["total_trades"] > 4
    assert all(one.quantity * one.entry_price <= 0.05 * 10_000 * 1.1 for one in live.engine.books.trades)
    strict = through(begin(limits=True, risk=unstructure(Risk(limits=Limits(min_price=500.0)))), series()).done().summary
    assert strict["total_trades"] == 0 and strict["metadata"]["refused"]["min_price"] > 0


def test_what_is_not_defined_is_0_and_named():
    found = through(begin(), series(prices=[100.0] * 40)).done().summary
    assert found["metadata"]["undefined"] == ["avg_loss_pct", "avg_win_pct", "profit_factor", "sharpe_ratio", "sortino_ratio",
                                              "win_rate"]  # fmt: skip
    assert (found["win_rate"], found["sharpe_ratio"], found["final_capital"]) == (0.0, 0.0, 10_000.0)
    assert through(begin()).done().summary["total_return_pct"] == 0.0  # no bars at all


def test_all_in_is_in_whole_lots():
    signal = Signal("AAPL", Direction.long, 1.0, "x", "", 0)
    assert all_in(signal, 30.0, 0.0, 100.0) == 3 and all_in(signal, 30.0, 0.0, -5.0) == 0
    assert all_in(attrs.evolve(signal, symbol="BTC-USD"), 30.0, 0.0, 100.0) == 3.333333


def test_a_strategy_is_found_by_its_name_in_snake_case_too():
    known = roster({"SmaCross": {"kind": "bench.trading:SmaCross", "slow": 30}})
    assert wanted(known, "sma_cross") is wanted(known, "SmaCross")
    assert wanted(known, "SmaCross").table == {"slow": 30}

"""The engine of backtests: on the data's clock, with what trades live, and never ahead."""

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.trading import CAPITAL, DAY_US, FREE, SmaCross, share, through
from oracle.model import Bar
from oracle.settings_trading import Limits, Paper, Pdt, Risk, Trading
from oracle.trading.backtest.books import Books
from oracle.trading.backtest.engine import Engine
from oracle.trading.backtest.wishes import as_live, at_market, record_of
from oracle.trading.risk.gate import assess
from oracle.trading.signal import Direction, Signal
from oracle.trading.venue import PaperVenue
from tests.soak import rounds

T0_US = 1_672_531_200_000_000  # 2023-01-01


@attrs.define(eq=False)
class Script(SmaCross):
    """Says what it was told to at each bar, and remembers what it was shown."""

    says: dict = attrs.field(factory=dict)  # (symbol, number of the bar): direction
    seen: list = attrs.field(factory=list)
    held: list = attrs.field(factory=list)
    bars: dict = attrs.field(factory=dict)

    def update(self, message):
        self.seen.append(message.ts_us)
        self.bars[message.symbol] = self.bars.get(message.symbol, -1) + 1

    def decide(self, symbol, holding, now_us):
        self.held.append(holding)
        direction = self.says.get((symbol, self.bars[symbol]))
        return None if direction is None else Signal(symbol, direction, 1.0, "script", "said so", now_us)


def bar(number, price, symbol="AAPL", low=None, high=None, opened=None):
    opened = price if opened is None else opened
    return Bar(symbol, "1d", opened, high or max(opened, price), low or min(opened, price), price, 1e9, 0, True,
               T0_US + number * DAY_US, "test")


def altered(one, **facts):
    """The bar with other facts."""
    return msgspec.structs.replace(one, **facts)


def engine_of(strategy, *, paper=FREE, risk=None, size=share, shorting=False, capital=CAPITAL, wish=at_market):
    risk_or = risk or Risk()
    gate = None if risk is None else (lambda order, price, view: assess(order, price, view, risk))
    books = Books.of(capital, Trading(), risk_or, shorting=shorting)
    return Engine(strategy, PaperVenue(paper), books, size, gate, wish)


def go(engine, *instants):
    for bars in instants:
        bars = bars if isinstance(bars, tuple) else (bars,)
        engine.step(bars, bars[0].ts_us, bars[0].ts_us + DAY_US)
    return engine


def test_a_signal_of_a_close_fills_at_the_next_open_and_pays_what_it_costs():
    script = Script(says={("AAPL", 0): Direction.long, ("AAPL", 2): Direction.flat})
    costs = Paper(latency_ms=0.0, slippage_bps=100.0, fee_per_unit=0.5)
    engine = engine_of(script, paper=costs, size=lambda *_: 10.0)
    go(engine, bar(0, 100.0), bar(1, 120.0, opened=110.0), bar(2, 130.0), bar(3, 90.0, opened=140.0))
    trade, = engine.books.trades
    assert (trade.entry_price, trade.exit_price) == pytest.approx((111.1, 138.6))
    assert (trade.opened_us, trade.closed_us) == (T0_US + DAY_US, T0_US + 3 * DAY_US)
    assert trade.pnl == pytest.approx(10 * (138.6 - 111.1) - 10.0)
    # nothing yet; 10 bought at 111.10 and 5 of fees, worth 120 each; then 130; then all is cash
    assert engine.equity == pytest.approx([CAPITAL, CAPITAL - 1116 + 1200, CAPITAL - 1116 + 1300, CAPITAL + trade.pnl])
    assert engine.held == 3 and [one and one.bars_held for one in script.held] == [None, 0, 1, None]


def test_who_is_long_is_flat_before_he_is_short():
    script = Script(says={("AAPL", 0): Direction.long, ("AAPL", 1): Direction.short, ("AAPL", 2): Direction.short,
                          ("AAPL", 3): Direction.flat})  # fmt: skip
    engine = go(engine_of(script, size=lambda *_: 10.0, shorting=True), *(bar(number, 100.0 + number) for number in range(5)))
    assert [(one.side.value, one.quantity, one.pnl) for one in engine.books.trades] == [("BUY", 10, 10.0), ("SELL", 10, -10.0)]
    assert not engine.books.positions and not engine.books.working


LIVE = as_live(Trading(win_loss_ratio=2.0), Risk(limits=Limits(stop_loss_pct=2.0)), lambda: None)


def bracket(*bars, says=None):
    """A position of coins, bought at the open of the second bar, with a stop at 98 and a target at 104."""
    script = Script(says={("BTC-USD", 0): Direction.long, **(says or {})})
    first = [bar(0, 100.0, "BTC-USD"), bar(1, 100.0, "BTC-USD")]
    return go(engine_of(script, size=lambda *_: 10.0, wish=LIVE), *first, *bars)


def test_an_entry_as_live_is_protected_from_its_fill_on():
    engine = bracket()
    working = {one.order_type.value: one for one in engine.books.working.values()}
    assert (working["STOP"].stop_price, working["LIMIT"].limit_price) == pytest.approx((98.0, 104.0))
    view = engine.books.view(T0_US + 2 * DAY_US)
    assert not dict(view.pending_exits) and not dict(view.pending_quantity) and view.pending_orders == 0


@pytest.mark.parametrize(("low", "high", "price"), [(97.0, 101.0, 98.0), (99.0, 105.0, 104.0), (97.0, 105.0, 98.0)])
def test_of_a_bracket_one_exit_is_filled_and_the_other_is_gone(low, high, price):
    engine = bracket(bar(2, 100.0, "BTC-USD", low=low, high=high))
    assert [(one.quantity, one.exit_price) for one in engine.books.trades] == [(10.0, pytest.approx(price))]
    go(engine, bar(3, 100.0, "BTC-USD", low=1.0, high=999.0))
    assert not engine.books.working and not engine.books.positions and len(engine.books.trades) == 1


def test_an_exit_that_is_filled_in_part_leaves_the_other_the_rest():
    thin = altered(bar(2, 100.0, "BTC-USD", high=105.0), volume=4.0)
    engine = bracket(thin)
    assert sorted((one.order_type.value, engine.books.left(one)) for one in engine.books.working.values()) == [
        ("LIMIT", 6.0), ("STOP", 6.0)]  # fmt: skip
    go(engine, bar(3, 90.0, "BTC-USD"))
    assert [one.quantity for one in engine.books.trades] == [4.0, 6.0]
    assert not engine.books.working and not engine.books.positions


def test_what_protects_a_position_is_withdrawn_before_the_whole_is_closed():
    engine = bracket(bar(2, 100.0, "BTC-USD"), bar(3, 101.0, "BTC-USD"), says={("BTC-USD", 2): Direction.flat})
    assert [one.exit_price for one in engine.books.trades] == [101.0] and not engine.books.working


def test_a_limit_that_the_market_runs_away_from_is_taken_back_with_its_signal():
    script = Script(says={("AAPL", 0): Direction.long, ("AAPL", 1): Direction.long, ("AAPL", 2): Direction.flat})
    engine = engine_of(script, size=lambda *_: 10.0, wish=lambda signal, *rest: LIVE(attrs.evolve(signal, strength=0.5), *rest))
    go(engine, *(bar(number, 100.0 + 10 * number, opened=100.0 + 10 * number) for number in range(4)))
    assert not engine.books.fills and not engine.books.working
    assert engine.refused == {"an order of the symbol is at work": 1}


def test_a_record_is_of_thirty_trades_that_won_and_lost():
    script = Script(says={("AAPL", n): Direction.long if n % 2 == 0 else Direction.flat for n in range(80)})
    engine = go(engine_of(script, size=lambda *_: 1.0), *(bar(n, 100.0 + n * n % 7) for n in range(82)))
    trades = engine.books.trades
    assert record_of(trades[:29]) is None and record_of([one for one in trades if one.pnl > 0]) is None
    record = record_of(trades)
    won, lost = [one.pnl for one in trades if one.pnl > 0], [one.pnl for one in trades if one.pnl < 0]
    assert record.win_probability == len(won) / len(trades)
    assert record.win_loss_ratio == pytest.approx(-(sum(won) / len(won)) / (sum(lost) / len(lost)))


def test_there_is_one_order_of_a_symbol_at_work():
    script = Script(says={("AAPL", number): Direction.long for number in range(3)})
    engine = engine_of(script, size=lambda *_: 10.0)
    go(engine, bar(0, 100.0))
    engine._act(Signal("AAPL", Direction.long, 1.0, "script", "again", T0_US), T0_US)
    go(engine, bar(1, 100.0), bar(2, 100.0))
    assert engine.orders == 1 and engine.refused == {"an order of the symbol is at work": 1}


def test_the_gate_judges_entries_and_leaves_exits_alone():
    script = Script(says={("AAPL", 0): Direction.long, ("TSLA", 0): Direction.long, ("AAPL", 2): Direction.flat})
    limits = Limits(max_position_pct=5.0, min_price=20.0)
    engine = engine_of(script, risk=Risk(limits=limits), size=lambda *_: 200.0)
    go(engine, *((bar(n, 100.0), bar(n, 10.0, "TSLA")) for n in range(4)))
    assert engine.refused == {"min_price": 1}
    trade, = engine.books.trades
    assert trade.quantity == 50  # of 200 that were wished for


def test_who_may_not_sell_short_is_refused_by_the_gate():
    engine = engine_of(Script(says={("AAPL", 0): Direction.short}), risk=Risk(), size=lambda *_: 1.0)
    go(engine, bar(0, 100.0), bar(1, 100.0))
    assert engine.refused == {"oversell": 1} and not engine.books.fills


def test_what_an_order_at_work_will_take_is_not_free():
    seen = []
    script = Script(says={("AAPL", 0): Direction.long, ("MSFT", 0): Direction.long})

    def half(signal, price, equity, cash):
        seen.append(cash)
        return cash / 2 / price

    go(engine_of(script, size=half), (bar(0, 100.0), bar(0, 50.0, "MSFT")))
    assert seen == [CAPITAL, CAPITAL / 2]


def test_the_view_counts_what_is_pending_traded_and_closed_today():
    script = Script(says={("AAPL", 0): Direction.long, ("AAPL", 1): Direction.flat, ("MSFT", 1): Direction.long})
    engine = engine_of(script, size=lambda *_: 10.0, risk=Risk(pdt=Pdt(max_day_trades=1)))
    go(engine, (bar(0, 100.0), bar(0, 50.0, "MSFT")), (bar(1, 100.0), bar(1, 50.0, "MSFT")))
    view = engine.books.view(T0_US + DAY_US + 1)
    assert (dict(view.pending_exits), dict(view.pending_quantity)) == ({"AAPL": 10.0}, {"MSFT": 10.0})
    assert (view.pending_orders, view.reserved_cash, view.cash) == (2, 500.0, CAPITAL - 1000)
    assert (view.trades_today, view.day_trades_used) == (1, 0)
    assert view.equity == CAPITAL and view.breakers == {} and view.kill_reason is None


prices = st.lists(st.floats(10, 200).map(lambda price: round(price, 2)), min_size=30, max_size=80)


@settings(max_examples=rounds(40, 400))
@given(prices, st.data())
def test_what_comes_later_changes_nothing_earlier(closes, data):
    """Bars are handed over an instant at a time, so this could fail only through something shared; it must not."""
    cut = data.draw(st.integers(1, len(closes) - 1))
    other = closes[:cut] + [round(201 - price, 2) for price in closes[cut:]]
    one, two = (through([bar(n, price) for n, price in enumerate(prices)], None)[0] for prices in (closes, other))
    assert one.equity[:cut] == two.equity[:cut]
    before = T0_US + cut * DAY_US
    early = [[fill for fill in engine.books.fills if fill.ts_us < before] for engine in (one, two)]
    assert early[0] == early[1]


@settings(max_examples=rounds(40, 400))
@given(prices)
def test_money_comes_from_trades_alone(closes):
    engine, _ = through([bar(n, price) for n, price in enumerate(closes)], None)
    open_gain = sum(one.unrealized(engine.books.prices[one.symbol]) for one in engine.books.positions.values())
    assert engine.equity[-1] - CAPITAL == pytest.approx(sum(one.pnl for one in engine.books.trades) + open_gain, abs=1e-6)
    assert len(engine.equity) == len(closes)

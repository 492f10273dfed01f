"""Each rule for positions and for the whole, at its edge."""

import attrs
import pytest
from risk_views import buy, held, sell, view

from oracle.settings_trading import Limits, Risk
from oracle.trading.order import NewOrder, OrderType, Side
from oracle.trading.risk.assessment import Action
from oracle.trading.risk.entry import entry_of, lots, price_of
from oracle.trading.risk.gate import assess

FULL = view()
TECH = (held("MSFT", 120), held("NVDA", 100))  # 22 % of the equity


def stopped(kind, stop, limit=None):
    return NewOrder(symbol="A", side=Side.buy, quantity=1.0, order_type=kind, stop_price=stop, limit_price=limit)


def judged(order, price=100.0, desk=FULL, **limits):
    return assess(order, price, desk, Risk(limits=Limits(**limits)))


@pytest.mark.parametrize(("order", "price", "desk", "limits", "quantity", "broke"), [
    (buy(50), 100.0, FULL, {}, 50, []),
    (buy(51), 100.0, FULL, {}, 50, ["max_position_pct"]),
    (buy(30, limit=190.0), 200.0, FULL, {}, 26, ["max_position_pct"]),
    (buy(30), 200.0, view(held("AAPL", 10, 200.0)), {}, 15, ["max_position_pct"]),
    (buy(30), 200.0, view(held("AAPL", 10, 100.0), prices={"AAPL": 200.0}), {}, 15, ["max_position_pct"]),
    (buy(30), 200.0, view(pending_quantity={"AAPL": 20.0}), {}, 5, ["max_position_pct"]),
    (buy(30), 200.0, view(pending_quantity={"AAPL": 25.0}), {}, 0, ["max_position_pct"]),
    (buy(2), 5100.0, FULL, {}, 0, ["max_position_pct"]),
    (buy(0.2, "BTC-USD"), 60_000.0, FULL, {}, 0.083333, ["max_position_pct"]),
    (sell(60), 100.0, FULL, {}, 50, ["max_position_pct"]),
    (sell(60), 100.0, view(shorting=False), {}, 0, ["oversell", "max_position_pct"]),
    (buy(10), 4.99, FULL, {}, 0, ["min_price"]),
    (buy(10), 5.0, FULL, {}, 10, []),
    (buy(10, limit=6.0), 4.0, view(prices={"AAPL": 4.0}), {}, 0, ["min_price"]),
    (buy(30), 100.0, view(*TECH), {}, 30, []),
    (buy(31), 100.0, view(*TECH), {}, 0, ["max_sector_pct"]),
    (buy(31, "XOM"), 100.0, view(*TECH), {}, 31, []),
    (buy(31, "IBM"), 100.0, view(*TECH), {}, 31, []),
    (buy(31), 100.0, view(held("MSFT", 120), pending_quantity={"NVDA": 100.0}, prices={"NVDA": 100.0}), {}, 0,
     ["max_sector_pct"]),
    (buy(1), 100.0, view(*TECH), {"max_positions": 2}, 0, ["max_positions"]),
    (buy(1), 100.0, view(*TECH), {"max_positions": 3}, 1, []),
    (buy(1), 100.0, view(held("MSFT", 1), pending_quantity={"XOM": 1.0}), {"max_positions": 2}, 0, ["max_positions"]),
    (buy(1, "MSFT"), 100.0, view(held("MSFT", 1), held("XOM", 1)), {"max_positions": 2}, 1, []),
    (buy(1), 100.0, view(trades_today=49), {}, 1, []),
    (buy(1), 100.0, view(trades_today=50), {}, 0, ["max_daily_trades"]),
    (buy(1), 100.0, view(trades_today=48, pending_orders=2), {}, 0, ["max_daily_trades"]),
    (buy(50), 100.0, view(cash=15_000.0), {}, 50, []),
    (buy(50), 100.0, view(cash=14_999.0), {}, 0, ["min_cash_reserve_pct"]),
    (buy(50), 100.0, view(cash=20_000.0, reserved_cash=5_001.0), {}, 0, ["min_cash_reserve_pct"]),
    (buy(50), 100.0, view(cash=4_000.0), {"min_cash_reserve_pct": 0.0}, 0, ["cash", "min_cash_reserve_pct"]),
    (sell(50), 100.0, view(cash=0.0), {}, 50, []),
    (sell(50), 100.0, view(held("XOM", 960)), {}, 0, ["no_leverage"]),
    (sell(50), 100.0, view(held("XOM", 960)), {"no_leverage": False}, 50, []),
    (buy(1), 100.0, view(equity=0.0, cash=0.0), {}, 0, ["equity"]),
    (buy(1), 100.0, view(equity=-5.0, cash=0.0), {}, 0, ["equity"]),
    (buy(1), None, FULL, {}, 0, ["price"]),
    (buy(10, limit=100.0), None, FULL, {}, 10, []),
])  # fmt: skip
def test_an_entry_gets_what_the_limits_leave_it(order, price, desk, limits, quantity, broke):
    word = judged(order, price, desk, **limits)
    assert (word.quantity, [one.type for one in word.breaches]) == (quantity, broke)
    assert word.action is (Action.approve if not broke else Action.reduce if quantity else Action.reject)
    assert len(word.reasons) == len(word.breaches) and all(one.symbol == order.symbol for one in word.breaches)


def test_a_breach_says_how_far_it_went():
    (breach,) = judged(buy(60)).breaches
    assert (breach.current_value, breach.limit_value) == (pytest.approx(6.0), 5.0)
    assert breach.reason == "AAPL: the position would be 6.00 % of the equity, more than 5 %"


@pytest.mark.parametrize(("order", "newest", "price"), [
    (buy(1), 100.0, 100.0), (buy(1), None, None), (buy(1, limit=90.0), 100.0, 90.0), (sell(1, limit=90.0), 100.0, 100.0),
    (sell(1, limit=110.0), 100.0, 110.0), (sell(1, limit=110.0), None, 110.0),
    (stopped(OrderType.stop, 120.0), 100.0, 120.0), (stopped(OrderType.stop_limit, 120.0, 125.0), 9.0, 125.0),
    (stopped(OrderType.bracket, 90.0), 100.0, 100.0),
])  # fmt: skip
def test_an_order_is_judged_at_what_it_may_cost(order, newest, price):
    assert price_of(order, newest) == price


@pytest.mark.parametrize(("symbol", "quantity", "whole"), [
    ("AAPL", 33.9, 33.0), ("AAPL", 0.99, 0.0), ("AAPL", 24.9999999999, 25.0), ("AAPL", -3.0, 0.0),
    ("BTC-USD", 0.12345678, 0.123456), ("BTC-USD", 9e-7, 0.0),
])  # fmt: skip
def test_lots_are_whole_shares_and_millionths_of_coins(symbol, quantity, whole):
    assert lots(symbol, quantity) == whole


@pytest.mark.parametrize(("order", "desk", "opening", "beside"), [
    (sell(10), view(held("AAPL", 10)), 0.0, 0.0),
    (sell(25), view(held("AAPL", 10)), 15.0, 0.0),
    (sell(10), view(held("AAPL", 10), pending_exits={"AAPL": 4.0}), 4.0, 0.0),
    (buy(10), view(held("AAPL", -10)), 0.0, 0.0),
    (buy(10), view(held("AAPL", 7), pending_quantity={"AAPL": 2.0}), 10.0, 9.0),
    (sell(10), view(pending_quantity={"AAPL": 8.0}), 10.0, 0.0),
])  # fmt: skip
def test_what_closes_is_no_entry_and_what_is_on_its_way_counts(order, desk, opening, beside):
    entry = entry_of(order, 100.0, desk)
    assert (entry.quantity, entry.beside) == (opening, beside)


def test_two_orders_at_once_get_no_more_than_one_would():
    first = judged(buy(80))
    desk = attrs.evolve(FULL, pending_quantity={"AAPL": first.quantity}, reserved_cash=first.quantity * 100, pending_orders=1)
    assert (first.quantity, judged(buy(80), desk=desk).quantity) == (50, 0)

"""The view of the desk: what the board says of it, and what its open orders may still do."""

import attrs
import pytest
from risk_views import NOW_US, held

from actors.bus import Bus
from oracle.board import Board
from oracle.model import Quote
from oracle.settings_trading import Broker, Ibkr, Paper, Trading
from oracle.trading.ledger import Account
from oracle.trading.order import Order, OrderStatus, OrderType, Side
from oracle.trading.risk.assessment import Autonomy
from oracle.trading.risk.view import view_of


def order(ident, side, quantity, symbol="AAPL", limit=None, filled=0.0, **more):
    return Order(
        id=ident, symbol=symbol, side=side, order_type=OrderType.market if limit is None else OrderType.limit, limit_price=limit,
        quantity=quantity, created_us=NOW_US, updated_us=NOW_US, status=OrderStatus.submitted, filled_quantity=filled, **more,
    )  # fmt: skip


def seen(*entities, prices=(), states=(), broker=Broker(), without="", **counts):  # noqa: B008
    bus = Bus(lambda: NOW_US)
    board = Board(bus, lambda: NOW_US)
    for one in entities:
        value = one.value() if isinstance(one, Order) else attrs.asdict(one)
        board.put(one.ref, value, NOW_US)
    for symbol, price in dict(prices).items():
        bus.publish(Quote(symbol, price - 1, 1.0, price + 1, 1.0, NOW_US, "feed"))
    for ref, value in dict(states).items():
        board.put(ref, value, NOW_US)
    return view_of(board, Trading(sectors={"AAPL": "Technology"}), broker, NOW_US, counts.get("day_trades", 0), 0, without)


CASH = Account(initial_cash=1_000.0, cash=1_000.0)


def test_an_empty_board_is_a_desk_without_anything():
    view = seen(day_trades=None)
    assert (view.equity, view.cash, view.positions, view.breakers, view.kill_reason) == (0.0, 0.0, {}, {}, None)
    assert (view.autonomy, view.real_money, view.shorting, view.day_trades_known) == (Autonomy.paper, False, False, False)


def test_equity_is_cash_and_positions_at_the_newest_price_or_at_their_entry():
    view = seen(CASH, held("AAPL", 10, 100.0), held("MSFT", -2, 50.0), prices={"AAPL": 110.0})
    assert (view.equity, view.price("AAPL"), view.price("MSFT"), view.price("X")) == (2_000.0, 110.0, 50.0, None)
    assert view.sectors["AAPL"] == "Technology"


@pytest.mark.parametrize(("orders", "position", "cash", "adding", "taking", "untouched"), [
    ([order("1", Side.buy, 10, limit=90.0)], 0, 900.0, 10.0, 0.0, 1),
    ([order("1", Side.buy, 10)], 0, 1_000.0, 10.0, 0.0, 1),
    ([order("1", Side.buy, 10, limit=90.0, filled=4.0)], 4, 540.0, 6.0, 0.0, 0),
    ([order("1", Side.sell, 10)], 10, 0.0, 0.0, 10.0, 1),
    ([order("1", Side.sell, 15)], 10, 0.0, -5.0, 10.0, 1),
    ([order("1", Side.sell, 6), order("2", Side.sell, 7)], 10, 0.0, -3.0, 10.0, 2),
    ([order("1", Side.buy, 15, limit=100.0)], -10, 1_500.0, 5.0, 10.0, 1),
    ([order("1", Side.buy, 3), order("2", Side.sell, 8)], 0, 300.0, -8.0, 0.0, 2),
])  # fmt: skip
def test_open_orders_reserve_cash_and_room(orders, position, cash, adding, taking, untouched):
    held_now = [held("AAPL", position)] if position else []
    view = seen(CASH, *held_now, *orders, prices={"AAPL": 100.0})
    got = view.reserved_cash, view.pending_quantity["AAPL"], view.pending_exits["AAPL"], view.pending_orders
    assert got == (cash, adding, taking, untouched)


def test_the_legs_of_a_bracket_and_what_is_judged_again_do_not_count():
    legs = [order("2", Side.sell, 10, parent_id="1"), order("3", Side.sell, 10, limit=120.0, parent_id="1")]
    view = seen(CASH, held("AAPL", 10), *legs, order("4", Side.buy, 5, limit=1.0), without="4")
    assert (view.pending_quantity, view.pending_exits, view.reserved_cash, view.pending_orders) == ({}, {}, 0.0, 0)


def test_a_symbol_that_only_an_order_knows_is_priced_by_it():
    assert seen(CASH, order("1", Side.buy, 5, "XOM", limit=70.0)).price("XOM") == 70.0


def test_switches_are_read_from_the_board():
    kill = {"on": True, "reason": "crash", "since_us": 1, "by": "ada", "not_before_us": 2}
    states = {"switch:kill": kill, "breaker:vix": {"on": True, "reason": "high", "limit": 35.0},
              "breaker:drawdown": {"on": False, "reason": "", "limit": 10.0},
              "autonomy:desk": {"mode": "BOUNDED_AUTONOMOUS", "since_us": 1, "by": "ada"}}  # fmt: skip
    view = seen(CASH, states=states)
    assert (view.kill_reason, view.breakers, view.autonomy) == ("crash", {"vix": "high"}, Autonomy.bounded)


@pytest.mark.parametrize(("broker", "real", "short"), [
    (Broker(), False, False), (Broker(paper=Paper(allow_short=True)), False, True), (Broker(provider="push"), False, True),
    (Broker(provider="ibkr"), False, True), (Broker(provider="ibkr", ibkr=Ibkr(real_money=True)), True, True),
    (Broker(ibkr=Ibkr(real_money=True)), False, False),
])  # fmt: skip
def test_the_broker_says_what_may_be_sold_and_whose_money_it_is(broker, real, short):
    view = seen(CASH, broker=broker)
    assert (view.real_money, view.shorting) == (real, short)

"""The gate: its order, what it never stops, and what holds for every order."""

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from risk_views import SECTORS, buy, held, sell, view

from oracle.settings_trading import Limits, Pdt, Risk
from oracle.trading.ledger import Account, Fill, settle
from oracle.trading.order import Side
from oracle.trading.risk.assessment import Action, Autonomy, RiskView
from oracle.trading.risk.gate import assess
from tests.soak import rounds

RISK = Risk()
LONG = held("AAPL", 100)


@pytest.mark.parametrize(("order", "desk", "action", "quantity", "broke"), [
    (buy(10), view(), Action.approve, 10, []),
    (buy(10), view(kill_reason="crash"), Action.reject, 0, ["kill_switch"]),
    (buy(10), view(kill_reason=""), Action.reject, 0, ["kill_switch"]),
    (sell(10), view(LONG, kill_reason="crash"), Action.reject, 0, ["kill_switch"]),
    (buy(10), view(breakers={"vix": "the VIX is 40"}), Action.reject, 0, ["vix"]),
    (buy(10), view(breakers={"vix": "a", "stale_data": "b"}), Action.reject, 0, ["vix", "stale_data"]),
    (buy(10), view(kill_reason="crash", breakers={"vix": "a"}, trades_today=50), Action.reject, 0,
     ["kill_switch", "vix", "max_daily_trades"]),
    (sell(100), view(LONG, breakers={"vix": "the VIX is 40"}, trades_today=99), Action.approve, 100, []),
    (sell(130), view(LONG), Action.approve, 130, []),
    (sell(160), view(LONG), Action.reduce, 150, ["max_position_pct"]),
    (sell(130), view(LONG, breakers={"vix": "a"}), Action.reduce, 100, ["vix"]),
    (sell(130), view(LONG, shorting=False), Action.reduce, 100, ["oversell"]),
    (sell(130), view(held("AAPL", 100, days_ago=0), equity=20_000.0, day_trades_used=3), Action.reject, 0,
     ["pdt", "max_position_pct"]),
    (buy(10), view(real_money=True), Action.reject, 0, ["autonomy"]),
    (sell(10), view(LONG, real_money=True), Action.reject, 0, ["autonomy"]),
    (buy(10), view(real_money=True, autonomy=Autonomy.full), Action.approve, 10, []),
    (buy(10), view(autonomy=Autonomy.manual), Action.human, 10, []),
    (buy(60), view(autonomy=Autonomy.manual), Action.human, 50, ["max_position_pct"]),
    (buy(10), view(autonomy=Autonomy.manual, trades_today=50), Action.reject, 0, ["max_daily_trades"]),
    (sell(10), view(LONG, autonomy=Autonomy.manual), Action.human, 10, []),
    (buy(100), view(equity=1e6, autonomy=Autonomy.bounded), Action.approve, 100, []),
    (buy(101), view(equity=1e6, autonomy=Autonomy.bounded), Action.human, 101, []),
    (sell(300), view(held("AAPL", 300), equity=1e6, autonomy=Autonomy.bounded), Action.approve, 300, []),
    (buy(101), view(equity=1e6, autonomy=Autonomy.full), Action.approve, 101, []),
])  # fmt: skip
def test_the_most_restrictive_word_wins(order, desk, action, quantity, broke):
    word = assess(order, 100.0, desk, RISK)
    assert (word.action, word.quantity, [one.type for one in word.breaches]) == (action, quantity, broke)
    assert len(word.reasons) == len(broke) + (action is Action.human)


def test_an_exit_needs_no_price_and_an_entry_does():
    assert assess(sell(10), None, view(LONG), RISK).action is Action.approve
    word = assess(buy(10), None, view(), RISK)
    assert (word.action, word.reasons) == (Action.reject, ("AAPL: no price is known",))


def test_the_word_says_what_it_was_judged_by():
    word = assess(sell(130), 100.0, view(LONG), RISK)
    assert word.metadata == {"price": 100.0, "notional": 13_000.0, "entry": 30.0, "exit": 100.0}


# ---- what holds for every order

symbols = st.sampled_from([*SECTORS, "BTC-USD"])
prices = st.floats(1.0, 900.0)
percents = st.floats(0.5, 100.0)
sides = st.sampled_from(Side)


@st.composite
def desks(draw):
    names = draw(st.lists(symbols, unique=True, max_size=4))
    positions = [held(name, draw(st.integers(-300, 300).filter(bool)), draw(prices), draw(st.integers(0, 9))) for name in names]
    known = {name: draw(prices) for name in [*SECTORS, "BTC-USD"]}
    cash = draw(st.floats(-20_000.0, 200_000.0))
    worth = cash + sum(one.worth(known[one.symbol]) for one in positions)
    return view(
        *positions, equity=worth, cash=cash, prices=known, reserved_cash=draw(st.floats(0, 20_000.0)),
        pending_quantity=draw(st.dictionaries(symbols, st.integers(-50, 50).map(float), max_size=2)),
        day_trades_used=draw(st.integers(0, 4)), trades_today=draw(st.integers(0, 60)),
        kill_reason=draw(st.sampled_from([None, None, None, "halt"])), shorting=draw(st.booleans()),
        breakers=draw(st.sampled_from([{}, {}, {}, {"vix": "40"}])), autonomy=draw(st.sampled_from(Autonomy)),
    )  # fmt: skip


@st.composite
def calm_desks(draw):
    """Where most orders get something."""
    names = draw(st.lists(symbols, unique=True, max_size=3))
    positions = [held(name, draw(st.integers(-20, 60).filter(bool)), draw(prices)) for name in names]
    known = {name: draw(prices) for name in [*SECTORS, "BTC-USD"]}
    cash = draw(st.floats(200_000.0, 900_000.0))
    worth = cash + sum(one.worth(known[one.symbol]) for one in positions)
    return view(*positions, equity=worth, cash=cash, prices=known, reserved_cash=draw(st.floats(0, 5_000.0)),
                pending_quantity=draw(st.dictionaries(symbols, st.integers(-9, 9).map(float), max_size=2)))  # fmt: skip


roomy = st.builds(
    Limits, max_position_pct=st.floats(5.0, 20.0), max_sector_pct=st.floats(30.0, 100.0), min_price=st.floats(0, 5.0),
    max_positions=st.integers(3, 9), no_leverage=st.booleans(), min_cash_reserve_pct=st.floats(0.0, 20.0),
)  # fmt: skip
limits = st.builds(
    Limits, max_position_pct=percents, max_sector_pct=percents, min_price=st.floats(0, 20.0), max_positions=st.integers(1, 6),
    no_leverage=st.booleans(), max_daily_trades=st.integers(1, 60), min_cash_reserve_pct=st.floats(0.0, 50.0),
)  # fmt: skip
orders = st.builds(lambda side, quantity, symbol: (buy if side is Side.buy else sell)(quantity, symbol), sides,
                   st.integers(1, 900), symbols)  # fmt: skip


@settings(max_examples=rounds(40, 400))
@given(orders, desks(), limits)
def test_never_more_is_approved_than_was_wished_for(order, desk, limit):
    word = assess(order, desk.prices[order.symbol], desk, Risk(limits=limit))
    assert 0 <= word.quantity <= order.quantity
    assert (word.quantity == 0) is (word.action is Action.reject)
    assert word.quantity == order.quantity or word.reasons


@settings(max_examples=rounds(40, 400))
@given(orders, calm_desks(), roomy)
def test_what_is_approved_keeps_every_limit_once_it_is_done(order, desk, limit):
    risk, price = Risk(limits=limit), desk.prices[order.symbol]
    word = assess(order, price, desk, risk)
    assume(word.quantity and word.metadata["entry"])
    after = applied(desk, order, word.quantity, price)
    worth = {symbol: abs(one.worth(desk.prices[symbol])) for symbol, one in after.positions.items()}
    position = after.positions[order.symbol]
    beside = abs(position.quantity) + max(0.0, order.side.sign * desk.pending_quantity.get(order.symbol, 0.0))
    assert beside * price <= after.equity * limit.max_position_pct / 100 * (1 + 1e-6)
    assert order.side is Side.sell or after.cash - after.reserved_cash >= after.equity * limit.min_cash_reserve_pct / 100 - 1e-3
    assert not limit.no_leverage or sum(worth.values()) <= after.equity * (1 + 1e-6)
    tech = sum(value for symbol, value in worth.items() if SECTORS.get(symbol) == "Technology")
    assert SECTORS.get(order.symbol) != "Technology" or tech <= after.equity * limit.max_sector_pct / 100 * (1 + 1e-6)
    new = order.symbol not in {*desk.positions, *desk.pending_quantity}
    assert not new or len(after.positions) <= limit.max_positions
    assert price >= limit.min_price and desk.trades_today < limit.max_daily_trades


@settings(max_examples=rounds(40, 400))
@given(desks(), limits, st.floats(0.01, 1.0))
def test_who_leaves_is_let_out_whenever_the_kill_switch_is_off(desk, limit, share):
    desk = attrs.evolve(desk, kill_reason=None)
    for symbol, position in desk.positions.items():
        order = (sell if position.quantity > 0 else buy)(abs(position.quantity) * share, symbol)
        word = assess(order, desk.prices[symbol], desk, Risk(limits=limit, pdt=Pdt(enabled=False)))
        assert word.quantity == order.quantity
        assert word.action is (Action.human if desk.autonomy is Autonomy.manual else Action.approve)


@settings(max_examples=rounds(40, 400))
@given(orders, desks(), limits, limits)
def test_tighter_limits_never_approve_more(order, desk, one, other):
    loose = Limits(**{name: max(getattr(one, name), getattr(other, name)) for name in MORE_IS_LOOSER},
                   **{name: min(getattr(one, name), getattr(other, name)) for name in LESS_IS_LOOSER},
                   no_leverage=one.no_leverage and other.no_leverage)  # fmt: skip
    price = desk.prices[order.symbol]
    assert assess(order, price, desk, Risk(limits=one)).quantity <= assess(order, price, desk, Risk(limits=loose)).quantity


@settings(max_examples=rounds(40, 400))
@given(calm_desks(), roomy.map(lambda one: attrs.evolve(one, max_position_pct=5.0)), st.integers(100, 900), symbols)
def test_a_second_look_at_what_was_made_smaller_finds_nothing(desk, limit, quantity, symbol):
    word = assess(buy(quantity, symbol), desk.prices[symbol], desk, Risk(limits=limit))
    assume(word.action is Action.reduce and word.metadata["entry"])
    again = assess(buy(word.quantity, symbol), desk.prices[symbol], desk, Risk(limits=limit))
    assert (again.quantity, again.breaches) == (word.quantity, ())


MORE_IS_LOOSER = ("max_position_pct", "max_sector_pct", "max_positions", "max_daily_trades")
LESS_IS_LOOSER = ("min_price", "min_cash_reserve_pct")


def applied(desk: RiskView, order, quantity, price) -> RiskView:
    """The desk after the order was filled."""
    fill = Fill(id="f", order_id="o", symbol=order.symbol, side=order.side, quantity=quantity, price=price, fee=0.0,
                ts_us=desk.now_us)  # fmt: skip
    done = settle(Account(initial_cash=1.0, cash=desk.cash), desk.positions.get(order.symbol), fill)
    positions = {**desk.positions, order.symbol: done.position}
    return attrs.evolve(desk, cash=done.account.cash, positions={key: one for key, one in positions.items() if one})

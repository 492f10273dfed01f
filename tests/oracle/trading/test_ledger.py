"""Fills and what they make of the books: cash and positions add up, and nothing appears from nowhere."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from oracle.trading.ledger import Account, Fill, equity, settle

CASH = 100_000.0


def fill(number, side, quantity, price, fee=0.0, symbol="AAPL"):
    return Fill(id=f"f{number}", order_id="o", symbol=symbol, side=side, quantity=quantity, price=price, fee=fee, ts_us=number)


def books(*fills):
    """Account, position and closed trades after fills of one symbol."""
    account, position, closed = Account(initial_cash=CASH, cash=CASH), None, []
    for one in fills:
        after = settle(account, position, one)
        account, position = after.account, after.position
        closed += [after.closed] if after.closed else []
    return account, position, closed


def test_a_buy_costs_its_price_and_fee():
    account, position, closed = books(fill(1, "BUY", 100, 150.0, fee=1.0))
    assert (account.cash, account.fees_paid, account.realized_pnl) == (CASH - 15_001, 1.0, 0.0)
    assert (position.quantity, position.avg_entry_price, position.opened_us, position.fees) == (100, 150.0, 1, 1.0)
    assert not closed


def test_what_is_added_moves_the_mean_price_and_the_day_it_was_added():
    _, position, _ = books(fill(1, "BUY", 100, 150.0), fill(2, "BUY", 300, 170.0))
    assert (position.quantity, position.avg_entry_price, position.opened_us, position.added_us) == (400, 165.0, 1, 2)


def test_a_part_that_is_sold_is_a_closed_trade_with_its_share_of_all_fees():
    account, position, (trade,) = books(fill(1, "BUY", 100, 150.0, fee=2.0), fill(2, "SELL", 25, 160.0, fee=1.0))
    assert (trade.quantity, trade.entry_price, trade.exit_price, trade.side) == (25, 150.0, 160.0, "BUY")
    assert trade.fees == pytest.approx(1.5) and trade.pnl == pytest.approx(25 * 10 - 1.5) == account.realized_pnl
    assert trade.pnl_pct == pytest.approx(100 * trade.pnl / (25 * 150))
    assert (position.quantity, position.avg_entry_price, position.fees) == (75, 150.0, 1.5)


def test_a_sale_through_zero_closes_and_opens_the_other_way():
    account, position, (trade,) = books(fill(1, "BUY", 10, 100.0), fill(2, "SELL", 30, 110.0, fee=3.0))
    assert (trade.quantity, trade.pnl) == (10, pytest.approx(100 - 1.0))
    assert (position.quantity, position.side, position.avg_entry_price, position.opened_us) == (-20, "SELL", 110.0, 2)
    assert position.fees == pytest.approx(2.0) and account.cash == pytest.approx(CASH - 1_000 + 3_300 - 3)


def test_a_short_position_gains_when_the_price_falls():
    account, position, (trade,) = books(fill(1, "SELL", 10, 100.0), fill(2, "BUY", 10, 90.0))
    assert position is None and trade.pnl == pytest.approx(100) and trade.side == "SELL"
    assert account.cash == pytest.approx(CASH + 100)


def test_sums_of_binary_fractions_leave_no_dust():
    _, position, closed = books(*(fill(n, "BUY", 0.1, 100.0) for n in range(3)), fill(9, "SELL", 0.3, 100.0))
    assert position is None and len(closed) == 1


SIZES = st.integers(1, 1_000).map(lambda n: n / 10)
FILLS = st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), SIZES, st.floats(1, 1_000), st.floats(0, 5)), max_size=30)


@given(FILLS, st.floats(1, 1_000))
def test_equity_is_what_was_there_and_what_was_gained(rows, price):
    fills = [fill(number, *row) for number, row in enumerate(rows)]
    account, position, closed = books(*fills)
    held = {"AAPL": position} if position else {}
    worth = equity(account, held, {"AAPL": price})
    by_hand = CASH - sum(one.signed * one.price + one.fee for one in fills) + sum(one.signed for one in fills) * price
    assert worth == pytest.approx(by_hand, abs=1e-3)
    open_gain = position.unrealized(price) - position.fees if position else 0.0
    assert worth == pytest.approx(CASH + account.realized_pnl + open_gain, abs=1e-3)
    assert account.realized_pnl == pytest.approx(sum(trade.pnl for trade in closed), abs=1e-6)
    assert account.fees_paid == pytest.approx(sum(one.fee for one in fills))

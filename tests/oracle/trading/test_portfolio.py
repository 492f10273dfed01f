"""The portfolio: one place for its arithmetic, all of one instant."""

import pytest

from actors import Bus, Refused
from oracle.board import Board
from oracle.model import Quote
from oracle.trading.bookkeeping import Step, opened_account
from oracle.trading.ledger import Account, Position
from oracle.trading.portfolio import snapshot

T0_US = 1_700_000_000_000_000  # 14 November 2023 in New York
SECTORS = {"AAPL": "Technology", "MSFT": "Technology", "BTC-USD": "Crypto"}


def board_of(*positions, cash=50_000.0, **seen):
    bus = Bus(lambda: T0_US)
    board = Board(bus, lambda: T0_US)
    step = opened_account(Account(initial_cash=100_000.0, cash=cash), positions, "test", T0_US) + Step()
    for ref, value in step.states.items():
        board.put(ref, value, T0_US)
    if seen:
        board.put("equity:desk", seen, T0_US)
    for symbol, price in (("AAPL", 110.0), ("BTC-USD", 30_000.0)):
        bus.publish(Quote(symbol, price - 1, 1, price + 1, 1, T0_US, "test"))
    return board


def position(symbol, quantity, entry):
    return Position(symbol=symbol, quantity=quantity, avg_entry_price=entry, opened_us=T0_US, added_us=T0_US)


def test_a_snapshot_adds_up():
    board = board_of(position("AAPL", 100.0, 100.0), position("BTC-USD", -0.5, 40_000.0), position("MSFT", 10.0, 300.0))
    now = snapshot(board, T0_US, SECTORS)
    assert now.positions_value == pytest.approx(11_000 - 15_000 + 3_000)
    assert now.total_equity == pytest.approx(now.cash + now.positions_value) == pytest.approx(49_000)
    apple, bitcoin, microsoft = now.positions
    assert (apple.unrealized_pnl, apple.unrealized_pnl_pct, apple.side) == (pytest.approx(1_000), pytest.approx(10.0), "BUY")
    assert (bitcoin.market_value, bitcoin.unrealized_pnl, bitcoin.unrealized_pnl_pct) == (-15_000, 5_000, pytest.approx(25.0))
    assert (microsoft.current_price, microsoft.price_us, microsoft.unrealized_pnl) == (300.0, None, 0.0)
    assert now.sector_exposure == pytest.approx({"Technology": 100 * 14_000 / 49_000, "Crypto": 100 * 15_000 / 49_000})
    assert (now.total_pnl, now.total_pnl_pct) == (pytest.approx(-51_000), pytest.approx(-51.0))
    assert (now.daily_pnl, now.daily_pnl_pct, now.max_drawdown_pct) == (None, None, None)


def test_what_nobody_quotes_now_stands_as_it_was_marked_and_what_has_no_sector_counts_as_unknown():
    marked = {"day": "2023-11-14", "day_open_equity": 50_000.0, "prices": {"MSFT": 310.0, "AAPL": 1.0}}
    board = board_of(position("AAPL", 10.0, 100.0), position("MSFT", 10.0, 300.0), **marked)
    now = snapshot(board, T0_US, {"AAPL": "Technology"})
    assert [(one.symbol, one.current_price) for one in now.positions] == [("AAPL", 110.0), ("MSFT", 310.0)]
    assert now.daily_pnl == pytest.approx(1_100 + 3_100)
    assert now.sector_exposure == pytest.approx({"Technology": 100 * 1_100 / 54_200, "Unknown": 100 * 3_100 / 54_200})


def test_the_day_counts_from_its_begin_and_only_on_that_day():
    seen = {"day": "2023-11-14", "day_open_equity": 48_000.0, "max_drawdown_pct": 3.2}
    now = snapshot(board_of(**seen), T0_US)
    assert (now.daily_pnl, now.daily_pnl_pct, now.max_drawdown_pct) == (2_000.0, pytest.approx(100 * 2 / 48), 3.2)
    assert snapshot(board_of(**seen, peak_equity=100_000.0), T0_US).max_drawdown_pct == 50.0, "no less than it is down now"
    later = snapshot(board_of(**seen), T0_US + 86_400_000_000)
    assert (later.daily_pnl, later.max_drawdown_pct) == (None, 3.2)


def test_without_an_account_there_is_none():
    with pytest.raises(Refused, match="account"):
        snapshot(Board(Bus(lambda: T0_US)), T0_US)

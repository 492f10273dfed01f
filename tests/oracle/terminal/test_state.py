"""What pushed objects make of the terminal's state; what is refused; and the journal."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.problems import Invalid
from oracle.terminal import TerminalState, objects_of
from oracle.terminal.journal import confluence, desk_entries, pushed_entries, today
from tests.soak import rounds

TRADE = {"type": "TRADE_EXECUTION", "symbol": "XAUUSDm", "direction": "BUY", "price": 2345.5, "lot": 0.1, "timestamp": "t"}


def after(*objects, state=None):
    state = state or TerminalState()
    for one in objects:
        state.apply(one)
    return state


def test_an_account_is_merged_and_positions_are_replaced():
    state = after({"type": "ACCOUNT_UPDATE", "account": {"balance": 10.0, "equity": 11.0}, "timestamp": "t"},
                  {"type": "ACCOUNT_UPDATE", "account": {"equity": 12.0}},
                  {"type": "POSITION_UPDATE", "positions": [{"ticket": 1}, {"ticket": 2}]},
                  {"type": "POSITION_UPDATE", "positions": [{"ticket": 3}]})  # fmt: skip
    assert (state.account, state.positions) == ({"balance": 10.0, "equity": 12.0}, [{"ticket": 3}])
    assert [one["type"] for one in state.events] == ["ACCOUNT_UPDATE"] * 2 + ["POSITION_UPDATE"] * 2


def test_of_a_scan_three_keys_are_kept():
    scan = {"type": "SCAN_SUMMARY", "symbols": {"EURUSD": "Cooldown"}, "count": 1, "candidates": 0, "timestamp": "t"}
    state = after(scan)
    assert state.scan_summary == {"symbols": {"EURUSD": "Cooldown"}, "timestamp": "t", "count": 1}
    assert list(state.events) == [scan]
    assert after({"type": "SCAN_SUMMARY", "symbols": {"A": "x", "B": "y"}}).scan_summary["count"] == 2


def test_windows_hold_50_trades_newest_first_and_200_events_oldest_first():
    state = after(*({**TRADE, "price": float(n)} for n in range(1, 251)))
    assert [one["price"] for one in state.recent_trades] == [float(n) for n in range(250, 200, -1)]
    assert [one["price"] for one in state.events] == [float(n) for n in range(51, 251)]
    assert "type" not in state.recent_trades[0] and state.view()["events"][0]["type"] == "TRADE_EXECUTION"


def test_events_fit_one_message():
    state = after(*({"type": "X", "n": n, "text": "x" * 100_000} for n in range(9)), {"type": "Y"})
    assert [one.get("n") for one in state.events] == [4, 5, 6, 7, 8, None]
    after(*({"type": "Z", "n": n} for n in range(300)), state=state)
    assert [one["n"] for one in state.events] == list(range(100, 300))
    after({"type": "X", "text": "x" * 1_000_000}, state=state)
    assert [one["type"] for one in state.events] == ["X"]


def test_a_bot_takes_the_place_of_the_desk_and_hands_it_back():
    state = TerminalState(account={"balance": 1.0, "leverage": 1}, positions=[{"ticket": 9}])
    after({"type": "ACCOUNT_UPDATE", "account": {"equity": 5.0}}, state=state)
    assert (state.external, state.account, state.positions) == (True, {"equity": 5.0}, [])
    state.hand_back()
    assert (state.external, state.account, state.positions, state.heard_us) == (False, {}, [], None)


def test_other_types_are_kept_among_the_events_only():
    state = after({"type": "CRITIC_REVIEW", "symbol": "A", "score": 1}, {"type": "Something.new"})
    assert len(state.events) == 2 and not state.external and state.account == {}


@pytest.mark.parametrize(("body", "where"), [
    (7, "body"), ([], "body"), ([{**TRADE}] * 1_001, "body"), ({}, "body.type"), ({"type": 3}, "body.type"),
    ({"type": "a b"}, "body.type"),
    ([TRADE, 5], "body[1]"), ({"type": "ACCOUNT_UPDATE"}, "body.account"),
    ({"type": "ACCOUNT_UPDATE", "account": []}, "body.account"),
    ({"type": "ACCOUNT_UPDATE", "account": {"balance": "much"}}, "body.account"),
    ({"type": "ACCOUNT_UPDATE", "account": {"equity": math.nan}}, "body.account"),
    ({"type": "POSITION_UPDATE", "positions": {}}, "body.positions"),
    ({"type": "POSITION_UPDATE", "positions": [1]}, "body.positions"),
    ({"type": "SCAN_SUMMARY", "symbols": ["A"]}, "body.symbols"), ({**TRADE, "price": -1}, "body.price"),
    ({**TRADE, "lot": True}, "body.lot"), ({**TRADE, "symbol": ""}, "body.symbol"),
    ({"type": "QUOTE", "symbol": "a:*", "bid": 1, "ask": 2}, "body.symbol"),
    ({"type": "QUOTE", "symbol": "A", "bid": 1}, "body.ask"),
    ({"type": "QUOTE", "symbol": "A", "bid": 2, "ask": 1}, "body.ask"), ({"type": "STATE_SNAPSHOT", "data": 1}, "body.type"),
    ({"type": "TRADE_CLOSED", "ticket": 1, "profit": 1.0}, "body.exit_price"),
])  # fmt: skip
def test_what_makes_no_sense_names_its_field(body, where):
    with pytest.raises(Invalid) as refused:
        objects_of(body)
    assert refused.value.problems[0].where == where


ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
                    max_leaves=8)  # fmt: skip
KNOWN = st.sampled_from(["ACCOUNT_UPDATE", "POSITION_UPDATE", "SCAN_SUMMARY", "TRADE_EXECUTION", "TRADE_CLOSED", "QUOTE", "X"])
FIELDS = ["account", "positions", "symbols", "symbol", "price", "lot", "count", "exit_price", "profit", "bid", "ask", "timestamp"]


OBJECTS = st.builds(lambda kind, more: {**more, "type": kind}, KNOWN, st.dictionaries(st.sampled_from(FIELDS), JSON))


@settings(max_examples=rounds(40, 400))
@given(st.lists(OBJECTS, max_size=5))
def test_whatever_is_taken_can_be_shown(objects):
    state = TerminalState()
    for one in objects:
        try:
            taken = objects_of(one)
        except Invalid:
            continue
        after(*(each for each in taken if each["type"] != "QUOTE"), state=state)
    assert set(state.view()) == {"account", "positions", "scan_summary", "recent_trades", "events"}


def rows(*objects):
    return [{"data": one, "ts_us": number} for number, one in enumerate(objects, 1)]


def test_a_closing_finds_its_execution_by_the_ticket():
    opened = {**TRADE, "ticket": 7, "sl": 2340.5, "confluence": ["trend", "rsi"]}
    short = {**TRADE, "ticket": "8", "direction": "SELL", "price": 100.0, "sl": 110.0, "confluence": {"trend": 1}}
    entries = pushed_entries(rows(
        opened, short, {"type": "TRADE_CLOSED", "ticket": 7, "exit_price": 2355.5, "profit": 10.0},
        {"type": "TRADE_CLOSED", "ticket": 8, "exit_price": 105.0, "profit": -5.0},
        {"type": "TRADE_CLOSED", "ticket": 99, "exit_price": 1.0, "profit": 1.0}, TRADE))
    assert [(one.ticket, one.outcome, one.profit, one.rr) for one in entries] == [
        (None, "OPEN", None, None), ("8", "LOSS", -5.0, -0.5), (7, "WIN", 10.0, 2.0)]
    assert confluence(entries) == {"rsi": {"total": 1, "wins": 1, "win_rate": 100.0},
                                   "trend": {"total": 2, "wins": 1, "win_rate": 50.0}}
    day = today(entries, 4)
    assert (day.total, day.wins, day.losses, day.total_profit, day.avg_rr, day.avg_confluence, day.win_rate) == (
        1, 0, 1, -5.0, -0.5, 1.0, 0.0)
    none = today([], 0)
    assert (none.total, none.avg_rr, none.win_rate) == (0, None, None)


def test_our_desks_trades_are_entries_too():
    trade = {"id": "trd_1", "symbol": "AAPL", "side": "BUY", "quantity": 5, "entry_price": 1.0, "exit_price": 2.0, "pnl": 5.0,
             "opened_us": 1, "closed_us": 9}  # fmt: skip
    (entry,) = desk_entries(rows(trade))
    assert (entry.outcome, entry.profit, entry.exit_us, entry.ticket) == ("WIN", 5.0, 9, "trd_1")

"""Day trades: which orders would be one, how many there were, and who is exempt."""

import datetime as dt

import pytest
from risk_views import DAY_US, NOW_US, buy, held, sell, view

from actors import Published
from oracle.model import Event, Severity
from oracle.settings_trading import Pdt
from oracle.trading.risk.day_trades import DayTrades
from oracle.trading.risk.pdt import day_trading, exempt, window_start

TODAY, OLD = held("AAPL", 10, days_ago=0), held("AAPL", 10, days_ago=1)
UNKNOWN = held("AAPL", 10, days_ago=NOW_US / DAY_US)


def small(*positions, **more):
    return view(*positions, equity=24_999.0, **more)


@pytest.mark.parametrize(("order", "desk", "pdt", "refused"), [
    (sell(10), small(TODAY, day_trades_used=2), Pdt(), False),
    (sell(10), small(TODAY, day_trades_used=3), Pdt(), True),
    (sell(10), small(TODAY, day_trades_used=9), Pdt(enabled=False), False),
    (sell(10), view(TODAY, equity=25_000.0, day_trades_used=9), Pdt(), False),
    (sell(10), small(OLD, day_trades_used=9), Pdt(), False),
    (sell(10), small(OLD, day_trades_known=False), Pdt(), False),
    (sell(10), small(TODAY, day_trades_known=False), Pdt(), True),
    (sell(10), view(TODAY, equity=25_000.0, day_trades_known=False), Pdt(), False),
    (sell(10), small(UNKNOWN, day_trades_used=3), Pdt(), True),
    (sell(10), small(UNKNOWN, day_trades_used=2), Pdt(), False),
    (buy(10), small(TODAY, day_trades_used=3), Pdt(), False),
    (buy(10), small(held("AAPL", -10, days_ago=0), day_trades_used=3), Pdt(), True),
    (sell(10, "MSFT"), small(TODAY, day_trades_used=3), Pdt(), False),
    (sell(1), small(TODAY), Pdt(max_day_trades=0), True),
    (sell(1), small(TODAY, held("XOM", 5, days_ago=0), day_trades_used=2, pending_exits={"XOM": 5.0}), Pdt(), True),
    (sell(1), small(TODAY, held("XOM", 5, days_ago=3), day_trades_used=2, pending_exits={"XOM": 5.0}), Pdt(), False),
    (sell(1), small(TODAY, day_trades_used=2, pending_exits={"AAPL": 5.0}), Pdt(), False),
])  # fmt: skip
def test_only_what_would_be_one_day_trade_too_many_is_refused(order, desk, pdt, refused):
    breach = day_trading(order, desk, pdt)
    assert (breach is not None) is refused
    if breach:
        assert (breach.type, breach.severity, breach.symbol) == ("pdt", "high", "AAPL")


@pytest.mark.parametrize(("day", "start"), [
    ("2024-06-14", "2024-06-10"), ("2024-06-16", "2024-06-10"), ("2024-06-20", "2024-06-13"), ("2024-07-05", "2024-06-28"),
    ("2024-01-02", "2023-12-26"),
])  # fmt: skip
def test_the_window_is_five_days_on_which_the_exchange_is_open(day, start):
    noon = dt.datetime.fromisoformat(f"{day}T16:00:00+00:00")
    assert window_start(round(noon.timestamp() * 1e6), 5).isoformat() == start


def test_who_has_enough_is_exempt():
    assert [exempt(equity, Pdt()) for equity in (24_999.99, 25_000.0)] == [False, True]
    assert exempt(0.0, Pdt(enabled=False))


def closed(at_us, symbol="AAPL", added_us=1, day_trade=True, source="desk"):
    data = {"is_day_trade": day_trade, "opened_us": added_us, "added_us": added_us}
    return Event(f"{symbol}{at_us}", "trade_closed", symbol, source, Severity.low, "", data, at_us)


def fill(at_us, order="o1", ident="f1"):
    return Event(ident, "fill", "AAPL", "desk", Severity.low, "", {"order_id": order}, at_us)


def heard(*events):
    tally = DayTrades()
    tally.load([])
    for number, event in enumerate(events):
        tally.hear(Published(number, event.ts_us, event.topic, event))
    return tally


def test_each_close_counts_once_however_often_it_is_told_and_in_however_many_pieces():
    events = [closed(NOW_US), closed(NOW_US), closed(NOW_US + 5), closed(NOW_US, "MSFT"), closed(NOW_US, added_us=2),
              closed(NOW_US, "XOM", day_trade=False), closed(NOW_US, "TSLA", source="risk")]  # fmt: skip
    assert heard(*events).used(NOW_US, 5) == 3


def test_what_is_before_the_window_counts_no_more():
    tally = heard(closed(NOW_US - 6 * DAY_US, added_us=1), closed(NOW_US - 7 * DAY_US, added_us=2))
    assert tally.used(NOW_US, 5) == 1, "Tuesday counts on Monday, the Monday before does not"
    assert tally.used(NOW_US + DAY_US, 5) == 0


def test_before_the_past_is_known_nobody_says_how_many_there_were():
    tally = DayTrades()
    tally.hear(Published(1, NOW_US, "", closed(NOW_US)))
    assert tally.used(NOW_US, 5) is None and not tally.known
    rows = [{"kind": "trade_closed", "subject": one.subject, "data": one.data, "ts_us": one.ts_us}
            for one in (closed(NOW_US), closed(NOW_US - DAY_US, "MSFT"))]  # fmt: skip
    tally.load(rows)
    assert tally.used(NOW_US, 5) == 2


def test_orders_that_were_filled_today_count_once_each():
    tally = heard(fill(NOW_US), fill(NOW_US + 1, ident="f2"), fill(NOW_US, "o2"), fill(NOW_US - DAY_US, "o3"))
    assert tally.today(NOW_US) == 2
    assert tally.today(NOW_US + DAY_US) == 0

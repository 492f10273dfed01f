"""The paper venue, case by case: what each type of order gets of what is shown, and of bars."""

import attrs
import pytest
from orders import S_US, T0_US, bar, depth, order, quote, trade

from actors import Refused
from oracle.settings_trading import Paper
from oracle.trading.reports import Ended, Filled
from oracle.trading.venue import PaperVenue

PLAIN = Paper(latency_ms=0.0, slippage_bps=0.0)


def told(happened):
    """(order id, quantity, price) of fills, (order id, status) of ends."""
    return [(one.fill.order_id, one.fill.quantity, one.fill.price) if isinstance(one, Filled) else (one.order_id, one.status)
            for one in happened]  # fmt: skip


def played(venue, *messages):
    """All that comes of messages, a second apart from one another."""
    return told(one for n, message in enumerate(messages) for one in venue.update(message, T0_US + n * S_US))


def after(*messages, settings=PLAIN, orders):
    """What becomes of orders that were placed before messages came."""
    venue = PaperVenue(settings)
    for one in orders:
        assert venue.place(one, T0_US)
    return played(venue, *messages)


@pytest.mark.parametrize(("one", "messages", "filled"), [
    (order(), [quote(99, 101)], [(10, 101)]),
    (order(side="SELL"), [quote(99, 101)], [(10, 99)]),
    (order(), [trade(100, 4), trade(102, 50)], [(4, 100), (6, 102)]),  # nobody quotes it
    (order(kind="LIMIT", limit_price=102), [quote(99, 101)], [(10, 101)]),
    (order(kind="LIMIT", limit_price=101), [quote(99, 101)], [(10, 101)]),
    (order(kind="LIMIT", limit_price=100), [quote(99, 101), quote(99, 100.5)], []),
    (order(kind="LIMIT", limit_price=100), [quote(99, 101), quote(97, 98)], [(10, 100)]),  # it rested
    (order(side="SELL", kind="LIMIT", limit_price=100), [quote(98, 99), quote(101, 102)], [(10, 100)]),
    (order(kind="LIMIT", limit_price=100), [quote(99, 101), trade(100, 50)], []),  # who was before us in the queue?
    (order(kind="LIMIT", limit_price=100), [quote(99, 101), trade(99.9, 6), trade(99, 50)], [(6, 100), (4, 100)]),
    (order(side="SELL", kind="STOP", stop_price=95), [quote(96, 97), quote(95, 96)], [(10, 95)]),
    (order(side="SELL", kind="STOP", stop_price=95), [quote(96, 97), quote(90, 96)], [(10, 90)]),
    (order(side="SELL", kind="STOP", stop_price=95), [quote(96, 97), trade(95)], [(10, 96)]),
    (order(kind="STOP", stop_price=105), [quote(99, 104), quote(100, 105)], [(10, 105)]),
    (order(kind="STOP", stop_price=105), [quote(99, 104.9), trade(104)], []),
    (order(kind="STOP_LIMIT", stop_price=105, limit_price=106), [quote(99, 104), quote(100, 105)], [(10, 105)]),
    (order(kind="STOP_LIMIT", stop_price=105, limit_price=106), [quote(99, 107), quote(99, 108)], []),
    (order(kind="STOP_LIMIT", stop_price=105, limit_price=106), [quote(99, 107), quote(99, 103)], [(10, 106)]),
    (order(kind="BRACKET", stop_price=90, take_profit_price=120), [quote(99, 101)], [(10, 101)]),
    (order(kind="BRACKET", limit_price=100, stop_price=90, take_profit_price=120), [quote(99, 101)], []),
    (order(filled_quantity=7.0), [quote(99, 101)], [(3, 101)]),
    (order(), [quote(99, 101, symbol="MSFT"), trade(1, symbol="MSFT")], []),
])  # fmt: skip
def test_live(one, messages, filled):
    assert after(*messages, orders=[one]) == [("o1", *fill) for fill in filled]


def test_each_price_gives_its_size_and_the_rest_waits_for_something_else():
    messages = quote(99, 101, 5, 4), quote(99, 101, 7, 4), trade(101, 100), quote(99, 101, 7, 5), quote(99, 101, 7, 4)
    assert after(*messages, orders=[order()]) == [("o1", 4, 101), ("o1", 5, 101), ("o1", 1, 101)]


def test_orders_share_what_is_shown_and_each_takes_its_part_at_most():
    half = attrs.evolve(PLAIN, participation=0.5)
    filled = after(quote(99, 101, 0, 10), settings=half, orders=[order("a"), order("b"), order("c")])
    assert filled == [("a", 5, 101), ("b", 5, 101)]


def test_a_book_is_walked_while_it_is_fresh():
    book = depth(bids=[(99, 1)], asks=[(101, 4), (102, 3), (103, 9)])
    assert after(book, quote(99, 101, 0, 4), orders=[order()]) == [("o1", 4, 101), ("o1", 3, 102), ("o1", 3, 103)]
    assert after(book, quote(99, 101, 0, 4), orders=[order(kind="LIMIT", limit_price=102)]) == [("o1", 4, 101), ("o1", 3, 102)]
    late = [book, trade(1, symbol="MSFT"), quote(99, 101, 0, 4)]
    assert after(*late, orders=[order()]) == [("o1", 4, 101)], "two seconds later nobody knows"


def test_changes_of_a_book_count_and_what_does_not_follow_is_not_known():
    book, touch = depth(asks=[(101, 4), (102, 3)]), quote(99, 101, 0, 4)
    venue = PaperVenue(PLAIN)
    venue.place(order(quantity=100), T0_US)
    changes = depth(asks=[(102, 5), (103, 1)], snapshot=False, first=2, last=3)
    assert played(venue, touch, book, changes) == [("o1", 4, 101), ("o1", 3, 102), ("o1", 5, 102), ("o1", 1, 103)]
    assert played(venue, depth(asks=[(102, 50)], snapshot=False, first=5, last=5), quote(98, 101, 0, 4)) == []
    assert after(quote(99, 101, 0, 4, source="else"), book, orders=[order()]) == [("o1", 4, 101)], "another venue's book"


def test_it_is_at_work_after_its_latency_and_takes_what_is_shown_then():
    venue = PaperVenue(attrs.evolve(PLAIN, latency_ms=50.0))
    assert venue.next_deadline_us is None
    venue.learn("AAPL", quote(99, 101), T0_US)
    venue.place(order("a"), T0_US)
    assert venue.next_deadline_us == T0_US + 50_000
    assert told(venue.update(quote(100, 102, 0, 3), T0_US + 49_999)) == told(venue.on_time(T0_US + 49_999)) == []
    assert told(venue.on_time(T0_US + 50_000)) == [("a", 3, 102)]
    assert venue.next_deadline_us is None
    venue.place(order("b"), T0_US + 60_000)
    assert told(venue.update(quote(100, 103), T0_US + S_US)) == [("a", 7, 103), ("b", 10, 103)], "a did not leave b anything"


def test_what_is_not_known_any_more_fills_nothing():
    venue = PaperVenue(PLAIN)
    venue.learn("AAPL", quote(99, 101), T0_US)
    venue.learn("AAPL", None, T0_US)
    venue.place(order(), T0_US)
    assert told(venue.on_time(T0_US)) == []


def test_slippage_is_for_whoever_pays_the_market_s_price():
    slips = attrs.evolve(PLAIN, slippage_bps=10.0)
    orders = [order("m"), order("s", "SELL"), order("l", kind="LIMIT", limit_price=200), order("p", kind="STOP", stop_price=150)]
    prices = {ident: price for ident, _, price in after(quote(100, 200), settings=slips, orders=orders)}
    assert prices == pytest.approx({"m": 200.2, "s": 99.9, "l": 200, "p": 200.2})
    prices = {ident: price for ident, _, price in after(bar(100, 160, 200), settings=slips, orders=orders)}
    assert prices == pytest.approx({"m": 160.16, "s": 159.84, "l": 160, "p": 160.16})


@pytest.mark.parametrize(("fees", "fee"), [
    ({}, 0.0), ({"fee_bps": 5.0}, 0.505), ({"fee_per_unit": 0.01}, 0.1), ({"fee_bps": 5.0, "fee_per_unit": 0.01}, 0.605),
    ({"fee_per_unit": 0.01, "least_fee": 1.0}, 1.0),
])  # fmt: skip
def test_fees_are_as_said(fees, fee):
    venue = PaperVenue(attrs.evolve(PLAIN, **fees))
    venue.place(order(), T0_US)
    (filled,) = venue.update(quote(99, 101), T0_US + 1)
    assert filled.fill.fee == pytest.approx(fee)
    assert (filled.fill.strategy_name, filled.fill.symbol, filled.fill.ts_us) == ("mine", "AAPL", T0_US + 1)


# ---- bars


@pytest.mark.parametrize(("one", "bars", "filled"), [
    (order(), [bar(95, 100, 110)], [(10, 100)]),
    (order(kind="LIMIT", limit_price=101), [bar(95, 100, 110)], [(10, 100)]),
    (order(kind="LIMIT", limit_price=98), [bar(95, 100, 110)], [(10, 98)]),
    (order(kind="LIMIT", limit_price=94), [bar(95, 100, 110), bar(90, 93, 94)], [(10, 93)]),
    (order(side="SELL", kind="LIMIT", limit_price=108), [bar(95, 100, 110)], [(10, 108)]),
    (order(side="SELL", kind="LIMIT", limit_price=111), [bar(95, 100, 110)], []),
    (order(side="SELL", kind="STOP", stop_price=97), [bar(95, 100, 110)], [(10, 97)]),
    (order(side="SELL", kind="STOP", stop_price=97), [bar(90, 92, 99)], [(10, 92)]),
    (order(side="SELL", kind="STOP", stop_price=94), [bar(95, 100, 110)], []),
    (order(kind="STOP", stop_price=105), [bar(95, 100, 110)], [(10, 105)]),
    (order(kind="STOP", stop_price=105), [bar(95, 107, 110)], [(10, 107)]),
    (order(kind="STOP_LIMIT", stop_price=105, limit_price=106), [bar(95, 100, 110)], [(10, 105)]),
    (order(kind="STOP_LIMIT", stop_price=105, limit_price=106), [bar(104, 107, 110)], [(10, 106)]),
    (order(kind="STOP_LIMIT", stop_price=105, limit_price=103), [bar(95, 100, 110), bar(100, 102, 110)], [(10, 102)]),
    (order(), [bar(95, 100, 110, closed=False)], []),
    (order(), [bar(95, 100, 110, volume=4), bar(95, 101, 110, volume=50)], [(4, 100), (6, 101)]),
    (order(kind="LIMIT", limit_price=98), [bar(95, 97, 110, volume=4), bar(95, 100, 110, volume=50)], [(4, 97), (6, 98)]),
    (order(side="SELL", kind="STOP", stop_price=97), [bar(95, 100, 110, volume=4), bar(98, 101, 110)], [(4, 97), (6, 101)]),
])  # fmt: skip
def test_bars(one, bars, filled):
    assert after(*bars, orders=[one]) == [("o1", *fill) for fill in filled]


def test_latency_is_nothing_to_a_bar():
    assert after(bar(95, 100, 110), settings=Paper(slippage_bps=0.0), orders=[order()]) == [("o1", 10, 100)]


def test_a_bar_s_volume_is_shared():
    part = attrs.evolve(PLAIN, participation=0.5)
    orders = [order("a"), order("b", kind="LIMIT", limit_price=96), order("c", quantity=3)]
    assert after(bar(95, 100, 110, volume=12), settings=part, orders=orders) == [("a", 6, 100), ("c", 3, 100), ("b", 3, 96)]


def test_of_a_bracket_the_stop_comes_first_and_nothing_after_it_in_that_bar():
    limit = order("limit", "SELL", "LIMIT", limit_price=108, parent_id="b")
    stop = order("stop", "SELL", "STOP", stop_price=97, parent_id="b")
    assert after(bar(95, 100, 110), orders=[limit, stop]) == [("stop", 10, 97)]
    assert after(bar(95, 109, 110), orders=[stop, limit]) == [("limit", 10, 109)], "the open came before"
    strangers = [attrs.evolve(one, parent_id="") for one in (limit, stop)]
    assert after(bar(95, 100, 110), orders=strangers) == [("stop", 10, 97), ("limit", 10, 108)]


def test_a_fill_at_the_open_is_of_that_time_and_others_of_the_end():
    venue = PaperVenue(PLAIN)
    venue.place(order("a"), T0_US)
    venue.place(order("b", kind="LIMIT", limit_price=96), T0_US)
    end_us = T0_US + 86_400 * S_US
    assert [one.fill.ts_us for one in venue.update(bar(95, 100, 110, at_us=T0_US + 5), end_us)] == [T0_US + 5, end_us]


# ---- orders as such


@pytest.mark.parametrize("bad", [
    order(kind="LIMIT"), order(kind="STOP"), order(kind="STOP_LIMIT", stop_price=5), order(kind="LIMIT", limit_price=0),
    order(quantity=0), order(filled_quantity=10),
])  # fmt: skip
def test_an_order_that_can_not_be_worked_is_rejected(bad):
    venue = PaperVenue(PLAIN)
    with pytest.raises(Refused) as no:
        venue.place(bad, T0_US)
    assert no.value.code == "rejected" and not venue.working


def test_an_order_is_worked_once_and_until_it_is_cancelled():
    venue = PaperVenue(PLAIN)
    assert (venue.place(order(), T0_US), venue.place(order(), T0_US)) == (True, False)
    assert (venue.working, venue.symbols) == (("o1",), {"AAPL"})
    assert (venue.cancel("o1"), venue.cancel("o1"), venue.cancel("x")) == (True, False, False)
    assert played(venue, quote(99, 101)) == [] and not venue.symbols
    assert venue.place(order(), T0_US) and played(venue, quote(99, 101)) == [("o1", 10, 101)]
    assert not venue.place(order(), T0_US) and played(venue, quote(99, 101, 1, 1)) == [], "it has ended"


def test_a_cancel_between_two_fills_counts():
    venue = PaperVenue(PLAIN)
    venue.place(order("a"), T0_US)
    venue.place(order("b"), T0_US)
    filled = []
    for one in venue.update(quote(99, 101), T0_US):
        filled.append(one.fill.order_id)
        venue.cancel("b")
    assert filled == ["a"]


def test_its_time_is_over():
    venue = PaperVenue(PLAIN)
    venue.place(order("a", kind="LIMIT", limit_price=50), T0_US, T0_US + S_US)
    venue.place(order("b", kind="LIMIT", limit_price=50), T0_US, T0_US + 2 * S_US)
    assert venue.next_deadline_us == T0_US
    assert list(venue.on_time(T0_US + S_US)) == [Ended("a", "EXPIRED", "its time is over", T0_US + S_US)]
    assert venue.next_deadline_us == T0_US + 2 * S_US
    assert played(venue, bar(40, 45, 50, at_us=T0_US + 2 * S_US)) == [("b", "EXPIRED")], "that bar began too late"


def test_a_fill_is_known_by_where_in_its_order_it_begins():
    def ids(filled, size):
        venue = PaperVenue(PLAIN)
        venue.place(order(filled_quantity=filled), T0_US)
        messages = (quote(99, 101, n, size) for n in range(9)), (quote(99, 101, n, size + n) for n in range(1, 9))
        return [one.fill.id for part in messages for message in part for one in venue.update(message, T0_US)]

    whole = ids(0.0, 4)
    assert len(set(whole)) == len(whole) > 1
    assert ids(4.0, 6)[0] == whole[1], "the one that was told before a crash, and is not in the books, gives way"
    assert not set(ids(2.0, 9)) & set(whole)

"""What holds of the paper venue whatever comes: nothing is filled twice or from nowhere, no limit is passed, the same twice."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from orders import S_US, T0_US, bar, order, quote, trade

from oracle.settings_trading import Paper
from oracle.trading.ledger import DUST
from oracle.trading.order import Side
from oracle.trading.venue import PaperVenue
from tests.soak import rounds

SYMBOLS = ("AAPL", "BTC-USD")
prices = st.integers(90, 110).map(float)
sizes = st.integers(0, 20).map(float)
symbols = st.sampled_from(SYMBOLS)
papers = st.builds(
    Paper, latency_ms=st.sampled_from([0.0, 500.0]), slippage_bps=st.sampled_from([0.0, 10.0]),
    fee_bps=st.sampled_from([0.0, 3.0]), fee_per_unit=st.sampled_from([0.0, 0.01]), least_fee=st.sampled_from([0.0, 1.0]),
    participation=st.sampled_from([0.3, 1.0]),
)  # fmt: skip
quotes = st.builds(
    lambda symbol, bid, spread, *sizes: quote(bid, bid + spread, *sizes, symbol=symbol),
    symbols, prices, st.integers(1, 3), sizes, sizes,
)  # fmt: skip
trades = st.builds(lambda symbol, price, size: trade(price, size + 1, symbol=symbol), symbols, prices, sizes)
bars = st.builds(
    lambda symbol, ends, volume: bar(*sorted(ends), volume, symbol=symbol), symbols, st.tuples(prices, prices, prices), sizes
)


@st.composite
def order_lists(draw):
    kinds = st.sampled_from(["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "BRACKET"])
    return [
        order(f"o{n}", draw(st.sampled_from(["BUY", "SELL"])), draw(kinds), float(draw(st.integers(1, 30))),
              symbol=draw(symbols), limit_price=draw(prices), stop_price=draw(prices), take_profit_price=200.0)
        for n in range(draw(st.integers(1, 5)))
    ]  # fmt: skip


def played(papers, orders, messages):
    """(message, fill) of all that is filled; one order is placed before each of the first messages."""
    venue, waiting = PaperVenue(papers), list(orders)
    for symbol in SYMBOLS:
        venue.learn(symbol, None, T0_US)  # and it follows from here on
    for n, message in enumerate(messages):
        if waiting:
            venue.place(waiting.pop(0), T0_US + n * S_US)
        for one in venue.update(message, T0_US + n * S_US):
            yield message, one.fill


def shown_until(messages, last):
    """The touches of a message's symbol: the one after it, and the one before it."""
    before = after = None
    for message in messages:
        if message.symbol != last.symbol:
            continue
        before = after
        if hasattr(message, "ask"):
            after = {"BUY": message.ask, "SELL": message.bid, "quoted": True}
        elif after is None or "quoted" not in after:
            after = {"BUY": message.price, "SELL": message.price}
        if message is last:
            return before, after
    raise AssertionError(last)


@settings(max_examples=rounds(40, 400))
@given(papers, order_lists(), st.lists(quotes | trades, min_size=5, max_size=40))
def test_of_what_is_shown(papers, orders, messages):
    known, filled = {one.id: one for one in orders}, dict.fromkeys((one.id for one in orders), 0.0)
    slip = papers.slippage_bps / 1e4
    fills = list(played(papers, orders, messages))
    assert fills == list(played(papers, orders, messages))
    assert len({fill.id for _, fill in fills}) == len(fills)
    for message, fill in fills:
        one = known[fill.order_id]
        filled[one.id] += fill.quantity
        assert (fill.symbol, fill.side) == (one.symbol, one.side) and fill.quantity > DUST
        assert fill.fee == pytest.approx(max(papers.least_fee, fill.price * fill.quantity * papers.fee_bps / 1e4
                                             + fill.quantity * papers.fee_per_unit))  # fmt: skip
        if one.order_type in ("LIMIT", "STOP_LIMIT", "BRACKET"):
            assert (one.limit_price - fill.price) * one.side.sign >= 0
        else:  # an order that gets to work between two messages takes what was shown before the second
            touches = [touch for touch in shown_until(messages, message) if touch is not None]
            assert any(fill.price == pytest.approx(touch[one.side] * (1 + one.side.sign * slip)) for touch in touches)
    assert all(filled[one.id] <= one.quantity + DUST for one in orders)


@settings(max_examples=rounds(40, 400))
@given(papers, order_lists(), st.lists(quotes, min_size=5, max_size=40))
def test_nobody_takes_more_than_is_shown(papers, orders, messages):
    shown, taken, by = {}, {}, {}
    for message in messages:  # everything that was ever offered, counted each time that it changed
        for side, price, size in (("BUY", message.ask, message.ask_size), ("SELL", message.bid, message.bid_size)):
            place = message.symbol, side
            if shown.get(place, ((), 0))[0] != (price, size):
                shown[place] = (price, size), shown.get(place, ((), 0))[1] + (size or float("inf"))
    for _, fill in played(papers, orders, messages):
        place = fill.symbol, fill.side.value
        taken[place] = taken.get(place, 0.0) + fill.quantity
        by[fill.order_id, place] = by.get((fill.order_id, place), 0.0) + fill.quantity
    assert all(quantity <= shown[place][1] + 1e-6 for place, quantity in taken.items())
    assert all(quantity <= papers.participation * shown[place][1] + 1e-6 for (_, place), quantity in by.items())


@settings(max_examples=rounds(40, 400))
@given(papers, order_lists(), st.lists(bars, min_size=5, max_size=40))
def test_of_bars(papers, orders, messages):
    known, filled, volumes = {one.id: one for one in orders}, {}, {}
    slip = papers.slippage_bps / 1e4
    fills = list(played(papers, orders, messages))
    assert fills == list(played(papers, orders, messages))
    for message, fill in fills:
        one = known[fill.order_id]
        filled[one.id] = filled.get(one.id, 0.0) + fill.quantity
        volumes[id(message)] = volumes.get(id(message), 0.0) + fill.quantity
        assert message.low * (1 - slip) - 1e-9 <= fill.price <= message.high * (1 + slip) + 1e-9
        assert fill.quantity <= papers.participation * message.volume + 1e-9 or not message.volume
        if one.order_type in ("LIMIT", "STOP_LIMIT", "BRACKET"):
            assert (one.limit_price - fill.price) * one.side.sign >= 0
        if one.order_type == "MARKET":
            assert fill.price == pytest.approx(message.open * (1 + one.side.sign * slip))
        if one.order_type == "STOP":
            assert (message.high if one.side is Side.buy else -message.low) >= one.side.sign * one.stop_price or filled[one.id]
    assert all(quantity <= known[ident].quantity + DUST for ident, quantity in filled.items())
    assert all(volumes.get(id(one), 0.0) <= one.volume + 1e-9 for one in messages if one.volume)

"""The simulated market as a function: the same for everybody, consistent with itself, calm or mad on time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.feeds.anomalies import Anomalies
from oracle.feeds.instruments import DAY_US, INSTRUMENTS, session_us
from oracle.feeds.market import MINUTE_US, Market, backfill
from oracle.feeds.simulated import Simulated, Tape
from oracle.model import Bar, Depth, Quote, Sample, Trade
from oracle.watchdogs.price_anomaly import PriceAnomaly

NOW_US = 1_795_449_600_000_000 + 13 * 3_600_000_000 + 1_234_567  # a Tuesday in November 2026, 13:00 UTC
MINUTE = NOW_US // MINUTE_US
INSTANTS = st.integers(1_640_995_200, 2_000_000_000)  # seconds, 2022 to 2033


def prices(market, symbol, first, count):
    """One price a second of `count` minutes."""
    minutes = [market.minute(symbol, first + i) for i in range(count)]
    return np.array([price for minute in minutes for price in minute.prices[:60]])


# ---- a function of seed and time


def test_the_same_seed_makes_the_same_market_and_another_another():
    one, same, other = Tape(Simulated(seed=5)), Tape(Simulated(seed=5)), Tape(Simulated(seed=6))
    steps = range(MINUTE * 300, MINUTE * 300 + 400, 7)
    told = [one.at(step) for step in steps]
    assert [same.at(step) for step in reversed(steps)] == told[::-1]
    assert [other.at(step) for step in steps] != told


@given(INSTANTS, st.sampled_from(sorted(INSTRUMENTS)), st.integers(0, 2**62))
@settings(max_examples=40)
def test_prices_stay_sane_at_any_time_with_any_seed(at_s, symbol, seed):
    ratio = np.array(Market(seed, Anomalies()).minute(symbol, at_s // 60).prices) / INSTRUMENTS[symbol].level_usd
    assert (ratio > 0.02).all()
    assert (ratio < 50).all()


def test_a_minute_begins_where_the_one_before_ended():
    market = Market(1, Anomalies())
    for symbol in INSTRUMENTS:
        for number in range(MINUTE, MINUTE + 8):
            ends, begins = market.minute(symbol, number).prices[60], market.minute(symbol, number + 1).prices[0]
            assert ends == pytest.approx(begins, rel=1e-12)


# ---- ticks and bars agree


@pytest.mark.parametrize("anomalies", [True, False])
def test_a_bar_holds_the_ticks_of_its_minute_and_their_volume(anomalies):
    tape = Tape(Simulated(anomalies=anomalies))
    market = Market(1, Anomalies() if anomalies else None)
    told = [message for step in range(MINUTE * 300, (MINUTE + 1) * 300) for message in tape.at(step)]
    for symbol, instrument in INSTRUMENTS.items():
        bar = market.bar(symbol, MINUTE)
        trades = [m for m in told if isinstance(m, Trade) and m.symbol == symbol]
        quotes = [m for m in told if isinstance(m, Quote) and m.symbol == symbol and m.source == "simulated"]
        assert (len(trades), len(quotes)) == (60, 240)
        assert all(bar.low <= trade.price <= bar.high for trade in trades)
        assert all(bar.low <= quote.bid < quote.ask <= bar.high for quote in quotes)
        assert quotes[0].mid == pytest.approx(bar.open)
        assert sum(trade.size for trade in trades) == pytest.approx(bar.volume, abs=60 * instrument.lot)
        assert {m.source for m in told} == {"simulated", "simulated:second"}


def test_the_feed_tells_each_bar_once_it_is_closed():
    tape = Tape(Simulated())
    bars = [m for step in range(MINUTE * 300, (MINUTE + 1) * 300) for m in tape.at(step) if isinstance(m, Bar)]
    assert [bar.symbol for bar in bars] == list(INSTRUMENTS)
    assert bars == [Market(1, Anomalies()).bar(symbol, MINUTE - 1) for symbol in INSTRUMENTS]
    assert {(bar.ts_us, bar.interval, bar.closed) for bar in bars} == {((MINUTE - 1) * MINUTE_US, "1m", True)}


def test_the_bar_of_a_day_is_told_after_midnight():
    tape = Tape(Simulated(symbols=("BTC-USD", "AAPL"), anomalies=False))
    midnight = (NOW_US // DAY_US) * DAY_US
    steps = range(midnight // tape.step_us, (midnight + 3 * MINUTE_US) // tape.step_us)
    days = [m for step in steps for m in tape.at(step) if isinstance(m, Bar) and m.interval == "1d"]
    assert [(bar.symbol, bar.ts_us) for bar in days] == [("BTC-USD", midnight - DAY_US), ("AAPL", midnight - DAY_US)]


def test_depth_and_funding_come_at_their_times():
    tape = Tape(Simulated())
    told = [message for step in range(MINUTE * 300, (MINUTE + 1) * 300) for message in tape.at(step)]
    books = [m for m in told if isinstance(m, Depth)]
    assert len(books) == 12 * len(INSTRUMENTS)
    for book in books:
        bids, asks = [price for price, _ in book.bids], [price for price, _ in book.asks]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]
        assert len(bids) == len(asks) == 10
        assert all(size > 0 for _, size in book.bids + book.asks)
    rates = [m for m in told if isinstance(m, Sample) and m.name == "funding_rate"]
    assert len({rate.topic for rate in rates}) == 9
    assert len(rates) == 9 * 6
    assert all(abs(rate.value) < 0.006 and rate.unit == "per_8h" for rate in rates)


def test_what_is_said_of_a_book_is_what_the_book_says():
    told = [m for step in range(MINUTE * 300, MINUTE * 300 + 60) for m in Tape(Simulated(symbols=("ETH-USD",))).at(step)]
    books = [m for m in told if isinstance(m, Depth)]
    said = {(m.name, m.ts_us): m.value for m in told if isinstance(m, Sample) and m.name.startswith("book_")}
    assert len(said) == 4 * len(books) == 4 * 3
    for book in books:
        (bid, _), (ask, _) = book.bids[0], book.asks[0]
        assert said["book_mid", book.ts_us] == (bid + ask) / 2
        assert said["book_spread", book.ts_us] == ask - bid
        assert said["book_depth_bid", book.ts_us] == pytest.approx(sum(price * size for price, size in book.bids))
        assert said["book_depth_ask", book.ts_us] == pytest.approx(sum(price * size for price, size in book.asks))


# ---- the past


@pytest.fixture(scope="module")
def past():
    return backfill(1, NOW_US)


def rows(past, symbol, interval):
    chosen = (past["symbol"] == symbol) & (past["interval"] == interval)
    return {name: column[chosen] for name, column in past.items()}


def test_the_past_has_the_columns_of_bars_and_says_it_is_simulated(past):
    assert tuple(past) == Bar.__struct_fields__
    assert len({len(column) for column in past.values()}) == 1
    assert set(past["source"]) == {"simulated"}
    assert past["closed"].all()
    for name in ("open", "high", "low", "close", "volume"):
        assert np.isfinite(past[name]).all()
        assert (past[name] > 0).all()
    assert (past["low"] <= np.minimum(past["open"], past["close"])).all()
    assert (past["high"] >= np.maximum(past["open"], past["close"])).all()
    assert (past["trades"] >= 1).all()


@pytest.mark.parametrize("symbol", sorted(INSTRUMENTS))
def test_the_past_reaches_from_2022_to_the_last_whole_minute(past, symbol):
    days, minutes = rows(past, symbol, "1d"), rows(past, symbol, "1m")
    for column in (days["ts_us"], minutes["ts_us"]):
        assert (np.diff(column) > 0).all()
    first = days["ts_us"][0] // DAY_US
    if INSTRUMENTS[symbol].always_open:
        assert first == 18_993
        assert len(days["ts_us"]) == NOW_US // DAY_US - 18_993
        assert minutes["ts_us"][-1] == (MINUTE - 1) * MINUTE_US
        assert len(minutes["ts_us"]) == 90 * 1440 + MINUTE % 1440
    else:
        assert first == 18_995  # Monday the 3rd
        weekdays = (days["ts_us"] // DAY_US + 3) % 7
        assert set(weekdays.tolist()) == {0, 1, 2, 3, 4}
        assert set(np.unique(minutes["ts_us"] // DAY_US, return_counts=True)[1].tolist()) == {390}
        assert all((session_us(int(at) // DAY_US) or (0, 0))[0] <= at < (session_us(int(at) // DAY_US) or (0, 0))[1]
                   for at in minutes["ts_us"][::97])  # fmt: skip


def test_the_last_bars_of_the_past_are_those_of_the_live_path(past):
    market = Market(1, Anomalies())
    for symbol in ("BTC-USD", "ETH-USD", "SOL-USD"):
        minutes = rows(past, symbol, "1m")
        for back in (1, 30, 100):
            bar = market.bar(symbol, MINUTE - back)
            assert [minutes[name].tolist()[-back] for name in Bar.__struct_fields__] == [
                getattr(bar, name) for name in Bar.__struct_fields__
            ]


def test_days_are_made_of_their_minutes(past):
    days, minutes = rows(past, "AAPL", "1d"), rows(past, "AAPL", "1m")
    last = days["ts_us"][-1]
    of_day = minutes["ts_us"] // DAY_US == last // DAY_US
    assert days["open"][-1] == minutes["open"][of_day][0]
    assert days["close"][-1] == minutes["close"][of_day][-1]
    assert days["high"][-1] == minutes["high"][of_day].max()
    assert days["low"][-1] == minutes["low"][of_day].min()
    assert days["volume"][-1] == pytest.approx(minutes["volume"][of_day].sum())


@pytest.mark.parametrize("symbol", sorted(INSTRUMENTS))
def test_days_change_as_much_as_the_instrument_says(past, symbol):
    spread_pct = np.diff(np.log(rows(past, symbol, "1d")["close"])).std() * 100
    assert 0.7 < spread_pct / INSTRUMENTS[symbol].day_pct < 1.4


def test_the_day_of_shares_is_busiest_at_its_ends(past):
    minutes = rows(past, "SPY", "1m")
    volume = minutes["volume"].reshape(-1, 390).mean(axis=0)
    assert volume[:15].mean() > 2 * volume[180:210].mean() < volume[-15:].mean()


def test_the_past_is_calm_but_for_its_last_two_hours(past):
    for symbol in ("BTC-USD", "ETH-USD"):
        minutes = rows(past, symbol, "1m")
        change = np.abs(np.diff(np.log(minutes["close"])))
        assert change[:-121].max() < 0.03
        assert change[-119:].max() > 0.05


# ---- calm, and mad


@given(INSTANTS, st.integers(0, 1000))
@settings(max_examples=15)
def test_without_anomalies_nothing_moves_3_percent_in_two_minutes(at_s, seed):
    market = Market(seed)
    for symbol in INSTRUMENTS:
        path = prices(market, symbol, at_s // 60, 6)
        for seconds in (10, 60, 120):
            assert np.abs(path[seconds:] / path[:-seconds] - 1).max() < 0.03


@given(INSTANTS, st.integers(0, 1000))
@settings(max_examples=10)
def test_whoever_starts_to_watch_sees_an_anomaly_within_90_seconds_and_then_every_two_minutes(at_s, seed):
    watched = Simulated(seed=seed, updates_per_s=1, symbols=Anomalies().symbols)
    tape, watchdog = Tape(watched), PriceAnomaly()
    spoken = [at_s]
    for step in range(at_s, at_s + 420):
        for message in tape.at(step):
            if isinstance(message, Trade) and list(watchdog.update(message, message.ts_us)):
                spoken.append(step)
    assert spoken[1] - at_s <= 90
    assert max(later - earlier for earlier, later in zip(spoken[1:], [*spoken[2:], at_s + 420], strict=True)) <= 120


def test_jumps_are_6_to_14_percent_and_both_ways():
    calm, mad = Market(1), Market(1, Anomalies())
    shifts = prices(mad, "BTC-USD", MINUTE, 120) / prices(calm, "BTC-USD", MINUTE, 120) - 1
    assert 0.06 < shifts.max() <= 0.1401
    assert -0.1401 <= shifts.min() < -0.06
    assert np.abs(shifts).min() == 0


@pytest.mark.parametrize("symbol", ["SOL-USD", "MSFT", "GLD"])
def test_the_others_stay_calm(symbol):
    path = prices(Market(1, Anomalies()), symbol, MINUTE, 30)
    assert np.abs(path[60:] / path[:-60] - 1).max() < 0.03


# ---- the exchanges' hours


@pytest.mark.parametrize(("date", "hours"), [
    ("2026-03-06", (14.5, 21.0)), ("2026-03-09", (13.5, 20.0)), ("2026-10-30", (13.5, 20.0)), ("2026-11-02", (14.5, 21.0)),
    ("2026-11-21", None), ("2026-11-22", None), ("2024-03-08", (14.5, 21.0)), ("2024-03-11", (13.5, 20.0)),
])  # fmt: skip
def test_shares_trade_from_half_past_nine_to_four_in_new_york(date, hours):
    day = int(np.datetime64(date, "D").astype(int))
    session = session_us(day)
    assert session == (hours and tuple(day * DAY_US + round(hour * 3_600_000_000) for hour in hours))

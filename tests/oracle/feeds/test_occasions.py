"""What happens on the simulated market for the watchdogs to see: often enough with anomalies, never without."""

import random

import numpy as np
import pytest

from oracle.feeds.anomalies import Anomalies
from oracle.feeds.instruments import DAY_US, INSTRUMENTS, open_minutes
from oracle.feeds.market import MINUTE_US, Market
from oracle.feeds.simulated import Simulated, Tape
from oracle.feeds.turns import Turns
from oracle.model import Event, Quote, Sample

T0_US = 1_795_449_600_000_000
SECOND_US = 1_000_000
SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD", "SPY", "QQQ", "AAPL", "MSFT", "GOOGL", "AMZN", "TSLA")


def said(anomalies, begin_us, seconds=125, seed=1):
    """What is said at each whole second."""
    tape = Tape(Simulated(anomalies=anomalies, symbols=SYMBOLS, updates_per_s=1, seed=seed))
    first = begin_us // tape.step_us
    return [m for step in range(first, first + seconds) for m in tape.at(step)]


def worth(messages):
    return [m.data["usd_value"] for m in messages if isinstance(m, Event) and m.kind == "transfer"]


def surprises(messages):
    reports = [m.data for m in messages if isinstance(m, Event) and m.kind == "earnings"]
    return [abs(r["actual_eps"] - r["estimated_eps"]) / r["estimated_eps"] for r in reports]


def means(messages):
    by_place = {}
    for m in messages:
        if isinstance(m, Sample) and m.name == "funding_rate":
            by_place.setdefault((m.subject.split(":")[0], m.ts_us), []).append(m.value)
    return [sum(rates) / 3 for rates in by_place.values()]


def depths(messages):
    by_subject = {}
    for m in messages:
        if isinstance(m, Sample) and m.name == "book_depth_bid":
            by_subject.setdefault(m.subject, []).append(m.value)
    return [min(values) / max(values) for values in by_subject.values()]


def apart(messages):
    last, found = {}, []
    for m in messages:
        if isinstance(m, Quote) and m.source == "simulated":
            last[m.symbol] = m.mid
        elif isinstance(m, Quote) and m.symbol in last:
            found.append(abs(m.mid / last[m.symbol] - 1))
    return found


def silences(messages):
    heard, longest = {}, []
    for m in messages:
        if isinstance(m, Sample) and m.name == "http_status":
            longest.append(m.ts_us - heard.get(m.subject, m.ts_us))
            heard[m.subject] = m.ts_us
    end_us = messages[-1].ts_us
    return [*longest, *(end_us - at_us for at_us in heard.values())]


def outages(messages):
    return {m.value for m in messages if isinstance(m, Sample) and m.name == "http_status"} - {200}


def response_ms(messages):
    return [m.value for m in messages if isinstance(m, Sample) and m.name == "http_response_ms"]


@pytest.mark.parametrize("begin_s", sorted(random.Random(7).sample(range(30_000_000), 12)))
def test_each_two_minutes_have_an_occasion_of_each_kind(begin_s):
    messages = said(True, T0_US + begin_s * SECOND_US)
    assert max(worth(messages)) > 1_000_000
    assert max(surprises(messages)) > 0.11
    assert max(map(abs, means(messages))) > 0.0013
    assert min(depths(messages)) < 0.45
    assert max(apart(messages)) > 0.009
    assert max(silences(messages)) > 30 * SECOND_US
    assert max(response_ms(messages)) > 2_400


@pytest.mark.parametrize("begin_s", sorted(random.Random(8).sample(range(30_000_000), 6)))
def test_without_anomalies_all_is_quiet(begin_s):
    messages = said(False, T0_US + begin_s * SECOND_US)
    assert max(worth(messages)) < 500_000
    assert max(surprises(messages), default=0) < 0.06
    assert max(map(abs, means(messages))) < 0.0005
    assert min(depths(messages)) > 0.6
    assert max(apart(messages)) < 0.001
    assert max(silences(messages)) <= 10 * SECOND_US
    assert outages(messages) == set()
    assert max(response_ms(messages)) < 500


def test_every_kind_of_outage_comes():
    assert outages(said(True, T0_US, 400)) == {503, 0}
    assert any(4_000 < ms < 5_000 for ms in response_ms(said(True, T0_US, 400)))


def test_what_happens_is_a_function_of_seed_and_time():
    assert said(True, T0_US, 20) == said(True, T0_US, 20)
    assert said(True, T0_US, 20)[-40:] == said(True, T0_US + 5 * SECOND_US, 15)[-40:]
    assert said(True, T0_US, 20) != said(True, T0_US, 20, seed=2)


def test_a_turn_lasts_as_long_as_it_should_and_goes_round():
    turns = Turns(7, ("a", "b"), 10.0, 4.0, jitter_s=2.0)
    seen = [turns.at(T0_US + ms * 1000) for ms in range(0, 40_000, 100)]
    assert len({turn.number for turn in seen if turn}) >= 3
    for number in {turn.number for turn in seen if turn}:
        mine = [turn for turn in seen if turn and turn.number == number]
        assert len(mine) <= 40
        assert {turn.who for turn in mine} == {("a", "b")[number % 2]}
        assert len({turn.size for turn in mine}) == 1


@pytest.mark.parametrize("crypto", [("BTC-USD", "ETH-USD", "SOL-USD")])
def test_in_every_other_minute_one_coin_trades_many_times_the_usual(crypto):
    market, calm = Market(1, Anomalies()), Market(1)
    minutes = np.arange(T0_US // MINUTE_US, T0_US // MINUTE_US + 400)
    ratios = np.stack([
        market.bars(symbol, minutes, staged_from_us=0)["volume"] / calm.bars(symbol, minutes, staged_from_us=0)["volume"]
        for symbol in crypto
    ])  # fmt: skip
    busy = (ratios > 7.5).sum(axis=0)
    assert (busy == (minutes % 2 == 0)).all()
    assert ratios[ratios <= 7.5].max() < 3


def closes(market, symbol, first_day, end_day):
    """Logarithms of the price at each quarter of an hour."""
    minutes = open_minutes(np, INSTRUMENTS[symbol], first_day, end_day)
    ends = minutes[minutes % 15 == 14]
    return ends // 15, market._logs(INSTRUMENTS[symbol], ends + 1)


def changes(market, one, two, first_day, days):
    """The 7-day correlation less that of 90 days, each half day."""
    (at_one, first), (at_two, second) = (closes(market, s, first_day - 90, first_day + days) for s in (one, two))
    at, mine, other = np.intersect1d(at_one, at_two, return_indices=True)
    follow = np.flatnonzero(np.diff(at) == 1) + 1
    x, y = (path[place][follow] - path[place][follow - 1] for path, place in ((first, mine), (second, other)))
    found = []
    for day in np.arange(first_day, first_day + days, 0.5):
        past, recent = ((at[follow] > (day - span) * 96) & (at[follow] <= day * 96) for span in (90, 7))
        found.append(np.corrcoef(x[recent], y[recent])[0, 1] - np.corrcoef(x[past], y[past])[0, 1])
    return np.abs(found)


@pytest.mark.parametrize("anomalies", [True, False])
def test_at_any_time_one_pair_has_turned_or_with_a_quiet_market_none(anomalies):
    market = Market(1, Anomalies() if anomalies else None)
    first_day = T0_US // DAY_US
    pairs = (("BTC-USD", "ETH-USD"), ("SPY", "QQQ"))
    most = np.max([changes(market, *pair, first_day, 60) for pair in pairs], axis=0)
    assert most.min() > 0.6 if anomalies else most.max() < 0.1


def test_a_path_that_turns_does_not_jump():
    market = Market(1, Anomalies())
    edge = (T0_US // MINUTE_US // (14 * 1440) + 1) * 14 * 1440
    minutes = np.arange(edge - 200, edge + 200)
    steps = np.abs(np.diff(market._logs(INSTRUMENTS["ETH-USD"], minutes)))
    assert steps.max() < 6 * np.median(steps)
    alone = [float(market._logs(INSTRUMENTS["ETH-USD"], np.array([m]))[0]) for m in (edge - 1, edge, edge + 1)]
    assert alone == pytest.approx(market._logs(INSTRUMENTS["ETH-USD"], minutes)[199:202].tolist())

"""The decider alone: which moves speak, with which severity, and when they fall silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.model import Severity, Trade
from oracle.watchdogs.price_anomaly import PriceAnomaly

T0_US = 1_700_000_000_000_000


def trade(price, second, symbol="BTC-USD", source="test"):
    at_us = T0_US + round(second * 1e6)
    return Trade(symbol, price, 1.0, "buy", f"t{second}", at_us, source), at_us


def run(prices, decider=None):
    decider = decider or PriceAnomaly()
    return [f for price, second, *named in prices for f in decider.update(*trade(price, second, *named))]


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ([(100, 0), (105.1, 60)], [("price_anomaly", "high")]),
        ([(100, 0), (94.8, 61)], [("price_anomaly", "high")]),
        ([(100, 0), (110.5, 61)], [("price_anomaly", "critical")]),
        ([(100, 0), (89.5, 61)], [("flash_crash", "critical")]),
        ([(100, 0), (105, 60)], []),  # the limit itself is not more than the limit
        ([(100, 0), (200, 59.9)], []),  # no sample is old enough
        ([(100, 0), (200, 120.1)], []),  # the only one is too old
        ([(100, 0), (106, 60), (107, 61), (108, 62)], [("price_anomaly", "high")]),  # once until re-armed
        ([(100, 0), (106, 60), (112, 61)], [("price_anomaly", "high"), ("price_anomaly", "critical")]),
        ([(100, 0), (100, 30), (106, 60), (103, 61), (106, 62)], [("price_anomaly", "high")] * 2),
        ([(100, 0), (100, 30), (106, 60), (104.5, 61), (106, 62)], [("price_anomaly", "high")]),
        ([(100, 0), (100, 10), (112, 61), (85, 71)], [("price_anomaly", "critical"), ("flash_crash", "critical")]),
        ([(100, 0, "DOGE-USD"), (200, 60, "DOGE-USD")], []),  # not of its universe
        ([(100, 0, "BTC-USDT"), (106, 60, "BTC-USDT")], [("price_anomaly", "high")]),  # a base watches each pair
        ([(100, 0, "AAPL"), (106, 60, "AAPL")], [("price_anomaly", "high")]),
        ([(100, 0), (float("nan"), 30), (0, 40), (-5, 50), (100, 61)], []),
    ],
)
def test_what_it_says(prices, said):
    assert [(f.kind, f.severity.value) for f in run(prices)] == said


def test_a_finding_carries_the_facts_it_was_made_of():
    (finding,) = run([(100, 0), (106, 60)])
    assert finding.data == {
        "current_price": 106, "past_price": 100, "change_pct": 6.0, "time_window_seconds": 60.0,
    }  # fmt: skip
    assert finding.subject == "BTC-USD"
    assert finding.severity is Severity.high
    assert finding.summary == "BTC-USD rose 6.0 % in 60 s"
    assert finding.ts_us == T0_US + 60_000_000
    assert finding.cause == "trade:BTC-USD:t60"


def test_the_newest_sample_old_enough_is_the_one_compared_with():
    (finding,) = run([(100, 0), (102, 10), (104, 20), (110, 81)])
    assert finding.data["past_price"] == 104


A, B = ("BTC-USD", "a"), ("BTC-USD", "b")


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ([(100, 0, *A), (80, 30, *B), (100, 60, *A), (80, 90, *B)], []),  # apart, but neither moves
        ([(100, 0, *A), (100, 1, *B), (106, 60, *A), (106, 61, *B)], ["t60"]),  # one move, seen twice
        ([(100, 0, *A), (100, 1, *B), (100, 2, *A), (106, 60, *A), (100, 61, *B), (106, 62, *A)], ["t60"]),  # b is behind
        ([(100, 0, *A), (100, 1, *B), (100, 2, *A), (106, 60, *A), (100, 61, *A), (106, 62, *A)], ["t60", "t62"]),
        ([(100, 0, *A), (100, 20, *B), (106, 60, *A), (100, 200, *B), (100, 261, *B), (106, 330, *B)], ["t60", "t330"]),
    ],
)
def test_a_source_is_compared_with_itself_and_a_symbol_speaks_once(prices, said):
    assert [f.cause.rpartition(":")[2] for f in run(prices)] == said


@given(st.lists(st.tuples(st.floats(-1e6, 1e9), st.floats(0, 2)), max_size=300))
def test_any_stream_is_survived_with_bounded_memory(steps):
    decider, second = PriceAnomaly(symbols=("*",)), 0.0
    for price, gap_s in steps:
        second += gap_s
        for finding in decider.update(*trade(price, second)):
            assert abs(finding.data["change_pct"]) > 5
    assert all(len(track.recent) <= 62 for tracks in decider._tracks.values() for track in tracks.values())


@given(st.floats(1, 1e6), st.floats(0.955, 1.045))
def test_a_quiet_price_is_never_news(price, factor):
    assert run([(price, 0), (price * factor, 60), (price, 121)]) == []


def test_a_venue_that_never_stops_inventing_symbols_costs_bounded_memory():
    decider = PriceAnomaly(symbols=("*",))
    for number in range(10_050):
        run([(100, 0, f"X{number}-USD")], decider)
    assert len(decider._tracks) == 10_000
    assert [f.subject for f in run([(106, 60, "X10049-USD")], decider)] == ["X10049-USD"]


def test_sources_that_never_stop_cost_bounded_memory():
    decider = PriceAnomaly()
    for number in range(100):
        run([(100, 0, "BTC-USD", f"push:{number}")], decider)
    assert len(decider._tracks["BTC-USD"]) == 32

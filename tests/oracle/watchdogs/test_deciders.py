"""Each decider alone: what speaks, how severely, with which data, and when it is over."""

import math
import random

import pytest

from oracle.facts import NO_ANSWER, NO_CONNECTION, Earnings, Transfer, fact_event
from oracle.model import Bar, Event, Gap, Quote, Sample, Severity, Trade
from oracle.watchdogs.absence import Absence
from oracle.watchdogs.arbitrage_opportunity import ArbitrageOpportunity
from oracle.watchdogs.correlation_breakdown import CorrelationBreakdown
from oracle.watchdogs.decider import Course, Mean, Memory
from oracle.watchdogs.earnings_anomaly import EarningsAnomaly
from oracle.watchdogs.exchange_outage import ExchangeOutage
from oracle.watchdogs.funding_rate import FundingRate
from oracle.watchdogs.liquidity_drop import LiquidityDrop
from oracle.watchdogs.metric import Metric
from oracle.watchdogs.unusual_volume import UnusualVolume
from oracle.watchdogs.whale_movement import WhaleMovement

T0_US = 1_700_000_100_000_000 - 1_700_000_100_000_000 % 3_600_000_000
DAY_US = 86_400_000_000
SLOT_US = 900_000_000


def at(second):
    """An instant."""
    return T0_US + round(second * 1e6)


def run(decider, messages, memory=Memory(), until_s=None):  # noqa: B008
    """The findings over (second, message)."""
    course = Course(decider)
    course.begin(memory, T0_US)
    found = [f for second, message in messages for f in course.take(message, at(second))]
    return found + (list(course.pass_time(at(until_s))) if until_s is not None else [])


def said(found):
    """Kind and severity of each finding."""
    return [(f.kind, f.severity.value) for f in found]


# ---- earnings


def report(actual, expected, second=0, date="2026-01-30", symbol="AAPL"):
    return second, fact_event(Earnings(date, actual, expected, 10.0, 9.0), symbol, "test", at(second), "x", date)


@pytest.mark.parametrize(("actual", "expected", "severity"), [
    (11.0, 10.0, None), (1.11, 1.0, "medium"), (0.89, 1.0, "medium"), (1.21, 1.0, "high"), (0.5, 1.0, "high"),
    (-0.5, -1.0, "high"), (-1.05, -1.0, None), (1.0, 0.0, None),
])  # fmt: skip
def test_a_surprise_is_measured_by_the_estimate(actual, expected, severity):
    assert [s for _, s in said(run(EarningsAnomaly(), [report(actual, expected)]))] == ([severity] if severity else [])


def test_a_report_speaks_once_and_carries_what_was_reported():
    reports = [report(1.5, 1.0), report(1.5, 1.0, 5), report(1.5, 1.0, 9, "2026-04-30"), report(9, 1, 9, symbol="XX")]
    found = run(EarningsAnomaly(), reports)
    assert len(found) == 2
    assert found[0].data == {"actual_eps": 1.5, "estimated_eps": 1.0, "surprise_pct": 50.0, "report_date": "2026-01-30",
                             "revenue": 10.0, "revenue_estimate": 9.0}  # fmt: skip


# ---- whales


def transfer(usd, second=0, tx="t1", coin="BTC"):
    return second, fact_event(Transfer("a", "b", 3.0, usd, tx), coin, "test", at(second), "x", tx)


@pytest.mark.parametrize(("usd", "severity"), [(1e6, None), (1_000_001, "high"), (9_999_999, "high"), (1e7, "critical")])
def test_a_transfer_is_measured_in_dollars(usd, severity):
    assert [s for _, s in said(run(WhaleMovement(), [transfer(usd)]))] == ([severity] if severity else [])


def test_a_transaction_speaks_once():
    found = run(WhaleMovement(), [transfer(2e6), transfer(2e6, 1), transfer(2e6, 2, "t2"), transfer(2e6, 3, "t3", "DOGE")])
    assert [f.data["tx_hash"] for f in found] == ["t1", "t2"]
    assert found[0].data == {"from": "a", "to": "b", "amount": 3.0, "usd_value": 2e6, "tx_hash": "t1"}


# ---- funding


def rate(value, second, venue="binance", symbol="BTC-USDT"):
    return second, Sample("funding_rate", f"{symbol}:{venue}", value, "per_8h", at(second), venue)


def test_the_mean_of_the_venues_decides():
    found = run(FundingRate(), [rate(0.0018, 0), rate(0.0001, 1, "bybit"), rate(0.002, 2, "okx"), rate(0.01, 3, "okx")])
    assert said(found) == [("funding_spike", "high"), ("funding_spike", "critical")]
    assert found[0].data["by_exchange"] == {"binance": 0.0018}
    assert found[1].data["avg_funding_rate"] == pytest.approx((0.0018 + 0.0001 + 0.01) / 3)
    assert found[1].data["funding_rate_pct"] == pytest.approx(found[1].data["avg_funding_rate"] * 100)


def test_a_rate_speaks_again_the_other_way_and_after_a_rest():
    rates = [0.002, 0.0019, 0.0009, 0.002, 0.0007, 0.002, -0.002]
    assert len(run(FundingRate(), [rate(value, i) for i, value in enumerate(rates)])) == 3


def test_a_venue_that_fell_silent_does_not_count():
    found = run(FundingRate(), [rate(-0.01, 0, "okx"), rate(0.0015, 4_000)])
    assert found[-1].data["by_exchange"] == {"binance": 0.0015}
    decider = FundingRate()
    assert run(decider, [(9_000, rate(0.5, 0)[1])]) == [] and decider.ignored == {"stale": 1}


# ---- outages


def health(status, second, ms=100.0, exchange="binance"):
    return [(second, Sample("http_response_ms", exchange, ms, "ms", at(second), "test")),
            (second, Sample("http_status", exchange, status, "status", at(second), "test"))]  # fmt: skip


@pytest.mark.parametrize(("status", "ms", "severity"), [
    (200, 4_000, None), (200, 4_001, "medium"), (503, 10, "high"), (NO_ANSWER, 5_000, "critical"), (NO_CONNECTION, 1, "critical"),
])  # fmt: skip
def test_health_is_judged_by_status_and_time(status, ms, severity):
    assert [s for _, s in said(run(ExchangeOutage(), health(status, 0, ms)))] == ([severity] if severity else [])


def test_an_outage_speaks_once_until_it_gets_worse_or_is_over():
    states = [503, 503, NO_ANSWER, 503, 200, 503]
    found = run(ExchangeOutage(), [one for i, s in enumerate(states) for one in health(s, i)])
    assert [f.severity.value for f in found] == ["high", "critical", "high"]
    assert found[0].data == {"exchange": "binance", "status_code": 503, "response_time_ms": 100.0, "error": "status 503"}


def feed_event(kind, second, severity=Severity.high):
    data = {"reason": "reset"}
    return second, Event(f"e{second}", kind, "feed:kraken", "feed:kraken", severity, "feed:kraken: x", data, at(second))


def test_a_feed_has_its_time_to_come_back():
    lost, back = "system:feed:disconnected", "system:feed:connected"
    assert run(ExchangeOutage(), [feed_event(lost, 0), feed_event(back, 4)], until_s=60) == []
    found = run(ExchangeOutage(), [feed_event(lost, 0), feed_event(lost, 3)], until_s=60)
    assert [(f.subject, f.ts_us, f.data["error"]) for f in found] == [("kraken", at(5), "reset")]
    orderly = feed_event(lost, 0, Severity.low)
    assert run(ExchangeOutage(), [orderly], until_s=60) == []
    again = [feed_event(lost, 0), feed_event(back, 30), feed_event(lost, 40)]
    assert len(run(ExchangeOutage(), again, until_s=60)) == 2


# ---- arbitrage


def quote(source, bid, ask, second, symbol="BTC-USD"):
    return second, Quote(symbol, bid, 2.0, ask, 3.0, at(second), source)


def test_what_is_left_after_both_fees_decides():
    assert run(ArbitrageOpportunity(), [quote("a", 99, 100, 0), quote("b", 100.29, 101, 1)]) == []
    (found,) = run(ArbitrageOpportunity(), [quote("a", 99, 100, 0), quote("b", 100.4, 101, 1), quote("b", 100.5, 101, 2)])
    assert found.severity is Severity.medium
    way = {"buy_exchange": "a", "sell_exchange": "b", "buy_price": 100, "sell_price": 100.4, "size": 2.0}
    assert found.data | way == found.data
    assert found.data["net_pct"] == pytest.approx((100.4 * 0.999 - 100 * 1.001) / (100 * 1.001) * 100, abs=1e-6)


def test_old_and_crossed_quotes_and_one_venue_alone_say_nothing():
    assert run(ArbitrageOpportunity(), [quote("a", 99, 100, 0), quote("b", 110, 111, 6)]) == []
    assert run(ArbitrageOpportunity(), [quote("a", 99, 100, 0), quote("b", 112, 111, 1)]) == []
    assert run(ArbitrageOpportunity(), [quote("a", 99, 100, 0), quote("a", 110, 111, 1)]) == []
    assert run(ArbitrageOpportunity(venue_fee_pct={"b": 9.9}), [quote("a", 99, 100, 0), quote("b", 110, 111, 1)]) == []


def test_a_gain_speaks_again_when_it_was_gone():
    b = [110, 110.1, 99.5, 110]
    quotes = [quote("a", 99, 100, 0), *(quote("b", bid, bid + 1, i / 10) for i, bid in enumerate(b, 1))]
    found = run(ArbitrageOpportunity(), quotes)
    assert said(found) == [("arbitrage_opportunity", "high")] * 2


# ---- volume


def slots(volume, days=30, symbol="BTC-USD"):
    """The same volume in each quarter of an hour of the past."""
    first = T0_US // SLOT_US - days * 96
    return [Bar(symbol, "15m", 1, 1, 1, 1, volume, 1, True, slot * SLOT_US, "test") for slot in range(first, T0_US // SLOT_US)]


def trades(sizes, symbol="BTC-USD", source="test", begin=0):
    return [(begin + i, Trade(symbol, 100.0 + i, size, "buy", str(i), at(begin + i), source)) for i, size in enumerate(sizes)]


@pytest.mark.parametrize(("size", "severity"), [(2.9, []), (3.2, ["high"]), (5.2, ["high", "critical"])])
def test_volume_is_compared_with_the_same_time_of_30_days(size, severity):
    found = run(UnusualVolume(), trades([size] * 62), Memory(slots(900.0)))
    assert [f.severity.value for f in found] == severity
    if found:
        assert found[0].data["volume_ratio"] == pytest.approx(found[0].data["current_volume"] / 60.0)
        assert found[0].data["avg_volume"] == pytest.approx(60.0)


def test_without_enough_of_a_past_or_trades_volume_says_nothing():
    assert run(UnusualVolume(), trades([50.0] * 62), Memory(slots(900.0, days=4))) == []
    assert run(UnusualVolume(), trades([500.0] * 9), Memory(slots(900.0))) == []
    assert run(UnusualVolume(), trades([50.0] * 62, source="other"), Memory(slots(900.0))) == []


def test_volume_of_bars_counts_where_no_trades_are_told():
    bar = Bar("BTC-USD", "1m", 100, 101, 99, 101, 400.0, 9, True, T0_US, "test")
    (found,) = run(UnusualVolume(), [(60, bar)], Memory(slots(900.0)))
    assert (found.severity, found.data["price_change_pct"], found.data["price"]) == (Severity.critical, 1.0, 101)
    assert len(run(UnusualVolume(), [*trades([1.0]), (60, bar)], Memory(slots(900.0)))) == 0


# ---- liquidity


def depth(bid, ask, second, subject="BTC-USD:kraken"):
    return [(second, Sample("book_depth_bid", subject, bid, "USD", at(second), "kraken")),
            (second, Sample("book_depth_ask", subject, ask, "USD", at(second), "kraken"))]  # fmt: skip


HOURS = [Mean(f"book_depth_{side}", "BTC-USD:kraken", T0_US - hour * 3_600_000_000, 3_600.0, 10, 1_000.0)
         for hour in range(100, 0, -1) for side in ("bid", "ask")]  # fmt: skip


@pytest.mark.parametrize(("share", "severity"), [(0.51, []), (0.49, ["high"]), (0.29, ["critical"])])
def test_depth_is_compared_with_seven_days(share, severity):
    found = run(LiquidityDrop(), depth(100 * share, 100 * share, 1), Memory(HOURS))
    assert [f.severity.value for f in found] == severity
    if found:
        assert found[0].data["depth_ratio"] == pytest.approx(share, abs=0.01)
        assert (found[0].data["avg_depth"], found[0].data["drop_pct"]) == pytest.approx((200.0, 100 - share * 100), rel=0.01)


def test_depth_needs_a_minute_of_watching_and_both_sides():
    thin = [*[one for second in range(0, 55, 5) for one in depth(100, 100, second)], *depth(10, 10, 55)]
    assert run(LiquidityDrop(), thin) == []
    assert len(run(LiquidityDrop(), [*thin[:-2], *depth(100, 100, 60), *depth(10, 10, 65)])) == 1
    only_asks = [one for one in depth(10, 10, 1) if one[1].name.endswith("ask")]
    assert run(LiquidityDrop(), only_asks, Memory(HOURS)) == []


# ---- correlation


def pair(changes, symbols=("BTC-USD", "ETH-USD")):
    """Quarters of an hour of two symbols up to now; `changes` are of both."""
    first, prices, bars = T0_US // SLOT_US - len(changes), [100.0, 100.0], []
    for place, both in enumerate(changes):
        for leg in (0, 1):
            prices[leg] *= math.exp(both[leg])
            bars.append(Bar(symbols[leg], "15m", 1, 1, 1, prices[leg], 1, 1, True, (first + place) * SLOT_US, "test"))
    return bars


def returns(recent_sign, jump=0.0):
    """90 days of the same returns in both, the last 7 with a sign; one lonely jump of the second."""
    drawn, found = random.Random(3), []
    for place in range(90 * 96):
        one, other = drawn.gauss(0, 0.01), drawn.gauss(0, 0.003)
        sign = recent_sign if place >= 83 * 96 else 1
        found.append((one, sign * one + other + (jump if place == 89 * 96 else 0.0)))
    return found


def test_a_pair_that_turned_speaks_at_the_first_trade_and_once():
    memory = Memory(pair(returns(-1)))
    found = run(CorrelationBreakdown(), trades([1.0] * 2000), memory)
    assert said(found) == [("correlation_break", "high")]
    data = found[0].data
    assert (data["asset1"], data["asset2"]) == ("BTC-USD", "ETH-USD")
    assert data["recent_corr"] < -0.9 and data["hist_corr"] > 0.7
    assert data["change"] == pytest.approx(data["recent_corr"] - data["hist_corr"])


def test_a_pair_as_ever_and_a_lonely_jump_say_nothing():
    assert run(CorrelationBreakdown(), trades([1.0]), Memory(pair(returns(1)))) == []
    assert run(CorrelationBreakdown(), trades([1.0]), Memory(pair(returns(1, jump=0.5)))) == []
    assert run(CorrelationBreakdown(), trades([1.0]), Memory(pair(returns(-1)[-50:]))) == []


def test_prices_in_another_unit_correlate_the_same():
    bars = pair(returns(-1))
    scaled = [Bar(b.symbol, b.interval, 1, 1, 1, b.close * 1000, 1, 1, True, b.ts_us, b.source) for b in bars]
    one, other = (run(CorrelationBreakdown(), trades([1.0]), Memory(memory)) for memory in (bars, scaled))
    assert one[0].data["change"] == pytest.approx(other[0].data["change"])


# ---- metric and absence


def sample(value, second, name="http_response_ms", subject="binance"):
    return second, Sample(name, subject, value, "ms", at(second), "test")


def test_a_value_out_of_bounds_speaks_until_it_is_back():
    decider = Metric(names=("cpu",), above=90.0, below=1.0, odd=False)
    values = [50, 91, 95, 60, 0.5, 0.4, 92]
    found = run(decider, [sample(value, i, "cpu") for i, value in enumerate(values)])
    assert [(f.data["value"], f.data["limit"]) for f in found] == [(91, 90.0), (0.5, 1.0), (92, 90.0)]


def test_a_row_that_is_odd_for_14_days_speaks_when_it_is_over():
    drawn = random.Random(5)
    rows = [Mean("http_response_ms", "binance", T0_US - (20_000 - i) * 60_000_000, 60.0, 2, 2 * drawn.uniform(60, 400))
            for i in range(20_000)]  # fmt: skip
    calm = [sample(200, second) for second in range(1, 60, 10)]
    assert run(Metric(), calm, Memory(rows), until_s=60) == []
    (found,) = run(Metric(), [*calm, *(sample(4_000, second) for second in range(61, 120, 10))], Memory(rows), until_s=120)
    assert (found.kind, found.ts_us, found.data["value"]) == ("metric_anomaly", at(120), 4_000)
    assert 0 < found.data["p"] < 0.001 and found.data["budget"] == found.severity.value
    assert run(Metric(odd=False), [sample(4_000, 1)], until_s=120) == []


def test_what_came_once_is_missed_after_its_time_and_once():
    found = run(Absence(), [sample(200, 0, "http_status"), sample(200, 20, "http_status")], until_s=300)
    assert [(f.subject, f.ts_us, f.data["silent_s"]) for f in found] == [("sample:http_status:binance", at(50), 30.0)]
    back = [sample(200, 0, "http_status"), sample(200, 100, "http_status")]
    assert [f.ts_us for f in run(Absence(), back, until_s=300)] == [at(30), at(130)]


def test_a_topic_that_is_named_is_expected_from_the_start_and_a_start_is_a_gap():
    decider = Absence(topics=("event:transfer:BTC",), for_s=10.0)
    assert [f.ts_us for f in run(decider, [], until_s=60)] == [at(10)]
    course = Course(Absence(for_s=10.0))
    course.begin(Memory((), [(at(-60), sample(200, -60, "http_status")[1])]), T0_US)
    assert course.next_deadline == at(10)
    assert list(course.take(Gap("feed:x", T0_US, at(5), "lost"), at(5))) == [] and course.next_deadline == at(10)


def test_a_deadline_comes_before_a_later_message_and_has_to_move():
    found = run(Absence(for_s=10.0), [sample(200, 0, "http_status"), sample(200, 60, "http_status")])
    assert [f.ts_us for f in found] == [at(10)]

    class Stuck(Absence):
        """Never gets over its deadline."""

        next_deadline = at(1)

        def on_time(self, now):
            return iter(())

    with pytest.raises(ValueError, match="left its deadline"):
        list(Course(Stuck()).pass_time(at(2)))

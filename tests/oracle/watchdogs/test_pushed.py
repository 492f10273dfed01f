"""A pushed row does not count where a feed says the same thing; alone it does."""

import pytest

from oracle.model import Bar, Sample, Trade
from oracle.watchdogs.absence import Absence
from oracle.watchdogs.correlation_breakdown import CorrelationBreakdown
from oracle.watchdogs.decider import Course, Memory
from oracle.watchdogs.exchange_outage import ExchangeOutage
from oracle.watchdogs.funding_rate import FundingRate
from oracle.watchdogs.liquidity_drop import LiquidityDrop
from oracle.watchdogs.metric import Metric
from oracle.watchdogs.pushed import MOST_SUBJECTS, OfFeeds
from oracle.watchdogs.unusual_volume import UnusualVolume

T0_US = 1_700_000_100_000_000 - 1_700_000_100_000_000 % 3_600_000_000
SLOT_US = 900_000_000


def at(second):
    """An instant."""
    return T0_US + round(second * 1e6)


def sample(second, name, subject, value, source, said_s=None):
    """A sample that is published then, and said to be of another time if one is given."""
    return second, Sample(name, subject, value, "x", at(second if said_s is None else said_s), source)


def run(decider, messages, memory=Memory(), until_s=None):  # noqa: B008
    """The findings over (second, message)."""
    course = Course(decider)
    course.begin(memory, T0_US)
    found = [f for second, message in messages for f in course.take(message, at(second))]
    return found + (list(course.pass_time(at(until_s))) if until_s is not None else [])


def test_a_subject_is_the_feeds_for_as_long_as_they_are_heard():
    of_feeds = OfFeeds(30.0)
    assert of_feeds.counts("a", "push:bot", at(0)), "nobody else says it"
    assert of_feeds.counts("a", "okx", at(1)) and not of_feeds.counts("a", "push:bot", at(31))
    assert not of_feeds.counts("a", "push", at(31)) and of_feeds.counts("b", "push:bot", at(31))
    assert of_feeds.counts("a", "push:bot", at(31.1)), "the feed is silent"
    for number in range(2 * MOST_SUBJECTS):
        assert of_feeds.counts(f"s{number}", "okx", at(40))
    assert len(of_feeds._heard_us) == MOST_SUBJECTS


def rates(feed):
    """A rate of a feed, if wanted, and a pushed one that is far away."""
    own = [sample(0, "funding_rate", "SOL-USDT:okx", 0.0001, "okx")] if feed else []
    return [*own, sample(1, "funding_rate", "SOL-USDT:okx", 0.5, "push:bot")]


def health(feed):
    """A good answer that a feed got, if wanted, and a pushed bad one."""
    own = [sample(0, "http_response_ms", "kraken", 90.0, "health"), sample(0, "http_status", "kraken", 200.0, "health")]
    return [*(own if feed else []), sample(61, "http_response_ms", "kraken", 9e9, "push:bot"),
            sample(61, "http_status", "kraken", 503.0, "push:bot")]  # fmt: skip


def depths(feed):
    """Two minutes of the book of a feed, or of pushed ones; then pushed ones that are thin."""
    own = [sample(second, f"book_depth_{side}", "BTC-USD:simulated", 100.0, "simulated" if feed else "push:bot")
           for second in range(0, 120, 5) for side in ("bid", "ask")]  # fmt: skip
    return own + [sample(121, f"book_depth_{side}", "BTC-USD:simulated", 1.0, "push:bot") for side in ("bid", "ask")]


def loads(feed):
    """A load, of a feed if wanted, and a pushed one beyond the bound."""
    own = [sample(0, "load", "db", 1.0, "poll")] if feed else []
    return [*own, sample(1, "load", "db", 99.0, "push:bot")]


@pytest.mark.parametrize(("make", "messages"), [
    (FundingRate, rates), (ExchangeOutage, health), (LiquidityDrop, depths),
    (lambda: Metric(names=("load",), above=90.0, odd=False), loads),
])  # fmt: skip
def test_a_pushed_row_changes_nothing_where_a_feed_speaks_and_counts_alone(make, messages):
    decider = make()
    assert run(decider, messages(feed=True)) == []
    assert decider.ignored["pushed"] > 0
    decider = make()
    assert len(run(decider, messages(feed=False))) == 1
    assert not decider.ignored


def test_after_a_feed_fell_silent_pushed_rates_count():
    late = [*rates(feed=True), sample(1_801, "funding_rate", "SOL-USDT:okx", 0.5, "push:bot")]
    assert [f.ts_us for f in run(FundingRate(), late)] == [at(1_801)]


def test_what_is_pushed_does_not_stand_in_for_a_feed_that_is_missed():
    decider = Absence()
    messages = [sample(0, "http_status", "kraken", 200.0, "health"), sample(20, "http_status", "kraken", 200.0, "push:bot")]
    assert [f.ts_us for f in run(decider, messages, until_s=60)] == [at(30)]
    assert decider.ignored == {"pushed": 1}


def test_a_pushed_price_is_no_close_of_a_symbol_that_a_feed_trades():
    decider = CorrelationBreakdown()
    trades = [(i, Trade("BTC-USD", price, 1.0, "", "1", at(i), source))
              for i, (price, source) in enumerate([(100.0, "kraken"), (1.0, "push:bot")])]  # fmt: skip
    assert run(decider, trades) == []
    assert list(decider._closes["BTC-USD"].values()) == [100.0] and decider.ignored == {"pushed": 1}


# ---- what is said of longer ago


def bar(second, volume, said_s):
    """A bar of a minute that is published then, of another time."""
    return second, Bar("BTC-USD", "1m", 100, 101, 99, 101, volume, 9, True, at(said_s), "push:bot")


SLOTS = [Bar("BTC-USD", "15m", 1, 1, 1, 1, 900.0, 1, True, T0_US - i * SLOT_US, "push:bot") for i in range(2_880, 0, -1)]


def test_bars_of_the_past_are_not_spoken_of_and_are_not_the_volume_of_now():
    decider = UnusualVolume()
    assert run(decider, [bar(10, 9e9, -121), bar(11, 9e9, -5 * 86_400)], Memory(SLOTS)) == []
    assert decider.ignored == {"stale": 2}
    assert decider._tape("BTC-USD", "push:bot").slot_volume == 0.0
    (found,) = run(UnusualVolume(), [bar(10, 400.0, -110)], Memory(SLOTS))
    assert found.severity.value == "critical"


def test_a_metric_takes_no_row_of_long_ago_for_now():
    decider = Metric(names=("load",), above=90.0, odd=False)
    assert run(decider, [sample(700, "load", "db", 99.0, "push:bot", said_s=99)]) == []
    assert decider.ignored == {"stale": 1}
    assert len(run(decider, [sample(700, "load", "db", 99.0, "push:bot", said_s=100)])) == 1


def test_absence_does_not_hear_what_is_of_long_ago():
    decider = Absence()
    messages = [sample(0, "http_status", "kraken", 200.0, "health"), sample(20, "http_status", "kraken", 200.0, "health", -581)]
    assert [f.ts_us for f in run(decider, messages, until_s=60)] == [at(30)]
    assert decider.ignored == {"stale": 1}

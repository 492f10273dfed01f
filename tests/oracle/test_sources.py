"""Who is believed about a price: by priority, freshness, and what the others say."""

import pytest
import trio

from actors import Child, Published, open_runtime, trio_clock
from oracle.board import Board
from oracle.model import Quote, Trade
from oracle.sources import Sources, SourceWatch

T0_US = 1_700_000_000_000_000


def told(sources, source, price, second, symbol="BTC-USD"):
    """A quote around a price."""
    at_us = T0_US + second * 1_000_000
    sources.put(Published(0, at_us, "", Quote(symbol, price - 1, 1, price + 1, 1, at_us, source)))


def now(second):
    return T0_US + second * 1_000_000


def test_the_first_of_the_priority_that_is_fresh_is_believed():
    sources = Sources(("kraken", "coinbase"), stale_after_s=30)
    assert sources.believed("BTC-USD", now(0)) is None
    told(sources, "simulated", 100, 0)
    assert sources.believed("BTC-USD", now(0)).source == "simulated"
    told(sources, "push:me", 100, 1)
    assert sources.believed("BTC-USD", now(1)).source == "push:me"
    told(sources, "binance", 100, 2)
    assert sources.believed("BTC-USD", now(2)).source == "binance"
    told(sources, "coinbase", 100, 3)
    told(sources, "kraken", 100, 4)
    told(sources, "coinbase", 100, 5)
    assert sources.believed("BTC-USD", now(5)).source == "kraken"
    assert sources.believed("BTC-USD", now(35)).source == "coinbase", "the first is stale"
    assert sources.believed("BTC-USD", now(99)).source == "coinbase", "all are stale: the one heard last"


def test_the_second_venue_of_the_simulated_market_comes_after_the_first():
    sources = Sources()
    told(sources, "simulated", 100, 0)
    told(sources, "simulated:second", 100, 1)
    assert sources.believed("BTC-USD", now(1)).source == "simulated"


@pytest.mark.parametrize(("age_s", "other", "confidence"), [
    (0, None, 1.0), (5, None, 1.0), (10, None, 0.5), (50, None, 0.1), (0, 100.0, 1.0), (0, 101.0, 0.5), (0, 97.0, 0.25),
])  # fmt: skip
def test_confidence_is_freshness_times_agreement(age_s, other, confidence):
    sources = Sources(("a", "b"))
    told(sources, "a", 100, 0)
    if other is not None:
        told(sources, "b", other, age_s)
    assert sources.believed("BTC-USD", now(age_s)).confidence == pytest.approx(confidence, abs=1e-4)


def test_a_pushed_row_that_is_late_changes_nothing_until_nothing_else_is_fresh():
    sources = Sources(("push:a",), stale_after_s=30)
    told(sources, "push:a", 100, 10)
    late = Quote("BTC-USD", 59, 1, 61, 1, now(-999), "push:a")
    sources.put(Published(0, now(11), "", late))
    assert sources.believed("BTC-USD", now(11)).quote.mid == 100
    sources.put(Published(0, now(50), "", late))
    assert sources.believed("BTC-USD", now(50)).quote.mid == 60, "its clock was set back"


def test_what_is_pushed_of_the_past_is_not_fresh_and_one_who_does_not_quote_hides_no_quote():
    sources = Sources((), stale_after_s=30)
    told(sources, "simulated", 100, 10)
    sources.put(Published(0, now(11), "", Trade("BTC-USD", 10.0, 1.0, "", "1", now(-999), "push:bot")))
    assert sources.believed("BTC-USD", now(11)).source == "simulated"
    sources.put(Published(0, now(12), "", Trade("BTC-USD", 11.0, 1.0, "", "2", now(12), "push:bot")))
    assert sources.believed("BTC-USD", now(12)).source == "push:bot"
    assert sources.believed("BTC-USD", now(12), quoting=True).quote.mid == 100


def test_a_venue_is_heard_in_its_own_order():
    sources = Sources((), stale_after_s=30)
    told(sources, "a", 100, 10)
    sources.put(Published(0, now(11), "", Quote("BTC-USD", 59, 1, 61, 1, now(-999), "a")))
    assert sources.believed("BTC-USD", now(11)).quote.mid == 60


async def test_who_is_believed_is_a_state_that_changes_with_it(autojump_clock):
    async with open_runtime(clock=trio_clock(T0_US)) as rt:
        board = Board(rt.bus, rt.now_us, Sources(("a", "b"), 30))
        rt.add(Child("sources", lambda: SourceWatch(board)))
        rt.publish(Trade("X", 1.0, 1, "", "1", rt.now_us(), "b"))
        await trio.sleep(1.5)
        assert board.get("source:X")["provider"] == "b"
        rt.publish(Trade("X", 2.0, 1, "", "1", rt.now_us(), "a"))
        await trio.sleep(1.5)
        assert (board.get("source:X")["provider"], board.price("X")[0]) == ("a", 2.0)
        for _ in range(40):
            rt.publish(Trade("X", 3.0, 1, "", "1", rt.now_us(), "b"))
            await trio.sleep(1)
        assert (board.get("source:X")["provider"], board.price("X")[0]) == ("b", 3.0)

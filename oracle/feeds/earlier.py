"""What the simulated market would have said before its first start, of what watchdogs have to know the usual of."""

from __future__ import annotations

from collections.abc import Iterator

from actors import Published
from oracle.facts import BOOK_DEPTH_ASK, BOOK_DEPTH_BID, HTTP_RESPONSE_MS
from oracle.feeds.bulletins import EXCHANGES, calm_response_ms
from oracle.feeds.instruments import INSTRUMENTS
from oracle.feeds.market import MINUTE_US, SOURCE, Market
from oracle.feeds.mix import key_of, unit
from oracle.feeds.simulated import LEVELS, usual_depth
from oracle.model import Sample

__all__ = ["earlier_samples"]

HOUR_US = 60 * MINUTE_US
BOOKED = ("BTC-USD", "ETH-USD", "SOL-USD", "SPY", "QQQ")
HOURS = 7 * 24
MINUTES = 4 * 1440


def earlier_samples(seed: int, now_us: int) -> list[Published]:
    """Calm samples from before `now_us`, in the order of time: how long exchanges took to answer in each minute of 4
    days, and the depth of books in each hour of 7 days. Published when they happened, in no run (offset -1)."""
    samples = [*_answers(seed, now_us), *_depths(seed, now_us)]
    samples.sort(key=lambda sample: sample.ts_us)
    return [Published(-1, sample.ts_us, sample.topic, sample) for sample in samples]


def _answers(seed: int, now_us: int) -> Iterator[Sample]:
    last = now_us // MINUTE_US
    for exchange in EXCHANGES:
        key = key_of(seed, "earlier", exchange)
        for minute in range(last - MINUTES, last):
            # a row of the past stands for six answers, which vary less together than one does alone
            took_ms = sum(calm_response_ms(unit(key ^ minute * 8 + i)) for i in range(6)) / 6
            yield Sample(HTTP_RESPONSE_MS, exchange, took_ms, "ms", minute * MINUTE_US, SOURCE)


def _depths(seed: int, now_us: int) -> Iterator[Sample]:
    market, last = Market(seed), now_us // HOUR_US
    for symbol in BOOKED:
        units = sum(usual_depth(INSTRUMENTS[symbol], level) for level in range(LEVELS))
        hours = range(last - HOURS, last)
        for hour, price in zip(hours, market.opens(symbol, [hour * 60 for hour in hours]), strict=True):
            for side in (BOOK_DEPTH_BID, BOOK_DEPTH_ASK):
                size = units * (0.95 + 0.1 * unit(key_of(seed, symbol, side) ^ hour))
                yield Sample(side, f"{symbol}:{SOURCE}", price * size, "USD", hour * HOUR_US, SOURCE)

"""What the simulated market says beside prices: funding, transfers, earnings, and the health of exchanges.

With anomalies, each of these goes out of bounds every minute or so, to one after another; without, never.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from oracle.facts import FUNDING_RATE, HTTP_RESPONSE_MS, HTTP_STATUS, NO_ANSWER, Earnings, Transfer, fact_event
from oracle.feeds.instruments import INSTRUMENTS
from oracle.feeds.mix import mix, unit
from oracle.feeds.turns import Turn, Turns
from oracle.model import Event, Sample

__all__ = ["EXCHANGES", "Bulletins", "calm_response_ms"]

SOURCE = "simulated"
EXCHANGES = ("binance", "coinbase", "kraken")  # whose health is made up
FUNDED = ("BTC-USD", "ETH-USD", "SOL-USD")
VENUES = ("binance", "bybit", "okx")
COINS = ("BTC", "ETH", "SOL", "USDT", "USDC")
REPORTERS = ("AAPL", "MSFT", "GOOGL", "AMZN", "TSLA")
SECOND_US = 1_000_000
HEALTH_US, FUNDING_US, TRANSFER_US, REPORT_US, CALM_REPORT_US = (s * SECOND_US for s in (10, 10, 4, 5, 600))
DOLLAR_COINS = ("USDT", "USDC")


class Bulletins:
    """All of one seed; `price(symbol, at_us)` is the market's, `smooth(name, at_s)` its slow noise."""

    def __init__(
        self, seed: int, anomalies: bool, price: Callable[[str, int], float], smooth: Callable[[str, float], float]
    ) -> None:
        self._anomalies = anomalies
        self._price = price
        self._smooth = smooth
        self._key = mix(seed ^ 0xB0)
        key = self._key
        # Outages and silences are of different exchanges: one that is silent could not show that it is out of order.
        self._outages = Turns(key ^ 1 << 40, EXCHANGES[:2], 60.0, 30.0, 5.0)
        self._silences = Turns(key ^ 2 << 40, EXCHANGES[2:], 75.0, 50.0, 5.0)
        self._squeezes = Turns(key ^ 3 << 40, FUNDED, 80.0, 40.0)
        self._whales = Turns(key ^ 4 << 40, COINS, 48.0, TRANSFER_US / 1e6)
        self._reports = Turns(key ^ 5 << 40, REPORTERS, 45.0, REPORT_US / 1e6)

    def at(self, at_us: int, symbols: tuple[str, ...]) -> Iterator[Any]:
        """Everything said at a whole second, about these symbols where it is about one."""
        if at_us % HEALTH_US == 0:
            yield from self._health(at_us)
        if at_us % FUNDING_US == 0:
            yield from self._funding(at_us, symbols)
        if at_us % TRANSFER_US == 0:
            yield self._transfer(at_us)
        if at_us % REPORT_US == 0:
            yield from self._earnings(at_us, symbols)

    def _turn(self, turns: Turns, at_us: int) -> Turn | None:
        return turns.at(at_us) if self._anomalies else None

    def _draw(self, at_us: int, word: str) -> float:
        return unit(self._key ^ at_us ^ mix(_number_of(word)))

    def _health(self, at_us: int) -> Iterator[Sample]:
        silence, outage = self._turn(self._silences, at_us), self._turn(self._outages, at_us)
        for exchange in EXCHANGES:
            if silence is not None and silence.who == exchange:
                continue
            took_ms, status = calm_response_ms(self._draw(at_us, exchange)), 200
            if outage is not None and outage.who == exchange:
                took_ms, status = _outage(outage)
            yield Sample(HTTP_RESPONSE_MS, exchange, took_ms, "ms", at_us, SOURCE)
            yield Sample(HTTP_STATUS, exchange, status, "status", at_us, SOURCE)

    def _funding(self, at_us: int, symbols: tuple[str, ...]) -> Iterator[Sample]:
        squeeze = self._turn(self._squeezes, at_us)
        for symbol in FUNDED:
            if symbol not in symbols:
                continue
            extreme = 0.0
            if squeeze is not None and squeeze.who == symbol:
                extreme = (0.0015 + 0.0035 * squeeze.size) * (-1 if squeeze.number % 3 == 0 else 1)
            for venue in VENUES:
                usual = 0.0001 + 0.00004 * self._smooth(f"funding:{symbol}:{venue}", at_us / 1e6)
                yield Sample(FUNDING_RATE, f"{symbol}:{venue}", round(usual + extreme, 8), "per_8h", at_us, SOURCE)

    def _transfer(self, at_us: int) -> Event:
        whale, size = self._turn(self._whales, at_us), self._draw(at_us, "worth")
        coin = COINS[int(self._draw(at_us, "coin") * len(COINS))]
        worth = 1_000.0 * 400.0**size
        if whale is not None:
            coin, worth = whale.who, (1.2e6 + 7e6 * size) * (10 if whale.number % 5 == 0 else 1)
        price = 1.0 if coin in DOLLAR_COINS else self._price(f"{coin}-USD", at_us)
        names = [f"sim-wallet-{int(self._draw(at_us, word) * 1000)}" for word in ("sender", "receiver")]
        tx_hash = f"sim{mix(self._key ^ at_us):016x}"
        fact = Transfer(*names, round(worth / price, 8), round(worth, 2), tx_hash)
        return fact_event(fact, coin, SOURCE, at_us, f"{fact.amount:,.4f} {coin} moved", tx_hash)

    def _earnings(self, at_us: int, symbols: tuple[str, ...]) -> Iterator[Event]:
        report = self._turn(self._reports, at_us)
        if report is not None:
            surprise = (0.12 + 0.28 * report.size) * (-1 if report.number % 2 else 1)
            symbol = report.who
        elif at_us % CALM_REPORT_US == 0:
            surprise = 0.1 * self._draw(at_us, "surprise") - 0.05
            symbol = REPORTERS[at_us // CALM_REPORT_US % len(REPORTERS)]
        else:
            return
        if symbol not in symbols:
            return
        expected = round(INSTRUMENTS[symbol].level_usd / 150, 2)
        sales = INSTRUMENTS[symbol].level_usd * 1e8
        when = dt.datetime.fromtimestamp(at_us // SECOND_US, dt.UTC).isoformat()
        fact = Earnings(when, round(expected * (1 + surprise), 2), expected, round(sales * (1 + surprise / 4)), sales)
        yield fact_event(fact, symbol, SOURCE, at_us, f"{symbol} reported {fact.actual_eps} USD a share")


def calm_response_ms(drawn: float) -> float:
    """How long an exchange that is well takes to answer; `drawn` from 0 to 1."""
    return round(60 + 340 * drawn * drawn, 1)


def _number_of(word: str) -> int:
    return int.from_bytes(word.encode()[:8], "little")


def _outage(outage: Turn) -> tuple[float, int]:
    """Milliseconds and status of an exchange that is out of order: it errs, is slow or does not answer."""
    match outage.number % 3:
        case 0:
            return 2_500 + 100 * outage.size, 503
        case 1:
            return 4_200 + 700 * outage.size, 200
        case _:
            return 5_000, NO_ANSWER

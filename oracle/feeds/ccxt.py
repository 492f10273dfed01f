"""Any exchange that ccxt knows, asked over its REST interface (extra `exchanges`).

That library is asyncio's: its calls run in one asyncio loop of the actor's own, inside trio (trio-asyncio), and end with it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from typing import Any, Literal

import attrs
import trio

from actors import Actor, Child
from oracle.facts import FUNDING_RATE
from oracle.feeds.book import Book
from oracle.feeds.fields import BPS, PAIRS, REST_URL, SECONDS
from oracle.feeds.heard import Heard
from oracle.feeds.ranges import priced, sized
from oracle.feeds.sequence import TimedTrades
from oracle.feeds.shelf import samples_of
from oracle.feeds.statistics import FeedStatistics
from oracle.feeds.voice import STOPPED, Voice
from oracle.http import Http
from oracle.model import Depth, Quote, Sample, Trade, ref

__all__ = ["Ccxt", "ExchangeAway"]

MISSING = "ccxt is not installed: pip install 'oracle-runtime[exchanges]'"

What = Literal["ticker", "trades", "book", "funding"]


class ExchangeAway(Exception):
    """It can't be reached, or refuses; the message says which."""


@attrs.frozen(kw_only=True)
class Ccxt:
    """Quotes, trades, order books and funding rates of an exchange, asked for at an interval.

    exchange: its name in ccxt, as kraken.
    symbols: pairs to ask for, written BASE-QUOTE.
    what: what to ask for, for each pair: ticker (a quote), trades, book, funding (of perpetual futures).
    every_s: seconds between two rounds.
    timeout_s: seconds one request may take.
    levels: how many bids and asks of a book are asked for.
    within_bps: how far from the mid price a book's depth is summed up for its samples, in basis points.
    base_url: where its public interface is, if not at the exchange.
    """

    exchange: str = attrs.field(default="kraken", validator=attrs.validators.matches_re(r"[a-z][a-z0-9]{0,31}"))
    symbols: tuple[str, ...] = attrs.field(default=("BTC-USD", "ETH-USD"), validator=PAIRS)
    what: tuple[What, ...] = attrs.field(default=("ticker", "trades", "book"), validator=attrs.validators.min_len(1))
    every_s: float = attrs.field(default=5.0, validator=SECONDS)
    timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    levels: int = attrs.field(default=100, validator=[attrs.validators.ge(1), attrs.validators.le(1000)])
    within_bps: float = attrs.field(default=50.0, validator=BPS)
    base_url: str = attrs.field(default="", validator=REST_URL)

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; it asks for ever. `statistics` survive its lives."""
        counted, seen = FeedStatistics() if statistics is None else statistics, TimedTrades(name)
        return Child(ref("feed", name), lambda: CcxtFeed(self, counted, seen), expected=(ExchangeAway,))


@attrs.define(eq=False)
class CcxtFeed(Actor):
    """Asks round by round."""

    settings: Ccxt
    statistics: FeedStatistics
    seen: TimedTrades

    async def start(self) -> None:
        """Begin to ask; without the library only say so."""
        if importlib.util.find_spec("ccxt") and importlib.util.find_spec("trio_asyncio"):
            self.helper(self._ask_on)
        else:
            Voice(self, self.statistics).disconnected(self.settings.exchange, MISSING)

    async def _ask_on(self) -> None:
        bridge = importlib.import_module("trio_asyncio")
        known = await trio.to_thread.run_sync(importlib.import_module, "ccxt.async_support")  # half a second of imports
        voice, lost = Voice(self, self.statistics), STOPPED
        try:
            async with bridge.open_loop():
                try:
                    await self._rounds(bridge, known, voice)
                except (known.BaseError, ExchangeAway) as error:
                    lost = f"{type(error).__name__}: {error}"[:300]
                    raise ExchangeAway(lost) from error
        finally:
            voice.disconnected(self.settings.exchange, lost)

    async def _rounds(self, bridge: Any, known: Any, voice: Voice) -> None:
        exchange = self._exchange(known)
        try:
            while True:
                await self.runtime.bus.room()
                told = await bridge.aio_as_trio(self._round)(exchange)
                if not self.statistics.connected:
                    voice.connected(self.settings.exchange)
                self._tell(told)
                await trio.sleep(self.settings.every_s)
        finally:
            with trio.CancelScope(shield=True):
                await bridge.aio_as_trio(exchange.close)()

    def _exchange(self, known: Any) -> Any:
        settings = self.settings
        make = getattr(known, settings.exchange, None)
        if make is None or settings.exchange not in known.exchanges:
            raise ExchangeAway(f"ccxt knows no exchange {settings.exchange!r}")
        exchange = make({"timeout": round(settings.timeout_s * 1000), "enableRateLimit": True})
        if settings.base_url:
            exchange.urls["api"] = dict.fromkeys(exchange.urls["api"], settings.base_url)
        return exchange

    async def _round(self, exchange: Any) -> list[tuple[str, Any, Any]]:
        """Everything that is to be asked for, in asyncio: (what, symbol, answer)."""
        settings, told = self.settings, []
        for symbol in settings.symbols:
            pair = symbol.replace("-", "/")
            for what in settings.what:
                match what:
                    case "ticker":
                        answer = await exchange.fetch_ticker(pair)
                    case "trades":
                        answer = await exchange.fetch_trades(pair)
                    case "book":
                        answer = await exchange.fetch_order_book(pair, settings.levels)
                    case "funding":
                        answer = await exchange.fetch_funding_rate(f"{pair}:{pair.partition('/')[2]}")
                told.append((what, symbol, answer))
        return told

    def _tell(self, told: list[tuple[str, Any, Any]]) -> None:
        now_us, source = self.now_us(), self.name.removeprefix("feed:")
        for what, symbol, answer in told:
            messages = list(_READ[what](answer, symbol, source, now_us, self.settings))
            kind = what if messages else f"no_{what}"
            if what == "trades" and messages:
                kind, news = self.seen(Heard(what, symbol, trades=tuple(messages)), now_us)
                messages = list(news)
            for message in messages:
                self.publish(message)
            self.statistics.count(kind, len(messages), 0, now_us)


def _quote(answer: Any, symbol: str, source: str, now_us: int, _: Ccxt) -> Iterator[Quote]:
    bid, ask, at_ms = answer.get("bid"), answer.get("ask"), answer.get("timestamp")
    if bid and ask and priced(bid, ask) and bid <= ask:
        sizes = (float(answer.get(side) or 0) for side in ("bidVolume", "askVolume"))
        yield Quote(symbol, float(bid), next(sizes), float(ask), next(sizes), at_ms * 1000 if at_ms else now_us, source)


def _trades(answer: Any, symbol: str, source: str, now_us: int, _: Ccxt) -> Iterator[Trade]:
    for one in answer:
        price, size, at_ms = one.get("price"), one.get("amount"), one.get("timestamp")
        if price and size and at_ms and priced(price) and sized((size,)):
            yield Trade(symbol, float(price), float(size), one.get("side") or "", str(one.get("id") or ""), at_ms * 1000, source)


def _book(answer: Any, symbol: str, source: str, now_us: int, settings: Ccxt) -> Iterator[Depth | Sample]:
    book = Book(settings.levels, refilled=True)
    book.replace(*(((float(price), float(size), "") for price, size, *_ in answer[side]) for side in ("bids", "asks")))
    if book.best is not None and not book.crossed:
        yield Depth(symbol, book.bids, book.asks, True, 0, 0, now_us, source)
        yield from samples_of(book, symbol, source, settings.within_bps, now_us)


def _funding(answer: Any, symbol: str, source: str, now_us: int, settings: Ccxt) -> Iterator[Sample]:
    rate, interval = answer.get("fundingRate"), str(answer.get("interval") or "8h")
    hours = float(interval[:-1]) if interval.endswith("h") and interval[:-1].isdecimal() else 8.0
    if isinstance(rate, int | float) and -1 < rate < 1 and hours > 0:
        yield Sample(FUNDING_RATE, f"{symbol}:{settings.exchange}", rate * 8 / hours, "per_8h", now_us, source)


_READ = {"ticker": _quote, "trades": _trades, "book": _book, "funding": _funding}

"""Any exchange that ccxt knows, asked over its REST interface (extra `exchanges`).

That library is asyncio's: its calls run in one asyncio loop of the actor's own, inside trio (trio-asyncio), and end with it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

import attrs
import trio

from actors import Child
from oracle.facts import FUNDING_RATE
from oracle.feeds.book import Book
from oracle.feeds.bounded import TooBig, open_bounded
from oracle.feeds.feed import FeedActor
from oracle.feeds.fields import BPS, FRAME_BYTES, PAIRS, REST_URL, SECONDS
from oracle.feeds.heard import Heard
from oracle.feeds.ranges import ahead, priced, sized, timed
from oracle.feeds.sequence import TimedTrades
from oracle.feeds.shelf import samples_of
from oracle.feeds.statistics import FeedStatistics
from oracle.feeds.voice import Voice
from oracle.http import Http
from oracle.model import Depth, Quote, Sample, Trade, ref

__all__ = ["Ccxt", "ExchangeAway"]

_MOST_HOURS = 24  # between two fundings
_MOST_CHARS = 200  # of an id
MISSING = "ccxt is not installed: pip install 'oracle-runtime[exchanges]'"

What = Literal["ticker", "trades", "book", "funding"]


# What ccxt's parsers, which trust a venue's documentation, raise at an answer of another shape.
_MISFITS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


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
    max_bytes: a larger answer is refused, in bytes (some exchanges list all they trade in more than 10 million).
    base_url: where its public interface is, if not at the exchange.
    """

    exchange: str = attrs.field(default="kraken", validator=attrs.validators.matches_re(r"[a-z][a-z0-9]{0,31}"))
    symbols: tuple[str, ...] = attrs.field(default=("BTC-USD", "ETH-USD"), validator=PAIRS)
    what: tuple[What, ...] = attrs.field(default=("ticker", "trades", "book"), validator=attrs.validators.min_len(1))
    every_s: float = attrs.field(default=5.0, validator=SECONDS)
    timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    levels: int = attrs.field(default=100, validator=[attrs.validators.ge(1), attrs.validators.le(1000)])
    within_bps: float = attrs.field(default=50.0, validator=BPS)
    max_bytes: int = attrs.field(default=33_554_432, validator=FRAME_BYTES)
    base_url: str = attrs.field(default="", validator=REST_URL)

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; it asks for ever. `statistics` survive its lives."""
        counted, seen = FeedStatistics() if statistics is None else statistics, TimedTrades(name)
        return Child(ref("feed", name), lambda: CcxtFeed(self, counted, seen), expected=(ExchangeAway,))


@attrs.define(eq=False)
class CcxtFeed(FeedActor):
    """Asks round by round. One question that is refused or not answered in time, or whose answer can't be read or believed, is
    counted and costs no other. An exchange that answers nothing of a whole round is away: that ends this life."""

    settings: Ccxt
    statistics: FeedStatistics
    seen: TimedTrades
    _voice: Voice = attrs.field(init=False)

    async def start(self) -> None:
        """Begin to ask; without the library only say so."""
        self._voice = Voice(self, self.statistics)
        if importlib.util.find_spec("ccxt") and importlib.util.find_spec("trio_asyncio"):
            self.helper(self._ask_on)
        else:
            self._voice.disconnected(self.settings.exchange, MISSING)

    async def stop(self) -> None:
        """Let it be said that this is no crash."""
        self._voice.stopping = True

    async def _ask_on(self) -> None:
        bridge = importlib.import_module("trio_asyncio")
        known = await trio.to_thread.run_sync(importlib.import_module, "ccxt.async_support")  # half a second of imports
        lost = ""
        try:
            async with bridge.open_loop():
                try:
                    await self._rounds(bridge.aio_as_trio, known)
                except (known.BaseError, ExchangeAway) as error:
                    lost = str(error) if isinstance(error, ExchangeAway) else _said(error)
                    raise ExchangeAway(lost) from error
        finally:
            self._voice.disconnected(self.settings.exchange, lost or self._voice.end)

    async def _rounds(self, cross: Any, known: Any) -> None:
        session = await cross(open_bounded)(importlib.import_module("aiohttp"), self.settings.max_bytes)
        try:
            exchange = _exchange(self.settings, known, session)
            try:
                while True:
                    await self._round(cross, known, exchange)
                    await trio.sleep(self.settings.every_s)
            finally:
                with trio.CancelScope(shield=True):
                    await cross(exchange.close)()
        finally:
            with trio.CancelScope(shield=True):
                await cross(session.close)()

    async def _round(self, cross: Any, known: Any, exchange: Any) -> None:
        """Everything once. Raises ExchangeAway where all of it is refused, or not answered in time."""
        asked, refused = 0, 0
        for what, symbol, way in self._questions(exchange):
            await self.runtime.bus.room()
            asked += 1
            try:
                answer = await cross(way)()
                found = tuple(_READ[what](answer, symbol, self.name.removeprefix("feed:"), self.now_us(), self.settings))
            except known.BaseError as refusal:  # a NetworkError too: one question may hang where no other does
                refused += 1
                self._miss(f"{type(refusal).__name__}:{what}", symbol, _said(refusal))
            except TooBig as too_big:
                refused += 1
                self._miss(f"too_big:{what}", symbol, str(too_big))
            except _MISFITS as misfit:
                self._there()
                self._miss(f"unreadable:{what}", symbol, _said(misfit))
            else:
                self._tell(what, symbol, found)
        if refused == asked:
            raise ExchangeAway(self.statistics.last_error)

    def _questions(self, exchange: Any) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        """What, of which symbol, and how to ask for it."""
        for symbol in self.settings.symbols:
            pair = symbol.replace("-", "/")
            ways: dict[str, Callable[[], Any]] = {
                "ticker": partial(exchange.fetch_ticker, pair), "trades": partial(exchange.fetch_trades, pair),
                "book": partial(exchange.fetch_order_book, pair, self.settings.levels),
                "funding": partial(exchange.fetch_funding_rate, f"{pair}:{pair.partition('/')[2]}"),
            }  # fmt: skip
            yield from ((what, symbol, ways[what]) for what in self.settings.what)

    def _there(self) -> None:
        if not self.statistics.connected:
            self._voice.connected(self.settings.exchange)

    def _tell(self, what: str, symbol: str, read: tuple[Any, ...]) -> None:
        self._there()
        found = tuple(one for one in read if not isinstance(one, str))
        for wrong in (one for one in read if isinstance(one, str)):
            self._miss(f"{wrong}:{what}", symbol, "it can't be believed")
        if not read:
            self._miss(f"no_{what}", symbol, "nothing in the answer can be used")
        if not found:
            return
        now_us, kind, news = self.now_us(), what, found
        if what == "trades":
            kind, news = self.seen(Heard(what, symbol, trades=found), now_us)
        for message in news:
            self.publish(message)
        self.statistics.count(kind, len(news), 0, now_us)

    def _miss(self, kind: str, symbol: str, why: str) -> None:
        self.statistics.count(kind, 0, 0, self.statistics.last_frame_us)
        self.statistics.last_error = f"{symbol} {kind}: {why}"


def _exchange(settings: Ccxt, known: Any, session: Any) -> Any:
    make = getattr(known, settings.exchange, None)
    if make is None or settings.exchange not in known.exchanges:
        raise ExchangeAway(f"ccxt knows no exchange {settings.exchange!r}")
    exchange = make({"timeout": round(settings.timeout_s * 1000), "enableRateLimit": True, "session": session})
    if settings.base_url:
        exchange.urls["api"] = dict.fromkeys(exchange.urls["api"], settings.base_url)
    return exchange


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


# Each gives what can be believed, and instead of what can't a word that says why: `out_of_range`, `crossed`, `bad_time`.


def _mistimed(ts_us: float, now_us: int) -> str:
    return "out_of_range" if not timed(ts_us) else "bad_time" if ahead(ts_us, now_us) else ""


def _quote(answer: Any, symbol: str, source: str, now_us: int, _: Ccxt) -> Iterator[Quote | str]:
    bid, ask = answer.get("bid"), answer.get("ask")
    if bid is None or ask is None:
        return
    bid_size, ask_size = (float(answer.get(side) or 0) for side in ("bidVolume", "askVolume"))
    ts_us = (answer.get("timestamp") or 0) * 1000 or now_us
    if not (priced(bid, ask) and sized((bid_size, ask_size))):
        yield "out_of_range"
    elif bid > ask:
        yield "crossed"
    else:
        yield _mistimed(ts_us, now_us) or Quote(symbol, float(bid), bid_size, float(ask), ask_size, int(ts_us), source)


def _trades(answer: Any, symbol: str, source: str, now_us: int, _: Ccxt) -> Iterator[Trade | str]:
    for one in answer:
        price, size, at_ms = one.get("price"), one.get("amount"), one.get("timestamp")
        if None in (price, size, at_ms) or not (priced(price) and sized((size,)) and size > 0):
            yield "out_of_range"
        elif wrong := _mistimed(at_ms * 1000, now_us):
            yield wrong
        else:
            side = one["side"] if one.get("side") in ("buy", "sell") else ""
            ident = str(one.get("id") or "")[:_MOST_CHARS]
            yield Trade(symbol, float(price), float(size), side, ident, int(at_ms * 1000), source)


def _book(answer: Any, symbol: str, source: str, now_us: int, settings: Ccxt) -> Iterator[Depth | Sample | str]:
    bids, asks = ([(float(price), float(size), "") for price, size, *_ in answer[side]] for side in ("bids", "asks"))
    if not (priced(*(price for price, _, _ in bids + asks)) and sized(size for _, size, _ in bids + asks)):
        yield "out_of_range"
        return
    book = Book(settings.levels, refilled=True)
    book.replace(bids, asks)
    if book.crossed:
        yield "crossed"
    elif book.best is not None:
        yield Depth(symbol, book.bids, book.asks, True, 0, 0, now_us, source)
        yield from samples_of(book, symbol, source, settings.within_bps, now_us)


def _funding(answer: Any, symbol: str, source: str, now_us: int, settings: Ccxt) -> Iterator[Sample | str]:
    rate, interval = answer.get("fundingRate"), str(answer.get("interval") or "8h")
    hours = float(interval[:-1]) if interval.endswith("h") and interval[:-1].isdecimal() else 8.0
    if rate is None:
        return
    if not (-1 < rate < 1 and 0 < hours <= _MOST_HOURS):
        yield "out_of_range"
    else:
        yield Sample(FUNDING_RATE, f"{symbol}:{settings.exchange}", rate * 8 / hours, "per_8h", now_us, source)


_READ = {"ticker": _quote, "trades": _trades, "book": _book, "funding": _funding}

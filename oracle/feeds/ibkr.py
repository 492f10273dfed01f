"""Live prices from Interactive Brokers' gateway (extra `ibkr`), of what its login has market data for."""

from __future__ import annotations

import importlib
import importlib.util
import math
import urllib.parse
from typing import Any

import attrs
import trio

from actors import Child
from oracle.feeds.feed import FeedActor
from oracle.feeds.ranges import priced, sized
from oracle.feeds.statistics import FeedStatistics
from oracle.feeds.voice import Voice
from oracle.http import Http
from oracle.model import Quote, Trade, ref
from oracle.problems import Bad
from oracle.symbols import is_symbol

__all__ = ["GatewayAway", "Ibkr", "IbkrFeed"]

MISSING = "ib_async is not installed: pip install 'oracle-runtime[ibkr]'"
NEEDS = ("ib_async", "trio_asyncio")
QUIET_S = 15.0  # without a word of the gateway, after which it is asked for one


class GatewayAway(Exception):
    """It can't be reached, or was lost; the message says why."""


def _are_symbols(_: object, __: object, symbols: tuple[str, ...]) -> None:
    for symbol in symbols:
        if not is_symbol(symbol):
            raise Bad("value_error", f"{symbol!r} is no symbol such as AAPL or BTC-USD")


def _is_gateway(_: object, __: object, url: str) -> None:
    try:
        parts = urllib.parse.urlsplit(url)
        sound = parts.scheme == "tcp" and bool(parts.hostname) and bool(parts.port) and "@" not in url
    except ValueError:
        sound = False
    if not sound:
        raise Bad("url_parsing", "Input should be where the gateway is: tcp://host:port")


@attrs.frozen(kw_only=True)
class Ibkr:
    """Quotes and trades as the gateway hands them out, some a second for each symbol; it does not tell of each trade.

    url: where the gateway is, tcp://host:port.
    symbols: shares in USD, written plainly, and coins, written BASE-USD.
    client_id: the number of this client, which no other client of the gateway has, the broker neither.
    """

    url: str = attrs.field(default="tcp://127.0.0.1:4002", validator=_is_gateway)
    symbols: tuple[str, ...] = attrs.field(default=("SPY", "QQQ"), validator=[attrs.validators.min_len(1), _are_symbols])
    client_id: int = attrs.field(default=2, validator=attrs.validators.ge(0))

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`, which connects for ever. `statistics` survive its lives."""
        counted = FeedStatistics() if statistics is None else statistics
        return Child(ref("feed", name), lambda: IbkrFeed(self, counted), expected=(GatewayAway,))


class IbkrFeed(FeedActor):
    """Follows its symbols. What can't be believed, or is refused, is counted and costs no other; a gateway that is away ends this
    life."""

    def __init__(self, settings: Ibkr, statistics: FeedStatistics) -> None:
        self.settings = settings
        self.statistics = statistics

    async def start(self) -> None:
        """Begin to connect; without the library only say so."""
        self._voice = Voice(self, self.statistics)
        if all(map(importlib.util.find_spec, NEEDS)):
            self.helper(self._connect)
        else:
            self._voice.disconnected(self.settings.url, MISSING)

    async def stop(self) -> None:
        """Let it be said that this is no crash."""
        self._voice.stopping = True

    async def _connect(self) -> None:
        ib_link: Any = await trio.to_thread.run_sync(importlib.import_module, "oracle.ib_link")
        ib_market: Any = importlib.import_module("oracle.ib_market")
        lost = ""
        try:
            async with ib_link.link_loop():
                into, words = trio.open_memory_channel[Any](math.inf)
                link = ib_market.MarketLink(into.send_nowait)
                try:
                    await self._follow(link, words, ib_link.LOST)
                except OSError as error:
                    lost = str(error) or "it does not answer in time"
                finally:
                    with trio.CancelScope(shield=True):
                        await link.close()
        finally:
            self._voice.disconnected(self.settings.url, lost or self._voice.end)
        raise GatewayAway(lost)

    async def _follow(self, link: Any, words: Any, lost: str) -> None:
        """Raises OSError, when it is lost."""
        at = urllib.parse.urlsplit(self.settings.url)
        await link.open(at.hostname, at.port, self.settings.client_id)
        self._voice.connected(self.settings.url)
        await link.follow(self.settings.symbols)
        while True:
            word = None
            with trio.move_on_after(QUIET_S):
                word = await words.receive()
            if word is None:
                await link.look()
            elif word == lost:
                raise ConnectionError("the connection to the gateway was lost")
            else:
                await self.runtime.bus.room()
                self._tell(word)

    def _tell(self, word: Any) -> None:
        now_us, source, kind = self.now_us(), self.name.removeprefix("feed:"), type(word).__name__
        told: Quote | Trade | None = None
        match kind:
            case "Quoted" if priced(word.bid, word.ask) and sized((word.bid_size, word.ask_size)) and word.bid <= word.ask:
                told = Quote(word.symbol, word.bid, word.bid_size, word.ask, word.ask_size, now_us, source)
            case "Traded" if priced(word.price) and sized((word.size,)) and word.size > 0:
                told = Trade(word.symbol, word.price, word.size, "", "", now_us, source)
            case "Missed":
                self.statistics.last_error = f"{word.symbol} {word.code}: {word.reason}"[:300]
        if told is not None:
            self.publish(told)
        self.statistics.count(kind.lower() if told else f"unused:{kind.lower()}", 1 if told else 0, 0, now_us)

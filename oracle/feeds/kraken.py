"""Spot market of Kraken (WebSocket version 1): settings, subscriptions, and the feed made of them."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import attrs
import msgspec

from actors import Child
from oracle.feeds.fields import BPS, FRAME_BYTES, PAIRS, SECONDS, URL
from oracle.feeds.kraken_frames import parse, word_of
from oracle.feeds.sequence import TimedTrades
from oracle.feeds.session import session_child
from oracle.feeds.shelf import MOST_BOOKS
from oracle.feeds.statistics import FeedStatistics
from oracle.http import Http

__all__ = ["Kraken"]

Channel = Literal["ticker", "trade", "book"]


@attrs.frozen(kw_only=True)
class Kraken:
    """Quotes, trades and order books of Kraken's spot market over one WebSocket connection.

    url: where version 1 of the feed is served.
    symbols: pairs to subscribe, written BASE-QUOTE; BTC and DOGE, which the venue calls XBT and XDG.
    channels: what to subscribe for each pair, as the venue names it.
    levels: how many bids and asks of each book are subscribed, kept and published.
    within_bps: how far from the mid price a book's depth is summed up for its samples, in basis points.
    sample_every_s: least seconds between two samples of a book's mid, spread and depth.
    stale_after_s: seconds without a frame until the feed is called stale, and the connection probed.
    pong_timeout_s: seconds the venue has to answer a probe before the connection is given up.
    connect_timeout_s: seconds for name lookup, TCP, TLS and the WebSocket handshake together.
    max_frame_bytes: a larger message ends the connection, in bytes.
    """

    url: str = attrs.field(default="wss://ws.kraken.com", validator=URL)
    symbols: tuple[str, ...] = attrs.field(
        default=("BTC-USD", "ETH-USD", "SOL-USD"), validator=[*PAIRS, attrs.validators.max_len(MOST_BOOKS)]
    )
    channels: tuple[Channel, ...] = attrs.field(
        default=("ticker", "trade", "book"), validator=attrs.validators.min_len(1)
    )
    levels: int = attrs.field(default=100, validator=attrs.validators.in_((10, 25, 100, 500, 1000)))
    within_bps: float = attrs.field(default=50.0, validator=BPS)
    sample_every_s: float = attrs.field(default=1.0, validator=SECONDS)
    stale_after_s: float = attrs.field(default=30.0, validator=SECONDS)
    pong_timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    connect_timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    max_frame_bytes: int = attrs.field(default=1_048_576, validator=FRAME_BYTES)

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; it reconnects for ever. `statistics` survive its lives."""
        opening = tuple(self._request("subscribe", self.symbols, channel) for channel in self.channels)
        read, news = partial(parse, source=name), TimedTrades(name)
        return session_child(name, self, read, opening, self._again, news, statistics, refilled=True)

    def _again(self, symbol: str) -> tuple[str, ...]:
        if "book" not in self.channels:
            return ()
        return tuple(self._request(verb, (symbol,), "book") for verb in ("unsubscribe", "subscribe"))

    def _request(self, verb: str, symbols: tuple[str, ...], channel: str) -> str:
        subscription: dict[str, Any] = {"name": channel}
        if channel == "book":
            subscription["depth"] = self.levels
        wish = {"event": verb, "pair": [word_of(symbol) for symbol in symbols], "subscription": subscription}
        return msgspec.json.encode(wish).decode()

"""Spot market of Binance: settings, subscriptions, and the feed made of them."""

from __future__ import annotations

import urllib.parse
from typing import Literal

import attrs

from actors import Child
from oracle.feeds.binance_frames import TradesSeen, parse
from oracle.feeds.connection import WebSocketFeed
from oracle.feeds.fields import FRAME_BYTES, PAIRS, SECONDS, URL
from oracle.feeds.statistics import FeedStatistics, Parsed
from oracle.http import Http
from oracle.model import ref
from oracle.problems import Bad
from oracle.symbols import join_pair
from oracle.websocket import Lost

__all__ = ["Binance", "parse"]

Stream = Literal[
    "bookTicker", "aggTrade", "depth", "depth@100ms",
    "kline_1s", "kline_1m", "kline_5m", "kline_15m", "kline_1h", "kline_4h", "kline_1d",
]  # fmt: skip

_STREAMS_PER_CONNECTION = 1024  # the venue closes a connection that asks for more


@attrs.frozen(kw_only=True)
class Binance:
    """Quotes, trades, depth and bars of Binance's spot market over one WebSocket connection.

    url: where the combined stream is served; a URL with a query of its own is used as it stands.
    symbols: pairs to subscribe, written BASE-QUOTE.
    streams: what to subscribe for each pair, as the venue names it.
    stale_after_s: seconds without a frame until the feed is called stale, and the connection probed.
    pong_timeout_s: seconds the venue has to answer a probe before the connection is given up.
    connect_timeout_s: seconds for name lookup, TCP, TLS and the WebSocket handshake together.
    max_frame_bytes: a larger message ends the connection, in bytes.
    """

    url: str = attrs.field(default="wss://stream.binance.com:9443", validator=URL)
    symbols: tuple[str, ...] = attrs.field(default=("BTC-USDT", "ETH-USDT", "SOL-USDT"), validator=PAIRS)
    streams: tuple[Stream, ...] = attrs.field(
        default=("bookTicker", "aggTrade", "depth@100ms", "kline_1m"), validator=attrs.validators.min_len(1)
    )
    stale_after_s: float = attrs.field(default=30.0, validator=SECONDS)
    pong_timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    connect_timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    max_frame_bytes: int = attrs.field(default=1_048_576, validator=FRAME_BYTES)

    def __attrs_post_init__(self) -> None:
        wanted = len(self.symbols) * len(self.streams)
        if wanted > _STREAMS_PER_CONNECTION:
            raise Bad("value_error", f"{wanted} streams on one connection; the venue serves {_STREAMS_PER_CONNECTION}")

    @property
    def stream_url(self) -> str:
        """The URL with the subscriptions: `.../stream?streams=btcusdt@bookTicker/...`."""
        parts = urllib.parse.urlsplit(self.url)
        if parts.query:
            return self.url
        wanted = "/".join(f"{join_pair(symbol).lower()}@{stream}" for symbol in self.symbols for stream in self.streams)
        path = "/stream" if parts.path in {"", "/"} else parts.path
        return urllib.parse.urlunsplit(parts._replace(path=path, query=f"streams={wanted}"))

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; it reconnects for ever. `statistics` survive its lives."""
        counted = FeedStatistics() if statistics is None else statistics
        names = {join_pair(symbol): symbol for symbol in self.symbols}
        seen = TradesSeen()

        def read(frame: str | bytes, now_us: int) -> Parsed:
            return seen.once(parse(frame, now_us, names, name))

        def build() -> WebSocketFeed:
            return WebSocketFeed(
                url=self.stream_url, parse=read, statistics=counted, stale_after_s=self.stale_after_s,
                pong_timeout_s=self.pong_timeout_s, connect_timeout_s=self.connect_timeout_s,
                max_frame_bytes=self.max_frame_bytes,
            )  # fmt: skip

        return Child(ref("feed", name), build, expected=(Lost,))

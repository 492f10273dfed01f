"""Binance's USD-margined futures: settings, subscriptions, and the feed made of them."""

from __future__ import annotations

from functools import partial
from typing import Literal

import attrs

from actors import Child
from oracle.feeds.binance import binance_child, check_streams, combined_url
from oracle.feeds.binance_frames import parse
from oracle.feeds.fields import BPS, FRAME_BYTES, PAIRS, REST_URL, SECONDS, URL
from oracle.feeds.statistics import FeedStatistics
from oracle.http import Http

__all__ = ["BinanceFutures"]

Stream = Literal[
    "bookTicker", "aggTrade", "markPrice", "markPrice@1s", "forceOrder", "depth", "depth@100ms",
    "kline_1m", "kline_5m", "kline_15m", "kline_1h", "kline_4h", "kline_1d",
]  # fmt: skip
FUTURES_URL, FUTURES_REST = "wss://fstream.binance.com", "https://fapi.binance.com"


@attrs.frozen(kw_only=True)
class BinanceFutures:
    """Quotes, trades, bars, depth, order books, mark prices, funding rates and forced liquidations of Binance's USD-margined
    perpetual futures. A contract is named as its pair is (BTC-USDT): what tells them apart is the source.

    url: where the combined stream is served; a URL with a query of its own is used as it stands.
    symbols: contracts to subscribe, written BASE-QUOTE.
    streams: what to subscribe for each contract, as the venue names it.
    funding_hours: hours between two fundings of these contracts; rates are told per 8 hours.
    books: whether order books are kept; their changes are published anyhow.
    rest_url: where snapshots of order books are asked for. Empty means the venue's, if the stream is the venue's too, else
    no books are kept.
    levels: how many bids and asks of each book are asked for and kept.
    within_bps: how far from the mid price a book's depth is summed up for its samples, in basis points.
    sample_every_s: least seconds between two samples of a book's mid, spread and depth.
    stale_after_s: seconds without a frame until the feed is called stale, and the connection probed.
    pong_timeout_s: seconds the venue has to answer a probe before the connection is given up.
    connect_timeout_s: seconds for name lookup, TCP, TLS and the WebSocket handshake together.
    max_frame_bytes: a larger message ends the connection, in bytes.
    """

    url: str = attrs.field(default=FUTURES_URL, validator=URL)
    symbols: tuple[str, ...] = attrs.field(default=("BTC-USDT", "ETH-USDT", "SOL-USDT"), validator=PAIRS)
    streams: tuple[Stream, ...] = attrs.field(
        default=("bookTicker", "aggTrade", "markPrice@1s", "forceOrder", "depth@100ms", "kline_1m"),
        validator=attrs.validators.min_len(1),
    )
    funding_hours: float = attrs.field(default=8.0, validator=[attrs.validators.ge(1), attrs.validators.le(24)])
    books: bool = True
    rest_url: str = attrs.field(default="", validator=REST_URL)
    levels: int = attrs.field(default=1000, validator=attrs.validators.in_((100, 500, 1000)))
    within_bps: float = attrs.field(default=50.0, validator=BPS)
    sample_every_s: float = attrs.field(default=1.0, validator=SECONDS)
    stale_after_s: float = attrs.field(default=30.0, validator=SECONDS)
    pong_timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    connect_timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    max_frame_bytes: int = attrs.field(default=1_048_576, validator=FRAME_BYTES)

    def __attrs_post_init__(self) -> None:
        check_streams(self.symbols, self.streams)

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; it reconnects for ever. `statistics` survive its lives."""
        rest = self.rest_url or (FUTURES_REST if self.url == FUTURES_URL else "")
        url = combined_url(self.url, self.symbols, self.streams)
        read = partial(parse, funding_hours=self.funding_hours)
        depth_url = f"{rest}/fapi/v1/depth" if rest and self.books else ""
        return binance_child(name, self, url, read, statistics, http or Http(), depth_url)

"""Binance's spot market: settings, subscriptions, and the feed made of them; and what its futures have in common with it."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import attrs

from actors import Child
from oracle.feeds.binance_frames import parse
from oracle.feeds.connection import Booked, websocket_child
from oracle.feeds.delta_book import DeltaBooks
from oracle.feeds.fields import BPS, FRAME_BYTES, PAIRS, REST_URL, SECONDS, URL
from oracle.feeds.sequence import TradesSeen
from oracle.feeds.snapshots import Snapshots
from oracle.feeds.statistics import FeedStatistics, Parsed
from oracle.http import Http
from oracle.model import Depth
from oracle.problems import Bad
from oracle.symbols import join_pair

__all__ = ["Binance", "binance_child", "check_streams", "combined_url", "parse"]

Stream = Literal[
    "bookTicker", "aggTrade", "depth", "depth@100ms",
    "kline_1s", "kline_1m", "kline_5m", "kline_15m", "kline_1h", "kline_4h", "kline_1d",
]  # fmt: skip

SPOT_URL, SPOT_REST = "wss://stream.binance.com:9443", "https://api.binance.com"
_STREAMS_PER_CONNECTION = 1024  # the venue closes a connection that asks for more


@attrs.frozen(kw_only=True)
class Binance:
    """Quotes, trades, bars, depth and order books of Binance's spot market over one WebSocket connection.

    url: where the combined stream is served; a URL with a query of its own is used as it stands.
    symbols: pairs to subscribe, written BASE-QUOTE.
    streams: what to subscribe for each pair, as the venue names it.
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

    url: str = attrs.field(default=SPOT_URL, validator=URL)
    symbols: tuple[str, ...] = attrs.field(default=("BTC-USDT", "ETH-USDT", "SOL-USDT"), validator=PAIRS)
    streams: tuple[Stream, ...] = attrs.field(
        default=("bookTicker", "aggTrade", "depth@100ms", "kline_1m"), validator=attrs.validators.min_len(1)
    )
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

    @property
    def stream_url(self) -> str:
        """The URL with the subscriptions: `.../stream?streams=btcusdt@bookTicker/...`."""
        return combined_url(self.url, self.symbols, self.streams)

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; it reconnects for ever. `statistics` survive its lives."""
        rest = self.rest_url or (SPOT_REST if self.url == SPOT_URL else "")
        depth_url = f"{rest}/api/v3/depth" if rest and self.books else ""
        return binance_child(name, self, self.stream_url, parse, statistics, http or Http(), depth_url)


def check_streams(symbols: Sequence[str], streams: Sequence[str]) -> None:
    """Raises Bad for more streams than the venue serves on a connection."""
    wanted = len(symbols) * len(streams)
    if wanted > _STREAMS_PER_CONNECTION:
        raise Bad("value_error", f"{wanted} streams on one connection; the venue serves {_STREAMS_PER_CONNECTION}")


def combined_url(url: str, symbols: Iterable[str], streams: Sequence[str]) -> str:
    """The URL of the combined stream; one that has a query of its own as it stands."""
    parts = urllib.parse.urlsplit(url)
    if parts.query:
        return url
    wanted = "/".join(f"{join_pair(symbol).lower()}@{stream}" for symbol in symbols for stream in streams)
    path = "/stream" if parts.path in {"", "/"} else parts.path
    return urllib.parse.urlunsplit(parts._replace(path=path, query=f"streams={wanted}"))


def binance_child(
    name: str, wire: Booked, url: str, read: Callable[..., Parsed], statistics: FeedStatistics | None, http: Http, depth_url: str
) -> Child:
    """The spec of a feed of the venue; it keeps books where `depth_url` says where their snapshots are."""
    names = {join_pair(symbol): symbol for symbol in wire.symbols}
    seen = TradesSeen(name)

    def news(frame: str | bytes, now_us: int) -> Parsed:
        return seen.once(read(frame, now_us, names, name), now_us)

    if not depth_url:
        return websocket_child(name, wire, url, news, statistics)
    books = DeltaBooks(name, wire.symbols, wire.levels, within_bps=wire.within_bps, sample_every_s=wire.sample_every_s)
    snapshots = Snapshots(http, depth_url, books, wire.levels, wire.connect_timeout_s)

    def take(frame: str | bytes, now_us: int) -> Parsed:
        kind, messages = news(frame, now_us)
        for message in messages:
            if isinstance(message, Depth):
                kind, more = books.take(message, now_us)
                messages = (*messages, *more)
                snapshots.look()
        return kind, messages

    def begin() -> tuple[str, ...]:
        books.clear()
        return ()

    return websocket_child(name, wire, url, take, statistics, opening=begin, beside=snapshots.run)

"""Exchange feed of Coinbase: settings, subscriptions, and the feed made of them."""

from __future__ import annotations

from functools import partial
from typing import Literal

import attrs
import msgspec

from actors import Child
from oracle.feeds.coinbase_frames import parse
from oracle.feeds.fields import BPS, FRAME_BYTES, PAIRS, SECONDS, URL
from oracle.feeds.sequence import NumberedTrades
from oracle.feeds.session import session_child
from oracle.feeds.shelf import MOST_BOOKS
from oracle.feeds.statistics import FeedStatistics
from oracle.http import Http

__all__ = ["Coinbase"]

Channel = Literal["ticker", "matches", "level2", "level2_batch"]

_BOOKS = {"level2", "level2_batch"}


@attrs.frozen(kw_only=True)
class Coinbase:
    """Quotes, trades and order books of Coinbase's exchange over one WebSocket connection.

    url: where the Exchange feed is served.
    symbols: pairs to subscribe, written BASE-QUOTE.
    channels: what to subscribe for each pair, as the venue names it; `level2` is for customers, `level2_batch` for all.
    levels: how many bids and asks of each book are kept and published, at most.
    within_bps: how far from the mid price a book's depth is summed up for its samples, in basis points.
    sample_every_s: least seconds between two samples of a book's mid, spread and depth.
    stale_after_s: seconds without a frame until the feed is called stale, and the connection probed.
    pong_timeout_s: seconds the venue has to answer a probe before the connection is given up.
    connect_timeout_s: seconds for name lookup, TCP, TLS and the WebSocket handshake together.
    max_frame_bytes: a larger message ends the connection, in bytes; a snapshot holds the whole book.
    """

    url: str = attrs.field(default="wss://ws-feed.exchange.coinbase.com", validator=URL)
    symbols: tuple[str, ...] = attrs.field(
        default=("BTC-USD", "ETH-USD", "SOL-USD"), validator=[*PAIRS, attrs.validators.max_len(MOST_BOOKS)]
    )
    channels: tuple[Channel, ...] = attrs.field(
        default=("ticker", "matches", "level2_batch"), validator=attrs.validators.min_len(1)
    )
    levels: int = attrs.field(default=500, validator=[attrs.validators.ge(10), attrs.validators.le(10_000)])
    within_bps: float = attrs.field(default=50.0, validator=BPS)
    sample_every_s: float = attrs.field(default=1.0, validator=SECONDS)
    stale_after_s: float = attrs.field(default=30.0, validator=SECONDS)
    pong_timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    connect_timeout_s: float = attrs.field(default=10.0, validator=SECONDS)
    max_frame_bytes: int = attrs.field(default=16_777_216, validator=FRAME_BYTES)

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; it reconnects for ever. `statistics` survive its lives."""
        opening = (_request("subscribe", self.symbols, self.channels),)
        read, news = partial(parse, source=name), NumberedTrades(name)
        return session_child(name, self, read, opening, self._again, news, statistics, refilled=False)

    def _again(self, symbol: str) -> tuple[str, ...]:
        books = tuple(channel for channel in self.channels if channel in _BOOKS)
        return tuple(_request(verb, (symbol,), books) for verb in ("unsubscribe", "subscribe")) if books else ()


def _request(verb: str, symbols: tuple[str, ...], channels: tuple[str, ...]) -> str:
    return msgspec.json.encode({"type": verb, "product_ids": symbols, "channels": channels}).decode()

"""What Binance's spot and USD-margined futures markets say in one frame. Rule of this file: pure, and no frame makes it raise.

Each frame has a kind; one that cannot be trusted has a kind that says why (`not_json`, `garbage`, `out_of_range`,
`bad_time` for one ahead of now, `crossed`, `unknown_symbol`, `unknown:EVENT`) and no messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from oracle.facts import FUNDING_RATE, MARK_PRICE, Liquidation, fact_event
from oracle.feeds.ranges import ahead, numbered, priced, sized, timed
from oracle.feeds.statistics import Parsed
from oracle.model import Bar, Depth, Quote, Sample, Trade
from oracle.symbols import quote_asset, split_pair

__all__ = ["parse"]


def parse(
    frame: str | bytes, now_us: int, names: Mapping[str, str] | None = None, source: str = "binance", funding_hours: float = 8.0,
) -> Parsed:
    """The kind of a frame, and the messages in it.

    `names` maps the venue's words to our symbols, for pairs whose word cannot be split by known quote assets. Quotes of
    the spot market carry no time of the venue's, so theirs is `now_us` (UTC microseconds). A funding rate is told as per
    8 hours; the venue says it per `funding_hours`.
    """
    try:
        head = _HEAD.decode(frame)
        if not isinstance(head.data, msgspec.Raw):
            event = _bare(frame, head)
        elif head.stream.endswith("bookTicker"):
            event = _BOOK_TICKER.decode(head.data)
        else:
            event = _EVENT.decode(head.data)
    except _Named as named:
        return str(named), ()
    except msgspec.ValidationError:
        return _why_not(frame), ()
    except (ValueError, RecursionError):
        return "not_json", ()
    word = event.o.s if isinstance(event, _ForceOrder) else event.s
    symbol = (names or {}).get(word) or split_pair(word)
    if symbol is None:
        return "unknown_symbol", ()
    match event:
        case _BookTicker():
            return _quote(event, symbol, now_us, source)
        case _DepthUpdate():
            return _depth(event, symbol, now_us, source)
        case _AggTrade():
            return _trade(event, symbol, now_us, source)
        case _Kline():
            return _bar(event, symbol, now_us, source)
        case _MarkPrice():
            return _mark(event, symbol, now_us, source, funding_hours)
        case _ForceOrder():
            return _liquidation(event.o, symbol, now_us, source)


VENUE = "binance"


# --- the venue's shapes; its decimal strings become floats in the decoder -------------------------------------------


class _Head(msgspec.Struct):
    """Either the combined stream's envelope, or what tells a bare frame's kind."""

    stream: str = ""
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    e: str = ""
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    msg: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    B: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    A: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _BookTicker(msgspec.Struct):
    s: str
    b: float
    B: float
    a: float
    A: float
    T: int = 0  # of futures only


class _Event(msgspec.Struct, tag_field="e"):
    s: str


class _AggTrade(_Event, tag="aggTrade"):
    a: int
    p: float
    q: float
    T: int
    m: bool


class _DepthUpdate(_Event, tag="depthUpdate"):
    E: int
    U: int
    u: int
    b: tuple[tuple[float, float], ...]
    a: tuple[tuple[float, float], ...]
    pu: int = -1  # of futures only


class _Candle(msgspec.Struct):
    t: int
    i: Literal["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]
    o: float
    h: float
    l: float  # noqa: E741 - the venue's name
    c: float
    v: float
    n: int
    x: bool


class _Kline(_Event, tag="kline"):
    k: _Candle


class _MarkPrice(_Event, tag="markPriceUpdate"):
    E: int
    p: float
    r: float
    T: int


class _Order(msgspec.Struct):
    s: str
    S: Literal["BUY", "SELL"]
    ap: float
    z: float
    T: int


class _ForceOrder(msgspec.Struct, tag_field="e", tag="forceOrder"):
    o: _Order


_Numbered = _AggTrade | _DepthUpdate | _Kline | _MarkPrice | _ForceOrder
_Read = _BookTicker | _Numbered

_HEAD = msgspec.json.Decoder(_Head)
_BOOK_TICKER = msgspec.json.Decoder(_BookTicker, strict=False)
_EVENT: msgspec.json.Decoder[_Numbered] = msgspec.json.Decoder(_Numbered, strict=False)
_KNOWN = re.compile(r"aggTrade|bookTicker|depthUpdate|depth(@100ms)?|kline(_\w+)?|markPriceUpdate|markPrice(@1s)?|forceOrder")
_NAME = re.compile(r"[A-Za-z0-9_@.+-]{1,32}")  # a venue's word becomes a label of a metric; noise must not


class _Named(Exception):
    """A frame that carries no market data, by its kind."""


def _bare(body: str | bytes, head: _Head) -> _Read:
    if head.e == "bookTicker" or (not head.e and head.B is not msgspec.UNSET and head.A is not msgspec.UNSET):
        return _BOOK_TICKER.decode(body)
    if head.e:
        return _EVENT.decode(body)
    if head.error is not msgspec.UNSET or head.msg is not msgspec.UNSET:
        raise _Named("error")
    if head.result is not msgspec.UNSET:
        raise _Named("reply")
    raise _Named("garbage")


def _why_not(frame: str | bytes) -> str:
    """`unknown:EVENT` for an event or a stream we don't read, else `garbage`: a shape that is not the venue's."""
    try:
        head = _HEAD.decode(frame)
        event = head.e or (_HEAD.decode(head.data).e if isinstance(head.data, msgspec.Raw) else "")
    except (ValueError, RecursionError):
        return "garbage"
    event = event or head.stream.partition("@")[2]
    if not event or _KNOWN.fullmatch(event):
        return "garbage"
    return f"unknown:{event}" if _NAME.fullmatch(event) else "unknown:other"


# --- their meaning --------------------------------------------------------------------------------------------------

def _levels(levels: tuple[tuple[float, float], ...]) -> bool:
    return all(priced(price) and sized((size,)) for price, size in levels)


def _quote(event: _BookTicker, symbol: str, now_us: int, source: str) -> Parsed:
    if not (priced(event.b, event.a) and sized((event.B, event.A)) and event.B > 0 and event.A > 0):
        return "out_of_range", ()
    if event.b > event.a:
        return "crossed", ()
    if ahead(event.T * 1000, now_us):
        return "bad_time", ()
    ts_us = event.T * 1000 if timed(event.T * 1000) else now_us
    return "bookTicker", (Quote(symbol, event.b, event.B, event.a, event.A, ts_us, source),)


def _trade(event: _AggTrade, symbol: str, now_us: int, source: str) -> Parsed:
    if not (priced(event.p) and sized((event.q,)) and event.q > 0 and timed(event.T * 1000) and numbered(event.a)):
        return "out_of_range", ()
    if ahead(event.T * 1000, now_us):
        return "bad_time", ()
    taker = "sell" if event.m else "buy"  # `m`: the buyer was the maker
    return "aggTrade", (Trade(symbol, event.p, event.q, taker, str(event.a), event.T * 1000, source),)


def _depth(event: _DepthUpdate, symbol: str, now_us: int, source: str) -> Parsed:
    if not (_levels(event.b) and _levels(event.a) and timed(event.E * 1000) and numbered(event.U, event.u)):
        return "out_of_range", ()
    first = event.U if event.pu < 0 else event.pu + 1  # futures count with gaps, and name the one before instead
    if max(event.U, first) > event.u:
        return "out_of_range", ()
    if ahead(event.E * 1000, now_us):
        return "bad_time", ()
    return "depthUpdate", (Depth(symbol, event.b, event.a, False, first, event.u, event.E * 1000, source),)


def _bar(event: _Kline, symbol: str, now_us: int, source: str) -> Parsed:
    k = event.k
    if not (priced(k.o, k.h, k.l, k.c) and sized((k.v,)) and timed(k.t * 1000) and numbered(k.n)):
        return "out_of_range", ()
    if not (k.l <= min(k.o, k.c) and max(k.o, k.c) <= k.h):
        return "crossed", ()
    if ahead(k.t * 1000, now_us):
        return "bad_time", ()
    return "kline", (Bar(symbol, k.i, k.o, k.h, k.l, k.c, k.v, k.n, k.x, k.t * 1000, source),)


def _mark(event: _MarkPrice, symbol: str, now_us: int, source: str, funding_hours: float) -> Parsed:
    ts_us = event.E * 1000
    if not (priced(event.p) and -1 < event.r < 1 and timed(ts_us)):
        return "out_of_range", ()
    if ahead(ts_us, now_us):
        return "bad_time", ()
    subject = f"{symbol}:{VENUE}"
    rate = event.r * 8 / funding_hours
    return "markPriceUpdate", (
        Sample(MARK_PRICE, subject, event.p, quote_asset(symbol), ts_us, source),
        Sample(FUNDING_RATE, subject, rate, "per_8h", ts_us, source),
    )


def _liquidation(order: _Order, symbol: str, now_us: int, source: str) -> Parsed:
    ts_us = order.T * 1000
    if not (priced(order.ap) and sized((order.z,)) and order.z > 0 and timed(ts_us)):
        return "out_of_range", ()
    if ahead(ts_us, now_us):
        return "bad_time", ()
    fact = Liquidation(order.S.lower(), order.ap, order.z, order.ap * order.z)
    summary = f"{symbol}: {order.z:g} {'sold' if order.S == 'SELL' else 'bought'} by force at {order.ap:g}"
    return "forceOrder", (fact_event(fact, symbol, source, ts_us, summary, order.z, order.ap),)

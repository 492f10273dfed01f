"""What Coinbase's Exchange feed says in one frame. Rule of this file: pure, and no frame makes it raise.

Each frame has a kind; one that cannot be trusted has a kind that says why (`not_json`, `garbage`, `out_of_range`,
`bad_time` for one ahead of now, `crossed`, `unknown_symbol`, `unknown:TYPE`) and holds nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec

from oracle.feeds.heard import Heard, Level, Levels, unknown
from oracle.feeds.ranges import ahead, numbered, priced, sized, timed
from oracle.model import Quote, Trade
from oracle.symbols import is_symbol

__all__ = ["parse"]


def parse(frame: str | bytes, now_us: int, source: str = "coinbase") -> Heard:
    """The kind of a frame, and what is in it. A snapshot without a time of the venue's is of `now_us` (UTC microseconds).

    Sizes of a quote are 0 where the venue does not say them.
    """
    try:
        said = _SAID.decode(frame)
    except msgspec.ValidationError:
        return _why_not(frame)
    except (ValueError, RecursionError):
        return Heard("not_json", doubt=True)
    if isinstance(said, _Plain):
        return Heard(said.__struct_config__.tag)  # type: ignore[arg-type]
    symbol = said.product_id
    if "-" not in symbol or not is_symbol(symbol):
        return Heard("unknown_symbol")
    match said:
        case _Snapshot():
            return _snapshot(said, symbol, now_us)
        case _Update():
            return _update(said, symbol, now_us)
        case _Ticker():
            return _quote(said, symbol, now_us, source)
        case _Match() | _LastMatch():
            return _trade(said, symbol, now_us, source)


# --- the venue's shapes; its decimal strings become floats in the decoder -------------------------------------------

_Time = Annotated[dt.datetime, msgspec.Meta(tz=True)]
_Pair = tuple[float, float]


class _Said(msgspec.Struct, tag_field="type"):
    """Anything; the type is its tag."""


class _Plain(_Said):
    """What carries no market data."""


class _Subscriptions(_Plain, tag="subscriptions"):
    pass


class _Heartbeat(_Plain, tag="heartbeat"):
    pass


class _Error(_Plain, tag="error"):
    pass


class _OfProduct(_Said):
    product_id: str


class _Snapshot(_OfProduct, tag="snapshot"):
    bids: tuple[_Pair, ...]
    asks: tuple[_Pair, ...]
    time: _Time | None = None


class _Update(_OfProduct, tag="l2update"):
    changes: tuple[tuple[Literal["buy", "sell"], float, float], ...]
    time: _Time


class _Ticker(_OfProduct, tag="ticker"):
    sequence: int
    best_bid: float
    best_ask: float
    time: _Time
    best_bid_size: float = 0.0
    best_ask_size: float = 0.0


class _Traded(_OfProduct):
    trade_id: int
    side: Literal["buy", "sell"]
    size: float
    price: float
    sequence: int
    time: _Time


class _Match(_Traded, tag="match"):
    pass


class _LastMatch(_Traded, tag="last_match"):
    pass


_Any = _Subscriptions | _Heartbeat | _Error | _Snapshot | _Update | _Ticker | _Match | _LastMatch
_SAID: msgspec.json.Decoder[_Any] = msgspec.json.Decoder(_Any, strict=False)
_BOOKS = {"snapshot", "l2update"}
_KNOWN = _BOOKS | {"subscriptions", "heartbeat", "error", "ticker", "match", "last_match"}


class _Head(msgspec.Struct):
    type: str
    product_id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_HEAD = msgspec.json.Decoder(_Head)
_WORD = msgspec.json.Decoder(str)


def _why_not(frame: str | bytes) -> Heard:
    """`unknown:TYPE` for what we don't read, else `garbage`: a shape that is not the venue's."""
    try:
        head = _HEAD.decode(frame)
    except (ValueError, RecursionError):
        return Heard("garbage", doubt=True)
    if head.type not in _KNOWN:
        return unknown(head.type)
    if head.type not in _BOOKS:
        return Heard("garbage")
    try:
        symbol = _WORD.decode(head.product_id) if isinstance(head.product_id, msgspec.Raw) else ""
    except ValueError:
        symbol = ""
    return Heard("garbage", symbol, doubt=True)


# --- their meaning --------------------------------------------------------------------------------------------------

_1970 = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def _us(time: dt.datetime) -> int:
    return (time - _1970) // _MICROSECOND


def _sound(levels: tuple[Level, ...]) -> bool:
    return all(map(priced, (price for price, _, _ in levels))) and sized(size for _, size, _ in levels)


def _snapshot(said: _Snapshot, symbol: str, now_us: int) -> Heard:
    bids, asks = (tuple((price, size, "") for price, size in side) for side in (said.bids, said.asks))
    ts_us = now_us if said.time is None else _us(said.time)
    if not (_sound(bids) and _sound(asks) and timed(ts_us)):
        return Heard("out_of_range", symbol, doubt=True)
    if ahead(ts_us, now_us):
        return Heard("bad_time", symbol, doubt=True)
    return Heard("snapshot", symbol, levels=Levels(bids, asks, True, ts_us))


def _update(said: _Update, symbol: str, now_us: int) -> Heard:
    bids = tuple((price, size, "") for side, price, size in said.changes if side == "buy")
    asks = tuple((price, size, "") for side, price, size in said.changes if side == "sell")
    ts_us = _us(said.time)
    if not (_sound(bids) and _sound(asks) and timed(ts_us)):
        return Heard("out_of_range", symbol, doubt=True)
    if ahead(ts_us, now_us):
        return Heard("bad_time", symbol, doubt=True)
    return Heard("l2update", symbol, levels=Levels(bids, asks, False, ts_us))


def _quote(said: _Ticker, symbol: str, now_us: int, source: str) -> Heard:
    sizes = said.best_bid_size, said.best_ask_size
    ts_us = _us(said.time)
    if not (priced(said.best_bid, said.best_ask) and sized(sizes) and timed(ts_us) and numbered(said.sequence)):
        return Heard("out_of_range", symbol)
    if said.best_bid > said.best_ask:
        return Heard("crossed", symbol)
    if ahead(ts_us, now_us):
        return Heard("bad_time", symbol)
    quote = Quote(symbol, said.best_bid, sizes[0], said.best_ask, sizes[1], ts_us, source)
    return Heard("ticker", symbol, quote=quote, sequence=said.sequence)


def _trade(said: _Match | _LastMatch, symbol: str, now_us: int, source: str) -> Heard:
    ts_us = _us(said.time)
    sound = priced(said.price) and sized((said.size,)) and said.size > 0
    if not (sound and timed(ts_us) and numbered(said.trade_id, said.sequence)):
        return Heard("out_of_range", symbol)
    if ahead(ts_us, now_us):
        return Heard("bad_time", symbol)
    taker = "buy" if said.side == "sell" else "sell"  # the venue says the maker's side
    kind = "match" if isinstance(said, _Match) else "last_match"
    trade = Trade(symbol, said.price, said.size, taker, str(said.trade_id), ts_us, source)
    return Heard(kind, symbol, trades=(trade,), sequence=said.trade_id)

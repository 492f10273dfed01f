"""What Kraken's WebSocket feed (version 1) says in one frame. Rule of this file: pure, and no frame makes it raise.

Each frame has a kind; one that cannot be trusted has a kind that says why (`not_json`, `garbage`, `out_of_range`,
`bad_time` for one ahead of now, `crossed`, `unknown_symbol`, `unknown:CHANNEL`) and holds nothing.
"""

from __future__ import annotations

import re

import msgspec

from oracle.feeds.heard import Heard, Level, Levels, unknown
from oracle.feeds.ranges import ahead, priced, sized, timed
from oracle.model import Quote, Trade
from oracle.symbols import is_symbol

__all__ = ["parse", "symbol_of", "word_of"]

_OURS = {"XBT": "BTC", "XDG": "DOGE"}
_THEIRS = {ours: theirs for theirs, ours in _OURS.items()}


def symbol_of(word: str) -> str | None:
    """Our name of a pair of the venue's: `XBT/USD` -> `BTC-USD`; None for what is no pair."""
    base, slash, quote = word.partition("/")
    symbol = f"{_OURS.get(base, base)}-{_OURS.get(quote, quote)}"
    return symbol if slash and is_symbol(symbol) else None


def word_of(symbol: str) -> str:
    """The venue's name of a pair of ours: `BTC-USD` -> `XBT/USD`."""
    base, _, quote = symbol.partition("-")
    return f"{_THEIRS.get(base, base)}/{_THEIRS.get(quote, quote)}"


def parse(frame: str | bytes, now_us: int, source: str = "kraken") -> Heard:
    """The kind of a frame, and what is in it. Quotes carry no time of the venue's, so theirs is `now_us` (UTC
    microseconds); trades carry no id, so theirs is empty."""
    try:
        said = _SAID.decode(frame)
    except msgspec.ValidationError:
        return Heard("garbage", doubt=True)
    except (ValueError, RecursionError):
        return Heard("not_json", doubt=True)
    if isinstance(said, _Event):
        return _event(said)
    try:
        word, channel = _WORD.decode(said[-1]), _WORD.decode(said[-2])
    except (ValueError, IndexError):
        return Heard("garbage", doubt=True)
    kind = "book" if _BOOK.fullmatch(channel) else channel
    if kind not in {"ticker", "trade", "book"}:
        return unknown(channel)
    symbol = symbol_of(word)
    if symbol is None:
        return Heard("unknown_symbol")
    try:
        return _meaning(kind, symbol, said[1:-2], now_us, source)
    except _Wrong as wrong:
        why = str(wrong)
    except (ValueError, RecursionError):  # msgspec's for another shape is one
        why = "garbage"
    return Heard(why, symbol, doubt=kind == "book", lost=int(kind == "trade"))


# --- the venue's shapes ---------------------------------------------------------------------------------------------


class _Event(msgspec.Struct):
    event: str
    status: str = ""


class _Ticker(msgspec.Struct):
    a: tuple[float, float, float]
    b: tuple[float, float, float]


class _Part(msgspec.Struct, rename={"whole_asks": "as", "whole_bids": "bs"}):
    """Of a book: whole sides, or changes."""

    whole_asks: list[list[str]] | None = None
    whole_bids: list[list[str]] | None = None
    a: list[list[str]] = []
    b: list[list[str]] = []
    c: str = ""


_SAID: msgspec.json.Decoder[list[msgspec.Raw] | _Event] = msgspec.json.Decoder(list[msgspec.Raw] | _Event)
_WORD = msgspec.json.Decoder(str)
_TICKER = msgspec.json.Decoder(_Ticker, strict=False)
_PART = msgspec.json.Decoder(_Part)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_ROW = msgspec.json.Decoder(list[str])
_BOOK = re.compile(r"book(-\d{1,5})?")
_EVENTS = {"heartbeat", "systemStatus", "subscriptionStatus", "pong", "error"}
_NUMBER = re.compile(r"\d{1,20}(\.\d{1,20})?")  # its digits are summed up, so they are read strictly
_CHECKSUM = re.compile(r"\d{1,10}")
_TIME = re.compile(r"(\d{1,10})(?:\.(\d{1,9}))?")


class _Wrong(Exception):
    """A frame that can't be believed, by its kind."""


def _event(said: _Event) -> Heard:
    if said.event == "subscriptionStatus" and said.status == "error":
        return Heard("error")
    return Heard(said.event) if said.event in _EVENTS else unknown(said.event)


# --- their meaning --------------------------------------------------------------------------------------------------


def _meaning(kind: str, symbol: str, body: list[msgspec.Raw], now_us: int, source: str) -> Heard:
    if kind == "book":
        return _book(symbol, [_PART.decode(part) for part in body], now_us)
    if len(body) != 1:
        raise _Wrong("garbage")
    if kind == "ticker":
        return _quote(symbol, _TICKER.decode(body[0]), now_us, source)
    return _trades(symbol, _ROWS.decode(body[0]), now_us, source)


def _trades(symbol: str, rows: list[msgspec.Raw], now_us: int, source: str) -> Heard:
    """The trades that can be believed; where there is none, why not the last."""
    trades, why = [], "garbage"
    for row in rows:
        try:
            trades.append(_trade(symbol, _ROW.decode(row), now_us, source))
        except _Wrong as wrong:
            why = str(wrong)
        except (ValueError, RecursionError):
            why = "garbage"
    lost = len(rows) - len(trades)
    kind = why if not trades else "trade_in_part" if lost else "trade"
    return Heard(kind, symbol, trades=tuple(trades), lost=lost if trades else max(lost, 1))


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise _Wrong("out_of_range" if text.startswith("-") else "garbage")
    return float(text)


def _us(text: str, now_us: int) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise _Wrong("garbage")
    ts_us = int(found[1]) * 1_000_000 + int((found[2] or "")[:6].ljust(6, "0"))
    if not timed(ts_us):
        raise _Wrong("out_of_range")
    if ahead(ts_us, now_us):
        raise _Wrong("bad_time")
    return ts_us


def _quote(symbol: str, said: _Ticker, now_us: int, source: str) -> Heard:
    (ask, _, ask_size), (bid, _, bid_size) = said.a, said.b
    if not (priced(bid, ask) and sized((bid_size, ask_size)) and bid_size > 0 and ask_size > 0):
        raise _Wrong("out_of_range")
    if bid > ask:
        raise _Wrong("crossed")
    return Heard("ticker", symbol, quote=Quote(symbol, bid, bid_size, ask, ask_size, now_us, source))


def _trade(symbol: str, row: list[str], now_us: int, source: str) -> Trade:
    if len(row) < 4 or row[3] not in {"b", "s"}:
        raise _Wrong("garbage")
    price, size = _number(row[0]), _number(row[1])
    if not (priced(price) and sized((size,)) and size > 0):
        raise _Wrong("out_of_range")
    taker = "buy" if row[3] == "b" else "sell"  # of the order that set the trade off
    return Trade(symbol, price, size, taker, "", _us(row[2], now_us), source)


def _book(symbol: str, parts: list[_Part], now_us: int) -> Heard:
    wholes = [part for part in parts if part.whole_asks is not None or part.whole_bids is not None]
    if not parts or (wholes and len(parts) > 1):
        raise _Wrong("garbage")
    times: list[int] = []
    if wholes:
        asks, bids = _levels(wholes[0].whole_asks or [], times, now_us), _levels(wholes[0].whole_bids or [], times, now_us)
        return Heard("snapshot", symbol, levels=Levels(bids, asks, True, max(times, default=now_us)))
    asks = tuple(level for part in parts for level in _levels(part.a, times, now_us))
    bids = tuple(level for part in parts for level in _levels(part.b, times, now_us))
    summed = parts[-1].c
    if not (asks or bids) or (summed and not _CHECKSUM.fullmatch(summed)):
        raise _Wrong("garbage")
    levels = Levels(bids, asks, False, max(times), int(summed) if summed else None)
    return Heard("book", symbol, levels=levels)


def _levels(rows: list[list[str]], times: list[int], now_us: int) -> tuple[Level, ...]:
    levels = []
    for row in rows:
        if len(row) < 3:
            raise _Wrong("garbage")
        price, size = _number(row[0]), _number(row[1])
        if not (priced(price) and sized((size,))):
            raise _Wrong("out_of_range")
        times.append(_us(row[2], now_us))
        levels.append((price, size, _digits(row[0]) + _digits(row[1])))
    return tuple(levels)


def _digits(text: str) -> str:
    return text.replace(".", "").lstrip("0")

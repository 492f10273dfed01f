"""FIML's market sockets: prices, bars, quotes and trades of symbols, newest values at an interval, as actors `socket:N`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from actors import Refused
from oracle.border import structure
from oracle.problems import Invalid
from oracle.symbols import asset_type
from web.body import decode
from web.dialects import to_json
from web.listener import Listener
from web.surfaces.fiml_assets import change_of, known_symbols, symbol_meant
from web.surfaces.fiml_shapes import ASSET_TYPES, MARKETS
from web.visitor import Visitor, session
from web.wire import iso

__all__ = ["STREAM_TYPES", "MarketSocket", "market_stream", "price_stream"]

STREAM_TYPES = ("price", "ohlcv", "quote", "trades", "multi_asset")
DATA_TYPES = ("price", "ohlcv", "fundamentals", "technical", "sentiment", "news", "macro", "correlation", "risk", "options")
MOST_SYMBOLS = 50
MOST_SUBSCRIPTIONS = 50
HEARTBEAT_S = 30.0
PRICES_MS = 1_000
DISCLAIMER = (
    "Market data is shown for information only and is no advice; what a venue publishes stays under the LICENSE of that venue."
)


def _is_one_of(names: tuple[str, ...]) -> Callable[[Any, Any, str], None]:
    return attrs.validators.in_(names)


@attrs.frozen(kw_only=True)
class Subscribe:
    """What a client asks for."""

    stream_type: str = attrs.field(validator=_is_one_of(STREAM_TYPES))
    symbols: tuple[str, ...] = attrs.field(validator=[attrs.validators.min_len(1), attrs.validators.max_len(MOST_SYMBOLS)])
    asset_type: str = attrs.field(default="equity", validator=_is_one_of(ASSET_TYPES))
    market: str = attrs.field(default="US", validator=_is_one_of(MARKETS))
    interval_ms: int = attrs.field(default=1_000, validator=[attrs.validators.ge(100), attrs.validators.le(60_000)])
    data_type: str = attrs.field(default="price", validator=_is_one_of(DATA_TYPES))
    params: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Unsubscribe:
    """What a client does not want any more; no symbols mean all of the stream type."""

    stream_type: str = attrs.field(validator=_is_one_of(STREAM_TYPES))
    symbols: tuple[str, ...] | None = None


@attrs.define(eq=False)
class Subscription:
    """What is told at an interval, until its symbols are unsubscribed."""

    id: str
    stream_type: str
    symbols: list[str]  # as the client writes them, in upper case
    asset_type: str
    interval_ms: int


@attrs.frozen
class _Tick:
    """Time to tell a subscription's data."""

    id: str


@attrs.frozen
class _Beat:
    """Time for a heartbeat."""


async def market_stream(call: Any) -> None:
    """Serve a client that subscribes by itself."""
    await session(call.system, call.visitor, lambda: MarketSocket(call.system, call.visitor))


async def price_stream(call: Any, symbols: Iterable[str]) -> None:
    """Serve a client that wants the prices of these symbols, each second. Raises Invalid, before it is let in."""
    wish = structure(Subscribe, {"stream_type": "price", "symbols": [one for one in symbols if one.strip()]}, path=("path",))
    await session(call.system, call.visitor, lambda: MarketSocket(call.system, call.visitor, wish))


class MarketSocket(Listener):
    """A client of FIML's market streams. Data of a subscription comes first one interval after its ack; a slow client gets the
    newest of each subscription."""

    def __init__(self, system: Any, visitor: Visitor, first: Subscribe | None = None) -> None:
        super().__init__(system, visitor)
        self._first = first
        self.subscriptions: dict[str, Subscription] = {}

    async def start(self) -> None:
        """Acknowledge what the address says, then read the client."""
        if self._first is not None:
            self._subscribe(self._first)
        self.listen()
        self.after(HEARTBEAT_S, _Beat())

    def about(self) -> dict[str, Any]:
        """Who it is, what it wants, and what it was told."""
        return {**super().about(), "topics": sorted({symbol for one in self.subscriptions.values() for symbol in one.symbols})}

    async def receive(self, message: object) -> None:
        """Tell what is due, or handle what the client sent."""
        match message:
            case _Tick(ident):
                await self._tick(ident)
            case _Beat():
                self._say("heartbeat", active_subscriptions=len(self.subscriptions))
                self.after(HEARTBEAT_S, message)
            case _:
                await super().receive(message)

    async def heard(self, said: str | bytes | None) -> None:
        """Subscribe or unsubscribe; whatever is wrong is told, and the socket stays open."""
        try:
            body = decode(said.encode() if isinstance(said, str) else said or b"")
        except Invalid:
            self._error("INVALID_JSON", "The message is no JSON")
            return
        kind = body.get("type") if isinstance(body, dict) else None
        if kind not in ("subscribe", "unsubscribe"):
            self._error("INVALID_MESSAGE_TYPE", "Unknown message type: subscribe and unsubscribe are understood")
            return
        wish = {name: value for name, value in body.items() if name != "type"}
        try:
            if kind == "subscribe":
                self._subscribe(structure(Subscribe, wish, extras="drop"))
            else:
                self._unsubscribe(structure(Unsubscribe, wish, extras="drop"))
        except Invalid as invalid:
            said_of = "; ".join(f"{problem.where}: {problem.reason}" for problem in invalid.problems)
            self._error("SUBSCRIPTION_ERROR" if kind == "subscribe" else "UNSUBSCRIBE_ERROR", said_of)
        except Refused as no:
            self._error("SUBSCRIPTION_ERROR", no.reason)

    def _subscribe(self, wish: Subscribe) -> None:
        if len(self.subscriptions) >= MOST_SUBSCRIPTIONS:
            raise Refused(f"a socket may have {MOST_SUBSCRIPTIONS} subscriptions", code="full")
        symbols = list(dict.fromkeys(symbol.strip().upper() for symbol in wish.symbols if symbol.strip()))
        if not symbols:
            raise Refused("symbols: there is none", code="invalid")
        one = Subscription(str(uuid.uuid4()), wish.stream_type, symbols, wish.asset_type, wish.interval_ms)
        self.subscriptions[one.id] = one
        self._say("subscription_ack", stream_type=one.stream_type, symbols=symbols, subscription_id=one.id,
                  interval_ms=one.interval_ms, disclaimer=DISCLAIMER)  # fmt: skip
        self.after(one.interval_ms / 1000, _Tick(one.id))

    def _unsubscribe(self, wish: Unsubscribe) -> None:
        gone = None if wish.symbols is None else {symbol.strip().upper() for symbol in wish.symbols}
        for one in list(self.subscriptions.values()):
            if one.stream_type == wish.stream_type:
                one.symbols = [symbol for symbol in one.symbols if gone is not None and symbol not in gone]
                if not one.symbols:
                    del self.subscriptions[one.id]
        self._say("unsubscribe_ack", stream_type=wish.stream_type, symbols=sorted(gone) if gone is not None else None)

    async def _tick(self, ident: str) -> None:
        one = self.subscriptions.get(ident)
        if one is None:
            return
        try:
            items = await self._items(one)
        except Refused as no:  # the history can't be read now; the next interval may
            self._error("PROCESSING_ERROR", no.reason)
        else:
            data = {"stream_type": one.stream_type, "subscription_id": one.id, "data": items, "metadata": {}, "disclaimer": None}
            self._say("data", ident, **data)
        self.after(one.interval_ms / 1000, _Tick(ident))

    async def _items(self, one: Subscription) -> list[dict[str, Any]]:
        """What is known of its symbols."""
        known, tell = known_symbols(self.system), _ITEMS[one.stream_type]
        meant = ((text, symbol_meant(text, one.asset_type, known)) for text in one.symbols)
        items = [await tell(self.system, text, symbol) for text, symbol in meant if symbol is not None]
        return [item for item in items if item is not None]

    def _error(self, code: str, message: str) -> None:
        self._say("error", error_code=code, message=message, details=None)

    def _say(self, kind: str, key: str | None = None, **facts: Any) -> None:
        self.outlet.say(to_json({"type": kind, **facts, "timestamp": iso(self.now_us())}), key=key)


# ---- what is told of a symbol: the newest there is, or nothing


async def _price(system: Any, text: str, symbol: str) -> dict[str, Any] | None:
    believed, price = system.board.believed(symbol), system.board.price(symbol)
    if believed is None or price is None:
        return None
    value, ts_us, source = price
    close, volume = await change_of(system, symbol, source, ts_us)
    return {
        "symbol": text, "price": value, "change": None if close is None else round(value - close, 8),
        "change_percent": None if close is None else round((value / close - 1) * 100, 4), "volume": volume,
        "timestamp": iso(ts_us), "provider": source, "confidence": believed.confidence,
    }  # fmt: skip


async def _asset(system: Any, text: str, symbol: str) -> dict[str, Any] | None:
    item = await _price(system, text, symbol)
    return None if item is None else {**item, "asset_type": asset_type(symbol)}


async def _bar(system: Any, text: str, symbol: str) -> dict[str, Any] | None:
    page = await system.queries.bars(symbol, "1m", limit=1, newest_first=True)
    if not page.items:
        return None
    (row,) = page.items
    numbers = {name: row[name] for name in ("open", "high", "low", "close", "volume")}
    closed = row["ts_us"] + 60_000_000 <= system.runtime.now_us()
    return {"symbol": text, "timestamp": iso(row["ts_us"]), **numbers, "is_closed": closed, "provider": row["source"]}


async def _quote(system: Any, text: str, symbol: str) -> dict[str, Any] | None:
    quote = system.board.quote(symbol)
    if quote is None:
        return None
    numbers = {name: getattr(quote, name) for name in ("bid", "bid_size", "ask", "ask_size")}
    return {"symbol": text, **numbers, "timestamp": iso(quote.ts_us), "provider": quote.source}


async def _trade(system: Any, text: str, symbol: str) -> dict[str, Any] | None:
    believed = system.board.believed(symbol)
    trade = believed.trade if believed else None
    if trade is None:
        return None
    return {"symbol": text, "price": trade.price, "size": trade.size, "side": trade.side, "trade_id": trade.trade_id,
            "timestamp": iso(trade.ts_us), "provider": trade.source}  # fmt: skip


_ITEMS: dict[str, Callable[..., Any]] = {
    "price": _price, "ohlcv": _bar, "quote": _quote, "trades": _trade, "multi_asset": _asset,
}  # fmt: skip

"""Assets as FIML's monitor shows them: what is known of each now, and null for what is not; nothing is made up."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from actors import Refused
from oracle.symbols import asset_type, base_asset, quote_asset, split_pair
from oracle.system import System
from web.origin import is_simulated
from web.surfaces.fiml_shapes import AssetNow
from web.wire import iso

__all__ = ["assets_now", "change_of", "known_symbols", "symbol_meant"]

DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
MOST_KEPT = 10_000
NEAR_CLOSE_US = 15 * 60_000_000
LONGEST_PAUSE_US = 7 * DAY_US
# A base alone means its pair in dollars, then in the coins that stand for dollars, then whatever there is.
_read: WeakKeyDictionary[Any, dict[tuple[str, str], tuple[int, float | None, float | None]]] = WeakKeyDictionary()
_QUOTE_ORDER = ("USD", "USDT", "USDC", "FDUSD")


async def assets_now(system: System, symbols: Iterable[str], wanted_type: str) -> list[AssetNow]:
    """One row per symbol, in order; `symbols` as clients write them (`BTC`, `BTC/USD`, `BTC-USD`, `AAPL`)."""
    known = known_symbols(system)
    return [await _row(system, text, symbol_meant(text, wanted_type, known), wanted_type) for text in symbols]


def symbol_meant(text: str, wanted_type: str, known: Iterable[str]) -> str | None:
    """Which of the `known` symbols a client means by `text`; None where there is none of the wanted type."""
    name = text.strip().upper().replace("/", "-")
    found = set(known)
    exact = {name, split_pair(name) or name} & found
    if exact and (wanted_type != "crypto" or "-" in min(exact)):
        return min(exact)
    pairs = [symbol for symbol in found if "-" in symbol and base_asset(symbol) == name]
    order = {quote: place for place, quote in enumerate(_QUOTE_ORDER)}
    return min(pairs, key=lambda symbol: (order.get(quote_asset(symbol), len(order)), symbol), default=None)


async def _row(system: System, text: str, symbol: str | None, wanted_type: str) -> AssetNow:
    now_us = system.runtime.now_us()
    price = system.board.price(symbol) if symbol else None
    if symbol is None or price is None:
        return AssetNow(text, wanted_type, None, None, None, iso(now_us), {})
    value, ts_us, source = price
    close, volume = await change_of(system, symbol, source, ts_us)
    change = round((value / close - 1) * 100, 4) if close else None
    kind = "crypto" if asset_type(symbol) == "crypto" else wanted_type
    return AssetNow(
        text, kind, value, change, volume, iso(ts_us), {"provider": source, "simulated": is_simulated(source)}
    )


async def change_of(system: System, symbol: str, source: str, ts_us: int) -> tuple[float | None, float | None]:
    """The close of the session before, which changes are against, and the volume of this one; None for what is not known. What
    was read stays for a while: nobody's second look at the same minute asks the history again."""
    key, minute = (symbol, source), ts_us // MINUTE_US
    kept = _read.setdefault(system, {})
    if key in kept and kept[key][0] == minute:
        return kept[key][1:]
    close = volume = None
    # What can't be read now is not known now; the price is, and the other symbols are.
    with suppress(Refused):
        close = await _previous_close(system, symbol, source, ts_us)
        volume = await _session_volume(system, symbol, source, ts_us)
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = minute, close, volume
    return close, volume


async def _previous_close(system: System, symbol: str, source: str, ts_us: int) -> float | None:
    """Crypto: the last price before 00:00 UTC, if a minute near it was seen. Else: the close of the last day before
    this one that has a bar, a week back at most."""
    midnight_us = ts_us - ts_us % DAY_US
    if asset_type(symbol) == "crypto":
        interval, from_us = "1m", midnight_us - NEAR_CLOSE_US
    else:
        interval, from_us = "1d", midnight_us - LONGEST_PAUSE_US
    bars = await _bars(system, symbol, source, interval, from_us, midnight_us)
    return float(bars[-1]["close"]) if bars else None


async def _session_volume(system: System, symbol: str, source: str, ts_us: int) -> float | None:
    """The volume since 00:00 UTC, if it was watched from the session's start on: a sum that misses a part is no volume.
    Crypto trades from midnight; where a session begins is known only to who gives bars of it."""
    midnight_us = ts_us - ts_us % DAY_US
    who = (f"feed:{source}", "history")
    if (await system.queries.gaps(who=who, from_us=midnight_us, to_us=ts_us, limit=1)).items:
        return None
    bars = await _bars(system, symbol, source, "1m", midnight_us, ts_us + 1)
    if not bars:
        return None
    at_open = bars[0]["ts_us"] <= midnight_us + NEAR_CLOSE_US if "-" in symbol else bars[0]["origin"] != "trades"
    return float(sum(bar["volume"] for bar in bars)) if at_open else None


async def _bars(
    system: System, symbol: str, source: str, interval: str, from_us: int, to_us: int
) -> list[dict[str, Any]]:
    page = await system.queries.bars(symbol, interval, from_us, to_us, limit=DAY_US // 60_000_000, source=source)
    items: list[dict[str, Any]] = page.items
    return items


def known_symbols(system: System) -> set[str]:
    """Symbols of which a price is known."""
    bus = system.runtime.bus
    return {found.message.symbol for pattern in ("quote:*", "trade:*") for found in bus.retained(pattern)}

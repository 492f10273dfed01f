"""What a bot pushes: JSON objects that say their `type`. Pure.

Known types are looked at as far as what is kept depends on them; all else is taken as it is, and told on unchanged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from oracle.model import Quote
from oracle.moments import time_us
from oracle.problems import Bad, Invalid, Problem
from oracle.symbols import is_symbol

__all__ = ["ACCOUNT_UPDATE", "BOT_GONE", "MOST_OBJECTS", "POSITION_UPDATE", "QUOTE", "SCAN_START", "SCAN_SUMMARY", "TRADE_CLOSED",
           "TRADE_EXECUTION", "objects_of", "quotes_of", "symbol_of"]  # fmt: skip

ACCOUNT_UPDATE, POSITION_UPDATE = "ACCOUNT_UPDATE", "POSITION_UPDATE"
TRADE_EXECUTION, TRADE_CLOSED = "TRADE_EXECUTION", "TRADE_CLOSED"
SCAN_START, SCAN_SUMMARY, QUOTE, BOT_GONE = "SCAN_START", "SCAN_SUMMARY", "QUOTE", "BOT_GONE"

MOST_OBJECTS = 1_000  # at once
MOST_POSITIONS = 1_000
MOST_SYMBOLS = 5_000
_OURS = ("STATE_SNAPSHOT",)  # a client would take it for all there is
_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
Object = dict[str, Any]


def objects_of(body: Any) -> list[Object]:
    """The objects of a push, one or a list of them. Raises Invalid, which names every field that is wrong; then none is taken."""
    if isinstance(body, dict):
        problems = list(_problems(body, ()))
        objects = [body]
    elif isinstance(body, list) and 0 < len(body) <= MOST_OBJECTS:
        problems = [one for place, each in enumerate(body) for one in _problems(each, (place,))]
        objects = body
    else:
        problems = [Problem((), "value_error", f"Input should be an object, or a list of 1 to {MOST_OBJECTS} of them")]
        objects = []
    if problems:
        raise Invalid([Problem(("body", *one.path), one.type, one.reason, one.value) for one in problems])
    return objects


def symbol_of(name: str) -> str:
    """The symbol that prices go by for what a terminal calls `name`: the same in upper case. Raises Bad where it can't be one."""
    upper = name.upper()
    if not is_symbol(upper):
        raise Bad("value_error", "a symbol is BASE-QUOTE as BTC-USD, or plain as AAPL or XAUUSDm")
    return upper


def quotes_of(objects: list[Object], now_us: int) -> list[Quote]:
    """The QUOTEs among objects that were looked at."""
    return [
        Quote(symbol_of(one["symbol"]), one["bid"], 0.0, one["ask"], 0.0, _time_of(one.get("time"), now_us), "terminal")
        for one in objects if one["type"] == QUOTE
    ]  # fmt: skip


def _time_of(given: Any, now_us: int) -> int:
    """When a terminal says it was: ISO 8601, or seconds since 1970; now, where it says nothing, or what can't be."""
    match given:
        case str():
            try:
                return min(now_us, time_us(given, ("time",)))
            except Invalid:
                return now_us
        case int() | float() if 0 < given <= now_us / 1e6:
            return round(given * 1e6)
    return now_us


def _problems(given: Any, path: tuple[Any, ...]) -> Iterator[Problem]:
    if not isinstance(given, dict):
        yield Problem(path, "dict_type", "Input should be an object with a type")
        return
    kind = given.get("type")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        yield Problem((*path, "type"), "missing" if kind is None else "value_error",
                      "a type has 1 to 64 letters, digits and any of _ . -", kind)  # fmt: skip
        return
    if kind in _OURS:
        yield Problem((*path, "type"), "value_error", f"{kind} is what the server itself says", kind)
    for field, check in _FIELDS.get(kind, {}).items():
        try:
            check(given.get(field))
        except Bad as bad:
            yield bad.at((*path, field), given.get(field))
            return
    if kind == QUOTE and given["ask"] < given["bid"]:
        yield Problem((*path, "ask"), "value_error", "the ask is below the bid", given["ask"])


def _number(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e18:
        raise Bad("float_parsing", "Input should be a finite number")


def _positive(value: Any) -> None:
    _number(value)
    if value <= 0:
        raise Bad("greater_than", "Input should be greater than 0")


def _named(value: Any) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise Bad("string_type", "Input should be a text of 1 to 64 characters")


def _symbol(value: Any) -> None:
    _named(value)
    symbol_of(value)


def _account(value: Any) -> None:
    if not isinstance(value, dict) or not value:
        raise Bad("dict_type", "Input should be an object with balance, equity and the like")
    for name in ("balance", "equity", "profit", "day_pl", "leverage"):
        if value.get(name) is not None:
            try:
                _number(value[name])
            except Bad:
                raise Bad("float_parsing", f"its {name} should be a finite number") from None


def _positions(value: Any) -> None:
    if not isinstance(value, list) or len(value) > MOST_POSITIONS or not all(isinstance(one, dict) for one in value):
        raise Bad("list_type", f"Input should be a list of at most {MOST_POSITIONS} objects")


def _symbols(value: Any) -> None:
    if not isinstance(value, dict) or len(value) > MOST_SYMBOLS:
        raise Bad("dict_type", f"Input should be an object, symbol to reason, of at most {MOST_SYMBOLS}")


def _optional(check: Callable[[Any], None]) -> Callable[[Any], None]:
    return lambda value: None if value is None else check(value)


_FIELDS: Mapping[str, Mapping[str, Callable[[Any], None]]] = {
    ACCOUNT_UPDATE: {"account": _account},
    POSITION_UPDATE: {"positions": _positions},
    SCAN_SUMMARY: {"symbols": _symbols, "count": _optional(_number)},
    TRADE_EXECUTION: {"symbol": _named, "price": _positive, "lot": _positive},
    TRADE_CLOSED: {"exit_price": _positive, "profit": _number},
    QUOTE: {"symbol": _symbol, "bid": _positive, "ask": _positive},
}

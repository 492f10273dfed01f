"""What the JSON of a poll means: rows of the same schemas as pushed ones, found by JMESPath. Pure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import jmespath

from oracle.problems import Bad, Invalid, closest
from oracle.pushed.rows import KINDS, SPELLED, message_of
from oracle.pushed.texts import number_of, typed

__all__ = ["PRESETS", "Preset", "Row", "are_rows", "read_preset", "read_rows"]

Told = tuple[str, tuple[Any, ...]]

# What a path raises where an answer is of another shape than it was: JMESPath's own errors are ValueErrors, and comparisons
# and slices of mixed values raise Python's.
_MISFITS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@attrs.frozen(kw_only=True)
class Row:
    """A row to make of an answer: its kind, where its element or elements are (`each`, the whole answer if empty), and its
    fields, each a JMESPath in that element, or a text of its own behind `=`. {symbol} stands for the symbol polled. `scale`
    multiplies `value`."""

    kind: str
    fields: dict[str, str]
    each: str = ""
    scale: float = 1.0


def are_rows(_: object, __: object, rows: tuple[Row, ...]) -> None:
    """attrs validator. Raises Bad."""
    for row in rows:
        if row.kind not in KINDS:
            raise Bad("value_error", f"a row's kind is one of {', '.join(KINDS)}", suggestion=closest(row.kind, KINDS))
        _check_names(row)
        for path in (row.each, *(text for text in row.fields.values() if not text.startswith("="))):
            try:
                _compiled(path)
            except jmespath.exceptions.JMESPathError as error:
                raise Bad("value_error", f"{path!r} is no JMESPath: {error}".replace("\n", " ")) from None


def _check_names(row: Row) -> None:
    known = {field.name: field.default is attrs.NOTHING for field in attrs.fields(KINDS[row.kind])} | {"ts": False}
    given = {SPELLED.get(name, name) if row.kind == "transfer" else name for name in row.fields}
    for name in sorted(given - known.keys()):
        raise Bad("value_error", f"a {row.kind} has no field {name!r}", suggestion=closest(name, known))
    for name in sorted({name for name, needed in known.items() if needed} - given):
        raise Bad("value_error", f"a {row.kind} needs the field {name!r}")


def read_rows(rows: tuple[Row, ...], answer: Any, symbol: str, source: str, now_us: int) -> Iterator[Told]:
    """For each row its kind and its message, or `no_value:FIELD` or `bad:FIELD` and none."""
    for row in rows:
        try:
            found = _compiled(row.each).search(answer)
        except _MISFITS:
            yield "bad:each", ()
            continue
        elements = found if isinstance(found, list) else [found]
        if found is None or not elements:
            yield "no_value:each", ()
            continue
        for element in elements:
            yield _one(row, element, symbol, source, now_us)


def _one(row: Row, element: Any, symbol: str, source: str, now_us: int) -> Told:
    fields: dict[str, Any] = {"kind": row.kind}
    for name, path in row.fields.items():
        try:
            value = path[1:].replace("{symbol}", symbol) if path.startswith("=") else _compiled(path).search(element)
        except _MISFITS:
            return f"bad:{name}", ()
        if value is None:
            return f"no_value:{name}", ()
        fields[name] = value
    fields = typed(row.kind, fields)
    try:
        if row.scale != 1.0 and type(fields.get("value")) in (int, float):
            fields["value"] = float(fields["value"]) * row.scale
    except OverflowError:  # an integer of hundreds of digits
        return "bad:value", ()
    try:
        return row.kind, (message_of(fields, source, now_us, ()),)
    except Invalid as invalid:
        return f"bad:{invalid.problems[0].where or 'row'}", ()


@functools.lru_cache(maxsize=1024)
def _compiled(path: str) -> Any:
    return jmespath.compile(path or "@")


@attrs.frozen
class Preset:
    """A source that is known: its URL, its rows, the headers it wants, and how it spells a symbol."""

    url: str
    rows: tuple[Row, ...]
    word: Callable[[str], str] = lambda symbol: symbol.replace("-", "")
    headers: Mapping[str, str] = {}
    hours: str = ""  # where the answer says how many hours lie between two fundings


_RATE = {"name": "=funding_rate", "unit": "=per_8h"}
PRESETS: dict[str, Preset] = {
    # Binance says no hours there: its rates are taken to be of 8, which most of its contracts have.
    # The venues' own documentation: Bybit v5 "Get Tickers", OKX v5 "Get funding rate", Binance futures "Mark Price", Alpaca
    # market data v2 "Latest quotes".
    "bybit_funding": Preset(
        "https://api.bybit.com/v5/market/tickers?category=linear&symbol={word}",
        (Row(kind="sample", each="result.list[0]", fields={**_RATE, "subject": "={symbol}:bybit", "value": "fundingRate"}),),
        hours="result.list[0].fundingIntervalHour",
    ),
    "okx_funding": Preset(
        "https://www.okx.com/api/v5/public/funding-rate?instId={word}",
        (Row(kind="sample", each="data[0]", fields={**_RATE, "subject": "={symbol}:okx", "value": "fundingRate"}),),
        lambda symbol: f"{symbol}-SWAP",
        hours="data[0].[fundingTime, nextFundingTime]",
    ),
    "binance_funding": Preset(
        "https://fapi.binance.com/fapi/v1/premiumIndex?symbol={word}",
        (Row(kind="sample", fields={**_RATE, "subject": "={symbol}:binance", "value": "lastFundingRate", "ts": "time"}),),
    ),
    "alpaca_quotes": Preset(
        "https://data.alpaca.markets/v2/stocks/quotes/latest?symbols={word}",
        (Row(kind="quote", each="quotes.*", fields={
            "symbol": "={symbol}", "bid": "bp", "bid_size": "bs", "ask": "ap", "ask_size": "as", "ts": "t"}),),
        lambda symbol: symbol,
        {"APCA-API-KEY-ID": "env:APCA_API_KEY_ID", "APCA-API-SECRET-KEY": "env:APCA_API_SECRET_KEY"},
    ),
}  # fmt: skip


def read_preset(preset: Preset, answer: Any, symbol: str, source: str, now_us: int) -> Iterator[Told]:
    """As `read_rows`; values are told per 8 hours where the source says its own hours, and are none where it should."""
    hours = _hours_of(preset.hours, answer) if preset.hours else 8.0
    if hours is None:
        yield "no_value:hours", ()
        return
    yield from read_rows(tuple(attrs.evolve(row, scale=8 / hours) for row in preset.rows), answer, symbol, source, now_us)


def _hours_of(path: str, answer: Any) -> float | None:
    """Hours between two fundings: a number, or two times in milliseconds; None where the answer does not say it."""
    try:
        found = _compiled(path).search(answer)
        if isinstance(found, list) and len(found) == 2:
            begin, end = (number_of(one) for one in found)
            found = (end - begin) / 3_600_000 if isinstance(begin, float) and isinstance(end, float) else None
    except _MISFITS:
        return None
    hours = number_of(found)
    return float(hours) if type(hours) in (int, float) and 0 < hours <= 24 else None

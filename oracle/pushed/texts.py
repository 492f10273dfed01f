"""Rows as venues and files write them: numbers and times in texts."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from oracle.pushed.rows import KINDS

__all__ = ["number_of", "typed"]

_LATEST_NS = 1e21  # beyond the year 9999 in nanoseconds
_MOST_DIGITS = 64  # of a number that is wanted as a text
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def typed(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a row of somebody else's: texts become numbers, or yes and no, where those are wanted, and numbers texts;
    times are told apart by their size: seconds, milliseconds, microseconds or nanoseconds since 1970, or ISO 8601. Whatever they
    hold, it does not raise."""
    wanted = _types(kind)
    return {name: _time(value) if name == "ts" else _as(wanted.get(name), value) for name, value in fields.items()}


def number_of(value: Any) -> Any:
    """A number that is written as a text, as venues and files do; anything else as it is."""
    try:
        return float(value) if isinstance(value, str | Decimal) else value
    except ValueError:
        return value


def _time(value: Any) -> Any:
    """Microseconds of seconds, milliseconds or nanoseconds, told apart by their size; a text that is no number as it is."""
    number = number_of(value)
    # Compared, which any integer can be; made a float, one of 400 digits raises. NaN is not below anything.
    if not _is_number(number) or not abs(number) < _LATEST_NS:
        return value
    for above, factor in ((1e17, 1e-3), (1e14, 1.0), (1e11, 1e3)):
        if number >= above:
            return int(number * factor) if factor != 1e3 else int(number) * 1_000
    return int(number * 1e6)


def _as(wanted: Any, value: Any) -> Any:
    """The value as the type that is wanted, if it can be that without loss; else as it is, and then it is refused by its name."""
    if wanted in (float, float | None):
        return number_of(value)
    if wanted is int:
        number = number_of(value)
        return int(number) if isinstance(number, float) and number.is_integer() else number
    if wanted is bool and isinstance(value, str):
        return _WORDS.get(value.strip().lower(), value)
    if wanted is str and isinstance(value, int) and _is_number(value) and abs(value) < 10**_MOST_DIGITS:
        return str(value)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@functools.cache
def _types(kind: str) -> dict[str, Any]:
    return {field.name: field.type for field in attrs.fields(attrs.resolve_types(KINDS[kind]))}

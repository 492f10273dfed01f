"""Rows as venues and files write them: numbers and times in texts."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from oracle.pushed.rows import KINDS

__all__ = ["number_of", "typed"]


def typed(kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a row of somebody else's: texts of numbers become numbers where numbers are wanted, and times are told apart
    by their size: seconds, milliseconds, microseconds or nanoseconds since 1970, or ISO 8601."""
    numbers = _numbers(kind)
    return {
        name: _time(value) if name == "ts" else number_of(value) if name in numbers else value for name, value in fields.items()
    }


def number_of(value: Any) -> Any:
    """A number that is written as a text, as venues and files do; anything else as it is."""
    try:
        return float(value) if isinstance(value, str | Decimal) else value
    except ValueError:
        return value


def _time(value: Any) -> Any:
    """Microseconds of seconds, milliseconds or nanoseconds, told apart by their size; a text that is no number as it is."""
    number = number_of(value)
    if not isinstance(number, int | float) or not math.isfinite(number):
        return value
    for above, factor in ((1e17, 1e-3), (1e14, 1.0), (1e11, 1e3)):
        if number >= above:
            return int(number * factor) if factor != 1e3 else int(number) * 1_000
    return int(number * 1e6)


@functools.cache
def _numbers(kind: str) -> frozenset[str]:
    fields = attrs.fields(attrs.resolve_types(KINDS[kind]))
    return frozenset(field.name for field in fields if field.type in (int, float, float | None))

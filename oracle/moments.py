"""Instants as people and programs write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from oracle.problems import Invalid, Problem

__all__ = ["TIME", "iso_text", "time_us", "until_us"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
DAY_US = 86_400_000_000
_YEARS_US = (0, 253_402_300_799_999_999)  # what ISO 8601 can write
TIME: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "format": "date-time"}, {"type": "string", "format": "date"},
        {"type": "integer", "minimum": _YEARS_US[0], "maximum": _YEARS_US[1]},
    ]
}  # fmt: skip
"""What `time_us` takes, as JSON Schema; the years are 1970 to 9999."""
# An unescaped `+` of an ISO offset arrives as a space; that is a common slip and not ambiguous.
_LOST_PLUS = re.compile(r"(T.*) (\d\d:?\d\d)$")


def time_us(text: str, where: Sequence[str]) -> int:
    """UTC microseconds of ISO 8601 (without offset: UTC) or of an integer that already is. Raises Invalid at `where`."""
    try:
        if text.isdecimal():
            at_us = int(text)
        else:
            moment = dt.datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
            aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
            at_us = (aware - _EPOCH) // dt.timedelta(microseconds=1)
    except (ValueError, OverflowError):
        msg = "Input should be an ISO 8601 time or an integer of UTC microseconds"
        raise Invalid([Problem(tuple(where), "datetime_parsing", msg, text)]) from None
    if not _YEARS_US[0] <= at_us <= _YEARS_US[1]:
        msg = "Input should be a time between the years 1970 and 9999"
        raise Invalid([Problem(tuple(where), "datetime_parsing", msg, text)])
    return at_us


def until_us(text: str, where: Sequence[str]) -> int:
    """The same of a time that is the first one too late; of a day alone that is the begin of the next one, so that the day is
    whole (in UTC). Raises Invalid at `where`."""
    at_us = time_us(text, where)
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return at_us
    return at_us if text.isdecimal() else at_us + DAY_US


def iso_text(at_us: int) -> str:
    """ISO 8601 of UTC microseconds, with `Z`."""
    return (_EPOCH + dt.timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")

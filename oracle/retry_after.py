"""How long a server asks to be left alone: the header Retry-After."""

from __future__ import annotations

import datetime as dt
import email.utils

__all__ = ["retry_after_s"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DIGITS = 9  # of seconds, which are 31 years: more are as good, and any number of digits may be sent


def retry_after_s(text: str, now_us: int) -> float | None:
    """Seconds from `now_us` that the header asks to wait (RFC 9110, 10.2.3: seconds or a date); None where it says neither. Never
    negative, and never raises, whatever stands there."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text) if len(text) <= _DIGITS else float("9" * _DIGITS)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return max(0.0, (aware - _EPOCH).total_seconds() - now_us / 1e6)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None  # that parser takes any text apart and checks little: years, hours and zones of any size

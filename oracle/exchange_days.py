"""Days of the US exchanges: which are business days, and when their sessions open and close."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from holidays.financial.ny_stock_exchange import NewYorkStockExchange

__all__ = ["NEW_YORK", "days_back", "exchange_day", "is_business_day", "session_of"]

NEW_YORK = ZoneInfo("America/New_York")
_OPENS, _CLOSES = dt.time(9, 30), dt.time(16)
_CLOSED = NewYorkStockExchange(observed=True)  # fills itself in, a year at a time
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def exchange_day(time_us: int) -> dt.date:
    """The date in New York at an instant (UTC microseconds)."""
    return (_EPOCH + dt.timedelta(microseconds=time_us)).astimezone(NEW_YORK).date()


@functools.lru_cache(maxsize=8192)
def is_business_day(day: dt.date) -> bool:
    """Whether the exchanges are open on a day: Monday to Friday, but for NYSE's holidays."""
    return day.weekday() < 5 and day not in _CLOSED


def days_back(day: dt.date) -> Iterator[dt.date]:
    """Business days from a day backwards, itself the first where it is one."""
    while True:
        if is_business_day(day):
            yield day
        day -= dt.timedelta(days=1)


def session_of(day: dt.date) -> tuple[int, int] | None:
    """When a day's regular session opens and closes (UTC microseconds); None where there is none. Early closes are not known."""
    if not is_business_day(day):
        return None
    opens, closes = (dt.datetime.combine(day, time, NEW_YORK) for time in (_OPENS, _CLOSES))
    return round((opens - _EPOCH).total_seconds() * 1e6), round((closes - _EPOCH).total_seconds() * 1e6)

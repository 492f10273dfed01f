"""When an order for the day has had its day. Pure."""

from __future__ import annotations

import datetime as dt

from oracle.exchange_days import exchange_day, session_of
from oracle.symbols import asset_type

__all__ = ["expires_us"]

DAY_US = 86_400_000_000


def expires_us(symbol: str, time_in_force: str, now_us: int) -> int | None:
    """The end of the session that an order placed now is for (UTC microseconds): for shares and funds that of today, or of the
    next business day once it is over; for pairs the next midnight UTC. None for an order that is good till it is cancelled."""
    if time_in_force != "DAY":
        return None
    if asset_type(symbol) == "crypto":
        return (now_us // DAY_US + 1) * DAY_US
    day = exchange_day(now_us)
    while True:
        session = session_of(day)
        if session is not None and session[1] > now_us:
            return session[1]
        day += dt.timedelta(days=1)

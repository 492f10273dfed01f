"""How long an order is good for."""

from __future__ import annotations

import datetime as dt

from oracle.exchange_days import exchange_day, session_of
from oracle.symbols import asset_type
from oracle.trading.order import Order

__all__ = ["ends_us"]

_DAY_US = 86_400_000_000


def ends_us(order: Order) -> int | None:
    """When an order is over that was not filled until then, UTC microseconds; None for never. A DAY order is good until the close
    of the session it was made in, or before; one for a pair, which trades round the clock, until midnight UTC."""
    if order.time_in_force != "DAY":
        return None
    if asset_type(order.symbol) == "crypto":
        return (order.created_us // _DAY_US + 1) * _DAY_US
    day = exchange_day(order.created_us)
    while (session := session_of(day)) is None or session[1] <= order.created_us:
        day += dt.timedelta(days=1)
    return session[1]

"""What the simulated market trades, and when the exchanges of its shares are open. Pure calendar arithmetic, in UTC."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs

from oracle.symbols import asset_type

__all__ = ["DAY_US", "INSTRUMENTS", "Instrument", "open_minutes", "session_us", "shares_of_day"]

DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_MINUTE_US = 60_000_000


@attrs.frozen
class Instrument:
    """One symbol of the simulated market.

    level_usd: price at the anchor, from which the path starts both ways. day_pct: standard deviation of a day's change.
    common: share of that which its whole class makes, -1 to 1. ticks_per_usd: 100 means prices in cents. spread_ticks:
    half the distance between bid and ask. day_volume: shares or coins in a day. trade_size: a usual trade, same unit.
    lot_digits: decimals of a size.
    """

    symbol: str
    level_usd: float
    day_pct: float
    common: float
    ticks_per_usd: int
    spread_ticks: int
    day_volume: float
    trade_size: float
    lot_digits: int = 0

    @property
    def lot(self) -> float:
        """The least size."""
        return float(f"1e-{self.lot_digits}")

    @property
    def always_open(self) -> bool:
        """Crypto trades round the clock; shares and funds only in their session."""
        return asset_type(self.symbol) == "crypto"


INSTRUMENTS: dict[str, Instrument] = {
    instrument.symbol: instrument
    for instrument in (
        Instrument("AAPL", 262.0, 1.6, 0.70, 100, 1, 48e6, 90),
        Instrument("MSFT", 498.0, 1.5, 0.75, 100, 2, 21e6, 60),
        Instrument("GOOGL", 286.0, 1.8, 0.65, 100, 1, 30e6, 70),
        Instrument("AMZN", 241.0, 1.9, 0.70, 100, 1, 41e6, 80),
        Instrument("TSLA", 412.0, 3.2, 0.60, 100, 2, 88e6, 60),
        Instrument("SPY", 672.0, 0.9, 0.97, 100, 1, 71e6, 150),
        Instrument("QQQ", 612.0, 1.2, 0.94, 100, 1, 49e6, 130),
        Instrument("GLD", 384.0, 1.0, 0.05, 100, 1, 11e6, 100),
        Instrument("TLT", 89.0, 0.9, -0.20, 100, 1, 36e6, 250),
        Instrument("BTC-USD", 97_000.0, 2.4, 0.90, 100, 50, 11_000.0, 0.08, 5),
        Instrument("ETH-USD", 3_350.0, 3.1, 0.88, 100, 5, 160_000.0, 1.1, 4),
        Instrument("SOL-USD", 162.0, 3.9, 0.80, 100, 1, 1_900_000.0, 14.0, 3),
    )
}


def session_us(day: int) -> tuple[int, int] | None:
    """Opening and closing of the US exchanges on a day (days since 1970), in UTC microseconds; None on weekends.

    09:30 to 16:00 in New York; holidays are not known here.
    """
    date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
    if date.weekday() >= 5:
        return None
    summer = _nth_sunday(date.year, 3, 2) <= date < _nth_sunday(date.year, 11, 1)
    open_us = day * DAY_US + (13 if summer else 14) * _HOUR_US + _HOUR_US // 2
    return open_us, open_us + 13 * _HOUR_US // 2


def open_minutes(numpy: Any, instrument: Instrument, first_day: int, end_day: int) -> Any:
    """The minutes (since 1970) of some days in which it is traded; `numpy` is its module."""
    if instrument.always_open:
        return numpy.arange(first_day * 1440, end_day * 1440)
    sessions = filter(None, map(session_us, range(first_day, end_day)))
    spans = [numpy.arange(opens // _MINUTE_US, closes // _MINUTE_US) for opens, closes in sessions]
    return numpy.concatenate([numpy.empty(0, dtype=numpy.int64), *spans])


def shares_of_day(numpy: Any, instrument: Instrument, minutes: Any) -> Any:
    """The usual part of a day's volume in each minute; they add up to 1."""
    if instrument.always_open:
        return (1 + 0.35 * numpy.cos((minutes % 1440 - 900) * (2 * numpy.pi / 1440))) / 1440
    days, place = numpy.unique(minutes // 1440, return_inverse=True)
    opened = numpy.array([(session_us(day) or (-DAY_US, 0))[0] // _MINUTE_US for day in days.tolist()], dtype=numpy.int64)
    since = minutes - opened[place]
    across = since / 194.5 - 1  # -1 at the opening, 1 at the close
    return numpy.where((since >= 0) & (since < 390), (0.55 + 2.25 * across**4) / 390, 1e-5)


def _nth_sunday(year: int, month: int, n: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(6 - first.weekday()) % 7 + 7 * (n - 1))

"""Times as cron says them, on the clock of one place.

What a change of the clocks does is what Debian's cron does: a fixed time that a day does not have comes right after the gap,
and one that a day has twice comes once.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator

import attrs
from cronsim import CronSim, CronSimError

from oracle.exchange_days import is_business_day
from oracle.problems import Bad

__all__ = ["OFF", "Cron", "zone_of"]

OFF = "off"
"""Instead of a time: never."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_US = dt.timedelta(microseconds=1)
_BUSINESS = ("MON-FRI", "1-5")
_LONGEST = 400  # times in a row that may all be holidays


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """The clock of a place, as the IANA names it (`America/New_York`). Raises Bad."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise Bad("value_error", f"{name!r} is no time zone, such as America/New_York") from None


@attrs.frozen
class Cron:
    """Minute, hour, day of the month, month and day of the week, on the clock of `zone`. Where the days of the week are Monday
    to Friday, the holidays of the US exchanges are passed over. Instants are UTC microseconds."""

    text: str
    zone: zoneinfo.ZoneInfo

    @classmethod
    def of(cls, text: str, zone: zoneinfo.ZoneInfo) -> Cron | None:
        """As somebody wrote it; None for "off". Raises Bad."""
        if text.strip().lower() == OFF:
            return None
        try:
            if len(text.split()) != 5:
                raise CronSimError("Wrong number of fields")
            CronSim(text, _EPOCH)
        except CronSimError as error:
            raise Bad("value_error", f"{text!r} is no time as cron says it, such as '0 17 * * mon-fri': {error}") from None
        return cls(text, zone)

    def next_us(self, after_us: int) -> int | None:
        """The first time after an instant; None where there is none within 50 years."""
        return next(self._times(after_us, reverse=False), None)

    def last_us(self, at_us: int) -> int | None:
        """The last time before or at an instant; None where there was none for 50 years."""
        return next(self._times(at_us + 1, reverse=True), None)  # what it gives is before what it is given

    def _times(self, from_us: int, *, reverse: bool) -> Iterator[int]:
        business = self.text.split()[4].upper() in _BUSINESS
        times = CronSim(self.text, (_EPOCH + from_us * _US).astimezone(self.zone), reverse=reverse)
        for at, _ in zip(times, range(_LONGEST), strict=False):
            if not business or is_business_day(at.date()):
                yield (at - _EPOCH) // _US

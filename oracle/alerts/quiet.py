"""When somebody wants to sleep: hours of the local day in which only what is severe enough is told. Values only."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import Any

import msgspec

from oracle.border import Bad, register
from oracle.model import Severity

__all__ = ["QuietHours"]

MINUTE_US = 60_000_000
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class QuietHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `from` until before `to`, by the clocks of `tz`, over midnight where `to` is earlier."""

    start: str = msgspec.field(name="from")
    end: str = msgspec.field(name="to")
    tz: str = "UTC"
    min_severity: Severity = Severity.critical
    """What is at least so severe is told at any hour."""

    def __post_init__(self) -> None:
        for text in (self.start, self.end):
            if not _TIME.fullmatch(text):
                raise ValueError(f"{text!r} is no time of day like 22:00")
        if self.start == self.end:
            raise ValueError("from and to are the same")
        try:
            zoneinfo.ZoneInfo(self.tz)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"no time zone is called {self.tz!r}") from None

    def hold(self, severity: Severity, now_us: int) -> bool:
        """Whether something of that severity is not told at that instant."""
        if severity.rank >= self.min_severity.rank:
            return False
        # The time on the wall decides, so a night is as long as that night is, also where clocks are changed in it.
        local = dt.datetime.fromtimestamp(now_us / 1e6, zoneinfo.ZoneInfo(self.tz)).strftime("%H:%M")
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def over_us(self, now_us: int) -> int:
        """When the quiet hours that hold at `now_us` end; at least a minute later where clocks are changed in between."""
        zone = zoneinfo.ZoneInfo(self.tz)
        now = dt.datetime.fromtimestamp(now_us / 1e6, zone)
        end = dt.time.fromisoformat(self.end)
        ends = (dt.datetime.combine(now.date() + dt.timedelta(days=later), end, zone) for later in range(3))
        found = next((at for at in ends if at.timestamp() > now.timestamp()), now)
        return max(round(found.timestamp() * 1e6), now_us + MINUTE_US)


def _read(value: Any) -> QuietHours:
    if not isinstance(value, dict):
        raise Bad("model_attributes_type", "Input should be a valid dictionary")
    try:
        return msgspec.convert(value, QuietHours)
    except msgspec.ValidationError as error:
        raise Bad("value_error", f"Value error, {error}") from None


register(QuietHours, _read, msgspec.to_builtins)

"""When the prices of the simulated market go mad: one symbol after another jumps by 7 to 14 %, holds, and slowly comes back.

A jump begins every 70 seconds somewhere among the watched symbols. It shows against the price of a minute ago for some
50 seconds, so that whoever starts to watch sees one within a minute and a half of any instant; it falls back too slowly
to look like a second one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

__all__ = ["TURNING", "Anomalies"]

# Who runs against its class in every other 14 days, and on which day since 1970 its blocks of days begin. Shifted so that at
# any time one of both has another correlation of late than it had before.
TURNING = {"ETH-USD": 0, "QQQ": 7}
_BURSTING = (("BTC-USD", "ETH-USD", "SOL-USD"), ("AAPL", "MSFT", "GOOGL", "AMZN", "TSLA", "SPY", "QQQ"))


@attrs.frozen
class Anomalies:
    """The timetable of jumps. Sizes are shares of the price: 0.07 is 7 %."""

    symbols: tuple[str, ...] = ("BTC-USD", "AAPL", "ETH-USD", "SPY", "TSLA", "QQQ")
    every_s: float = 70.0
    jitter_s: float = 6.0
    rise_s: float = 8.0
    hold_s: float = 52.0
    return_s: float = 240.0
    least: float = 0.07
    most: float = 0.14

    def cycle(self, symbol: str) -> tuple[float, float, float, float, float] | None:
        """For one symbol: length of its cycle, offset of its first jump, jitter (seconds), least and most size."""
        if symbol not in self.symbols:
            return None
        place = self.symbols.index(symbol)
        return self.every_s * len(self.symbols), self.every_s * place, self.jitter_s, self.least, self.most

    def shape(self, numpy: Any, seconds: Any) -> Any:
        """How much of a jump is there, 0 to 1, so many seconds after it began (an array; `numpy` is its module)."""
        up = numpy.clip(seconds / self.rise_s, 0.0, 1.0)
        down = numpy.clip((seconds - self.rise_s - self.hold_s) / self.return_s, 0.0, 1.0)
        return up * up * (3 - 2 * up) * (1 - down)

    def burst(self, numpy: Any, drawn: Callable[[str, Any], Any], symbol: str, minutes: Any) -> Any:
        """How many times the usual is traded in each minute: in every other one 8 to 12 times, of one symbol of its group.
        `drawn(name, numbers)` draws from 0 to 1."""
        group = next((names for names in _BURSTING if symbol in names), None)
        if group is None:
            return numpy.ones(len(minutes))
        whose = (drawn(f"burst {group[0]}", minutes // 2) * len(group)).astype(int)
        busy = (minutes % 2 == 0) & (whose == group.index(symbol))
        return numpy.where(busy, 8 + 4 * drawn(f"size {group[0]}", minutes), 1.0)

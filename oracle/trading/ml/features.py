"""What a model sees of a symbol at a bar: numbers without a unit, made of that bar and those before it."""

from __future__ import annotations

import math
from collections import deque

from oracle.model import Bar
from oracle.trading.indicators import Band, Mean, Rsi

__all__ = ["FEATURES", "Features"]

FEATURES = (
    "return_1", "return_5", "return_10", "return_20", "rsi_14", "sma_10_of_50", "band_20", "deviation_20", "volume_of_20",
    "range_of_20",
)  # fmt: skip
"""Log returns over so many bars; the RSI as a share; fast over slow mean - 1; deviations from the mean; deviation over mean;
volume and range (high - low) over their means of 20 bars."""
LONGEST = 50


class Features:
    """Makes them, a bar at a time."""

    __slots__ = ("_band", "_closes", "_fast", "_range", "_rsi", "_slow", "_volume")

    def __init__(self) -> None:
        self._closes: deque[float] = deque(maxlen=21)
        self._fast, self._slow, self._band, self._rsi = Mean(10), Mean(LONGEST), Band(20), Rsi(14)
        self._volume, self._range = Mean(20), Mean(20)

    def update(self, bar: Bar) -> tuple[float, ...] | None:
        """Take in the next bar; its features, None while there are too few bars for all of them."""
        close = bar.close
        self._closes.append(close)
        for mean in (self._fast, self._slow, self._band, self._rsi):
            mean.update(close)
        self._volume.update(bar.volume)
        self._range.update(bar.high - bar.low)
        return self._row(bar) if self._slow.value is not None and close > 0 else None

    def _row(self, bar: Bar) -> tuple[float, ...] | None:
        closes, close, band = self._closes, bar.close, self._band
        fast, slow, rsi = self._fast.value, self._slow.value, self._rsi.value
        mean, deviation, volume, width = band.mean, band.deviation, self._volume.value, self._range.value
        if fast is None or slow is None or rsi is None or mean is None or deviation is None or min(closes) <= 0:
            return None
        returns = [math.log(close / closes[-1 - back]) for back in (1, 5, 10, 20)]
        return (*returns, rsi / 100, fast / slow - 1, (close - mean) / deviation if deviation else 0.0, deviation / mean,
                bar.volume / volume if volume else 1.0, (bar.high - bar.low) / width if width else 1.0)  # fmt: skip

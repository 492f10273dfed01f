"""MeanReversion: against a fall that went too far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import attrs
from attrs.validators import and_, ge, gt, le

from oracle.model import Bar, Event, Sample
from oracle.trading.indicators import LONGEST, Band, Rsi
from oracle.trading.signal import Direction, Holding, Signal, Verdict
from oracle.trading.strategies.exit import exit_of

__all__ = ["MeanReversion"]

_percent = and_(gt(0.0), le(100.0))


class _Line:
    """What is known of a symbol."""

    __slots__ = ("band", "bar", "rsi")

    def __init__(self, band: int, rsi: int) -> None:
        self.band, self.rsi = Band(band), Rsi(rsi)
        self.bar: Bar | None = None


@attrs.define(eq=False)
class MeanReversion:
    """LONG when a close is at Bollinger's lower band or below it while the RSI is below `oversold`; strength
    (oversold - RSI) / 50. FLAT at the band's middle, with an RSI above `sell_above`, or at the stop."""

    name: ClassVar[str] = "MeanReversion"
    description: ClassVar[str] = "Bollinger band + RSI mean reversion strategy"
    min_hold_days: ClassVar[int] = 2
    required_data: ClassVar[tuple[str, ...]] = ("ohlcv",)

    band_bars: int = attrs.field(default=20, validator=and_(ge(2), le(LONGEST)))
    """Bars of the band."""
    band_width: float = attrs.field(default=2.0, validator=gt(0))
    """Standard deviations from the band's middle to its edges."""
    rsi_bars: int = attrs.field(default=14, validator=and_(ge(2), le(LONGEST)))
    """Bars of the RSI."""
    oversold: float = attrs.field(default=30.0, validator=_percent)
    """An entry takes an RSI below this (0 to 100)."""
    sell_above: float = attrs.field(default=60.0, validator=_percent)
    """Exit above this RSI (0 to 100)."""
    stop_loss_pct: float = attrs.field(default=5.0, validator=_percent)
    """Exit when a position has lost so many percent of its entry price."""
    _lines: dict[str, _Line] = attrs.field(init=False, factory=dict)

    @property
    def warmup_bars(self) -> int:
        """Bars of a symbol before it can say anything."""
        return max(self.band_bars, self.rsi_bars + 1)

    def unavailable(self) -> str:
        """Works everywhere."""
        return ""

    def update(self, message: Bar | Sample | Event) -> None:
        if message.__class__ is not Bar:
            return
        line = self._lines.get(message.symbol)
        if line is None:
            line = self._lines[message.symbol] = _Line(self.band_bars, self.rsi_bars)
        line.bar = message
        line.band.update(message.close)
        line.rsi.update(message.close)

    def decide(self, symbol: str, holding: Holding | None, now_us: int) -> Signal | None:
        """An entry below the band, an exit once it is back."""
        line = self._lines.get(symbol)
        if line is None or line.bar is None or line.rsi.value is None or line.band.mean is None:
            return None
        bar, rsi = line.bar, line.rsi.value
        if holding is not None:
            why = f"{bar.close:g} is back at the mean {line.band.mean:.4g}" if bar.close >= line.band.mean else ""
            why = why or (f"RSI {rsi:.1f} is above {self.sell_above:g}" if rsi > self.sell_above else "")
            return exit_of(self.name, bar, holding, self.min_hold_days, self.stop_loss_pct, why)
        if not self._oversold(line, rsi):
            return None
        reason = f"{bar.close:g} is below the band at RSI {rsi:.1f}"
        strength = min(1.0, (self.oversold - rsi) / 50)
        return Signal(symbol, Direction.long, strength, self.name, reason, bar.ts_us, {"rsi": rsi, "mean": line.band.mean})

    def rebalance(self, symbols: Sequence[str], holdings: dict[str, Holding], now_us: int) -> Iterable[Signal]:
        """Nothing: each symbol stands for itself."""
        return ()

    def verdict(self, symbol: str) -> Verdict:
        """How far the close is from the band's middle."""
        line = self._lines.get(symbol)
        if line is None or line.bar is None:
            return Verdict(symbol, "no daily bars yet")
        mean, deviation, rsi = line.band.mean, line.band.deviation, line.rsi.value
        if rsi is None or mean is None or deviation is None:
            return Verdict(symbol, f"too few daily bars (needs {self.warmup_bars})")
        if self._oversold(line, rsi):
            return Verdict(symbol, "CANDIDATE (BUY)", True, Direction.long)
        far = (line.bar.close - mean) / deviation if deviation else 0.0
        return Verdict(symbol, f"Low Score (close {far:+.1f} deviations from its mean, RSI {rsi:.0f})")

    def _oversold(self, line: _Line, rsi: float) -> bool:
        band, bar = line.band, line.bar
        if band.mean is None or band.deviation is None or bar is None:
            return False
        return rsi < self.oversold and bar.close <= band.mean - self.band_width * band.deviation

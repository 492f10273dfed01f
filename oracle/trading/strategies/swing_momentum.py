"""SwingMomentum: with the trend, once it has turned up and has not run too far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import attrs
from attrs.validators import and_, ge, gt, le

from oracle.model import Bar, Event, Sample
from oracle.trading.indicators import LONGEST, Mean, Rsi
from oracle.trading.signal import Direction, Holding, Signal, Verdict
from oracle.trading.strategies.exit import exit_of

__all__ = ["SwingMomentum"]

_percent = and_(gt(0.0), le(100.0))


class _Line:
    """What is known of a symbol."""

    __slots__ = ("above", "bar", "crossed", "fast", "rsi", "slow")

    def __init__(self, fast: int, slow: int, rsi: int) -> None:
        self.fast, self.slow, self.rsi = Mean(fast), Mean(slow), Rsi(rsi)
        self.above: bool | None = None
        self.crossed = False
        self.bar: Bar | None = None


@attrs.define(eq=False)
class SwingMomentum:
    """LONG when the fast mean of the closes crosses above the slow one while the RSI is below `overbought`; strength
    (overbought - RSI) / 100, at least 0.1. FLAT when the fast mean is below the slow one, the RSI above `sell_above`, or at the
    stop."""

    name: ClassVar[str] = "SwingMomentum"
    description: ClassVar[str] = "RSI + SMA momentum strategy"
    min_hold_days: ClassVar[int] = 3
    required_data: ClassVar[tuple[str, ...]] = ("ohlcv",)

    fast_bars: int = attrs.field(default=10, validator=and_(ge(2), le(LONGEST)))
    """Bars of the fast mean."""
    slow_bars: int = attrs.field(default=50, validator=and_(ge(3), le(LONGEST)))
    """Bars of the slow mean."""
    rsi_bars: int = attrs.field(default=14, validator=and_(ge(2), le(LONGEST)))
    """Bars of the RSI."""
    overbought: float = attrs.field(default=70.0, validator=_percent)
    """No entry at this RSI or above (0 to 100)."""
    sell_above: float = attrs.field(default=80.0, validator=_percent)
    """Exit above this RSI (0 to 100)."""
    stop_loss_pct: float = attrs.field(default=5.0, validator=_percent)
    """Exit when a position has lost so many percent of its entry price."""
    _lines: dict[str, _Line] = attrs.field(init=False, factory=dict)

    @property
    def warmup_bars(self) -> int:
        """Bars of a symbol before it can say anything: one more than both means take."""
        return max(self.slow_bars, self.fast_bars, self.rsi_bars) + 1

    def unavailable(self) -> str:
        """Works everywhere."""
        return ""

    def update(self, message: Bar | Sample | Event) -> None:
        if message.__class__ is not Bar:
            return
        line = self._lines.get(message.symbol)
        if line is None:
            line = self._lines[message.symbol] = _Line(self.fast_bars, self.slow_bars, self.rsi_bars)
        line.bar = message
        close = message.close
        line.fast.update(close)
        line.slow.update(close)
        line.rsi.update(close)
        slow, fast = line.slow.value, line.fast.value
        if slow is not None and fast is not None:
            above = fast > slow
            line.crossed = above and line.above is False
            line.above = above

    def decide(self, symbol: str, holding: Holding | None, now_us: int) -> Signal | None:
        """An entry at a cross, an exit for as long as there is reason for one."""
        line = self._lines.get(symbol)
        if line is None or line.bar is None or line.above is None or line.rsi.value is None:
            return None
        rsi = line.rsi.value
        if holding is not None:
            return exit_of(self.name, line.bar, holding, self.min_hold_days, self.stop_loss_pct, self._why_out(line, rsi))
        if not line.crossed or rsi >= self.overbought:
            return None
        strength = min(1.0, max(0.1, (self.overbought - rsi) / 100))
        reason = f"SMA{self.fast_bars} crossed above SMA{self.slow_bars} at RSI {rsi:.1f}"
        return Signal(symbol, Direction.long, strength, self.name, reason, line.bar.ts_us, {"rsi": rsi})

    def rebalance(self, symbols: Sequence[str], holdings: dict[str, Holding], now_us: int) -> Iterable[Signal]:
        """Nothing: each symbol stands for itself."""
        return ()

    def verdict(self, symbol: str) -> Verdict:
        """How far the means are from a cross."""
        line = self._lines.get(symbol)
        if line is None or line.bar is None:
            return Verdict(symbol, "no daily bars yet")
        fast, slow, rsi = line.fast.value, line.slow.value, line.rsi.value
        if fast is None or slow is None or rsi is None or line.above is None:
            return Verdict(symbol, f"too few daily bars (needs {self.warmup_bars})")
        if line.crossed and rsi < self.overbought:
            return Verdict(symbol, "CANDIDATE (BUY)", True, Direction.long)
        return Verdict(symbol, f"Low Score (no cross: fast SMA {100 * (fast / slow - 1):+.1f} % of slow, RSI {rsi:.0f})")

    def _why_out(self, line: _Line, rsi: float) -> str:
        if not line.above:
            return f"SMA{self.fast_bars} is below SMA{self.slow_bars}"
        return f"RSI {rsi:.1f} is above {self.sell_above:g}" if rsi > self.sell_above else ""

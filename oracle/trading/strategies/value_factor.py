"""ValueFactor: what is cheap by its fundamentals, beside what is not."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import attrs
from attrs.validators import and_, ge, gt, le

from oracle.model import Bar, Event, Sample
from oracle.trading.signal import Direction, Holding, Signal, Verdict
from oracle.trading.strategies.exit import exit_of

__all__ = ["ValueFactor"]

LEAST_SYMBOLS = 3
_DAY_US = 86_400_000_000
_PREFIX = "fundamental_"
_METRICS = ("pe_ratio", "pb_ratio", "ev_ebitda")


@attrs.define(eq=False)
class ValueFactor:
    """Each `rebalance_days`: LONG in the cheapest `top_pct` of the symbols, SHORT in the dearest where `short` allows that, FLAT
    for what is held and belongs to them no more. Needs three symbols whose three ratios are all known.

    A symbol's score is the weighted mean of its ranks by the ratios, 1 for the cheapest and 0 for the dearest; that of the best
    is its strength too. A ratio that is not positive (losses, more debts than assets) ranks as the dearest.
    """

    name: ClassVar[str] = "ValueFactor"
    description: ClassVar[str] = "Value by P/E, P/B and EV/EBITDA, rebalanced weekly"
    min_hold_days: ClassVar[int] = 5
    required_data: ClassVar[tuple[str, ...]] = ("ohlcv", "fundamentals")
    warmup_bars: ClassVar[int] = 1

    rebalance_days: int = attrs.field(default=5, validator=ge(1))
    """Business days (Monday to Friday) from one rebalancing to the next."""
    top_pct: float = attrs.field(default=20.0, validator=and_(gt(0), le(50)))
    """Percent of the symbols that are held, one at least."""
    weight_pe: float = attrs.field(default=0.4, validator=ge(0))
    """Weight of price / earnings."""
    weight_pb: float = attrs.field(default=0.3, validator=ge(0))
    """Weight of price / book value."""
    weight_ev_ebitda: float = attrs.field(default=0.3, validator=ge(0))
    """Weight of enterprise value / EBITDA."""
    short: bool = False
    """Whether the dearest are sold short; the broker has to allow it too."""
    _ratios: dict[str, dict[str, float]] = attrs.field(init=False, factory=dict)
    _bars: dict[str, Bar] = attrs.field(init=False, factory=dict)
    _known: dict[str, float] | None = attrs.field(init=False, default=None)
    _now_us: int = attrs.field(init=False, default=-1)
    _before_us: int = attrs.field(init=False, default=-1)

    def unavailable(self) -> str:
        """Works everywhere; where nobody tells fundamentals it says nothing."""
        return ""

    def update(self, message: Bar | Sample | Event) -> None:
        if isinstance(message, Bar):
            if message.ts_us > self._now_us:
                self._before_us, self._now_us = self._now_us, message.ts_us
            if message.symbol not in self._bars:
                self._known = None
            self._bars[message.symbol] = message
        elif isinstance(message, Sample) and message.name.startswith(_PREFIX):
            metric = message.name.removeprefix(_PREFIX)
            if metric in _METRICS and math.isfinite(message.value):
                self._ratios.setdefault(message.subject, {})[metric] = message.value
                self._known = None

    def decide(self, symbol: str, holding: Holding | None, now_us: int) -> Signal | None:
        """Nothing: symbols are judged beside each other."""
        return None

    def rebalance(self, symbols: Sequence[str], holdings: dict[str, Holding], now_us: int) -> Iterable[Signal]:
        """What to open and to close, on the first day of each period."""
        if self._before_us < 0 or self._period(self._before_us) == self._period(self._now_us):
            return
        scores = self._scores()
        if len(scores) < LEAST_SYMBOLS:
            return
        best, worst = self._ends(scores)
        for symbol in symbols:
            bar, holding = self._bars.get(symbol), holdings.get(symbol)
            if bar is None or symbol not in scores:
                continue
            target = 1 if symbol in best else -1 if symbol in worst else 0
            if holding is not None and target * holding.quantity <= 0:
                why = f"its value score {scores[symbol]:.2f} is no more among those that are held"
                out = exit_of(self.name, bar, holding, self.min_hold_days, None, why)
                if out is not None:
                    yield out
            elif holding is None and target:
                yield self._entry(bar, target, scores[symbol])

    def verdict(self, symbol: str) -> Verdict:
        """Where it stands beside the others."""
        if symbol not in self._bars:
            return Verdict(symbol, "no daily bars yet")
        scores = self._scores()
        if symbol not in scores:
            return Verdict(symbol, "fundamentals not known")
        if len(scores) < LEAST_SYMBOLS:
            return Verdict(symbol, f"fundamentals of too few symbols ({len(scores)} of {LEAST_SYMBOLS})")
        best, worst = self._ends(scores)
        if symbol in best:
            return Verdict(symbol, "CANDIDATE (BUY)", True, Direction.long)
        if symbol in worst:
            return Verdict(symbol, "CANDIDATE (SELL)", True, Direction.short)
        return Verdict(symbol, f"Low Score (value {scores[symbol]:.2f})")

    def _entry(self, bar: Bar, target: int, score: float) -> Signal:
        direction, strength = (Direction.long, score) if target > 0 else (Direction.short, 1 - score)
        ratios = self._ratios[bar.symbol]
        reason = f"value score {score:.2f}: " + ", ".join(f"{name} {ratios[name]:.4g}" for name in _METRICS)
        return Signal(bar.symbol, direction, strength, self.name, reason, bar.ts_us, {"score": score, **ratios})

    def _ends(self, scores: Mapping[str, float]) -> tuple[set[str], set[str]]:
        """The cheapest, and the dearest where those may be sold."""
        in_order = sorted(scores, key=lambda symbol: (-scores[symbol], symbol))
        count = max(1, math.floor(len(in_order) * self.top_pct / 100))
        return set(in_order[:count]), set(in_order[-count:]) if self.short else set()

    def _scores(self) -> dict[str, float]:
        if self._known is None:
            self._known = self._ranked()
        return self._known

    def _ranked(self) -> dict[str, float]:
        weights = dict(zip(_METRICS, (self.weight_pe, self.weight_pb, self.weight_ev_ebitda), strict=True))
        known = [symbol for symbol in self._bars if len(self._ratios.get(symbol, ())) == len(_METRICS)]
        total = sum(weights.values())
        if len(known) < 2 or total <= 0:
            return dict.fromkeys(known, 0.5)
        scores = dict.fromkeys(known, 0.0)
        for metric, weight in weights.items():
            values = {symbol: v if (v := self._ratios[symbol][metric]) > 0 else math.inf for symbol in known}
            in_order = sorted(values.values())
            for symbol, value in values.items():
                upto = bisect_right(in_order, value)
                dearer, same = len(in_order) - upto, upto - bisect_left(in_order, value) - 1
                scores[symbol] += weight / total * (dearer + same / 2) / (len(known) - 1)
        return scores

    def _period(self, time_us: int) -> int:
        """Which period an instant is in, the same in every process: business days are counted from a Monday."""
        weeks, day = divmod(time_us // _DAY_US + 3, 7)  # 1970-01-01 was a Thursday
        return (5 * weeks + min(day, 4)) // self.rebalance_days

"""MLSignalStrategy: what a model makes of a bar, where the model has shown that it knows more than nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import ClassVar

import attrs
from attrs.validators import and_, ge, gt, le

from oracle.model import Bar, Event, Finding, Sample, Severity
from oracle.trading.ml.drift import ALARM, psi, shares_of
from oracle.trading.ml.features import FEATURES, LONGEST, Features
from oracle.trading.ml.lesson import CLASSES, Lesson, Model
from oracle.trading.ml.training import LEAST_ROWS, Asked, missing, train
from oracle.trading.signal import Direction, Holding, Signal, Verdict
from oracle.trading.strategies.exit import exit_of

__all__ = ["MLSignalStrategy"]

_DAY_US = 86_400_000_000
_percent = and_(gt(0.0), le(100.0))
_MOST_BARS = 1_500  # of a symbol that a model learns from: six years
_RECENT_BARS = 60  # of a symbol whose distribution is compared with theirs


class _Line:
    """What is known of a symbol: rows of (time, close, features), and what the model says of the newest."""

    __slots__ = ("bar", "chances", "features", "rows")

    def __init__(self) -> None:
        self.features = Features()
        self.rows: deque[tuple[int, float, tuple[float, ...]]] = deque(maxlen=_MOST_BARS)
        self.bar: Bar | None = None
        self.chances: tuple[Model, int, list[float]] | None = None


@attrs.define(eq=False)
class MLSignalStrategy:
    """LONG where the model gives a rise beyond `threshold_pct` within `horizon_bars` a probability of `confidence`, SHORT for a
    fall where `short` allows that; the probability is the strength. FLAT when the model expects the opposite so surely, when it
    can't be asked, or at the stop.

    It can be asked while it is not older than `stale_days`, and has told more out of sample than who always says the same. With
    `self_training` it trains within `decide`, at most each `retrain_days` (a backtest); live, somebody hands `lesson` to a
    process of its own and what comes of it to `adopt`. Whatever it learns from was over by the bar in hand.
    """

    name: ClassVar[str] = "MLSignalStrategy"
    description: ClassVar[str] = "XGBoost 3-class predictions"
    min_hold_days: ClassVar[int] = 3
    required_data: ClassVar[tuple[str, ...]] = ("ohlcv",)
    warmup_bars: ClassVar[int] = 500

    horizon_bars: int = attrs.field(default=5, validator=and_(ge(1), le(250)))
    """Daily bars that a prediction is about."""
    threshold_pct: float = attrs.field(default=1.0, validator=_percent)
    """Percent that a price has to rise or fall to be called so."""
    confidence: float = attrs.field(default=0.55, validator=and_(gt(0.0), le(1.0)))
    """The least probability that a signal takes."""
    stale_days: float = attrs.field(default=14.0, validator=gt(0))
    """Calendar days after which a model is not asked any more."""
    retrain_days: float = attrs.field(default=10.0, validator=gt(0))
    """Calendar days after which another one is trained."""
    stop_loss_pct: float = attrs.field(default=5.0, validator=_percent)
    """Exit when a position has lost so many percent of its entry price."""
    short: bool = False
    """Whether falls are sold short; the broker has to allow it too."""
    self_training: bool = True
    """Whether it trains by itself; live the strategist sees to that."""
    _lines: dict[str, _Line] = attrs.field(init=False, factory=dict)
    _model: Model | None = attrs.field(init=False, default=None)
    _asked: Asked | None = attrs.field(init=False, default=None)
    _tried_us: int = attrs.field(init=False, default=-1)
    _now_us: int = attrs.field(init=False, default=0)
    _drifted: set[str] = attrs.field(init=False, factory=set)

    def unavailable(self) -> str:
        """Why it can't work here: what it takes is not installed."""
        return missing()

    def update(self, message: Bar | Sample | Event) -> None:
        if not isinstance(message, Bar):
            return
        line = self._lines.get(message.symbol)
        if line is None:
            line = self._lines[message.symbol] = _Line()
        line.bar, self._now_us = message, max(self._now_us, message.ts_us)
        row = line.features.update(message)
        if row is not None:
            line.rows.append((message.ts_us, message.close, row))

    def decide(self, symbol: str, holding: Holding | None, now_us: int) -> Signal | None:
        """What the model says of the newest bar."""
        if self.self_training and not missing() and (lesson := self.lesson()) is not None:
            self.adopt(train(lesson))
        line = self._lines.get(symbol)
        if line is None or line.bar is None:
            return None
        why = self._why_silent()
        chances = None if why else self._chances(line)
        fall, _, rise = chances or (0.0, 0.0, 0.0)
        if holding is not None:
            against = fall if holding.quantity > 0 else rise
            why = why or (f"the model expects the opposite ({against:.2f})" if against >= self.confidence else "")
            return exit_of(self.name, line.bar, holding, self.min_hold_days, self.stop_loss_pct, why)
        if rise >= self.confidence:
            return self._entry(line.bar, Direction.long, rise)
        return self._entry(line.bar, Direction.short, fall) if self.short and fall >= self.confidence else None

    def rebalance(self, symbols: Sequence[str], holdings: dict[str, Holding], now_us: int) -> Iterable[Signal]:
        """Nothing: each symbol stands for itself."""
        return ()

    def verdict(self, symbol: str) -> Verdict:
        """What the model says of a symbol, or why it is not asked."""
        line = self._lines.get(symbol)
        if line is None or line.bar is None:
            return Verdict(symbol, "no daily bars yet")
        if why := missing() or self._why_silent():
            return Verdict(symbol, why)
        chances = self._chances(line)
        if chances is None:
            return Verdict(symbol, f"too few daily bars (needs {LONGEST})")
        fall, _, rise = chances
        if rise >= self.confidence:
            return Verdict(symbol, "CANDIDATE (BUY)", True, Direction.long)
        if self.short and fall >= self.confidence:
            return Verdict(symbol, "CANDIDATE (SELL)", True, Direction.short)
        return Verdict(symbol, f"Low Score (rise {rise:.2f}, fall {fall:.2f})")

    def lesson(self) -> Lesson | None:
        """What to train with where that is due, once for each time it is; None where it is not."""
        if self._tried_us >= 0 and self._now_us - self._tried_us < self.retrain_days * _DAY_US:
            return None
        return self.lesson_now()

    def lesson_now(self) -> Lesson | None:
        """What to train with, due or not; None where there is too little."""
        found = sorted(row for line in self._lines.values() for row in self._labelled(line))
        if len(found) < LEAST_ROWS:
            return None
        self._tried_us = self._now_us
        rows, classes, times = [row for _, _, row in found], [one for _, one, _ in found], [time_us for time_us, _, _ in found]
        return Lesson(rows, classes, times, self.horizon_bars, self._now_us)

    def adopt(self, model: Model | None) -> None:
        """Go by a model that was trained, the newer one where there is one already."""
        if model is not None and (self._model is None or model.trained_us >= self._model.trained_us):
            self._model, self._asked = model, Asked(model) if model.proven else None
            self._tried_us = max(self._tried_us, model.trained_us)
            self._drifted.clear()

    def drift(self) -> list[Finding]:
        """The features that are distributed otherwise than when the model learned (a PSI above 0.2), once for each model and
        feature; nothing where there is too little to tell."""
        model = self._model
        if model is None:
            return []
        recent = [row for line in self._lines.values() for row in islice(reversed(line.rows), _RECENT_BARS)]
        if len(recent) < LEAST_ROWS:
            return []
        found = []
        for place, feature in enumerate(FEATURES):
            now = psi(model.shares[place], shares_of([row[2][place] for row in recent], model.edges[place]))
            if now > ALARM and feature not in self._drifted:
                self._drifted.add(feature)
                found.append(self._finding(feature, now, len(recent), model))
        return found

    def _finding(self, feature: str, now: float, rows: int, model: Model) -> Finding:
        data = {"strategy_name": self.name, "feature": feature, "psi": now, "threshold": ALARM, "rows": rows,
                "trained_us": model.trained_us}  # fmt: skip
        summary = f"{feature} drifted: PSI {now:.2f} against training"
        return Finding("ml_drift", self.name, Severity.medium, summary, data, self._now_us, feature)

    def _labelled(self, line: _Line) -> Iterable[tuple[int, int, tuple[float, ...]]]:
        """Rows whose class is known by now: (time, class, features)."""
        step, beyond = self.horizon_bars, self.threshold_pct / 100
        for (time_us, close, row), (_, later, _) in zip(line.rows, islice(line.rows, step, None), strict=False):
            gain = later / close - 1
            yield time_us, 2 if gain > beyond else 0 if gain < -beyond else 1, row

    def _why_silent(self) -> str:
        """Why the model is not asked; empty where it is."""
        model = self._model
        if model is None:
            return "no model trained yet"
        if self._now_us - model.trained_us > self.stale_days * _DAY_US:
            return f"the model is older than {self.stale_days:g} days"
        if self._asked is None:
            told = "nothing" if model.accuracy is None else f"{model.accuracy:.2f} against {model.majority:.2f}"
            return f"the model is not better than the majority out of sample ({told})"
        return ""

    def _chances(self, line: _Line) -> list[float] | None:
        """The model's probabilities for the newest bar; worked out once."""
        if self._asked is None or self._model is None or not line.rows or line.bar is None or line.rows[-1][0] != line.bar.ts_us:
            return None
        known = line.chances
        if known is None or known[0] is not self._model or known[1] != line.bar.ts_us:
            known = line.chances = self._model, line.bar.ts_us, self._asked.chances(line.rows[-1][2])
        return known[2]

    def _entry(self, bar: Bar, direction: Direction, chance: float) -> Signal:
        way = CLASSES[2] if direction is Direction.long else CLASSES[0]
        reason = f"the model gives {way} {chance:.2f} over {self.horizon_bars} bars"
        return Signal(bar.symbol, direction, chance, self.name, reason, bar.ts_us, {"confidence": chance})

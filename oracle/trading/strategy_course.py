"""A strategy on the clock of daily bars: which bars it has seen, which it has decided, and what it is told of its positions."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from operator import attrgetter

import attrs

from oracle.model import Bar, Event, Sample
from oracle.trading.ledger import Position
from oracle.trading.signal import Holding, Signal, Strategy
from oracle.trading.strategy_past import DAY_US

__all__ = ["LATE_US", "StrategyCourse"]

LATE_US = 2 * DAY_US
"""A bar that closed longer ago is not acted upon any more."""


@attrs.define(eq=False)
class StrategyCourse:
    """`seen` and `decided` are the begins of each symbol's newest bar that was taken in, and decided; `late` says of symbols that
    their newest decision came too late."""

    strategy: Strategy
    decided: dict[str, int]
    seen: dict[str, int] = attrs.field(factory=dict)
    late: set[str] = attrs.field(factory=set)
    _times: defaultdict[str, list[int]] = attrs.field(factory=lambda: defaultdict(list))

    def learn(self, bars: Iterable[Bar], beside: Iterable[Sample | Event], now_us: int,
              positions: Callable[[], Mapping[str, Position]]) -> list[Signal]:  # fmt: skip
        """Take in the past, in order of time; what it says of bars that were never decided. Symbols that were never seen before
        begin with nothing decided to do."""
        found: list[Signal] = []
        facts = list(beside)
        for ts_us, group in groupby(sorted(bars, key=attrgetter("ts_us")), attrgetter("ts_us")):
            told = bisect_right(facts, ts_us + DAY_US, key=attrgetter("ts_us"))
            for fact in facts[:told]:
                self.strategy.update(fact)
            facts = facts[told:]
            found += self.step(list(group), now_us, positions(), begins=True)
        for fact in facts:
            self.strategy.update(fact)
        for symbol, ts_us in self.seen.items():
            self.decided.setdefault(symbol, ts_us)
        return found

    def step(self, bars: Iterable[Bar], now_us: int, positions: Mapping[str, Position], begins: bool = False) -> list[Signal]:
        """Take in the bars of one instant that are new, and decide those that were not; late ones say nothing. With `begins`,
        symbols of which nothing was decided ever are only looked at."""
        fresh = [bar for bar in bars if bar.ts_us > self.seen.get(bar.symbol, -1)]
        for bar in fresh:
            self.strategy.update(bar)
            self.seen[bar.symbol] = bar.ts_us
            self._times[bar.symbol].append(bar.ts_us)
        due = [bar for bar in fresh if bar.ts_us > self.decided.get(bar.symbol, bar.ts_us if begins else -1)]
        if not due:
            return []
        holdings = {bar.symbol: self._holding(positions[bar.symbol]) for bar in due if bar.symbol in positions}
        said = [self.strategy.decide(bar.symbol, holdings.get(bar.symbol), now_us) for bar in due]
        found = [signal for signal in said if signal is not None]
        found += self.strategy.rebalance([bar.symbol for bar in due], holdings, now_us)
        for bar in due:
            self.decided[bar.symbol] = bar.ts_us
            late = now_us - (bar.ts_us + DAY_US) > LATE_US
            (self.late.add if late else self.late.discard)(bar.symbol)
        return [signal for signal in found if signal.symbol not in self.late]

    def _holding(self, position: Position) -> Holding:
        times = self._times[position.symbol]
        later = len(times) - bisect_right(times, position.opened_us)
        return Holding(position.quantity, position.avg_entry_price, position.opened_us, later)

"""Backtests of strategies: bars per CPU second of the engine, beside backtesting.py over the same bars with the same strategy.

Both go through Google's daily bars of 2004 to 2013 (they come with that package) with a cross of two means of closes, orders of
nine tenths of the equity, fills at the next open, no costs, and say their figures at the end. Its means are made beforehand by
numpy; ours are kept by the strategy, bar by bar, as they are live. Ours is measured with the gate away, and with it on.
"""

from __future__ import annotations

import datetime as dt
import math
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from time import process_time
from typing import Any, ClassVar

import attrs

from bench.delivery import compared
from bench.load import CannotMeasure
from oracle.model import Bar
from oracle.settings_trading import Limits, Paper, Risk, Trading
from oracle.trading.backtest.books import Books
from oracle.trading.backtest.engine import Engine
from oracle.trading.backtest.result import DAY_US, Buy, Span, figures
from oracle.trading.risk.gate import assess
from oracle.trading.signal import Direction, Holding, Signal, Verdict
from oracle.trading.venue import PaperVenue

FAST, SLOW = 10, 20
CAPITAL, SHARE = 100_000.0, 0.9
FREE = Paper(latency_ms=0.0, slippage_bps=0.0)
WIDE = Risk(limits=Limits(max_position_pct=100.0, max_sector_pct=100.0, min_price=0.0, min_cash_reserve_pct=0.0))
TARGET = ">= 1.0"


@attrs.define(eq=False)
class SmaCross:
    """Long while the mean of `fast` closes is above that of `slow`, from cross to cross."""

    fast: int = FAST
    slow: int = SLOW
    _closes: dict[str, deque[float]] = attrs.field(factory=dict, init=False)
    _sums: dict[str, tuple[float, float]] = attrs.field(factory=dict, init=False)
    _above: dict[str, tuple[bool | None, bool | None]] = attrs.field(factory=dict, init=False)

    name: ClassVar[str] = "SmaCross"
    description: ClassVar[str] = "Long from the cross of a fast mean of closes above a slow one until it crosses back"
    min_hold_days: ClassVar[int] = 2
    required_data: ClassVar[tuple[str, ...]] = ("ohlcv",)
    warmup_bars: ClassVar[int] = 0

    def unavailable(self) -> str:
        """It works everywhere."""
        return ""

    def update(self, message: Any) -> None:
        """Take in a close."""
        if not isinstance(message, Bar):
            return
        closes = self._closes.get(message.symbol)
        if closes is None:
            closes = self._closes[message.symbol] = deque(maxlen=self.slow + 1)
            self._sums[message.symbol], self._above[message.symbol] = (0.0, 0.0), (None, None)
        closes.append(message.close)
        fast, slow = self._sums[message.symbol]
        count = len(closes)
        fast += message.close - (closes[-1 - self.fast] if count > self.fast else 0.0)
        slow += message.close - (closes[0] if count > self.slow else 0.0)
        self._sums[message.symbol] = fast, slow
        now = None if count < self.slow else fast / self.fast > slow / self.slow
        self._above[message.symbol] = self._above[message.symbol][1], now

    def decide(self, symbol: str, holding: Holding | None, now_us: int) -> Signal | None:
        """LONG where it has crossed above, FLAT where it has crossed below."""
        before, now = self._above[symbol]
        if before is None or before is now:
            return None
        if now and holding is None:
            return Signal(symbol, Direction.long, 1.0, self.name, "crossed above", now_us)
        if not now and holding is not None:
            return Signal(symbol, Direction.flat, 1.0, self.name, "crossed below", now_us)
        return None

    def rebalance(self, symbols: Sequence[str], holdings: dict[str, Holding], now_us: int) -> Iterable[Signal]:
        """Nothing."""
        return ()

    def verdict(self, symbol: str) -> Verdict:
        """Whether it would be long."""
        above = self._above.get(symbol, (None, None))[1]
        return Verdict(symbol, "above" if above else "below", candidate=bool(above), direction=Direction.long)


def share(signal: Signal, price: float, equity: float, cash: float) -> float:
    """Whole shares for nine tenths of the equity."""
    return math.floor(SHARE * equity / price)


def bars_of(frame: Any, symbol: str = "GOOG") -> list[Bar]:
    """A table of that package as bars."""
    numbers = zip(*(frame[name].tolist() for name in ("Open", "High", "Low", "Close", "Volume")), strict=True)
    days = [day.toordinal() - dt.date(1970, 1, 1).toordinal() for day in frame.index.date]
    return [Bar(symbol, "1d", *map(float, row), 0, True, day * DAY_US, "backtesting")
            for day, row in zip(days, numbers, strict=True)]  # fmt: skip


def through(bars: Sequence[Bar], risk: Risk | None) -> tuple[Engine, dict[str, Any]]:
    """The engine after all bars, and its figures; `risk` None for no gate."""
    gate = None if risk is None else (lambda order, price, view: assess(order, price, view, risk))
    books = Books.of(CAPITAL, Trading(), risk or WIDE, shorting=False)
    engine = Engine(SmaCross(), PaperVenue(FREE), books, share, gate)
    for bar in bars:
        engine.step((bar,), bar.ts_us, bar.ts_us + DAY_US)
    first, last = (dt.date(1970, 1, 1) + dt.timedelta(days=bar.ts_us // DAY_US) for bar in (bars[0], bars[-1]))
    return engine, figures(engine, Span(first, last, CAPITAL), {"GOOG": Buy(bars[0].open, bars[-1].close)})


def peer(frame: Any) -> Any:
    """The same as that package has it."""
    from backtesting import Backtest, Strategy
    from backtesting.lib import crossover
    from backtesting.test import SMA

    class Cross(Strategy):
        def init(self) -> None:
            self.fast, self.slow = (self.I(SMA, self.data.Close, length) for length in (FAST, SLOW))

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                if not self.position:
                    self.buy(size=math.floor(SHARE * self.equity / self.data.Close[-1]))
            elif crossover(self.slow, self.fast):
                self.position.close()

    return Backtest(frame, Cross, cash=CAPITAL, commission=0.0)


def frame() -> Any:
    """Google's daily bars. Raises CannotMeasure."""
    try:
        from backtesting.test import GOOG
    except ImportError:
        raise CannotMeasure("backtesting is not installed: `make venv` does that") from None
    return GOOG


def run(rounds: int) -> Iterator[dict[str, Any]]:
    """Two rows: without and with the gate."""
    table = frame()
    bars, theirs = bars_of(table), peer(table)
    ways = {"no gate": partial(through, bars, None), "gate on": partial(through, bars, WIDE), "": partial(_quietly, theirs)}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, go in ways.items():
            began_s = process_time()
            go()
            found[name].append(len(bars) / (process_time() - began_s))
    for name in ("no gate", "gate on"):
        yield compared(f"strategy backtest, {name}: bars per CPU second", found[name], "backtesting.py", found[""], TARGET)


def _quietly(theirs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a trade that is open at the end
        return theirs.run()

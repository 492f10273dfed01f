"""Speaks when much more is traded than usual at this time of day."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from statistics import fmean

import attrs
from attrs.validators import ge, gt

from oracle.model import Bar, Finding, Severity, Trade
from oracle.watchdogs.decider import Bars
from oracle.watchdogs.latch import Latches
from oracle.watchdogs.plausible import SMALLEST, is_positive
from oracle.watchdogs.universe import universe

__all__ = ["UnusualVolume"]

MOST_TAPES = 2_000  # symbols and sources at once; the one begun first goes for a new one
UNIVERSE = ("AAPL", "MSFT", "GOOGL", "AMZN", "TSLA", "SPY", "QQQ", "BTC", "ETH", "SOL")
DAYS = 30
SLOT_US = 900_000_000  # a time of day is a quarter of an hour
SLOTS = 96
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US


@attrs.define
class _Tape:
    """One symbol of one source: its last window by seconds, the present quarter of an hour, and what is usual."""

    seconds: deque[tuple[int, float, int, float]] = attrs.field(factory=deque)  # second, volume, trades, price
    usual: dict[int, deque[float]] = attrs.field(factory=dict)  # volumes of the last 30 days, by quarter of an hour
    slot: int = -1  # since 1970
    slot_volume: float = 0.0
    slot_whole: bool = False  # whether it was watched from its beginning
    traded_us: int = -1  # of the last trade; -1 for none yet

    def roll(self, now: int, watched: bool) -> None:
        """Put the quarter of an hour that is over among the usual ones, if all of it was watched."""
        slot = now // SLOT_US
        if slot == self.slot:
            return
        if self.slot_whole and self.slot_volume > 0:
            self.learn(self.slot, self.slot_volume)
        self.slot_whole, self.slot, self.slot_volume = watched and slot == self.slot + 1, slot, 0.0

    def learn(self, slot: int, volume: float) -> None:
        """One more day's volume of a quarter of an hour."""
        self.usual.setdefault(slot % SLOTS, deque(maxlen=DAYS)).append(volume)


@attrs.define
class UnusualVolume:
    """Compares the volume of the last `window_s` with the mean of 30 days for as long a time in this quarter of an hour.

    More than `limit_ratio` times that is high, more than `critical_ratio` times critical. A symbol speaks once per severity until
    it is below `rearm_ratio`. Nothing is said with fewer than `least_days` to compare with, or `least_trades` in the window.
    Sources are not added up: each is compared with its own past. One that publishes only bars is judged by its minutes, while
    they are new: a bar that ended more than `stale_after_s` ago is the past.
    """

    limit_ratio: float = attrs.field(default=3.0, validator=gt(0))  # times the mean of 30 days: more is high
    critical_ratio: float = attrs.field(default=5.0, validator=gt(0))  # times the mean: more is critical
    rearm_ratio: float = attrs.field(default=2.0, validator=gt(0))  # times the mean; below it, it is over
    window_s: float = attrs.field(default=60.0, validator=ge(1))  # seconds
    least_days: int = attrs.field(default=5, validator=[ge(1), attrs.validators.le(DAYS)])  # days to compare with
    least_trades: int = attrs.field(default=10, validator=ge(1))  # trades there must be in the window
    interval_s: float = attrs.field(default=60.0, validator=ge(0.1))  # longest silence between checks, seconds
    stale_after_s: float = attrs.field(default=60.0, validator=gt(0))  # what a source says of longer ago is not now, seconds
    symbols: tuple[str, ...] = UNIVERSE  # bases (BTC watches each BTC pair), symbols (BTC-USD), or "*" for all
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _tapes: dict[tuple[str, str], _Tape] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _latches: Latches = attrs.field(factory=Latches, init=False, repr=False, eq=False)
    _watches: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)

    listens = ("trade:*", "bar:1m:*")

    def __attrs_post_init__(self) -> None:
        self._watches = universe(self.symbols)

    @property
    def memory_s(self) -> float:
        """Seconds of past input that decide what it says next."""
        return 2 * self.window_s

    @property
    def lessons(self) -> tuple[Bars, ...]:
        """What was traded in each quarter of an hour of 30 days."""
        return (Bars("15m", DAYS * 86_400.0, self._watches),)

    def learn(self, bar: Bar) -> None:
        """Take a quarter of an hour of the past."""
        if bar.volume == 0 or is_positive(bar.volume):
            self._tape(bar.symbol, bar.source).learn(bar.ts_us // SLOT_US, bar.volume)

    def update(self, message: Trade | Bar, now: int) -> Iterator[Finding]:
        """Take a trade, or the closed bar of a minute, published at `now` (UTC microseconds)."""
        if not self._watches(message.symbol):
            return
        tape = self._tape(message.symbol, message.source)
        if isinstance(message, Bar):
            yield from self._take_bar(tape, message, now)
            return
        if not (is_positive(message.size) and is_positive(message.price)):
            self.ignored["not_positive"] += 1
            return
        if now - message.ts_us > self.stale_after_s * 1e6:
            self.ignored["stale"] += 1
            return
        tape.roll(now, watched=tape.traded_us >= 0)
        tape.slot_volume += message.size
        tape.traded_us = now
        second, seconds = now // SECOND_US, tape.seconds
        if seconds and seconds[-1][0] == second:
            _, volume, trades, _ = seconds[-1]
            seconds[-1] = second, volume + message.size, trades + 1, message.price
            return
        oldest = second - round(self.window_s)
        while seconds and seconds[0][0] < oldest:
            seconds.popleft()
        if seconds:  # whole seconds only, and so no more often than once a second
            yield from self._judge_window(tape, message, now)
        seconds.append((second, message.size, 1, message.price))

    def _judge_window(self, tape: _Tape, trade: Trade, now: int) -> Iterator[Finding]:
        if sum(one[2] for one in tape.seconds) < self.least_trades:
            return
        volume = sum(one[1] for one in tape.seconds)
        first, last = tape.seconds[0][3], tape.seconds[-1][3]
        yield from self._judge(tape, trade, volume, self.window_s, first, last, now)

    def _take_bar(self, tape: _Tape, bar: Bar, now: int) -> Iterator[Finding]:
        if not bar.closed or tape.traded_us >= now - 2 * MINUTE_US:
            return
        if not ((bar.volume == 0 or is_positive(bar.volume)) and is_positive(bar.open) and is_positive(bar.close)):
            self.ignored["not_positive"] += 1
            return
        if now - bar.ts_us > self.stale_after_s * 1e6 + MINUTE_US:  # the past, which the next life is taught
            self.ignored["stale"] += 1
            return
        tape.roll(now, watched=True)
        tape.slot_volume += bar.volume
        yield from self._judge(tape, bar, bar.volume, 60.0, bar.open, bar.close, now)

    def _judge(
        self, tape: _Tape, message: Trade | Bar, volume: float, window_s: float, first: float, last: float, now: int
    ) -> Iterator[Finding]:
        usual = tape.usual.get(now // SLOT_US % SLOTS, ())
        if len(usual) < self.least_days:
            return
        mean = fmean(usual) * window_s * 1e6 / SLOT_US
        symbol = message.symbol
        key = f"{symbol} {message.source}"
        if volume <= self.limit_ratio * mean or mean < SMALLEST:
            if volume < self.rearm_ratio * mean and self._latches.is_on(key):
                self._latches.rest(key)
            return
        ratio = volume / mean
        severity = Severity.critical if ratio > self.critical_ratio else Severity.high
        if not self._latches.speaks(key, severity):
            return
        yield Finding(
            kind="unusual_volume",
            subject=symbol,
            severity=severity,
            summary=f"{symbol}: {ratio:.1f} times the usual volume in {window_s:g} s",
            data={
                "current_volume": volume, "avg_volume": mean, "volume_ratio": round(ratio, 6),
                "price_change_pct": round((last - first) / first * 100, 6), "price": last, "window_s": window_s,
            },
            ts_us=now,
            cause=f"{message.topic}:{now}",
        )  # fmt: skip

    def _tape(self, symbol: str, source: str) -> _Tape:
        tape = self._tapes.get((symbol, source))
        if tape is None:
            if len(self._tapes) >= MOST_TAPES:
                del self._tapes[next(iter(self._tapes))]
            tape = self._tapes[symbol, source] = _Tape()
        return tape

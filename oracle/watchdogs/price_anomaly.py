"""Speaks when a price moves too far too fast."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator

import attrs
from attrs.validators import ge, gt

from oracle.model import Finding, Severity, Trade
from oracle.watchdogs.latch import Latches
from oracle.watchdogs.plausible import is_positive
from oracle.watchdogs.universe import universe

__all__ = ["PriceAnomaly"]

MOST_SYMBOLS = 10_000  # tracked at once; the one begun first goes for a new one
MOST_SOURCES = 32  # of a symbol, the same
UNIVERSE = ("BTC", "ETH", "SPY", "QQQ", "AAPL", "TSLA")


@attrs.define
class _Track:
    """What one source says of one symbol: a sample a second of the last window, and the newest sample older than that."""

    recent: deque[tuple[int, float]] = attrs.field(factory=deque)
    past: tuple[int, float] | None = None
    moved_pct: float = 0.0

    def is_out(self, rearm_pct: float, since_us: int) -> bool:
        """Whether it was told of later than `since_us`, and its move is no rest."""
        return self.moved_pct >= rearm_pct and bool(self.recent) and self.recent[-1][0] > since_us


@attrs.define
class PriceAnomaly:
    """Compares each trade with what its own source said of the symbol at least `window_s` seconds ago (and at most twice that).

    A move of more than `limit_pct` is high, more than `critical_pct` critical; a fall of more than `critical_pct` is a
    `flash_crash`. Each symbol speaks once per direction and severity, whoever says it first, until the moves of all its sources
    are below `rearm_pct` again.
    """

    limit_pct: float = attrs.field(default=5.0, validator=gt(0))  # percent of the older price
    critical_pct: float = attrs.field(default=10.0, validator=gt(0))  # percent
    rearm_pct: float = attrs.field(default=4.0, validator=gt(0))  # percent; below it the symbol may speak again
    window_s: float = attrs.field(default=60.0, validator=gt(0))  # seconds
    interval_s: float = attrs.field(default=30.0, validator=ge(0.1))  # longest silence between checks, seconds
    stale_after_s: float = attrs.field(default=60.0, validator=gt(0))  # what a source says of longer ago is not now, seconds
    symbols: tuple[str, ...] = UNIVERSE  # bases (BTC watches each BTC pair), symbols (BTC-USD), or "*" for all
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _tracks: dict[str, dict[str, _Track]] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _latches: Latches = attrs.field(factory=Latches, init=False, repr=False, eq=False)
    _watches: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)

    listens = ("trade:*",)

    def __attrs_post_init__(self) -> None:
        self._watches = universe(self.symbols)

    @property
    def memory_s(self) -> float:
        """Seconds of past input that decide what it says next."""
        return 2 * self.window_s

    def update(self, trade: Trade, now: int) -> Iterator[Finding]:
        """Take a trade published at `now` (UTC microseconds)."""
        symbol, price = trade.symbol, trade.price
        if not self._watches(symbol):
            return
        if not is_positive(price):
            self.ignored["not_positive"] += 1
            return
        if now - trade.ts_us > self.stale_after_s * 1e6:
            self.ignored["stale"] += 1
            return
        track = self._track(symbol, trade.source)
        window_us = round(self.window_s * 1e6)
        recent = track.recent
        while recent and recent[0][0] <= now - window_us:
            track.past = recent.popleft()
        if recent and recent[-1][0] // 1_000_000 == now // 1_000_000:
            recent[-1] = (now, price)  # one sample a second bounds the window whatever the rate of trades
        else:
            recent.append((now, price))
        if track.past is not None and track.past[0] >= now - 2 * window_us:
            yield from self._judge(trade, track, track.past[1], now)

    def _track(self, symbol: str, source: str) -> _Track:
        sources = self._tracks.get(symbol)
        if sources is None:
            if len(self._tracks) >= MOST_SYMBOLS:  # a venue gone mad must not grow us without end
                del self._tracks[next(iter(self._tracks))]
            sources = self._tracks[symbol] = {}
        track = sources.get(source)
        if track is None:
            if len(sources) >= MOST_SOURCES:
                del sources[next(iter(sources))]
            track = sources[source] = _Track()
        return track

    def _judge(self, trade: Trade, track: _Track, past_price: float, now: int) -> Iterator[Finding]:
        change_pct = (trade.price - past_price) / past_price * 100
        size_pct = track.moved_pct = abs(change_pct)
        if size_pct <= self.limit_pct:
            since_us = now - 2 * round(self.window_s * 1e6)
            if not any(one.is_out(self.rearm_pct, since_us) for one in self._tracks[trade.symbol].values()):
                self._latches.rest(trade.symbol)
            return
        severity = Severity.critical if size_pct > self.critical_pct else Severity.high
        rise = change_pct > 0
        if not self._latches.speaks(trade.symbol, severity, "rise" if rise else "fall"):
            return
        crash = change_pct < -self.critical_pct
        yield Finding(
            kind="flash_crash" if crash else "price_anomaly",
            subject=trade.symbol,
            severity=severity,
            summary=f"{trade.symbol} {'rose' if rise else 'fell'} {size_pct:.1f} % in {self.window_s:g} s",
            data={
                "current_price": trade.price,
                "past_price": past_price,
                "change_pct": round(change_pct, 6),
                "time_window_seconds": self.window_s,
            },
            ts_us=now,
            cause=f"{trade.topic}:{trade.trade_id}",
        )

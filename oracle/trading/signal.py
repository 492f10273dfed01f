"""What strategies say, and what a strategy is."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol

import attrs

from oracle.model import Bar, Event, Sample

__all__ = ["Direction", "Holding", "Signal", "Strategy", "Verdict"]


class Direction(enum.StrEnum):
    """LONG and SHORT open, FLAT closes."""

    long = "LONG"
    short = "SHORT"
    flat = "FLAT"


@attrs.frozen
class Signal:
    """A strategy wants a position: `strength` is 0 to 1, `reason` what it saw, `ts_us` the time of the data that made it."""

    symbol: str
    direction: Direction
    strength: float
    strategy_name: str
    reason: str
    ts_us: int
    metadata: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class Holding:
    """What a strategy is told of its own position in a symbol: `quantity` (negative for short), mean entry price, when it was
    opened and how many daily bars ago."""

    quantity: float
    entry_price: float
    opened_us: int
    bars_held: int


@attrs.frozen
class Verdict:
    """How a symbol stands with a strategy now, and why; `candidate` where it would open a position."""

    symbol: str
    reason: str
    candidate: bool = False
    direction: Direction = Direction.flat


class Strategy(Protocol):
    """A decider over all symbols of the universe: sans-IO, the same object live and in a backtest. Its attrs fields are its
    settings. It sees bars of `interval` in order of time, all of one instant before the call of `decide` for that instant; no
    signal before `min_hold_days` bars is a FLAT one, but for a stop."""

    name: ClassVar[str]
    description: ClassVar[str]
    min_hold_days: ClassVar[int]
    required_data: ClassVar[tuple[str, ...]]
    """`ohlcv`, `fundamentals`, `insider_transactions`."""
    warmup_bars: ClassVar[int]
    """Bars of a symbol it wants before it can say anything."""

    def unavailable(self) -> str:
        """Why it can't work here; empty where it can."""
        ...

    def update(self, message: Bar | Sample | Event) -> None:
        """Take in a closed bar, a fundamental (`fundamental_NAME`) or an insider trade."""
        ...

    def decide(self, symbol: str, holding: Holding | None, now_us: int) -> Signal | None:
        """What it wants of a symbol whose bar has just come; None for nothing new."""
        ...

    def rebalance(self, symbols: Sequence[str], holdings: dict[str, Holding], now_us: int) -> Iterable[Signal]:
        """What it wants of all symbols together, asked once after the bars of an instant; nothing for most strategies."""
        ...

    def verdict(self, symbol: str) -> Verdict:
        """How a symbol stands, for the scanner."""
        ...

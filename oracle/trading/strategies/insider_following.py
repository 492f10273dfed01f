"""InsiderFollowing: what several insiders of a company buy at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import attrs
from attrs.validators import and_, ge, gt, le

from oracle.model import Bar, Event, Sample
from oracle.trading.indicators import LONGEST
from oracle.trading.signal import Direction, Holding, Signal, Verdict
from oracle.trading.strategies.exit import exit_of

__all__ = ["InsiderFollowing"]

_DAY_US = 86_400_000_000
_percent = and_(gt(0.0), le(100.0))


@attrs.define(eq=False)
class _Line:
    """What is known of a symbol: its newest bar, and trades as (time, insider, signed shares). `news` are purchases since the bar
    before, `fresh` those that the newest bar is the first to know."""

    bar: Bar | None = None
    trades: dict[str, tuple[int, str, float]] = attrs.field(factory=dict)
    news: bool = False
    fresh: bool = False


@attrs.define(eq=False)
class InsiderFollowing:
    """LONG when there is a new purchase and those of `lookback_days` make a cluster: `least_buyers` insiders who bought, and
    `least_shares` more bought than sold; strength 0.5 and 0.1 more for each further buyer, 1 at most. FLAT when it has been held
    for `hold_bars`, when insiders have sold more than bought, or at the stop. A purchase counts when it is told."""

    name: ClassVar[str] = "InsiderFollowing"
    description: ClassVar[str] = "Follows clusters of purchases by insiders"
    min_hold_days: ClassVar[int] = 10
    required_data: ClassVar[tuple[str, ...]] = ("ohlcv", "insider_transactions")
    warmup_bars: ClassVar[int] = 1

    lookback_days: int = attrs.field(default=90, validator=and_(ge(1), le(365)))
    """Calendar days back that a trade counts, a year at most."""
    least_shares: float = attrs.field(default=5_000.0, validator=gt(0))
    """Shares that insiders must have bought more than sold."""
    least_buyers: int = attrs.field(default=2, validator=ge(1))
    """Insiders who must have bought."""
    hold_bars: int = attrs.field(default=21, validator=and_(ge(10), le(LONGEST)))
    """Daily bars that a position is held for."""
    stop_loss_pct: float = attrs.field(default=10.0, validator=_percent)
    """Exit when a position has lost so many percent of its entry price."""
    _lines: dict[str, _Line] = attrs.field(init=False, factory=dict)

    def unavailable(self) -> str:
        """Works everywhere; where nobody tells insiders' trades it says nothing."""
        return ""

    def update(self, message: Bar | Sample | Event) -> None:
        if isinstance(message, Bar):
            line = self._lines.setdefault(message.symbol, _Line())
            line.bar, line.fresh, line.news = message, line.news, False
        elif isinstance(message, Event) and message.kind == "insider_trade":
            line = self._lines.setdefault(message.subject, _Line())
            side, shares = message.data["side"], float(message.data["shares"])
            if message.id in line.trades or side not in ("buy", "sell"):
                return
            line.trades[message.id] = message.ts_us, str(message.data["insider"]), shares if side == "buy" else -shares
            line.news = line.news or side == "buy"

    def decide(self, symbol: str, holding: Holding | None, now_us: int) -> Signal | None:
        """An entry with the first bar after a cluster has grown."""
        line = self._lines.get(symbol)
        if line is None or line.bar is None:
            return None
        net, buyers = self._cluster(line)
        if holding is not None:
            why = f"insiders have sold {-net:g} shares more than bought" if net < 0 else ""
            why = why or (f"held for {holding.bars_held} bars" if holding.bars_held >= self.hold_bars else "")
            return exit_of(self.name, line.bar, holding, self.min_hold_days, self.stop_loss_pct, why)
        if not line.fresh or not self._enough(net, buyers):
            return None
        strength = min(1.0, 0.5 + 0.1 * (buyers - self.least_buyers))
        reason = f"{buyers} insiders bought {net:g} shares net in {self.lookback_days} days"
        return Signal(symbol, Direction.long, strength, self.name, reason, line.bar.ts_us, {"net_shares": net, "buyers": buyers})

    def rebalance(self, symbols: Sequence[str], holdings: dict[str, Holding], now_us: int) -> Iterable[Signal]:
        """Nothing: each symbol stands for itself."""
        return ()

    def verdict(self, symbol: str) -> Verdict:
        """Who has bought how much."""
        line = self._lines.get(symbol)
        if line is None or line.bar is None:
            return Verdict(symbol, "no daily bars yet")
        if not line.trades:
            return Verdict(symbol, "no trades of insiders known")
        net, buyers = self._cluster(line)
        if line.fresh and self._enough(net, buyers):
            return Verdict(symbol, "CANDIDATE (BUY)", True, Direction.long)
        return Verdict(symbol, f"Low Score ({buyers} insiders bought, {net:+g} shares net)")

    def _enough(self, net: float, buyers: int) -> bool:
        return net >= self.least_shares and buyers >= self.least_buyers

    def _cluster(self, line: _Line) -> tuple[float, int]:
        """Shares bought less sold, and how many insiders bought, as far back as it counts."""
        if line.bar is None or not line.trades:
            return 0.0, 0
        since_us = line.bar.ts_us - self.lookback_days * _DAY_US
        line.trades = {ident: trade for ident, trade in line.trades.items() if trade[0] > since_us}
        counted = line.trades.values()
        return sum(shares for _, _, shares in counted), len({who for _, who, shares in counted if shares > 0})

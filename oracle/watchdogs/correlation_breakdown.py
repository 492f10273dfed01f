"""Speaks when two things that went together no longer do, or begin to."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from math import log
from statistics import fmean, median

import attrs
from attrs.validators import ge, gt, min_len

from oracle.model import Bar, Finding, Severity, Trade
from oracle.problems import Bad
from oracle.symbols import base_asset, quote_asset
from oracle.watchdogs.decider import Bars
from oracle.watchdogs.latch import Latches
from oracle.watchdogs.plausible import is_positive
from oracle.watchdogs.pushed import OfFeeds
from oracle.watchdogs.universe import universe

__all__ = ["CorrelationBreakdown"]

DAY_S = 86_400.0
SLOT_US = 900_000_000  # a quarter of an hour
DOLLARS = ("USD", "USDT", "USDC", "FDUSD")  # a base alone means its pair in the first of these there is
MADS = 1.4826 * 4.0  # four standard deviations of a normal distribution, by the median of absolute deviations


def _are_pairs(_: object, __: object, pairs: Sequence[str]) -> None:
    for pair in pairs:
        if len([leg for leg in pair.split("/") if leg]) != 2:
            raise ValueError(f"{pair!r} is no pair of symbols such as BTC/ETH")


@attrs.define
class CorrelationBreakdown:
    """Compares the correlation of two symbols over `recent_days` with that over `past_days`.

    It is Pearson's, of the logarithmic returns of quarters of an hour in which both were traded; returns beyond four robust
    standard deviations count as four (winsorized; the deviation from the median of absolute deviations, Huber, Robust
    Statistics, 1981), so that no single jump decides. A change of more than `limit` is medium, more than `high` high. Each pair
    is judged once a quarter of an hour, and speaks once per severity and direction until the change is below `rearm`. A pushed
    trade counts where no feed trades that symbol.
    """

    limit: float = attrs.field(default=0.5, validator=gt(0))  # change of the correlation
    high: float = attrs.field(default=0.7, validator=gt(0))  # change of the correlation: more is high
    rearm: float = attrs.field(default=0.4, validator=gt(0))  # change of the correlation; below it the break is over
    recent_days: float = attrs.field(default=7.0, validator=gt(0))  # days whose correlation is judged
    past_days: float = attrs.field(default=90.0, validator=gt(0))  # days it is compared with
    least_returns: int = attrs.field(default=100, validator=ge(10))  # in the recent days, and twice that in the past ones
    interval_s: float = attrs.field(default=600.0, validator=ge(0.1))  # longest silence between checks, seconds
    memory_s: float = attrs.field(default=1_800.0, validator=gt(0))  # what was judged since is not told again after a start
    stale_after_s: float = attrs.field(default=60.0, validator=gt(0))  # what a source says of longer ago is not now, seconds
    pairs: tuple[str, ...] = attrs.field(
        default=("BTC/ETH", "SPY/QQQ", "GLD/TLT", "BTC/SPY"), validator=[min_len(1), _are_pairs]
    )  # of bases or symbols; a base means its pair in dollars
    ignored: Counter[str] = attrs.field(factory=Counter, init=False, repr=False, eq=False)
    _closes: dict[str, dict[int, float]] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    _slot: int = attrs.field(default=-1, init=False, repr=False, eq=False)  # the present one, since 1970
    _pending: deque[str] = attrs.field(factory=deque, init=False, repr=False, eq=False)  # pairs to judge in it
    _latches: Latches = attrs.field(factory=Latches, init=False, repr=False, eq=False)
    _watches: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)
    _of_feeds: OfFeeds = attrs.field(init=False, repr=False, eq=False)

    listens = ("trade:*",)

    def __attrs_post_init__(self) -> None:
        if self.recent_days >= self.past_days:
            raise Bad("value_error", "recent_days has to be less than past_days")
        self._watches = universe({leg for pair in self.pairs for leg in pair.split("/")})
        self._of_feeds = OfFeeds(self.stale_after_s)

    @property
    def lessons(self) -> tuple[Bars, ...]:
        """The quarters of an hour of the past days."""
        return (Bars("15m", self.past_days * DAY_S, self._watches),)

    def learn(self, bar: Bar) -> None:
        """Take a quarter of an hour of the past."""
        if is_positive(bar.close):
            self._closes.setdefault(bar.symbol, {})[bar.ts_us // SLOT_US] = bar.close

    def update(self, trade: Trade, now: int) -> Iterator[Finding]:
        """Take a trade published at `now` (UTC microseconds)."""
        if not self._watches(trade.symbol):
            return
        if not is_positive(trade.price):
            self.ignored["not_positive"] += 1
            return
        if now - trade.ts_us > self.stale_after_s * 1e6:
            self.ignored["stale"] += 1
            return
        if not self._of_feeds.counts(trade.symbol, trade.source, now):
            self.ignored["pushed"] += 1
            return
        slot = now // SLOT_US
        if slot > self._slot:
            self._turn(slot)
        if self._pending:  # one pair a trade, so that nothing waits long for this
            yield from self._judge(self._pending.popleft(), trade, now)
        if slot == self._slot:
            self._closes.setdefault(trade.symbol, {})[slot] = trade.price

    def _turn(self, slot: int) -> None:
        """A quarter of an hour is over."""
        self._slot = slot
        self._pending = deque(self.pairs)
        oldest = slot - round(self.past_days * DAY_S * 1e6 / SLOT_US)
        for closes in self._closes.values():
            while closes and (first := next(iter(closes))) < oldest:
                del closes[first]

    def _judge(self, pair: str, trade: Trade, now: int) -> Iterator[Finding]:
        one, two = (self._symbol(leg) for leg in pair.split("/"))
        if one is None or two is None:
            return
        past, recent = self._returns(one, two)
        if len(recent) < self.least_returns or len(past) < 2 * self.least_returns:
            return
        recent_corr, hist_corr = _correlation(recent), _correlation(past)
        if recent_corr is None or hist_corr is None:
            return
        change = recent_corr - hist_corr
        if abs(change) <= self.limit:
            if abs(change) < self.rearm:
                self._latches.rest(pair)
            return
        severity = Severity.high if abs(change) > self.high else Severity.medium
        if self._latches.speaks(pair, severity, "up" if change > 0 else "down"):
            yield Finding(
                kind="correlation_break",
                subject=one,
                severity=severity,
                summary=f"{one} and {two}: correlation {recent_corr:.2f} of late, {hist_corr:.2f} before",
                data={
                    "asset1": one, "asset2": two, "recent_corr": round(recent_corr, 6), "hist_corr": round(hist_corr, 6),
                    "change": round(change, 6), "returns": len(past),
                },
                ts_us=now,
                cause=f"trade:{pair}:{trade.trade_id}",
            )  # fmt: skip

    def _symbol(self, leg: str) -> str | None:
        """The symbol that a leg means, of those there are prices of."""
        if leg in self._closes:
            return leg
        order = {quote: place for place, quote in enumerate(DOLLARS)}
        known = [symbol for symbol in self._closes if base_asset(symbol) == leg]
        return min(known, key=lambda symbol: (order.get(quote_asset(symbol), len(order)), symbol), default=None)

    def _returns(self, one: str, two: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """The returns of both, where two quarters of an hour that follow each other have prices of both; and the recent ones."""
        first, second = self._closes[one], self._closes[two]
        begin = self._slot - round(self.recent_days * DAY_S * 1e6 / SLOT_US)
        pairs, late = [], 0
        for slot, price in first.items():
            if slot >= self._slot or slot - 1 not in first or slot not in second or slot - 1 not in second:
                continue
            pairs.append((log(price / first[slot - 1]), log(second[slot] / second[slot - 1])))
            late += slot > begin
        ones, twos = (_winsorized([pair[leg] for pair in pairs]) for leg in (0, 1))
        past = list(zip(ones, twos, strict=True))
        return past, past[len(past) - late :]


def _winsorized(values: list[float]) -> list[float]:
    if not values:
        return values
    middle = median(values)
    reach = MADS * median([abs(value - middle) for value in values])
    return [min(max(value, middle - reach), middle + reach) for value in values] if reach > 0 else values


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's; None where one of both never moves."""
    mean_x, mean_y = fmean([x for x, _ in pairs]), fmean([y for _, y in pairs])
    xy = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    xx, yy = sum((x - mean_x) ** 2 for x, _ in pairs), sum((y - mean_y) ** 2 for _, y in pairs)
    spread = xx**0.5 * yy**0.5
    return float(xy / spread) if spread > 0 else None

"""A backtest of a strategy as it is wished for, and what is wrong with a wish."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import attrs
from attrs.validators import and_, deep_iterable, gt, le, matches_re, max_len

from actors import Refused
from oracle.problems import Invalid, Problem
from oracle.trading.backtest.result import DAY_US
from oracle.trading.roster import Listed, made, wanted

__all__ = ["MOST_SYMBOLS", "Ask", "Wish", "checked"]

MOST_SYMBOLS = 100
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@attrs.frozen(kw_only=True)
class Wish:
    """A strategy over the daily bars that begin in start_us <= time <= end_us, UTC microseconds, with so many USD; of the
    `symbols` named (of the universe, if none is), with `params` instead of its own settings where given. `sizing`: as live
    (half_kelly), or all the cash (all_in). `orders`: as live (brackets with a stop and a target), or at market. `limits`: whether
    the gate judges orders, as live."""

    strategy: str
    start_us: int
    end_us: int
    initial_capital: float = attrs.field(default=100_000.0, validator=and_(gt(0), le(1e12)))
    symbols: tuple[str, ...] = attrs.field(
        default=(), validator=and_(max_len(MOST_SYMBOLS), deep_iterable(matches_re(r"[A-Z0-9]+(-[A-Z0-9]+)?"))))  # fmt: skip
    params: dict[str, Any] = attrs.field(factory=dict)
    sizing: Literal["half_kelly", "all_in"] = "half_kelly"
    orders: Literal["live", "market"] = "live"
    limits: bool = True

    @property
    def plain(self) -> bool:
        """Whether it is run as it is set up: comparable with others that are."""
        return not self.symbols and not self.params and (self.sizing, self.orders, self.limits) == ("half_kelly", "live", True)


@attrs.frozen
class Ask:
    """A wish that can be carried out: of which strategy, with which settings, and how many bars that sees beforehand."""

    wish: Wish
    listed: Listed
    warmup_bars: int
    required_data: tuple[str, ...]

    @property
    def start(self) -> dt.date:
        """The first day."""
        return _day(self.wish.start_us)

    @property
    def end(self) -> dt.date:
        """The last day, which counts."""
        return _day(self.wish.end_us)

    @property
    def to_us(self) -> int:
        """Bars begin before this."""
        return self.wish.end_us + 1

    @property
    def since_us(self) -> int:
        """From where on bars are read: enough of them before the start, weekends and holidays among them."""
        return max(0, self.wish.start_us - (2 * self.warmup_bars + 10) * DAY_US) if self.warmup_bars else self.wish.start_us


def checked(wish: Wish, known: Mapping[str, Listed], now_us: int) -> Ask:
    """What is to be run. Raises Refused: `not_found`, `conflict` (the strategy can't work here, and why); Invalid, which names
    the field."""
    listed = wanted(known, wish.strategy)
    problems = list(_wrong_span(wish, now_us))
    if problems:
        raise Invalid(problems)
    table = {**listed.table, **wish.params}
    strategy = made(listed.kind, table, ("body", "params"))
    if why := strategy.unavailable():
        raise Refused(f"{listed.name} can't work here: {why}", "conflict", {"strategy": listed.name, "reason": why})
    chosen = attrs.evolve(listed, table=table)
    clean = attrs.evolve(wish, strategy=listed.name, symbols=tuple(dict.fromkeys(wish.symbols)))
    return Ask(clean, chosen, strategy.warmup_bars, tuple(strategy.required_data))


def _wrong_span(wish: Wish, now_us: int) -> Iterator[Problem]:
    if wish.end_us < wish.start_us:
        yield Problem(("body", "end"), "value_error", "it must not be before start", _day(wish.end_us).isoformat())
    if wish.start_us > now_us:
        yield Problem(("body", "start"), "value_error", "nothing is stored of the future", _day(wish.start_us).isoformat())


def _day(time_us: int) -> dt.date:
    return (_EPOCH + dt.timedelta(microseconds=time_us)).date()

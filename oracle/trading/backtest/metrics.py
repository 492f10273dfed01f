"""What is said of an equity curve and of the trades that made it. Pure; fractions, not percents; None where a number is not
defined (a ratio over nothing).

Returns are simple ones from a point to the next. `per_year` is how many of them a year has: 252 of exchange days, 365 of days.
Ratios are annualised by its square root, which supposes returns that don't hang together (Lo, The Statistics of Sharpe Ratios,
Financial Analysts Journal, 2002).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

__all__ = [
    "annualised_return", "average", "cagr", "consistency", "downside_deviation", "expectancy", "exposure", "longest_drawdown",
    "losses", "max_drawdown", "profit_factor", "returns", "sharpe", "sortino", "total_return", "turnover", "volatility",
    "win_rate", "wins",
]  # fmt: skip

_NOTHING = 1e-12  # a deviation below this is what binary fractions leave of none


def returns(equity: Sequence[float]) -> list[float]:
    """Returns from point to point, fractions; the last is -1 where the equity is gone, and nothing comes after that."""
    found = []
    for before, after in pairwise(equity):
        if before <= 0:
            break
        found.append(max(after / before - 1, -1.0))
    return found


def total_return(equity: Sequence[float]) -> float:
    """(last - first) / first, a fraction; 0 of fewer than two points."""
    return (equity[-1] - equity[0]) / equity[0] if len(equity) > 1 else 0.0


def cagr(equity: Sequence[float], years: float) -> float | None:
    """Compound annual growth rate, (last / first)^(1 / years) - 1, a fraction a year; -1 where nothing is left."""
    if len(equity) < 2 or years <= 0:
        return None
    grown = equity[-1] / equity[0]
    if grown <= 0:
        return -1.0
    exponent = math.log(grown) / years
    return math.expm1(exponent) if exponent < 700 else None  # beyond all numbers


def annualised_return(series: Sequence[float], per_year: float) -> float | None:
    """The geometric mean return compounded over a year, a fraction a year (CFA Institute, GIPS, geometric linking)."""
    if not series:
        return None
    if min(series) <= -1:
        return -1.0
    exponent = math.fsum(map(math.log1p, series)) / len(series) * per_year
    return math.expm1(exponent) if exponent < 700 else None


def volatility(series: Sequence[float], per_year: float) -> float | None:
    """Standard deviation of the returns (of a sample: divided by n - 1), annualised; a fraction."""
    deviation = _deviation(series)
    return None if deviation is None else deviation * math.sqrt(per_year)


def sharpe(series: Sequence[float], per_year: float, risk_free: float = 0.0) -> float | None:
    """Mean of the returns above `risk_free` (a fraction for each) over their standard deviation, annualised
    (Sharpe, The Sharpe Ratio, Journal of Portfolio Management, 1994)."""
    deviation = _deviation(series)
    if deviation is None or deviation < _NOTHING:
        return None
    return (_mean(series) - risk_free) / deviation * math.sqrt(per_year)


def downside_deviation(series: Sequence[float], target: float = 0.0) -> float | None:
    """Root of the mean square of what returns fall short of `target`, over all returns, those above it as 0 (Sortino & Price,
    Performance Measurement in a Downside Risk Framework, Journal of Investing, 1994); a fraction, not annualised."""
    if not series:
        return None
    return math.sqrt(math.fsum(min(0.0, one - target) ** 2 for one in series) / len(series))


def sortino(series: Sequence[float], per_year: float, target: float = 0.0) -> float | None:
    """Mean of the returns above `target` (a fraction for each) over their downside deviation, annualised (Sortino & Price,
    1994)."""
    deviation = downside_deviation(series, target)
    if deviation is None or deviation < _NOTHING:
        return None
    return (_mean(series) - target) / deviation * math.sqrt(per_year)


def max_drawdown(equity: Sequence[float]) -> float:
    """The deepest fall from a peak before it, a positive fraction of that peak (Magdon-Ismail & Atiya, Maximum Drawdown, Risk,
    2004)."""
    peak, deepest = -math.inf, 0.0
    for value in equity:
        if value > peak:
            peak = value
        elif peak > 0 and (peak - value) / peak > deepest:
            deepest = (peak - value) / peak
    return deepest


def longest_drawdown(equity: Sequence[float], times: Sequence[float]) -> float:
    """The longest time from a peak until the equity is as high again, or until the end where it is not; in the unit of
    `times`."""
    return max((until - since for since, until in _drawdowns(equity, times)), default=0.0)


def wins(gains: Sequence[float]) -> list[float]:
    """Those above 0."""
    return [gain for gain in gains if gain > 0]


def losses(gains: Sequence[float]) -> list[float]:
    """Those below 0, as positive numbers."""
    return [-gain for gain in gains if gain < 0]


def win_rate(gains: Sequence[float]) -> float | None:
    """The share of trades that gained, a fraction of all, those that came out even included."""
    return len(wins(gains)) / len(gains) if gains else None


def profit_factor(gains: Sequence[float]) -> float | None:
    """Sum of what was won over the sum of what was lost (Schwager, Managed Trading, 1996, calls it so); infinite where something
    was won and nothing lost."""
    won, lost = math.fsum(wins(gains)), math.fsum(losses(gains))
    if lost > 0:
        return won / lost
    return math.inf if won > 0 else None


def average(numbers: Sequence[float]) -> float | None:
    """The mean, in the unit of the numbers: of `wins` the average win, of `losses` the average loss."""
    return _mean(numbers) if numbers else None


def expectancy(gains: Sequence[float]) -> float | None:
    """What a trade gained in the mean, in the unit of the gains: win rate x average win - loss rate x average loss (Tharp, Trade
    Your Way to Financial Freedom, 1998)."""
    return average(gains)


def exposure(held: int, points: int) -> float | None:
    """The share of all points of time at which something was held, a fraction."""
    return held / points if points else None


def turnover(bought: float, sold: float, equity: Sequence[float], years: float) -> float | None:
    """The lesser of what was bought and what was sold over the mean equity, a fraction a year (SEC, Form N-1A, item 13: portfolio
    turnover rate)."""
    if not equity or years <= 0 or (mean := _mean(equity)) <= 0:
        return None
    return min(bought, sold) / mean / years


def consistency(windows: Sequence[float]) -> float:
    """How much alike windows of a walk forward were, 0 to 1: max(0, 1 - deviation of their returns in percent / 50), with the
    deviation of a population (the windows are all there are); .5 of one window, 0 of none. `windows` are fractions."""
    if len(windows) < 2:
        return 0.5 * len(windows)
    mean = _mean(windows)
    deviation = math.sqrt(math.fsum((one - mean) ** 2 for one in windows) / len(windows))
    return max(0.0, 1 - 100 * deviation / 50)


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def _deviation(series: Sequence[float]) -> float | None:
    if len(series) < 2:
        return None
    mean = _mean(series)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in series) / (len(series) - 1))


def _drawdowns(equity: Sequence[float], times: Sequence[float]) -> Iterator[tuple[float, float]]:
    peak, since, under = -math.inf, 0.0, False
    for value, time in zip(equity, times, strict=True):
        if value >= peak:
            if under:
                yield since, time
            peak, since, under = value, time, False
        else:
            under = True
    if under:
        yield since, times[-1]

"""The windows of a walk forward: months to learn from, then months to be tested on, then on by a step.

As Pardo has it (Design, Testing, and Optimization of Trading Systems, 1992).

Nothing is fitted to the months before a window alone: a strategy goes into a backtest with its settings, and one that learns does
so on the way, of what is over. So a window's return is that of the one equity curve over its test months, and the months before
it are what the strategy must have come through already.
"""

from __future__ import annotations

import calendar
import datetime as dt
from bisect import bisect_left
from collections.abc import Iterator, Sequence

__all__ = ["STEP_MONTHS", "TEST_MONTHS", "TRAIN_MONTHS", "later", "window_returns", "windows"]

TRAIN_MONTHS, TEST_MONTHS, STEP_MONTHS = 24, 6, 3


def windows(start: dt.date, end: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """The test months of each window, from a day until before another; `end` is the last day there is."""
    month = TRAIN_MONTHS
    while (until := later(start, month + TEST_MONTHS)) <= end + dt.timedelta(days=1):
        yield later(start, month), until
        month += STEP_MONTHS


def window_returns(dates: Sequence[dt.date], equity: Sequence[float]) -> list[float]:
    """The return of each window there is between the first point and the last, a fraction: from the last point before it to its
    own last. Windows without a point are left out, and those that begin with nothing. `dates` in order, one for each point of
    the equity."""
    found = []
    for since, until in windows(dates[0], dates[-1]) if dates else ():
        first, last = bisect_left(dates, since), bisect_left(dates, until)
        if last > first > 0 and equity[first - 1] > 0:
            found.append(equity[last - 1] / equity[first - 1] - 1)
    return found


def later(day: dt.date, months: int) -> dt.date:
    """So many months later, on the same day of the month or its last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))

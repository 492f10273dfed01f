"""How odd is this value of a stream?"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from typing import Annotated, Any, Self

import msgspec

from oracle.detect.histogram import Histogram
from oracle.problems import Invalid, Problem

__all__ = ["CAUSES", "Detector", "Side"]

WARM_UP = 150  # rows
HOLD = 150  # rows
ODDER = 0.95  # as likely as what is held or less; with each count what was never seen gets a little less likely
TRIMMED = 2  # rows at either end that do not decide how wide the bins are at first
RANGES = 8  # bins at first over the range of the others
LEARNING = 0.05  # share of a value in the mean of its hour
KNOWN = 3  # values of an hour before its mean is one
LARGEST = 1e300  # beyond it arithmetic would overflow
HOURS = 48  # of a working day, then of one at the weekend, UTC
CAUSES = ("value", "mean_of_3", "time_of_day")  # the views, in the order of the state


class Side(enum.StrEnum):
    """Which values are odd: all that are unlikely, or only those above or below most others."""

    both = "both"
    above = "above"
    below = "below"


Cells = Annotated[list[float], msgspec.Meta(min_length=HOURS, max_length=HOURS)]
Visits = Annotated[list[int], msgspec.Meta(min_length=HOURS, max_length=HOURS)]


class _State(msgspec.Struct, forbid_unknown_fields=True):
    version: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    side: Side = Side.both
    rows: Annotated[int, msgspec.Meta(ge=0)] = 0
    first: list[tuple[float, float]] = []  # the rows of the warm-up, until it is over
    views: Annotated[list[Histogram], msgspec.Meta(max_length=len(CAUSES))] = []
    before: tuple[float, float] = (0.0, 0.0)  # the last two values
    means: Cells = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    visits: Visits = msgspec.field(default_factory=lambda: [0] * HOURS)
    held: list[tuple[int, float]] = []  # rows with probabilities, each the smallest from there on


class Detector:
    """Says of each value how odd it is, knowing only those before it.

    Looks at the value, at the mean of the last three, and at its distance from the usual of this hour of the day (UTC,
    weekends apart); each has a histogram, and the least likely counts. Speaks only of what is odder than everything in the
    150 rows before, and not in the first 150. Unit and offset of the values do not matter. A few kB, whatever the stream.
    """

    __slots__ = ("_state", "cause", "evidence", "p")

    def __init__(self, side: Side | str = Side.both) -> None:
        """`side` makes it one-sided. Raises ValueError for a side there is none of."""
        self._state = _State(side=Side(side))
        self._quiet()

    def update(self, value: float | None, ts: float) -> float:
        """Take the next value, at `ts` (seconds since 1970, UTC); how odd it is, in [0, 1): 0 or 1 - `p`.

        `p` is how likely its least likely view was (1 in the warm-up), `cause` which view that was, `evidence` is
        -log10(p) where it speaks and 0 where it does not. None, NaN and infinities change nothing and are never odd.
        Raises Invalid where `ts` is no finite number.
        """
        if value is None or not -LARGEST <= value <= LARGEST:
            self._quiet()
            return 0.0
        if not -LARGEST <= ts <= LARGEST:
            raise Invalid([Problem(("ts",), "finite_number", "a time is a finite number of seconds", ts)])
        state, value = self._state, float(value)
        if state.rows < WARM_UP:
            state.first.append((value, float(ts)))
            state.rows += 1
            self._quiet()
            if state.rows == WARM_UP:
                self._begin()
            return 0.0
        if not self._take(value, ts):
            self.evidence = 0.0
            return 0.0
        self.evidence = -math.log10(self.p)
        return 1.0 - self.p

    def snapshot(self) -> dict[str, Any]:
        """All it has learned, as JSON has it; `restore` gives a detector that goes on bit for bit as this one."""
        return {**msgspec.to_builtins(self._state), "p": self.p, "cause": self.cause, "evidence": self.evidence}

    @classmethod
    def restore(cls, snapshot: Mapping[str, Any]) -> Self:
        """The detector a snapshot was taken of. Raises Invalid for anything else."""
        said = ("p", "cause", "evidence")
        try:
            state = msgspec.convert({key: snapshot[key] for key in snapshot if key not in said}, _State)
            if len(state.first) != state.rows if state.rows < WARM_UP else len(state.views) != len(CAUSES):
                raise msgspec.ValidationError("rows or views are missing")
            found = cls(state.side)
            found._state = state
            found.p, found.evidence = (msgspec.convert(snapshot.get(key), float) for key in ("p", "evidence"))
            found.cause = msgspec.convert(snapshot.get("cause"), str)
        except msgspec.ValidationError as wrong:
            raise Invalid([Problem(("snapshot",), "value_error", f"no snapshot of a detector: {wrong}")]) from None
        return found

    def _quiet(self) -> None:
        self.p, self.evidence, self.cause = 1.0, 0.0, ""

    def _begin(self) -> None:
        # The first rows say how wide the bins are, all but the most extreme, which may be bad ticks; then they are counted.
        state = self._state
        first, state.first, state.rows = state.first, [], 0
        values = sorted(value for value, _ in first)
        width = (values[-1 - TRIMMED] - values[TRIMMED]) / RANGES
        begin = values[WARM_UP // 2]
        state.views = [Histogram.around(begin, width), Histogram.around(begin, width), Histogram.around(0.0, width)]
        state.before = begin, begin
        for value, ts in first:
            self._take(value, ts)
        self._quiet()

    def _take(self, value: float, ts: float) -> bool:
        # Counts the value in each view; whether it is odder than all that are held.
        state = self._state
        views, means = state.views, state.means
        sided = state.side is not Side.both
        least, cause = views[0].probability(value), 0
        if sided and not self._is_on_its_side(views[0], value):
            least = 1.0
        kept = views[0].clipped(value)  # a bad tick must not poison means for long
        older, old = state.before
        state.before = old, kept
        mean = (older + old + kept) / 3.0
        p = views[1].probability(mean)
        if p < least and not (sided and not self._is_on_its_side(views[1], mean)):
            least, cause = p, 1
        hour = int(ts // 3600)
        cell = hour % 24 + (24 if (hour // 24 + 3) % 7 > 4 else 0)  # the first day of 1970 was a Thursday
        visits = state.visits[cell]
        rest = kept - means[cell]
        if visits < KNOWN:
            state.visits[cell] = visits + 1
        else:
            p = views[2].probability(rest)
            if p < least and not (sided and not self._is_on_its_side(views[2], rest)):
                least, cause = p, 2
        means[cell] = means[cell] + rest * LEARNING if visits else kept
        self.p, self.cause = least, CAUSES[cause]
        return self._is_new(least)

    def _is_on_its_side(self, view: Histogram, seen: float) -> bool:
        return view.mostly_below(seen) if self._state.side is Side.above else view.mostly_above(seen)

    def _is_new(self, p: float) -> bool:
        state = self._state
        held, row = state.held, state.rows
        if held and held[0][0] < row - HOLD:
            del held[0]
        new = not held or p < held[0][1] * ODDER
        while held and held[-1][1] >= p:
            held.pop()
        held.append((row, p))
        state.rows = row + 1
        return new and p < 1.0

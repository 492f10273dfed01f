"""What a model learns from, and what it is when it has learned: values that travel to the process it trains in and back."""

from __future__ import annotations

import msgspec

__all__ = ["CLASSES", "Lesson", "Model"]

CLASSES = ("SHORT", "FLAT", "LONG")
"""What becomes of a price within the horizon: it falls beyond the threshold, stays within it, rises beyond it."""


class Lesson(msgspec.Struct, frozen=True):
    """Rows of features in order of time, the class of each (a place in CLASSES), when each bar began and the newest of all
    (UTC microseconds). `horizon` bars later a row's class was known."""

    rows: list[tuple[float, ...]]
    classes: list[int]
    times_us: list[int]
    horizon: int
    now_us: int


class Model(msgspec.Struct, frozen=True):
    """What was learned by `trained_us`. `accuracy` is the share of classes it told out of sample, `majority` that of who always
    says what came most often there; both None where there was too little to tell. `booster` is the trees. `edges` and `shares`
    say for each feature how it was distributed."""

    trained_us: int
    rows: int
    accuracy: float | None
    majority: float | None
    booster: bytes
    edges: list[list[float]]
    shares: list[list[float]]

    @property
    def proven(self) -> bool:
        """Whether it told more, out of sample, than who always says the same."""
        return self.accuracy is not None and self.majority is not None and self.accuracy > self.majority

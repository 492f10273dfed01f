"""Training and asking the model: gradient boosted trees (Chen and Guestrin, XGBoost, 2016), which come with the extra `ml`."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import eq
from typing import Any

from oracle.trading.ml.drift import edges_of, shares_of
from oracle.trading.ml.lesson import CLASSES, Lesson, Model

__all__ = ["LEAST_ROWS", "Asked", "missing", "train"]

LEAST_ROWS = 200
_FOLDS = 4
_ROUNDS = 40
_SETTINGS = {
    "objective": "multi:softprob", "num_class": len(CLASSES), "max_depth": 3, "eta": 0.1, "min_child_weight": 5, "subsample": 0.8,
    "seed": 1, "nthread": 1, "verbosity": 0, "tree_method": "hist",
}  # fmt: skip


def missing() -> str:
    """Why nothing can be trained here; empty where it can."""
    if importlib.util.find_spec("xgboost") is None:
        return "xgboost is not installed: it comes with the extra `ml` (pip install 'oracle[ml]')"
    return ""


def train(lesson: Lesson) -> Model | None:
    """The model of all rows, with how well such a model told what came after the rows it had; None for too few rows.

    Walk forward: the times are cut into four parts, and a model of all rows whose class was known before a part is asked for
    that one, from the second on.
    """
    if len(lesson.rows) < LEAST_ROWS:
        return None
    told: list[int] = []
    true: list[int] = []
    for before, after in _folds(lesson):
        if min(len(before), len(after)) < LEAST_ROWS / _FOLDS / 2:
            continue
        told += map(_likeliest, _ask(_fit(lesson, before), [lesson.rows[place] for place in after]))
        true += [lesson.classes[place] for place in after]
    accuracy = sum(map(eq, told, true)) / len(true) if true else None
    majority = max(Counter(true).values()) / len(true) if true else None
    columns = list(zip(*lesson.rows, strict=True))
    edges = [edges_of(column) for column in columns]
    shares = [shares_of(column, one) for column, one in zip(columns, edges, strict=True)]
    booster = bytes(_fit(lesson, range(len(lesson.rows))).save_raw("ubj"))
    return Model(lesson.now_us, len(lesson.rows), accuracy, majority, booster, edges, shares)


class Asked:
    """A model that can be asked."""

    def __init__(self, model: Model) -> None:
        import xgboost

        self._booster = xgboost.Booster(model_file=bytearray(model.booster))
        self._booster.set_param({"nthread": 1})

    def chances(self, row: Sequence[float]) -> list[float]:
        """The probability of each of CLASSES."""
        return _ask(self._booster, [row])[0]


def _fit(lesson: Lesson, places: Sequence[int]) -> Any:
    import xgboost

    rows, classes = [lesson.rows[place] for place in places], [lesson.classes[place] for place in places]
    return xgboost.train(_SETTINGS, xgboost.DMatrix(rows, label=classes, nthread=1), num_boost_round=_ROUNDS)


def _ask(booster: Any, rows: Sequence[Sequence[float]]) -> list[list[float]]:
    import xgboost

    found: list[list[float]] = booster.predict(xgboost.DMatrix(list(map(list, rows)), nthread=1)).tolist()
    return found


def _likeliest(chances: Sequence[float]) -> int:
    return max(range(len(chances)), key=chances.__getitem__)


def _folds(lesson: Lesson) -> Iterator[tuple[list[int], list[int]]]:
    """Rows to learn from, and those to be asked for then; between both so many days that each class was known."""
    times = sorted(set(lesson.times_us))
    cuts = [times[len(times) * part // _FOLDS] for part in range(_FOLDS)] + [times[-1] + 1]
    for start_us, end_us in pairwise(cuts[1:]):
        known_us = times[max(0, times.index(start_us) - lesson.horizon)]
        before = [place for place, time_us in enumerate(lesson.times_us) if time_us < known_us]
        yield before, [place for place, time_us in enumerate(lesson.times_us) if start_us <= time_us < end_us]

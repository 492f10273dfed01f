"""Series to try detectors on: labelled ones with the benchmark's own scoring, and families made of a seed."""

from __future__ import annotations

import importlib.util
import math
import random
from calendar import timegm
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs

from bench.load import CannotMeasure

__all__ = ["FAMILIES", "LABELLED", "SCORER", "Labelled"]

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
LABELLED = SHARED / "data" / "nab"
SCORER = SHARED / "tools" / "nab_score.py"
DAY_S = 86_400.0


@attrs.frozen
class Labelled:
    """The labelled series: values with their times (seconds, UTC), and how the benchmark scores what is said of them."""

    rows: dict[str, list[tuple[float, float]]]
    _corpus: Any
    _profiles: Any

    @classmethod
    def load(cls) -> Labelled:
        """Read them. Raises CannotMeasure where they are not there."""
        if not (LABELLED.is_dir() and SCORER.is_file()):
            raise CannotMeasure(f"no labelled series in {LABELLED}, or no {SCORER.name} to score them with")
        spec = importlib.util.spec_from_file_location("nab_score", SCORER)
        assert spec and spec.loader
        scorer = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(scorer)
        corpus = scorer.Corpus(str(LABELLED))
        rows = {
            name: list(zip(one.values.tolist(), (float(timegm(time.timetuple())) for time in one.times), strict=True))
            for name, one in corpus.files.items()
        }
        return cls(rows, corpus, scorer.PROFILES)

    def score(self, scores: dict[str, list[float]]) -> float:
        """Of the Standard profile, 0 to 100, with the one threshold for all series that is best."""
        return float(self._corpus.score(scores)["standard"][0])

    def score_of_alarms(self, alarms: dict[str, list[bool]]) -> float:
        """The same for alarms as they are: nothing is chosen."""
        half = dict.fromkeys(self._profiles, 0.5)
        return float(self._corpus.score(alarms, thresholds=half)["standard"][0])


def _noise(chance: random.Random, _interval_s: float) -> Iterator[float]:
    while True:
        yield chance.gauss(0.0, 1.0)


def _seasons(chance: random.Random, interval_s: float) -> Iterator[float]:
    ts = 0.0
    while True:
        day = ts / DAY_S
        yield 10.0 * math.sin(2.0 * math.pi * day) * (1.0 if day % 7 < 5 else 0.4) + chance.gauss(0.0, 1.0)
        ts += interval_s


def _inertia(chance: random.Random, _interval_s: float) -> Iterator[float]:
    value = 0.0
    while True:
        value = 0.95 * value + chance.gauss(0.0, 1.0)
        yield value


def _tails(chance: random.Random, _interval_s: float) -> Iterator[float]:
    while True:
        yield chance.lognormvariate(0.0, 1.0)


def _counts(chance: random.Random, _interval_s: float) -> Iterator[float]:
    while True:  # Poisson with a mean of 4
        left, count = math.exp(4.0) * chance.random(), 0
        while left > 1.0:
            left *= chance.random()
            count += 1
        yield float(count)


def _walk(chance: random.Random, _interval_s: float) -> Iterator[float]:
    value = 0.0
    while True:
        value += chance.gauss(0.0, 1.0)
        yield value


# Each goes on for ever; arguments are the source of chance and the seconds from one value to the next.
FAMILIES: dict[str, Callable[[random.Random, float], Iterator[float]]] = {
    "noise": _noise, "seasons": _seasons, "inertia": _inertia, "heavy tails": _tails, "counts": _counts,
    "a random walk": _walk,
}  # fmt: skip

"""The peers of bench.detect: `python -m bench.peers.detect scores KIND FILE` or `cost ROWS FILE`, in the peers' environment.

FILE holds a JSON object of series, each a list of value and time. Answers on standard output, as JSON: the score of each
row, or CPU us per row.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from time import process_time

from river import anomaly, preprocessing


def gaussian() -> Callable[[float], float]:
    """How far from the middle of the normal distribution of all values before."""
    scorer = anomaly.GaussianScorer()

    def score(value: float) -> float:
        found = scorer.score_one(None, value)
        scorer.learn_one(None, value)
        return float(found)

    return score


def trees() -> Callable[[float], float]:
    """Half-space trees behind a scaler to 0..1, as its documentation advises."""
    model = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(seed=42)

    def score(value: float) -> float:
        found = model.score_one({"value": value})
        model.learn_one({"value": value})
        return float(found)

    return score


def cost(values: list[float]) -> float:
    """CPU us per row of the Gaussian scorer, called as directly as can be."""
    scorer = anomaly.GaussianScorer()
    score, learn = scorer.score_one, scorer.learn_one
    began = process_time()
    for value in values:
        score(None, value)
        learn(None, value)
    return (process_time() - began) / len(values) * 1e6


def main() -> None:
    task, word, file = sys.argv[1:]
    series = json.loads(Path(file).read_text())
    if task == "cost":
        answer = cost([value for value, _ in islice((row for rows in series.values() for row in rows), int(word))])
    else:
        begin = {"gaussian": gaussian, "trees": trees}[word]
        answer = {}
        for name, rows in series.items():
            score = begin()
            answer[name] = [score(value) for value, _ in rows]
    print(json.dumps(answer))


if __name__ == "__main__":
    main()

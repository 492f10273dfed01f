"""What follows from the rounds of an experiment: how fast it gets better, what it has cost the network, when it will be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from oracle.runs.run import Run, Status

__all__ = ["Figures", "figures_of"]

GAINS = 5  # rounds


@attrs.frozen
class Figures:
    """None is what is not known yet. `accuracy` is 0 to 1; `gain_per_round` the mean rise of the accuracy over the last five
    rounds; `round_s` how long a round has really lasted, on average, and `done_us` when the last one will be over if those that
    are left take as long, while it is running."""

    rounds: int
    rounds_total: int
    accuracy: float | None
    loss: float | None
    gain_per_round: float | None
    sent_bytes: int
    round_s: float | None
    done_us: int | None


def figures_of(run: Run) -> Figures:
    """The figures of an experiment's run."""
    facts = run.facts
    history: Sequence[Mapping[str, Any]] = facts.get("history", ())
    total = int(facts.get("rounds_total") or run.params.get("configuration", {}).get("rounds", 0))
    round_s = _mean([lasted for row in history if (lasted := row.get("wall_s") or row.get("duration_s")) is not None])
    done_us = None
    if run.status is Status.running and run.started_us is not None and round_s is not None:
        # of the last round on, so that a pause before it does not count
        done_us = max(int(row.get("ts_us") or run.started_us) for row in history)
        done_us += round((total - int(facts.get("rounds") or 0)) * round_s * 1e6)
    return Figures(
        int(facts.get("rounds") or 0), total, facts.get("accuracy"), facts.get("loss"), _gain(history),
        sum(int(row.get("bytes") or 0) for row in history), round_s, done_us,
    )  # fmt: skip


def _gain(history: Sequence[Mapping[str, Any]]) -> float | None:
    last = [row for row in history if row.get("accuracy") is not None][-GAINS - 1 :]
    if len(last) < 2:
        return None
    rise, apart = last[-1]["accuracy"] - last[0]["accuracy"], last[-1]["round"] - last[0]["round"]
    return float(round(rise / apart, 6))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None

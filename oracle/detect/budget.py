"""How many false alarms somebody wants to have, as a threshold that keeps to it on any stream."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import attrs
import msgspec

from oracle.model import Severity
from oracle.problems import Invalid, Problem

__all__ = ["ALARMS_PER_DAY", "Budget", "Budgets", "alarms_per_row"]

ALARMS_PER_DAY = {Severity.low: 8.0, Severity.medium: 1.0, Severity.high: 1 / 7, Severity.critical: 1 / 30}
STEP = {Severity.low: 0.05, Severity.medium: 0.05, Severity.high: 0.2, Severity.critical: 0.2}
LEAST = 2.0  # evidence at first, however many alarms are wanted
DAY_S = 86_400.0


def alarms_per_row(severity: Severity, interval_s: float) -> float:
    """The share of rows that may be alarms where one comes every `interval_s` seconds. Raises Invalid unless that is > 0."""
    if not 0 < interval_s < math.inf:
        raise Invalid([Problem(("interval_s",), "greater_than", "an interval is more than 0 seconds", interval_s)])
    return min(1.0, ALARMS_PER_DAY[severity] * interval_s / DAY_S)


@attrs.define
class Budget:
    """Lets through a share of `rate` of all rows in the long run, those with the most evidence.

    Each alarm raises the threshold by `step`, each quiet row lowers it by `step * rate`; never below 0, so what has no
    evidence is never an alarm, even if that leaves some of the budget over. Raises Invalid for a rate outside (0, 1] or
    a step that is not > 0.
    """

    rate: float  # alarms per row
    step: float = 0.05  # evidence; small is steady, large is quick to adapt
    threshold: float = -1.0  # evidence an alarm has to exceed; where to begin follows from the rate unless given

    def __attrs_post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise Invalid([Problem(("rate",), "less_than_equal", "a rate is above 0 and at most 1 per row", self.rate)])
        if not 0 < self.step < math.inf:
            raise Invalid([Problem(("step",), "greater_than", "a step is more than 0", self.step)])
        if not self.threshold >= 0:
            self.threshold = max(LEAST, -math.log10(self.rate))

    def update(self, evidence: float) -> bool:
        """Take the evidence of the next row; whether it is an alarm."""
        if evidence > self.threshold:
            self.threshold += self.step
            return True
        self.threshold = max(0.0, self.threshold - self.step * self.rate)
        return False

    def snapshot(self) -> dict[str, float]:
        """Rate, step and threshold, as JSON has them."""
        return {"rate": self.rate, "step": self.step, "threshold": self.threshold}

    @classmethod
    def restore(cls, snapshot: Mapping[str, Any]) -> Self:
        """The budget a snapshot was taken of. Raises Invalid for anything else."""
        try:
            values = msgspec.convert(dict(snapshot), dict[str, float])
            return cls(values["rate"], values["step"], values["threshold"])
        except (msgspec.ValidationError, KeyError) as wrong:
            raise Invalid([Problem(("snapshot",), "value_error", f"no snapshot of a budget: {wrong}")]) from None


class Budgets:
    """One budget for each severity: 8 alarms a day are low, 1 a day medium, 1 a week high, 1 in 30 days critical."""

    def __init__(self, interval_s: float) -> None:
        """For a stream with a row every `interval_s` seconds. Raises Invalid unless that is > 0."""
        self._budgets = {one: Budget(alarms_per_row(one, interval_s), STEP[one]) for one in Severity}

    def update(self, evidence: float) -> Severity | None:
        """Take the evidence of the next row; the highest severity whose budget lets it through."""
        fired = [severity for severity, budget in self._budgets.items() if budget.update(evidence)]
        return max(fired, key=lambda severity: severity.rank, default=None)

    def snapshot(self) -> dict[str, dict[str, float]]:
        """The budgets by severity, as JSON has them."""
        return {severity.value: budget.snapshot() for severity, budget in self._budgets.items()}

    @classmethod
    def restore(cls, snapshot: Mapping[str, Any]) -> Self:
        """The budgets a snapshot was taken of. Raises Invalid for anything else."""
        if set(snapshot) != set(Severity):
            raise Invalid([Problem(("snapshot",), "value_error", "no snapshot of budgets: one for each severity")])
        found = cls(interval_s=DAY_S)
        found._budgets = {severity: Budget.restore(snapshot[severity.value]) for severity in Severity}
        return found

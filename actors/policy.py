"""When to restart, and after how long: pure decisions.

An unexpected crash is charged: the first restart is immediate, then 0.1 s doubling; more than `max_restarts` within
`window_s` seconds fails upward. An expected one (a lost connection) is retried for ever with exponential backoff and
equal jitter, and not charged: an exchange's outage must not end the process.
"""

from __future__ import annotations

from collections import deque

import attrs

__all__ = ["Intensity", "charged_delay_s", "expected_delay_s", "is_expected", "leaves"]

CHARGED_FIRST_S = 0.1
EXPECTED_FIRST_S = 0.5
LONGEST_S = 30.0


@attrs.define
class Intensity:
    """Restart intensity as in OTP: how many crashes are allowed in a sliding window of seconds."""

    max_restarts: int
    window_s: float
    _times_s: deque[float] = attrs.field(factory=deque)

    def charge(self, now_s: float) -> bool:
        """Count a crash; False when the budget is exhausted."""
        times = self._times_s
        times.append(now_s)
        while times[0] < now_s - self.window_s:
            times.popleft()
        return len(times) <= self.max_restarts


def charged_delay_s(streak: int) -> float:
    """Seconds before the restart after the `streak`-th crash in a row (1 is the first)."""
    return 0.0 if streak <= 1 else min(LONGEST_S, CHARGED_FIRST_S * 2.0 ** min(streak - 2, 16))


def expected_delay_s(streak: int, uniform: float) -> float:
    """Equal jitter: half of the exponential backoff is certain, half is drawn by `uniform` in [0, 1)."""
    ceiling_s = min(LONGEST_S, EXPECTED_FIRST_S * 2.0 ** min(streak - 1, 16))
    return ceiling_s / 2 + uniform * ceiling_s / 2


def is_expected(error: BaseException, expected: tuple[type[BaseException], ...]) -> bool:
    """Whether all of a crash is the world's fault."""
    return bool(expected) and all(isinstance(leaf, expected) for leaf in leaves(error))


def leaves(error: BaseException) -> list[BaseException]:
    """The exceptions inside nested groups, or the one itself."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]

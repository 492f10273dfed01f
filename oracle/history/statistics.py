"""Counters of the history; they outlive the lives of the actor and the openings of the file."""

from __future__ import annotations

from collections import Counter, deque
from typing import Literal

import attrs

__all__ = ["Statistics"]


@attrs.define(eq=False)
class Statistics:
    """Read it at any time from any thread."""

    state: Literal["ok", "down"] = "ok"
    last_error: str | None = None
    rows_written: int = 0  # committed
    rows_dropped: int = 0  # lost: the queue was full, or its thread died
    rows_unfit: int = 0  # refused because a value did not fit its column
    pending: int = 0  # rows waiting for the next commit
    commits: int = 0
    reopened: int = 0
    watermark: int = 0  # offset of the last committed message of this epoch
    committed_us: int = 0  # publish time of the last committed row
    ignored: Counter[str] = attrs.Factory(Counter)  # messages of classes that are not stored, by class
    _commit_us: deque[int] = attrs.Factory(lambda: deque(maxlen=512))

    def note_commit(self, rows: int, took_us: int) -> None:
        """One transaction of `rows` rows is on disk."""
        self.rows_written += rows
        self.commits += 1
        self._commit_us.append(took_us)

    @property
    def commit_ms_p50(self) -> float:
        """Median of the last 512 transactions, conversion included, in milliseconds; 0 before the first."""
        times = sorted(self._commit_us.copy())
        return times[len(times) // 2] / 1000 if times else 0.0

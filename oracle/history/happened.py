"""How much happened: events counted by who said so, by severity and by time. Reads only."""

from __future__ import annotations

from typing import Any

import attrs

from oracle.history.bars import bucket
from oracle.history.page import Filter

__all__ = ["Count", "read_counts"]

# What was committed before it was published is stored twice.
_COUNTS = (
    "SELECT source, {bucket} AS at_us, severity, count(DISTINCT id) FROM event WHERE {where} "
    "GROUP BY source, at_us, severity ORDER BY at_us, source, severity"
)


@attrs.frozen
class Count:
    """So many events of a severity that one source told of, in the bucket that begins at `start_us`."""

    source: str
    start_us: int
    severity: str
    count: int


def read_counts(at: Any, wanted: Filter, width_us: int) -> list[Count]:
    """Of the events that `wanted` means, in buckets of `width_us`; what never happened is left out."""
    sql = _COUNTS.format(bucket=bucket("ts_us", width_us), where=wanted.sql)
    return [Count(*row) for row in at.execute(sql, wanted.parameters).fetchall()]

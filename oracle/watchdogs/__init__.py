"""The watchdogs: one file each, one line in the table below.

A watchdog is a decider: an attrs class whose fields are its settings, with `listens` (bus patterns), `interval_s`,
`memory_s` and `update(message, now) -> Iterator[Finding]`; no async, no clock, no I/O. It may also have `on_time(now)`
with `next_deadline` (UTC microseconds or None) and `on_gap(gap)`.
"""

from __future__ import annotations

from oracle.plugins import part_class
from oracle.watchdogs.price_anomaly import PriceAnomaly

__all__ = ["WATCHDOGS", "watchdog_class"]

WATCHDOGS: dict[str, type] = {
    "price_anomaly": PriceAnomaly,
}


def watchdog_class(kind: str) -> type:
    """The class of a kind: a name of the table, or `package.module:Class`. Raises Bad."""
    return part_class(kind, WATCHDOGS, "watchdog", "update")

"""Which monthly tables have lived long enough, and which runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oracle.history.schema import month_end_us

__all__ = ["DAY_US", "EXPERIMENT_DAYS", "GONE_DAYS", "KEEP_DAYS", "experiment_days", "expired"]

DAY_US = 86_400_000_000

# days after the end of its month, and of a run after its own end; other tables are kept
KEEP_DAYS = {"quote": 30, "trade": 90, "bar": 90, "depth": 7, "sample": 365, "output": 90, "run": 365, "life": 30, "dead": 30}
EXPERIMENT_DAYS = 30  # after their end, unless the dashboard's configuration says otherwise
GONE_DAYS = 30  # so long it is remembered that a state is gone


def experiment_days(config: Mapping[str, Any] | None, default: int) -> int:
    """Days that experiments are kept, by the value of the State `config:dashboard`."""
    dashboard = (config or {}).get("dashboard", config or {})
    days = dashboard.get("retention_days") if isinstance(dashboard, Mapping) else None
    return days if isinstance(days, int) and not isinstance(days, bool) and days > 0 else default


def expired(tables: Iterable[str], now_us: int, keep_days: Mapping[str, int]) -> list[str]:
    """Those of the monthly tables (`trade_202611`) that ended more than `keep_days[kind]` days ago, oldest first.

    A kind without an entry is kept for ever.
    """
    found = []
    for name in tables:
        kind, _, month = name.rpartition("_")
        if kind in keep_days and month_end_us(month) + keep_days[kind] * DAY_US < now_us:
            found.append(name)
    return sorted(found, key=lambda name: (name[-6:], name))

"""Which jobs there are, and when: at times in New York, unless the settings say otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from oracle.problems import Bad, closest
from oracle.schedule.cron import Cron, zone_of

__all__ = ["JOBS", "crons"]

JOBS: dict[str, str] = {
    "daily_bars": "0 17 * * mon-fri",
    "daily_sentiment": "30 17 * * mon-fri",
    "daily_briefing": "0 8 * * mon-fri",
    "weekly_fundamentals": "0 6 * * sat",
    "weekly_options_flow": "0 7 * * sat",
    "weekly_trends": "30 7 * * sat",
    "weekly_retrain": "0 2 * * sun",
    "biweekly_altdata": "0 7 1,15 * *",
}


def crons(timezone: str, others: Mapping[str, str]) -> dict[str, Cron | None]:
    """The times of each job by its name, None for never; `others` are times of some that differ. Raises Bad."""
    for name in others:
        if name not in JOBS:
            raise Bad("value_error", f"there is no job {name!r}; there are {', '.join(JOBS)}", suggestion=closest(name, JOBS))
    zone = zone_of(timezone)
    return {name: Cron.of(text, zone) for name, text in {**JOBS, **others}.items()}

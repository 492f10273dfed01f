"""Makes a data folder of a server that ran a day ago and heard one detection then: `yesterday_child.py FOLDER SUBJECT`."""

import sys
from pathlib import Path

import trio

from actors import wall_clock
from oracle.history import Commit
from oracle.model import Event, Severity, event_id
from oracle.settings import Data, Demo, Scheduler, Settings
from oracle.system import open_system

DAY_US = 86_400_000_000


def a_day_ago() -> int:
    """UTC microseconds."""
    return wall_clock() - DAY_US


async def main(folder: str, subject: str) -> None:
    settings = Settings(data=Data(folder=Path(folder)), demo=Demo(enabled=False), scheduler=Scheduler(enabled=False))
    async with open_system(settings, clock=a_day_ago) as system:
        now_us = system.runtime.now_us()
        ident = event_id("metric_anomaly", subject, "watchdog:metric", now_us)
        system.runtime.publish(Event(ident, "metric_anomaly", subject, "watchdog:metric", Severity.high, "boiler was odd",
                                     {"provider": "test"}, now_us))  # fmt: skip
        await system.runtime.ask("history", Commit(()))


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])

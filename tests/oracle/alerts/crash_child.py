"""A whole system in a process of its own, which a crash point may end: `crash_child.py FOLDER URL FIRST COUNT [POINT]`.

Makes sure of a rule towards URL, or, where that is empty, of one that disables a watchdog; publishes COUNT watchdog
events beginning with number FIRST, and ends in order once each has fired and nothing is owed any more. At POINT it is
killed, if that comes after it began to publish.
"""

import contextlib
import sys
from pathlib import Path

import trio
from alerting import event, rule

from actors import Refused
from actors.testing import probe
from oracle.crash import arm
from oracle.model import Command
from oracle.settings import Alerts, Data, Demo, Http, Settings
from oracle.system import open_system

OFF = {"command": "watchdog.disable", "target": "price_anomaly"}


async def main(folder: str, url: str, first: str, count: str, point: str = "") -> None:
    settings = Settings(
        data=Data(folder=Path(folder)), http=Http(allow=("127.0.0.1",)), demo=Demo(enabled=False),
        alerts=Alerts(attempts=100, first_retry_s=0.05, longest_retry_s=0.1),
    )  # fmt: skip
    async with open_system(settings) as system:
        fired, tries = probe(system.runtime, "event:alert_fired:*"), probe(system.runtime, "attempt:*")
        with contextlib.suppress(Refused):
            told = {"webhook_config": {"url": url}} if url else {"delivery_methods": [], "actions": [OFF]}
            await system.runtime.ask("alerts", Command("create", {"rule": rule(**told)}))
        if point:
            arm(point)
        for number in range(int(first), int(first) + int(count)):
            system.runtime.publish(event(number))
        for _ in range(int(count)):
            await fired.next()
        while (await system.queries.deliveries(status="pending")).items:
            with trio.move_on_after(0.1):
                await tries.next()


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])

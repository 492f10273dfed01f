"""A whole system in a process of its own, which a crash point may end: `life_child.py FOLDER`.

Makes sure of a rule that is firing, acknowledges it with an id, and prints how the alert then stands, as JSON.
"""

import json
import sys
from pathlib import Path

import trio
from alerting import event, rule

from actors.testing import probe
from oracle.model import Command
from oracle.settings import Data, Demo, Settings
from oracle.system import open_system

ID = "client/me/once/digest"


async def main(folder: str) -> None:
    settings = Settings(data=Data(folder=Path(folder)), demo=Demo(enabled=False))
    async with open_system(settings) as system:
        if system.board.get("rule:a") is None:
            fired = probe(system.runtime, "event:alert_fired:*")
            await system.runtime.ask("alerts", Command("create", {"rule": rule(delivery_methods=[], escalate_after_s=3600)}))
            system.runtime.publish(event(1))
            await fired.next()
        state = await system.runtime.ask("rule:a", Command("acknowledge", {"comment": "mine"}, "me", ID))
        kinds = [row["kind"] for row in (await system.queries.events(subject="a")).items]
        print(json.dumps({"phase": state.value["phase"], "edges": state.value["edges"],
                          "told": kinds.count("alert_acknowledged")}))


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])

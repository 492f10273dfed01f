"""A whole house in a process of its own, which a crash point may end: `inbound_child.py FOLDER NUMBERS [POINT]`.

Makes sure of a webhook, has the deliveries of these numbers (separated by commas) come in, and says what each was answered; ends
in order once no task is owed any more. At POINT it is killed, if that comes after all has started; an empty one is none.
"""

import json
import sys
from pathlib import Path

import trio
from running import open_house, said

from actors.testing import probe
from oracle.crash import arm
from oracle.model import Quote
from oracle.tasks.inbound import OWED
from tests.factories import WebhookFactory


def comment(number):
    """What is delivered under a number; an even and the odd one after it are about one issue."""
    issue, said = {"number": 1 + number // 2, "title": "Slow"}, {"id": number, "body": "@agent review"}
    return WebhookFactory.comment(issue=issue, comment=said)


async def main(folder: str, numbers: str, point: str = "") -> None:
    async with open_house(Path(folder)) as house:
        runtime = house.system.runtime
        runtime.publish(Quote("AAPL", 1.0, 0, 1.0, 0, runtime.now_us(), "feed"))  # no breaker has to say that there is no price
        await said(runtime, "state:reconciliation:desk")
        made = {row["name"]: row for row in (await house.get("/api/webhooks")).json}
        if "chain" not in made:
            reply = await house.post("/api/webhooks", json=WebhookFactory.create(name="chain"))
            made["chain"] = reply.json["data"]
        arm(point)
        for number in filter(None, numbers.split(",")):
            body, headers = WebhookFactory.delivery(comment(int(number)), delivery=f"d-{number}")
            reply = await house.post(made["chain"]["endpoint"], data=body, headers=headers)
            print(json.dumps([int(number), reply.status, reply.json]), flush=True)
        gone = probe(runtime, f"state:{OWED}:*")
        while house.system.board.kind(OWED):
            await gone.next()


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])

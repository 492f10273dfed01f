"""A whole house in a process of its own, which a crash point may end: `once_child.py FOLDER POINT METHOD PATH ID [BODY]`.

Sends a command with an id through the app, twice, and ends in order. Says the status, headers and body of each answer. At POINT
it is killed, if that comes after all has started; an empty one is none.
"""

import json
import sys
from pathlib import Path

import trio
from running import open_house, said

from oracle.crash import arm
from oracle.model import Quote


async def main(folder: str, point: str, method: str, path: str, ident: str, body: str = "") -> None:
    options = {"json": json.loads(body)} if body else {}
    async with open_house(Path(folder)) as house:
        runtime = house.system.runtime
        runtime.publish(Quote("AAPL", 1.0, 0, 1.0, 0, runtime.now_us(), "feed"))  # no breaker has to say that there is no price
        await said(runtime, "state:reconciliation:desk")
        arm(point)
        for _ in range(2):
            reply = await house.ask(method, path, headers={"Idempotency-Key": ident}, **options)
            print("answer", json.dumps([reply.status, reply.headers, reply.body.decode()]), flush=True)


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])

"""A process that writes history until it is killed: `victim.py FOLDER ACKNOWLEDGEMENTS`.

It publishes numbered trades, commits a state that names the last of them, and prints the number once that is acknowledged.
"""

from __future__ import annotations

import sys
from pathlib import Path

import trio

from actors import Child, open_runtime
from oracle.history import Commit, History, Store
from oracle.model import State
from tests.oracle.history.rows import trade, trade_ids


async def main(folder: Path, acknowledgements: int) -> None:
    """Go on where the last victim ended."""
    store = Store(folder)
    store.open()
    number = max([*trade_ids(store), *(state.version for state in store.states())], default=0)
    history = Child("history", lambda: History(store), capacity=100_000)
    async with open_runtime([history]) as runtime:
        for _ in range(acknowledgements):
            for _ in range(1 + number % 700):
                number += 1
                runtime.publish(trade(number, runtime.now_us(), size=1.0))
            state = State("last", {"number": number}, number, runtime.now_us())
            await runtime.ask("history", Commit((state,)), timeout_s=60)
            print(number, flush=True)
            runtime.publish(state)
    store.close()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]))

"""Makes a data folder that holds the simulated market's past and nothing else: `past_child.py FOLDER`."""

import sys
from pathlib import Path

import trio

from actors import wall_clock
from oracle.feeds.simulated import Simulated
from oracle.first_start import give_a_past
from oracle.history import Queries, Store


async def main(folder: str) -> None:
    store = Store(Path(folder))
    store.open()
    await give_a_past(store, Queries(store), [Simulated()], wall_clock())
    store.close()


if __name__ == "__main__":
    trio.run(main, *sys.argv[1:])

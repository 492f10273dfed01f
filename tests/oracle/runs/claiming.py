"""A desk whose runs others work off, in virtual time."""

from contextlib import asynccontextmanager

import pytest

from actors import Child, Refused, open_runtime, trio_clock
from oracle.board import Board
from oracle.history import History, Queries, Store, inline
from oracle.model import Command
from oracle.receipts import Receipts
from oracle.runs import Kind, Status, ask_run
from oracle.runs.records import RunRecords
from tests.crews import crew_children

T0_US = 1_700_000_000_000_000


class Desk:
    """What a test may ask and see."""

    def __init__(self, runtime, board, store):
        self.runtime, self.board, self.store = runtime, board, store

    async def ask(self, verb, to="runs", ident="", **args):
        if to == "runs":
            return await self.runtime.ask(to, Command(verb, args, "ada", ident))
        records = RunRecords(self.board, self.store, self.runtime.now_us, run_sync=inline)
        return await ask_run(self.runtime, records, to.removeprefix("run:"), verb, args, "ada", ident)

    async def task(self, ident="t1", **more):
        return await self.ask("start", kind="task", params={"say": "hello"}, id=ident, agent="brain", **more)

    async def refused(self, verb, to="runs", **args):
        with pytest.raises(Refused) as no:
            await self.ask(verb, to, **args)
        return no.value.code

    def value(self, ident="t1"):
        return self.board.get(f"run:{ident}")

    async def kinds(self, ident="t1"):
        page = await Queries(self.store, inline).events(subject=f"run:{ident}", newest_first=False)
        return [row["kind"].removeprefix("run_") for row in page.items]

    def output(self, ident="t1"):
        with self.store.reading() as cursor:
            every = " UNION ALL ".join(f"SELECT run, n, stream, text FROM {name}" for name in self.store.months("output"))
            return cursor.execute(f"SELECT n, stream, text FROM ({every}) WHERE run = ? ORDER BY n", [ident]).fetchall()


@asynccontextmanager
async def open_desk(folder, bounds=None, at_us=T0_US, timely=lambda: True):
    """The kinds `task`, which anybody may claim, and `trial`, which waits to be begun, or for its time."""
    store, made = Store(folder), []
    store.open()

    def children(runtime):
        board, receipts = Board(runtime.bus), Receipts(runtime.now_us)
        board.load(store.states())
        receipts.load(store.receipts(0, 1_000, 1_000_000)[1])
        made.append(Desk(runtime, board, store))
        kinds = {"task": Kind(), "trial": Kind(begins=Status.created, timely=timely)}
        return [Child("history", lambda: History(store, threaded=False), capacity=1_000),
                *crew_children(board, receipts, folder, store, runtime, bounds, **kinds)]

    try:
        async with open_runtime(children, clock=trio_clock(at_us), seed=1) as runtime:
            made[0].runtime = runtime
            yield made[0]
    finally:
        store.close()

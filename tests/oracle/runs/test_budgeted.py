"""Own work that may not begin yet leaves its place to others, and begins when it may."""

import trio

from actors import Child, open_runtime, trio_clock
from oracle.board import Board
from oracle.history import History, Store
from oracle.model import Command
from oracle.receipts import Receipts
from tests.crews import crew_children

from .stored import T0_US


async def test_work_that_may_not_begin_waits_without_a_place_and_can_be_called_off(tmp_path, autojump_clock):
    store, began, barred, made = Store(tmp_path), [], {"rich", "off"}, []
    store.open()

    async def work(params, pace):
        began.append(params["who"])
        return {}, ()

    def children(runtime):
        board = Board(runtime.bus)
        made.append(board)
        crew = crew_children(board, Receipts(runtime.now_us), tmp_path, store, runtime, None,
                             lambda run: run.owner not in barred, work=work)  # fmt: skip
        return [Child("history", lambda: History(store, threaded=False), capacity=1_000), *crew]

    async with open_runtime(children, clock=trio_clock(T0_US)) as runtime:
        for who in ("rich", "off", "poor"):
            args = {"kind": "work", "params": {"who": who}, "id": who, "owner": who}
            await runtime.ask("runs", Command("start", args), 5.0)
        await trio.sleep(20)
        assert began == ["poor"]
        assert (await runtime.ask("run:off", Command("cancel", {}), 5.0)).status == "cancelled"
        barred.clear()
        await trio.sleep(20)
        assert began == ["poor", "rich"]
        assert {state.ref: state.value["status"] for state in made[0].kind("run")} == {
            "run:rich": "completed", "run:off": "cancelled", "run:poor": "completed"}  # fmt: skip
    store.close()

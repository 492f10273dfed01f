"""Work that is done here, whatever is asked, killed and refused meanwhile: it comes to one end, and gives its place to others."""

from __future__ import annotations

from collections import Counter

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from actors import Child, Killed, open_runtime, trio_clock
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.history import Store
from oracle.model import Command
from oracle.receipts import Receipts
from oracle.runs import Kind, Status
from oracle.runs.run import OVER
from tests.crews import crew_children
from tests.soak import rounds

from .test_run_model import T0_US, Notebook

RUNS = ("a", "b")
STEP = st.one_of(
    st.tuples(st.sampled_from(["pause", "resume", "pause", "resume", "stop", "cancel"]), st.sampled_from(RUNS)),
    st.tuples(st.just("kill"), st.sampled_from(["run:a", "run:b", "runs", "run_actors"])),
    st.tuples(st.just("sleep"), st.sampled_from([0.0, 0.3, 1.0, 2.5])),
    st.tuples(st.just("no"), st.lists(st.sampled_from(["before", "after"]), max_size=4)),
    st.tuples(st.just("restart"), st.none()),
)


async def _work(params, pace):
    for step in range(4):
        await pace.turn()
        await trio.sleep(1.0)
        await pace.record("step", f"step {step}", facts={"step": step})
    return {}, ()


@settings(max_examples=rounds(10, 300), deadline=None)
@given(steps=st.lists(STEP, min_size=10, max_size=25), again=st.booleans())
def test_work_comes_to_an_end_and_leaves_its_place(tmp_path_factory, steps, again):
    folder = tmp_path_factory.getbasetemp() / "worked_model"
    store = Store(folder)
    store.open()
    try:
        trio.run(_lives, folder, store, steps, again, clock=MockClock(autojump_threshold=0))
    finally:
        store.close()


async def _lives(folder, store, steps, again):
    left, disk, noes, at_us, ends = [*steps, ("restart", None)], {}, [], T0_US, Counter()
    while True:
        made, crashes = [], []

        def children(runtime, made=made):
            board = Board(runtime.bus)
            board.load(tuple(disk.values()))
            made.append(board)
            kind = Kind(lambda run: _work, "one", again=again)
            return [Child("history", lambda: Notebook(disk, noes)),
                    *crew_children(board, Receipts(runtime.now_us), folder, store, runtime, work=kind)]  # fmt: skip

        async with open_runtime(children, clock=trio_clock(at_us), seed=1) as runtime:
            runtime.listen("life:*", lambda one, crashes=crashes: crashes.append(one.message))
            runtime.listen("event:*", lambda one: ends.update([one.message.subject] * (one.message.kind[4:] in OVER)))
            for ident in RUNS:
                await _asked(runtime, "start", kind="work", params={}, id=ident)
            if not left:
                return await _settled(runtime, made[0], ends)
            await _life(runtime, noes, left)
            at_us = runtime.now_us()
        assert not [one for one in crashes if one.exception is not None and not isinstance(one.exception, Killed)]


async def _life(runtime, noes, left):
    while left:
        verb, what = left.pop(0)
        match verb:
            case "restart":
                break
            case "kill":
                if runtime.alive(what):
                    runtime.kill(what)
            case "sleep":
                await trio.sleep(what)
            case "no":
                noes[:] = what
            case _:
                await _asked(runtime, verb, id=what)
    noes.clear()


async def _asked(runtime, verb, **args):
    try:
        return await runtime.ask("runs", Command(verb, args))
    except NOT_NOW as no:
        return no


async def _settled(runtime, board, ends):
    for _ in range(3):
        for ident in RUNS:
            await _asked(runtime, "resume", id=ident)
        await trio.sleep(60)
    assert {board.get(f"run:{ident}")["status"] for ident in RUNS} <= OVER
    assert all(ends[f"run:{ident}"] <= 1 for ident in RUNS), ends
    await _asked(runtime, "start", kind="work", params={}, id="c")
    await trio.sleep(60)
    assert board.get("run:c")["status"] == Status.completed

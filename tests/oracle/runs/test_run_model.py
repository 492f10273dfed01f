"""One run against a small reference: whatever is asked of it, in any order, over crashes, restarts and a history that says no."""

from __future__ import annotations

import attrs
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from actors import Actor, Child, Refused, open_runtime, trio_clock
from oracle.board import Board
from oracle.history import Store, inline
from oracle.model import Command, State
from oracle.receipts import Receipts
from oracle.runs import Kind, Status, ask_run
from oracle.runs.records import RunRecords
from oracle.runs.run import MOVES, OVER
from oracle.settings_runs import Runs as Bounds
from tests.crews import crew_children
from tests.soak import rounds

T0_US, LEASE_S, ATTEMPTS = 1_700_000_000_000_000, 10.0, 2
NO = Refused("disk full", "unavailable")


@attrs.define
class Model:
    """What a run is by now; a rule returns how it is then, or the code of a refusal."""

    status: str = "created"
    worker: str = ""
    requested: str = ""
    attempts: int = 0
    until_s: float | None = None

    def moved(self, to, **more):
        if to not in MOVES[Status(self.status)]:
            return "illegal"
        gone = {"worker": "", "until_s": None} if to == "queued" else {"until_s": None} if to in OVER else {}
        return attrs.evolve(self, status=to, requested="", **{**gone, **more})

    def begin(self, now_s):
        return self.moved("queued") if self.status == "created" else "illegal"

    def pause(self, now_s):
        if self.worker and self.status == "running":
            return attrs.evolve(self, requested="paused")
        return self.moved("paused")

    def resume(self, now_s):
        if self.requested:
            return attrs.evolve(self, requested="")
        if self.status != "paused":
            return "illegal"
        return self.moved("queued" if self.attempts and not self.worker else "running")

    def stop(self, now_s):
        return self.moved("stopped")

    def cancel(self, now_s):
        return self.moved("cancelled")

    def claim(self, now_s, worker):
        if self.status != "queued":
            return self  # there is none to be claimed
        return self.moved("running", worker=worker, attempts=self.attempts + 1, until_s=now_s + LEASE_S)

    def heartbeat(self, now_s, worker):
        if worker != self.worker:
            return "conflict"
        self.until_s = None if self.until_s is None else max(self.until_s, now_s + LEASE_S)
        return self

    def report(self, now_s, worker, status):
        if worker and self.heartbeat(now_s, worker) == "conflict":
            return "conflict"
        self.heartbeat(now_s, self.worker)
        if status == self.status:
            return attrs.evolve(self)
        return self.moved(status, **({"worker": "", "until_s": None} if status in OVER else {}))

    def input(self, now_s):
        return self.moved("running") if self.status == "waiting" else self

    def lost(self):
        if self.status == "paused" or self.requested:
            return attrs.evolve(self, status="paused", requested="", worker="", until_s=None)
        return self.moved("queued" if self.attempts < ATTEMPTS else "failed", worker="", until_s=None)

    @property
    def seen(self):
        return self.status, self.worker, self.requested, self.attempts


class Notebook(Actor):
    """A history in memory, which says no to the next commit if it is told to: before it has stored it, or after."""

    def __init__(self, disk, noes):
        self.disk, self.noes = disk, noes

    def receive(self, commit):
        no = self.noes.pop() if self.noes else None
        if no != "before":
            self.disk.update((one.ref, one) for one in commit.messages if isinstance(one, State))
        if no:
            raise NO


WORKER = st.sampled_from(["ann", "bob"])
STEP = st.one_of(
    st.tuples(st.sampled_from(["begin", "pause", "resume", "stop", "cancel", "input"]), st.just({})),
    st.tuples(st.just("claim"), st.builds(dict, worker=WORKER)),
    st.tuples(st.just("claim"), st.builds(dict, worker=WORKER)),
    st.tuples(st.just("heartbeat"), st.builds(dict, worker=WORKER)),
    st.tuples(st.just("report"), st.builds(dict, worker=WORKER | st.just(""), status=st.sampled_from(sorted(Status)))),
    st.tuples(st.sampled_from(["sleep"]), st.sampled_from([1.1, 7.3, 30.0])),
    st.tuples(st.sampled_from(["kill", "restart"]), st.none()),
)
NO_OR_TWICE = st.sampled_from(["", "", "", "twice", "before", "after"])


@settings(max_examples=rounds(10, 300), deadline=None)
@given(steps=st.lists(st.tuples(STEP, NO_OR_TWICE), min_size=25, max_size=40))
def test_a_run_is_what_the_reference_says(tmp_path_factory, steps):
    folder = tmp_path_factory.getbasetemp() / "run_model"
    store = Store(folder)
    store.open()
    try:
        trio.run(_lives, folder, store, [(("begin", {}), ""), *steps], clock=MockClock(autojump_threshold=0))
    finally:
        store.close()


async def _lives(folder, store, steps):
    left, disk, noes, at_us = list(steps), {}, [], T0_US
    model = [Model(), Model()]  # as it is, and as it is on disk
    while left:
        made = []

        def children(runtime, made=made):
            board, receipts = Board(runtime.bus), Receipts(runtime.now_us)
            board.load(tuple(disk.values()))
            made += [board, receipts]
            return [Child("history", lambda: Notebook(disk, noes)), *crew_children(
                board, receipts, folder, store, runtime, Bounds(lease_s=LEASE_S, attempts=ATTEMPTS),
                task=Kind(begins=Status.created))]  # fmt: skip

        async with open_runtime(children, clock=trio_clock(at_us), seed=1) as runtime:
            if not disk:
                await runtime.ask("runs", Command("start", {"kind": "task", "params": {}, "id": "r"}))
            if model[1].until_s is not None:
                model[1].until_s = trio.current_time() + LEASE_S
            model[0] = attrs.evolve(model[1])
            await _life(runtime, store, *made, noes, model, left)
            at_us = runtime.now_us()


async def _life(runtime, store, board, receipts, noes, model, left):
    records = RunRecords(board, store, runtime.now_us, run_sync=inline)
    while left:
        (verb, given), mark = left.pop(0)
        await wait_all_tasks_blocked()
        value = board.get("run:r")
        assert (value["status"], value["worker"], value["requested"], value["attempts"]) == model[0].seen, verb
        if verb == "restart":
            return
        if verb == "kill":
            if runtime.alive("run:r"):
                runtime.kill("run:r")
            if model[0].until_s is not None:
                model[0].until_s = max(model[0].until_s, trio.current_time() + LEASE_S)
        elif verb == "sleep":
            await _time_goes_by(model, given)
        else:
            noes[:] = [mark] if mark in ("before", "after") else []
            command = Command(verb, {**given, "kind": "task", "text": "go on"}, "ada", f"id-{len(left)}")
            await _step(runtime, records, receipts, noes, model, command, given, mark)


async def _time_goes_by(model, seconds):
    end_s = trio.current_time() + seconds
    while model[0].until_s is not None and model[0].until_s < end_s:
        model[0] = model[1] = model[0].lost()
    await trio.sleep(seconds)


async def _step(runtime, records, receipts, noes, model, command, given, mark):
    async def ask():
        try:
            if command.verb == "claim":
                return await runtime.ask("runs", command)
            return await ask_run(runtime, records, "r", command.verb, command.args, "ada", command.id, receipts=receipts)
        except Refused as no:
            return no.code

    over = model[0].status in OVER
    after = getattr(model[0], command.verb)(trio.current_time(), **given)
    if over and after != "illegal" and command.verb != "claim":
        after = model[0] if command.verb == "report" and given["status"] == model[0].status else "illegal"
    armed, told = bool(noes), await ask()
    if armed and not noes:  # what it asked to have stored was refused
        assert told == "unavailable"
        model[1] = attrs.evolve(after) if mark == "after" and after is not model[0] else model[1]
    elif isinstance(after, str):
        assert told == after, (command.verb, given)
    else:
        assert not isinstance(told, str), (told, command.verb, given)
        if after is not model[0]:
            model[0], model[1] = after, attrs.evolve(after)
        if mark == "twice" and command.verb not in ("claim", "heartbeat"):
            assert not isinstance(await ask(), str), "what was carried out is answered again"
    noes.clear()

"""The kill switch: committed before it is true, resumed after its cooldown, each command once, whatever ends in between."""

from contextlib import asynccontextmanager

import pytest
import trio

from actors import Actor, AskTimeout, Child, Refused, open_runtime, trio_clock
from actors.testing import probe
from oracle.board import Board
from oracle.history import History, Queries, Store, inline
from oracle.model import Command, Event, State
from oracle.receipts import UNDONE, Receipts
from oracle.trading import SWITCH, KillSwitch, SwitchMemory, tripped

T0_US = 1_700_000_000_000_000
COOLDOWN_S = 300.0
DOWN = Refused("disk full", code="unavailable")


class Notebook(Actor):
    """A history in memory. `answers` are for commits: an exception is raised, `None` stores and never answers."""

    def __init__(self, rows, answers):
        self.rows = rows
        self.answers = answers

    def receive(self, commit):
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        self.rows.extend(commit.messages)
        if answer is None:
            self.reply_later()


class Desk:
    """What a test may ask and see."""

    def __init__(self, runtime, board, store):
        self.runtime, self.board, self.store = runtime, board, store

    async def ask(self, verb, reason="", ident="", by="ada"):
        state = await self.runtime.ask("kill_switch", Command(verb, {"reason": reason}, by, ident))
        assert state == self.board.state(SWITCH)
        return state.value

    async def kinds(self):
        return [row["kind"] for row in (await Queries(self.store, inline).events(subject=SWITCH, newest_first=False)).items]


@asynccontextmanager
async def open_desk(folder, history=None, clock=None):
    """A kill switch on a history in `folder`, as a start after whatever ended there; `history` stands in for the actor."""
    store, memory, made = Store(folder), SwitchMemory(), []
    store.open()

    def children(runtime):
        board, receipts = Board(runtime.bus), Receipts(runtime.now_us)
        board.load(store.states())
        receipts.load(store.receipts(0, 1_000, 1_000_000)[1])
        made.append(Desk(runtime, board, store))
        return [Child("history", history or (lambda: History(store, threaded=False)), capacity=1_000),
                Child("kill_switch", lambda: KillSwitch(board, receipts, COOLDOWN_S, memory))]

    try:
        async with open_runtime(children, clock=clock or trio_clock(T0_US), seed=1) as runtime:
            made[0].runtime = runtime
            yield made[0]
    finally:
        store.close()


async def test_it_is_tripped_and_resumed_after_the_cooldown_and_outlives_the_process(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        assert tripped(desk.board) is None and desk.board.get(SWITCH)["on"] is False
        said = probe(desk.runtime, "event:kill_switch_tripped:*")
        value = await desk.ask("trip", "crash")
        due_us = value["since_us"] + 300_000_000
        assert value == {"on": True, "reason": "crash", "since_us": value["since_us"], "by": "ada", "not_before_us": due_us}
        assert [(one.severity, one.data) for one in said.took()] == [
            ("critical", {"action": "trip", "reason": "crash", "by": "ada"})]
    async with open_desk(tmp_path, clock=lambda: due_us - 1) as desk:
        assert tripped(desk.board).reason == "crash"
        with pytest.raises(Refused, match=r"2023-11-14T22:18:20.*Z") as no:
            await desk.ask("resume")
        assert (no.value.code, no.value.details) == ("conflict", {"not_before_us": due_us})
        assert tripped(desk.board) is not None
    async with open_desk(tmp_path, clock=lambda: due_us) as desk:
        value = await desk.ask("resume", "over", by="bob")
        assert value == {"on": False, "reason": "over", "since_us": due_us, "by": "bob", "not_before_us": None}
        assert tripped(desk.board) is None
    async with open_desk(tmp_path) as desk:
        assert desk.board.get(SWITCH) == value
        assert await desk.kinds() == ["kill_switch_tripped", "kill_switch_resumed"]


async def test_what_is_so_already_stays_as_it_is_and_is_on_record(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        off = await desk.ask("resume")
        assert off["on"] is False and off == await desk.ask("resume")
        first = await desk.ask("trip", "first")
        await trio.sleep(200)
        assert await desk.ask("trip", "second", by="bob") == first
        await trio.sleep(100)
        assert (await desk.ask("resume"))["on"] is False, "the second did not begin the cooldown anew"
        assert await desk.kinds() == ["kill_switch_unchanged"] * 2 + [
            "kill_switch_tripped", "kill_switch_unchanged", "kill_switch_resumed"]
        with pytest.raises(Refused, match="dance"):
            await desk.ask("dance")


async def test_a_command_that_is_sent_again_does_not_undo_what_somebody_did_since(tmp_path, autojump_clock):
    async with open_desk(tmp_path) as desk:
        await desk.ask("resume", ident="client/ada/0/d0")
        await desk.ask("trip", ident="client/ada/1/d1")
        await trio.sleep(COOLDOWN_S)
        await desk.ask("resume", ident="client/ada/2/d2")
        assert (await desk.ask("trip", ident="client/ada/1/d1"))["on"] is False
        await desk.ask("trip", "again")
        await trio.sleep(COOLDOWN_S)
        kinds = await desk.kinds()
        assert (await desk.ask("resume", ident="client/ada/2/d2"))["reason"] == "again"
    async with open_desk(tmp_path) as desk:
        assert (await desk.ask("resume", ident="client/ada/0/d0"))["reason"] == "again", "an act that changed nothing, too"
        assert (await desk.ask("resume", ident="client/ada/2/d2"))["reason"] == "again"
        assert await desk.kinds() == kinds


@pytest.mark.parametrize("answers", [[DOWN] * 10, [None, DOWN, None]])
async def test_a_trip_that_can_not_be_stored_is_in_force_as_soon_as_it_can(tmp_path, autojump_clock, answers):
    rows, answers = [], list(answers)
    async with open_desk(tmp_path, lambda: Notebook(rows, answers)) as desk:
        said = probe(desk.runtime, "event:*")
        with pytest.raises(AskTimeout):
            await desk.ask("trip", "crash", "client/ada/1/d1")
        assert tripped(desk.board) is None and said.took() == []
        await trio.sleep(60)
        assert tripped(desk.board).reason == "crash"
        first = await desk.ask("trip", "crash", "client/ada/1/d1")
        assert first == desk.board.get(SWITCH) and [one.kind for one in said.took()] == ["kill_switch_tripped"]
        assert len({row.id for row in rows if isinstance(row, Event)}) == 1


@pytest.mark.parametrize("answer", [DOWN, None])
async def test_a_resume_of_which_nobody_knows_whether_it_was_stored_is_taken_back(tmp_path, autojump_clock, answer):
    rows = []
    answers = [True, answer, DOWN, True, True]
    async with open_desk(tmp_path, lambda: Notebook(rows, answers)) as desk:
        tripped_first = await desk.ask("trip", "crash")
        await trio.sleep(COOLDOWN_S)
        with pytest.raises(Refused, match="stays tripped"):
            await desk.ask("resume", "over", "client/ada/2/d2")
        assert tripped(desk.board) is not None
        assert await desk.ask("trip") == tripped_first
        stored = [row for row in rows if isinstance(row, State)]
        assert stored[-1].value == tripped_first
        assert UNDONE in {row.kind for row in rows if isinstance(row, Event)}
        assert (await desk.ask("resume", "over", "client/ada/2/d2"))["on"] is False, "it was not carried out, so it may be"



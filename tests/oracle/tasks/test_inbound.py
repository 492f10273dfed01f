"""What is called for and can't be made now is made later, and what is refused for good is said; virtual time."""

from contextlib import asynccontextmanager

import attrs
import pytest
import trio

from actors import Actor, Child, Refused, open_runtime, trio_clock
from actors.testing import probe
from oracle.alerts.vault import Vault
from oracle.board import Board
from oracle.history.actor import Commit
from oracle.inbound import Incoming
from oracle.inbound.hooks import Hooks
from oracle.model import Command, Event, State
from oracle.settings import Tasks
from oracle.tasks.inbound import MADE_S, MOST_OWED, OWED, Inbound
from tests.factories import WebhookFactory

T0_US = 1_795_737_600_000_000
SAID = Incoming("github", "issue_comment.created", WebhookFactory.comment(), "@agent review", "T", "ada", "github:o/h#1",
                delivery="d-1", fingerprint="sha256:1")  # fmt: skip


class Ledger(Actor):
    """Takes every commit, or none while it is `down`: what it then does keep is said by each entry."""

    def __init__(self, kept, down):
        self.kept, self.down = kept, down

    def receive(self, message):
        if isinstance(message, Commit):
            down = bool(self.down)
            if not down or self.down.pop() == "lost":
                self.kept.extend(message.messages)
            if down:
                raise Refused("the disk is full", "unavailable")


class Talk(Actor):
    """Has a conversation for every flow."""

    def receive(self, command):
        return State(f"conversation:{command.args['id']}", {}, 1, self.now_us())


class Desk(Actor):
    """Says no as often as it is told to, then takes in."""

    def __init__(self, noes, started):
        self.noes, self.started = noes, started

    def receive(self, command):
        if self.noes:
            raise Refused("not now", self.noes.pop(0))
        self.started.append((trio.current_time(), command.args["id"]))


class Past:
    """What came in before."""

    def __init__(self, kept):
        self.kept = kept

    async def known(self, subject, ident, fingerprint):
        events = (row for row in self.kept if isinstance(row, Event))
        told = next((event for event in events if ident == event.id or fingerprint == event.cause), None)
        return None if told is None else {**told.data, "event_id": told.id}


@attrs.frozen
class Door:
    """What a test may see."""

    runtime: object
    board: Board
    kept: list
    started: list

    async def deliver(self, **different):
        incoming = attrs.evolve(SAID, **different)
        return await self.runtime.ask("inbound", Command("receive", {"id": "wh-1", "incoming": incoming}))

    def owed(self):
        return [state.ref for state in self.board.kind(OWED)]


@asynccontextmanager
async def open_door(folder, noes=(), down=(), owed=()):
    """An inbound with a webhook `wh-1`, which `owed` tasks when it starts."""
    kept, started, made = [], [], []

    def children(runtime):
        board = Board(runtime.bus, runtime.now_us)
        commands = [{**WebhookFactory.command(), "command_id": "c", "priority": 0, "conditions": {}}]
        hook = {"commands": commands, "default_command": "", "bot_name": "", "provider": "github"}
        board.put("webhook:wh-1", hook, T0_US)
        for ref, value in owed:
            board.put(ref, value, T0_US)
        made.append(board)
        hooks = Hooks(board, Vault(folder), Tasks())
        return [
            Child("history", lambda: Ledger(kept, list(down))), Child("conversations", Talk),
            Child("runs", lambda: Desk(list(noes), started)), Child("inbound", lambda: Inbound(board, hooks, Past(kept))),
        ]  # fmt: skip

    async with open_runtime(children, clock=trio_clock(T0_US)) as runtime:
        yield Door(runtime, made[0], kept, started)


async def test_what_can_be_made_is_made_before_it_is_answered(tmp_path, autojump_clock):
    async with open_door(tmp_path) as door:
        taken = await door.deliver()
        assert (taken.made, taken.again, taken.matched_command) == (True, False, "review")
        assert [task for _, task in door.started] == [taken.task_id] and door.owed() == []
        kinds = [type(row).__name__ for row in door.kept]
        assert kinds == ["Event", "Chunk", "State"]  # all in one commit


async def test_what_can_not_be_made_now_is_answered_and_made_later(tmp_path, autojump_clock):
    async with open_door(tmp_path, noes=["unavailable", "full", "timeout", "unavailable"]) as door:
        begun = trio.current_time()
        taken = await door.deliver()
        assert not taken.made and trio.current_time() - begun == MADE_S
        assert door.owed() == [f"{OWED}:{taken.event_id}"] and door.started == []
        gone = probe(door.runtime, f"state:{OWED}:*")
        assert (await gone.next()).value is None
        assert [(at - begun, task) for at, task in door.started] == [(0.2 + 0.4 + 0.8 + 1.6, taken.task_id)]


async def test_what_is_refused_for_good_is_said(tmp_path, autojump_clock):
    async with open_door(tmp_path, noes=["over_budget"]) as door:
        told = probe(door.runtime, "event:webhook_task_refused:*")
        taken = await door.deliver()
        (event,) = told.took()
        assert (taken.refused, taken.task_id) == ("not now", None)
        assert (event.cause, event.subject, event.data["code"]) == (taken.event_id, "webhook:wh-1", "over_budget")
        assert event in door.kept and door.owed() == [] and door.started == []


async def test_one_that_exists_already_was_made_before(tmp_path, autojump_clock):
    async with open_door(tmp_path, noes=["exists"]) as door:
        told = probe(door.runtime, "event:webhook_task_refused:*")
        assert (await door.deliver()).made and told.took() == [] and door.owed() == []


async def test_what_is_owed_at_the_start_is_made(tmp_path, autojump_clock):
    async with open_door(tmp_path, noes=["unavailable"] * 9) as door:
        taken = await door.deliver()
        left = [(state.ref, state.value) for state in door.board.kind(OWED)]
    async with open_door(tmp_path, owed=left) as door:
        await trio.sleep(0.1)
        assert [task for _, task in door.started] == [taken.task_id] and door.owed() == []


async def test_what_can_not_be_stored_is_refused_and_nothing_comes_of_it(tmp_path, autojump_clock):
    async with open_door(tmp_path, down=[1]) as door:
        told = probe(door.runtime, "event:webhook_delivered:*")
        with pytest.raises(Refused, match="can't be stored now"):
            await door.deliver()
        await trio.sleep(60)
        assert told.took() == [] == door.started == door.owed()
        assert (await door.deliver()).made


async def test_what_was_refused_and_is_stored_all_the_same_is_made_when_it_is_delivered_again(tmp_path, autojump_clock):
    async with open_door(tmp_path, down=["lost"]) as door:
        with pytest.raises(Refused, match="can't be stored now"):
            await door.deliver()
        assert door.owed() == [] == door.started
        taken = await door.deliver()
        await trio.sleep(0.1)
        assert taken.again and [task for _, task in door.started] == [taken.task_id]
        assert (await door.deliver()).again
        await trio.sleep(0.1)
        assert len(door.started) == 1


async def test_no_more_is_owed_than_can_be_made_up_for(tmp_path, autojump_clock):
    async with open_door(tmp_path, noes=["unavailable"] * 100_000) as door:
        for number in range(MOST_OWED):
            door.board.put(f"{OWED}:{number}", {}, T0_US)
        with pytest.raises(Refused, match="too many tasks"):
            await door.deliver()
        assert door.kept == []

"""The owner of conversations where the disk takes no writes, or takes them and can't say so; virtual time."""

from contextlib import asynccontextmanager

import pytest

from actors import Actor, Child, Refused, open_runtime, trio_clock
from actors.testing import probe
from oracle.board import Board
from oracle.history.actor import Commit
from oracle.model import Command, Message
from oracle.receipts import Receipts
from oracle.tasks.conversations import Conversations

T0_US = 1_795_737_600_000_000
BEGIN = {"title": "t", "user_id": "u", "flow_id": "jira:A1-1", "source": "jira", "metadata": {}, "id": "conv-1"}
SAY = {"conversation": "conv-1", "role": "user", "content": "hello", "run": "", "metadata": {}, "id": "msg-1"}


class Disk(Actor):
    """Takes commits; each of `faults` refuses one, after it was kept where it says `lost`."""

    def __init__(self, kept, faults):
        self.kept, self.faults = kept, faults

    def receive(self, message):
        if isinstance(message, Commit):
            fault = self.faults.pop(0) if self.faults else ""
            if fault in ("", "lost"):
                self.kept.extend(message.messages)
            if fault:
                raise Refused("the disk is full", "unavailable")


class Past:
    """What is on the disk."""

    def __init__(self, kept):
        self.kept = kept

    async def message(self, ident):
        return next((row for row in self.kept if isinstance(row, Message) and row.id == ident), None)

    async def said(self, conversation, role, run, content):
        return None


@asynccontextmanager
async def open_talk(*faults):
    """Ask for something, and what is heard of what is said."""
    kept = []

    def children(runtime):
        board = Board(runtime.bus, runtime.now_us)
        talk = lambda: Conversations(board, Receipts(runtime.now_us), Past(kept))  # noqa: E731
        return [Child("history", lambda: Disk(kept, list(faults))), Child("conversations", talk)]

    async with open_runtime(children, clock=trio_clock(T0_US)) as runtime:
        async def ask(verb, args, ident=""):
            return await runtime.ask("conversations", Command(verb, args, "ada", ident))

        yield ask, probe(runtime, "message:*"), kept


async def test_what_could_not_be_stored_was_not_said(autojump_clock):
    async with open_talk("", "full") as (ask, heard, _):
        await ask("create", BEGIN)
        with pytest.raises(Refused, match="can't be stored now"):
            await ask("say", SAY)
        assert heard.took() == []
        said = await ask("say", SAY)
        assert heard.took() == [said]


async def test_what_was_stored_and_refused_is_told_when_it_is_sent_again_and_once(autojump_clock):
    async with open_talk("", "lost") as (ask, heard, kept):
        await ask("create", BEGIN)
        with pytest.raises(Refused, match="can't be stored now"):
            await ask("say", SAY)
        first, second = await ask("say", SAY), await ask("say", SAY)
        assert heard.took() == [first] == [second] == [row for row in kept if isinstance(row, Message)]


async def test_messages_of_one_instant_keep_their_order(autojump_clock):
    async with open_talk() as (ask, heard, _):
        await ask("create", BEGIN)
        said = [await ask("say", {**SAY, "id": f"msg-{n}"}) for n in range(3)]
        assert [one.ts_us for one in said] == sorted({one.ts_us for one in said})
        assert heard.took() == said


async def test_one_that_was_made_by_a_command_and_deleted_since_is_not_made_again(autojump_clock):
    async with open_talk() as (ask, _, _):
        wish = {**BEGIN, "id": None}
        made = await ask("create", wish, "client/ada/k/d")
        assert (await ask("create", wish, "client/ada/k/d")).ref == made.ref
        await ask("delete", {"id": made.ref.partition(":")[2]})
        with pytest.raises(Refused, match="is gone since"):
            await ask("create", wish, "client/ada/k/d")


async def test_it_is_asked_for_what_it_knows(autojump_clock):
    async with open_talk() as (ask, _, _):
        with pytest.raises(Refused, match="can't be asked to shout"):
            await ask("shout", {})
        with pytest.raises(Refused, match="Conversation not found"):
            await ask("say", SAY)

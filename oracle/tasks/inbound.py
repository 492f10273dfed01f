"""The actor that takes in what webhooks deliver, and sets to work what that calls for.

    delivery -> known? -> Event webhook_delivered + State webhook_task (what is owed) committed -> answered
                           -> conversation of the flow -> run started -> nothing is owed any more

What was answered is on the disk. What is owed is made up for after a restart: the ids of the conversation, the task and its
message follow from the event's, so that each step may be done again and there is one of each.
"""

from __future__ import annotations

import contextlib
from typing import Any

import attrs
import msgspec
import trio

from actors import Actor, NobodyOwns, Refused, Reply
from oracle.board import Board
from oracle.commit import NOT_NOW, committed
from oracle.crash import crash_point
from oracle.history import Commit
from oracle.history.arrivals import PAYLOAD, RECEIVED, REFUSED, Arrivals
from oracle.inbound.hooks import KIND, Hooks
from oracle.inbound.incoming import Incoming
from oracle.inbound.matching import asked, matched
from oracle.inbound.payload import stored_text
from oracle.model import Chunk, Command, Event, Message, Severity, State, event_id, ref, split_ref
from oracle.tasks.reply import USER, message_id

__all__ = ["OWED", "Inbound", "Taken"]

OWED = "webhook_task"
"""The kind of State of a task that is called for and does not exist yet."""
SESSION = "webhook-system"
"""The session of tasks that nobody at the dashboard asked for."""
COMMIT_TIMEOUT_S = 4.0  # less than the asker waits
MADE_S = 1.5  # so long an answer waits for the task to exist; providers wait three seconds and more
MOST_OWED = 1_000
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 30.0
_MADE = frozenset({"exists", "illegal"})  # refusals of one that was made before: it is another by now, or over
_LATER = frozenset({"unavailable", "full", "timeout"})  # refusals that say nothing about the task


@attrs.frozen
class Taken:
    """What became of a delivery. `task_id` and `matched_command` are None where it calls for nothing; `made`: the task exists."""

    event_id: str
    task_id: str | None
    matched_command: str | None
    made: bool = True
    again: bool = False
    """It was delivered before, and nothing came of it now."""
    refused: str = ""
    """Why its task was refused for good; then there is none."""


@attrs.define(eq=False)
class _Making:
    """A task that is being made; `done` is set once it is, or is refused for good."""

    done: trio.Event = attrs.field(factory=trio.Event)
    refused: str = ""


class Inbound(Actor):
    """`inbound`. Asked `Command("receive", {id, incoming: Incoming})` of a delivery whose signature fits; answers with Taken.

    Refused: `not_found`, `full` (1,000 tasks are owed), `unavailable`. A task that `runs` refuses for good is told of by an Event
    `webhook_task_refused`."""

    def __init__(self, board: Board, hooks: Hooks, arrivals: Arrivals) -> None:
        self._board = board
        self._hooks = hooks
        self._arrivals = arrivals
        self._unsure: dict[str, tuple[Event, State | None]] = {}  # what was refused, and may be on the disk all the same

    async def start(self) -> None:
        """Make up for what is owed."""
        for state in self._board.kind(OWED):
            if state.value is not None:
                self.helper(self._settle, split_ref(state.ref)[1], state.value, _Making())

    async def receive(self, command: Command) -> Taken:
        """Take in a delivery."""
        if command.verb != "receive":
            raise Refused(f"inbound can't be asked to {command.verb}", "unknown_verb", {"verb": command.verb})
        hook, incoming = str(command.args["id"]), command.args["incoming"]
        webhook, name = self._hooks.find(hook), ref(KIND, hook)
        ident = event_id(RECEIVED, name, incoming.provider, 0, incoming.delivery or incoming.fingerprint)
        known = await self._arrivals.known(name, ident, incoming.fingerprint)
        if known is not None:
            self._adopt(known["event_id"])
            exists = self._board.get(ref(OWED, known["event_id"])) is None
            return Taken(known["event_id"], known["task_id"], known["matched_command"], exists, again=True)
        if max(len(self._board.kind(OWED)), len(self._unsure)) >= MOST_OWED:
            raise Refused("too many tasks wait to be made", "full")
        called = matched(webhook, incoming, self._hooks.bot_of(webhook))
        task = None if called is None else f"task-{ident[4:16]}"
        command_name = None if called is None else called["name"]
        owed = None if called is None else self._owed(ident, hook, called, incoming)
        await self._record(ident, name, incoming, task, command_name, owed)
        taken = Taken(ident, task, command_name)
        if owed is not None:
            making = _Making()
            self.helper(self._settle, ident, owed, making)
            self.helper(self._answer, self.reply_later(), taken, making)
        return taken

    async def _record(
        self, ident: str, name: str, incoming: Incoming, task: str | None, command: str | None, owed: dict[str, Any] | None
    ) -> None:
        now_us = self.now_us()
        text, cut = stored_text(incoming.payload)
        shared = {key: getattr(incoming, key) for key in ("provider", "event_type", "delivery", "sender", "flow_id", "own")}
        data = {**shared, "title": incoming.title[:200], "url": incoming.url[:500], "task_id": task, "matched_command": command}
        summary = f"{incoming.provider} delivered {incoming.event_type}" + (f", which calls {command}" if command else "")
        told = Event(
            ident, RECEIVED, name, f"webhook:{incoming.provider}", Severity.low, summary, {**data, "cut": cut}, now_us,
            incoming.fingerprint,
        )  # fmt: skip
        draft = None if owed is None else self._board.draft(ref(OWED, ident), owed, now_us)
        rows = (told, Chunk(ident, 1, PAYLOAD, text, now_us), *(() if draft is None else (draft,)))
        crash_point("inbound:before-commit")
        try:
            await self.ask("history", Commit(rows), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            self._unsure[ident] = told, draft
            raise Refused(f"deliveries can't be stored now: {no}", "unavailable") from no
        crash_point("inbound:committed")
        self._unsure.pop(ident, None)
        if draft is not None:
            self._board.apply(draft)
        self.publish(told)

    def _adopt(self, ident: str) -> None:
        """It is on the disk after all: tell of it, and make what it calls for."""
        told, draft = self._unsure.pop(ident, (None, None))
        if told is not None:
            self.publish(told)
        if draft is not None and draft.value is not None:
            self._board.apply(draft)
            self.helper(self._settle, ident, draft.value, _Making())

    def _owed(self, ident: str, hook: str, command: Any, incoming: Incoming) -> dict[str, Any]:
        """All it takes to make the task, so that it comes out the same however the webhook is changed meanwhile."""
        about = {"webhook_id": hook, "event_id": ident, "event_type": incoming.event_type, "matched_command": command["name"]}
        return {
            "task_id": f"task-{ident[4:16]}", "conversation_id": f"conv-{ident[4:16]}", "agent": command["agent"],
            "words": asked(command, incoming), "flow_id": incoming.flow_id, "title": incoming.title[:100] or incoming.event_type,
            "provider": incoming.provider, "sender": incoming.sender,
            "about": {**about, "sender": incoming.sender, "url": incoming.url[:500]},
        }  # fmt: skip

    # ---- tasks

    async def _answer(self, reply: Reply, taken: Taken, making: _Making) -> None:
        with trio.move_on_after(MADE_S):
            await making.done.wait()
        if making.refused:
            taken = attrs.evolve(taken, task_id=None, refused=making.refused)
        reply.answer(attrs.evolve(taken, made=making.done.is_set()))

    async def _settle(self, ident: str, owed: dict[str, Any], making: _Making) -> None:
        """Make the task, however long that takes."""
        wait_s = FIRST_WAIT_S
        while True:
            try:
                await self._make(ident, owed)
                break
            except NOT_NOW as no:
                if isinstance(no, Refused) and no.code not in _LATER:
                    if no.code not in _MADE:
                        await self._tell_refused(ident, owed, no)
                        making.refused = no.reason
                    break
                await trio.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        # Observed only: where the process ends before that is on the disk, everything is asked for once more, by the same ids.
        self._board.put(ref(OWED, ident), None, self.now_us())
        making.done.set()

    async def _make(self, ident: str, owed: dict[str, Any]) -> None:
        by, source = f"webhook:{owed['about']['webhook_id']}", owed["provider"]
        wish = {
            "id": owed["conversation_id"], "title": owed["title"], "user_id": by, "flow_id": owed["flow_id"], "source": source,
            "metadata": {},
        }  # fmt: skip
        conversation: State = await self.ask("conversations", Command("create", wish, by))
        talk = split_ref(conversation.ref)[1]
        crash_point("inbound:conversation")
        task, now_us = owed["task_id"], self.now_us()
        said = Message(message_id(USER, task), talk, USER, owed["words"], task, owed["about"], now_us)
        await self.ask("runs", Command("start", {
            "kind": "task", "id": task, "params": _params(owed), "owner": owed["sender"] or by,
            "agent": owed["agent"], "session": SESSION, "conversation": talk, "source": source, "also": [said],
        }, by, ident))  # fmt: skip
        crash_point("inbound:task-started")
        # Numbered, so that they are put out once; where the task is over already, or its actor is not there yet, it goes without.
        with contextlib.suppress(NobodyOwns):
            await self.ask(ref("run", task), Command("output", {"worker": "", "pieces": _log(ident, owed), "first": 1}, by))

    async def _tell_refused(self, ident: str, owed: dict[str, Any], no: Refused) -> None:
        now_us, name = self.now_us(), ref(KIND, owed["about"]["webhook_id"])
        told = Event(
            event_id(REFUSED, name, "inbound", 0, ident), REFUSED, name, "inbound", Severity.medium,
            f"the task {owed['task_id']} was refused: {no.reason}", {"task_id": owed["task_id"], "code": no.code}, now_us, ident,
        )  # fmt: skip
        await committed(self, (told,))
        self.publish(told)


def _log(ident: str, owed: dict[str, Any]) -> list[list[str]]:
    """What the log of the task begins with: how it came about."""
    about = owed["about"]
    stages = {
        "received": {"event_id": ident, **{name: about[name] for name in ("webhook_id", "event_type", "sender", "url")}},
        "validated": {"provider": owed["provider"]},
        "matched": {"command": about["matched_command"], "agent": owed["agent"]},
        "task_created": {"task_id": owed["task_id"], "flow_id": owed["flow_id"] or None},
    }
    return [[f"webhook:{stage}", msgspec.json.encode(data).decode()] for stage, data in stages.items()]


def _params(owed: dict[str, Any]) -> dict[str, Any]:
    """What a task is asked, as every other task has it."""
    about = {"agent_type": "webhook", "source_metadata": owed["about"], "flow_id": owed["flow_id"] or None}
    return {"input_message": owed["words"], **about}

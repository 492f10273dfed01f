"""The actor that keeps conversations, and what is said in them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from actors import Actor, Refused
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.history import Commit
from oracle.history.talks import Talks
from oracle.model import Command, Event, Message, Severity, State, event_id, ref, split_ref
from oracle.receipts import Receipts

__all__ = ["KIND", "Conversations", "conversation_of_flow"]

KIND = "conversation"
COMMIT_TIMEOUT_S = 4.0  # less than the asker waits
MOST = 100_000
MOST_UNSURE = 10_000
DONE = {"create": "created", "change": "changed", "delete": "deleted", "clear": "cleared"}


def conversation_of_flow(board: Board, flow_id: str) -> State | None:
    """The conversation about a flow; of several the one in use latest."""
    found = [state for state in board.kind(KIND) if state.value is not None and state.value["flow_id"] == flow_id]
    return max(found, key=lambda state: state.value["updated_us"], default=None) if flow_id else None  # type: ignore[index]


class Conversations(Actor):
    """`conversations`, the one writer of the States `conversation:ID`: {title, user_id, flow_id, source, metadata, is_archived,
    created_us, updated_us, cleared_us}. Messages not newer than `cleared_us` are not shown any more. What tasks came to is not
    kept here: it is computed from their records (`oracle.history.talks`), so that it can't drift.

    Asked of it, answered once it is committed:
        create {title, user_id, flow_id, source, metadata, id?}   -> State; a flow that has a conversation keeps that one
        change {id, title?, is_archived?, metadata?}, clear {id}   -> State
        delete {id}                                                -> State, gone; its messages are not shown any more
        say    {conversation, role, content, run, metadata, id?}   -> Message, committed, then published; there is one of an id,
               and one of what an assistant says with one task in the same words
    Refused: `not_found`, `exists` (a message of that id says something else), `full`, `unavailable`. A Command with an id is
    carried out once.
    """

    listens = ("message:*",)

    def __init__(self, board: Board, receipts: Receipts, talks: Talks) -> None:
        self._board = board
        self._receipts = receipts
        self._talks = talks
        self._unsure: set[str] = set()  # messages that were refused, and may be on the disk all the same

    async def start(self) -> None:
        """See what was said as the process ended."""
        if self._board.kind(KIND):
            await self._catch_up()

    async def receive(self, message: Command | Message) -> State | Message | None:
        match message:
            case Message():
                self._heed(message.conversation, message.ts_us)
                return None
            case Command(verb="create"):
                return await self._create(message)
            case Command(verb="say"):
                return await self._say(message)
            case Command(verb="change" | "delete" | "clear" as verb):
                return await self._alter(message, verb)
        raise Refused(f"conversations can't be asked to {message.verb}", "unknown_verb", {"verb": message.verb})

    # ---- conversations

    async def _create(self, command: Command) -> State:
        args, now_us = command.args, self.now_us()
        ident = args.get("id") or f"conv-{_digits(command.id)}"
        known = self._board.state(ref(KIND, ident)) or conversation_of_flow(self._board, args["flow_id"])
        if known is not None:
            return known
        if self._receipts.applied(command.id):
            raise Refused("the conversation was created, and is gone since", "not_found", {"id": ident})
        if len(self._board.kind(KIND)) >= MOST:
            raise Refused(f"there are {MOST} conversations already", "full")
        value = {key: args[key] for key in ("title", "user_id", "flow_id", "source", "metadata")}
        times = {"is_archived": False, "created_us": now_us, "updated_us": now_us, "cleared_us": 0}
        return await self._store(ident, {**value, **times}, command)

    async def _alter(self, command: Command, verb: str) -> State:
        ident = str(command.args["id"])
        if self._receipts.applied(command.id):
            now_us = self.now_us()
            return self._board.state(ref(KIND, ident)) or State(ref(KIND, ident), None, 0, now_us)
        value = self._known(ident)
        if verb == "delete":
            return await self._store(ident, None, command)
        now_us = max(self.now_us(), value["updated_us"] + 1)
        changes: dict[str, Any] = {key: command.args[key] for key in ("title", "is_archived", "metadata") if key in command.args}
        if verb == "clear":
            changes = {"cleared_us": now_us}
        return await self._store(ident, {**value, **changes, "updated_us": now_us}, command)

    async def _store(self, ident: str, value: dict[str, Any] | None, command: Command) -> State:
        kind, name = f"conversation_{DONE[command.verb]}", ref(KIND, ident)
        now_us = self.now_us() if value is None else value["updated_us"]  # of one that is cleared: up to which it is
        draft = self._board.draft(name, value, now_us)
        told = Event(
            event_id(kind, name, "conversations", 0 if command.id else now_us, command.id), kind, name, "conversations",
            Severity.low, f"{ident} was {DONE[command.verb]} by {command.by}", {"by": command.by}, now_us, command.id,
        )  # fmt: skip
        await self._commit(draft, told)
        self._receipts.note_applied(command.id)
        self._board.apply(draft)
        self.publish(told)
        return draft

    # ---- messages

    async def _say(self, command: Command) -> Message:
        args = command.args
        ident = args.get("id") or f"msg-{_digits(command.id)}"
        value = self._known(args["conversation"])
        if args.get("id") or command.id:
            known = await self._talks.message(ident)
            if known is not None:
                return self._again(_same(known, args))
        if args["role"] == "assistant" and args["run"]:
            known = await self._talks.said(args["conversation"], "assistant", args["run"], args["content"])
            if known is not None:
                return known
        now_us = max(self.now_us(), value["updated_us"] + 1)  # in the order they were said
        message = Message(ident, *(args[key] for key in ("conversation", "role", "content", "run", "metadata")), now_us)
        draft = self._board.draft(ref(KIND, message.conversation), {**value, "updated_us": now_us}, now_us)
        try:
            await self._commit(draft, message)
        except Refused:
            if len(self._unsure) < MOST_UNSURE:
                self._unsure.add(ident)
            raise
        self._board.apply(draft)
        self.publish(message)
        return message

    def _again(self, known: Message) -> Message:
        """It is on the disk; who listens is told, if nobody was when it was said."""
        if known.id in self._unsure:
            self._unsure.remove(known.id)
            self._heed(known.conversation, known.ts_us)
            self.publish(known)
        return known

    def _heed(self, conversation: str, at_us: int) -> None:
        """It was spoken in; a run says its own messages."""
        value = self._board.get(ref(KIND, conversation))
        if value is not None and value["updated_us"] < at_us:
            self._board.put(ref(KIND, conversation), {**value, "updated_us": at_us}, self.now_us())

    async def _catch_up(self) -> None:
        marks = [(split_ref(state.ref)[1], state.value["updated_us"]) for state in self._board.kind(KIND) if state.value]
        try:
            found = await self._talks.totals(marks)
        except Refused:  # the order of the list is a little old then
            return
        for ident, totals in found.items():
            if totals.newest_us is not None:
                self._heed(ident, totals.newest_us)

    def _known(self, ident: str) -> dict[str, Any]:
        value = self._board.get(ref(KIND, ident))
        if value is None:
            raise Refused("Conversation not found", "not_found", {"id": ident})
        return value

    async def _commit(self, *rows: State | Event | Message) -> None:
        try:
            await self.ask("history", Commit(rows), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            raise Refused(f"conversations can't be stored now: {no}", "unavailable") from no


def _same(known: Message, args: Mapping[str, Any]) -> Message:
    if (known.conversation, known.role, known.content) != (args["conversation"], args["role"], args["content"]):
        raise Refused(f"the message '{known.id}' says something else", "exists", {"id": known.id})
    return known


def _digits(command_id: str) -> str:
    """12 hex digits: of the command, so that it makes one thing, or by chance."""
    return hashlib.blake2b(command_id.encode(), digest_size=6).hexdigest() if command_id else secrets.token_hex(6)

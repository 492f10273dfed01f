"""The actor that owns webhooks: whose deliveries are taken, and which commands they may call."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from typing import Any

import attrs

from actors import Actor, Refused
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.history import Commit
from oracle.inbound import PROVIDERS
from oracle.inbound.hooks import KIND, Hooks
from oracle.inbound.webhook import MOST_COMMANDS, NewCommand, NewWebhook, WebhookChange
from oracle.model import Command, Event, Severity, State, event_id, ref
from oracle.problems import one_of
from oracle.receipts import Receipts
from oracle.secret import MASK

__all__ = ["Webhooks"]

COMMIT_TIMEOUT_S = 4.0  # less than the asker waits
MOST = 1_000
DONE = {
    "create": "created", "change": "changed", "delete": "deleted", "enable": "enabled", "disable": "disabled",
    "add_command": "given a command", "change_command": "given another command", "remove_command": "relieved of a command",
}  # fmt: skip

Value = dict[str, Any]


class Webhooks(Actor):
    """`webhooks`, the one writer of the States `webhook:ID` (see `oracle.inbound.hooks.Hooks`). Asked, it answers with the State
    once that is committed:

        create {webhook: NewWebhook}, change {id, change: WebhookChange}, delete, enable, disable {id},
        add_command {id, command: NewCommand}, change_command {id, command_id, command}, remove_command {id, command_id}

    A secret goes into the vault before the State that refers to it is committed. Refused: `not_found`, `exists` (the name),
    `forbidden` (it is built in), `invalid`, `full`, `unavailable`. A Command with an id is carried out once.
    """

    def __init__(self, board: Board, receipts: Receipts, hooks: Hooks) -> None:
        self._board = board
        self._receipts = receipts
        self._hooks = hooks
        self._unsure = False  # whether something was refused that may be stored all the same

    async def receive(self, command: Command) -> State:
        """Grant a wish."""
        if command.verb not in DONE:
            raise Refused(f"webhooks can't be asked to {command.verb}", "unknown_verb", {"verb": command.verb})
        ident = f"wh-{_digits(command.id)}" if command.verb == "create" else str(command.args["id"])
        if self._receipts.applied(command.id):
            return self._as_it_is(ident, command.verb)
        if command.verb == "create":
            return await self._create(ident, command)
        if ident in self._hooks.own:
            raise Refused(f"the webhook '{ident}' is built in: the settings say how it is", "forbidden")
        value = self._hooks.find(ident)
        match command.verb:
            case "delete":
                changed = None
            case "change":
                changed = await self._changed(ident, value, command.args["change"])
            case "enable" | "disable" as verb:
                changed = {**value, "enabled": verb == "enable"}
            case _:
                changed = _with_commands(value, command)
        return await self._store(ident, changed, command)

    def _as_it_is(self, ident: str, verb: str) -> State:
        state = self._board.state(ref(KIND, ident))
        if state is None and verb != "delete":
            raise Refused("Webhook not found", "not_found", {"id": ident})
        return state or State(ref(KIND, ident), None, 0, self.now_us())

    async def _create(self, ident: str, command: Command) -> State:
        wish: NewWebhook = command.args["webhook"]
        if wish.provider not in PROVIDERS:
            raise Refused(f"Invalid provider '{wish.provider}': it should be {one_of(PROVIDERS)}", "invalid")
        self._free(wish.name, ident)
        if len(self._board.kind(KIND)) >= MOST:
            raise Refused(f"there are {MOST} webhooks already", "full")
        now_us = self.now_us()
        value = {
            "name": wish.name, "provider": wish.provider, "enabled": wish.enabled, "default_command": wish.default_command,
            "bot_name": wish.bot_name, "created_us": now_us, "updated_us": now_us, "created_by": command.by,
            "commands": [one.value(f"cmd-{_digits(f'{ident} {place}')}") for place, one in enumerate(wish.commands)],
            "secret": await self._kept(wish.secret, ""),
        }  # fmt: skip
        return await self._store(ident, value, command)

    async def _changed(self, ident: str, value: Value, wish: WebhookChange) -> Value:
        given = {name: one for name, one in attrs.asdict(wish).items() if one is not None}
        if "name" in given:
            self._free(given["name"], ident)
        if given.get("default_command"):
            _known_name(value["commands"], given["default_command"])
        if "secret" in given:
            given["secret"] = await self._kept(given["secret"], value["secret"])
        return {**value, **given}

    def _free(self, name: str, ident: str) -> None:
        if any(one["name"] == name for other, one in self._hooks.everything().items() if other != ident):
            raise Refused(f"Webhook with name '{name}' already exists", "exists", {"name": name})

    async def _kept(self, secret: str | None, before: str) -> str:
        """The reference to a secret that is on the disk now."""
        if secret == MASK:
            return before
        if not secret:
            return ""
        reference = self._hooks.vault.new_reference()
        try:
            await self._hooks.vault.add({reference: secret})
        except OSError as error:
            raise Refused("secrets can't be stored now", "unavailable") from error
        return reference

    async def _store(self, ident: str, value: Value | None, command: Command) -> State:
        now_us, kind, name = self.now_us(), f"webhook_{command.verb}", ref(KIND, ident)
        draft = self._board.draft(name, None if value is None else {**value, "updated_us": now_us}, now_us)
        told = Event(
            event_id(kind, name, "webhooks", 0 if command.id else now_us, command.id), kind, name, "webhooks", Severity.low,
            f"the webhook {ident} was {DONE[command.verb]} by {command.by}", {"by": command.by}, now_us, command.id,
        )  # fmt: skip
        try:
            await self.ask("history", Commit((draft, told)), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            self._unsure = True
            raise Refused(f"webhooks can't be stored now: {no}", "unavailable") from no
        self._receipts.note_applied(command.id)
        self._board.apply(draft)
        self.publish(told)
        await self._forget_secrets()
        return draft

    async def _forget_secrets(self) -> None:
        """Those that no webhook refers to any more; none where nobody knows to which the stored ones refer."""
        if not self._unsure:
            known = [one["secret"] for one in self._hooks.everything().values()]
            with contextlib.suppress(OSError):  # what is left over goes next time
                await self._hooks.vault.keep_only(reference for reference in known if reference)


def _with_commands(value: Value, command: Command) -> Value:
    known, args = list(value["commands"]), command.args
    if command.verb == "add_command":
        if len(known) >= MOST_COMMANDS:
            raise Refused(f"a webhook has at most {MOST_COMMANDS} commands", "full")
        fresh = args["command"].value(f"cmd-{_digits(command.id)}")
        return {**value, "commands": _unique([*known, fresh])}
    place = next((place for place, one in enumerate(known) if one["command_id"] == args["command_id"]), None)
    if place is None:
        raise Refused("Command not found", "not_found", {"command_id": args["command_id"]})
    before = known.pop(place)
    default = value["default_command"]
    if command.verb == "remove_command":
        return {**value, "commands": known, "default_command": "" if default == before["name"] else default}
    wish: NewCommand = args["command"]
    after = wish.value(before["command_id"])
    known.insert(place, after)
    return {**value, "commands": _unique(known), "default_command": after["name"] if default == before["name"] else default}


def _unique(commands: list[Value]) -> list[Value]:
    names = [one["name"] for one in commands]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Refused(f"Command with name '{twice[0]}' already exists", "exists", {"name": twice[0]})
    return commands


def _known_name(commands: list[Value], name: str) -> None:
    if name not in (one["name"] for one in commands):
        raise Refused(f"there is no command '{name}'", "invalid", {"default_command": name})


def _digits(text: str) -> str:
    """12 hex digits: of the text, so that it makes one thing, or by chance."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest() if text else secrets.token_hex(6)

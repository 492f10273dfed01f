"""The actor that keeps the register of agents, and what is known of the command lines that people have open."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from actors import Actor, Refused
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.history import Commit
from oracle.model import Command, Event, Severity, event_id
from oracle.receipts import Receipts

__all__ = ["AGENT", "BUILTIN", "CLI", "Agents", "agents_of"]

AGENT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What an agent may be called."""
CLI = "cli"
"""The kind of State of a command line: `{session_id, active}`."""
MOST_AGENTS = 1_000
MOST_CLIS = 200  # that are remembered; the ones not heard of for longest go
BUILTIN = {
    "planning": {"agent_type": "planning", "description": "Analyses a task and lays out the steps to it"},
    "executor": {"agent_type": "executor", "description": "Carries the steps out"},
}


def agents_of(board: Board, commands: Iterable[str]) -> list[dict[str, Any]]:
    """Every agent: the builtin ones, those that a command of the settings works for, and those somebody has put in."""
    found = {name: {"name": name, **about, "is_builtin": True} for name, about in BUILTIN.items()}
    for name in commands:
        about = {"agent_type": "custom", "description": "Its tasks are worked off on this machine", "is_builtin": False}
        found[name] = found.get(name) or {"name": name, **about}
    for state in board.kind("agent"):
        if state.value is not None and state.value["name"] not in found:
            found[state.value["name"]] = {**state.value, "is_builtin": False}
    return list(found.values())


class Agents(Actor):
    """`agents`. Asked `Command("put", {name, agent_type, description})` or "drop" `{name}`, answered once that is committed; and
    "cli" `{session_id, active}`, which is only observed.

    Refused: `conflict` for a name that is builtin or of the settings, `not_found`, `full`, `unavailable`.
    """

    def __init__(self, board: Board, receipts: Receipts, commands: Iterable[str]) -> None:
        self._board = board
        self._receipts = receipts
        self._fixed = {*BUILTIN, *commands}

    async def receive(self, command: Command) -> dict[str, Any]:
        """Grant a wish."""
        args = command.args
        match command.verb:
            case "put":
                self._free(args["name"])
                value = {key: args[key] for key in ("name", "agent_type", "description")}
                return await self._store("agent_registered", value, command)
            case "drop":
                self._free(args["name"])
                if self._board.get(f"agent:{args['name']}") is None and not self._receipts.applied(command.id):
                    raise Refused(f"Agent '{args['name']}' not found", "not_found", {"name": args["name"]})
                return await self._store("agent_dropped", {"name": args["name"]}, command)
            case "cli":
                return self._note_cli(str(args["session_id"]), bool(args["active"]))
        raise Refused(f"agents can't be asked to {command.verb}", "unknown_verb", {"verb": command.verb})

    def _free(self, name: str) -> None:
        if name in self._fixed:
            raise Refused(f"Agent '{name}' is built in", "conflict", {"name": name})

    async def _store(self, kind: str, value: dict[str, Any], command: Command) -> dict[str, Any]:
        if self._receipts.applied(command.id):
            return value
        ref, now_us, gone = f"agent:{value['name']}", self.now_us(), kind == "agent_dropped"
        if not gone and self._board.get(ref) is None and len(self._board.kind("agent")) >= MOST_AGENTS:
            raise Refused(f"there are {MOST_AGENTS} agents already", "full")
        draft = self._board.draft(ref, None if gone else value, now_us)
        ident = event_id(kind, ref, "agents", 0 if command.id else now_us, command.id)
        summary = f"the agent {value['name']} was {kind.removeprefix('agent_')} by {command.by}"
        told = Event(ident, kind, ref, "agents", Severity.low, summary, {"by": command.by}, now_us, command.id)
        try:
            await self.ask("history", Commit((draft, told)), 4.0)
        except NOT_NOW as no:
            raise Refused(f"agents can't be stored now: {no}", "unavailable") from no
        self._receipts.note_applied(command.id)
        self._board.apply(draft)
        self.publish(told)
        return value

    def _note_cli(self, session: str, active: bool) -> dict[str, Any]:
        value = {"session_id": session, "active": active}
        known = self._board.kind(CLI)
        if self._board.get(f"{CLI}:{session}") is None and len(known) >= MOST_CLIS:
            oldest = min(known, key=lambda state: state.ts_us)
            self._board.put(oldest.ref, None, self.now_us())
        self._board.put(f"{CLI}:{session}", value, self.now_us())
        return value

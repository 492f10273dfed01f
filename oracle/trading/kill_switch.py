"""The kill switch: the one committed word on whether trading may go on.

While it is on the gate lets no order pass, and the desk cancels those that are open; what is held stays. Bots outside go by it
too: they read it over REST or the board, or are told it on the stream, as `state:switch:kill` and
`event:kill_switch_tripped:*`. What was answered survives a SIGKILL.
"""

from __future__ import annotations

from typing import Any

import attrs

from actors import Actor, Refused
from oracle.board import Board
from oracle.commit import NOT_NOW, committed
from oracle.crash import crash_point
from oracle.history import Commit
from oracle.model import Command, Event, Severity, State, event_id
from oracle.moments import iso_text
from oracle.receipts import UNDONE, Receipts, undone

__all__ = ["SWITCH", "KillSwitch", "SwitchMemory", "Tripped", "tripped"]

SWITCH = "switch:kill"
SOURCE = "kill_switch"
COMMIT_TIMEOUT_S = 4.0  # less than the asker waits
_SEVERITY = {"tripped": Severity.critical, "resumed": Severity.high, "unchanged": Severity.low}
_DONE = {"trip": "tripped", "resume": "resumed"}


@attrs.frozen
class Tripped:
    """Trading must not go on: why, since when, who said so, and when it may be resumed at the earliest; UTC microseconds."""

    reason: str
    since_us: int
    by: str
    not_before_us: int


@attrs.define
class SwitchMemory:
    """What outlives the actor's lives: what is decided and not yet known to be stored, and how much was asked."""

    in_hand: tuple[tuple[State, ...], Event] | None = None
    asked: int = 0


def tripped(board: Board) -> Tripped | None:
    """Why trading must not go on; None where it may, as it may until somebody trips the switch."""
    value = board.get(SWITCH)
    if value is None or not value["on"]:
        return None
    return Tripped(value["reason"], value["since_us"], value["by"], value["not_before_us"])


class KillSwitch(Actor):
    """`kill_switch`. Asked `Command("trip" | "resume", {"reason": str})`; answers with State `switch:kill`, once it is committed:
    `on` (tripped: trading must not go on), `reason`, `since_us`, `by`, `not_before_us` (None where it is not tripped).

    Each of both that finds it so already changes nothing, not the reason and not the cooldown, and answers the same. Refused:
    `conflict` for a resume before `not_before_us` (details: not_before_us), `unavailable` for one that can't be stored now, and
    then it stays tripped. A trip that can't be stored is in force as soon as it can, also where its asker has had no answer by
    then. A Command with an id is carried out once, also over a SIGKILL: the event that tells of it is committed with it.
    """

    def __init__(self, board: Board, receipts: Receipts, cooldown_s: float, memory: SwitchMemory) -> None:
        self._board = board
        self._receipts = receipts
        self._cooldown_us = round(cooldown_s * 1e6)
        self._memory = memory

    async def start(self) -> None:
        """Bring about what a life before this one could not, and have the switch on the board."""
        await self._fulfil()
        if self._board.get(SWITCH) is None:
            self._board.put(SWITCH, _value(False, "", self.now_us(), "start", None), self.now_us())

    async def receive(self, command: Command) -> State | None:
        """Trip the switch, or resume."""
        if command.verb not in _DONE:
            raise Refused(f"the kill switch can't be asked to {command.verb}", "unknown_verb", {"verb": command.verb})
        await self._fulfil()
        if not self._receipts.applied(command.id):
            match command.verb, tripped(self._board):
                case "trip", None:
                    await self._trip(command)
                case "resume", Tripped() as now:
                    await self._resume(command, now)
                case _:
                    self._memory.in_hand = (), self._told(command, "unchanged")
                    await self._fulfil()
        return self._board.state(SWITCH)

    async def _trip(self, command: Command) -> None:
        told = self._told(command, "tripped")
        value = _value(True, told.data["reason"], told.ts_us, command.by, told.ts_us + self._cooldown_us)
        self._memory.in_hand = (self._board.draft(SWITCH, value, told.ts_us),), told
        await self._fulfil()

    async def _resume(self, command: Command, now: Tripped) -> None:
        told = self._told(command, "resumed")
        if told.ts_us < now.not_before_us:
            raise Refused(f"the kill switch can be resumed at {iso_text(now.not_before_us)} at the earliest", "conflict",
                          {"not_before_us": now.not_before_us})  # fmt: skip
        draft = self._board.draft(SWITCH, _value(False, told.data["reason"], told.ts_us, command.by, None), told.ts_us)
        try:
            await self.ask("history", Commit((draft, told)), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            # Nobody knows whether that was stored. A switch that went off later, when nobody looks, would be the worse error.
            before = State(SWITCH, self._board.get(SWITCH), draft.version, draft.ts_us)
            self._memory.in_hand = (before,), undone(told)
            raise Refused(f"it can't be stored now, and stays tripped: {no}", "unavailable") from no
        self._put_in_force((draft,), told)

    async def _fulfil(self) -> None:
        """Have what is in hand stored, however long that takes, and put it in force. Raises Refused for what no history takes."""
        if self._memory.in_hand is None:
            return
        states, told = self._memory.in_hand
        try:
            await committed(self, (*states, told))
        except Refused:
            self._memory.in_hand = None
            raise
        self._memory.in_hand = None
        self._put_in_force(states, told)

    def _put_in_force(self, states: tuple[State, ...], told: Event) -> None:
        crash_point("kill_switch:committed")
        if told.kind != UNDONE:
            self._receipts.note_applied(told.cause)
        for state in states:
            self._board.apply(state)
        self.publish(told)

    def _told(self, command: Command, what: str) -> Event:
        """What tells of a command; sent again with its id, it is the same event."""
        self._memory.asked += 1
        kind, reason = f"kill_switch_{what}", str(command.args.get("reason") or "")
        salt = (0, command.id) if command.id else (self.now_us(), self._memory.asked)
        already = f" (it was {_DONE[command.verb]} already)" if what == "unchanged" else ""
        summary = f"Kill switch {_DONE[command.verb]} by {command.by}{already}" + (f": {reason}" if reason else "")
        data = {"action": command.verb, "reason": reason, "by": command.by}
        return Event(event_id(kind, SWITCH, SOURCE, *salt), kind, SWITCH, SOURCE, _SEVERITY[what], summary, data, self.now_us(),
                     command.id)  # fmt: skip


def _value(on: bool, reason: str, since_us: int, by: str, not_before_us: int | None) -> dict[str, Any]:
    return {"on": on, "reason": reason, "since_us": since_us, "by": by, "not_before_us": not_before_us}

"""How the desk writes: what is decided is committed first, then in force, then told; and none of it is lost with a life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs
import trio

from actors import Actor, Refused
from oracle.board import Board
from oracle.commit import NOT_NOW, committed
from oracle.crash import crash_point
from oracle.history import Commit
from oracle.model import Event, State
from oracle.receipts import UNDONE, Receipts, undone
from oracle.trading.bookkeeping import Step
from oracle.trading.rebuilt import Rebuilt
from oracle.trading.reports import Reported

__all__ = ["DeskMemory", "Pen", "insisted"]

T = TypeVar("T")
COMMIT_TIMEOUT_S = 2.0  # with what the broker may take less than the asker waits
READ_AGAIN_S = 1.0


@attrs.define
class DeskMemory:
    """What outlives the lives of the desk: what is decided and not known to be stored, how much was asked, which fills were
    counted (None before the stored ones were read), and what the broker reported last."""

    in_hand: tuple[tuple[State, ...], tuple[Event, ...]] | None = None
    asked: int = 0
    fills: set[str] | None = None
    rebuilt: Rebuilt = attrs.field(factory=Rebuilt)
    reported: Reported | None = None


class Pen:
    """Commits steps of an actor, one at a time."""

    def __init__(self, actor: Actor, board: Board, receipts: Receipts, memory: DeskMemory) -> None:
        self._actor = actor
        self._board = board
        self._receipts = receipts
        self._memory = memory

    async def enact(self, step: Step) -> None:
        """Have a step stored, however long that takes, and put it in force. Raises Refused for what no history takes."""
        self._memory.in_hand = self._drafted(step), step.events
        crash_point("desk:decided")
        await self.fulfil()

    async def attempt(self, step: Step) -> None:
        """Have what somebody asked for stored now, and put it in force. Raises Refused `unavailable`: then it is taken back."""
        states = self._drafted(step)
        before = tuple(State(one.ref, self._board.get(one.ref), one.version, one.ts_us) for one in states)
        # For when nobody knows whether it was stored: an order that came into force later, when nobody looks, would be worse.
        self._memory.in_hand = before, tuple(map(undone, step.events))
        crash_point("desk:decided")
        try:
            await self._actor.ask("history", Commit((*states, *step.events)), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            if isinstance(no, Refused) and no.code != "unavailable":
                self._memory.in_hand = None
                raise
            raise Refused(f"it can't be stored now, and is not done: {no}", "unavailable") from no
        self._memory.in_hand = None
        self._put_in_force(states, step.events)

    async def fulfil(self) -> None:
        """Have what is in hand stored, however long that takes, and put it in force. Raises Refused for what no history takes."""
        if self._memory.in_hand is None:
            return
        states, events = self._memory.in_hand
        try:
            await committed(self._actor, (*states, *events))
        except Refused:
            self._memory.in_hand = None
            raise
        self._memory.in_hand = None
        self._put_in_force(states, events)

    def _drafted(self, step: Step) -> tuple[State, ...]:
        now_us = self._actor.now_us()
        return tuple(self._board.draft(ref, value, now_us) for ref, value in step.states.items())

    def _put_in_force(self, states: tuple[State, ...], events: tuple[Event, ...]) -> None:
        crash_point("desk:committed")
        for event in events:
            if event.kind != UNDONE:
                self._receipts.note_applied(event.cause)
            if event.kind == "fill" and self._memory.fills is not None:
                self._memory.fills.add(event.data["id"])
        for state in states:
            self._board.apply(state)
        crash_point("desk:applied")
        for event in events:
            self._actor.publish(event)


async def insisted(read: Callable[[], Awaitable[T]]) -> T:
    """What a read of the history gives, however long that can't be read."""
    while True:
        try:
            return await read()
        except Refused as no:
            if no.code not in ("unavailable", "timeout"):
                raise
            await trio.sleep(READ_AGAIN_S)

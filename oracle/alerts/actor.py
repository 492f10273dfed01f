"""The actor of a rule: hears every event, lets the decider decide, and commits what is owed before anybody hears of it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from actors import Actor, Refused
from oracle.alerts.channel import Look
from oracle.alerts.commit import committed
from oracle.alerts.decider import Decider, Firing, Record
from oracle.alerts.outbox import Outbox
from oracle.alerts.rule import rule_of
from oracle.board import Board
from oracle.crash import crash_point
from oracle.model import Event, Gap, State, ref

__all__ = ["Memory", "Ready", "RuleActor"]


@attrs.frozen
class Ready:
    """Asked of a rule: answered once it listens."""


@attrs.define
class Memory:
    """What must outlive a life of the rule's actor: a firing that is decided and not yet done with."""

    in_hand: Firing | None = None


class RuleActor(Actor):
    """`rule:ID`, one for each enabled rule. Follows changes of its rule in the order they were published; what it owes goes
    into `outboxes`, of which there is one for each channel."""

    def __init__(self, ident: str, board: Board, memory: Memory, outboxes: Mapping[str, Outbox]) -> None:
        self.listens = ("event:*", f"state:{ref('rule', ident)}")
        self._ident = ident
        self._board = board
        self._memory = memory
        self._outboxes = outboxes
        self._decider: Decider | None = None

    async def start(self) -> None:
        if self._memory.in_hand is not None:
            await self._fulfil(self._memory.in_hand)
        self._follow(self._board.get(ref("rule", self._ident)), Record.of(self._board.get(self._record_ref)))

    async def receive(self, message: object) -> bool | None:
        match message:
            case Event() if self._decider is not None and self.published is not None:
                firing = self._decider.update(message, self.published.time_us)
                if firing is not None:
                    self._memory.in_hand = firing
                    await self._fulfil(firing)
            case State(value=value) if self._decider is not None:
                self._follow(value, self._decider.record)
            case Ready():
                return True
        return None

    def drained(self) -> None:
        # Suppressed events are counted once a batch: a storm of them is one change of the board.
        if self._decider is not None and self._decider.record.value() != (self._board.get(self._record_ref) or _NEW):
            self._board.put(self._record_ref, self._decider.record.value(), self.now_us())

    def gap(self, from_us: int, to_us: int, dropped: int) -> None:
        self.publish(Gap(self.name, from_us, to_us, f"the mailbox was full, {dropped} events were not looked at"))

    @property
    def _record_ref(self) -> str:
        return ref("alert", self._ident)

    def _follow(self, value: dict[str, object] | None, record: Record) -> None:
        self._decider = None if value is None else Decider(rule_of(value), record, self._outboxes)

    async def _fulfil(self, firing: Firing) -> None:
        state = self._board.draft(self._record_ref, firing.record.value(), self.now_us())
        crash_point("alerts:before-commit")
        try:
            await committed(self, (state, *firing.deliveries, *firing.hopeless))
        except Refused:
            self._memory.in_hand = None
            raise
        crash_point("alerts:after-commit")
        # From here on nothing waits: a life can't end between the commit and the last word.
        self._board.apply(state)
        self.publish(firing.alert)
        for attempt in firing.hopeless:
            self.publish(attempt)
        for delivery in firing.owed:
            self._outboxes[delivery.channel].owe(delivery)
            self.tell(f"channel:{delivery.channel}", Look())
        self._memory.in_hand = None


_NEW = Record().value()

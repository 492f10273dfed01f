"""The actor of a rule: hears every event, lets the decider decide, and commits what is owed before anybody hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs
import trio

from actors import Actor, AskTimeout, Refused, Timer
from oracle.alerts.channel import Look
from oracle.alerts.decider import WISHES, Decider, Edge, Held, Record, Step
from oracle.alerts.inhibitors import Changed, Inhibitors
from oracle.alerts.memory import Memory
from oracle.alerts.outbox import Outbox
from oracle.alerts.rule import Rule, rule_of
from oracle.alerts.silence import Silence
from oracle.alerts.trigger import TOLD, TriggerType
from oracle.alerts.unheard import Unheard
from oracle.board import Board
from oracle.commit import NOT_NOW, committed
from oracle.crash import crash_point
from oracle.log import logger
from oracle.model import Command, Event, Gap, State, ref, split_ref
from oracle.receipts import Receipts

__all__ = ["Ready", "RuleActor"]


LOG = logger("rule")
SHOW_S = 1.0
AT_ONCE = 200  # events of before the start, then others run


@attrs.frozen
class Ready:
    """Asked of a rule: answered once it listens."""


@attrs.frozen
class _Due:
    """A deadline of the alert may have passed."""


@attrs.frozen
class _Show:
    """The board may be told again."""


class RuleActor(Actor):
    """`rule:ID`, one for each enabled rule. Follows changes of its rule and of silences in the order they were published; what it
    owes goes into `outboxes`, of which there is one for each channel.

    Ask it a Command: acknowledge, unacknowledge, mute or resolve, with `comment`; it answers with the State of the record, once
    that is committed, however long it takes. Refuses with `illegal`. A Command with an id is carried out once.
    """

    def __init__(
        self, ident: str, board: Board, memory: Memory, outboxes: Mapping[str, Outbox], receipts: Receipts,
        unheard: Unheard | None = None,
    ) -> None:  # fmt: skip
        # Every event is heard for rules on events only: of ten thousand with conditions none is woken by what others are told.
        self.listens = (*(f"event:{kind}:{ident}" for kind in TOLD), f"state:{ref('rule', ident)}", "state:silence:*")
        self._ident = ident
        self._board = board
        self._memory = memory
        self._outboxes = outboxes
        self._receipts = receipts
        self._unheard = unheard
        self._decider: Decider | None = None
        self._silences: dict[str, Silence] = {}
        self._shown: Record | None = None  # what the board has
        self._shown_s = -SHOW_S
        self._showing: Timer | None = None
        self._timer: Timer | None = None
        self._timer_us: int | None = None
        self._awake_us = 0
        self._heard_upto = 0  # offset: what inhibits the rule has taken all until then

    async def start(self) -> None:
        self._awake_us = self.now_us()
        self._inhibitors = self._memory.inhibitors = (
            self._memory.inhibitors or Inhibitors(self._board, self.runtime, self.name))
        if self._memory.in_hand is not None:
            await self._fulfil(self._memory.in_hand)
        for state in self._board.kind("silence"):
            self._heed(state)
        record = self._memory.record or Record.of(self._board.get(self._record_ref))
        self._follow(self._board.get(ref("rule", self._ident)), record)
        if self._memory.taking is not None:
            await self._take(*self._memory.taking)
        await self._catch_up()
        await self._look()
        self._arm()  # what was due while nothing ran is due at once

    async def receive(self, message: object) -> bool | State | None:
        match message:
            case Event() if self._decider is not None and self.published is not None:
                await self._take(message, self.published.time_us, (self.runtime.epoch, self.published.offset))
            case State(ref=name) if split_ref(name)[0] == "silence":
                self._heed(message)
                await self._look()
            case State(value=value) if self._decider is not None:
                self._follow(value, self._decider.record)
                await self._look()
            case Command():
                return await self._wish(message)
            case _Due():
                self._timer = self._timer_us = None
                await self._pass_time(self.now_us())
            case Changed():
                await self._look()
            case _Show():
                self._showing = None
            case Ready():
                return True
        return None

    def drained(self) -> None:
        # Suppressed events are counted once a batch: a storm of them is one change of the board.
        record = self._decider.record if self._decider is not None else self._shown
        self._memory.record = record
        if record is not self._shown and record is not None:
            wait_s = self._shown_s + SHOW_S - trio.current_time() if record.gathered else 0.0
            if wait_s <= 0:
                self._show(record)
            elif self._showing is None:  # a record that holds what is gathered is large
                self._showing = self.after(wait_s, _Show())
        self._arm()

    def _show(self, record: Record) -> None:
        self._shown, self._shown_s = record, trio.current_time()
        if record.value() != (self._board.get(self._record_ref) or _NEW):
            self._board.put(self._record_ref, record.value(), self.now_us())

    def gap(self, from_us: int, to_us: int, dropped: int) -> None:
        self.publish(Gap(self.name, from_us, to_us, f"the mailbox was full, {dropped} events were not looked at"))

    @property
    def _record_ref(self) -> str:
        return ref("alert", self._ident)

    def _follow(self, value: dict[str, Any] | None, record: Record) -> None:
        if value is None:
            self._decider = None
        else:
            rule = rule_of(value)
            record = record.tied_to(rule.trigger.mark)
            self._inhibitors.follow(rule.inhibited_by)
            self._hear_events(rule)
            self._decider = Decider(
                rule, record, self._outboxes, self._silences, value["updated_us"], self._inhibitors.active(self.now_us()))

    def _hear_events(self, rule: Rule) -> None:
        wanted, known = rule.trigger.type is TriggerType.watchdog_event, self._memory.events
        if wanted and known is None:
            self._memory.events = self.runtime.listen("event:*", partial(self.runtime.tell, self.name))
        elif known is not None and not wanted:
            known.cancel()
            self._memory.events = None

    def _heed(self, state: State) -> None:
        ident = split_ref(state.ref)[1]
        if state.value is None:
            self._silences.pop(ident, None)
        else:
            self._silences[ident] = Silence.of(state.value)

    def _arm(self) -> None:
        """Keep one timer at the next deadline."""
        wanted_us = self._decider.next_deadline if self._decider is not None else None
        if wanted_us == self._timer_us:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_us = wanted_us
        self._timer = None if wanted_us is None else self.after(max(0, wanted_us - self.now_us()) / 1e6, _Due())

    async def _catch_up(self) -> None:
        """Take what was stored, and not handled when the process before this one ended."""
        value = self._board.get(ref("rule", self._ident))
        if self._unheard is None or self._memory.caught_up or self._decider is None or value is None:
            return
        try:
            events = await self._unheard.events(self.runtime.epoch, self.now_us())
        except Refused as no:  # the next life looks again
            LOG.warning("what was stored before the start was not looked at", name=self.name, reason=no.reason)
            return
        record = self._decider.record
        since_us = value["updated_us"] if record.handled else max(value["updated_us"], record.last_triggered_us or 0)
        for number, heard in enumerate(events.concerning(self._decider.rule, record.handled, since_us), 1):
            one = heard.published
            await self._take(one.message, one.time_us, (heard.epoch, one.offset))
            if number % AT_ONCE == 0:
                await trio.lowlevel.checkpoint()
        self._memory.caught_up = True

    async def _take(self, event: Event, time_us: int, place: tuple[str, int]) -> None:
        assert self._decider is not None
        rule, due_us = self._decider.rule, self._decider.next_deadline
        hears = bool(rule.inhibited_by) and rule.trigger.fires_on(event, self._ident)
        if hears or (due_us is not None and due_us < time_us):
            self._memory.taking = event, time_us, place
            await self._pass_time(time_us - 1)
            if hears:
                await self._hear_inhibitors(*place)
            self._see(time_us)
            self._memory.taking = None  # what crashes is not taken again
        decided = self._decider.update(event, time_us)
        if decided is not None:
            self._decider.record = attrs.evolve(self._decider.record, handled=place)
        self._memory.record = self._decider.record
        if isinstance(decided, Step):
            decided = attrs.evolve(decided, record=self._decider.record)
        await self._carry_out(decided)

    async def _hear_inhibitors(self, epoch: str, offset: int) -> None:
        """Let those that inhibit it take what it takes first, however long they need for that: whoever is set off by the same
        event holds it back. They are asked once for all that they have in hand."""
        if epoch == self.runtime.epoch and offset <= self._heard_upto:
            return
        upto = self.runtime.bus.offset
        for name in self._inhibitors.at_work:
            while self.runtime.alive(name):
                try:
                    await self.ask(name, Ready())
                except AskTimeout:
                    continue
                except NOT_NOW:
                    pass  # it is gone, or has crashed over what it had in hand: that holds back nobody
                break
        self._heard_upto = upto

    async def _pass_time(self, until_us: int) -> None:
        """Do what is due by then, at the time it is due; what was while nothing ran is due when it began."""
        while self._decider is not None and (due_us := self._decider.next_deadline) is not None and due_us <= until_us:
            self._see(at_us := max(due_us, self._awake_us))
            await self._carry_out(self._decider.on_time(at_us))

    async def _look(self) -> None:
        if self._decider is not None and self._decider.record.held is not None:
            self._see(now_us := self.now_us())
            await self._carry_out(self._decider.look(now_us))

    def _see(self, at_us: int) -> None:
        if self._decider is not None and self._decider.rule.inhibited_by:
            self._decider.active = self._inhibitors.active(at_us)

    async def _carry_out(self, decided: Step | Held | None) -> None:
        if isinstance(decided, Step):
            await self._do(decided)
        elif decided is not None and decided.alert is not None:
            self.publish(decided.alert)

    async def _wish(self, command: Command) -> State:
        if command.verb not in WISHES:
            raise Refused(f"alerts can't {command.verb!r}", code="invalid")
        if self._decider is None:
            raise Refused(f"Alert '{self._ident}' not found", code="not_found")
        if not self._receipts.applied(command.id):
            await self._do(self._decider.wish(command, self.now_us()))
            await self._look()
        state = self._board.state(self._record_ref)
        return state or State(self._record_ref, _NEW, 0, self.now_us())

    async def _do(self, step: Step) -> None:
        self._memory.in_hand, self._memory.record = step, step.record
        await self._fulfil(step)

    async def _fulfil(self, step: Step) -> None:
        state = self._board.draft(self._record_ref, step.record.value(), self.now_us())
        mark = (step.alert,) if isinstance(step, Edge) else ()  # what somebody wished must be known again after a SIGKILL
        crash_point("alerts:before-commit")
        try:
            await committed(self, (state, *step.deliveries, *step.hopeless, *mark))
        except Refused:
            self._memory.in_hand = None
            raise
        crash_point("alerts:after-commit")
        # From here on nothing waits: a life can't end between the commit and the last word.
        if isinstance(step, Edge):
            self._receipts.note_applied(step.command_id)
        self._board.apply(state)
        self._shown = step.record
        self.publish(step.alert)
        for attempt in step.hopeless:
            self.publish(attempt)
        for delivery in step.owed:
            self._outboxes[delivery.channel].owe(delivery)
            self.tell(f"channel:{delivery.channel}", Look())
        self._memory.in_hand = None


_NEW = Record().value()

"""The one owner of rules: takes the wishes of clients, commits them, and keeps an actor for each enabled rule."""

from __future__ import annotations

import contextlib
from typing import Any

from actors import Actor, NobodyOwns, Refused, Timer
from oracle.alerts.actor import Ready
from oracle.alerts.inhibitors import circle
from oracle.alerts.ledger import Ledger, rule_child
from oracle.alerts.masks import unkept
from oracle.alerts.memory import Memory
from oracle.alerts.readings import Readings
from oracle.alerts.rule import MASK, Rule, references_of, rule_of, with_secrets
from oracle.alerts.terms import terms_of
from oracle.alerts.trigger import CONDITIONS
from oracle.alerts.vault import Vault
from oracle.alerts.wishes import PAST, OneOfMany, Settle, about, event_of
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.crash import crash_point
from oracle.history import Commit
from oracle.log import logger
from oracle.model import Command, Event, State, ref, split_ref
from oracle.problems import Invalid
from oracle.receipts import undone
from oracle.watchdogs.actor import Ready as Begun

__all__ = ["Desk"]

LOG = logger("alerts")
COMMIT_TIMEOUT_S = 4.0  # less than the asker waits
UNSETTLED_S = 1.0  # after the last of several commands whose asker went away before it asked to settle them


class Desk(Actor):
    """`alerts`. Ask it a Command; it answers with the State[Rule] as it is afterwards.

    `create` takes `rule` (a Rule with plain secrets), `replace` `alert_id` and `rule` (where a mask keeps the old secret,
    for whom it was given), `delete`, `enable` and `disable` take `alert_id` (and `why`, for the record). Refuses with code
    exists, not_found, mismatch, masked or circle (details: place), or unavailable. A Command with an id is carried out once,
    also over a SIGKILL: the event that tells of it is committed with what it does. Sent again, it is answered with the rule as
    it is now; with not_found where somebody deleted it since. Of several, each is asked as OneOfMany, and Settle after the last.
    """

    def __init__(self, board: Board, readings: Readings, vault: Vault, ledger: Ledger) -> None:
        self._board = board
        self._readings = readings
        self._vault = vault
        self._ledger = ledger
        self._receipts = ledger.receipts
        self._unsettled: Timer | None = None

    async def start(self) -> None:
        if self._ledger.conditions is None:
            self._ledger.conditions = self._readings.terms()
        with contextlib.suppress(Refused):  # done before the next command, then
            await self._undo()
        await self._reconsider()  # what a life before has stored, and ended before it was at work

    async def receive(self, message: Command | OneOfMany | Settle) -> State | None:
        match message:
            case Settle():
                return await self._settle()
            case OneOfMany(command):
                self._settle_later()
                return await self._carry_out(command)
        state = await self._carry_out(message)
        await self._settle()
        return state

    async def _carry_out(self, command: Command) -> State:
        ident = about(command)
        if self._receipts.applied(command.id):
            return await self._as_it_is(command, ident)
        await self._undo()
        version = self._board.draft(ref("rule", ident), None, self.now_us()).version
        told = event_of(command, ident, version, self.now_us())
        match command.verb:
            case "create":
                state = await self._create(command.args["rule"], told)
            case "replace":
                state = await self._replace(ident, command.args["rule"], told)
            case "delete":
                state = await self._delete(ident, told)
            case verb:
                state = await self._switch(ident, verb == "enable", told)
        self._receipts.note_applied(command.id)  # also what changed nothing
        self.publish(told)
        return state

    async def _as_it_is(self, command: Command, ident: str) -> State:
        now_us, name = self.now_us(), ref("rule", ident)
        if command.verb == "delete":
            return State(name, None, self._board.draft(name, None, now_us).version - 1, now_us)
        if self._board.get(name) is None:
            done = PAST[command.verb].removeprefix("rule_")
            raise Refused(f"Alert '{ident}' was {done}, and is gone since", code="not_found")
        await self._staff(ident)  # where the first time was cut off before that
        return self._present(ident)

    # ---- verbs

    async def _create(self, rule: Rule, told: Event) -> State:
        if self._board.get(rule.ref) is not None:
            raise Refused(f"Alert with ID '{rule.alert_id}' already exists", code="exists")
        now_us = self.now_us()
        record = ref("alert", rule.alert_id)  # left over where the process ended in a delete
        left = () if self._board.get(record) is None else (self._board.draft(record, None, now_us),)
        self._ledger.memories[rule.alert_id] = Memory(caught_up=True)  # what was stored before concerns nobody who comes now
        return await self._store(told, rule, None, now_us, now_us, *left)

    async def _replace(self, ident: str, rule: Rule, told: Event) -> State:
        value = self._board.get(ref("rule", ident))
        if value is None:
            raise Refused(f"Alert with ID '{ident}' not found", code="not_found")
        if rule.alert_id != ident:
            raise Refused(f"the rule is '{ident}', not '{rule.alert_id}'", code="mismatch")
        return await self._store(told, rule, rule_of(value), value["created_us"], self.now_us())

    async def _switch(self, ident: str, enabled: bool, told: Event) -> State:
        value = self._known(ident)
        if value["enabled"] is not enabled:
            changed = value | {"enabled": enabled, "updated_us": self.now_us()}
            await self._commit(told, self._board.draft(ref("rule", ident), changed, self.now_us()))
        await self._staff(ident)
        return self._present(ident)

    async def _delete(self, ident: str, told: Event) -> State:
        self._known(ident)
        await self._dismiss(ident)  # its record must not be written again after it is gone
        gone = self._board.draft(ref("rule", ident), None, self.now_us())
        try:
            await self._commit(told, gone)
        except Refused:
            await self._staff(ident)
            raise
        # Only now: were both in one commit, undoing it could put an old record over firings that came after it.
        if self._board.get(ref("alert", ident)) is not None:
            self._board.put(ref("alert", ident), None, self.now_us())
        self._ledger.memories.pop(ident, None)
        return gone

    # ---- storing

    async def _store(
        self, told: Event, rule: Rule, old: Rule | None, created_us: int, updated_us: int, *also: State
    ) -> State:
        fresh: dict[str, str] = {}
        kept = references_of(old) if old else {}

        def reference(place: str, secret: str) -> str:
            if secret != MASK:
                made = self._vault.new_reference()
                fresh[made] = secret
                return made
            if why := unkept(place, rule, old):
                raise Refused(why, code="masked", details={"place": place})
            return kept[place]

        try:
            terms_of(rule.trigger)
        except Invalid as wrong:
            raise Refused(str(wrong), code="invalid") from None
        self._no_circle(rule)
        safe = with_secrets(rule, reference)
        await self._keep_secrets(fresh)
        value = safe.value(created_us, updated_us) | {"written_by": told.data["by"]}
        await self._commit(told, self._board.draft(rule.ref, value, updated_us), *also)
        self._readings.of(self._present(rule.alert_id))
        await self._staff(rule.alert_id)
        return self._present(rule.alert_id)

    def _no_circle(self, rule: Rule) -> None:
        known = {split_ref(state.ref)[1]: (state.value or {}).get("inhibited_by", ()) for state in self._board.kind("rule")}
        if found := circle(rule.alert_id, rule.inhibited_by, known):
            why = "it would inhibit itself" + (f", by {' and '.join(found[:-1])}" if len(found) > 1 else "")
            raise Refused(why, code="circle", details={"place": "inhibited_by"})

    async def _keep_secrets(self, fresh: dict[str, str]) -> None:
        try:
            await self._vault.add(fresh)
        except OSError as error:
            raise Refused("secrets can't be stored now", code="unavailable") from error

    async def _commit(self, told: Event, *states: State) -> None:
        """Commit with the event that tells of it, then put in force. Raises Refused, and what was before is in force then."""
        # Rules only: they have no writer but this one, so what was before stays true until the undoing.
        rules = [one for one in states if split_ref(one.ref)[0] == "rule"]
        before = [State(one.ref, self._board.get(one.ref), one.version, one.ts_us) for one in rules]
        self._ledger.undo = (*before, undone(told))
        await self._ask_history((*states, told))
        self._ledger.undo = ()
        self._receipts.note_applied(told.cause)
        crash_point("alerts:rule-committed")
        for state in states:
            self._board.apply(state)

    async def _undo(self) -> None:
        """Whether a refused wish was stored is not known: store again what was before."""
        if self._ledger.undo:
            await self._ask_history(self._ledger.undo)
            self._ledger.undo = ()

    async def _ask_history(self, rows: tuple[State | Event, ...]) -> None:
        try:
            await self.ask("history", Commit(rows), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            code = no.code if isinstance(no, Refused) else "unavailable"
            raise Refused(f"rules can't be stored now: {no}", code=code) from no

    # ---- actors of rules

    async def _staff(self, ident: str) -> None:
        """An enabled rule has an actor that listens, any other none."""
        value = self._board.get(ref("rule", ident))
        if value is None or not value["enabled"]:
            await self._dismiss(ident)
            return
        name = ref("rule", ident)
        if not self.runtime.alive(name):
            await self._dismiss(ident)  # one whose restarts are exhausted still has the name
            self.runtime.add(rule_child(ident, self._board, self._ledger), under="rules")
        with contextlib.suppress(*NOT_NOW):  # if it can't listen yet, that is its supervisor's concern
            await self.ask(name, Ready(), COMMIT_TIMEOUT_S)

    async def _dismiss(self, ident: str) -> None:
        with contextlib.suppress(NobodyOwns):
            await self.runtime.remove(ref("rule", ident))
        if (memory := self._ledger.memories.get(ident)) is not None:
            memory.deafen()

    # ---- settling

    async def _settle(self) -> None:
        """What was stored is at work, and nothing is kept that no rule needs."""
        if self._unsettled is not None:
            self._unsettled.cancel()
            self._unsettled = None
        await self._forget_secrets()
        await self._reconsider()

    def _settle_later(self) -> None:
        """Unless somebody asks for it before."""
        if self._unsettled is not None:
            self._unsettled.cancel()
        self._unsettled = self.after(UNSETTLED_S, Settle())

    async def _forget_secrets(self) -> None:
        if self._ledger.undo:  # nobody knows which rule is stored, and which secrets it needs
            return
        rules = self._readings.every()
        if any(one.rule is None for one in rules):  # which secrets it needs is not known either
            return
        with contextlib.suppress(OSError):  # what is left over goes next time
            await self._vault.keep_only(reference for one in rules for reference in one.references)

    async def _reconsider(self) -> None:
        """Where a condition has changed they begin anew, and know it when this returns."""
        self._say_faults()
        wanted = self._readings.terms()
        if list(wanted.items()) != list(self._ledger.conditions.items()) and self.runtime.alive(CONDITIONS):
            self._ledger.conditions = wanted
            with contextlib.suppress(*NOT_NOW):
                await self.ask(CONDITIONS, Begun(self.runtime.bus.offset), COMMIT_TIMEOUT_S)
            self.runtime.restart(CONDITIONS)
            with contextlib.suppress(*NOT_NOW):
                while list((await self.ask(CONDITIONS, Begun(), COMMIT_TIMEOUT_S)).rules.items()) != list(wanted.items()):
                    pass

    def _say_faults(self) -> None:
        found = {split_ref(one.state.ref)[1]: one.fault for one in self._readings.every() if one.is_enabled}
        faults = {ident: fault for ident, fault in found.items() if fault is not None}
        for ident, fault in faults.items():
            if self._ledger.faults.get(ident) != fault:
                LOG.warning("a rule is not looked at, since it is not understood", rule=ident, reason=fault)
        self._ledger.faults = faults

    # ---- answers

    def _known(self, ident: str) -> dict[str, Any]:
        value = self._board.get(ref("rule", ident))
        if value is None:
            raise Refused(f"Alert '{ident}' not found", code="not_found")
        return value

    def _present(self, ident: str) -> State:
        state = self._board.state(ref("rule", ident))
        assert state is not None
        return state

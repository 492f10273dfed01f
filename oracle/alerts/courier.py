"""Takes wishes about deliveries: a test of a rule, and sending one again. What it makes goes the way of every delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from actors import Actor, Refused
from oracle.alerts.actions import When
from oracle.alerts.channel import Look
from oracle.alerts.outbox import Outbox
from oracle.alerts.owed import actions_for, again, hopeless_among, notices_for
from oracle.alerts.payload import rehearsal
from oracle.alerts.rule import Rule, rule_of
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.history import Commit
from oracle.model import Attempt, Command, Delivery, Event, Severity, event_id, ref
from oracle.receipts import Receipts

__all__ = ["Courier"]

COMMIT_TIMEOUT_S = 4.0  # less than the asker waits
REHEARSED = "only rehearsed: nothing is done"


@attrs.frozen
class _Wish:
    """What is to be owed, and the event that tells of it."""

    deliveries: tuple[Delivery, ...]
    told: Event


class Courier(Actor):
    """`courier`. Ask it a Command; it answers with the ids of the new deliveries, once they are committed.

    `test` takes `alert_id` and `method` (None: all that the rule asks for, and its actions, which are only rehearsed), `resend`
    takes `delivery`, a row of the history. A disabled rule can be tested. Refuses with code not_found, invalid or unavailable;
    where the history stored after all what it gave no answer about, that is sent at the next start. A Command with an id makes
    the same deliveries, by their ids, however often it is sent.
    """

    def __init__(self, board: Board, outboxes: Mapping[str, Outbox], receipts: Receipts) -> None:
        self._board = board
        self._outboxes = outboxes
        self._receipts = receipts
        self._told = 0

    async def receive(self, command: Command) -> list[str]:
        match command:
            case Command(verb="test", args={"alert_id": str(ident)}):
                rule = self._rule(ident)
                wish = self._test(rule, command)
            case Command(verb="resend", args={"delivery": {"rule_id": str(ident)}}):
                rule = self._rule(ident)
                wish = self._resend(rule, command)
            case _:
                raise Refused(f"deliveries can't {command.verb!r} with {sorted(command.args)}", code="invalid")
        if not self._receipts.applied(command.id):
            await self._oblige(rule, wish)
            self._receipts.note_applied(command.id)
        return [delivery.id for delivery in wish.deliveries]

    def _test(self, rule: Rule, command: Command) -> _Wish:
        method = command.args.get("method")
        if method is not None and method not in rule.all_methods:
            raise Refused(f"Alert '{rule.alert_id}' does not deliver by {method}", code="invalid", details={"method": method})
        if not rule.all_methods and not rule.actions:
            raise Refused(f"Alert '{rule.alert_id}' delivers by nothing, and has no action", code="invalid")
        now_us = self.now_us()
        told = self._event("rule_tested", rule, command, f"Alert '{rule.alert_id}' tested")
        event = rehearsal(rule, told.id, now_us)
        if method is not None:
            return _Wish(notices_for(rule, event, now_us, [method], test=True), told)
        notices = notices_for(rule, event, now_us, rule.all_methods, test=True)
        rehearsals = actions_for(rule, event, now_us, tuple(When), test=True, note=REHEARSED)
        return _Wish((*notices, *rehearsals), told)

    def _resend(self, rule: Rule, command: Command) -> _Wish:
        row: Mapping[str, Any] = command.args["delivery"]
        told = self._event("delivery_resent", rule, command, f"delivery {row['id']} sent again", str(row["id"]))
        return _Wish((again(row, told.id, self.now_us()),), told)

    async def _oblige(self, rule: Rule, wish: _Wish) -> None:
        now_us = self.now_us()
        hopeless: tuple[Attempt, ...] = hopeless_among(wish.deliveries, rule, self._outboxes, now_us)
        try:
            await self.ask("history", Commit((*wish.deliveries, *hopeless, wish.told)), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            code = no.code if isinstance(no, Refused) else "unavailable"
            raise Refused(f"deliveries can't be stored now: {no}", code=code) from no
        self.publish(wish.told)
        lost = {attempt.delivery_id for attempt in hopeless}
        for attempt in hopeless:
            self.publish(attempt)
        for delivery in wish.deliveries:
            if delivery.id not in lost:
                self._outboxes[delivery.channel].owe(delivery)
                self.tell(f"channel:{delivery.channel}", Look())

    def _rule(self, ident: str) -> Rule:
        value = self._board.get(ref("rule", ident))
        if value is None:
            raise Refused(f"Alert '{ident}' not found", code="not_found")
        return rule_of(value)

    def _event(self, kind: str, rule: Rule, command: Command, summary: str, about: str = "") -> Event:
        now_us = self.now_us()
        self._told += 1
        salt = (0, command.id) if command.id else (now_us, self._told)
        return Event(
            id=event_id(kind, rule.alert_id, self.name, *salt, about), kind=kind, subject=rule.alert_id, source=self.name,
            severity=Severity.low, summary=summary, data={"by": command.by, **({"delivery": about} if about else {})},
            ts_us=now_us, cause=command.id,
        )  # fmt: skip

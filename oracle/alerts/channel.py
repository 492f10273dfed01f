"""The actor of a channel: carries what is owed, tries again with growing waits, and records every try.

What is owed was committed before it came into the outbox, and stays there until a final try is committed. So a crash at any
point, of this life or of the process, ends in the same delivery being sent again with the same id, never in silence.
"""

from __future__ import annotations

import attrs
import trio

from actors import Actor, Refused
from oracle.alerts.outbox import Debt, Outbox, Patience
from oracle.alerts.outcome import outcomes
from oracle.alerts.rule import Rule, rule_of
from oracle.alerts.sending import Channel, DeliveryFailed, Tools
from oracle.board import Board
from oracle.commit import NOT_NOW, committed
from oracle.crash import crash_point
from oracle.model import Attempt, Command, ref

__all__ = ["ChannelActor", "Look"]

FULL = "gave up: too many deliveries were waiting"


@attrs.frozen
class Look:
    """There is something in the outbox. Losing it loses nothing: every life begins by looking."""


@attrs.frozen
class _Due:
    """A wait is over."""

    ident: str


class ChannelActor(Actor):
    """`channel:NAME`. Put a committed delivery into its outbox, then tell it to Look; sends run beside its mailbox, a
    bounded number at once."""

    def __init__(self, channel: Channel, outbox: Outbox, tools: Tools, board: Board, patience: Patience) -> None:
        self._channel = channel
        self._outbox = outbox
        self._tools = tools
        self._board = board
        self._patience = patience
        self._sending = 0
        self._idle = trio.Event()
        self._stopping = False

    async def start(self) -> None:
        self._tools = attrs.evolve(
            self._tools, publish=self.publish, ask=self.ask, alive=self.runtime.alive, look=self._board.get,
            settled=self.runtime.settled.wait)  # fmt: skip
        self._outbox.begin_life()
        self._pump()

    def receive(self, message: object) -> None:
        if isinstance(message, _Due):
            self._outbox.ready(message.ident)
        self._pump()

    async def stop(self) -> None:
        # What is on the way may arrive within the grace; what is not stays owed, and is sent at the next start.
        self._stopping = True
        if self._sending:
            await self._idle.wait()

    def _pump(self) -> None:
        for debt in self._outbox.surplus():
            debt.verdict = self._attempt(debt, "failed", 0, FULL, self.now_us())
            self._outbox.ready(debt.delivery.id)
        while not self._stopping and (debt := self._outbox.take()) is not None:
            self._sending += 1
            self.helper(self._carry, debt)

    async def _carry(self, debt: Debt) -> None:
        ident = debt.delivery.id
        delay_s = None
        if debt.verdict is None:
            delay_s = await self._try(debt)
        if debt.verdict is not None:
            told = outcomes(debt.delivery, debt.verdict, self._author(debt.delivery.rule_id))
            await committed(self, (debt.verdict, *told))
            for one in (debt.verdict, *told):
                self.publish(one)
            self._outbox.settle(ident)
        else:
            self._outbox.back(ident)
            self.after(delay_s or 0.0, _Due(ident))
        self._sending -= 1
        if self._stopping and not self._sending:
            self._idle.set()
        self._pump()

    async def _try(self, debt: Debt) -> float | None:
        """One try: sets the verdict, or gives the seconds to wait for the next."""
        rule = self._rule(debt.delivery.rule_id)
        started_us = self.now_us()
        if rule is None:
            debt.verdict = self._attempt(debt, "cancelled", 0, "the rule was deleted", started_us)
            return None
        crash_point("alerts:before-send")
        try:
            status = await self._channel.send(debt.delivery, rule, self._tools)
        except DeliveryFailed as failed:
            if failed.gone and not await self._disabled(debt, failed):
                failed = DeliveryFailed(failed.error, final=False, status=failed.status)  # asked again, it says so again
            return self._failed(debt, failed, started_us)
        crash_point("alerts:after-send")
        debt.verdict = self._attempt(debt, "delivered", status, "", started_us)
        return None

    def _failed(self, debt: Debt, failed: DeliveryFailed, started_us: int) -> float | None:
        if failed.final or debt.tries + 1 >= self._patience.tries:
            debt.verdict = self._attempt(debt, "failed", failed.status, failed.error, started_us)
            return None
        self.publish(self._attempt(debt, "retry", failed.status, failed.error, started_us))
        return self._patience.delay_s(debt.tries, failed.retry_after_s, self.runtime.random)

    async def _disabled(self, debt: Debt, failed: DeliveryFailed) -> bool:
        """Whether the rule is disabled now, or gone: whoever is told 410 once must not go on asking."""
        delivery = debt.delivery
        known = self._board.get(ref("rule", delivery.rule_id))
        if known is None or not known["enabled"]:
            return True
        why = f"{failed.error} to a delivery by {delivery.channel}: it is gone for good"
        wish = Command("disable", {"alert_id": delivery.rule_id, "why": why}, by=self.name, id=f"gone/{delivery.id}")
        try:
            await self.ask("alerts", wish)
        except NOT_NOW as no:
            return isinstance(no, Refused) and no.code == "not_found"
        return True

    def _attempt(self, debt: Debt, outcome: str, status: int, error: str, started_us: int) -> Attempt:
        debt.tries += 1
        now_us = self.now_us()
        took_ms = (now_us - started_us) / 1000
        return Attempt(debt.delivery.id, debt.tries, outcome, status, error, took_ms, now_us)

    def _author(self, ident: str) -> str:
        """Who wrote a rule, as far as that is known."""
        return str((self._board.get(ref("rule", ident)) or {}).get("written_by", ""))

    def _rule(self, ident: str) -> Rule | None:
        value = self._board.get(f"rule:{ident}")
        return rule_of(value) if value is not None else None

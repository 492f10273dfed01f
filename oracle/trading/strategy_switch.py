"""The one who switches strategies on and off, and remembers which are off."""

from __future__ import annotations

from collections.abc import Collection

from actors import Actor, Refused
from oracle.board import Board
from oracle.commit import committed
from oracle.crash import crash_point
from oracle.model import Command, Event, Severity, event_id
from oracle.receipts import Receipts
from oracle.trading.strategy_plan import is_enabled

__all__ = ["StrategySwitch"]

DONE = {"enable": "enabled", "disable": "disabled"}


class StrategySwitch(Actor):
    """`strategist`. Asked `Command("enable" | "disable", {"name": NAME})`; answers once State `switch:strategy:NAME` is
    committed. A strategy that is off goes on looking and says nothing: it opens nothing and closes nothing; stops that are at
    work stay.

    Refuses with code `not_found` for an unknown name. A Command with an id is carried out once: the event that tells of a switch
    is committed with it.
    """

    def __init__(self, names: Collection[str], board: Board, receipts: Receipts) -> None:
        self.names = names
        self.board = board
        self.receipts = receipts

    async def receive(self, command: Command) -> str:
        """Grant a wish about one strategy; the answer says what was done."""
        name, done = str(command.args.get("name", "")), DONE.get(command.verb)
        if name not in self.names:
            raise Refused(f"Strategy '{name}' not found", "not_found", {"name": name})
        if done is None:
            raise Refused(f"a strategy can't be asked to {command.verb}", "unknown_verb", {"verb": command.verb})
        if self.receipts.applied(command.id):
            return done
        on, told = done == "enabled", self._event(f"strategy_{done}", name, command)
        if is_enabled(self.board, name) != on:
            value = {"on": on, "since_us": told.ts_us, "by": command.by}
            draft = self.board.draft(f"switch:strategy:{name}", value, told.ts_us)
            await committed(self, (draft, told))
            crash_point("strategy_switch:committed")
            self.board.apply(draft)
        self.receipts.note_applied(command.id)
        self.publish(told)
        return done

    def _event(self, kind: str, name: str, command: Command) -> Event:
        now_us, subject, by = self.now_us(), f"strategy:{name}", command.by
        ident = event_id(kind, subject, "strategist", 0 if command.id else now_us, command.id)
        summary = f"{name} was {kind.partition('_')[2]} by {by}"
        return Event(ident, kind, subject, "strategist", Severity.low, summary, {"by": by}, now_us, command.id)

"""The actor that takes what services say of themselves, and the configuration of their dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors import Actor, Refused
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.history import Commit
from oracle.model import Command, Event, Severity, State, event_id, ref
from oracle.receipts import Receipts
from oracle.services.config import CONFIG, Config, changes, config_of, merged
from oracle.services.telemetry import Telemetry, is_stale, samples_of

__all__ = ["MOST", "Gauges"]

MOST = 1_000
SOURCE = "services"
COMMIT_TIMEOUT_S = 4.0  # less than the asker waits


class Gauges(Actor):
    """`services`, the one writer of the States `service:NAME` and `config:dashboard`.

    Asked `Command("ingest", {"said": Telemetry})`; answers with the State at once, it is an observation. There are 1,000 services
    at most: beyond, one that is stale and was silent for longest goes, and where there is none Refused `full`.

    Asked `Command("configure", {"change"})`, with a change that `merged` has taken; answers with the Config once it is committed.
    Refused `unavailable`. What was answered is in force, and survives a SIGKILL. A Command with an id is carried out once.
    """

    def __init__(self, board: Board, receipts: Receipts, apply: Callable[[Config], None]) -> None:
        self._board = board
        self._receipts = receipts
        self._apply = apply

    async def start(self) -> None:
        """Put in force what was configured before."""
        self._apply(config_of(self._board))

    async def receive(self, command: Command) -> State | Config:
        """Take telemetry, or a change of the configuration."""
        match command:
            case Command(verb="ingest", args={"said": Telemetry() as said}):
                return self._ingest(said)
            case Command(verb="configure", args={"change": change}):
                return await self._configure(command, change)
        raise Refused(f"services can't be asked to {command.verb}", "unknown_verb", {"verb": command.verb})

    def _ingest(self, said: Telemetry) -> State:
        name, now_us = ref("service", said.service), self.now_us()
        if self._board.get(name) is None:
            self._make_room(now_us)
        state = self._board.put(name, said.value(now_us), now_us)
        for sample in samples_of(said, now_us):
            self.publish(sample)
        return state

    def _make_room(self, now_us: int) -> None:
        known = [state for state in self._board.kind("service") if state.value is not None]
        if len(known) < MOST:
            return
        stale = [state for state in known if is_stale(state.value or {}, now_us)]
        if not stale:
            raise Refused(f"there are {MOST} services already", "full")
        self._board.put(min(stale, key=lambda state: state.ts_us).ref, None, now_us)

    async def _configure(self, command: Command, change: Any) -> Config:
        before = config_of(self._board)
        if self._receipts.applied(command.id):
            return before
        after, now_us = merged(before, change), self.now_us()
        changed = changes(before, after)
        if not changed:
            return before
        summary = f"dashboard configured by {command.by}: {', '.join(changed)}"
        old = changes(after, before)
        told = Event(
            event_id("config_changed", CONFIG, SOURCE, 0 if command.id else now_us, command.id), "config_changed", CONFIG, SOURCE,
            Severity.low, summary, {"by": command.by, "before": old, "after": changed}, now_us, command.id)  # fmt: skip
        draft = self._board.draft(CONFIG, after.value(), now_us)
        try:
            await self.ask("history", Commit((draft, told)), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            raise Refused(f"the configuration can't be stored now: {no}", "unavailable") from no
        self._receipts.note_applied(command.id)
        self._apply(after)
        self._board.apply(draft)
        self.publish(told)
        return after

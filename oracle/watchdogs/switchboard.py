"""The one who starts and stops watchdogs, and remembers which are switched off."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from actors import Actor, Child, NobodyOwns, Refused
from oracle.board import Board
from oracle.history import Commit
from oracle.model import Command, Event, Severity, event_id

__all__ = ["Switchboard"]

SUPERVISOR = "watchdogs"


class Switchboard(Actor):
    """Asked `Command("enable" | "disable" | "restart", {"name": NAME})`; answers once the switch is committed.

    Refuses with code `not_found` for an unknown name and `disabled` for a restart of one that is switched off.
    """

    def __init__(self, watchdogs: Mapping[str, Callable[[], Child]], board: Board) -> None:
        self.watchdogs = watchdogs
        self.board = board

    async def start(self) -> None:
        """Start what is switched on."""
        for name in self.watchdogs:
            if self._is_on(name):
                self._begin(name)
            else:
                self._note_off(name)

    async def receive(self, command: Command) -> str:
        """Grant a wish about one watchdog; the answer says what was done."""
        name = str(command.args.get("name", ""))
        if name not in self.watchdogs:
            raise Refused(f"Watchdog '{name}' not found", "not_found", {"name": name})
        match command.verb:
            case "enable":
                await self._switch(name, True, command.by)
                self._begin(name)
                done = "enabled"
            case "disable":
                await self._switch(name, False, command.by)
                with contextlib.suppress(NobodyOwns):
                    await self.runtime.remove(f"watchdog:{name}")
                self._note_off(name)
                done = "disabled"
            case "restart":
                if not self._is_on(name):
                    raise Refused(f"Watchdog '{name}' is disabled: enable it first", "disabled", {"name": name})
                self._begin(name)
                self.runtime.restart(f"watchdog:{name}")
                done = "restarted"
            case verb:
                raise Refused(f"a watchdog can't be asked to {verb}", "unknown_verb", {"verb": verb})
        self._tell_of(f"watchdog_{done}", name, command.by)
        return done

    async def _switch(self, name: str, on: bool, by: str) -> None:
        if self._is_on(name) == on:
            return
        now_us = self.now_us()
        draft = self.board.draft(f"switch:watchdog:{name}", {"on": on, "since_us": now_us, "by": by}, now_us)
        await self.ask("history", Commit((draft,)))
        self.board.apply(draft)

    def _is_on(self, name: str) -> bool:
        return bool((self.board.get(f"switch:watchdog:{name}") or {}).get("on", True))

    def _begin(self, name: str) -> None:
        try:
            state = self.runtime.node(f"watchdog:{name}").state
        except NobodyOwns:
            self.runtime.add(self.watchdogs[name](), under=SUPERVISOR)
        else:
            if state == "failed":
                self.runtime.restart(f"watchdog:{name}")

    def _note_off(self, name: str) -> None:
        known = self.board.get(f"watchdog:{name}") or {
            "name": name, "status": "healthy", "last_check_us": None, "last_event_us": None, "consecutive_failures": 0,
            "total_checks": 0, "events_emitted": 0, "errors": 0,
        }  # fmt: skip
        value = {**known, "enabled": False, "running": False, "started_us": None}
        if value != known:
            self.board.put(f"watchdog:{name}", value, self.now_us())

    def _tell_of(self, kind: str, name: str, by: str) -> None:
        now_us = self.now_us()
        subject = f"watchdog:{name}"
        ident = event_id(kind, subject, "switchboard", now_us)
        summary = f"{name} was {kind.partition('_')[2]} by {by}"
        self.publish(Event(ident, kind, subject, "switchboard", Severity.low, summary, {"by": by}, now_us))

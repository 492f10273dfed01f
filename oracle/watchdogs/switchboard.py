"""The one who switches watchdogs on and off, and remembers which are off."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, MutableMapping

import attrs

from actors import Actor, ActorCrashed, AskTimeout, Child, MailboxFull, NobodyOwns, Refused
from oracle.board import Board
from oracle.crash import crash_point
from oracle.history import Commit
from oracle.model import Command, Event, Severity, event_id
from oracle.receipts import Receipts
from oracle.watchdogs.actor import Ready

__all__ = ["Dismiss", "Enlist", "Switchboard", "is_on", "switched_on"]

SUPERVISOR = "watchdogs"
DONE = {"enable": "enabled", "disable": "disabled", "restart": "restarted"}


@attrs.frozen
class Enlist:
    """Have a watchdog more, in the place of one of that name; answered once it has begun, where it is switched on."""

    name: str
    make: Callable[[], Child]


@attrs.frozen
class Dismiss:
    """Have a watchdog less: it ends in order, and is forgotten."""

    name: str


def is_on(board: Board, name: str) -> bool:
    """Whether a watchdog is switched on; it is until somebody switches it off."""
    return bool((board.get(f"switch:watchdog:{name}") or {}).get("on", True))


def switched_on(watchdogs: MutableMapping[str, Callable[[], Child]], board: Board) -> list[Child]:
    """The specs of those that should run: what each life of their supervisor begins with."""
    return [make() for name, make in watchdogs.items() if is_on(board, name)]


class Switchboard(Actor):
    """Asked `Command("enable" | "disable" | "restart", {"name": NAME})`; answers once the switch is committed.

    Refuses with code `not_found` for an unknown name and `disabled` for a restart of one that is switched off. A Command
    with an id is carried out once: the event that tells of a switch is committed with it. A restart leaves nothing durable,
    so one that was sent again after a SIGKILL may be a second one, of what has begun anew anyway.
    """

    def __init__(self, watchdogs: MutableMapping[str, Callable[[], Child]], board: Board, receipts: Receipts) -> None:
        self.watchdogs = watchdogs
        self.board = board
        self.receipts = receipts

    async def start(self) -> None:
        """Say of what is switched off that it does not run; what is on, its supervisor starts."""
        for name in self.watchdogs:
            if not is_on(self.board, name):
                self._note_off(name)
        for state in self.board.kind("watchdog"):  # of one that was added, and died with its process
            if state.value and state.value["running"] and state.value["name"] not in self.watchdogs:
                self.board.put(state.ref, None, self.now_us())

    async def receive(self, wish: Command | Enlist | Dismiss) -> str:
        """Grant a wish about one watchdog; the answer says what was done."""
        match wish:
            case Enlist(name, make):
                await self._end(name)
                self.watchdogs[name] = make
                await self._bring_about(name)
                return "enlisted"
            case Dismiss(name):
                await self._end(name)
                if self.watchdogs.pop(name, None) is not None:
                    self.board.put(f"watchdog:{name}", None, self.now_us())
                return "dismissed"
        return await self._grant(wish)

    async def _grant(self, command: Command) -> str:
        name = str(command.args.get("name", ""))
        if name not in self.watchdogs:
            raise Refused(f"Watchdog '{name}' not found", "not_found", {"name": name})
        done = DONE.get(command.verb)
        if done is None:
            raise Refused(f"a watchdog can't be asked to {command.verb}", "unknown_verb", {"verb": command.verb})
        if self.receipts.applied(command.id):
            await self._bring_about(name)  # where the first time was cut off before that
            return done
        told = self._event(f"watchdog_{done}", name, command)
        if done != "restarted":
            await self._switch(name, done == "enabled", told)
            await self._bring_about(name)
        elif is_on(self.board, name):
            await self._begin(name, again=True)
        else:
            raise Refused(f"Watchdog '{name}' is disabled: enable it first", "disabled", {"name": name})
        self.receipts.note_applied(command.id)
        self.publish(told)
        return done

    async def _switch(self, name: str, on: bool, told: Event) -> None:
        if is_on(self.board, name) == on:
            return
        draft = self.board.draft(
            f"switch:watchdog:{name}", {"on": on, "since_us": told.ts_us, "by": told.data["by"]}, told.ts_us)  # fmt: skip
        await self.ask("history", Commit((draft, told)))
        crash_point("switchboard:committed")
        self.receipts.note_applied(told.cause)
        self.board.apply(draft)

    async def _bring_about(self, name: str) -> None:
        """Have it run if it is switched on, else not."""
        if is_on(self.board, name):
            await self._begin(name)
            return
        await self._end(name)
        self._note_off(name)

    async def _end(self, name: str) -> None:
        with contextlib.suppress(NobodyOwns):
            await self.runtime.remove(f"watchdog:{name}")

    async def _begin(self, name: str, again: bool = False) -> None:
        """Have it run, in a new life where it should begin again; returns once that has started."""
        actor = f"watchdog:{name}"
        # Slow or crashing, the watchdog shows so itself; a supervisor that is away starts it when it is back.
        with contextlib.suppress(AskTimeout, ActorCrashed, MailboxFull, NobodyOwns):
            since_us = self._since_us(actor)
            if since_us is None:
                self.runtime.add(self.watchdogs[name](), under=SUPERVISOR)
            elif again or not self.runtime.alive(actor):
                self.runtime.restart(actor)
            else:
                since_us = None
            while self._since_us(actor) == (since_us or 0):
                await self.ask(actor, Ready())

    def _since_us(self, actor: str) -> int | None:
        try:
            return self.runtime.node(actor).since_us
        except NobodyOwns:
            return None

    def _note_off(self, name: str) -> None:
        known = self.board.get(f"watchdog:{name}") or {
            "name": name, "status": "healthy", "last_check_us": None, "last_event_us": None, "consecutive_failures": 0,
            "total_checks": 0, "events_emitted": 0, "errors": 0,
        }  # fmt: skip
        value = {**known, "enabled": False, "running": False, "started_us": None}
        if value != known:
            self.board.put(f"watchdog:{name}", value, self.now_us())

    def _event(self, kind: str, name: str, command: Command) -> Event:
        """What tells of a command; that of a command with an id is the same one when it is sent again."""
        now_us, subject, by = self.now_us(), f"watchdog:{name}", command.by
        ident = event_id(kind, subject, "switchboard", 0 if command.id else now_us, command.id)
        summary = f"{name} was {kind.partition('_')[2]} by {by}"
        return Event(ident, kind, subject, "switchboard", Severity.low, summary, {"by": by}, now_us, command.id)

"""The one owner of incidents: raises them where a threshold is crossed or somebody says so, and keeps who looked after them."""

from __future__ import annotations

import contextlib
from typing import Any

import attrs

from actors import Actor, Refused
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.history import Commit
from oracle.history.statistics import Statistics
from oracle.model import Command, Event, State, split_ref
from oracle.receipts import Receipts
from oracle.runs import Run, Status
from oracle.services.config import config_of
from oracle.services.incident import (
    HYSTERESIS_PCT,
    Incident,
    Wish,
    about_budget,
    about_experiment,
    about_history,
    about_integration,
    about_memory,
    told,
)
from oracle.services.telemetry import memory_pct, named

__all__ = ["MOST_OPEN", "MOST_OVER", "Incidents", "IncidentsMemory"]

MOST_OPEN = 1_000
MOST_OVER = 1_000
DAY_S = 86_400.0
COMMIT_TIMEOUT_S = 4.0  # less than the asker waits
ITSELF = "oracle"


@attrs.define
class IncidentsMemory:
    """What outlives the actor's lives: causes that go on although somebody resolved their incident; they are raised again only
    after they were over."""

    heard_enough: set[str] = attrs.field(factory=set)


@attrs.frozen
class _Forget:
    """A day is over."""


class Incidents(Actor):
    """`incidents`, the one writer of the States `incident:ID`.

    Raises by itself: memory of a service beyond `warning_pct` of its limit (over 5 points below that), a service that does not
    answer and is expected to, an experiment that failed, a budget that is used up, a history
    that takes no writes. One at a time for each cause; each as
    soon as it is known, also where it can't be stored just now, which is made up for.

    Asked `Command("raise", {"wish": Wish})`, or "acknowledge" or "resolve" with `{"id", "comment"}`; answers with the Incident
    once it is committed. Refused: `not_found`, `illegal`, `full`, `unavailable`. A Command with an id is carried out once.

    Of those that are open the oldest is resolved where there are more than 1,000; those that are over leave after the
    configuration's retention_days, or as the oldest of more than 1,000. Their events stay.
    """

    listens = ("state:service:*", "state:integration:*", "event:run_failed:*", "event:history_state:*",
               "event:budget_exceeded:*")  # fmt: skip

    def __init__(
        self, board: Board, receipts: Receipts, history: Statistics, warning_pct: float, memory: IncidentsMemory
    ) -> None:
        self._board = board
        self._receipts = receipts
        self._history = history
        self._warning_pct = warning_pct
        self._memory = memory
        self._known: dict[int, Incident] = {}  # as on the board, by number
        self._by_key: dict[str, int] = {}  # of those that are open

    async def start(self) -> None:
        """See what is over by now, or has become old."""
        found = [Incident.of(state.value) for state in self._board.kind("incident") if state.value is not None]
        for one in sorted(found, key=lambda one: one.number):
            self._keep(one)
        if "history" in self._by_key or self._history.state == "down":
            await self._about_history(self._history.state, self._history.last_error)
        self._forget()
        self.after(DAY_S, _Forget())

    async def receive(self, message: Any) -> Incident | None:
        """News that an incident may come of, or a command."""
        match message:
            case State(ref=name, value=dict() as value):
                kind, ident = split_ref(name)
                await (self._about_memory if kind == "service" else self._about_integration)(ident, value)
            case Event(kind="run_failed"):
                await self._about_run(split_ref(message.subject)[1])
            case Event(kind="budget_exceeded"):
                await self._hold(about_budget(message))
            case Event(kind="history_state", data=data):
                await self._about_history(data["state"], data["error"])
            case _Forget():
                self._forget()
                self.after(DAY_S, _Forget())
            case Command():
                return await self._wished(message)
        return None

    # ---- what happens

    async def _about_memory(self, service: str, value: dict[str, Any]) -> None:
        used_pct, key = memory_pct(value), f"memory:{service}"
        if used_pct is None:
            return
        over_pct = self._warning_pct - HYSTERESIS_PCT
        if used_pct > self._warning_pct or (used_pct > over_pct and self._open(key) is not None):
            experiment = self._newest_experiment() if service == "fl_server" and key not in self._by_key else None
            await self._hold(about_memory(service, named(service), used_pct, self._warning_pct, experiment))
        elif used_pct <= over_pct:
            await self._release(key, f"memory usage fell to {used_pct:.1f}%")

    async def _about_integration(self, service: str, value: dict[str, Any]) -> None:
        if value["status"] != "down":
            await self._release(f"down:{service}", f"it is {value['status'].replace('_', ' ')}")
        elif value["expected"]:
            await self._hold(about_integration(service, named(service), ", ".join(value["issues"])))

    async def _about_run(self, ident: str) -> None:
        run = self._board.get(f"run:{ident}")
        if run is not None and run["kind"] == "experiment":
            await self._hold(about_experiment(ident, run.get("name", ""), run["error"] or "no reason was given"))

    async def _about_history(self, state: str, error: str | None) -> None:
        if state == "down":
            await self._hold(about_history(error or "no reason was given"))
        else:
            await self._release("history", "it takes writes again")

    async def _hold(self, wish: Wish) -> None:
        """A cause is there: raise its incident, or keep the one there is up to date."""
        known = self._open(wish.key)
        if known is None and wish.key not in self._memory.heard_enough:
            await self._raise(wish)
        elif known is not None and abs((wish.current_value or 0) - (known.current_value or 0)) >= 1:
            now = attrs.evolve(known, current_value=wish.current_value)
            self._board.put(now.ref, now.value(), self.now_us())
            self._keep(now)

    async def _release(self, key: str, why: str) -> None:
        """A cause is over."""
        self._memory.heard_enough.discard(key)
        known = self._open(key)
        if known is not None:
            now_us = self.now_us()
            over = known.resolved(ITSELF, "", now_us)
            await self._note(over, told("resolved", over, ITSELF, why, now_us))

    async def _raise(self, wish: Wish) -> None:
        raised = Incident.raised(wish, self._next(), ITSELF, self.now_us())
        await self._make_room()
        await self._note(raised, told("raised", raised, ITSELF, "", raised.created_us))
        self._forget()

    async def _make_room(self) -> None:
        known = self._all_open()
        if len(known) >= MOST_OPEN:
            now_us, why = self.now_us(), f"more than {MOST_OPEN} are open"
            over = known[0].resolved(ITSELF, "", now_us)
            await self._note(over, told("resolved", over, ITSELF, why, now_us))

    # ---- what is asked for

    async def _wished(self, command: Command) -> Incident:
        match command:
            case Command(verb="raise", args={"wish": Wish() as wish}):
                return await self._raised(command, wish)
            case Command(verb="acknowledge" | "resolve", args={"id": str(ident)}):
                return await self._moved(command, ident)
        raise Refused(f"incidents can't be asked to {command.verb}", "unknown_verb", {"verb": command.verb})

    async def _raised(self, command: Command, wish: Wish) -> Incident:
        if self._receipts.applied(command.id):
            for one in self._known.values():
                if one.command == command.id:
                    return one
            raise Refused("this alert is over, and gone by now", "not_found")
        if len(self._all_open()) >= MOST_OPEN:
            raise Refused(f"{MOST_OPEN} alerts are open already", "full")
        made = Incident.raised(wish, self._next(), command.by, self.now_us(), command.id)
        await self._commit(made, told("raised", made, command.by, "", made.created_us, command.id))
        self._forget()
        return made

    async def _moved(self, command: Command, ident: str) -> Incident:
        before = next((one for one in self._known.values() if one.ident == ident), None)
        if before is None:
            raise Refused(f"Alert '{ident}' not found", "not_found", {"id": ident})
        comment, now_us = str(command.args.get("comment") or ""), self.now_us()
        if self._receipts.applied(command.id):
            return before
        step = before.acknowledged if command.verb == "acknowledge" else before.resolved
        after = step(command.by, comment, now_us)
        if after is not before:
            await self._commit(after, told(after.status, after, command.by, comment, now_us, command.id))
            if after.over and after.key:
                self._memory.heard_enough.add(after.key)
        return after

    # ---- the board and the history

    async def _commit(self, incident: Incident, event: Event) -> None:
        """Put in force what was asked for, once it is committed. Raises Refused `unavailable`."""
        draft = self._board.draft(incident.ref, incident.value(), event.ts_us)
        try:
            await self.ask("history", Commit((draft, event)), COMMIT_TIMEOUT_S)
        except NOT_NOW as no:
            raise Refused(f"alerts can't be stored now: {no}", "unavailable") from no
        self._receipts.note_applied(event.cause)
        self._put_in_force(incident, draft, event)

    async def _note(self, incident: Incident, event: Event) -> None:
        """Put in force what is so. What the history can't take now it takes from the stream, as soon as it can."""
        draft = self._board.draft(incident.ref, incident.value(), event.ts_us)
        with contextlib.suppress(*NOT_NOW):
            await self.ask("history", Commit((draft, event)), COMMIT_TIMEOUT_S)
        self._put_in_force(incident, draft, event)

    def _put_in_force(self, incident: Incident, draft: State, event: Event) -> None:
        self._board.apply(draft)
        self._keep(incident)
        self.publish(event)

    def _keep(self, incident: Incident) -> None:
        self._known[incident.number] = incident
        if incident.key and not incident.over:
            self._by_key[incident.key] = incident.number
        elif self._by_key.get(incident.key) == incident.number:
            del self._by_key[incident.key]

    def _forget(self) -> None:
        now_us = self.now_us()
        too_old_us = now_us - config_of(self._board).dashboard.retention_days * round(DAY_S * 1e6)
        last = max(self._known, default=0)  # it knows the next number
        over = [one for one in self._known.values() if one.over and one.number != last]
        for place, one in enumerate(over):
            if (one.resolved_us or 0) < too_old_us or place < len(over) - MOST_OVER:
                self._board.put(one.ref, None, now_us)
                del self._known[one.number]

    def _next(self) -> int:
        return max(self._known, default=0) + 1

    def _open(self, key: str) -> Incident | None:
        return self._known[self._by_key[key]] if key in self._by_key else None

    def _all_open(self) -> list[Incident]:
        return [one for one in self._known.values() if not one.over]

    def _newest_experiment(self) -> str | None:
        values = [state.value for state in self._board.kind("run") if state.value and state.value["kind"] == "experiment"]
        runs = [run for run in map(_run, values) if run.status is Status.running]
        return max(runs, key=lambda run: run.started_us or 0).id if runs else None


def _run(value: dict[str, Any]) -> Run:
    return Run(**value)

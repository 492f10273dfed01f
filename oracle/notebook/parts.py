"""What this process has put into its runtime: added, replaced and taken out in order, supervised like everything there."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import trio

from actors import Child, Lifecycle, NobodyOwns, Refused, Runtime, Supervisor
from oracle import cells
from oracle.border import structure
from oracle.notebook.part import ACTOR, WATCHDOG, Added, Draft, decider_of, is_decider, maker_of, name_of
from oracle.notebook.resident import Resident
from oracle.notebook.telling import Crashes
from oracle.plugins import part_of
from oracle.problems import closest
from oracle.system import System
from oracle.watchdogs import watchdog_class
from oracle.watchdogs.actor import PATIENCE_S, watchdog_child
from oracle.watchdogs.past import past_of
from oracle.watchdogs.switchboard import Dismiss, Enlist, is_on

__all__ = ["Parts"]

SUPERVISOR = "cells"
BEGIN_S = 5.0  # so long its begin is waited for
SWITCH_S = 30.0
CAPACITY = 10_000  # messages that wait for an actor; then the oldest go, and it hears of a gap


class Parts:
    """For the thread of the runtime alone."""

    def __init__(self, resident: Resident, crashes: Crashes) -> None:
        self._resident = resident
        self._crashes = crashes
        self._kinds: dict[str, str] = {}
        self._specs: dict[str, Child] = {}
        self._turn = trio.Lock()

    async def add(self, part: Any, given: str, settings: Mapping[str, Any]) -> Added:
        """Put it in, in the place of what is called the same. What is wrong with it is said before that ends: raises Refused
        `no_part`, `no_watchdog`, `taken`; Invalid for settings and names that won't do."""
        system = self._system()
        async with self._turn:
            await self._listen(system.runtime)
            if is_decider(part):
                return await self._watch(system, name_of(WATCHDOG, given, part), *decider_of(part, settings))
            name, build = name_of(ACTOR, given, part), maker_of(part, settings)
            return await self._act(system, Child(name, build, capacity=CAPACITY, when_full="drop_oldest"))

    async def remove(self, name: str) -> None:
        """End it in order and forget it. Raises Refused `not_found`."""
        async with self._turn:
            await self._remove(name)

    async def _remove(self, name: str) -> None:
        system, kind = self._system(), self._kinds.get(name.removeprefix("watchdog:"))
        if kind is None:
            hint = closest(name, self._kinds)
            meant = f"; did you mean {hint!r}?" if hint else f"; there are {', '.join(self._kinds) or 'none'}"
            raise Refused(f"nothing called {name!r} was added here{meant}", "not_found")
        if kind == WATCHDOG:
            name = name.removeprefix("watchdog:")
            await system.runtime.ask("switchboard", Dismiss(name), SWITCH_S)
            system.watchdogs.pop(name, None)
            cells.forget(name)
        else:
            self._specs.pop(name, None)
            with contextlib.suppress(NobodyOwns):  # it has finished by itself
                await system.runtime.remove(name)
        del self._kinds[name]

    @contextlib.contextmanager
    def draft(self, part: Any, settings: Mapping[str, Any]) -> Iterator[Draft]:
        """Within, a watchdog that nothing runs can be named to backtests: as it is now, whatever it was while it ran. Raises
        as `add`, and Refused `stays_here`."""
        system = self._system()
        what = part if isinstance(part, str) else name_of(WATCHDOG, "", part)
        if isinstance(part, str):
            table = {**system.watchdogs[part], **settings}
            cls, given = watchdog_class(table.pop("kind")), table
        else:
            cls, given = decider_of(part, settings)
        structure(cls, dict(given), path=("watchdogs", what))
        name = next(one for n in itertools.count(1) if (one := f"draft:{what}.{n}") not in system.watchdogs)
        kind = cells.keep(name, cls)
        try:
            cells.packed([kind])  # what can't be sent is said here, and not by a run that has failed
            system.watchdogs[name] = {"kind": kind, **given}
            yield Draft(name, what, cls)
        finally:
            system.watchdogs.pop(name, None)
            cells.forget(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Of what was added, in the order it was."""
        return tuple(self._kinds)

    def ours(self, name: str) -> bool:
        """Whether an actor of this name was put in here."""
        return self._kinds.get(name.removeprefix("watchdog:")) is not None

    async def _watch(self, system: System, name: str, cls: type, settings: Mapping[str, Any]) -> Added:
        structure(cls, dict(settings), path=("watchdogs", name))
        if name in system.watchdogs and self._kinds.get(name) != WATCHDOG:
            raise Refused(f"the settings have a watchdog {name!r} already: give this one another name", "taken")
        replaced = await self._make_room(WATCHDOG, name)
        table = {"kind": cells.keep(name, cls), **settings}
        system.watchdogs[name] = table
        make = partial(part_of, "watchdogs", name, table, watchdog_class)
        past = past_of(system.queries, system.tape)
        child = partial(watchdog_child, name, make, system.board, past, system.runtime, PATIENCE_S)
        await system.runtime.ask("switchboard", Enlist(name, child), SWITCH_S)
        state = _state(system.runtime, f"watchdog:{name}") if is_on(system.board, name) else "switched off"
        return Added(WATCHDOG, name, state, replaced)

    async def _act(self, system: System, spec: Child) -> Added:
        runtime, name = system.runtime, spec.name
        if runtime.alive(name) and name not in self._kinds:
            raise Refused(f"an actor of the house is called {name!r}: give this one another name", "taken")
        replaced = await self._make_room(ACTOR, name)
        self._specs[name] = spec
        await _begun(runtime, spec, SUPERVISOR)
        return Added(ACTOR, name, _state(runtime, name), replaced)

    async def _make_room(self, kind: str, name: str) -> bool:
        """Whether there was one of this name. A watchdog ends when the next one is enlisted."""
        before = self._kinds.get(name)
        if before is not None and (before, kind) != (WATCHDOG, WATCHDOG):
            await self._remove(name)
        self._kinds[name] = kind
        self._crashes.forget(name if kind == ACTOR else f"watchdog:{name}")
        return before is not None

    def _system(self) -> System:
        return self._resident.system()

    async def _listen(self, runtime: Runtime) -> None:
        """Have a supervisor for what is added, and hear what becomes of that."""
        if not runtime.alive(SUPERVISOR):
            runtime.listen("life:*", lambda published: self._heard(published.message))
            await _begun(runtime, Child(SUPERVISOR, self._supervisor, grace_s=5.0), "root")

    def _supervisor(self) -> Supervisor:
        return Supervisor(tuple(self._specs.values()), exhausted="park")

    def _heard(self, life: Lifecycle) -> None:
        if life.what in ("crashed", "failed") and self.ours(life.name):
            self._crashes.crashed(life)


async def _begun(runtime: Runtime, spec: Child, under: str) -> None:
    """Start it, and return once it has begun, or failed to."""
    tried = trio.Event()
    subscription = runtime.listen(f"life:{spec.name}", lambda _: tried.set())
    try:
        runtime.add(spec, under)
        with trio.move_on_after(BEGIN_S):
            await tried.wait()
    finally:
        subscription.cancel()


def _state(runtime: Runtime, name: str) -> str:
    try:
        return runtime.node(name).state
    except NobodyOwns:
        return "ended"

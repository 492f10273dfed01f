"""Supervisors: actors that start children in order, restart them by policy and stop them in reverse order.

The restart loop runs in the child's own task. `one_for_one` decides there. For `one_for_all` and `rest_for_one` the
child parks at a gate and the supervisor's task recycles the group: it ends the sibling lives in reverse order and opens
the gates in start order, each after its elder has started; a crash during that joins it and the recycling begins again.
More crashes than the restart intensity allows: `escalate` fails this supervisor upward, `park` leaves that child failed
and visible, for an operator to restart, and touches no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import trio

from actors.actor import Actor
from actors.cell import Cell, Child
from actors.errors import Refused, RestartsExhausted
from actors.life import live
from actors.policy import Intensity, charged_delay_s, expected_delay_s, leaves
from actors.reply import Reply

__all__ = ["Exhausted", "Strategy", "Supervisor"]

Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
Exhausted = Literal["escalate", "park"]


class Supervisor(Actor):
    """Keeps `children` alive. `window_s` seconds is also how long a life must last to count as healthy again."""

    def __init__(
        self,
        children: Sequence[Child] = (),
        strategy: Strategy = "one_for_one",
        max_restarts: int = 5,
        window_s: float = 60.0,
        exhausted: Exhausted = "escalate",
    ) -> None:
        self.specs = tuple(children)
        self.strategy = strategy
        self.exhausted = exhausted
        self.max_restarts = max_restarts
        self.window_s = window_s
        self.cells: dict[str, Cell] = {}
        self._budget = Intensity(max_restarts, window_s)
        self._budgets: dict[str, Intensity] = {}
        self._crashed: list[Cell] = []  # waiting for their group to be recycled
        self._failure: RestartsExhausted | None = None
        self._nursery: trio.Nursery | None = None

    def enlist(self, spec: Child) -> Cell:
        """Make the record of a child; raises NameTaken."""
        cell = Cell(spec, self.runtime, self)
        self.runtime.own(cell)
        self.cells[spec.name] = cell
        return cell

    def begin(self, spec: Child) -> Cell:
        """Start a child; returns at once, raises NameTaken."""
        if self._nursery is None:
            raise RuntimeError(f"{self.name} is not supervising")
        cell = self.enlist(spec)
        self._nursery.start_soon(self._keep, cell)
        return cell

    async def lend(self, spec: Child) -> None:
        """Run a temporary child in the calling task until it ends; raises what it raised."""
        cell = self.enlist(spec)
        try:
            await live(cell, shield=False)
        except Exception as error:
            self.runtime.note(cell, "crashed", error)
            raise
        finally:
            self._bury(cell)

    async def end(self, cell: Cell) -> None:
        """Stop a child for good: in order, then by force after its grace."""
        if self.cells.get(cell.spec.name) is not cell:
            return
        cell.stopping = True
        cell.ended = cell.ended or trio.Event()
        cell.leave()
        await self._patiently(cell, cell.ended)

    async def _live(self, cell: Cell) -> None:
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                try:
                    for spec in self.specs:
                        if self._failure is None and not cell.leaving:
                            await self._first_try(self.begin(spec))
                    self.runtime.began(cell)
                    await self._watch(cell)
                finally:
                    with trio.CancelScope(shield=True):
                        await self._end_all()
                    self._nursery = None
                nursery.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            errors = leaves(group)
            raise next((e for e in errors if not isinstance(e, trio.Cancelled)), errors[0]) from None
        if self._failure is not None:
            raise self._failure

    async def _first_try(self, cell: Cell) -> None:
        # a feed has started once it exists, connected or not: one try is enough
        if cell.state == "starting" and self._failure is None:
            cell.tried = trio.Event()
            await cell.tried.wait()

    async def _watch(self, cell: Cell) -> None:
        while self._failure is None and not cell.leaving:
            await self._wake()
            while self._crashed and self._failure is None and not cell.leaving:
                await self._recycle()
        cell.state = "stopping"

    async def _wake(self) -> None:
        mailbox = self._cell.mailbox
        await mailbox.wait()
        while mailbox.queue:
            message = mailbox.queue.popleft()
            if isinstance(message, Reply):
                message.fail(Refused(f"{self.name} is a supervisor and answers nothing", "supervisor"))
            else:
                self.runtime.dead_letter(self.name, message, "supervisors take no messages")

    async def _end_all(self) -> None:
        for cell in reversed(list(self.cells.values())):
            await self.end(cell)

    # ---- one child, in its own task

    async def _keep(self, cell: Cell) -> None:
        try:
            while not cell.stopping:
                if not await self._one_life(cell):
                    break
        finally:
            self._bury(cell)

    async def _one_life(self, cell: Cell) -> bool:
        """Run a life and what follows it; False when there will be no other."""
        cell.state = "starting"
        error: BaseException | None = None
        began_s = trio.current_time()
        try:
            await live(cell, shield=True)
        except Exception as crash:
            error = crash
        if trio.current_time() - began_s >= self.window_s:
            cell.streak = 0
        if error is not None:
            self.runtime.note(cell, "crashed", error)
        if cell.tried is not None:
            cell.tried.set()
        if cell.stopping or (cell.recycling and cell.spec.restart == "temporary"):
            return False
        if cell.recycling:
            await self._wait_at_gate(cell)
        elif cell.again:
            cell.again = False
        elif error is None:
            return cell.spec.restart == "permanent"
        elif cell.spec.restart == "temporary":
            return False
        else:
            await self._after(cell, error)
        cell.restarts += 1
        return True

    async def _after(self, cell: Cell, error: BaseException) -> None:
        cell.streak += 1
        if cell.spec.expected and all(isinstance(leaf, cell.spec.expected) for leaf in leaves(error)):
            await self._nap(cell, expected_delay_s(cell.streak, self.runtime.random.random()))
        elif not self._charge(cell):
            await self._give_up(cell, error)
        elif self.strategy == "one_for_one":
            await self._nap(cell, charged_delay_s(cell.streak))
        else:
            self._crashed.append(cell)
            self._cell.mailbox.poke()
            await self._wait_at_gate(cell)

    def _charge(self, cell: Cell) -> bool:
        budget = self._budget
        if self.exhausted == "park":
            budget = self._budgets.setdefault(cell.spec.name, Intensity(self.max_restarts, self.window_s))
        return budget.charge(trio.current_time())

    async def _give_up(self, cell: Cell, error: BaseException) -> None:
        cell.state = "failed"
        self.runtime.note(cell, "failed", error)
        if self.exhausted == "escalate":
            self._failure = RestartsExhausted(
                f"{self.name}: more than {self.max_restarts} crashes in {self.window_s:g} s, "
                f"last {cell.spec.name}: {error!r}"
            )
            self._failure.__cause__ = error
            self._cell.mailbox.poke()
        cell.again = False
        await self._wait_at_gate(cell, state="failed")
        cell.streak = 0
        self._budgets.pop(cell.spec.name, None)

    async def _nap(self, cell: Cell, delay_s: float) -> None:
        cell.state = "backing_off"
        with trio.CancelScope() as cell.scope:
            await trio.sleep(delay_s)
        cell.scope = None
        cell.again = False
        if cell.recycling:
            await self._wait_at_gate(cell)

    async def _wait_at_gate(self, cell: Cell, state: Literal["waiting", "failed"] = "waiting") -> None:
        cell.state = state
        cell.gate = trio.Event()
        if cell.parked is not None:
            cell.parked.set()
        if not cell.stopping:
            await cell.gate.wait()
        cell.gate = None
        cell.recycling = False

    def _bury(self, cell: Cell) -> None:
        if cell.state != "failed":
            self.runtime.note(cell, "stopped", None)
        cell.close("ended")
        self.runtime.disown(cell)
        self.cells.pop(cell.spec.name, None)
        self._budgets.pop(cell.spec.name, None)
        for event in (cell.tried, cell.parked, cell.ended):
            if event is not None:
                event.set()

    # ---- a group, in the supervisor's task

    async def _recycle(self) -> None:
        order = list(self.cells.values())
        crashed = [c for c in self._crashed if c.spec.name in self.cells]
        self._crashed = []
        if not crashed:
            return
        first = 0 if self.strategy == "one_for_all" else min(order.index(c) for c in crashed)
        group = [c for c in order[first:] if c.state != "failed"]
        for cell in reversed(group):
            if cell.gate is None:
                cell.recycling = True
                await self._await_gate(cell)
        await self._pause(max(charged_delay_s(c.streak) for c in crashed))
        for cell in group:
            if self._crashed or self._cell.leaving or self._failure is not None:
                self._crashed = list({*self._crashed, *(c for c in group if c.gate is not None)})
                return
            if cell.gate is not None and cell.spec.name in self.cells:
                cell.tried = trio.Event()
                cell.gate.set()
                await cell.tried.wait()

    async def _pause(self, delay_s: float) -> None:
        # an end or a failure wakes the mailbox and cuts the pause short
        deadline_s = trio.current_time() + delay_s
        while trio.current_time() < deadline_s and self._failure is None and not self._cell.leaving:
            with trio.move_on_at(deadline_s):
                await self._cell.mailbox.wait()

    async def _await_gate(self, cell: Cell) -> None:
        """End the present life of a cell so that it waits at its gate."""
        cell.parked = trio.Event()
        cell.leave()
        await self._patiently(cell, cell.parked)
        cell.parked = None

    async def _patiently(self, cell: Cell, event: trio.Event) -> None:
        """Wait for the event; once the grace is over, cancel the life and wait on."""
        with trio.move_on_after(grace_s(cell)):
            await event.wait()
        if not event.is_set():
            if cell.scope is not None:
                cell.scope.cancel()
            await event.wait()


def grace_s(cell: Cell) -> float:
    """Seconds an actor may take to stop; a supervisor has the sum of its children's."""
    if isinstance(cell.actor, Supervisor):
        return cell.spec.grace_s + sum(grace_s(child) for child in cell.actor.cells.values())
    return cell.spec.grace_s

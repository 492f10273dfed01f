"""Supervisors: actors that start children in order, restart them by policy and stop them in reverse order.

The restart loop runs in the child's own task. `one_for_one` decides there. For `one_for_all` and `rest_for_one` the
child waits at a gate and the supervisor's task recycles the group: it ends the sibling lives in reverse order and opens
the gates in start order, each after its elder has started; a crash during that joins it and the recycling begins again.
More crashes than the restart intensity allows: `escalate` fails this supervisor upward, `park` leaves that child failed
and visible, for an operator to restart, and touches no other.

The children's nursery is shielded: only their supervisor ends them, so an outer cancel can't take the history away from
those who still write to it. The supervisor's own task waits at one place, its mailbox, so a flag and a poke end it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import trio

from actors.actor import Actor
from actors.cell import Cell, Child
from actors.errors import Killed, NobodyOwns, Refused, RestartsExhausted
from actors.life import live
from actors.policy import Intensity, charged_delay_s, expected_delay_s, is_expected, leaves
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
        self._torn = False  # a group waits to be recycled
        self._not_before_s = -math.inf  # when it may start again
        self._failure: RestartsExhausted | None = None
        self._nursery: trio.Nursery | None = None  # None unless children may be added

    def begin(self, spec: Child) -> Cell:
        """Start a child; returns at once. Raises NameTaken; NobodyOwns when this supervisor is ending."""
        cell = self._enlist(spec)
        assert self._nursery is not None
        self._nursery.start_soon(self._keep, cell)
        return cell

    async def lend(self, spec: Child) -> None:
        """Run a temporary child in the calling task until it ends; raises what it raised, and as `begin`."""
        cell = self._enlist(spec)
        try:
            await live(cell)
        except Exception as error:
            self.runtime.note(cell, "crashed", error)
            raise
        finally:
            self._bury(cell)

    async def end(self, cell: Cell) -> None:
        """Stop a child for good: in order, then by force after its grace."""
        if cell.state == "ended":
            return
        cell.stopping = True
        cell.ended = cell.ended or trio.Event()
        cell.leave()
        force = cell.cut_off_after_grace()
        await cell.ended.wait()
        force.cancel()

    def look(self) -> None:
        """Wake: something this supervisor may be waiting for has happened."""
        self._cell.mailbox.poke()

    # ---- in the supervisor's own task

    async def _live(self, cell: Cell) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.cancel_scope.shield = True
                self._nursery = nursery
                try:
                    await self._start_all()
                    while not self._ending():
                        await self._wake()
                        await self._mend()
                finally:
                    self._nursery = None
                    cell.state = "stopping"
                    with trio.CancelScope(shield=True):
                        for child in reversed(self.cells.copy().values()):
                            await self.end(child)
        except BaseExceptionGroup as group:
            errors = leaves(group)
            raise next((e for e in errors if not isinstance(e, trio.Cancelled)), errors[0]) from None
        if self._failure is not None:
            raise self._failure

    def _ending(self) -> bool:
        cell = self._cell
        return self._failure is not None or cell.leaving or cell.forced

    async def _start_all(self) -> None:
        for spec in self.specs:
            if self._ending():
                return
            await self._first_try(self.begin(spec))
            await self._mend()
        if not self._ending():
            self.runtime.began(self._cell)

    async def _first_try(self, cell: Cell) -> None:
        # a feed has started once it exists, connected or not: one try is enough
        cell.tried = False
        while not (cell.tried or self._torn or self._ending()):
            await self._wake()

    async def _wake(self) -> None:
        mailbox = self._cell.mailbox
        await mailbox.wait()
        while mailbox.queue:
            message = mailbox.queue.popleft()
            if isinstance(message, Reply):
                message.fail(Refused(f"{self.name} is a supervisor and answers nothing", "supervisor"))
            else:
                self.runtime.dead_letter(self.name, message, "supervisors take no messages")

    # ---- in a child's task

    async def _keep(self, cell: Cell) -> None:
        try:
            while not cell.stopping:
                cell.state = "starting"
                error: BaseException | None = None
                began_s = trio.current_time()
                try:
                    await live(cell)
                except Exception as crash:
                    error = crash
                if trio.current_time() - began_s >= self.window_s:
                    cell.streak = 0
                if not await self._goes_on(cell, error):
                    break
        finally:
            self._bury(cell)

    async def _goes_on(self, cell: Cell, error: BaseException | None) -> bool:
        """Whether there is another life; returns when it is due."""
        again, cell.again = cell.again, False
        if error is not None:
            self.runtime.note(cell, "lost" if is_expected(error, cell.spec.expected) else "crashed", error)
        cell.note_tried()
        if cell.stopping or (cell.recycling and cell.spec.restart == "temporary"):
            return False
        if cell.recycling:
            await self._wait_at_gate(cell, "waiting")
        elif again:
            await trio.lowlevel.checkpoint()
        elif cell.spec.restart == "temporary" or (error is None and cell.spec.restart == "transient"):
            return False
        else:
            await self._after(cell, error or RuntimeError(f"{cell.spec.name} finished, though it is permanent"))
        cell.restarts += 1
        return True

    async def _after(self, cell: Cell, error: BaseException) -> None:
        killed = isinstance(error, Killed)  # somebody wanted it: not charged
        cell.streak += not killed
        if is_expected(error, cell.spec.expected):
            await self._nap(cell, expected_delay_s(cell.streak, self.runtime.random.random()))
        elif not (killed or self._charge(cell)):
            await self._give_up(cell, error)
        elif self.strategy == "one_for_one":
            await self._nap(cell, charged_delay_s(cell.streak))
        else:
            self._torn = True
            self._not_before_s = max(self._not_before_s, trio.current_time() + charged_delay_s(cell.streak))
            await self._wait_at_gate(cell, "waiting")

    def _charge(self, cell: Cell) -> bool:
        budget = self._budget
        if self.exhausted == "park":
            budget = self._budgets.setdefault(cell.spec.name, Intensity(self.max_restarts, self.window_s))
        return budget.charge(trio.current_time())

    async def _give_up(self, cell: Cell, error: BaseException) -> None:
        cell.state = "failed"
        self.runtime.note(cell, "failed", error)
        if self.exhausted == "escalate":
            crashes = f"more than {self.max_restarts} crashes in {self.window_s:g} s"
            self._failure = RestartsExhausted(f"{self.name}: {crashes}, last {cell.spec.name}: {error!r}")
            self._failure.__cause__ = error
        await self._wait_at_gate(cell, "failed")
        cell.streak = 0
        self._budgets.pop(cell.spec.name, None)

    async def _nap(self, cell: Cell, delay_s: float) -> None:
        cell.state = "backing_off"
        if delay_s == 0:
            await trio.lowlevel.checkpoint()
        else:
            cell.gate = gate = trio.Event()
            alarm = self.runtime.timers.after(delay_s, gate.set)
            await gate.wait()
            alarm.cancel()
            cell.gate = None
        if cell.recycling:
            await self._wait_at_gate(cell, "waiting")

    async def _wait_at_gate(self, cell: Cell, state: Literal["waiting", "failed"]) -> None:
        cell.state = state
        while not cell.stopping:
            cell.gate = trio.Event()
            self.look()
            await cell.gate.wait()
            if not cell.recycling:
                break
            cell.state = "waiting"  # recycled again before it came to run
        cell.gate = None

    def _enlist(self, spec: Child) -> Cell:
        if self._nursery is None:
            raise NobodyOwns(f"{self.name} is not supervising")
        cell = Cell(spec, self.runtime, self)
        self.runtime.own(cell)
        self.cells[spec.name] = cell
        return cell

    def _bury(self, cell: Cell) -> None:
        if cell.state != "failed":
            self.runtime.note(cell, "stopped", None)
        cell.close("ended")
        self.runtime.disown(cell)
        del self.cells[cell.spec.name]
        self._budgets.pop(cell.spec.name, None)
        if cell.ended is not None:
            cell.ended.set()
        cell.tried = True
        self.look()

    # ---- a group, in the supervisor's own task

    async def _mend(self) -> None:
        while self._torn and not self._ending():
            self._torn = False
            await self._recycle()

    async def _recycle(self) -> None:
        order = list(self.cells.values())
        waiting = [place for place, cell in enumerate(order) if cell.state == "waiting"]
        if not waiting:
            return
        first = 0 if self.strategy == "one_for_all" else waiting[0]
        group = [cell for cell in order[first:] if cell.state != "failed"]
        for cell in reversed(group):
            await self._bring_to_gate(cell)
        await self._pause()
        for cell in group:
            if self._torn or self._ending():
                return
            if cell.gate is not None and cell.state == "waiting":
                cell.state = "starting"
                cell.recycling = False
                cell.gate.set()
                await self._first_try(cell)

    async def _bring_to_gate(self, cell: Cell) -> None:
        """End the present life of a cell so that it waits at its gate, or ends if it is temporary."""
        if cell.state in ("waiting", "ended"):
            return
        cell.recycling = True
        cell.leave()
        force = cell.cut_off_after_grace()
        while cell.state not in ("waiting", "ended") and not self._ending():
            await self._wake()
        force.cancel()

    async def _pause(self) -> None:
        delay_s = self._not_before_s - trio.current_time()
        if delay_s > 0:
            alarm = self.runtime.timers.after(delay_s, self.look)
            while not (alarm.done or self._torn or self._ending()):
                await self._wake()
            alarm.cancel()

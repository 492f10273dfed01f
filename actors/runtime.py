"""A running tree of actors, the bus they talk over, and the one place that knows every name.

    async with open_runtime([Child("greeter", Greeter)]) as runtime:
        await runtime.ask("greeter", "hello")
"""

from __future__ import annotations

import random
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio

from actors.bus import Bus, Message, Subscription
from actors.cell import Cell, Child
from actors.clock import Clock, wall_clock
from actors.errors import Killed, MailboxFull, NameTaken, NobodyOwns
from actors.life import live
from actors.policy import leaves
from actors.reply import Reply
from actors.supervisor import Supervisor
from actors.timers import Timers
from actors.tree import Node, node

__all__ = ["DeadLetter", "Lifecycle", "Runtime", "open_runtime"]

DEAD_SAMPLES = 64


@attrs.frozen
class Lifecycle:
    """An actor started, crashed, was lost (an expected crash), stopped, or failed for good (its restarts exhausted)."""

    name: str
    what: str
    error: str | None
    restarts: int
    exception: BaseException | None = attrs.field(default=None, repr=False)

    @property
    def topic(self) -> str:
        """`life:NAME`."""
        return f"life:{self.name}"


@attrs.frozen
class DeadLetter:
    """A message nobody handled, and why."""

    name: str
    reason: str
    message: object

    @property
    def topic(self) -> str:
        """`dead:NAME`."""
        return f"dead:{self.name}"


class Runtime:
    """Made by `open_runtime`. All methods but `ask`, `remove` and `adopt` are synchronous and never wait."""

    def __init__(self, clock: Clock, seed: int | None) -> None:
        self.epoch = secrets.token_hex(6)  # each start has its own offsets
        self.random = random.Random(seed)
        self.bus = Bus(clock)
        self.publish: Callable[[Message], int] = self.bus.publish
        self.timers = Timers()
        self.settled = trio.Event()  # the root has started, or ended before it could
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_SAMPLES)  # a sample of the newest
        self.dead_letter_count = 0
        self._clock = clock
        self._cells: dict[str, Cell] = {}

    # ---- messages

    def now_us(self) -> int:
        """UTC microseconds."""
        return self._clock()

    def listen(self, pattern: str, put: Callable[[Any], object]) -> Subscription:
        """Call `put(Published)` for each message that matches, until the subscription is cancelled."""
        return self.bus.listen(pattern, put)

    def tell(self, name: str, message: object) -> bool:
        """Put a message into an actor's mailbox; False, and a dead letter, when nobody took it."""
        cell = self._cells.get(name)
        if cell is not None and cell.mailbox.put(message):
            return True
        self.dead_letter(name, message, "nobody has this name" if cell is None else "mailbox full")
        return False

    def tell_all(self, name: str, messages: Sequence[object]) -> int:
        """Tell a batch at a fraction of the cost each; how many were taken. The rest, the last, are dead letters."""
        cell = self._cells.get(name)
        taken = 0 if cell is None else cell.mailbox.put_all(messages)
        for message in messages[taken:]:
            self.dead_letter(name, message, "nobody has this name" if cell is None else "mailbox full")
        return taken

    async def ask(self, name: str, message: object, timeout_s: float = 5.0) -> Any:
        """The answer of an actor. Raises Refused, AskTimeout, ActorCrashed, NobodyOwns, MailboxFull."""
        cell = self._cells.get(name)
        if cell is None or cell.state == "failed":
            raise NobodyOwns(f"no living actor is called {name}")
        reply = Reply(message)
        if not cell.mailbox.put(reply):
            raise MailboxFull(f"{name} has {len(cell.mailbox.queue)} messages waiting")
        self.timers.expire_at(trio.current_time() + timeout_s, reply)
        return await reply.wait()

    def dead_letter(self, name: str, message: object, reason: str) -> None:
        """Count, sample and publish a message that nobody will handle."""
        self.dead_letter_count += 1
        if not isinstance(message, (DeadLetter, Lifecycle)):  # news about news would never end
            letter = DeadLetter(name, reason, message)
            self.dead_letters.append(letter)
            self.publish(letter)

    # ---- the tree

    def add(self, child: Child, under: str = "root") -> None:
        """Start a child of the supervisor `under`. Raises NameTaken, NobodyOwns."""
        self._supervisor(under).begin(child)

    async def adopt(self, child: Child, under: str = "root") -> None:
        """Run an actor in the calling task, under the tree, until it ends; raises what it raised.

        It is temporary whatever its spec says, and the caller's cancel is a normal end.
        """
        await self._supervisor(under).lend(child)

    async def remove(self, name: str) -> None:
        """Stop an actor for good and wait for its end. Raises NobodyOwns."""
        cell = self._cell(name)
        if cell.parent is None:
            raise ValueError("the root ends with the runtime")
        await cell.parent.end(cell)

    def restart(self, name: str) -> None:
        """Begin a new life in order, not charged to any budget; also for an actor that failed. Raises NobodyOwns."""
        cell = self._cell(name)
        if cell.state in ("failed", "backing_off"):
            if cell.gate is not None:
                cell.gate.set()
        elif cell.actor is not None and not cell.leaving:
            cell.again = True
            cell.leave()
            cell.cut_off_after_grace()

    def kill(self, name: str) -> None:
        """End the present life as a crash. Raises NobodyOwns."""
        cell = self._cell(name)
        if cell.actor is not None:
            cell.doomed = Killed(f"{name} was killed")
            cell.cut_off()

    def alive(self, name: str) -> bool:
        """Whether an actor has this name and has not failed for good."""
        cell = self._cells.get(name)
        return cell is not None and cell.state != "failed"

    def node(self, name: str) -> Node:
        """How an actor is, with all below it. Raises NobodyOwns."""
        return node(self._cell(name))

    def tree(self) -> Node:
        """How everything is; read from the records, so it works while a handler hangs."""
        return self.node("root")

    # ---- for supervisors and lives

    def own(self, cell: Cell) -> None:
        """Give a cell its unique name. Raises NameTaken."""
        if cell.spec.name in self._cells:
            raise NameTaken(f"an actor is called {cell.spec.name} already")
        self._cells[cell.spec.name] = cell

    def disown(self, cell: Cell) -> None:
        """The name is free again."""
        self._cells.pop(cell.spec.name, None)

    def began(self, cell: Cell) -> None:
        """A life has started."""
        cell.state = "running"
        cell.since_us = self.now_us()
        cell.note_tried()
        if cell.parent is None:
            self.settled.set()
        self.note(cell, "started", None)

    def note(self, cell: Cell, what: str, error: BaseException | None) -> None:
        """Publish what happened to an actor."""
        if error is not None:
            cell.error = "; ".join(f"{type(e).__name__}: {e}" for e in leaves(error))
        self.publish(Lifecycle(cell.spec.name, what, cell.error if error else None, cell.restarts, error))

    def _cell(self, name: str) -> Cell:
        cell = self._cells.get(name)
        if cell is None:
            raise NobodyOwns(f"no living actor is called {name}")
        return cell

    def _supervisor(self, name: str) -> Supervisor:
        actor = self._cell(name).actor
        if not isinstance(actor, Supervisor):
            raise NobodyOwns(f"{name} is not a living supervisor")
        return actor


Children = Sequence[Child] | Callable[[Runtime], Sequence[Child]]


@asynccontextmanager
async def open_runtime(
    children: Children = (), *, clock: Clock = wall_clock, seed: int | None = None, max_restarts: int = 5
) -> AsyncIterator[Runtime]:
    """Start the children in order under a root supervisor; on leaving, stop them in reverse order.

    `children` may be a function of the runtime, called before any of them starts. Raises RestartsExhausted, which also
    cancels the body, when the root's own budget is exhausted.
    """
    runtime = Runtime(clock, seed)
    specs = children(runtime) if callable(children) else children
    root = Cell(Child("root", lambda: Supervisor(specs, max_restarts=max_restarts)), runtime, None)
    root.ended = trio.Event()
    runtime.own(root)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(runtime.timers.run)
            nursery.start_soon(_run_root, root)
            try:
                await runtime.settled.wait()
                yield runtime
            finally:
                with trio.CancelScope(shield=True):
                    root.stopping = True
                    root.leave()
                    await root.ended.wait()
                runtime.timers.close()
    except BaseExceptionGroup as group:
        # the nursery wraps even a single error; callers want to catch what was raised
        errors = leaves(group)
        if len(errors) == 1:
            raise errors[0] from errors[0].__cause__
        raise


async def _run_root(root: Cell) -> None:
    runtime, ended = root.runtime, root.ended
    try:
        if not root.stopping:
            await live(root)
    finally:
        runtime.note(root, "stopped", None)
        root.close("ended")
        runtime.disown(root)
        runtime.settled.set()
        if ended is not None:
            ended.set()

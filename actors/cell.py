"""The record of an actor: what outlives its lives, and what can be read while a handler hangs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

import attrs
import trio

from actors.bus import Subscription
from actors.errors import NobodyOwns
from actors.mailbox import Mailbox, Patient, WhenFull
from actors.reply import Reply
from actors.timers import Timer

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.runtime import Runtime
    from actors.supervisor import Supervisor

__all__ = ["Cell", "Child", "Restart", "State"]

Restart = Literal["permanent", "transient", "temporary"]
State = Literal["starting", "running", "stopping", "backing_off", "waiting", "failed", "ended"]
HelperTask = Callable[..., Awaitable[object]]


@attrs.frozen
class Child:
    """How to start an actor, as data.

    `restart`: permanent (always), transient (after a crash), temporary (never). `grace_s`: seconds it may take to stop.
    `expected`: crashes that are the world's fault (a lost connection), retried for ever and not charged to the budget.
    `capacity` and `when_full`: of the mailbox, which survives restarts. `patience_s`: so long may a message of the bus wait
    for company, for an actor that is better woken once for many.
    """

    name: str
    build: Callable[[], Actor]
    restart: Restart = "permanent"
    grace_s: float = 2.0
    expected: tuple[type[BaseException], ...] = ()
    capacity: int = 1024
    when_full: WhenFull = "refuse"
    patience_s: float = 0.0


class Cell:
    """One actor through all its lives. Written by its supervisor and its own task only."""

    __slots__ = (
        "actor", "again", "doomed", "ended", "error", "forced", "gate", "handled", "leaving", "mailbox", "mark",
        "none_before_s", "nursery", "parent", "recycling", "restarts", "runtime", "scope", "since_us", "spec", "state",
        "stopping", "streak", "subscriptions", "tried", "waiting_helpers",
    )  # fmt: skip

    def __init__(self, spec: Child, runtime: Runtime, parent: Supervisor | None) -> None:
        self.spec = spec
        self.runtime = runtime
        self.parent = parent
        self.mailbox = self._mailbox()
        self.state: State = "starting"
        self.actor: Actor | None = None
        self.scope: trio.CancelScope | None = None  # of the present life, where it needs one
        self.nursery: trio.Nursery | None = None  # of this life's helpers, opened when first needed
        self.waiting_helpers: list[tuple[HelperTask, tuple[object, ...]]] | None = None
        self.subscriptions: tuple[Subscription, ...] = ()
        self.restarts = 0
        self.streak = 0  # crashes since it was last healthy for a while
        self.error: str | None = None
        self.handled = 0
        self.since_us = 0
        self.none_before_s = trio.current_time()  # no waiting message came before
        self.mark: tuple[float, int, float] | None = None  # (time, handled, rate) of the last look
        self.stopping = False  # end for good
        self.recycling = False  # end this life and wait for the gate: a sibling crashed
        self.again = False  # end this life and begin the next at once: an operator asked
        self.leaving = False  # end this life once its pending messages are handled, for one of these reasons or its own
        self.forced = False  # end this life now, whatever is pending
        self.doomed: BaseException | None = None  # what a killed life is said to have raised
        self.gate: trio.Event | None = None  # what the child's task waits at between two lives
        self.tried = False  # the present life started, or failed to
        self.ended: trio.Event | None = None

    def _mailbox(self) -> Mailbox:
        spec, timers = self.spec, self.runtime.timers
        if not spec.patience_s:
            return Mailbox(spec.capacity, spec.when_full)
        mailbox = Patient(spec.capacity, spec.when_full, lambda: timers.after(spec.patience_s, mailbox.rouse))
        return mailbox

    def add_helper(self, task: HelperTask, args: tuple[object, ...]) -> None:
        """Start a task in the nursery of this life, which is opened for the first one."""
        if self.nursery is not None:
            self.nursery.start_soon(task, *args)
            return
        self.waiting_helpers = [*(self.waiting_helpers or ()), (task, args)]
        self.mailbox.poke()

    def leave(self) -> None:
        """End the present life in order: pending messages, `stop`, then the end; or the nap, at once."""
        self.leaving = True
        if self.gate is not None and (self.stopping or self.state == "backing_off"):
            self.gate.set()
        self.mailbox.poke()

    def cut_off(self) -> None:
        """End the present life by force."""
        self.forced = True
        if self.scope is not None:
            self.scope.cancel()
        self.mailbox.poke()

    def cut_off_after_grace(self) -> Timer:
        """End the present life by force, should it still be there once its grace is over."""
        life = self.actor
        return self.runtime.timers.after(
            self.spec.grace_s, lambda: self.cut_off() if self.actor is life or life is None else None
        )

    def note_tried(self) -> None:
        """The life has started or ended; a supervisor may be waiting for that."""
        if not self.tried:
            self.tried = True
            if self.parent is not None:
                self.parent.look()

    def listen(self, patterns: tuple[str, ...]) -> None:
        """Hear these patterns from now on; what is heard between two lives waits in the mailbox."""
        if tuple(s.pattern for s in self.subscriptions) != patterns:
            self.deafen()
            self.subscriptions = tuple(self.runtime.listen(p, self.mailbox.put) for p in patterns)

    def deafen(self) -> None:
        """Hear nothing more from the bus."""
        for subscription in self.subscriptions:
            subscription.cancel()
        self.subscriptions = ()

    def close(self, state: State) -> None:
        """The actor takes no more messages; what waits becomes dead letters and failed asks."""
        self.state = state
        self.deafen()
        for message in self.mailbox.close():
            if isinstance(message, Reply):
                message.fail(NobodyOwns(f"{self.spec.name} has ended"))
            else:
                self.runtime.dead_letter(self.spec.name, message, "ended")

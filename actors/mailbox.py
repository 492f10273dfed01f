"""A bounded queue of messages with one reader that parks while it is empty.

`put` never waits. A full mailbox answers by its policy: `refuse` and `drop_newest` turn the new message away (the
first leaves it to the sender, who may try again), `drop_oldest` makes room. What was lost is counted, and the owner is
told of it as a gap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from trio.lowlevel import Abort, RaiseCancelT, Task, checkpoint, current_task, reschedule, wait_task_rescheduled

from actors.bus import Published
from actors.errors import MailboxFull
from actors.reply import Reply

__all__ = ["Mailbox", "Patient", "WhenFull"]

WhenFull = Literal["refuse", "drop_oldest", "drop_newest"]

MOST_IN_PATIENCE = 1024

# An empty deque holds a block of 64 slots; a parked reader shares this one and so costs a third less to keep.
_NOTHING: deque[Any] = deque(maxlen=0)


class Mailbox:
    """Holds at most `capacity` messages. `dropped` counts those lost or refused since it was made.

    `queue` is the waiting messages, oldest first; look it up anew after each wait.
    """

    __slots__ = (
        "_poked", "_task", "bare", "capacity", "closed", "dropped", "lost", "lost_from_us", "lost_to_us", "queue", "when_full",
    )  # fmt: skip

    def __init__(self, capacity: int = 1024, when_full: WhenFull = "refuse") -> None:
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self.capacity = capacity
        self.when_full = when_full
        self.queue = _NOTHING
        self.bare = True  # what waits came by `put_all`, so none of it is in an envelope
        self.closed = False
        self.dropped = 0
        self.lost = 0  # since the owner was last told
        self.lost_from_us = 0
        self.lost_to_us = 0
        self._task: Task | None = None
        self._poked = False

    def put(self, message: object) -> bool:
        """Append a message and wake the reader; False when it was turned away."""
        self.bare = False
        queue = self.queue
        if not queue:  # only then may the reader be parked
            return self._put_first(message)
        if len(queue) >= self.capacity:
            return self._turn_away(message)
        queue.append(message)
        return True

    def put_all(self, messages: Sequence[object]) -> int:
        """Append a batch of messages, none of them a Published or a Reply; how many were taken, the first ones."""
        if self.closed or len(self.queue) + len(messages) > self.capacity:
            return sum(map(self.put, messages))
        if self.queue is _NOTHING:
            self.queue = deque()
        self.queue.extend(messages)
        self._wake()
        return len(messages)

    def poke(self) -> None:
        """Wake the reader though there may be no message, so that it looks at its flags."""
        self._poked = not self._wake()

    def wait(self) -> Awaitable[object]:
        """Await it at once: returns when there is a message or somebody poked; always a checkpoint."""
        if self.queue or self._poked:
            self._poked = False
            return checkpoint()
        self.queue = _NOTHING
        self._task = task = current_task()
        task.custom_sleep_data = self
        return wait_task_rescheduled(_abort)  # without a frame of our own, which each idle actor would have to keep

    def take(self, at_most: int) -> deque[Any]:
        """The oldest messages, which are the caller's from now on."""
        queue = self.queue
        if len(queue) > at_most:
            return deque([queue.popleft() for _ in range(at_most)])
        self.queue = _NOTHING
        self.bare = True
        return queue

    def put_back(self, messages: deque[Any]) -> None:
        """Undo a `take`: these come before what came meanwhile."""
        self.bare = False
        messages.extend(self.queue)
        self.queue = messages or _NOTHING

    def close(self) -> deque[Any]:
        """Turn every further message away; gives what was still waiting."""
        self.closed = True
        left, self.queue = self.queue, _NOTHING
        return left

    def take_lost(self) -> tuple[int, int, int]:
        """(from_us, to_us, count) of what was lost since the last call; publish times, 0 where they are unknown."""
        taken = (self.lost_from_us, self.lost_to_us, self.lost)
        self.lost = self.lost_from_us = self.lost_to_us = 0
        return taken

    def _put_first(self, message: object) -> bool:
        if self.closed:
            return False
        if self.queue is _NOTHING:
            self.queue = deque()
        self.queue.append(message)
        task = self._task  # as `_wake`, without the call
        if task is not None:
            self._task = None
            if task.custom_sleep_data is self:
                reschedule(task)
        return True

    def _wake(self) -> bool:
        task = self._task
        self._task = None
        # trio resets the mark as it reschedules: a cancel in the same instant may have woken the reader already
        if task is None or task.custom_sleep_data is not self:
            return False
        reschedule(task)
        return True

    def _turn_away(self, message: object) -> bool:
        self.dropped += 1
        if self.when_full != "drop_oldest":
            if self.when_full == "drop_newest":
                self._note_lost(message)
            return False
        self._note_lost(self.queue.popleft())
        self.queue.append(message)
        return True

    def _note_lost(self, message: object) -> None:
        self.lost += 1
        if isinstance(message, Published):
            self.lost_from_us = self.lost_from_us or message.time_us
            self.lost_to_us = message.time_us
        elif isinstance(message, Reply):
            message.fail(MailboxFull("the mailbox was full"))


class Patient(Mailbox):
    """A mailbox whose reader is not woken for each message of the bus: `rouse_later` is called for the first that waits, and
    whoever it asks calls `rouse` in time. Whatever else comes, and the 1,024th that waits, wakes the reader at once."""

    __slots__ = ("_rouse_later", "_roused")

    def __init__(self, capacity: int, when_full: WhenFull, rouse_later: Callable[[], object]) -> None:
        super().__init__(capacity, when_full)
        self._rouse_later = rouse_later
        self._roused = False

    def put(self, message: object) -> bool:
        """Append a message; False when it was turned away."""
        if type(message) is not Published or self.closed or len(self.queue) >= self.capacity:
            taken = super().put(message)
            self._wake()
            return taken
        self.bare = False
        if self.queue is _NOTHING:
            self.queue = deque()
        self.queue.append(message)
        if not self._roused:
            self._roused = True
            self._rouse_later()
        elif len(self.queue) == MOST_IN_PATIENCE:
            self._wake()
        return True

    def rouse(self) -> None:
        """Wake the reader if there is anything to read."""
        self._roused = False
        if self.queue:
            self._wake()


def _abort(_: RaiseCancelT) -> Abort:
    return Abort.SUCCEEDED

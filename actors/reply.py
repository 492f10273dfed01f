"""The reply slot of an ask: a message in a mailbox whose sender waits for the answer."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import outcome
from trio.lowlevel import Abort, RaiseCancelT, Task, checkpoint, current_task, reschedule, wait_task_rescheduled

from actors.errors import AskTimeout

__all__ = ["Reply"]


class Reply:
    """Settled once, by `answer` or `fail`; later settlements are ignored. `done` also when the asker went away."""

    __slots__ = ("_early", "_task", "done", "message")

    def __init__(self, message: object) -> None:
        self.message = message
        self.done = False
        self._task: Task | None = None
        self._early: outcome.Outcome[Any] | None = None  # settled before anybody waited

    def answer(self, value: object) -> None:
        """Give the asker `value`."""
        if not self.done:
            self._settle(outcome.Value(value))

    def fail(self, error: BaseException) -> None:
        """Raise `error` at the asker."""
        if not self.done:
            self._settle(outcome.Error(error))

    def expire(self) -> None:
        """Raise AskTimeout at the asker; called by its deadline."""
        if not self.done:
            self.fail(AskTimeout(f"no answer to {type(self.message).__name__} in time"))

    def wait(self) -> Awaitable[Any]:
        """Await it at once: the answer; raises what `fail` was given. Cancelling the wait withdraws the ask."""
        if self._early is not None:
            return _at_once(self._early)
        self._task = current_task()
        return wait_task_rescheduled(self._withdraw)

    def _settle(self, result: outcome.Outcome[Any]) -> None:
        self.done = True
        task = self._task
        if task is None:
            self._early = result
        else:
            self._task = None
            reschedule(task, result)

    def _withdraw(self, _: RaiseCancelT) -> Abort:
        self.done = True
        self._task = None
        return Abort.SUCCEEDED


async def _at_once(result: outcome.Outcome[Any]) -> Any:
    await checkpoint()
    return result.unwrap()

"""What the work of a run goes by: it says how far it is, and waits while the run is paused."""

from __future__ import annotations

from collections.abc import Callable

import trio

__all__ = ["Pace"]


class Pace:
    """Work calls `note(done)` as it gets on, and awaits `turn()` wherever it can stop for any length of time: nothing may be at
    work for it then, here or in another process. While it waits there it has come to a halt."""

    def __init__(self, report: Callable[[float], None] = lambda done: None) -> None:
        self._report = report
        self._resumed: trio.Event | None = None  # while it is held
        self._halt = trio.Event()

    @property
    def halted(self) -> bool:
        """Whether the work waits in `turn`."""
        return self._resumed is not None and self._halt.is_set()

    def note(self, done: float) -> None:
        """Say how far the work is, 0 to 1."""
        self._report(done)

    async def turn(self) -> None:
        """Return when the work may go on, which is at once unless it is held."""
        while self._resumed is not None:
            self._halt.set()
            await self._resumed.wait()

    # ---- whoever is above the work

    def hold(self) -> None:
        """Have the work wait at its next turn."""
        if self._resumed is None:
            self._resumed, self._halt = trio.Event(), trio.Event()

    def resume(self) -> None:
        """Have the work go on; who waited for a halt waits no longer."""
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            resumed.set()
            self._halt.set()

    async def halt(self) -> None:
        """Wait until the work has come to a halt, or is not held any more."""
        if self._resumed is not None:
            await self._halt.wait()

"""What the work of a run goes by: it says how far it is, and waits while the run is paused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import trio

from oracle.model import Sample
from oracle.runs.run import Run

__all__ = ["Pace", "Recorder", "RunPace"]


class Pace:
    """Work calls `note(done)` as it gets on, and awaits `turn()` wherever it can stop for any length of time: nothing may be at
    work for it then, here or in another process. While it waits there it has come to a halt."""

    def __init__(self, report: Callable[[float], None] = lambda done: None) -> None:
        self._report = report
        self._resumed: trio.Event | None = None  # while it is held
        self._halt = trio.Event()
        self._stop: Callable[[], None] | None = None
        self._go: Callable[[], None] | None = None

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

    def halts_by(self, stop: Callable[[], None], go: Callable[[], None]) -> None:
        """What is at work elsewhere can be halted at once by `stop`, and have it go on by `go`."""
        self._stop, self._go = stop, go
        if self._resumed is not None:
            self._halt_at_once()

    def _halt_at_once(self) -> None:
        if self._stop is not None:
            self._stop()
            self._halt.set()

    # ---- whoever is above the work

    def hold(self) -> None:
        """Have the work wait at its next turn, or where it is."""
        if self._resumed is None:
            self._resumed, self._halt = trio.Event(), trio.Event()
            self._halt_at_once()

    def resume(self) -> None:
        """Have the work go on; who waited for a halt waits no longer."""
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            if self._go is not None:
                self._go()
            resumed.set()
            self._halt.set()

    async def halt(self) -> None:
        """Wait until the work has come to a halt, or is not held any more."""
        if self._resumed is not None:
            await self._halt.wait()


class Recorder(Protocol):
    """Whoever keeps the run that is worked off."""

    @property
    def run(self) -> Run:
        """The run as it is now."""

    def note(self, done: float) -> None:
        """How far it is; told to whoever looks, now and then."""

    async def record(self, event: tuple[str, str, Mapping[str, Any]], samples: Sequence[Sample],
                     changes: Mapping[str, Any]) -> Run:  # fmt: skip
        """Commit an event (kind, summary, data) with what it changed."""

    async def say(self, stream: str, text: str) -> None:
        """Put out a piece of text; what is beyond the limit of a run is left out."""


class RunPace(Pace):
    """The pace of a run that is kept: its work can say more than how far it is."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder.note)
        self._recorder = recorder

    @property
    def run(self) -> Run:
        """The run as it is now."""
        return self._recorder.run

    async def record(self, event: str, summary: str, data: Mapping[str, Any] | None = None, *, samples: Sequence[Sample] = (),
                     **changes: Any) -> Run:  # fmt: skip
        """Something has come of the work: the event `run_EVENT` and `changes` of the run (`facts` are added to those it has) are
        on disk together when this returns. It waits as long as that takes."""
        return await self._recorder.record((event, summary, data or {}), samples, changes)

    async def say(self, stream: str, text: str) -> None:
        """Put out a piece of text."""
        await self._recorder.say(stream, text)

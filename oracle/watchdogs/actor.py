"""The actor around a decider: feeds it, publishes what it finds, and says how it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import attrs

from actors import Actor, Timer
from oracle.board import Board
from oracle.model import Event, Finding, Gap, Severity, event_id

__all__ = ["Decider", "Past", "Ready", "Watchdog"]

REPORT_S = 5.0  # counters reach the board at most this late; status and findings at once
UNHEALTHY_AFTER = 3

Past = Callable[[tuple[str, ...], float], Awaitable[Iterable[tuple[int, Any]]]]


class Decider(Protocol):
    """What a watchdog's class offers; `on_time(now)` with `next_deadline`, and `on_gap(gap)`, are optional."""

    listens: tuple[str, ...]
    interval_s: float

    @property
    def memory_s(self) -> float:
        """Seconds of past input that decide what it says next."""

    def update(self, message: Any, now: int) -> Iterable[Finding]:
        """Take a message published at `now` (UTC microseconds)."""


@attrs.frozen
class Ready:
    """Answered with None by a watchdog that has started."""


class Watchdog(Actor):
    """`watchdog:NAME`. A check is a batch of input, or `interval_s` without any, which counts as failed: it watched
    nothing. Its counters survive restarts through the board."""

    def __init__(self, decider: Decider, board: Board, past: Past | None = None) -> None:
        self.decider = decider
        self.board = board
        self.past = past
        self.listens = (*decider.listens, "gap:*")
        self._dirty = False
        self._input_since_tick = False
        self._input_in_batch = False
        self._provider = ""  # who said what was last heard
        self._deadline: Timer | None = None
        self._deadline_us: int | None = None

    async def start(self) -> None:
        """Take up the counters, and let the decider see the recent past without speaking of it again."""
        known = self.board.get(self.name) or {}
        self.counts = {key: known.get(key, 0) for key in ("total_checks", "events_emitted", "errors")}
        self.consecutive_failures = 0
        self.last_check_us: int | None = known.get("last_check_us")
        self.last_event_us: int | None = known.get("last_event_us")
        self.started_us = self.now_us()
        if self.past is not None:
            for time_us, message in await self.past(self.decider.listens, self.decider.memory_s):
                for _ in self.decider.update(message, time_us):
                    pass
        self._check(ok=True)
        self.report(running=True)
        self.after(self.decider.interval_s, "interval")
        self.after(REPORT_S, "report")

    def receive(self, message: Any) -> None:
        """A message of the market, an own timer, or somebody who wants to know that this life has begun."""
        if isinstance(message, Ready):
            return
        if self.published is None:
            self._on_timer(message)
        elif isinstance(message, Gap):
            on_gap = getattr(self.decider, "on_gap", None)
            if on_gap is not None:
                on_gap(message)
        else:
            self._input_in_batch = True
            self._provider = message.source
            for finding in self.decider.update(message, self.published.time_us):
                self._speak(finding)

    def drained(self) -> None:
        """A batch of input was one check."""
        if self._input_in_batch:
            self._input_in_batch = False
            self._input_since_tick = True
            self._check(ok=True)
        self._arm()

    def gap(self, from_us: int, to_us: int, dropped: int) -> None:
        """The mailbox overflowed: say so, to the decider too."""
        self.publish(Gap(self.name, from_us, to_us, f"mailbox full, {dropped} messages dropped"))

    async def stop(self) -> None:
        """Leave the last word on the board."""
        self.report(running=False)

    def report(self, running: bool) -> None:
        """Put how it is on the board."""
        self._dirty = False
        self.board.put(self.name, self._value(running), self.now_us())

    def _value(self, running: bool) -> dict[str, Any]:
        switch = self.board.get(f"switch:{self.name}") or {}
        return {
            "name": self.name.partition(":")[2],
            "enabled": switch.get("on", True),
            "running": running,
            "status": self._status(),
            "last_check_us": self.last_check_us,
            "last_event_us": self.last_event_us,
            "consecutive_failures": self.consecutive_failures,
            **self.counts,
            "started_us": self.started_us if running else None,
        }

    def _status(self) -> str:
        if self.consecutive_failures >= UNHEALTHY_AFTER:
            return "unhealthy"
        return "degraded" if self.consecutive_failures else "healthy"

    def _on_timer(self, what: str) -> None:
        match what:
            case "interval":
                if not self._input_since_tick:
                    self._check(ok=False)
                self._input_since_tick = False
                self.after(self.decider.interval_s, "interval")
            case "report":
                if self._dirty:
                    self.report(running=True)
                self.after(REPORT_S, "report")
            case "deadline":
                deadline_us, self._deadline_us = self._deadline_us, None
                for finding in self.decider.on_time(deadline_us):  # type: ignore[attr-defined]
                    self._speak(finding)

    def _check(self, ok: bool) -> None:
        before = self._status()
        self.counts["total_checks"] += 1
        if ok:
            self.consecutive_failures = 0
            self.last_check_us = self.now_us()
        else:
            self.consecutive_failures += 1
            self.counts["errors"] += 1
        self._dirty = True
        if self._status() != before:
            self.report(running=True)

    def _speak(self, finding: Finding) -> None:
        event = Event(
            id=event_id(finding.kind, finding.subject, self.name, finding.ts_us),
            kind=finding.kind,
            subject=finding.subject,
            source=self.name,
            severity=Severity(finding.severity),  # a stranger's decider may have made up its own: that is its crash alone
            summary=finding.summary,
            data={"provider": self._provider, **finding.data},
            ts_us=finding.ts_us,
            cause=finding.cause,
        )
        self.publish(event)
        self.counts["events_emitted"] += 1
        self.last_event_us = finding.ts_us
        self.report(running=True)

    def _arm(self) -> None:
        """Keep one timer at the decider's next deadline."""
        wanted_us = getattr(self.decider, "next_deadline", None)
        if wanted_us == self._deadline_us:
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline_us = wanted_us
        if wanted_us is not None:
            self._deadline = self.after(max(0, wanted_us - self.now_us()) / 1e6, "deadline")

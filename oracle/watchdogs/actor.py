"""The actor around a decider: feeds it, publishes what it finds, and says how it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import trio

from actors import Actor, ActorCrashed, AskTimeout, Child, MailboxFull, NobodyOwns, Refused, Runtime, Timer
from oracle.board import Board
from oracle.history import Commit
from oracle.log import logger
from oracle.model import Event, Finding, Gap, Severity, event_id
from oracle.watchdogs.decider import Course, Decider, Memory
from oracle.watchdogs.past import Past, Since

__all__ = ["BEGAN", "PATIENCE_S", "Progress", "Ready", "Watchdog", "finding_event", "watchdog_child"]

LOG = logger("watchdog")
REPORT_S = 5.0  # counters reach the board at most this late; status and findings at once
UNHEALTHY_AFTER = 3
PATIENCE_S = 0.01  # eleven that are woken for each message cost more than all that they do with it
MOST_SKIPPED = 100
AT_ONCE = 200  # lessons or messages, so that nobody waits longer than a millisecond or so for a watchdog that begins
BEGAN = "watchdog_began"  # the event of each life's begin; its data is the Since of that life


@attrs.frozen
class Ready:
    """Answered by a watchdog that has started, with the decider of its life. `heard`: the offset up to which all that it listens
    to has come to it, so that what a next life hears beside that is its past from there."""

    heard: int = 0


@attrs.define
class Progress:
    """What outlives the lives of a watchdog in a process: the offset of what it handled last, and what is in its hand."""

    offset: int = 0
    lived: bool = False
    in_hand: tuple[int, int] | None = None  # offset and publish time of a message that may turn out to be a crash


def watchdog_child(
    name: str, make: Callable[[], Any], board: Board, past: Past | None, runtime: Runtime, patience_s: float = 0.0,
    kind: str = "watchdog",
) -> Child:  # fmt: skip
    """The spec of `watchdog:NAME` around the decider that `make` gives anew to each life; `patience_s` as of Child."""
    known: list[Progress] = []

    def build() -> Watchdog:
        if not known:  # it hears what comes from now on; what came before is its past
            known.append(Progress(runtime.bus.offset))
        return Watchdog(make(), board, past, known[0])

    return Child(f"{kind}:{name}", build, capacity=10_000, when_full="drop_oldest", patience_s=patience_s)


def finding_event(source: str, finding: Finding, provider: str) -> Event:
    """The event by which `source` tells of a finding in what `provider` said. Raises ValueError for an unknown severity."""
    return Event(
        id=event_id(finding.kind, finding.subject, source, finding.ts_us, finding.cause),
        kind=finding.kind,
        subject=finding.subject,
        source=source,
        severity=Severity(finding.severity),  # a stranger's decider may have made up its own: that is its crash alone
        summary=finding.summary,
        data={"provider": provider, **finding.data},
        ts_us=finding.ts_us,
        cause=finding.cause,
    )


class Watchdog(Actor):
    """`watchdog:NAME`. A check is a batch of input, or `interval_s` without any, which counts as failed: it watched
    nothing (a `patient` decider's only until it has heard something). Its counters survive restarts through the board.

    Each life begins with the past up to what the one before it handled, so it says nothing twice and misses nothing.
    """

    def __init__(self, decider: Decider, board: Board, past: Past | None = None, progress: Progress | None = None) -> None:
        self.decider = decider
        self.course = Course(decider)
        self.board = board
        self.past = past
        self.progress = progress or Progress()
        self.listens = (*decider.listens, "gap:*")
        self._dirty = False
        self._heard = False  # anything, ever
        self._input_since_tick = False
        self._input_in_batch = False
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
        self.since = self._since(known.get("since") or {})
        await self._begin()
        self._say_begun()
        self.report(running=True)
        self.after(self.decider.interval_s, "interval")
        self.after(REPORT_S, "report")
        self._arm()

    def receive(self, message: Any) -> Any:
        """A message of the market, an own timer, or somebody who wants to know that this life has begun."""
        published = self.published
        if published is None:
            if isinstance(message, Ready):
                self.progress.offset = max(self.progress.offset, message.heard)
                return self.decider
            return self._on_timer(message)
        progress = self.progress
        progress.in_hand = published.offset, published.time_us
        for finding in self.course.take(message, published.time_us):
            self._speak(finding)
        progress.in_hand = None
        progress.offset = published.offset
        if message.__class__ is not Gap:
            self._input_in_batch = True
        return None

    def drained(self) -> None:
        """A batch of input was one check."""
        if self._input_in_batch:
            self._input_in_batch = False
            self._input_since_tick = self._heard = True
            self._check(ok=True)
        self._arm()

    def gap(self, from_us: int, to_us: int, dropped: int) -> None:
        """The mailbox overflowed: say so, to the decider too."""
        self.publish(Gap(self.name, from_us, to_us, f"mailbox full, {dropped} messages dropped"))

    async def stop(self) -> None:
        """Leave the last word on the board."""
        self.report(running=False)

    def _since(self, before: dict[str, Any]) -> Since:
        """Where this life begins; what crashed one before is left out of its past."""
        skipped = [(offset, time_us) for offset, time_us in before.get("skipped", ())]
        if self.progress.in_hand is not None:
            skipped.append(self.progress.in_hand)
            self.progress.offset, self.progress.in_hand = self.progress.in_hand[0], None
        watched_us = self.started_us if self.progress.lived else 0
        self.progress.lived = True
        return Since(self.runtime.epoch, self.progress.offset, self.started_us, tuple(skipped[-MOST_SKIPPED:]), watched_us)

    async def _begin(self) -> None:
        memory, ok = Memory(), True
        self._stored = 0
        if self.past is not None:
            try:
                if self.runtime.alive("feeds"):  # before they are there, nothing has come in that is not stored yet
                    await self.ask("history", Commit(()))
                memory = await self.past(self.decider, self.since)
                self._stored = memory.stored
            except (Refused, AskTimeout, ActorCrashed, MailboxFull, NobodyOwns) as error:
                ok = False
                LOG.warning("a watchdog begins without its past", name=self.name, reason=str(error))
        left_out = ", older ones left out" if memory.cut else ""
        self._memory = f"{len(memory.messages)} messages of its past{left_out}, {len(memory.lessons)} lessons"
        self._heard = any(message.__class__ is not Gap for _, message in memory.messages)
        for take, past in ((self.course.study, memory.lessons), (self.course.recall, memory.messages)):
            for first in range(0, len(past), AT_ONCE):
                take(past[first : first + AT_ONCE])
                await trio.lowlevel.checkpoint()
        self.course.begin(Memory(watched_us=memory.watched_us), self.started_us)
        self._check(ok)

    def _say_begun(self) -> None:
        """Each life's begin stays known, so that a replay can begin there too; `stored` keeps the history from adding up bars of
        before and after."""
        since = self.since
        ident = event_id(BEGAN, self.name, "watchdogs", since.at_us, since.epoch)
        summary = f"{self.name} begins, with {self._memory}"
        data = {**attrs.asdict(since), "stored": self._stored}
        self.publish(Event(ident, BEGAN, self.name, "watchdogs", Severity.low, summary, data, since.at_us))

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
            "ignored": dict(getattr(self.decider, "ignored", ())),
            "started_us": self.started_us if running else None,
            "since": attrs.asdict(self.since),
        }

    def _status(self) -> str:
        if self.consecutive_failures >= UNHEALTHY_AFTER:
            return "unhealthy"
        return "degraded" if self.consecutive_failures else "healthy"

    def _on_timer(self, what: str) -> None:
        match what:
            case "interval":
                if not self._input_since_tick:
                    self._check(ok=self._heard and getattr(self.decider, "patient", False))
                self._input_since_tick = False
                self.after(self.decider.interval_s, "interval")
            case "report":
                if self._dirty:
                    self.report(running=True)
                self.after(REPORT_S, "report")
            case "deadline":
                deadline_us, self._deadline_us = self._deadline_us, None
                for finding in self.course.pass_time(deadline_us or 0):
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
        self.publish(finding_event(self.name, finding, self.course.provider))
        self.counts["events_emitted"] += 1
        self.last_event_us = finding.ts_us
        self.report(running=True)

    def _arm(self) -> None:
        """Keep one timer at the decider's next deadline."""
        wanted_us = self.course.next_deadline
        if wanted_us == self._deadline_us:
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline_us = wanted_us
        if wanted_us is not None:
            self._deadline = self.after(max(0, wanted_us - self.now_us()) / 1e6, "deadline")

"""The actor that stores what is published, and answers a `Commit` once it is on disk.

Stream rows reach the disk within `flush_s` (50 ms), a commit at once. Above `high_water` waiting rows the bus gate closes
for at most two seconds; what is too much then goes, oldest first, counted and told as a Gap. While the database is down
the stream goes on, commits are refused (`unavailable`), and the file is reopened again and again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import attrs
import outcome
import trio

from actors import Actor, Published, Reply, Timer
from oracle.history.failure import Broken
from oracle.history.owed import Outcome, Owed, settle
from oracle.history.retention import DAY_US, KEEP_DAYS
from oracle.history.schema import TABLES
from oracle.history.statistics import Statistics
from oracle.history.store import Store
from oracle.history.writer import FLUSH_S, Writer
from oracle.model import Event, Gap, Severity, event_id

__all__ = ["Commit", "History"]

STORED = frozenset(table.message for table in TABLES)
DAY_S = 86_400.0
PATIENCE_S = 2.0  # the longest the gate stays closed


@attrs.frozen
class Commit:
    """Store these messages in one transaction. Answered with None when they are on disk.

    Refused: `unavailable` while the database is down (the outcome of a commit that was under way when it went down is
    unknown, so repeat it by the same ids), `invalid` when a value does not fit.
    """

    messages: tuple[Any, ...]


@attrs.frozen
class _Flush:
    """Drain now; for a history without a thread."""


@attrs.frozen
class _Patience:
    """The gate has been closed for long enough."""


@attrs.frozen
class _Retain:
    """Drop what has been kept long enough."""


class History(Actor):
    """Listens to everything. `threaded=False` drains on the event loop, for tests under a virtual clock; `earlier` gives
    what was published before it could listen."""

    listens = ("*",)

    def __init__(
        self, store: Store, *, flush_s: float = FLUSH_S, high_water: int = 50_000,
        keep_days: Mapping[str, int] = KEEP_DAYS, threaded: bool = True, earlier: Callable[[], Sequence[Published]] = tuple,
    ) -> None:
        self._store = store
        self._flush_s = flush_s
        self._high_water = high_water
        self._keep_days = keep_days
        self._threaded = threaded
        self._earlier = earlier
        self._known_state = store.statistics.state
        self._gate_closed = self._impatient = self._flush_due = False
        self._lost: tuple[int, int, int] | None = None  # rows shed since the last Gap: how many, from, to
        self._overflow: tuple[int, int, int] | None = None  # messages the mailbox lost: how many, from, to
        self._patience: Timer
        self._ended = trio.Event()

    # ---- statistics

    @property
    def statistics(self) -> Statistics:
        """Counters that outlive this life."""
        return self._store.statistics

    @property
    def state(self) -> Literal["ok", "down"]:
        """Whether rows reach the disk."""
        return self._store.statistics.state

    # ---- the life

    async def start(self) -> None:
        """Begin the epoch; what happened since the last committed row of the one before is a Gap."""
        self._token = trio.lowlevel.current_trio_token()  # by which the thread reaches the loop
        self._writer = Writer(self._store, self.runtime.now_us, self._settled if self._threaded else self._settle, self._flush_s)
        self._put = self._writer.put
        self._begin(self.now_us())
        self._retain()
        if self._threaded:
            self.helper(self._run_thread)
        self.helper(self._close_at_end)

    def receive(self, message: Any) -> None:
        """Queue a published message; a Commit is answered later."""
        published = self.published
        if published is not None:
            if message.__class__ in STORED:
                self._put(published)
            else:
                self._keep(published)
            return
        match message:
            case Commit():
                self._owe(message.messages, self.reply_later())
            case _Flush():
                self._flush_due = False
                self._drain()
            case _Patience():
                self._impatient = self._gate_closed
                self._open_gate()
            case _Retain():
                self._retain()
            case _:
                self.statistics.ignored[message.__class__.__name__] += 1

    def drained(self) -> None:
        """Wake the writer and keep the queue bounded."""
        if self._overflow is not None:  # now that there is room for the news of it
            dropped, from_us, to_us = self._overflow
            self._overflow = None
            self.publish(Gap("history", from_us, to_us, f"mailbox overflow: {dropped} messages lost"))
        if self._threaded:
            self._writer.wake()
        elif self._writer.pending and not self._flush_due:
            self._flush_due = True
            self.after(self._flush_s, _Flush())
        if self._writer.pending > self._high_water:
            self._press()

    def gap(self, from_us: int, to_us: int, dropped: int) -> None:
        """The mailbox overflowed."""
        self.statistics.rows_dropped += dropped
        self._store.holes.note(self.statistics.watermark + 1, self.runtime.bus.offset)
        self._overflow = (dropped, from_us, to_us)

    async def stop(self) -> None:
        """Commit what is there."""
        if self._threaded:
            self._writer.close()
            await self._ended.wait()
        else:
            self._writer.drain()
        self._open_gate()

    # ---- private

    def _begin(self, now_us: int) -> None:
        fresh, heard = self._store.epoch != self.runtime.epoch, self.runtime.bus.offset
        try:
            end = self._store.begin(self.runtime.epoch, now_us, self._keep_days.get("run", KEEP_DAYS["run"]))
        except Broken as error:  # a new life while the database is down; the writer goes on trying
            self._writer.start_down(str(error))
            end = None
        if fresh:
            self._catch_up(heard)
        if end is not None:
            self.publish(Gap("history", end.time_us, now_us, f"start after epoch {end.epoch} offset {end.offset}"))

    def _catch_up(self, heard: int) -> None:
        """Queue what was published before this actor could listen, up to the offset `heard`."""
        earlier = [one for one in self._earlier() if one.offset <= heard]
        self._store.holes.note(1, earlier[0].offset - 1 if earlier else heard)
        for published in earlier:
            self._keep(published)

    def _keep(self, published: Published) -> None:
        if published.message.__class__ in STORED:
            self._put(published)
        else:
            self.statistics.ignored[published.message.__class__.__name__] += 1
            self._store.holes.note_kind(published.topic.partition(":")[0], published.offset)

    def _owe(self, messages: Sequence[Any], reply: Reply) -> None:
        now_us = self.now_us()

        def tell(error: Exception | None) -> None:
            if error is None:
                reply.answer(None)
            else:
                reply.fail(error)

        self._writer.owe(Owed(tuple(Published(-1, now_us, "", m) for m in messages), tell))
        if not self._threaded:
            self._drain()

    def _drain(self) -> None:
        """Without a thread: commit here; while the database is down come back later."""
        delay_s = self._writer.drain()
        if delay_s:
            self._flush_due = True
            self.after(delay_s, _Flush())

    async def _run_thread(self) -> None:
        token, done = self._token, trio.Event()
        results: list[outcome.Outcome[None]] = []

        def run() -> None:
            results.append(outcome.capture(self._writer.run))
            token.run_sync_soon(done.set)

        # not one of trio's, which serve others afterwards: it keeps the low priority it gives itself
        threading.Thread(target=run, name="history", daemon=True).start()
        try:
            with trio.CancelScope(shield=True):  # the thread commits what it has, then the life may end
                await done.wait()
            results[0].unwrap()
        finally:
            self._writer.abandon()
            self._ended.set()

    async def _close_at_end(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            if self._threaded:
                self._writer.close()
            else:
                self._writer.drain()
                self._writer.abandon()
            self._open_gate()

    def _settled(self, outcomes: Sequence[Outcome]) -> None:
        """Called in the writer's thread; crossing to the loop costs, so only with news."""
        if outcomes or self._gate_closed or self._lost or self.statistics.state != self._known_state:
            self._token.run_sync_soon(self._settle, outcomes)

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        settle(outcomes)
        if self._ended.is_set():
            return  # the life is over; only those who waited still count
        state = self.statistics.state
        if state != self._known_state:
            self._known_state = state
            self._say(state)
        if state == "down" or self._writer.pending <= self._high_water // 2:
            self._impatient = False
            self._open_gate()
        if self._lost and state == "ok" and self._writer.pending <= self._high_water:
            count, from_us, to_us = self._lost
            self._lost = None
            self.publish(Gap("history", from_us, to_us, f"{count} rows dropped: the writer did not keep up"))

    def _say(self, state: str) -> None:
        now_us = self.now_us()
        severity, error = (Severity.high, self.statistics.last_error) if state == "down" else (Severity.low, None)
        self.publish(Event(
            event_id("history_state", "history", "history", now_us, state), "history_state", "history", "history", severity,
            f"history is {state}", {"state": state, "error": error}, now_us,
        ))

    def _press(self) -> None:
        """Too much is waiting: first slow the feeds down, then lose the oldest."""
        if self.state == "ok" and not self._impatient:
            if not self._gate_closed:
                self._gate_closed = True
                self.runtime.bus.close_gate()
                self._patience = self.after(PATIENCE_S, _Patience())
            keep = 2 * self._high_water
        else:
            keep = self._high_water
        lost = self._writer.shed(keep)
        if lost is not None:
            before = self._lost or (0, lost[1], 0)
            self._lost = (before[0] + lost[0], before[1], lost[2])

    def _open_gate(self) -> None:
        if self._gate_closed:
            self._gate_closed = False
            self._patience.cancel()
            self.runtime.bus.open_gate()

    def _retain(self) -> None:
        """Drop what has been kept long enough and tidy the days that are over, now and once a day."""
        now_us = self.now_us()
        self._writer.chore(lambda: self._store.retain(now_us, self._keep_days))
        self._writer.chore(lambda: self._store.tidy(now_us - now_us % DAY_US))
        if not self._threaded:
            self._drain()
        self.after(DAY_S, _Retain())

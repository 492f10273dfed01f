"""The one queue into the database and the one who empties it.

Entries are committed in the order they came, so what is on disk is a prefix of the queue: a cause is never later than its
effect. An obligation (`owe`) is settled after its commit, or refused while the database is down; stream rows (`put`) wait
for it, bounded by `shed`. `put`, `owe`, `wake` and `shed` belong to the event loop; `drain` to whoever runs it: the
writer's thread (`run`) or, where there is none, the loop itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from actors import ActorCrashed, Published, Refused
from oracle.crash import crash_point
from oracle.history.bars import MINUTE_US
from oracle.history.beside import beside_the_loop
from oracle.history.columns import SLICE, Unfit
from oracle.history.failure import Broken
from oracle.history.owed import Entry, Outcome, Owed, Stuck, settle, unavailable
from oracle.history.store import Store

__all__ = ["BATCH", "FLUSH_S", "Writer"]

BATCH = 10_000  # rows of one transaction
FLUSH_S = 0.04  # the longest a stream row waits here for company, unless told otherwise
PAUSE_S = 0.000_05  # in which the event loop takes the interpreter lock back
PAUSE_ROWS = 500  # smaller batches are converted in less time than a pause takes
RETRY_S = (0.25, 0.5, 1.0, 2.0, 5.0)  # between attempts to reopen
ROLL_ROWS = 200_000  # trades that are not in bars yet make reading bars slow


class Writer:
    """`settled(outcomes)` is called by the drainer after each batch, also with nothing to settle."""

    def __init__(
        self, store: Store, now_us: Callable[[], int], settled: Callable[[Sequence[Outcome]], None] = settle,
        flush_s: float = FLUSH_S,
    ) -> None:
        self._store = store
        self._statistics = store.statistics
        self._now_us = now_us
        self._settled = settled
        self._flush_s = flush_s
        self._queue: deque[Entry] = deque()
        self._held: list[Published] = []  # of the batch that failed; it goes first once the database is back
        self._unsure = 0  # so many of them may have been stored
        self._outcomes: list[Outcome] = []
        self._chores: deque[Callable[[], object]] = deque()
        self._failures = int(self._statistics.state == "down")  # a new life while the database is down
        self._rolled_us = self._rows_since_roll = 0
        self._door = threading.RLock()  # nobody owes or sheds while the state changes or the queue is taken from
        self._wake, self._hurry, self._closing = threading.Event(), threading.Event(), threading.Event()
        self._threaded = False
        self.put = self._queue.append  # a Published of a stored class, followed some time by `wake`

    # ---- the loop's side

    @property
    def pending(self) -> int:
        """Entries that are not on disk."""
        return len(self._queue) + len(self._held)

    def owe(self, owed: Owed) -> None:
        """Queue an obligation and have it committed at once; while the database is down it is refused."""
        with self._door:
            if self._statistics.state == "ok":
                self._queue.append(owed)
                self._hurry.set()
                self._wake.set()
                return
        owed.settle(unavailable())

    def chore(self, work: Callable[[], object]) -> None:
        """Have the drainer call `work`, which may raise Broken, before its next batch."""
        self._chores.append(work)
        self._wake.set()

    def start_down(self, reason: str) -> None:
        """Begin with reopening the file; before anything was queued."""
        self._failures = 1
        self._statistics.state, self._statistics.last_error = "down", reason
        self._wake.set()

    def wake(self) -> None:
        """There may be rows: commit them within `flush_s`."""
        self._statistics.pending = self.pending
        if self._queue and not self._wake.is_set():
            self._wake.set()
        if len(self._queue) >= BATCH and not self._hurry.is_set():
            self._hurry.set()

    def shed(self, keep: int) -> tuple[int, int, int] | None:
        """Drop the oldest stream rows beyond `keep`: (how many, publish time of the first, of the last); None: none."""
        with self._door:
            oldest = self._take(len(self._queue) - keep)
            self._queue.extendleft(e for e in reversed(oldest) if isinstance(e, Owed))
            dropped = [e.time_us for e in oldest if isinstance(e, Published)]
            self._store.holes.note_rows(oldest)  # before what comes after them can be committed
        self._statistics.rows_dropped += len(dropped)
        return (len(dropped), dropped[0], dropped[-1]) if dropped else None

    def close(self) -> None:
        """Have the thread commit what is there and end."""
        self._closing.set()
        self._hurry.set()
        self._wake.set()

    def abandon(self) -> None:
        """Nobody will drain again: what is left is lost and counted, and who waits hears so."""
        entries = [*self._held, *self._take(len(self._queue))]
        self._held = []
        self._store.holes.note_rows(entries)
        self._statistics.rows_dropped += sum(isinstance(e, Published) for e in entries)
        self._statistics.pending = 0
        lost = ActorCrashed("the history ended before this was committed")
        settle([(e, lost) for e in entries if isinstance(e, Owed)])

    # ---- the drainer's side

    def run(self) -> None:
        """Drain until closed; the body of the writer's own thread."""
        self._threaded = True
        with beside_the_loop():
            self._run()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._hurry.wait(self._flush_s)
            self._wake.clear()
            delay_s = self.drain()
            if delay_s:
                self._closing.wait(delay_s)
            if self.pending:
                self._wake.set()
        self.drain()

    def drain(self) -> float:
        """Commit what is pending, in batches; in how many seconds to try again, 0 when all is well.

        Beside a thread, a last part smaller than a batch is left to gather company.
        """
        try:
            if self._failures:
                self._recover()
            while self._chores:
                self._try(self._chores.popleft())
            first = True
            while self._queue and (first or len(self._queue) >= BATCH or self._hurry.is_set() or not self._threaded):
                first = False
                self._hurry.clear()
                entries = self._take(BATCH)
                self._write(entries)
                self._committed(entries)
                self._roll(entries)
        except Stuck as stuck:
            return self._down(stuck)
        return 0.0

    # ---- private

    def _take(self, most: int) -> list[Entry]:
        popleft = self._queue.popleft
        taken: list[Entry] = []
        while self._queue and len(taken) < most:
            with self._door:
                taken += [popleft() for _ in range(min(len(self._queue), most - len(taken), SLICE))]
        return taken

    def _write(self, entries: list[Entry]) -> None:
        """Commit in order. A row that does not fit is found by halving and left out. Raises Stuck."""
        parts, reopened = deque([entries]), False
        while parts:
            part, before = parts.popleft(), self._store.last_seq
            try:
                self._commit(part)
            except Unfit as error:
                if len(part) > 1:
                    middle = len(part) // 2
                    parts.extendleft([part[middle:], part[:middle]])
                else:
                    self._leave_out(part[0], error)
            except Broken as error:
                rest = [entry for some in (part, *parts) for entry in some]
                if reopened:
                    raise Stuck(rest, len(part), str(error)) from error
                reopened = True
                self._reopen(rest, len(part))
                if self._store.last_seq == before:
                    parts.appendleft(part)
                else:  # the commit had got in before it failed
                    self._note_stored(part)

    def _commit(self, entries: list[Entry]) -> None:
        began_us = self._now_us()
        rows = _rows(entries)
        if rows:
            self._store.write(rows, self._pause if self._threaded and len(rows) >= PAUSE_ROWS else None)
            self._statistics.note_commit(len(rows), max(self._now_us() - began_us, 0))
        self._note_stored(entries)

    def _note_stored(self, entries: list[Entry]) -> None:
        self._outcomes += [(e, None) for e in entries if type(e) is Owed]

    def _leave_out(self, entry: Entry, error: Unfit) -> None:
        self._statistics.last_error = str(error)
        self._statistics.rows_unfit += len(entry.rows) if isinstance(entry, Owed) else 1
        if isinstance(entry, Owed):
            self._outcomes.append((entry, Refused(f"this can't be stored: {error}", "invalid")))
        self._store.holes.note_rows([entry])

    def _reopen(self, rest: list[Entry], unsure: int) -> None:
        try:
            self._store.reopen()
        except (Broken, Refused) as error:
            raise Stuck(rest, unsure, str(error)) from error

    def _recover(self) -> None:
        """Reopen and store what was held. Raises Stuck."""
        held, before = self._held, self._store.last_seq
        self._reopen(list(held), self._unsure)
        self._prove(held)
        if self._store.last_seq != before:  # the batch of the failure had got in after all
            held = held[self._unsure :]
        self._write(list(held))
        self._held, self._unsure, self._failures = [], 0, 0
        with self._door:
            self._statistics.state = "ok"
        self._committed(list(held))

    def _prove(self, held: Sequence[Entry]) -> None:
        """A file that opens may still be on a full disk."""
        try:
            self._store.prove()
        except Broken as error:
            raise Stuck(list(held), self._unsure, str(error)) from error

    def _committed(self, entries: Sequence[Entry]) -> None:
        last = next((e for e in reversed(entries) if isinstance(e, Published)), None)
        if last is not None:
            self._statistics.watermark, self._statistics.committed_us = last.offset, last.time_us
        self._statistics.pending = self.pending
        outcomes, self._outcomes = self._outcomes, []
        if any(owed.rows for owed, _ in outcomes):
            crash_point("history:before-answer")
        self._settled(outcomes)

    def _roll(self, entries: Sequence[Entry]) -> None:
        """Bring the bars up to date once a minute. Raises Stuck."""
        last = entries[-1]
        now_us = last.rows[-1].time_us if isinstance(last, Owed) and last.rows else getattr(last, "time_us", 0)
        self._rows_since_roll += len(entries)
        if now_us // MINUTE_US > self._rolled_us // MINUTE_US or self._rows_since_roll >= ROLL_ROWS:
            self._rolled_us, self._rows_since_roll = now_us, 0
            self._try(self._store.roll)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Broken as error:
            raise Stuck([], 0, str(error)) from error

    def _down(self, stuck: Stuck) -> float:
        """Keep the stream rows, refuse the obligations, let no new ones in; seconds until the next attempt."""
        with self._door:
            self._statistics.state, self._statistics.last_error = "down", str(stuck)
            queued = self._take(len(self._queue))
            self._queue.extendleft(e for e in reversed(queued) if isinstance(e, Published))
        self._held = [e for e in stuck.rest if isinstance(e, Published)]
        self._unsure = sum(isinstance(e, Published) for e in stuck.rest[: stuck.unsure])
        outcomes, self._outcomes = self._outcomes, []
        refused = unavailable()
        self._settled(outcomes + [(e, refused) for e in (*stuck.rest, *queued) if isinstance(e, Owed)])
        self._failures += 1
        return RETRY_S[min(self._failures, len(RETRY_S)) - 1]

    def _pause(self) -> None:
        self._hurry.wait(PAUSE_S)


def _rows(entries: list[Entry]) -> list[Published]:
    if Owed not in set(map(type, entries)):  # the usual case
        return entries  # type: ignore[return-value]
    return [row for e in entries for row in (e.rows if isinstance(e, Owed) else (e,))]

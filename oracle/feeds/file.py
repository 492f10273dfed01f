"""A feed of a file: what was recorded or exported, played at any speed, in its own time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import attrs
import trio

from actors import Child
from oracle.calendar import Calendar
from oracle.feeds.feed import FeedActor
from oracle.feeds.file_rows import check_regular, rows_of
from oracle.feeds.statistics import FeedStatistics
from oracle.feeds.voice import Voice
from oracle.http import Http
from oracle.model import Severity, ref

__all__ = ["File"]

BATCH = 256  # rows between two looks at the gate

Kind = Literal["quote", "trade", "bar", "sample", "transfer", "earnings", "fundamental", "insider", "vix"]


@attrs.frozen(kw_only=True)
class File:
    """A CSV or Parquet file, or a recording of an exchange, from its begin to its end, once in each run of the server.

    path: the file; .csv and .parquet have columns, .rec is what `oracle record` writes.
    rows: what its rows are (quote, trade, bar, sample, transfer, earnings, fundamental, insider, vix); a recording says it
    itself.
    columns: which column is which field; none where they are called so. The time is in ts, timestamp, time or date.
    constants: fields that are the same in all rows, as symbol, interval, name or subject.
    speed: 1 plays as it happened, 10 ten times as fast, 0 as fast as there is room.
    calendar: whether the time of the file is the time of the whole system; only where it is the only feed.
    """

    path: Path = Path()
    rows: Kind = "trade"
    columns: dict[str, str] = attrs.field(factory=dict)
    constants: dict[str, str] = attrs.field(factory=dict)
    speed: float = attrs.field(default=1.0, validator=[attrs.validators.ge(0), attrs.validators.le(1e6)])
    calendar: bool = True
    _clock: list[Calendar] = attrs.field(factory=list, init=False, repr=False, eq=False)

    def clock(self) -> Calendar | None:
        """What drives the time of the system; None where it does not, or where the file has no row with a time."""
        if not self.calendar:
            return None
        if not self._clock:
            begin_us = next((at_us for at_us, _, messages in self._rows("file") if messages), None)
            if begin_us is None:
                return None
            self._clock.append(Calendar(begin_us, self.speed))
        return self._clock[0]

    def child(self, name: str, statistics: FeedStatistics | None = None, http: Http | None = None) -> Child:
        """The actor `feed:NAME`; a file that can't be read is tried again. `statistics` survive its lives, and how far it has
        come does too."""
        counted = FeedStatistics() if statistics is None else statistics
        place, clock = [0], next(iter(self._clock), None)
        return Child(ref("feed", name), lambda: FileFeed(self, self._rows, counted, place, clock), expected=(OSError,))

    def _rows(self, source: str) -> Iterator[tuple[int, str, tuple[Any, ...]]]:
        return rows_of(self.path.expanduser(), self.rows, self.columns, self.constants, source)


@attrs.define(eq=False)
class FileFeed(FeedActor):
    """Plays the rows; `place` is how many were."""

    settings: File
    rows: Any
    statistics: FeedStatistics
    place: list[int]
    calendar: Calendar | None
    _voice: Voice = attrs.field(init=False)

    async def start(self) -> None:
        """Begin, or go on."""
        self._voice = Voice(self, self.statistics)
        self.helper(self._play)

    async def stop(self) -> None:
        """Let it be said that this is no crash."""
        self._voice.stopping = True

    async def _play(self) -> None:
        voice, path, lost = self._voice, self.settings.path.name, ""
        try:
            rows = await trio.to_thread.run_sync(self._open)
            voice.connected(path)
            await self._through(rows)
            voice.say("system:feed:finished", Severity.low, f"{path}: {self.place[0]} rows were played", rows=self.place[0])
            await trio.sleep_forever()
        except OSError as error:
            lost = str(error)
            raise
        finally:
            voice.disconnected(path, lost or voice.end)

    def _open(self) -> Iterator[tuple[int, str, tuple[Any, ...]]]:
        """The rows that are left. Raises OSError."""
        check_regular(self.settings.path.expanduser())
        return islice(self.rows(self.name.removeprefix("feed:")), self.place[0], None)

    async def _through(self, rows: Iterator[tuple[int, str, tuple[Any, ...]]]) -> None:
        speed, calendar = self.settings.speed, self.calendar
        began_s, first_us = trio.current_time(), -1
        if calendar is not None:
            calendar.begin()
        for number, (at_us, kind, messages) in enumerate(rows):
            if calendar is not None:
                calendar.reach(at_us)
            if speed and messages:
                first_us = at_us if first_us < 0 else first_us
                await trio.sleep_until(began_s + (at_us - first_us) / 1e6 / speed)
            for message in messages:
                self.publish(message)
            self.place[0] += 1
            self.statistics.count(kind, len(messages), 0, self.now_us())
            if kind.startswith("bad:"):
                self.statistics.last_error = f"row {self.place[0]} of {self.settings.path.name}: {kind.removeprefix('bad:')}"
            if number % BATCH == BATCH - 1:
                await self.runtime.bus.room()
                await trio.lowlevel.checkpoint()

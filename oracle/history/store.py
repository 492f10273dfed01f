"""The one DuckDB file: opens it, writes batches as single transactions, hands cursors to readers.

One thread writes; each reader has a cursor of its own. A batch is all or nothing, and batches are committed in the order
they are given, so what is stored is always a prefix of what was written. `seq` numbers all rows of all tables, which makes
the end of the prefix one number: after a failure whose outcome is unknown it says whether the batch got in.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from actors import Refused
from oracle.crash import crash_point
from oracle.history import bars, ledger, retention
from oracle.history.columns import Pause, to_columns
from oracle.history.compaction import compact
from oracle.history.database import Connection, DatabaseError, FileError, connect, identity
from oracle.history.failure import Broken, translated
from oracle.history.holes import Holes
from oracle.history.parts import by_month, cut, insert
from oracle.history.readers import Readers
from oracle.history.retention import KEEP_DAYS
from oracle.history.room import Room
from oracle.history.schema import DDL, TABLES, VERSION, Table
from oracle.history.statistics import Statistics
from oracle.history.words import Words
from oracle.model import Attempt, Delivery, State

__all__ = ["End", "Store"]

FILE = "history.duckdb"
TABLE_OF = {table.message: table for table in TABLES}
MONTHLY = re.compile(r"^(" + "|".join(t.kind for t in TABLES if t.monthly) + r")_(\d{6})$")


@attrs.frozen
class End:
    """Where the run before ended: its epoch, its last committed offset, and that row's publish time."""

    epoch: str
    offset: int
    time_us: int


class Store:
    """All but `reading`, `words`, `statistics` and `backfill_bars` belong to one thread at a time."""

    def __init__(self, folder: Path, *, memory_limit_mb: int = 512) -> None:
        self.path = folder / FILE
        self.exports = folder.absolute() / "exports"
        self.room = Room(self.exports)
        self.statistics = Statistics()
        self.words = Words()
        self.holes = Holes()
        self.last_seq = 0  # of the last committed row
        self.epoch, self.started_us = "", 0
        self.before_us = 0  # when the last message of the run before was published
        self.memory_limit_mb = memory_limit_mb
        self._root: Connection | None = None
        self._file: tuple[int, int] | None = None  # the one that was opened, whatever the path leads to now
        self._writing: Connection | None = None
        self._learning: Connection | None = None  # of words
        self._readers = Readers()
        self._months: set[str] = set()

    # ---- the file

    def open(self) -> None:
        """Open or create the file; one that we create only its owner may read.

        Raises Refused (`locked`: another process has it; `version`: a newer program made it) or Broken.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        ours = not self.path.exists()
        with translated():
            self._connect()
            if ours:
                self.path.chmod(0o600)  # a umask would be the whole process's
            self._prepare()
        self.statistics.state, self.statistics.last_error = "ok", None

    def close(self) -> None:
        """Close the file, once its readers are gone; they are interrupted. Idempotent."""
        closing = [self._learning, self._writing, self._root]
        self._learning = self._writing = self._root = None
        if not self._readers.end():
            closing.pop()  # the root would close the cursor under its reader
        for connection in closing:
            if connection is not None:
                with contextlib.suppress(DatabaseError):  # an invalidated one can't roll back, and needn't
                    connection.close()

    def reopen(self) -> None:
        """Close and open again; `last_seq` is what the disk says then. A removed file stays open. Raises Broken or Refused."""
        self._look()
        self.close()
        self.statistics.reopened += 1
        with translated():
            self._connect()
            self._prepare()
            if self.epoch:
                ledger.begin(self.connection, self._months, self.words, self.epoch, self.started_us)

    @property
    def connection(self) -> Connection:
        """The writer's own. Raises Broken while the file is closed."""
        if self._writing is None:
            raise Broken("the history is closed")
        return self._writing

    def reading(self) -> contextlib.AbstractContextManager[Connection]:
        """A cursor for one thread and one block; from any thread. Raises Broken while the file is closed."""
        return self._readers.one(lambda: self._root)

    def months(self, kind: str) -> list[str]:
        """The monthly tables of a kind, oldest first."""
        return sorted(name for name in tuple(self._months) if name.rpartition("_")[0] == kind)

    # ---- writing

    def begin(self, epoch: str, now_us: int, run_days: int = KEEP_DAYS["run"]) -> End | None:
        """Say that the rows to come belong to `epoch`; where the epoch before ended, None at the very first.

        A new epoch compacts what only its newest row counts of, and drops runs that were over `run_days` ago; one that began
        already goes on, and gives None.
        Raises Broken.
        """
        if epoch != self.epoch:
            self.holes.begin()
        self.epoch, self.started_us = epoch, now_us
        with self._transaction() as connection:
            end = ledger.begin(connection, self._months, self.words, epoch, now_us)
            if end:
                self.before_us = end[2]
                self.statistics.watermark = 0
                compact(connection, now_us, run_days)
                crash_point("history:compact")
        return End(*end) if end else None

    def write(self, rows: Sequence[Any], pause: Pause | None = None) -> None:
        """Commit published rows (`offset`, `time_us`, `message`) in one transaction; offset -1 is stored as NULL.

        Raises Unfit, when nothing was stored and some row is to blame, and Broken, when the outcome is unknown until
        `reopen`.
        """
        months, epoch = set(self._months), self.words.number(self.epoch)
        with self.holes.writing() as write_holes, self._transaction() as connection:
            for table, part, seqs in self._parts(rows):
                columns = to_columns(table, part, seqs, self.words.numbers, pause)
                for name, lines in by_month(table, part):
                    if table.monthly and name not in months:
                        connection.execute(table.create(name))
                        months.add(name)
                    insert(connection, table, name, columns if lines is None else cut(columns, lines), epoch)
                    crash_point("history:mid-batch")
            write_holes(connection, epoch)
            crash_point("history:before-commit")
        self._months = months
        self.last_seq += len(rows)
        crash_point("history:after-commit")

    def roll(self) -> None:
        """Make 1-minute bars of the trades, and keep the venues' closed bars, since the last roll. Raises Broken."""
        with self._transaction() as connection:
            bars.roll(connection, self.months("trade"), self.months("bar"), self.last_seq)
            crash_point("history:roll")

    def tidy(self, until_us: int) -> None:
        """Lay the minutes of trades before `until_us`, the start of a day, so that they are read quickly. Raises Broken."""
        with self._transaction() as connection:
            bars.tidy(connection, until_us)
            crash_point("history:tidy")

    def backfill_bars(self, columns: Mapping[str, Any]) -> int:
        """Add past bars, but those there are already; returns how many were new. Raises Unfit, Broken.

        `columns`: arrays symbol, interval (`1m`, `1d`), ts_us, open, high, low, close, volume, trades, source; a text
        stands for a whole column. Rows sorted by symbol and time are found faster.
        """
        with self.reading() as cursor, self._transaction(cursor) as connection:
            return bars.backfill(connection, columns, self.words.numbers)

    def prove(self) -> None:
        """Commit something that changes nothing. Raises Broken."""
        with self._transaction() as connection:
            connection.execute("INSERT INTO rolled SELECT coalesce(max(until_seq), 0) FROM rolled")

    def retain(self, now_us: int, keep_days: Mapping[str, int]) -> list[str]:
        """Drop the monthly tables that ended more than `keep_days[kind]` days ago; their names. Raises Broken."""
        dropped = retention.expired(self._months, now_us, keep_days)
        if dropped:
            self.roll()  # bars outlive their trades
        for name in dropped:
            with self._transaction() as connection:
                self.holes.leave(connection, name, name.rpartition("_")[0])
                connection.execute(f"DROP TABLE {name}")
            self._months.discard(name)
            crash_point("history:retention")
        return dropped

    # ---- what the start needs

    def states(self) -> list[State]:
        """The newest state of each thing that is not gone, oldest change first. Raises Broken."""
        with translated():
            return ledger.states(self.connection)

    def pending_deliveries(self) -> list[Delivery]:
        """Deliveries without a final attempt, oldest first. Raises Broken."""
        with translated():
            return ledger.pending_deliveries(self.connection)

    def last_attempts(self) -> dict[str, Attempt]:
        """The last attempt at each pending delivery, by delivery id. Raises Broken."""
        with translated():
            return ledger.last_attempts(self.connection)

    def receipts(self, from_us: int, most: int, most_bytes: int) -> tuple[bytes, list[Any]]:
        """What `ledger.receipts` says. Raises Broken."""
        with translated():
            return ledger.receipts(self.connection, from_us, most, most_bytes)

    # ---- private

    def _connect(self) -> None:
        try:
            self._root = connect(self.path, self.memory_limit_mb, self.exports)
        except FileError as error:
            if "lock" in str(error):
                raise Refused(f"another process has {self.path} open", "locked", {"path": str(self.path)}) from error
            raise
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        self._writing = self._root.cursor()
        self._file = identity(self.path)

    def _look(self) -> None:
        if self._file is not None and identity(self.path) != self._file:
            raise Broken(f"{self.path.name} was removed or replaced while it was open; what is new waits for it")

    def _prepare(self) -> None:
        connection = self.connection
        for statement in DDL:
            connection.execute(statement)
        self._learning = connection.cursor()
        self.words.load(self._learning)
        (version,) = connection.execute("SELECT max(value::INTEGER) FROM meta WHERE name = 'version'").fetchone() or (None,)
        if version is None:
            connection.execute("INSERT INTO meta VALUES ('version', ?)", [str(VERSION)])
        elif version > VERSION:
            self.close()
            raise Refused(f"{self.path} has layout {version}, this program knows {VERSION}", "version")
        names = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        self._months = {name for (name,) in names if MONTHLY.match(name)}
        self.last_seq = ledger.last_seq(connection, self._months)

    @contextlib.contextmanager
    def _transaction(self, cursor: Connection | None = None) -> Iterator[Connection]:
        connection = cursor or self.connection
        self._look()
        with translated():
            try:
                connection.begin()
                yield connection
                connection.commit()
            except BaseException:
                with contextlib.suppress(DatabaseError):  # a failed commit has rolled back, an invalidated file can't
                    connection.rollback()
                raise

    def _parts(self, rows: Sequence[Any]) -> Iterator[tuple[Table, Sequence[Any], Sequence[int]]]:
        first = self.last_seq + 1
        kinds = {type(row.message) for row in rows}
        if len(kinds) == 1:
            yield TABLE_OF[kinds.pop()], rows, range(first, first + len(rows))
            return
        classes = [type(row.message) for row in rows]
        for kind in sorted(kinds, key=lambda k: TABLE_OF[k].kind):
            places = [i for i, c in enumerate(classes) if c is kind]
            yield TABLE_OF[kind], [rows[i] for i in places], [first + i for i in places]

"""What is stored: one table for each kind of message, append-only but for the rows of runs, without indexes.

Each stream row begins with the same five columns (`LEAD`); the rest is the message. Times are BIGINT microseconds, UTC.
`monthly` tables exist once per month of publishing (`trade_202611`), so that retention is dropping a table.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs
import msgspec

from actors import DeadLetter, Lifecycle
from oracle.history import holes
from oracle.model import Attempt, Bar, Chunk, Delivery, Depth, Event, Gap, Message, Quote, RunRow, Sample, State, Trade

__all__ = ["DDL", "KINDS", "LEAD", "TABLES", "VERSION", "WORD", "Column", "Table", "month_end_us", "month_of", "stand_in"]

VERSION = 1  # of the layout; a file of a newer one is refused

TEXT, INT, REAL, FLAG = "VARCHAR", "BIGINT", "DOUBLE", "BOOLEAN"
WORD = "INTEGER"  # a text that repeats in every row, by its number in the table words


@attrs.frozen
class Column:
    """A column: its SQL name and type, how to take its values from a list of messages, how it is compressed where the
    database should not try what is best, and whether a value may be None, which becomes NULL."""

    name: str
    type: str
    of: Callable[[Sequence[Any]], list[Any]]
    compression: str = ""
    optional: bool = False

    @property
    def sql(self) -> str:
        """The type as it is declared."""
        return f"{self.type} USING COMPRESSION {self.compression}" if self.compression else self.type


@attrs.frozen
class Table:
    """Where the messages of one class go."""

    kind: str
    message: type
    columns: tuple[Column, ...]
    monthly: bool = False
    replaces: bool = False  # a row takes the place of the one of its id
    topic: str = ""  # the SQL that says under which topic a row was published; empty where it never is

    @property
    def words(self) -> list[str]:
        """The columns that are stored as words."""
        return [name for name, type_ in LEAD if type_ == WORD] + [c.name for c in self.columns if c.type == WORD]

    @property
    def names(self) -> list[str]:
        """All column names in order, quoted for SQL."""
        return [f'"{name}"' for name, _ in LEAD] + [f'"{c.name}"' for c in self.columns]

    def create(self, name: str) -> str:
        """The statement that makes this table under `name`."""
        types = [type_ for _, type_ in LEAD] + [c.sql for c in self.columns]
        columns = ", ".join(f"{n} {t}" for n, t in zip(self.names, types, strict=True))
        return f"CREATE TABLE IF NOT EXISTS {name} ({columns})"


# place in the one queue of all rows | run of the process | offset on its bus, NULL for an obligation, which is stored
# before it is published | when it was published | when the source says it happened
LEAD = (("seq", INT), ("epoch", WORD), ("offset", INT), ("pub_us", INT), ("ts_us", INT))


def json_text(value: object) -> str:
    """Compact JSON; what JSON does not know becomes its `str`."""
    return msgspec.json.encode(value, enc_hook=str).decode()


# one comprehension per column: half the cost of attrgetter, and it runs for each row
TABLES = (
    Table("quote", Quote, (
        Column("symbol", TEXT, lambda ms: [m.symbol for m in ms]),
        Column("bid", REAL, lambda ms: [m.bid for m in ms]),  # quote currency
        Column("bid_size", REAL, lambda ms: [m.bid_size for m in ms]),  # base units
        Column("ask", REAL, lambda ms: [m.ask for m in ms]),
        Column("ask_size", REAL, lambda ms: [m.ask_size for m in ms]),
        Column("source", WORD, lambda ms: [m.source for m in ms]),
    ), monthly=True, topic="'quote:' || symbol"),
    Table("trade", Trade, (
        Column("symbol", TEXT, lambda ms: [m.symbol for m in ms]),
        Column("price", REAL, lambda ms: [m.price for m in ms]),
        Column("size", REAL, lambda ms: [m.size for m in ms]),
        Column("side", WORD, lambda ms: [m.side for m in ms]),  # the taker's: buy, sell or empty
        # texts that never repeat: zstd takes a third of the time that finding a dictionary does, and a third more room
        Column("trade_id", TEXT, lambda ms: [m.trade_id for m in ms], "zstd"),
        Column("source", WORD, lambda ms: [m.source for m in ms]),
    ), monthly=True, topic="'trade:' || symbol"),
    Table("bar", Bar, (
        Column("symbol", TEXT, lambda ms: [m.symbol for m in ms]),
        Column("interval", TEXT, lambda ms: [m.interval for m in ms]),
        Column("open", REAL, lambda ms: [m.open for m in ms]),
        Column("high", REAL, lambda ms: [m.high for m in ms]),
        Column("low", REAL, lambda ms: [m.low for m in ms]),
        Column("close", REAL, lambda ms: [m.close for m in ms]),
        Column("volume", REAL, lambda ms: [m.volume for m in ms]),
        Column("trades", INT, lambda ms: [m.trades for m in ms]),
        Column("closed", FLAG, lambda ms: [m.closed for m in ms]),
        Column("source", WORD, lambda ms: [m.source for m in ms]),
    ), monthly=True, topic="'bar:' || interval || ':' || symbol"),
    Table("depth", Depth, (
        Column("symbol", TEXT, lambda ms: [m.symbol for m in ms]),
        Column("bids", TEXT, lambda ms: [json_text(m.bids) for m in ms]),  # [[price, size], ...]
        Column("asks", TEXT, lambda ms: [json_text(m.asks) for m in ms]),
        Column("snapshot", FLAG, lambda ms: [m.snapshot for m in ms]),
        Column("first_id", INT, lambda ms: [m.first_id for m in ms]),
        Column("last_id", INT, lambda ms: [m.last_id for m in ms]),
        Column("source", WORD, lambda ms: [m.source for m in ms]),
    ), monthly=True, topic="'depth:' || symbol"),
    Table("sample", Sample, (
        Column("name", TEXT, lambda ms: [m.name for m in ms]),
        Column("subject", TEXT, lambda ms: [m.subject for m in ms]),
        Column("value", REAL, lambda ms: [m.value for m in ms]),  # in `unit`
        Column("unit", TEXT, lambda ms: [m.unit for m in ms]),
        Column("source", WORD, lambda ms: [m.source for m in ms]),
    ), monthly=True, topic="'sample:' || name || ':' || subject"),
    Table("event", Event, (
        Column("id", TEXT, lambda ms: [m.id for m in ms]),
        Column("kind", TEXT, lambda ms: [m.kind for m in ms]),
        Column("subject", TEXT, lambda ms: [m.subject for m in ms]),
        Column("source", TEXT, lambda ms: [m.source for m in ms]),
        Column("severity", TEXT, lambda ms: [str(m.severity) for m in ms]),
        Column("summary", TEXT, lambda ms: [m.summary for m in ms]),
        Column("data", TEXT, lambda ms: [json_text(m.data) for m in ms]),
        Column("cause", TEXT, lambda ms: [m.cause for m in ms]),
    ), topic="'event:' || kind || ':' || subject"),
    Table("state", State, (
        Column("ref", TEXT, lambda ms: [m.ref for m in ms]),
        Column("version", INT, lambda ms: [m.version for m in ms]),
        Column("value", TEXT, lambda ms: [None if m.value is None else json_text(m.value) for m in ms]),
    ), topic="'state:' || ref"),
    Table("gap", Gap, (
        Column("who", TEXT, lambda ms: [m.who for m in ms]),
        Column("from_us", INT, lambda ms: [m.from_us for m in ms]),
        Column("to_us", INT, lambda ms: [m.to_us for m in ms]),
        Column("reason", TEXT, lambda ms: [m.reason for m in ms]),
    ), topic="'gap:' || who"),
    Table("delivery", Delivery, (
        Column("id", TEXT, lambda ms: [m.id for m in ms]),
        Column("rule_id", TEXT, lambda ms: [m.rule_id for m in ms]),
        Column("event_id", TEXT, lambda ms: [m.event_id for m in ms]),
        Column("channel", TEXT, lambda ms: [m.channel for m in ms]),
        Column("payload", TEXT, lambda ms: [json_text(m.payload) for m in ms]),
    )),
    Table("attempt", Attempt, (
        Column("delivery_id", TEXT, lambda ms: [m.delivery_id for m in ms]),
        Column("number", INT, lambda ms: [m.number for m in ms]),
        Column("outcome", TEXT, lambda ms: [m.outcome for m in ms]),  # delivered, retry, failed, cancelled
        Column("status", INT, lambda ms: [m.status for m in ms]),  # the far end's, 0 where there was none
        Column("error", TEXT, lambda ms: [m.error for m in ms]),
        Column("duration_ms", REAL, lambda ms: [m.duration_ms for m in ms]),
    ), topic="'attempt:' || delivery_id"),
    Table("output", Chunk, (
        Column("run", TEXT, lambda ms: [m.run for m in ms]),
        Column("n", INT, lambda ms: [m.n for m in ms]),
        Column("stream", TEXT, lambda ms: [m.stream for m in ms]),
        Column("text", TEXT, lambda ms: [m.text for m in ms]),
    ), monthly=True, topic="'output:' || run"),
    Table("message", Message, (
        Column("id", TEXT, lambda ms: [m.id for m in ms]),
        Column("conversation", TEXT, lambda ms: [m.conversation for m in ms]),
        Column("role", TEXT, lambda ms: [m.role for m in ms]),  # user, assistant, system
        Column("content", TEXT, lambda ms: [m.content for m in ms]),
        Column("run", TEXT, lambda ms: [m.run for m in ms]),
        Column("metadata", TEXT, lambda ms: [json_text(m.metadata) for m in ms]),
    ), topic="'message:' || conversation"),
    Table("run", RunRow, (
        Column("id", TEXT, lambda ms: [m.id for m in ms]),
        Column("revision", INT, lambda ms: [m.revision for m in ms]),
        Column("kind", TEXT, lambda ms: [m.kind for m in ms]),
        Column("status", TEXT, lambda ms: [m.status for m in ms]),
        Column("name", TEXT, lambda ms: [m.name for m in ms]),
        Column("owner", TEXT, lambda ms: [m.owner for m in ms]),
        Column("agent", TEXT, lambda ms: [m.agent for m in ms]),
        Column("model", TEXT, lambda ms: [m.model for m in ms]),
        Column("session", TEXT, lambda ms: [m.session for m in ms]),
        Column("conversation", TEXT, lambda ms: [m.conversation for m in ms]),
        Column("source", TEXT, lambda ms: [m.source for m in ms]),
        Column("started_us", INT, lambda ms: [m.started_us for m in ms], optional=True),
        Column("finished_us", INT, lambda ms: [m.finished_us for m in ms], optional=True),
        Column("duration_s", REAL, lambda ms: [m.duration_s for m in ms], optional=True),
        Column("cost_usd", REAL, lambda ms: [m.cost_usd for m in ms], optional=True),
        Column("input_tokens", INT, lambda ms: [m.input_tokens for m in ms], optional=True),
        Column("output_tokens", INT, lambda ms: [m.output_tokens for m in ms], optional=True),
        Column("failed", FLAG, lambda ms: [m.failed for m in ms]),
        Column("rounds", INT, lambda ms: [m.rounds for m in ms], optional=True),
        Column("rounds_total", INT, lambda ms: [m.rounds_total for m in ms], optional=True),
        Column("clients", INT, lambda ms: [m.clients for m in ms], optional=True),
        Column("accuracy", REAL, lambda ms: [m.accuracy for m in ms], optional=True),
        Column("loss", REAL, lambda ms: [m.loss for m in ms], optional=True),
        Column("value", TEXT, lambda ms: [json_text(m.value) for m in ms]),
    ), replaces=True),
    Table("life", Lifecycle, (
        Column("name", TEXT, lambda ms: [m.name for m in ms]),
        Column("what", TEXT, lambda ms: [m.what for m in ms]),  # started, crashed, lost, stopped, failed
        Column("error", TEXT, lambda ms: [m.error for m in ms]),
        Column("restarts", INT, lambda ms: [m.restarts for m in ms]),
    ), monthly=True, topic="'life:' || name"),
    Table("dead", DeadLetter, (
        Column("name", TEXT, lambda ms: [m.name for m in ms]),
        Column("reason", TEXT, lambda ms: [m.reason for m in ms]),
        Column("message", TEXT, lambda ms: [type(m.message).__name__ for m in ms]),  # its class: it may hold a secret
    ), monthly=True, topic="'dead:' || name"),
)
KINDS = {table.kind: table for table in TABLES}

# The tables that are no stream of messages.
DDL = (
    "CREATE TABLE IF NOT EXISTS meta (name VARCHAR, value VARCHAR)",
    "CREATE TABLE IF NOT EXISTS words (number INTEGER, text VARCHAR)",
    # one row per run of the process, with the committed end of the run before
    "CREATE TABLE IF NOT EXISTS epochs (epoch VARCHAR, started_us BIGINT, prev_epoch VARCHAR, prev_offset BIGINT, "
    "prev_us BIGINT)",
    # a bar of interval_s seconds from ts_us; origin: 0 venue, 1 backfill (both whole, one row each) or 2 trades (parts,
    # which add up in the order of seq, the place of their first trade); source is a word
    "CREATE TABLE IF NOT EXISTS bars (symbol VARCHAR, interval_s INTEGER, ts_us BIGINT, open DOUBLE, high DOUBLE, "
    "low DOUBLE, close DOUBLE, volume DOUBLE, trades BIGINT, origin TINYINT, source INTEGER, seq BIGINT)",
    # the trades and venue bars up to until_seq are in bars; the newest row counts, the others say how bars were at some time
    "CREATE TABLE IF NOT EXISTS rolled (until_seq BIGINT)",
    # the minutes of trades before until_us were tidied; the newest row counts
    "CREATE TABLE IF NOT EXISTS tidied (until_us BIGINT)",
    holes.DDL,
    *(table.create(table.kind) for table in TABLES if not table.monthly),
)


def month_of(ts_us: int) -> str:
    """`202611` for any instant of November 2026, UTC."""
    return datetime.fromtimestamp(ts_us // 1_000_000, UTC).strftime("%Y%m")


def month_end_us(month: str) -> int:
    """The first instant after the month `202611`."""
    year, number = int(month[:4]), int(month[4:])
    first = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return int(first.timestamp()) * 1_000_000


@functools.lru_cache(maxsize=1024)
def stand_in(name: str) -> object:
    """Stands for a message of which only the name of its class is kept."""
    return type(name, (), {})()

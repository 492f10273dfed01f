"""What a start reads from the file: where the last run ended, the newest states, the open deliveries."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

import msgspec

from oracle.history.schema import TABLES
from oracle.history.words import Words
from oracle.model import Attempt, Delivery, State
from oracle.receipts import ANSWERED, CARRIED, CLIENT

__all__ = ["begin", "last_attempts", "last_seq", "pending_deliveries", "receipts", "states"]

FINAL = "('delivered', 'failed', 'cancelled')"

_PENDING = f"SELECT id FROM delivery WHERE id NOT IN (SELECT delivery_id FROM attempt WHERE outcome IN {FINAL})"

# Of what came of a command only an answer needs its data.
_RECEIPTS = (
    f"SELECT kind, cause, answer, pub_us FROM (SELECT seq, kind, cause, pub_us, CASE WHEN kind = '{ANSWERED}' THEN data "
    f"END AS answer FROM event WHERE pub_us >= ? AND (starts_with(cause, '{CLIENT}') OR starts_with(cause, '{CARRIED}')) "
    "ORDER BY seq DESC LIMIT ?) "
    "QUALIFY sum(strlen(coalesce(answer, ''))) OVER (ORDER BY seq DESC) <= ? ORDER BY seq DESC"
)


def last_seq(connection: Any, months: Iterable[str]) -> int:
    """The place of the last committed row; also beyond rows that retention dropped."""
    sources = [("seq", name) for name in _tables(months)] + [("seq", "bars"), ("until_seq", "rolled")]
    union = " UNION ALL ".join(f"SELECT max({column}) AS seq FROM {name}" for column, name in sources)
    return int(connection.execute(f"SELECT coalesce(max(seq), 0) FROM ({union})").fetchone()[0])


def begin(connection: Any, months: Iterable[str], words: Words, epoch: str, now_us: int) -> tuple[str, int, int] | None:
    """Note the start of `epoch`; the (epoch, offset, publish time) the last one ended with, None at the first start."""
    words.numbers([epoch])
    if connection.execute("SELECT 1 FROM epochs WHERE epoch = ?", [epoch]).fetchone():
        return None
    last = connection.execute("SELECT epoch, started_us FROM epochs ORDER BY started_us DESC LIMIT 1").fetchone()
    if last is None:
        connection.execute("INSERT INTO epochs VALUES (?, ?, NULL, NULL, NULL)", [epoch, now_us])
        return None
    of_last = f"WHERE epoch = {words.number(last[0])}"
    union = " UNION ALL ".join(f'SELECT max("offset") AS o, max(pub_us) AS t FROM {n} {of_last}' for n in _tables(months))
    offset, time_us = connection.execute(f"SELECT coalesce(max(o), 0), max(t) FROM ({union})").fetchone()
    end = (str(last[0]), int(offset), int(time_us or last[1]))  # a run that stored nothing ended where it began
    connection.execute("INSERT INTO epochs VALUES (?, ?, ?, ?, ?)", [epoch, now_us, *end])
    return end


def states(connection: Any) -> list[State]:
    """The newest state of each thing that is not gone, oldest change first."""
    rows = connection.execute(_newest_states("ref, value, version, ts_us")).fetchall()
    return [State(ref, msgspec.json.decode(value), version, ts_us) for ref, value, version, ts_us in rows]


def pending_deliveries(connection: Any) -> list[Delivery]:
    """Deliveries without a final attempt, oldest first."""
    rows = connection.execute(
        f"SELECT id, rule_id, event_id, channel, payload, ts_us FROM delivery WHERE id IN ({_PENDING}) ORDER BY seq"
    ).fetchall()
    return [Delivery(i, rule, event, channel, msgspec.json.decode(p), t) for i, rule, event, channel, p, t in rows]


def last_attempts(connection: Any) -> dict[str, Attempt]:
    """The last attempt at each pending delivery, by delivery id."""
    rows = connection.execute(
        "SELECT delivery_id, number, outcome, status, error, duration_ms, ts_us FROM attempt "
        f"WHERE delivery_id IN ({_PENDING}) ORDER BY number, seq"
    ).fetchall()
    return {row[0]: Attempt(*row) for row in rows}


def receipts(connection: Any, from_us: int, most: int, most_bytes: int) -> tuple[bytes, list[Any]]:
    """The secret of this file's receipts, and what happened to the commands of clients and alerts since `from_us`, oldest first,
    as (kind, cause, data of an answer, publish time): the newest `most` events, of at most `most_bytes` together."""
    rows = connection.execute(_RECEIPTS, [from_us, most, most_bytes]).fetchall()
    return _secret(connection), rows[::-1]


def _secret(connection: Any) -> bytes:
    found = connection.execute("SELECT value FROM meta WHERE name = 'receipts'").fetchone()
    if found is None:
        found = (secrets.token_hex(32),)
        connection.execute("INSERT INTO meta VALUES ('receipts', ?)", found)
    return bytes.fromhex(found[0])


def _newest_states(names: str) -> str:
    newest = "(ref, seq) IN (SELECT (ref, max(seq)) FROM state GROUP BY ref)"
    return f"SELECT {names} FROM state WHERE {newest} AND value IS NOT NULL ORDER BY seq"


def _tables(months: Iterable[str]) -> list[str]:
    return [table.kind for table in TABLES if not table.monthly] + sorted(months)

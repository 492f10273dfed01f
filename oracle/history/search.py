"""Finding words in what is stored: in output, conversations, tasks and experiments, newest first.

Each text is looked at (the database has no index of words), whatever the case; what is looked for is a piece of text and no
pattern. Some 500 MB of text are looked through in a second of one core; months of output are taken one by one, the newest first,
until there are enough hits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import attrs
import msgspec

from oracle.history.arrivals import PAYLOAD
from oracle.history.page import Filter

__all__ = ["HIDDEN", "Hit", "excerpt", "in_messages", "in_output", "in_runs", "in_values"]

AROUND = 80  # characters of an excerpt on either side

_PLACE = "strpos(lower({column}), ?)"
_PIECE = f"substr({{column}}, greatest(1, {_PLACE} - {AROUND}), length(?) + {2 * AROUND})"
_OUTPUT = (
    f"SELECT run, n, stream, {_PIECE.format(column='text')}, ts_us FROM {{table}} WHERE contains(lower(text), ?) "
    f"AND stream <> '{PAYLOAD}' AND {{where}} QUALIFY row_number() OVER (PARTITION BY run, n ORDER BY seq) = 1 "
    "ORDER BY ts_us DESC, seq DESC LIMIT {limit}"
)
# What is not shown any more: all of a conversation that was deleted, and what is not newer than the last time it was cleared.
HIDDEN = (
    "(SELECT subject, max(CASE kind WHEN 'conversation_deleted' THEN 9223372036854775807 ELSE ts_us END) AS mark FROM event "
    "WHERE kind IN ('conversation_deleted', 'conversation_cleared') GROUP BY subject)"
)
"""Up to which time what was said in a conversation (`subject`) is not shown (`mark`)."""
_MESSAGES = (
    f"SELECT conversation, id, role, run, {_PIECE.format(column='content')}, ts_us FROM message LEFT JOIN {HIDDEN} AS hidden "
    "ON hidden.subject = 'conversation:' || conversation "
    "WHERE contains(lower(content), ?) AND ts_us > coalesce(mark, -1) AND {where} "
    "QUALIFY row_number() OVER (PARTITION BY id ORDER BY seq) = 1 ORDER BY ts_us DESC, seq DESC LIMIT {limit}"
)
# All of a run's JSON is looked at first; what is not in the fields that count is left out later.
_RUNS = (
    "SELECT value FROM run WHERE contains(lower(value), ?) AND {where} "
    "ORDER BY ts_us DESC, seq DESC LIMIT {limit} OFFSET {offset}"
)
_FIELDS = ("id", "name", "params", "result", "error")
BATCH = 500  # runs looked at again at once


@attrs.frozen
class Hit:
    """Where it was found. `run` or `conversation` is empty where there is none; `n` and `stream` are of output, `role` of a
    message."""

    where: str
    run: str
    conversation: str
    excerpt: str
    ts_us: int
    n: int | None = None
    stream: str = ""
    role: str = ""


def in_output(at: Any, months: Sequence[str], words: str, wanted: Filter, limit: int) -> list[Hit]:
    """Pieces of output, of the tables of months from the oldest to the newest."""
    low, found = words.lower(), list[Hit]()
    for table in reversed(months):
        sql = _OUTPUT.format(table=table, where=wanted.sql, limit=limit - len(found))
        rows = at.execute(sql, [low, words, low, *wanted.parameters]).fetchall()
        found += [Hit("output", run, "", text, ts_us, n, stream) for run, n, stream, text, ts_us in rows]
        if len(found) >= limit:
            break
    return found


def in_messages(at: Any, words: str, wanted: Filter, limit: int) -> list[Hit]:
    """What was said."""
    low = words.lower()
    rows = at.execute(_MESSAGES.format(where=wanted.sql, limit=limit), [low, words, low, *wanted.parameters]).fetchall()
    return [Hit("messages", run, talk, text, ts_us, role=role) for talk, _, role, run, text, ts_us in rows]


def in_runs(at: Any, where: str, words: str, wanted: Filter, limit: int) -> list[Hit]:
    """Runs that are over: their names, what they were asked, what came of it."""
    found, offset = list[Hit](), 0
    escaped = msgspec.json.encode(words.lower()).decode()[1:-1]
    while len(found) < limit:
        sql = _RUNS.format(where=wanted.sql, limit=BATCH, offset=offset)
        rows = at.execute(sql, [escaped, *wanted.parameters]).fetchall()
        found += in_values(where, words, (msgspec.json.decode(value) for (value,) in rows))
        if len(rows) < BATCH:
            break
        offset += BATCH
    return found[:limit]


def in_values(where: str, words: str, values: Collection[Mapping[str, Any]] | Iterator[Mapping[str, Any]]) -> list[Hit]:
    """Runs by the values of their States."""
    low, found = words.lower(), list[Hit]()
    for value in values:
        text = next((text for name in _FIELDS for text in _texts(value[name]) if low in text.lower()), None)
        if text is not None:
            found.append(Hit(where, value["id"], value["conversation"], excerpt(text, low), value["created_us"]))
    return found


def excerpt(text: str, low: str) -> str:
    """Some of the text around the first place of `low`, which is in it in some case."""
    place = text.lower().find(low)
    return text[max(0, place - AROUND) : place + len(low) + AROUND]


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)

"""What runs put out and what was said in conversations, as SQL: each piece once, however often it was stored.

A piece is committed before it is published, so it is stored twice. Times are UTC microseconds; `n` counts the pieces of a run
from 1. Tables of months that ended before a run began are not read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from oracle.history.page import Filter
from oracle.model import Chunk, Message

__all__ = ["chunks", "message_count", "messages"]

# {source} is a table or a union of monthly ones
_ONCE = "SELECT DISTINCT ON (n) n, stream, text, ts_us FROM {source} WHERE {where}"
_CHUNKS = f"{_ONCE} ORDER BY n LIMIT {{limit}}"
_SAID = "(SELECT DISTINCT ON (id) * FROM message WHERE {where} ORDER BY id, seq)"
_MESSAGES = f"SELECT id, conversation, role, content, run, metadata, ts_us FROM {_SAID} ORDER BY ts_us {{order}}, seq {{order}}"
_COUNT = "SELECT count(DISTINCT id) FROM message WHERE {where}"


def chunks(
    at: Any, months: Sequence[str], run: str, since_us: int, after: int, limit: int, streams: Collection[str]
) -> list[Chunk]:
    """The pieces after the `after`-th in order, at most `limit`; of these streams, or of all where there are none."""
    if not months:
        return []
    wanted = _of(run, since_us, streams).beyond("n", after)
    rows = at.execute(_CHUNKS.format(source=_union(months), where=wanted.sql, limit=limit), wanted.parameters).fetchall()
    return [Chunk(run, n, stream, text, ts_us) for n, stream, text, ts_us in rows]


def messages(at: Any, wanted: Filter, newest_first: bool, limit: int, offset: int) -> list[Message]:
    """One page of what was said."""
    order = "DESC" if newest_first else "ASC"
    sql = f"{_MESSAGES.format(where=wanted.sql, order=order)} LIMIT {limit} OFFSET {offset}"
    rows = at.execute(sql, wanted.parameters).fetchall()
    return [Message(i, talk, role, text, run, msgspec.json.decode(more), ts) for i, talk, role, text, run, more, ts in rows]


def message_count(at: Any, wanted: Filter) -> int:
    """How many messages there are."""
    return int(at.execute(_COUNT.format(where=wanted.sql), wanted.parameters).fetchone()[0])


def _of(run: str, since_us: int, streams: Collection[str]) -> Filter:
    # the time leaves out whole blocks of rows
    return Filter().one_of("run", run).between("ts_us", since_us, None).one_of("stream", streams)


def _union(months: Sequence[str]) -> str:
    return months[0] if len(months) == 1 else f"({' UNION ALL '.join(f'SELECT * FROM {name}' for name in months)})"

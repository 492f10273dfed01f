"""The named questions about conversations: what was said in them, and what their tasks came to. Each is one statement, however
many conversations it is about.

Messages and the rows of runs may be stored more than once; each counts once, by id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import msgspec
import trio

from oracle.history.reader import Reader, RunSync
from oracle.history.store import Store
from oracle.model import Message

__all__ = ["Talks", "Totals"]

_MESSAGES = (
    "SELECT id, conversation, role, content, run, metadata, ts_us FROM message WHERE {where} "
    "QUALIFY row_number() OVER (PARTITION BY id ORDER BY seq) = 1 ORDER BY ts_us {order}, seq {order} LIMIT ? OFFSET ?"
)
# ids and marks are parallel lists: a message counts if it is newer than the mark of its conversation
_SAID = (
    "SELECT m.conversation, count(DISTINCT m.id), max(m.ts_us) FROM message AS m "
    "JOIN (SELECT unnest(?) AS id, unnest(?) AS mark) AS c ON c.id = m.conversation AND m.ts_us > c.mark GROUP BY m.conversation"
)
_TASKS = (
    "SELECT conversation, status, count(*), coalesce(sum(cost_usd), 0.0), coalesce(sum(duration_s), 0.0), min(started_us), "
    "max(finished_us) FROM (SELECT * FROM run WHERE kind = 'task' AND list_contains(?, conversation) "
    "QUALIFY row_number() OVER (PARTITION BY id ORDER BY revision DESC, seq DESC) = 1) GROUP BY conversation, status"
)
COUNTED = ("completed", "failed")


@attrs.define
class Totals:
    """What a conversation came to: its messages, and its completed and failed tasks. `by_status` counts all that are over."""

    messages: int = 0
    newest_us: int | None = None  # of its messages
    cost_usd: float = 0.0
    tasks: int = 0
    duration_s: float = 0.0
    started_us: int | None = None
    finished_us: int | None = None
    by_status: dict[str, int] = attrs.field(factory=dict)


class Talks:
    """Reads beside the writer, each in a thread, within `deadline_s` seconds. Raises Refused: `timeout`, `unavailable`."""

    def __init__(self, store: Store, run_sync: RunSync = trio.to_thread.run_sync, deadline_s: float = 10.0) -> None:
        self._reader = Reader(store, run_sync, deadline_s)

    async def messages(
        self, conversation: str, after_us: int, limit: int, offset: int = 0, *, newest: Sequence[str] | None = None
    ) -> list[Message]:
        """Messages later than `after_us`, oldest first. With `newest`, a list of roles, the last `limit` of those roles, or
        of all where it is empty."""
        where, parameters = "conversation = ? AND ts_us > ?", [conversation, after_us]
        if newest:
            where, parameters = f"{where} AND list_contains(?, role)", [*parameters, list(newest)]
        sql = _MESSAGES.format(where=where, order="ASC" if newest is None else "DESC")
        found = await self._found(sql, [*parameters, limit, offset])
        return found if newest is None else found[::-1]

    async def message(self, ident: str) -> Message | None:
        """The message of an id."""
        found = await self._found(_MESSAGES.format(where="id = ?", order="ASC"), [ident, 1, 0])
        return found[0] if found else None

    async def said(self, conversation: str, role: str, run: str, content: str) -> Message | None:
        """What somebody of that role has said already with that task in the same words."""
        where = "conversation = ? AND role = ? AND run = ? AND content = ?"
        found = await self._found(_MESSAGES.format(where=where, order="ASC"), [conversation, role, run, content, 1, 0])
        return found[0] if found else None

    async def totals(self, marks: Iterable[tuple[str, int]]) -> dict[str, Totals]:
        """Of each conversation, by id; the times are the marks that messages have to be newer than."""
        known = dict(marks)
        found = {ident: Totals() for ident in known}
        if not known:
            return found
        said, tasks = await self._reader.read(lambda at: (
            at.execute(_SAID, [list(known), list(known.values())]).fetchall(), at.execute(_TASKS, [list(known)]).fetchall(),
        ))  # fmt: skip
        for ident, count, newest_us in said:
            found[ident].messages, found[ident].newest_us = count, newest_us
        for ident, *row in tasks:
            _add(found[ident], *row)
        return found

    async def _found(self, sql: str, parameters: list[Any]) -> list[Message]:
        rows = await self._reader.read(lambda at: at.execute(sql, parameters).fetchall())
        return [Message(*head, msgspec.json.decode(metadata), ts_us) for *head, metadata, ts_us in rows]


def _add(
    total: Totals, status: str, count: int, cost_usd: float, duration_s: float, started_us: int | None, finished_us: int | None
) -> None:
    total.by_status[status] = count
    if status in COUNTED:
        total.tasks += count
        total.cost_usd += cost_usd
        total.duration_s += duration_s
        total.started_us = min(filter(None, (total.started_us, started_us)), default=None)
        total.finished_us = max(filter(None, (total.finished_us, finished_us)), default=None)

"""The named questions about conversations: what was said in them, and what their tasks came to. Each is one statement, however
many conversations it is about.

Messages and the rows of runs may be stored more than once; each counts once, by id.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import msgspec

from oracle.history.reader import Reader
from oracle.model import Message

__all__ = ["Talks", "Totals"]

_MESSAGE = (
    "SELECT id, conversation, role, content, run, metadata, ts_us FROM message WHERE {where} ORDER BY seq LIMIT 1"
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
    """Reads in threads beside the writer. What was said, page by page, is `oracle.runs.outputs`. Raises Refused: `timeout`,
    `unavailable`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def message(self, ident: str) -> Message | None:
        """The message of an id."""
        return await self._found("id = ?", [ident])

    async def said(self, conversation: str, role: str, run: str, content: str) -> Message | None:
        """What somebody of that role has said already with that task in the same words."""
        return await self._found("conversation = ? AND role = ? AND run = ? AND content = ?", [conversation, role, run, content])

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

    async def _found(self, where: str, parameters: list[str]) -> Message | None:
        row = await self._reader.read(lambda at: at.execute(_MESSAGE.format(where=where), parameters).fetchone())
        return None if row is None else Message(*row[:5], msgspec.json.decode(row[5]), row[6])


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

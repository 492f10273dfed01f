"""The named questions about what came in by webhooks. What came in is an Event `webhook_delivered` with the webhook as its
subject and the fingerprint of what was signed as its cause; its payload is kept beside it, as the only piece of output of the
event's id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from oracle.history.reader import Reader
from oracle.history.store import Store

__all__ = ["PAYLOAD", "RECEIVED", "REFUSED", "Arrivals"]

RECEIVED, REFUSED = "webhook_delivered", "webhook_task_refused"
PAYLOAD = "webhook_payload"
"""The stream of the piece of output that is a payload."""

# Each is committed once, before it has an offset, and stored again as it is published: the former counts.
_COMMITTED = f"kind = '{RECEIVED}' AND \"offset\" IS NULL"
_RECEIVED = f"SELECT id, subject, data, ts_us FROM event WHERE {_COMMITTED} AND {{where}} ORDER BY ts_us DESC, seq DESC LIMIT ?"
_REFUSED = f"SELECT DISTINCT cause FROM event WHERE kind = '{REFUSED}' AND list_contains(?, cause)"
_COUNTS = f"SELECT subject, count(*) FROM event WHERE {_COMMITTED} GROUP BY subject"
_OUTPUT = "SELECT {columns} FROM {source} WHERE stream = ? AND list_contains(?, run)"

Row = dict[str, Any]


class Arrivals:
    """Reads in threads beside the writer. Raises Refused: `timeout`, `unavailable`.

    A row is {event_id, webhook_id, task_id, created_us, ...}: what the event's data hold. `task_id` is None where none was
    called for, or it was refused."""

    def __init__(self, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    async def known(self, subject: str, ident: str, fingerprint: str) -> Row | None:
        """What came in under that id, or with the same content, by that webhook."""
        found = await self._rows("subject = ? AND (id = ? OR cause = ?)", [subject, ident, fingerprint], 1)
        return found[0] if found else None

    async def page(self, subject: str | None, limit: int) -> list[Row]:
        """The newest of one webhook, or of all."""
        return await (self._rows("subject = ?", [subject], limit) if subject else self._rows("true", [], limit))

    async def one(self, ident: str) -> Row | None:
        """What came in under that id, with its `payload`: an object, the beginning of a long one as text, or None where it is not
        kept any more."""
        found = await self._rows("id = ?", [ident], 1)
        if not found:
            return None
        pieces = await self._output("text", PAYLOAD, [ident])
        text = pieces[0][0] if pieces else "null"
        return {**found[0], "payload": text if found[0]["cut"] and pieces else msgspec.json.decode(text)}

    async def counts(self) -> dict[str, int]:
        """How many came in by each webhook, by its name on the board."""
        return dict(await self._reader.read(lambda at: at.execute(_COUNTS).fetchall()))

    async def answered(self, tasks: Sequence[str]) -> set[str]:
        """Those of the tasks whose worker has said that it answered the provider (an entry `response_posted` of their log)."""
        return {run for (run,) in await self._output("DISTINCT run", "response_posted", tasks)} if tasks else set()

    async def _rows(self, where: str, parameters: list[Any], limit: int) -> list[Row]:
        def read(at: Any) -> list[Row]:
            found = at.execute(_RECEIVED.format(where=where), [*parameters, limit]).fetchall()
            idents = [ident for ident, *_ in found]
            refused = {cause for (cause,) in at.execute(_REFUSED, [idents]).fetchall()} if found else set()
            return [_row(*one, refused=one[0] in refused) for one in found]

        return await self._reader.read(read)

    async def _output(self, columns: str, stream: str, runs: Sequence[str]) -> list[tuple[Any, ...]]:
        months = self._store.months("output")
        if not months:
            return []
        source = f"({' UNION ALL '.join(f'SELECT run, stream, text FROM {name}' for name in months)})"
        sql = _OUTPUT.format(columns=columns, source=source)
        found: list[tuple[Any, ...]] = await self._reader.read(lambda at: at.execute(sql, [stream, list(runs)]).fetchall())
        return found


def _row(ident: str, subject: str, data: str, ts_us: int, *, refused: bool) -> Row:
    row: Row = {**msgspec.json.decode(data), "event_id": ident, "webhook_id": subject.partition(":")[2], "created_us": ts_us}
    return {**row, "task_id": None} if refused else row

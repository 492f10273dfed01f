"""What runs put out, and what was said in conversations, as it is kept."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from actors import Refused
from oracle.history import Store, outputs
from oracle.history.page import MAX_LIMIT, Filter
from oracle.history.reader import Reader
from oracle.history.retention import DAY_US
from oracle.history.schema import month_end_us
from oracle.model import Chunk, Message
from oracle.runs.run import Run

__all__ = ["Outputs"]

SLACK_US = DAY_US  # between the clocks of those who say when it was


class Outputs:
    """Each piece and each message once. Refused: `invalid`, `timeout`, `unavailable`."""

    def __init__(self, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    async def chunks(self, run: Run, after: int = 0, limit: int = 1_000, streams: Collection[str] = ()) -> list[Chunk]:
        """Pieces of a run after its `after`-th, in order; of these streams, or of all. Those that were kept for their time are
        gone (`history.keep_days.output`)."""
        _checked(limit, after)
        since_us = run.created_us - SLACK_US
        return await self._reader.read(
            lambda at: outputs.chunks(at, self._months(since_us), run.id, since_us, after, limit, streams)
        )

    async def messages(
        self, conversation: str, limit: int = 100, offset: int = 0, since_us: int | None = None, roles: Collection[str] = (),
        newest: bool = False,
    ) -> list[Message]:
        """Messages `offset`.. of a conversation, oldest first: from its begin, or (`newest`) counted back from its end; from
        `since_us` on, where that is given (what is before was cleared)."""
        _checked(limit, offset)
        wanted = _said(conversation, since_us, roles)
        found = await self._reader.read(lambda at: outputs.messages(at, wanted, newest, limit, offset))
        return found[::-1] if newest else found

    async def message_count(self, conversation: str, since_us: int | None = None, roles: Collection[str] = ()) -> int:
        """How many messages a conversation has."""
        wanted = _said(conversation, since_us, roles)
        return await self._reader.read(lambda at: outputs.message_count(at, wanted))

    def _months(self, since_us: int) -> list[str]:
        return [name for name in self._store.months("output") if month_end_us(name[-6:]) > since_us]


def _said(conversation: str, since_us: int | None, roles: Collection[str]) -> Filter:
    return Filter().one_of("conversation", conversation).one_of("role", roles).between("ts_us", since_us, None)


def _checked(limit: int, offset: Any) -> None:
    if not (1 <= limit <= MAX_LIMIT and 0 <= offset < 2**53):
        raise Refused(f"{limit} from {offset} on are no page", "invalid", {"limit": limit, "offset": offset})

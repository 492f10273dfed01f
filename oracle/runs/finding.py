"""Finding words in what runs put out, in what was said with them, and in the runs themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from oracle.history import Store, search
from oracle.history.page import Filter
from oracle.history.reader import Reader
from oracle.history.retention import DAY_US
from oracle.history.schema import month_end_us
from oracle.history.search import Hit
from oracle.history.turns import Turns
from oracle.runs.records import RunFilter, RunRecords

__all__ = ["PLACES", "Finder"]

PLACES: Mapping[str, tuple[str, ...]] = {"output": (), "messages": (), "tasks": ("task",), "experiments": ("experiment",)}
"""Where can be looked, and for runs of which kind."""

AT_ONCE = 2  # of the four readers; the others are for who asks for less
WAITING = 8


class Finder:
    """Reads beside the writer, each place in a thread, within the deadline of `records`. Refused: `full`, `timeout`,
    `unavailable`."""

    def __init__(self, store: Store, records: RunRecords) -> None:
        self._store = store
        self._records = records
        self._reader: Reader = records.reader
        self._turns = Turns(AT_ONCE, WAITING)

    async def find(
        self, words: str, places: Collection[str], limit: int, from_us: int | None = None, to_us: int | None = None
    ) -> list[Hit]:
        """The newest `limit` hits of all these places together, newest first; of `from_us <= time < to_us`."""
        found: list[Hit] = []
        async with self._turns.one():
            for place in places:
                if kinds := PLACES[place]:
                    where = RunFilter(created_from_us=from_us, created_to_us=to_us)
                    found += await self._records.measured(kinds, where, _in_runs(place, words, limit))
                else:
                    found += await self._reader.read(self._in_rows(place, words, limit, from_us, to_us))
        found.sort(key=lambda hit: hit.ts_us, reverse=True)
        return found[:limit]

    def _in_rows(self, place: str, words: str, limit: int, from_us: int | None, to_us: int | None) -> Callable[[Any], list[Hit]]:
        wanted = Filter().between("ts_us", from_us, to_us)
        if place == "messages":
            return lambda at: search.in_messages(at, words, wanted, limit)
        names = self._store.months("output")
        months = [name for name in names if from_us is None or month_end_us(name[-6:]) > from_us - DAY_US]
        return lambda at: search.in_output(at, months, words, wanted, limit)


def _in_runs(place: str, words: str, limit: int) -> Callable[[Any, Filter, list[dict[str, Any]]], list[Hit]]:
    def look(at: Any, wanted: Filter, live: list[dict[str, Any]]) -> list[Hit]:
        return search.in_values(place, words, live) + search.in_runs(at, place, words, wanted, limit)

    return look

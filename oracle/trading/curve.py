"""How the equity was over time, from the samples and states that the watch over risk has left in the history."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec
import trio

from oracle.history import Store
from oracle.history.page import checked_limit
from oracle.history.reader import Reader, RunSync

__all__ = ["Curve", "Point"]

# All samples, or where there are more than $most the last of each of so many equal spans; {samples} are the monthly tables.
POINTS = (
    "WITH told AS (SELECT ts_us, value, seq FROM ({samples}) WHERE name = 'equity' AND subject = 'desk' "
    "AND ts_us >= $from AND ts_us < $to), ends AS (SELECT min(ts_us) AS first, max(ts_us) AS last, count(*) AS n FROM told) "
    "SELECT max(ts_us), arg_max(value, (ts_us, seq)) FROM told, ends "
    "GROUP BY (ts_us - first) // CASE WHEN n <= $most THEN 1 ELSE (last - first) // $most + 1 END ORDER BY 1"
)
# The state that was in force at each of these instants.
SEEN = (
    "SELECT at_us, value FROM (SELECT unnest($times::BIGINT[]) AS at_us) AS asked ASOF JOIN "
    "(SELECT ts_us, arg_max(value, version) AS value FROM state WHERE ref = 'equity:desk' GROUP BY ts_us) AS seen "
    "ON asked.at_us >= seen.ts_us WHERE value IS NOT NULL"
)
_FOREVER = 2**62


@attrs.frozen
class Point:
    """The equity at an instant (UTC microseconds), in the account's currency. `seen` is the State `equity:desk` as it was then;
    None where it is not known any more: of earlier runs of the process only its last version is kept."""

    ts_us: int
    equity: float
    seen: dict[str, Any] | None


class Curve:
    """Reads beside the writer, in a thread, within `deadline_s` seconds. Raises Refused: `invalid`, `timeout`, `unavailable`."""

    def __init__(self, store: Store, run_sync: RunSync = trio.to_thread.run_sync, deadline_s: float = 10.0) -> None:
        self._store = store
        self._reader = Reader(store, run_sync, deadline_s)

    async def points(self, from_us: int | None = None, to_us: int | None = None, most: int = 500) -> list[Point]:
        """The equity in from_us <= time < to_us, oldest first; evenly thinned to at most so many points, the last among them."""
        tables = self._store.months("sample")
        if not tables:
            return []
        sql = POINTS.format(samples=" UNION ALL ".join(f"SELECT ts_us, name, subject, value, seq FROM {one}" for one in tables))
        asked = {"from": from_us or 0, "to": _FOREVER if to_us is None else to_us, "most": checked_limit(most)}

        def read(at: Any) -> tuple[list[Any], list[Any]]:
            found = at.execute(sql, asked).fetchall()
            return found, at.execute(SEEN, {"times": [ts_us for ts_us, _ in found]}).fetchall() if found else []

        found, states = await self._reader.read(read)
        seen = {at_us: msgspec.json.decode(value) for at_us, value in states}
        return [Point(ts_us, equity, _fitting(seen.get(ts_us), equity)) for ts_us, equity in found]


def _fitting(seen: dict[str, Any] | None, equity: float) -> dict[str, Any] | None:
    """What was seen then, unless it is of another time: those in between are not kept for ever."""
    return seen if seen is not None and seen["equity"] == equity else None

"""How much happened, under `/api/oracle/event-counts`: events counted instead of told."""

from __future__ import annotations

from datetime import datetime

import attrs

from oracle.history import Commit
from oracle.history.bars import interval_us
from oracle.model import Severity
from web.errors import invalid
from web.routes import Auth, Call, Family, Param, Route, Scope
from web.wire import iso

__all__ = ["ROUTES"]

DAY_US = 86_400_000_000
MOST_BUCKETS = 1_000


@attrs.frozen
class EventCount:
    """What one source told of in the part of the span that begins at `start`, by severity."""

    source: str
    start: datetime
    low: int
    medium: int
    high: int
    critical: int


@attrs.frozen
class EventCounts:
    """The oldest first; where nothing was told there is no item."""

    items: list[EventCount]


async def event_counts(call: Call) -> EventCounts:
    """Events by source, severity and time (the last day, in parts of a day), the oldest first."""
    args, system = call.args, call.system
    to_us = system.runtime.now_us() if args["to_us"] is None else args["to_us"]
    from_us = to_us - DAY_US if args["from_us"] is None else args["from_us"]
    width_us = interval_us(args["bucket"])
    if (to_us - from_us) // width_us >= MOST_BUCKETS:
        raise invalid("value_error", ["query", "bucket"], f"it makes more than {MOST_BUCKETS} parts; ask for wider ones")
    await system.runtime.ask("history", Commit(()))  # what was said until now is stored then
    wanted = {name: args[name] for name in ("kind", "subject", "source")}
    found = await system.queries.counted(width_us, from_us, to_us, source_prefix=args["prefix"] or "", **wanted)
    parts: dict[tuple[int, str], dict[str, int]] = {}
    for one in found:
        part = parts.setdefault((one.start_us, one.source), {level.value: 0 for level in Severity})
        part[one.severity] += one.count
    return EventCounts([EventCount(source, iso(start_us), **part) for (start_us, source), part in parts.items()])


_PARAMS = (
    Param("kind"),
    Param("subject"),
    Param("source", doc="watchdog:price_anomaly"),
    Param("prefix", le=200, doc="how the source begins: `watchdog:` for all watchdogs"),
    Param("from", "time", doc="first instant, inclusive; a day before the last"),
    Param("to", "time", doc="last instant, exclusive; now"),
    Param("bucket", default="1d", check=interval_us, doc="15m, 1h, 1d"),
)
ROUTES = (
    Route("GET", "/api/oracle/event-counts", event_counts, Auth.token, Scope.read, Family.error, _PARAMS, answer=EventCounts,
          refuses=(503, 504), tag="oracle", head=True),
)  # fmt: skip

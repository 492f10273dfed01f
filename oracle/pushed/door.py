"""The way in for pushed rows: published at once, answered when they are stored, and the same push is taken once.

Before its rows an event `pushed` is published, which says how many follow. What is stored is a prefix of what was published,
so after a SIGKILL a push that is sent again finds how many of its rows there are, and only the rest is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from actors import Refused
from oracle.history import Bound, Commit, Queries, Tape
from oracle.model import Event, Severity, event_id
from oracle.patterns import Patterns
from oracle.receipts import Receipts

__all__ = ["Pushed", "push"]

KIND = "pushed"


@attrs.frozen
class Pushed:
    """`accepted` rows are stored; `first` and `last` are their offsets in the run `epoch` (both 0 where an earlier try had
    stored them all)."""

    accepted: int
    epoch: str
    first: int
    last: int


async def push(system: Any, messages: Sequence[Any], by: str, command_id: str) -> Pushed:
    """Publish and store. Raises Refused `unavailable` where the history can't take them now (nothing is published then, or
    whatever was is known again by the id), and whatever an ask of the history does."""
    runtime, receipts = system.runtime, system.receipts
    if system.store.statistics.state == "down":
        raise Refused("the history can't write now", "unavailable")
    await runtime.bus.room()
    done = await _stored(system.queries, system.tape, receipts, command_id) if command_id else 0
    rest = messages[done:]
    if not rest:
        receipts.note_applied(command_id)
        return Pushed(len(messages), runtime.epoch, 0, 0)
    now_us = runtime.now_us()
    ident = event_id(KIND, by, "push", 0 if command_id else now_us, command_id or runtime.bus.offset, done)
    data = {"rows": len(rest), "by": by}
    # From here to the last row nothing else is published: the rows follow the event that counts them.
    first = 1 + runtime.publish(
        Event(ident, KIND, rest[0].source, "push", Severity.low, f"{len(rest)} rows pushed by {by}", data, now_us, command_id)
    )
    for message in rest:
        last = runtime.publish(message)
    await runtime.ask("history", Commit(()))
    if system.store.holes.between(first - 1, last, None):
        raise Refused("the history did not keep up, and some rows are lost", "unavailable")
    receipts.note_applied(command_id)
    return Pushed(len(messages), runtime.epoch, first, last)


async def _stored(queries: Queries, tape: Tape, receipts: Receipts, command_id: str) -> int:
    """How many rows of a push an earlier try has stored."""
    if not receipts.applied(command_id):
        return 0
    page = await queries.events(kind=KIND, limit=10_000)
    count = 0
    for row in page.items:
        if row["cause"] == command_id and row["offset"] is not None:
            count += await tape.follows(Bound(row["epoch"], row["offset"]), row["data"]["rows"], Patterns(["*"]))
    return count

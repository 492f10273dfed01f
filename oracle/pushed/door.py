"""The way in for pushed rows: published at once, answered when they are stored, and the same push is taken once.

Before its rows an event `pushed` is published, which says how many follow. So a push that is sent again, after a SIGKILL or
where the first got no answer, finds which of its rows are stored, and only the rest is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from actors import Refused
from oracle.history import Commit, Span
from oracle.model import Event, Severity, event_id
from oracle.patterns import Patterns

__all__ = ["Pushed", "push"]

KIND = "pushed"


@attrs.frozen
class Pushed:
    """`accepted` rows are stored; `first` and `last` are the offsets, in the run `epoch`, of those this try has stored, or where
    an earlier one had stored them all, of those the last try but this has."""

    accepted: int
    epoch: str
    first: int
    last: int


async def push(system: Any, messages: Sequence[Any], by: str, command_id: str) -> Pushed:
    """Publish and store. Raises Refused `unavailable` where the history can't take them now, and whatever an ask of the history
    does; what was published by then is known again by the id."""
    runtime, receipts = system.runtime, system.receipts
    if system.store.statistics.state == "down":
        raise Refused("the history can't write now", "unavailable")
    await runtime.bus.room()
    places, before = await _missing(system, len(messages), command_id)
    if before is not None and not places:
        return before
    now_us = runtime.now_us()
    again = len(places) < len(messages) or receipts.applied(command_id)
    ident = event_id(KIND, by, "push", 0 if command_id and not again else now_us, command_id or runtime.bus.offset)
    data = {"rows": len(places), "by": by, **({"places": places} if again else {})}
    summary = f"{len(places)} rows pushed by {by}"
    # From here to the last row nothing else is published: the rows follow the event that counts them.
    first = 1 + runtime.publish(
        Event(ident, KIND, messages[0].source, "push", Severity.low, summary, data, now_us, command_id))  # fmt: skip
    for place in places:
        last = runtime.publish(messages[place])
    receipts.note_applied(command_id)  # before it is known to be stored: another try looks what is, and adds the rest
    await runtime.ask("history", Commit(()))
    if system.store.holes.between(first - 1, last, None):
        raise Refused("the history did not keep up, and some rows are lost", "unavailable")
    return Pushed(len(messages), runtime.epoch, first, last)


async def _missing(system: Any, rows: int, command_id: str) -> tuple[list[int], Pushed | None]:
    """Which rows of a push are not stored, by their places in it: all, but where an earlier try has published some; and what that
    try would have answered."""
    missing, before = set(range(rows)), None
    if command_id and system.receipts.applied(command_id):
        await system.runtime.ask("history", Commit(()))  # what that try published is stored now, or lost
        page = await system.queries.events(kind=KIND, cause=command_id, limit=10_000, newest_first=False)
        for row in page.items:
            if row["offset"] is not None:
                places = row["data"].get("places") or range(row["data"]["rows"])
                span = Span(row["epoch"], row["offset"], row["offset"] + len(places))
                found, _ = await system.tape.page(span, Patterns(["*"]), len(places))
                missing -= {places[one.offset - row["offset"] - 1] for one in found}
                before = Pushed(rows, span.epoch, span.after + 1, span.until)
    return sorted(missing), before

"""The live tree as values: state, restarts, last error, queue depth, age and rates, read from the records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import trio

from actors.cell import Cell
from actors.life import BATCH
from actors.supervisor import Supervisor

__all__ = ["Node", "node"]

RATE_OVER_S = 1.0


@attrs.frozen
class Node:
    """One actor. `oldest_s`: seconds the oldest waiting message has waited at most. `rate_per_s`: messages handled per
    second between the last two looks that were at least a second apart. `since_us`: start of the present life. `about`: what
    the actor says of itself."""

    name: str
    kind: str
    state: str
    restarts: int
    error: str | None
    depth: int
    capacity: int
    oldest_s: float
    handled: int
    dropped: int
    rate_per_s: float
    since_us: int
    children: tuple[Node, ...] = ()
    about: Mapping[str, Any] = attrs.field(factory=dict)


def node(cell: Cell) -> Node:
    """How an actor is now, with all below it."""
    now_s = trio.current_time()
    depth = len(cell.mailbox.queue)
    actor = cell.actor
    children = tuple(node(c) for c in actor.cells.values()) if isinstance(actor, Supervisor) else ()
    return Node(
        name=cell.spec.name,
        kind=type(actor).__name__ if actor is not None else "",
        state=cell.state,
        restarts=cell.restarts,
        error=cell.error,
        depth=depth,
        capacity=cell.mailbox.capacity,
        oldest_s=round(now_s - cell.none_before_s, 6) if depth and not _about_to_handle(cell) else 0.0,
        handled=cell.handled,
        dropped=cell.mailbox.dropped,
        rate_per_s=_rate(cell, now_s),
        since_us=cell.since_us,
        children=children,
        about=actor.about() if actor is not None else {},
    )


def _about_to_handle(cell: Cell) -> bool:
    actor = cell.actor
    return actor is not None and actor._only_parks and len(cell.mailbox.queue) <= BATCH


def _rate(cell: Cell, now_s: float) -> float:
    if cell.mark is None:
        cell.mark = (now_s, cell.handled, 0.0)
    then_s, handled, rate = cell.mark
    if now_s - then_s >= RATE_OVER_S:
        rate = round((cell.handled - handled) / (now_s - then_s), 3)
        cell.mark = (now_s, cell.handled, rate)
    return rate

"""What the broker for Interactive Brokers knows over its actor's lives."""

from __future__ import annotations

import attrs

from oracle.trading.brokers.in_order import InOrder
from oracle.trading.brokers.outbox import Outbox

__all__ = ["IbkrMemory"]


@attrs.define
class IbkrMemory:
    """What outlives the actor's lives: which executions were seen, which orders the gateway took, and what the desk is still to
    be told. Executions up to `floor_us` were seen by a process before this one. `reported`: the desk was told the first books."""

    seen: set[str] = attrs.field(factory=set)
    accepted: set[str] = attrs.field(factory=set)
    floor_us: int | None = None
    reported: bool = False
    line: InOrder = attrs.field(factory=InOrder)
    outbox: Outbox = attrs.field(factory=Outbox)

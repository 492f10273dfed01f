"""What a rule may decide: to fire, to change the phase of its alert, or to hold back. Values only."""

from __future__ import annotations

import attrs

from oracle.alerts.actions import COMMAND
from oracle.alerts.record import Record
from oracle.model import Attempt, Delivery, Event

__all__ = ["Edge", "Firing", "Held", "Step"]


@attrs.frozen
class Step:
    """What is to be committed: the new record, what is owed, the tries that can't succeed, and the event that says so."""

    record: Record
    deliveries: tuple[Delivery, ...]
    hopeless: tuple[Attempt, ...]
    alert: Event

    @property
    def owed(self) -> list[Delivery]:
        """The deliveries that somebody can carry."""
        lost = {attempt.delivery_id for attempt in self.hopeless}
        return [delivery for delivery in self.deliveries if delivery.id not in lost]


@attrs.frozen
class Firing(Step):
    """A rule fired on `event`."""

    event: Event


@attrs.frozen
class Edge(Step):
    """The alert is in another phase. `about` is what a notice of it tells; `command_id` is of whoever wished it."""

    about: Event
    command_id: str = ""

    @property
    def deeds(self) -> tuple[Delivery, ...]:
        """What is to be done, beside telling somebody."""
        return tuple(one for one in self.deliveries if one.channel == COMMAND)

    def unsent(self, reason: str, done: tuple[Delivery, ...]) -> Edge:
        """The same, with nobody told of it, and only that done."""
        kept = Event(**{name: getattr(self.alert, name) for name in Event.__struct_fields__ if name != "data"},
                     data={**self.alert.data, "deliveries": [one.id for one in done], "suppressed_by": reason})  # fmt: skip
        return attrs.evolve(self, deliveries=done, alert=kept)


@attrs.frozen
class Held:
    """It was met, and nobody is told, or not yet: why, and the event that says so (None for the cooldown, which says no more)."""

    reason: str
    alert: Event | None
    until_us: int | None = None
    """When that may be over; None where something else ends it."""

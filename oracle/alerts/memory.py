"""What must outlive a life of a rule's actor, in this process."""

from __future__ import annotations

import attrs

from actors import Subscription
from oracle.alerts.inhibitors import Inhibitors
from oracle.alerts.record import Record
from oracle.alerts.steps import Step
from oracle.model import Event

__all__ = ["Memory"]


@attrs.define
class Memory:
    """What must outlive a life of the rule's actor: an event that is not decided on, a step that is and is not done with."""

    taking: tuple[Event, int, tuple[str, int]] | None = None
    in_hand: Step | None = None
    record: Record | None = None
    """As it is; the board may be behind by SHOW_S where much is gathered."""
    inhibitors: Inhibitors | None = None
    events: Subscription | None = None
    """To every event, where the rule is on events."""
    caught_up: bool = False
    """Whether what was stored before this process began was looked at."""

    def deafen(self) -> None:
        """Nobody hears anything for the rule any more."""
        if self.inhibitors is not None:
            self.inhibitors.close()
        if self.events is not None:
            self.events.cancel()
        self.inhibitors = self.events = None

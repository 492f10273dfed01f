"""What a broker has to tell the desk: in order, and again until it was taken."""

from __future__ import annotations

from collections import deque
from typing import Any

from actors import Actor, Timer
from oracle.trading.reports import BrokerUp

__all__ = ["Outbox"]

AGAIN_S = 1.0


class Outbox:
    """Outlives the lives of its actor, which is told "again" when it is time to try again."""

    def __init__(self) -> None:
        self._waiting: deque[Any] = deque()
        self._again: Timer | None = None

    def begin(self, actor: Actor) -> None:
        """A life of the actor begins: the desk is to say what to work, and is told what it has not been yet."""
        self._again = None  # that of a life before never comes
        self.tell(actor, BrokerUp())

    def tell(self, actor: Actor, message: Any) -> None:
        """Tell the desk, after what waits already."""
        self._waiting.append(message)
        self._tell(actor)

    def tell_again(self, actor: Actor) -> None:
        """Tell what waits."""
        self._again = None
        self._tell(actor)

    def _tell(self, actor: Actor) -> None:
        while self._waiting and actor.runtime.alive("desk") and actor.tell("desk", self._waiting[0]):
            self._waiting.popleft()
        if self._waiting and self._again is None:
            self._again = actor.after(AGAIN_S, "again")

"""What a broker has to tell the desk: in order, and again until it was taken."""

from __future__ import annotations

from collections import deque
from typing import Any

from actors import Actor
from oracle.trading.reports import BrokerUp

__all__ = ["Outbox"]

AGAIN_S = 1.0


class Outbox:
    """Outlives the lives of its actor, which is told "again" when it is time to try again."""

    def __init__(self) -> None:
        self._waiting: deque[Any] = deque()

    def begin(self, actor: Actor) -> None:
        """A life of the actor begins: the desk is to say what to work, and is told what it has not been yet."""
        self._waiting.append(BrokerUp())
        self.tell_again(actor)

    def tell(self, actor: Actor, message: Any) -> None:
        """Tell the desk, after what waits already."""
        self._waiting.append(message)
        if len(self._waiting) == 1:
            self.tell_again(actor)

    def tell_again(self, actor: Actor) -> None:
        """Tell what waits."""
        while self._waiting and actor.runtime.alive("desk") and actor.tell("desk", self._waiting[0]):
            self._waiting.popleft()
        if self._waiting:
            actor.after(AGAIN_S, "again")

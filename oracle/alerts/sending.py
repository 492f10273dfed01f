"""What a channel and its actor agree on: the tools to send with, and how to say that it did not work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import attrs

from actors import NobodyOwns
from oracle.alerts.rule import Rule
from oracle.http import Http
from oracle.model import Command, Delivery, Event

__all__ = ["Channel", "DeliveryFailed", "Tools"]


class DeliveryFailed(Exception):
    """The far end did not take the delivery. `final` where trying again can't help; `status` is the far end's, or 0;
    `retry_after_s` is how long it asked us to wait; `gone` where it will take nothing ever again, which disables the rule. The
    message goes into the record: no secrets, no paths."""

    def __init__(
        self, error: str, *, final: bool, status: int = 0, retry_after_s: float | None = None, gone: bool = False
    ) -> None:
        super().__init__(error)
        self.error = error
        self.final = final
        self.status = status
        self.retry_after_s = retry_after_s
        self.gone = gone


def _nobody(event: Event) -> None:
    """Who publishes where no bus is."""


async def _unowned(name: str, command: Command, timeout_s: float) -> Any:
    """Who answers where no tree is."""
    raise NobodyOwns(f"no living actor is called {name}")


async def _at_once() -> None:
    """What there is to wait for where no tree is."""


@attrs.frozen
class Tools:
    """What a channel may use: `reveal` gives the secret of a reference, or raises KeyError; `publish` puts onto the bus;
    `ask` is an actor's, `alive` says whether one has a name, `look` gives the value of a ref on the board; `settled` returns once
    the whole tree has started."""

    http: Http
    reveal: Callable[[str], str]
    now_us: Callable[[], int]
    publish: Callable[[Event], object] = _nobody
    ask: Callable[[str, Command, float], Awaitable[Any]] = _unowned
    alive: Callable[[str], bool] = lambda _: False
    look: Callable[[str], dict[str, Any] | None] = lambda _: None
    settled: Callable[[], Awaitable[None]] = _at_once


class Channel(Protocol):
    """See `oracle.alerts.channels`."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """Carry one delivery to whom `rule` names; the far end's status. Raises DeliveryFailed."""

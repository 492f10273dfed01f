"""What a channel and its actor agree on: the tools to send with, and how to say that it did not work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs

from oracle.alerts.rule import Rule
from oracle.http import Http
from oracle.model import Delivery, Event

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


@attrs.frozen
class Tools:
    """What a channel may use: `reveal` gives the secret of a reference, or raises KeyError; `publish` puts onto the bus."""

    http: Http
    reveal: Callable[[str], str]
    now_us: Callable[[], int]
    publish: Callable[[Event], object] = _nobody


class Channel(Protocol):
    """See `oracle.alerts.channels`."""

    async def send(self, delivery: Delivery, rule: Rule, tools: Tools) -> int:
        """Carry one delivery to whom `rule` names; the far end's status. Raises DeliveryFailed."""

"""How many watchdog events there were, by severity, since the data folder began."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from actors import Published
from oracle.model import Event

__all__ = ["Tally"]


class Tally:
    """Listens to `event:*`; begins with what history already counts."""

    def __init__(self, by_severity: Mapping[str, int]) -> None:
        self.by_severity: Counter[str] = Counter(by_severity)

    @property
    def total(self) -> int:
        """All of them."""
        return self.by_severity.total()

    def put(self, published: Published) -> None:
        """Count an event, if a watchdog says so."""
        event: Event = published.message
        if event.source.startswith("watchdog:"):
            self.by_severity[event.severity.value] += 1

"""Which of a broker's books are worth telling. Pure."""

from __future__ import annotations

import attrs

from oracle.trading.reports import Reported

__all__ = ["CalmBooks"]

TELL_US = 60_000_000  # the same books are told again after this


class CalmBooks:
    """Looked at again and again. What is different from what was `told` is told once it was seen twice: executions, positions and
    cash come one after the other, and books in between would look as if they did not agree."""

    def __init__(self) -> None:
        self.told: Reported | None = None
        self._seen: Reported | None = None

    def news(self, books: Reported) -> Reported | None:
        """The books, where they are to be told now."""
        calm, self._seen = _same(self._seen, books), books
        old = self.told is None or books.ts_us - self.told.ts_us >= TELL_US
        if not calm or not (old or not _same(self.told, books)):
            return None
        self.told = books
        return books


def _same(one: Reported | None, other: Reported) -> bool:
    return one is not None and attrs.evolve(one, ts_us=other.ts_us) == other

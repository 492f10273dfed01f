"""What a broker tells in the order it happened, though a fill waits for a while for its fee."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Protocol

import attrs

from oracle.log import logger
from oracle.trading.ledger import Fill
from oracle.trading.reports import Filled

__all__ = ["FEE_WAIT_US", "Costed", "InOrder"]

FEE_WAIT_US = 2_000_000


class Costed(Protocol):
    """An execution whose fee is told later."""

    fill: Fill

    @property
    def fee(self) -> float | None:
        """What it cost; None as long as nobody said."""


class InOrder:
    """A line, of which nothing is told before what stands in front of it."""

    def __init__(self) -> None:
        self._line: deque[tuple[Any, Costed | None, int]] = deque()

    def __len__(self) -> int:
        return len(self._line)

    def put(self, told: Any) -> None:
        """Something that waits for nothing."""
        self._line.append((told, None, 0))

    def put_fill(self, done: Costed, now_us: int) -> None:
        """An execution, which waits for its fee for `FEE_WAIT_US`; without one it counts as 0."""
        self._line.append((Filled(done.fill), done, now_us + FEE_WAIT_US))

    @property
    def due_us(self) -> int | None:
        """When the first in the line is told at the latest; None where nothing waits."""
        return self._line[0][2] if self._line else None

    def ready(self, now_us: int) -> Iterator[Any]:
        """Take out what can be told by now."""
        while self._line:
            told, done, due_us = self._line[0]
            if done is not None and done.fee is None and now_us < due_us:
                return
            self._line.popleft()
            if done is not None and done.fee is None:
                logger("broker").warning("nobody told the fee of a fill, it counts as 0", fill=done.fill.id)
            yield told if done is None else Filled(attrs.evolve(done.fill, fee=done.fee or 0.0))

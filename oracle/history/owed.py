"""An obligation in the queue: rows that somebody waits for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from actors import Published, Refused

__all__ = ["Entry", "Outcome", "Owed", "settle", "unavailable"]


@attrs.frozen(eq=False)
class Owed:
    """Rows somebody waits for, and how to tell them: None after the commit, else why not."""

    rows: tuple[Published, ...]
    settle: Callable[[Exception | None], None]


Entry = Published | Owed
Outcome = tuple[Owed, Exception | None]


def settle(outcomes: Sequence[Outcome]) -> None:
    """Tell everybody who waited."""
    for owed, error in outcomes:
        owed.settle(error)


def unavailable(reason: str | None) -> Refused:
    """What who waits hears while the database is down."""
    return Refused("the history can't write now", "unavailable", {"reason": reason})

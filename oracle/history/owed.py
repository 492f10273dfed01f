"""What the queue holds: published rows and obligations; how the latter are settled, and how both get stuck."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from actors import Published, Refused

__all__ = ["Entry", "Outcome", "Owed", "Stuck", "settle", "unavailable"]


@attrs.frozen(eq=False)
class Owed:
    """Rows somebody waits for, and how to tell them: None after the commit, else why not."""

    rows: tuple[Published, ...]
    settle: Callable[[Exception | None], None]


Entry = Published | Owed
Outcome = tuple[Owed, Exception | None]


class Stuck(Exception):
    """The database stayed broken; `rest` was not stored, of which the first `unsure` entries may have been."""

    def __init__(self, rest: list[Entry], unsure: int, reason: str) -> None:
        super().__init__(reason)
        self.rest = rest
        self.unsure = unsure


def settle(outcomes: Sequence[Outcome]) -> None:
    """Tell everybody who waited."""
    for owed, error in outcomes:
        owed.settle(error)


def unavailable() -> Refused:
    """What who waits hears while the database is down; why it is, is for the log."""
    return Refused("the history can't write now", "unavailable")

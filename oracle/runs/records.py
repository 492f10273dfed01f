"""All runs, those on the board and those in the history."""

from __future__ import annotations

from collections.abc import Callable

from oracle.board import Board
from oracle.history import Store
from oracle.runs.run import Run, run_of

__all__ = ["RunRecords"]


class RunRecords:
    """Reads beside the writer."""

    def __init__(self, board: Board, store: Store, now_us: Callable[[], int]) -> None:
        self._board = board

    async def one(self, ident: str) -> Run | None:
        """A run as it is now; None where there is none."""
        value = self._board.get(f"run:{ident}")
        return None if value is None else run_of(value)

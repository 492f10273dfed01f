"""How a command that runs for ever is told to end: once politely, twice at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import trio

__all__ = ["told_to_end"]


@contextmanager
def told_to_end(act: Callable[[], object]) -> Iterator[None]:
    """Within, the first SIGTERM or SIGINT calls `act` in the running loop; a second one ends the process at once, with
    exit code 128 + the signal's number."""
    token = trio.lowlevel.current_trio_token()
    told = False

    def hear(number: int, _frame: FrameType | None) -> None:
        nonlocal told
        if told:
            os._exit(128 + number)
        told = True
        token.run_sync_soon(act)

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)

"""Named places where a test may kill the process, to prove what survives.

`ORACLE_CRASH_AT=history:before-commit:3` ends the process with SIGKILL at the third visit of `history:before-commit`;
without a number at the first. Unset, a crash point costs one comparison.
"""

from __future__ import annotations

import os
import signal

__all__ = ["arm", "crash_point"]


def crash_point(name: str) -> None:
    """End the process here with SIGKILL if the environment names this point and its visits are used up."""
    if name == _target:
        _visit()


def arm(text: str) -> None:
    """Name the point and the visit, counted from now, as the environment does at the start; an empty text names none."""
    global _target, _left
    _target, _left = _parse(text)


def _parse(text: str) -> tuple[str, int]:
    name, _, count = text.rpartition(":")
    return (name, int(count)) if name and count.isdigit() else (text, 1)


def _visit() -> None:
    global _left
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get("ORACLE_CRASH_AT", ""))

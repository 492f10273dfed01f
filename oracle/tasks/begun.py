"""Programs that were begun and have not ended, a file for each: where the process that watched over them was killed, they go on,
and the next one ends them first. Known by their process group and by when it began, since numbers are given anew. On Linux."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

__all__ = ["Begun"]


class Begun:
    """`folder` is this server's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, pid: int) -> None:
        """It is at work, the first of a group of its own."""
        if (since := _since(pid)) is not None:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            (self._folder / f"{pid}-{since}").touch()

    def forget(self, pid: int) -> None:
        """It has ended, with its group."""
        for file in self._folder.glob(f"{pid}-*"):
            file.unlink(missing_ok=True)

    def end_all(self) -> None:
        """End those that are left of a process before this one."""
        for file in self._folder.glob("*-*"):
            pid, _, since = file.name.partition("-")
            if pid.isdecimal() and _since(int(pid)) == since:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(int(pid), signal.SIGKILL)
            file.unlink(missing_ok=True)


def _since(pid: int) -> str | None:
    """When a process began, in clock ticks since the machine did; None where there is none, or nobody says."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None

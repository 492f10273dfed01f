"""The folder in which files are made for those who asked, and nothing stays."""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

__all__ = ["Room"]


class Room:
    """For any thread. Whatever a process before this one left behind is removed at first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._clean = False

    def place(self, suffix: str) -> Path:
        """Where a new file can be made. Raises OSError."""
        with self._turn:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._clean:
                for left in self._folder.iterdir():
                    left.unlink()
                self._clean = True
        return self._folder / f"{secrets.token_hex(16)}.{suffix}"

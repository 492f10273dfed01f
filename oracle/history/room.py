"""The folder in which files are made for those who asked, and nothing stays."""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from pathlib import Path
from typing import IO

from actors import Refused

__all__ = ["Room"]

MOST_HELD = 2 * 1024 * 1024 * 1024  # bytes of files without a name


class Room:
    """For any thread. Whatever a process before this one left behind is removed at first use.

    A file that is being taken away has no name and yet its room on the disk, for as long as who takes it pleases. So no further
    one is begun while those have `most_held` bytes."""

    def __init__(self, folder: Path, most_held: int = MOST_HELD) -> None:
        self._folder = folder
        self._most_held = most_held
        self._held: dict[str, int] = {}  # each of its steps is one: the collector lets files go in the middle of anything
        self._turn = threading.Lock()
        self._clean = False

    def place(self, suffix: str) -> Path:
        """Where a new file can be made. Raises OSError, and Refused `full`."""
        with self._turn:
            if sum(self._held.copy().values()) >= self._most_held:
                raise Refused("others are still taking large files away; try again later", "full")
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._clean:
                for left in self._folder.iterdir():
                    left.unlink()
                self._clean = True
        return self._folder / f"{secrets.token_hex(16)}.{suffix}"

    def take(self, path: Path) -> IO[bytes]:
        """Open a file that is made, and take its name away. It counts until nobody has it any more."""
        file = path.open("rb")
        path.unlink()
        self._held[path.name] = os.fstat(file.fileno()).st_size
        weakref.finalize(file, self._held.pop, path.name).atexit = False
        return file

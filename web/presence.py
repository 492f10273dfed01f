"""Who serves a data folder: one process at a time, which lets the others find it (`oracle.presence`).

The lock is the kernel's, so it ends with the process however that ends; `server.json` (0600) says who holds it.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from oracle.border import unstructure
from oracle.presence import CARD, LOCK, Presence, find
from web.failures import FolderTaken

__all__ = ["Claim", "claim", "write_private"]

FRESH = ".new"
_held: set[int] = set()


@attrs.frozen
class Claim:
    """The right to a data folder, held until the `claim` ends."""

    folder: Path

    def announce(self, presence: Presence) -> None:
        """Let others find the server."""
        write_private(self.folder / CARD, json.dumps(unstructure(presence)) + "\n")

    def keep(self, name: str, secret: str) -> str:
        """Write a secret into a file that only its owner can read; returns the reference to it."""
        write_private(self.folder / name, secret + "\n")
        return f"file:{(self.folder / name).absolute()}"


@contextmanager
def claim(folder: Path) -> Iterator[Claim]:
    """Hold `folder` (made if missing) for this process. Raises FolderTaken."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FolderTaken(f"the data folder {folder} can't be used: {error.strerror}") from error
    _held.add(lock)
    try:
        _lock(lock, folder)
        yield Claim(folder)
        with suppress(FileNotFoundError):
            (folder / CARD).unlink()
    finally:
        if lock in _held:
            _held.remove(lock)
            os.close(lock)


def _let_go() -> None:
    """In a child of a fork: it would hold the folder for as long as it lives, though its parent is gone."""
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_let_go)


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, on the disk when this returns; nobody but its owner may read it. Raises OSError."""
    # Of one's own: two writers of one name would write into each other.
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}{FRESH}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lock(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = find(folder)
        who = f"process {holder.pid} at {holder.url}" if holder else _writer_of(folder)
        reason = f"the data folder {folder} is in use by {who}; stop it, or choose another with --data"
        raise FolderTaken(reason) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    # what a process that was killed has left
    for left in (folder / CARD, *folder.glob(f"*.*.*{FRESH}")):
        left.unlink(missing_ok=True)


def _writer_of(folder: Path) -> str:
    """Who holds the lock and says nowhere where it is."""
    try:
        return f"process {int((folder / LOCK).read_text())}"
    except (OSError, ValueError):
        return "another process"

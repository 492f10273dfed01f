"""Where the server of a data folder is found: `server.json` in it, readable to its owner alone."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import attrs

from oracle.border import Invalid, structure

__all__ = ["CARD", "LOCK", "Presence", "find"]

CARD, LOCK = "server.json", "lock"


@attrs.frozen
class Presence:
    """A running server: `url` ends with a slash, `token` is a reference (`file:PATH`) or empty where none is needed;
    `certificate` (PEM) is the one to believe it by, empty where it speaks no TLS."""

    url: str
    pid: int
    token: str = ""
    certificate: str = ""


def find(folder: Path) -> Presence | None:
    """The server that announced itself in `folder` and whose process lives; None where there is none.

    It does not touch the lock: holding that, even for an instant, would keep a server from starting. Except where the card
    names us: then we serve, or bear the number of a server that was killed, as all that is first in a container does."""
    try:
        presence = structure(Presence, json.loads((folder / CARD).read_text()))
        if presence.pid <= 0:  # to the kernel a whole group of processes
            return None
        os.kill(presence.pid, 0)
        if presence.pid == os.getpid() and not _held(folder / LOCK):
            return None
    except (OSError, ValueError, OverflowError, Invalid):
        return None
    return presence


def _held(path: Path) -> bool:
    """Whether a process, be it this one, holds the lock. Raises OSError."""
    lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False

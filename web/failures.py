"""Why a server can't start; each has its exit code in `web.failed`."""

from __future__ import annotations

__all__ = ["AddressTaken", "CannotStart", "FolderTaken"]


class CannotStart(Exception):
    """Something the server needs can't be had; the message says what and why."""


class FolderTaken(CannotStart):
    """Another living process serves this data folder, or the folder can't be used."""


class AddressTaken(CannotStart):
    """An address can't be listened on."""

"""Secrets that clients gave us: one file of the data folder, mode 0600; everything else holds references to them.

A reference names one secret for ever. A changed secret gets a new one, so that a crash between writing this file and
committing the rule leaves the old rule with its old secret.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import trio

__all__ = ["RunSync", "Vault", "VaultBroken"]

RunSync = Callable[..., Awaitable[Any]]

FILE = "alert-secrets.json"


class VaultBroken(Exception):
    """The file of secrets can't be read; the message names it."""


class Vault:
    """Written by one actor only. Reading costs nothing; a change is on the disk before the call returns."""

    def __init__(self, folder: Path, run_sync: RunSync = trio.to_thread.run_sync, file: str = FILE) -> None:
        """Reads the file at once. Raises VaultBroken where it can't."""
        self._path = folder / file
        self._run_sync = run_sync
        self._known = _read(self._path)

    def reveal(self, reference: str) -> str:
        """The secret. Raises KeyError when the file no longer has it."""
        return self._known[reference]

    def new_reference(self) -> str:
        """A name nothing has had before."""
        return f"secret:{secrets.token_hex(12)}"

    async def add(self, found: Mapping[str, str]) -> None:
        """Keep secrets by their new references. Raises OSError, and has kept nothing then."""
        await self._become({**self._known, **found})

    async def keep_only(self, references: Iterable[str]) -> None:
        """Forget all others. Raises OSError, and has forgotten nothing then."""
        wanted = set(references)
        await self._become({ref: secret for ref, secret in self._known.items() if ref in wanted})

    async def _become(self, known: dict[str, str]) -> None:
        if known != self._known:
            await self._run_sync(_write, self._path, json.dumps(known, indent=1))
            self._known = known


def _read(path: Path) -> dict[str, str]:
    try:
        known = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise VaultBroken(f"the secrets in {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # what is in it is never said
        raise VaultBroken(f"the secrets in {path}: not the JSON that was written there{_AWAY}") from error
    if not isinstance(known, dict) or not all(isinstance(secret, str) for secret in known.values()):
        raise VaultBroken(f"the secrets in {path}: not a table of texts{_AWAY}")
    return known


_AWAY = "; put back a copy, or move it away and give the secrets again"


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)  # its mode may be anything
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

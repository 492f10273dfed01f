"""The results of runs, one file each, which only their owner can read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

__all__ = ["Shelf"]


class Shelf:
    """A folder of files `ID.jsonl`, a row of the result in each line; `ID~WHAT` is what else is kept of a run. Its methods block:
    they belong into a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, ident: str, rows: Sequence[Any]) -> None:
        """Keep the rows of a result; all of them or none, over any crash."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target = self._folder / f"{ident}.jsonl"
        fresh = target.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(b"".join(msgspec.json.encode(row, enc_hook=str) + b"\n" for row in rows))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)

    def get(self, ident: str, after: int, limit: int) -> tuple[list[Any], bool]:
        """Rows `after`.. of a result, and whether there are more; none where there is no result."""
        try:
            with (self._folder / f"{ident}.jsonl").open("rb") as file:
                found = [line for place, line in enumerate(file) if after <= place <= after + limit]
        except FileNotFoundError:
            return [], False
        return [msgspec.json.decode(line) for line in found[:limit]], len(found) > limit

    def drop(self, ident: str) -> None:
        """The result is not needed any more, nor is what else was kept of it."""
        for path in (self._folder / f"{ident}.jsonl", *self._folder.glob(f"{ident}~*.jsonl")):
            path.unlink(missing_ok=True)

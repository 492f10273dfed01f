"""The trained model of a strategy as a file, which only its owner can read."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import msgspec

from oracle.trading.ml.features import FEATURES
from oracle.trading.ml.lesson import Model

__all__ = ["ModelFile"]


class _Kept(msgspec.Struct, frozen=True):
    features: tuple[str, ...]
    settings: str
    model: Model


@attrs.frozen
class ModelFile:
    """A model at `path`, trained with `settings`. Its methods block: they belong into a thread."""

    path: Path
    settings: str

    def put(self, model: Model) -> None:
        """Keep it in the place of the one before; either of both is there, over any crash."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.msgpack.encode(_Kept(FEATURES, self.settings, model)))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)

    def get(self) -> Model | None:
        """The model; None where there is none, or one of other features or settings, or something else."""
        try:
            kept = msgspec.msgpack.decode(self.path.read_bytes(), type=_Kept)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        return kept.model if (kept.features, kept.settings) == (FEATURES, self.settings) else None

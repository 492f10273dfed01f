"""How long the long tests are: a seeded sample in `make test`, the whole in `make soak` (ORACLE_SOAK=1)."""

from __future__ import annotations

import os

__all__ = ["SOAK", "rounds"]

SOAK = bool(os.environ.get("ORACLE_SOAK"))


def rounds(sample: int, whole: int) -> int:
    """How many rounds to run here."""
    return whole if SOAK else sample

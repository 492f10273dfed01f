"""Where numbers come from, said on every surface: a simulated one is never shown as if a venue had said it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oracle.sources import is_simulated

__all__ = ["event_provider", "is_simulated"]


def event_provider(source: str, data: Mapping[str, Any] | None) -> str:
    """Who gave the numbers an event is about: what its data says, else its own source."""
    said = (data or {}).get("provider")
    return said if isinstance(said, str) and said else source

"""How long to wait before the next try: longer each time, and not in step with others who lost the same server."""

from __future__ import annotations

import random

__all__ = ["Patience"]

FIRST_S = 0.2
LONGEST_S = 5.0


class Patience:
    """The delays of one who tries again, in seconds."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def reset(self) -> None:
        """It went well."""
        self._next_s = FIRST_S

    def wait_s(self) -> float:
        """Before the next try."""
        now_s, self._next_s = self._next_s, min(2 * self._next_s, LONGEST_S)
        return now_s * random.uniform(0.5, 1.0)

"""One minute of the simulated market."""

from __future__ import annotations

import attrs

__all__ = ["Minute"]


@attrs.frozen(eq=False)
class Minute:
    """One minute of one symbol: the price at each of its 61 seconds, and what was traded in it."""

    prices: list[float]
    volume: float

    def price(self, second: float) -> float:
        """The mid price, 0 <= second < 60."""
        whole = int(second)
        return self.prices[whole] + (self.prices[whole + 1] - self.prices[whole]) * (second - whole)

"""An order book made of a snapshot and the changes after it. Pure: it has no clock and knows no venue."""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
from collections.abc import Iterable

from oracle.feeds.heard import Level

__all__ = ["Book", "Changes"]

Changes = tuple[tuple[float, float], ...]  # (price, size) of what changed; size 0 for a level that is gone

_SUMMED = 10  # levels of each side in a checksum


class Book:
    """The best `levels` bids and asks.

    A venue either tells anew what comes back into sight (`refilled`), or once: then nothing is known of what lies behind
    the levels that were cut off, and such changes are passed over. `worn` says when so little is left that a new snapshot
    is due.
    """

    def __init__(self, levels: int, *, refilled: bool) -> None:
        self._levels = levels
        self._refilled = refilled
        self._bids, self._asks = _Side(-1.0), _Side(1.0)

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Forget all and begin with this snapshot."""
        for side, told in ((self._bids, bids), (self._asks, asks)):
            side.clear()
            side.change(told)
            side.cut(self._levels, for_good=not self._refilled)
            if not self._refilled and len(side) == self._levels:
                side.end()  # who gives as many as were asked for may have more

    def change(self, bids: Iterable[Level], asks: Iterable[Level]) -> tuple[Changes, Changes]:
        """Take changes in their order; gives what became of bids and asks, those cut off included."""
        became = []
        for side, told in ((self._bids, bids), (self._asks, asks)):
            changed = side.change(told)
            changed.update(side.cut(self._levels, for_good=not self._refilled))
            became.append(tuple(changed.items()))
        return became[0], became[1]

    @property
    def bids(self) -> Changes:
        """(price, size), the best first."""
        return self._bids.told()

    @property
    def asks(self) -> Changes:
        """(price, size), the best first."""
        return self._asks.told()

    @property
    def best(self) -> tuple[float, float, float, float] | None:
        """Bid, its size, ask, its size; None while a side is empty."""
        bid, ask = self._bids.best(), self._asks.best()
        return None if bid is None or ask is None else (*bid, *ask)

    @property
    def crossed(self) -> bool:
        """Whether a bid is as high as an ask, which no single venue's book is."""
        best = self.best
        return best is not None and best[0] >= best[2]

    @property
    def worn(self) -> bool:
        """Whether a side that was cut off for good has less than half of its levels left."""
        return any(side.is_cut and len(side) < self._levels / 2 for side in (self._bids, self._asks))

    @property
    def mid(self) -> float | None:
        """(bid + ask) / 2; None while a side is empty."""
        best = self.best
        return None if best is None else (best[0] + best[2]) / 2

    @property
    def spread(self) -> float | None:
        """Ask less bid, in the quote currency; None while a side is empty."""
        best = self.best
        return None if best is None else best[2] - best[0]

    def depth(self, bps: float) -> tuple[float, float] | None:
        """What rests within `bps` of the mid price: bids and asks, in the quote currency; of the levels it has. None while a side
        is empty."""
        mid = self.mid
        if mid is None:
            return None
        return self._bids.worth(mid * (1 - bps / 10_000)), self._asks.worth(mid * (1 + bps / 10_000))

    def checksum(self) -> int:
        """CRC32 of the digits of the ten best asks, then bids."""
        return zlib.crc32((self._asks.digits(_SUMMED) + self._bids.digits(_SUMMED)).encode())


class _Side:
    """Levels of one side; keys are prices with a sign, so that the best has the lowest key."""

    def __init__(self, sign: float) -> None:
        self._sign = sign
        self._keys: list[float] = []
        self._known: dict[float, tuple[float, str]] = {}
        self._edge: float | None = None  # nothing is known of keys above it

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def is_cut(self) -> bool:
        return self._edge is not None

    def clear(self) -> None:
        self._keys.clear()
        self._known.clear()
        self._edge = None

    def change(self, told: Iterable[Level]) -> dict[float, float]:
        changed: dict[float, float] = {}
        for price, size, digits in told:
            key = self._sign * price
            if size == 0:
                if self._known.pop(key, None) is None:
                    continue
                del self._keys[bisect_left(self._keys, key)]
            else:
                if self._edge is not None and key > self._edge:
                    continue
                if key not in self._known:
                    insort(self._keys, key)
                self._known[key] = size, digits
            changed[price] = size
        return changed

    def cut(self, levels: int, *, for_good: bool) -> dict[float, float]:
        lost = self._keys[levels:]
        if not lost:
            return {}
        del self._keys[levels:]
        for key in lost:
            del self._known[key]
        if for_good:
            self.end()
        return {self._sign * key: 0.0 for key in lost}

    def end(self) -> None:
        self._edge = self._keys[-1]

    def best(self) -> tuple[float, float] | None:
        if not self._keys:
            return None
        key = self._keys[0]
        return self._sign * key, self._known[key][0]

    def told(self) -> Changes:
        return tuple((self._sign * key, self._known[key][0]) for key in self._keys)

    def worth(self, limit: float) -> float:
        worth = 0.0
        for key in self._keys:
            if key > self._sign * limit:
                break
            worth += self._sign * key * self._known[key][0]
        return worth

    def digits(self, levels: int) -> str:
        return "".join(self._known[key][1] for key in self._keys[:levels])

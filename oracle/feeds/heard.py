"""What one frame of a venue with order books says, before it meets what is known from the frames before it."""

from __future__ import annotations

import re
from typing import NamedTuple

from oracle.model import Quote, Trade

__all__ = ["Heard", "Level", "Levels", "unknown"]

Level = tuple[float, float, str]  # price, size (0 removes it), and its digits where the venue sums them up

_NAME = re.compile(r"[A-Za-z0-9_@.+-]{1,32}")  # a venue's word becomes a label of a metric; noise must not


class Levels(NamedTuple):
    """A whole book (`snapshot`) or the levels of one that changed; `checksum` of the book after it, None for none said."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    snapshot: bool
    ts_us: int
    checksum: int | None = None


class Heard(NamedTuple):
    """The kind of a frame and what is in it; `sequence` is the venue's number of a quote or a trade.

    `lost` rows of trades could not be read. `doubt`: it could not be read and may have been a change of the book of `symbol`, or
    of any where that is empty.
    """

    kind: str
    symbol: str = ""
    quote: Quote | None = None
    trades: tuple[Trade, ...] = ()
    levels: Levels | None = None
    sequence: int = 0
    doubt: bool = False
    lost: int = 0


def unknown(word: str) -> Heard:
    """`unknown:WORD` for a kind of frame that isn't read."""
    return Heard(f"unknown:{word}" if _NAME.fullmatch(word) else "unknown:other")

"""The order books of one connection: what they say as messages, and which of them have to be read anew.

A change that can't be right (a checksum that differs, prices that cross, a frame that can't be read) says a Gap, and its
book says nothing more until there is a new snapshot, which is wished for. Pure: times are given.
"""

from __future__ import annotations

from typing import Any

import attrs

from oracle.facts import BOOK_DEPTH_ASK, BOOK_DEPTH_BID, BOOK_MID, BOOK_SPREAD
from oracle.feeds.book import Book
from oracle.feeds.heard import Levels
from oracle.feeds.statistics import Parsed
from oracle.model import Depth, Gap, Quote, Sample, ref
from oracle.symbols import quote_asset

__all__ = ["MOST_BOOKS", "Shelf", "samples_of"]

MOST_BOOKS = 1000
_AGAIN_US = 10_000_000  # between two wishes for the same snapshot


@attrs.define(eq=False)
class _Kept:
    book: Book
    synced: bool = False
    heard_us: int = 0  # when it was last right
    wished_us: int | None = None
    sampled_us: int | None = None
    best: tuple[float, float, float, float] | None = None


class Shelf:
    """Books by symbol, 1,000 at most. `within_bps` and `sample_every_s` are those of the feed's settings."""

    def __init__(self, source: str, levels: int, *, refilled: bool, within_bps: float, sample_every_s: float) -> None:
        self._source = source
        self._levels = levels
        self._refilled = refilled
        self._within_bps = within_bps
        self._sample_every_us = round(sample_every_s * 1e6)
        self._kept: dict[str, _Kept] = {}
        self._due: dict[str, None] = {}  # whose snapshot is wanted, in the order it was found out

    def clear(self) -> None:
        """A new connection: no book is known."""
        self._kept.clear()
        self._due.clear()

    def book(self, symbol: str) -> Book | None:
        """The book of a symbol while it can be believed."""
        kept = self._kept.get(symbol)
        return kept.book if kept is not None and kept.synced else None

    def take(self, kind: str, symbol: str, levels: Levels, now_us: int) -> Parsed:
        """What a snapshot or a change says: `kind`, or why it says nothing, and the messages."""
        kept = self._kept.get(symbol)
        if kept is None:
            if len(self._kept) >= MOST_BOOKS:
                return "too_many_symbols", ()
            kept = self._kept[symbol] = _Kept(Book(self._levels, refilled=self._refilled))
        if levels.snapshot:
            return self._begin(kind, symbol, kept, levels, now_us)
        if not kept.synced:
            self._due[symbol] = None
            return "unsynced", ()
        bids, asks = kept.book.change(levels.bids, levels.asks)
        if levels.checksum is not None and levels.checksum != kept.book.checksum():
            return "bad_checksum", self._lose(symbol, kept, "the checksum differs", now_us)
        if kept.book.crossed:
            return "crossed", self._lose(symbol, kept, "bids and asks cross", now_us)
        if kept.book.worn:
            self._due[symbol] = None
        kept.heard_us = now_us
        if not (bids or asks):
            return kind, ()
        depth = Depth(symbol, bids, asks, False, 0, 0, levels.ts_us, self._source)
        return kind, (*self._told(symbol, kept, levels.ts_us, now_us), depth)

    def doubt(self, symbol: str, reason: str, now_us: int) -> tuple[Gap, ...]:
        """Something was not understood: the book of a symbol, or of all where that is empty, is believed no longer."""
        doubted = [symbol] if symbol else list(self._kept)
        return tuple(
            gap for one in doubted if (kept := self._kept.get(one)) is not None and kept.synced
            for gap in self._lose(one, kept, reason, now_us)
        )  # fmt: skip

    def wishes(self, now_us: int) -> tuple[str, ...]:
        """Symbols whose snapshot should be asked for now; each again after ten seconds without one."""
        if not self._due:
            return ()
        wished = []
        for symbol in self._due:
            kept = self._kept[symbol]
            if kept.wished_us is None or not 0 <= now_us - kept.wished_us < _AGAIN_US:
                kept.wished_us = now_us
                wished.append(symbol)
        return tuple(wished)

    def _begin(self, kind: str, symbol: str, kept: _Kept, levels: Levels, now_us: int) -> Parsed:
        known = kept.synced
        kept.book.replace(levels.bids, levels.asks)
        if kept.book.crossed:
            return "crossed", self._lose(symbol, kept, "bids and asks cross", now_us)
        gaps = self._gap(symbol, kept, "a new snapshot", now_us) if kept.heard_us and not known else ()
        kept.synced, kept.heard_us = True, now_us
        self._due.pop(symbol, None)
        depth = Depth(symbol, kept.book.bids, kept.book.asks, True, 0, 0, levels.ts_us, self._source)
        return kind, (*gaps, *self._told(symbol, kept, levels.ts_us, now_us), depth)

    def _lose(self, symbol: str, kept: _Kept, reason: str, now_us: int) -> tuple[Gap, ...]:
        gaps = self._gap(symbol, kept, reason, now_us) if kept.synced else ()
        kept.synced, kept.best = False, None
        self._due[symbol] = None
        return gaps

    def _gap(self, symbol: str, kept: _Kept, reason: str, now_us: int) -> tuple[Gap, ...]:
        return (Gap(ref("feed", self._source), min(kept.heard_us, now_us), now_us, f"book of {symbol}: {reason}"),)

    def _told(self, symbol: str, kept: _Kept, ts_us: int, now_us: int) -> list[Any]:
        """The quote where it changed, and the samples where they are due."""
        best = kept.book.best
        if best is None:
            kept.best = None
            return []
        told: list[Any] = []
        if best != kept.best:
            kept.best = best
            told.append(Quote(symbol, *best, ts_us, self._source))
        if kept.sampled_us is None or not 0 <= now_us - kept.sampled_us < self._sample_every_us:
            kept.sampled_us = now_us
            told += samples_of(kept.book, symbol, self._source, self._within_bps, ts_us)
        return told


def samples_of(book: Book, symbol: str, source: str, within_bps: float, ts_us: int) -> list[Sample]:
    """Mid, spread, and the depth of both sides within `within_bps` of the mid, in the quote currency; of what is known. None of
    them while a side is empty."""
    depth = book.depth(within_bps)
    if depth is None:
        return []
    numbers = {BOOK_MID: book.mid, BOOK_SPREAD: book.spread, BOOK_DEPTH_BID: depth[0], BOOK_DEPTH_ASK: depth[1]}
    subject, unit = f"{symbol}:{source}", quote_asset(symbol)
    return [Sample(name, subject, value, unit, ts_us, source) for name, value in numbers.items() if value is not None]

"""Order books of a venue that tells numbered changes on its stream and whole books on request.

Changes are kept until the snapshot they belong to is there; from then on each has to follow the one before. Where one is
missing, the book is not believed any more, a Gap says so, and a new snapshot is wished for. So it is where nothing but changes
that are older than the book come: then its own number is wrong, or the venue counts anew. Pure: times are given.

Sources: "How to manage a local order book correctly" in Binance's documentation of the spot market (a change of the ids U..u
follows the one that ended with U - 1), and the same of USD-margined futures (where pu + 1 stands for U).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import attrs

from oracle.feeds.book import Book
from oracle.feeds.shelf import samples_of
from oracle.model import Depth, Gap, Sample, ref

__all__ = ["DeltaBooks"]

MOST_WAITING = 1_000  # changes of a symbol until its snapshot is there; the oldest go, and then a later snapshot is needed
AGAIN_US = 10_000_000  # between two wishes for the same snapshot
MOST_OLD = 20  # changes in a row that are older than the book, once a change has followed its snapshot
MOST_AHEAD_US = 10_000_000  # how long a snapshot may be ahead of the stream

DEPTH, OLD = "depthUpdate", "old_change"
Told = tuple[Depth | Gap | Sample, ...]
Levels = tuple[tuple[float, float], ...]


@attrs.define(eq=False)
class _Kept:
    book: Book
    waiting: deque[Depth] = attrs.field(factory=lambda: deque(maxlen=MOST_WAITING))
    last: int = -1  # the id of the newest change in the book
    synced: bool = False
    fresh: bool = False  # no change has followed the snapshot yet
    old: int = 0  # changes in a row that were older than the book
    heard_us: int = 0
    wished_us: int | None = None
    sampled_us: int | None = None


class DeltaBooks:
    """Books by symbol, of those that are named."""

    def __init__(self, source: str, symbols: tuple[str, ...], levels: int, *, within_bps: float, sample_every_s: float) -> None:
        self._source = source
        self._levels = levels
        self._within_bps = within_bps
        self._sample_every_us = round(sample_every_s * 1e6)
        self._kept = {symbol: _Kept(Book(levels, refilled=False)) for symbol in symbols}

    def clear(self) -> None:
        """A new connection: no book is known."""
        for kept in self._kept.values():
            kept.waiting.clear()
            kept.synced, kept.wished_us = False, None

    def book(self, symbol: str) -> Book | None:
        """The book of a symbol while it can be believed."""
        kept = self._kept.get(symbol)
        return kept.book if kept is not None and kept.synced else None

    def take(self, change: Depth, now_us: int) -> tuple[str, Told]:
        """A change on the stream: `depthUpdate`, or `old_change` where it is passed over, or `one_sided` where its book has no
        mid any more; and what is said of the book now."""
        symbol = change.symbol
        kept = self._kept.get(symbol)
        if kept is None:
            return DEPTH, ()
        if not kept.synced:
            if kept.waiting and change.last_id < kept.waiting[-1].last_id:
                kept.waiting.clear()  # either is wrong, and no snapshot could be followed by both
            kept.waiting.append(change)
            return DEPTH, ()
        if change.last_id <= kept.last:
            return OLD, self._passed_over(symbol, kept, change, now_us)
        kept.old = 0
        if kept.wished_us is not None:
            kept.waiting.append(change)  # the snapshot under way may be older
        if not _follows(change, kept.last, kept.fresh):
            kept.waiting.append(change)
            return DEPTH, self._lose(symbol, kept, f"changes {kept.last + 1} to {change.first_id - 1} are missing", now_us)
        _apply(kept.book, change)
        kept.last, kept.fresh, kept.heard_us = change.last_id, False, now_us
        if kept.book.crossed:
            return DEPTH, self._lose(symbol, kept, "bids and asks cross", now_us)
        if kept.book.mid is None:
            return "one_sided", ()
        return DEPTH, tuple(self._samples(symbol, kept, change.ts_us, now_us))

    def begin(self, symbol: str, last_id: int, bids: Levels, asks: Levels, now_us: int) -> tuple[str, Told]:
        """A snapshot that holds all changes up to `last_id`: `snapshot` and what is said of the book, if those after it are all
        there, else why not. One that won't do changes nothing; another one is wished for."""
        kept = self._kept[symbol]
        book, last, fresh = Book(self._levels, refilled=False), last_id, True
        book.replace(((p, s, "") for p, s in bids), ((p, s, "") for p, s in asks))
        for change in kept.waiting:
            if change.last_id <= last:
                continue
            if not _follows(change, last, fresh):
                return "snapshot_too_old", ()
            _apply(book, change)
            last, fresh = change.last_id, False
        if kept.synced and last < kept.last:
            return "snapshot_too_old", ()
        if book.crossed:
            return "snapshot_crossed", ()
        gaps = (self._gap(symbol, kept.heard_us, now_us, "a new snapshot"),) if kept.heard_us and not kept.synced else ()
        kept.waiting.clear()
        kept.book, kept.last, kept.fresh, kept.old = book, last, fresh, 0
        kept.synced, kept.wished_us, kept.heard_us = True, None, now_us
        depth = Depth(symbol, book.bids, book.asks, True, last_id, last, now_us, self._source)
        return "snapshot", (*gaps, depth, *self._samples(symbol, kept, now_us, now_us))

    @property
    def wanting(self) -> bool:
        """Whether a book waits for its snapshot."""
        return any(kept.waiting and not kept.synced for kept in self._kept.values())

    def wishes(self, now_us: int) -> list[str]:
        """Symbols whose snapshot should be asked for now: each again after ten seconds without one."""
        wished = []
        for symbol, kept in self._kept.items():
            due = kept.wished_us is None or not 0 <= now_us - kept.wished_us < AGAIN_US
            if due and (not kept.synced or kept.book.worn) and (kept.waiting or kept.synced):
                kept.wished_us = now_us
                wished.append(symbol)
        return wished

    def _passed_over(self, symbol: str, kept: _Kept, change: Depth, now_us: int) -> Told:
        """A change that the book seems to hold already, as it does those from before its snapshot or that are told twice; but
        not for long."""
        kept.old += 1
        if kept.fresh and 0 <= now_us - kept.heard_us < MOST_AHEAD_US:
            return ()
        if not kept.fresh and kept.old < MOST_OLD:
            return ()
        kept.waiting.clear()
        kept.waiting.append(change)
        return self._lose(symbol, kept, f"{kept.old} changes in a row are older than {kept.last}", now_us)

    def _lose(self, symbol: str, kept: _Kept, reason: str, now_us: int) -> Told:
        kept.synced, kept.wished_us = False, None
        return (self._gap(symbol, kept.heard_us, now_us, reason),)

    def _gap(self, symbol: str, from_us: int, now_us: int, reason: str) -> Gap:
        return Gap(ref("feed", self._source), min(from_us, now_us), now_us, f"book of {symbol}: {reason}")

    def _samples(self, symbol: str, kept: _Kept, ts_us: int, now_us: int) -> Iterator[Sample]:
        if kept.sampled_us is None or not 0 <= now_us - kept.sampled_us < self._sample_every_us:
            kept.sampled_us = now_us
            yield from samples_of(kept.book, symbol, self._source, self._within_bps, ts_us)


def _follows(change: Depth, last: int, fresh: bool) -> bool:
    # A snapshot (`fresh`) may hold a part of the first change after it.
    return change.first_id <= last + 1 if fresh else change.first_id == last + 1


def _apply(book: Book, change: Depth) -> None:
    book.change(((p, s, "") for p, s in change.bids), ((p, s, "") for p, s in change.asks))

"""The only writer of stream frames to one WebSocket client.

A frame is written at once where nothing is ahead of it. A client that takes them too slowly is not kicked and holds nobody
up: what waits for it is conflated by key (the newest of each key stays), at most `limit_bytes` are held (then the oldest
go), and it is told how many it was not given. Offsets reach a client in growing order, each at most once. What is said to
this client alone (`ready`, acknowledgements, errors) is never left out; one that lets too much of that pile up is cut off.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from typing import Protocol

import trio

from web.wire import Dialect, text_frame

__all__ = ["Batch", "Entry", "Link", "Outlet", "hand_out"]

KIB = 1024
JOIN_BYTES = 256 * KIB
TAKE_BYTES = 64 * KIB
WORDS_BYTES = 256 * KIB

Entry = tuple[int, Hashable | None, bytes]
"""(offset, key, frame); key None: never conflated."""


class Link(Protocol):
    """What an outlet needs of its connection."""

    def settle(self) -> None:
        """Look whether the next frame may be written without a look: gives the outlet its `number`, or takes it away."""

    def keep(self, rest: bytes) -> None:
        """Keep what a write by the outlet's number left over, as the tail; all of it where nothing was taken."""

    def lose(self) -> None:
        """End now: a write by the outlet's number has failed."""

    @property
    def open(self) -> bool:
        """Whether frames may be written: accepted, and neither side has begun to close."""

    @property
    def clear(self) -> bool:
        """Whether `write` may be called now: nothing is half sent and nobody else is sending."""

    @property
    def tail(self) -> bytes:
        """What a short write left behind."""

    @property
    def deflates(self) -> frozenset[str]:
        """The topics whose messages this client takes compressed."""

    def write(self, data: bytes) -> None:
        """Write without waiting; keeps what did not fit as the tail."""

    def flush_soon(self) -> None:
        """Call `take` and send what it gives as soon as the client takes more."""

    def cut_off(self) -> None:
        """End the connection now: its client asks, and does not take the answers."""


class Batch:
    """Frames of consecutive offsets for one group of sockets; joined once, for all members that are idle."""

    __slots__ = ("count", "entries", "first", "joined", "last", "size")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.count = len(entries)
        self.first = entries[0][0]
        self.last = entries[-1][0]
        self.joined = entries[0][2] if self.count == 1 else b"".join([frame for _, _, frame in entries])
        self.size = len(self.joined)


def hand_out(batch: Batch, outlets: Iterable[Outlet]) -> list[Outlet]:
    """Offer a batch to many; returns those that can't be told anything any more.

    All that a frame costs a client who takes it is here, in one loop, since calls would cost more than the kernel does."""
    write, gone = os.write, []
    joined, size, first, last, count = batch.joined, batch.size, batch.first, batch.last, batch.count
    for outlet in outlets:
        if outlet.number >= 0 and outlet.floor < first and size <= outlet.join_bytes:
            outlet.floor = last
            outlet.told += count
            try:
                sent = write(outlet.number, joined)
            except BlockingIOError:
                sent = 0
            except OSError:
                outlet.link.lose()
                continue
            if sent < size:
                outlet.link.keep(joined[sent:])
        elif not outlet.offer_batch(batch):
            gone.append(outlet)
    return gone


class Outlet:
    """`floor` is the last offset given or passed over; `skipped` and `told` count messages in this outlet's life.

    `number` is the file number of the connection while a frame may be written without any further look: it is open, nothing
    is half sent, nobody is sending, and nothing waits here. Whatever makes one of these untrue, above all whoever closes the
    file, sets it to -1 in the same block without an await; so it is never the number of somebody else's file.
    """

    __slots__ = (
        "_control", "_places", "_reason", "_taken", "_untold", "_waiting", "_waiting_bytes", "_words", "_words_bytes", "dialect",
        "floor", "join_bytes", "limit_bytes", "link", "number", "skipped", "told",
    )  # fmt: skip

    def __init__(self, link: Link, limit_bytes: int = 1024 * KIB) -> None:
        self.link = link
        self.limit_bytes = limit_bytes
        # what a client does not take of it is held until it does: it must leave room for what is newer
        self.join_bytes = min(JOIN_BYTES, limit_bytes // 4)
        self.number = -1
        self.floor = -1
        self.told = 0
        self.skipped = 0
        self.dialect: Dialect | None = None  # how this client is told things; text messages until somebody knows better
        self._places = 0  # given out, so that what waits in two lines goes out as it came
        self._waiting: dict[Hashable, tuple[int, bytes]] = {}
        self._waiting_bytes = 0
        self._words: dict[int, bytes] = {}
        self._words_bytes = 0
        self._untold = 0
        self._reason = ""
        self._control = b""
        self._taken: trio.Event | None = None

    @property
    def open(self) -> bool:
        """Whether this client can still be told anything."""
        return self.link.open

    @property
    def held_bytes(self) -> int:
        """What waits here for the client to take it."""
        return self._waiting_bytes + self._words_bytes + len(self.link.tail)

    @property
    def has_more(self) -> bool:
        """Whether `take` has something to give."""
        return bool(self._waiting or self._words or self._control or self._untold)

    def offer(self, offset: int, key: Hashable | None, frame: bytes) -> None:
        """Give the client the frame of `offset`, now or when it can take it; never waits."""
        if offset <= self.floor or not self.link.open:
            return
        self.floor = offset
        self._give((offset,) if key is None else key, frame)

    def offer_batch(self, batch: Batch) -> bool:
        """Offer all frames of a batch; an idle client gets them in one write. False where it can't be told anything."""
        link = self.link
        if self.floor < batch.first and batch.size <= self.join_bytes and self._idle:
            self.floor = batch.last
            self.told += batch.count
            link.write(batch.joined)
            link.settle()
            return True
        for entry in batch.entries:
            self.offer(*entry)
        return link.open

    def show(self, entries: Sequence[Entry]) -> None:
        """Give the client a snapshot: entries may be older than what it was told of other topics."""
        if not entries:
            return
        if self._idle and sum(len(frame) for _, _, frame in entries) <= self.join_bytes:
            self.told += len(entries)
            self.link.write(b"".join([frame for _, _, frame in entries]))
            return
        for offset, key, frame in entries:
            if self.link.open:
                self._give((offset,) if key is None else key, frame)

    async def taken(self) -> None:
        """Wait until nothing waits here any more. Of a client that has gone nothing is ever taken."""
        await trio.lowlevel.checkpoint()
        while self._waiting or self._words or self._untold:
            if self._taken is None:
                self._taken = trio.Event()
            await self._taken.wait()

    def say(self, payload: bytes, key: Hashable | None = None, place: str = "") -> None:
        """Give the client a JSON message that has no offset, in order with the frames. With a `key` it is held as those
        are, and conflated; without one it is never skipped, and a client with 256 KiB of such words is cut off. `place`:
        where it may come back to afterwards."""
        if not self.link.open:
            return
        frame = self.dialect.word(payload, place) if self.dialect else text_frame(payload)
        if key is not None or self._idle:
            self._give(key, frame)
            return
        self._words[self._place()] = frame
        self._words_bytes += len(frame)
        if self._words_bytes > WORDS_BYTES:
            self.link.cut_off()
        else:
            self.link.flush_soon()

    def lost(self, count: int, reason: str) -> None:
        """Tell the client that `count` messages never came as far as here."""
        idle = self._idle
        self.skipped += count
        self._untold += count
        self._reason = reason
        if idle:
            self.link.write(self._notice())
        elif self.link.open:
            self.link.flush_soon()

    def control(self, frame: bytes) -> None:
        """Send a ping or pong. Of those that can't be sent at once only the newest is kept, which is all RFC 6455 asks."""
        if not self.link.open:
            return
        if self.link.clear:
            self.link.write(frame)
        else:
            self._control = frame
            self.link.flush_soon()

    def take(self) -> bytes:
        """The next bytes to send, some 64 KiB at most: control frame, the notice of what was skipped, then what waits."""
        parts, size = [self._control], 0
        self._control = b""
        if self._untold:
            parts.append(self._notice())
        while (self._waiting or self._words) and size < TAKE_BYTES:
            frame = self._next()
            self.told += 1
            size += len(frame)
            parts.append(frame)
        if self._taken is not None and not self._waiting and not self._words:
            self._taken.set()
            self._taken = None
        return b"".join(parts)

    @property
    def _idle(self) -> bool:
        return not self.has_more and self.link.open and self.link.clear

    def _give(self, key: Hashable, frame: bytes) -> None:
        if self._idle:
            self.told += 1
            self.link.write(frame)
        else:
            self._hold(key, frame)
            self.link.flush_soon()

    def _hold(self, key: Hashable, frame: bytes) -> None:
        waiting = self._waiting
        older = waiting.pop(key, None)
        waiting[key] = self._place(), frame
        self._waiting_bytes += len(frame)
        if older is not None:
            self._pass_over(older[1])
        room_bytes = self.limit_bytes - len(self.link.tail)
        while self._waiting_bytes > room_bytes and waiting:
            self._pass_over(waiting.pop(next(iter(waiting)))[1])

    def _place(self) -> int:
        self._places += 1
        return self._places

    def _next(self) -> bytes:
        """What has waited longest, in either line."""
        key, word = next(iter(self._waiting), None), next(iter(self._words), None)
        if word is not None and (key is None or word < self._waiting[key][0]):
            frame = self._words.pop(word)
            self._words_bytes -= len(frame)
        else:
            frame = self._waiting.pop(key)[1]  # type: ignore[arg-type]
            self._waiting_bytes -= len(frame)
        return frame

    def _pass_over(self, frame: bytes) -> None:
        self._waiting_bytes -= len(frame)
        self.skipped += 1
        self._untold += 1
        self._reason = "slow client"

    def _notice(self) -> bytes:
        count, self._untold = self._untold, 0
        return self.dialect.word(self.dialect.skipped(count, self._reason)) if self.dialect else b""

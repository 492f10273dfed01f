"""Clients that are cut off at random bytes and come back, over many runs of a server: their logs are the server's.

Each goes on from the newest place it saw, as the page does, whatever was torn in the middle; in between it asks for places
at random, also for such as never were. It is told all since then, or the true reason why not and a snapshot.
"""

from __future__ import annotations

import itertools
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import attrs
import trio
from live import Client

from oracle.bookmark import Bookmark
from oracle.patterns import Patterns
from tests.logbook import Logbook, Place, Server, publish, serving
from tests.soak import rounds
from web import replay
from web.desk import Bounds

CUTS = rounds(100, 10_000)
CLIENTS = rounds(5, 10)  # at a time, of twice as many; so some are away for whole runs
CUTS_OF_A_RUN = rounds(25, 50)
MOST_RUNS = 4 * CUTS // CUTS_OF_A_RUN  # so many at most until everything that may come to pass has
TOPICS = ("*", "*", "quote:*", "event:*", "quote:*,event:*,state:*,life:*", "trade:B", "state:*", "depth:*,attempt:*", "*",
          "none:*")  # fmt: skip
# what is told comes in small pieces and pages; and too much of it comes to pass
BOUNDS = Bounds(held_bytes=16 * 1024, send_buffer_bytes=16 * 1024)
PAGE, MOST = 50, 500
# some messages of a run are only in history; with much less a ring on a busy machine passes by faster than history commits
RINGS_BYTES = (150_000, 150_000, 10**7)
PLACES = ("past", "past", "unknown_epoch", "past", "past", "beyond_end", "past", "past", "beyond_present")
HAPPENINGS = ("torn while it caught up", "unknown_epoch", "beyond_end", "beyond_present", "too_much")
WHOLE = 2**40  # bytes; as good as uncut
RESET = struct.pack("ii", 1, 0)


class Cut(Exception):
    """The connection has ended, in the middle of whatever was read."""


class Torn(Client):
    """A client whose connection ends after so many bytes."""

    left = WHOLE

    def allow(self, size: int) -> None:
        """Let it have this many bytes from here on; some of them may have come with the handshake."""
        del self.buffer[size:]
        self.left = size - len(self.buffer)

    async def _more(self) -> None:
        if not self.left:
            raise Cut
        data = await self.stream.receive_some(min(self.left, 65_536))
        assert data, "the server ended it"
        self.left -= len(data)
        self.buffer += data


@attrs.define
class Visit:
    """What one connection was told."""

    recovered: bool | None = None  # None: nothing was told
    reason: str | None = None
    after: Place | None = None  # where something was missing, and yet everything since this place was to be told
    ready: dict[str, Any] | None = None
    caught_up: list[dict[str, Any]] = attrs.field(factory=list)  # while it was to be told everything
    snapshot: list[dict[str, Any]] = attrs.field(factory=list)  # after it was said that this can't be
    live: list[dict[str, Any]] = attrs.field(factory=list)  # after `ready`

    def hear(self, frame: dict[str, Any]) -> None:
        """Take a frame."""
        if frame["type"] == "subscribed":
            assert (self.recovered in (None, True) or self.after) and self.ready is None
            self.after = None
            self.recovered, self.reason = frame["recovered"], frame.get("reason")
            if "after" in frame:
                self.after = (frame["after"].split(":")[0], int(frame["after"].split(":")[1]))
        elif frame["type"] == "ready":
            assert (frame["recovered"], frame.get("reason")) == (self.recovered, self.reason)
            assert not (self.recovered or self.after) or frame["caught_up"] == len(self.caught_up)
            self.ready = frame
        elif self.ready is not None:
            self.live.append(frame)
        else:
            (self.caught_up if self.recovered or self.after else self.snapshot).append(frame)

    @property
    def until(self) -> Place | None:
        """Up to where `ready` says that it knows all."""
        return (self.ready["epoch"], self.ready["offset"]) if self.ready else None


class Page:
    """A client that is left open; keeps what it was told since a place from which it knows everything."""

    def __init__(self, topics: str, since: Place, kinds: Iterator[str]) -> None:
        self.topics = topics
        self.kinds = kinds
        self.wanted = Patterns(topics.split(","))
        self.since = since
        self.frames: list[dict[str, Any]] = []
        self.mark = Bookmark(f"{since[0]}:{since[1]}")

    async def go_on(self, book: Logbook, server: Server, size: int, dice: Random) -> Visit:
        """Come back to where it was; its log over all connections is the server's."""
        visit = await self._visit(server, str(self.mark), size, dice, self.mark)
        self.frames += visit.caught_up
        assert visit.recovered is not False or self._too_late(visit, len(book.after(self.since, self.wanted)))
        if visit.ready is None:
            return visit
        if visit.recovered:
            book.check_whole(self.frames, self.since, self.wanted, visit.until)
        assert visit.until is not None
        self.since, self.frames = visit.until, visit.live
        return visit

    @staticmethod
    def _too_late(visit: Visit, owed: int) -> bool:
        """Whether it was owed too much, or the small ring passed it by again and again on a machine that is busy."""
        return visit.reason == "too_slow" or (visit.reason == "too_much" and owed > MOST)

    async def ask(self, book: Logbook, server: Server, size: int, dice: Random) -> Visit:
        """Come with any place, or with none that ever was."""
        kind, before = next(self.kinds), book.names[-4:-1]
        epochs = [book.present] if kind == "beyond_present" or not before else before
        epoch = dice.choice([*epochs, book.present] if kind == "past" else epochs)
        end = server.runtime.bus.offset if epoch == book.present else book.ends[epoch]
        offset = max(0, end - dice.choice((0, 1, 20, 300, 1_000, end)))
        why = None
        if kind == "unknown_epoch":
            epoch, why = "beef", kind
        elif kind != "past":
            offset, why = end + 10_000, "beyond_present" if epoch == book.present else "beyond_end"
        visit = await self._visit(server, f"{epoch}:{offset}", size, dice)
        if visit.recovered is None:
            return visit
        if why or not visit.recovered:
            owed = (epoch, offset) if why != "beyond_end" else (book.names[book.names.index(epoch) + 1], 0)
            late = why in (None, "beyond_end") and self._too_late(visit, len(book.after(owed, self.wanted)))
            assert late or visit.reason == why
        if visit.after:
            assert visit.reason == "beyond_end" and visit.after == (book.names[book.names.index(epoch) + 1], 0)
        if visit.recovered or visit.after:
            book.check_whole(visit.caught_up + visit.live, visit.after or (epoch, offset), self.wanted, visit.until)
        else:
            shown = set(book.check_frames(visit.snapshot))
            if visit.ready is not None:
                newest = book.newest(self.wanted, visit.ready["offset"])
                # who was told a part of it all gets the rest
                assert shown == newest or (visit.reason == "too_slow" and shown < newest)
            if visit.until is not None:
                book.check_whole(visit.live, visit.until, self.wanted)
        return visit

    async def _visit(self, server: Server, since: str, size: int, dice: Random, mark: Bookmark | None = None) -> Visit:
        visit, more = Visit(), 0 if self.topics == "none:*" or size == WHOLE else dice.randint(0, 5)
        client = await Torn.connect(server, f"/api/oracle/stream?topics={self.topics}&since={since}")  # type: ignore[arg-type]
        client.allow(size)
        try:
            with trio.fail_after(60):
                while visit.ready is None or len(visit.live) < more:
                    frame = await client.message()
                    if frame["type"] == "skipped":
                        break  # it was too slow for a moment, and what it missed it is told when it comes back
                    news = mark is None or mark.take(frame)
                    assert news or "topic" not in frame
                    visit.hear(frame)
        except Cut:
            pass
        if dice.random() < 0.5:
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        await trio.aclose_forcefully(client.stream)
        return visit


async def visits(page: Page, book: Logbook, server: Server, dice: Random, seen: Counter[object]) -> None:
    """A page's share of the cuts of a run."""
    for _ in range(CUTS_OF_A_RUN // CLIENTS):
        come = page.go_on if dice.random() < 0.6 else page.ask
        visit = await come(book, server, dice.choice((dice.randint(0, 400), dice.randint(0, 50_000), WHOLE - 1)), dice)
        seen["cuts"] += 1
        seen[visit.reason or visit.recovered] += 1
        seen["torn while it caught up"] += visit.recovered is True and visit.ready is None


async def test_the_log_of_a_client_that_is_cut_off_at_any_byte_is_the_server_s(tmp_path, monkeypatch):
    """The seed makes messages, cuts and places to return to; the machine makes the rest."""
    monkeypatch.setattr(replay.Replay.__init__, "__defaults__", (MOST,))
    monkeypatch.setattr(replay, "PAGE", PAGE)
    dice, numbers, kinds, book = Random(7), itertools.count(), itertools.cycle(PLACES), Logbook()
    pages: list[Page] = []
    seen: Counter[object] = Counter()
    for run in range(MOST_RUNS):
        if run * CUTS_OF_A_RUN >= CUTS and all(seen[what] for what in HAPPENINGS):
            break
        async with serving(tmp_path, dice.choice(RINGS_BYTES), BOUNDS) as server, trio.open_nursery() as publisher:
            epoch = book.begin(server)
            pages = pages or [Page(topics, (epoch, 0), kinds) for topics in TOPICS * 2]
            publisher.start_soon(publish, server, dice, numbers)
            async with trio.open_nursery() as clients:
                for page in dice.sample(pages, CLIENTS):
                    clients.start_soon(visits, page, book, server, dice, seen)
            publisher.cancel_scope.cancel()
            assert (await server.runtime.ask("web", "desk")).crashed == 0
        book.end(server)
    async with serving(tmp_path) as server:
        book.begin(server)
        for page in pages:
            visit = await page.go_on(book, server, WHOLE, dice)
            assert visit.ready is not None
    assert seen["cuts"] >= CUTS and seen[True] > CUTS / 3
    assert [what for what in HAPPENINGS if not seen[what]] == []

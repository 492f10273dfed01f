"""Every byte of a hundred sockets that are written to in pieces, ping, stall, change what they want and end in every way.

What a socket is told is compared byte for byte with a log that listens on the bus and encodes for itself. Each socket also
wants a topic that no other wants: whoever is told something of another's was written a stranger's bytes.
"""

from __future__ import annotations

import bisect
import itertools
import random
import socket
import struct
from collections import Counter, deque

import attrs
import trio
from live import BOTH, CLOSE, PING, PONG, TEXT, Client, Closed, Live, masked, open_live

from actors import Published
from tests.soak import rounds
from web.desk import Bounds
from web.dialects import Native

BOUNDS = Bounds(send_buffer_bytes=1024, held_bytes=32 * 1024, frames_per_s=1_000_000, heartbeat_s=5.0, linger_s=0.2)
SOCKETS = 100
SECONDS = rounds(1, 600)
KEPT = 10_000  # messages of the log; whatever is told later than that is not what was published
FAMILIES = ("even", "odd")
ENDINGS = ("settle", "close", "cut short", "reset", "walk away")
SIZES = (0, 5, 100, 500, 2_000) * 10 + (32_650, 32_750)  # around where the length of a frame takes eight bytes
RESET = struct.pack("ii", 1, 0)


@attrs.frozen
class Note:
    """A message of these tests; retained ones are conflated by topic."""

    topic: str
    text: str
    retained: bool


def pattern_of(topic: str) -> str:
    """By which pattern a socket asks for a topic: `own:7`, `even:*`."""
    head = topic.partition(":")[0]
    return topic if head == "own" else f"{head}:*"


class Log:
    """What was published, as these sockets' dialect tells it."""

    def __init__(self, live: Live) -> None:
        self._dialect = Native(live.runtime.epoch)
        self._payloads: dict[int, bytes] = {}
        self._by_pattern: dict[str, list[int]] = {}
        self._by_retained: dict[str, list[int]] = {}
        for pattern in ("own:*", *(f"{family}:*" for family in FAMILIES)):
            live.runtime.listen(pattern, self.put)

    def put(self, published: Published) -> None:
        """Keep a message; of old ones only that they were."""
        offset, topic = published.offset, published.topic
        self._payloads[offset] = self._dialect.encode(published)
        self._by_pattern.setdefault(pattern_of(topic), []).append(offset)
        if published.message.retained:
            self._by_retained.setdefault(topic, []).append(offset)
        if len(self._payloads) > KEPT:
            del self._payloads[next(iter(self._payloads))]

    def payload(self, offset: int) -> bytes | None:
        """What a socket must be told."""
        return self._payloads.get(offset)

    def number(self, pattern: str, after: int, until: int) -> int:
        """How many were published in (after, until]."""
        offsets = self._by_pattern.get(pattern, [])
        return bisect.bisect_right(offsets, until) - bisect.bisect_right(offsets, after)

    def snapshot(self, patterns: frozenset[str], until: int) -> set[int]:
        """The newest retained messages at `until`."""
        lists = [offsets for topic, offsets in self._by_retained.items() if pattern_of(topic) in patterns]
        return {offsets[i - 1] for offsets in lists if (i := bisect.bisect_right(offsets, until))}


class Judge(Client):
    """A client that knows what it may be told, in which order and how much of it; fails at the first frame that is wrong."""

    def begin(self, log: Log, epoch: str, number: int) -> None:
        """Know what it must be told from here on; of the stream only the handshake has been read."""
        self.log, self.epoch, self.number = log, epoch, number
        self.told = self.owed = 0
        self.floor = self.changed = -1
        self.wants: dict[str, int] = {}  # pattern: since which offset
        self.shown: set[int] | None = None  # what may come between `subscribed` and `ready`
        self.sent_pings: deque[bytes] = deque()
        self.turn = trio.Lock()

    async def frame(self) -> tuple[int, bytes]:
        """The next frame; keeps the payload. A pong answers a ping of this socket, in order and none twice."""
        opcode, self.payload = await super().frame()
        while opcode == PONG and self.payload != self.sent_pings.popleft():
            pass
        return opcode, self.payload

    async def send(self, opcode: int, payload: bytes = b"", **how: object) -> None:
        """Send a frame whole before the next one."""
        async with self.turn:
            await super().send(opcode, payload, **how)

    async def step(self) -> str:
        """Judge one message; its type."""
        told = await self.message()
        kind: str = told["type"]
        assert told["epoch"] == self.epoch
        if kind == "subscribed":
            self._change(frozenset(told["topics"]), told["offset"])
        elif kind == "ready":
            assert self.shown is not None and told["offset"] == self.changed
            self.shown, self.floor = None, max(self.floor, self.changed)
        elif kind != "skipped":
            self._judge(told["offset"], told["topic"])
        return kind

    async def want(self, *patterns: str) -> None:
        """Change the subscription to these and judge all up to the server's `ready`."""
        add, drop = set(patterns) - self.wants.keys(), self.wants.keys() - set(patterns)
        for action, topics in (("subscribe", add), ("unsubscribe", drop)):
            if topics:
                await self.say({"action": action, "topics": sorted(topics)})
                while await self.step() != "ready":
                    pass
        assert self.wants.keys() == set(patterns)

    async def settle(self) -> None:
        """Want nothing more; then all that was published for this socket has been told, or told to be skipped."""
        await self.want()
        assert self.told + self.skipped == self.owed

    def due(self, until: int) -> int:
        """How many it was owed at an offset."""
        return self.owed + sum(self.log.number(pattern, since, until) for pattern, since in self.wants.items())

    def _change(self, wanted: frozenset[str], offset: int) -> None:
        assert self.shown is None and offset >= self.floor
        for pattern in self.wants.keys() - wanted:
            self.owed += self.log.number(pattern, self.wants.pop(pattern), offset)
        fresh = wanted - self.wants.keys()
        self.wants.update(dict.fromkeys(fresh, offset))
        self.shown, self.changed = self.log.snapshot(fresh, offset), offset
        self.owed += len(self.shown)
        self.last_shown = -1

    def _judge(self, offset: int, topic: str) -> None:
        assert pattern_of(topic) in self.wants, f"{topic} told to socket {self.number}, which wants {sorted(self.wants)}"
        assert self.payload == self.log.payload(offset)
        if self.shown is None:
            assert offset > self.floor, f"{offset} after {self.floor}"
            self.floor = offset
        else:
            assert offset in self.shown and offset > self.last_shown
            self.last_shown = offset
        self.told += 1


@attrs.define
class Arena:
    """The server, its log, and what has happened in it."""

    live: Live
    log: Log
    dice: random.Random
    until_s: float
    numbers: itertools.count[int] = attrs.field(factory=itertools.count)
    alive: dict[int, Judge] = attrs.field(factory=dict)
    seen: Counter[str] = attrs.field(factory=Counter)
    file_numbers: set[int] = attrs.field(factory=set)  # of the server's sides

    async def socket(self) -> None:
        """One of the hundred: life after life until the time is over; the last one settles."""
        over = False
        while not over:
            judge = await self.arrive()
            ending = self.dice.choice(ENDINGS)
            async with trio.open_nursery() as nursery:
                done = trio.Event()
                if self.dice.random() < 0.6:
                    nursery.start_soon(self.flood, judge, done)
                for _ in range(self.dice.randint(1, 4)):
                    await self.dice.choice((self.read, self.stall, self.change))(judge)
                now_s = trio.current_time()
                over = now_s > self.until_s and (self.has_seen_all or now_s > self.until_s + 30)
                done.set()
            await self.end(judge, "settle" if over else ending)

    async def arrive(self) -> Judge:
        """Connect and read up to `ready`."""
        number = next(self.numbers)
        buffer = self.dice.choice((2048, 2048, 0))
        judge = await Judge.connect(self.live, f"/stream?topics=own:{number},even:*", receive_buffer=buffer)
        judge.begin(self.log, self.live.runtime.epoch, number)
        self.alive[number] = judge
        while await judge.step() != "ready":
            pass
        return judge

    @property
    def has_seen_all(self) -> bool:
        """Whether all that this is about has happened."""
        return all(self.seen[what] for what in (*ENDINGS, "told", "skipped", "pongs", "short writes"))

    async def read(self, judge: Judge) -> None:
        """Take some messages."""
        for _ in range(self.dice.randint(1, 100)):
            await judge.step()

    async def stall(self, judge: Judge) -> None:
        """Take nothing for a while; that is what stalling is."""
        await trio.sleep(self.dice.uniform(0.05, 0.8))

    async def change(self, judge: Judge) -> None:
        """Want something else, and still the own topic."""
        families = self.dice.sample(FAMILIES, self.dice.randint(1, 2))
        await judge.want(f"own:{judge.number}", *(f"{family}:*" for family in families))

    async def flood(self, judge: Judge, done: trio.Event) -> None:
        """Ping without waiting for an answer."""
        for nth in itertools.count():
            payload = (b"%d:%d" % (judge.number, nth)).ljust(self.dice.randint(20, 125), b".")
            judge.sent_pings.append(payload)
            await judge.send(PING, payload)
            if nth % 20 == 0:
                with trio.move_on_after(self.dice.uniform(0, 0.5)):
                    await done.wait()
            if done.is_set():
                return

    async def end(self, judge: Judge, how: str) -> None:
        """End a life; whatever was read of it is counted right."""
        self.seen[how] += 1
        if how == "settle":
            await judge.settle()
        if how in ("settle", "close"):
            await judge.send(CLOSE, b"\x03\xe8")
            try:
                while True:
                    await judge.step()
            except Closed as closed:
                assert closed.code == 1000
            assert not judge.buffer and await judge.stream.receive_some(1) == b"", "nothing comes behind the close frame"
        elif how in ("cut short", "reset"):
            frame = masked(TEXT, b"x" * 200)
            await judge.stream.send_all(frame[: self.dice.randint(1, len(frame) - 1)])
        if how == "reset":
            judge.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        assert judge.told + judge.skipped <= judge.due(self.live.runtime.bus.offset)
        self.seen.update(told=judge.told, skipped=judge.skipped, pongs=len(judge.pongs))
        del self.alive[judge.number]
        await trio.aclose_forcefully(judge.stream)

    async def publish(self) -> None:
        """Publish for ever, for many or for one; look meanwhile where writes were short, and which file numbers there are."""
        dice, runtime = self.dice, self.live.runtime
        desk = await self.live.desk()
        while True:
            for _ in range(dice.choice((1, 1, 2, 12))):
                head = dice.choice((*FAMILIES, "own"))
                name = dice.choice([*self.alive, -1]) if head == "own" else dice.choice("abcd")
                runtime.publish(Note(f"{head}:{name}", "é" * dice.choice(SIZES), retained=name in ("a", "b")))
            self.seen["short writes"] += sum(bool(one.tail) for one in desk.open)
            self.file_numbers.update(one.stream.socket.fileno() for one in desk.open)
            await trio.sleep(dice.uniform(0, 0.02))


@BOTH
async def test_every_byte_and_every_offset_of_a_hundred_sockets(tls):
    async with open_live(BOUNDS, tls=tls) as live:
        # with segments larger than a tiny window the kernel says that there is room again only when a probe asks, after 0.2 s
        live.listeners[0].sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        arena = Arena(live, Log(live), random.Random(6455), trio.current_time() + SECONDS)
        async with trio.open_nursery() as publisher:
            publisher.start_soon(arena.publish)
            with trio.fail_after(SECONDS + 60):
                async with trio.open_nursery() as sockets:
                    for _ in range(SOCKETS):
                        sockets.start_soon(arena.socket)
            publisher.cancel_scope.cancel()
        await live.quiet(0)
        desk = await live.desk()
    assert (desk.crashed, desk.cut_off) == (0, 0)
    assert arena.has_seen_all
    assert desk.accepted > len(arena.file_numbers), "file numbers were used again"


@BOTH
async def test_the_answer_to_a_close_frame_waits_for_its_turn_however_long_the_heart_beats(tls):
    """The client says goodbye while half a frame is on its way, takes nothing for some heartbeats, then reads on."""
    async with open_live(attrs.evolve(BOUNDS, heartbeat_s=0.1), tls=tls) as live:
        client = await Client.connect(live, "/stream?topics=own:*", receive_buffer=2048)
        await client.message_of("ready")
        live.runtime.publish(Note("own:1", "é" * 50_000, retained=False))
        await live.when(lambda desk: any(one.tail for one in desk.open))
        await client.send(CLOSE, b"\x03\xe8")
        await trio.sleep(0.5)
        assert (await client.message_of("own"))["data"]["text"] == "é" * 50_000
        assert await client.close_code() == 1000


@BOTH
async def test_a_close_frame_of_ours_waits_for_its_turn_too(tls):
    async with open_live(attrs.evolve(BOUNDS, linger_s=0.1), tls=tls) as live:
        client = await Client.connect(live, "/stream?topics=own:*", receive_buffer=2048)
        await client.message_of("ready")
        live.runtime.publish(Note("own:1", "é" * 50_000, retained=False))
        await live.when(lambda desk: any(one.tail for one in desk.open))
        live.runtime.kill("sockets")
        await trio.sleep(0.5)
        assert (await client.message_of("own"))["data"]["text"] == "é" * 50_000
        assert await client.close_code() == 1001

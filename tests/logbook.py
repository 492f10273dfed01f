"""A real server that keeps a log of what it publishes, and what a client that comes back must be told by it."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import attrs
import trio

from actors import Published, Runtime
from oracle.listen import Listen
from oracle.model import Attempt, Depth, Event, Quote, Severity, State, Trade
from oracle.patterns import Patterns
from oracle.settings import Auth, Data, Demo, Settings
from oracle.system import open_system
from web import hub, visitor
from web import server as web_server
from web.app import make_app
from web.auth import Doorman
from web.desk import Bounds
from web.dialects import Native

RING_BYTES = 60_000  # small, so that many a client has to be told from history

Place = tuple[str, int]


@attrs.define
class Server:
    """A running server, and its own log of what it published: the message of offset n is `log[n - 1]`."""

    system: Any
    port: int
    log: list[Published]

    @property
    def runtime(self) -> Runtime:
        """That of the system."""
        runtime: Runtime = self.system.runtime
        return runtime

    def over(self, stream: trio.SocketStream) -> trio.SocketStream:
        """The stream itself: this server speaks in the open."""
        return stream


@asynccontextmanager
async def serving(folder: Path, ring_bytes: int = RING_BYTES, bounds: Bounds = Bounds()) -> AsyncIterator[Server]:  # noqa: B008
    """Serve until the block ends."""
    settings = Settings(auth=Auth("open"), data=Data(folder=folder), demo=Demo(enabled=False))
    listeners = web_server.bind([Listen("127.0.0.1", 0)], bounds)

    def children(system: Any) -> list[Any]:
        app = make_app(system, Doorman.of(settings, system.runtime.now_us))
        return [hub.child(), visitor.child(), web_server.child(app, listeners)]

    async with open_system(settings, children=children) as system:
        system.ring.limit_bytes = 32 * 1024 * 1024
        log = list(system.ring.everything())
        assert not log or log[0].offset == 1
        system.runtime.listen("*", log.append)
        system.ring.limit_bytes = ring_bytes
        yield Server(system, listeners[0].port, log)


def made(random: Random, number: int, now_us: int) -> Any:
    """Some message."""
    symbol = random.choice("ABC")
    match random.randrange(6):
        case 0:
            return Quote(symbol, number + 0.5, 1.0, number + 1.5, 2.0, now_us, "test")
        case 1:
            return Trade(symbol, number / 7, 1.0, "buy", str(number), now_us, "test")
        case 2:
            return Event(f"evt_{number}", "odd", symbol, "test", Severity.low, "odd", {"n": number}, now_us)
        case 3:
            return State(f"thing:{symbol}", {"n": number} if number % 5 else None, number, now_us)
        case 4:
            return Depth(symbol, ((1.0, 2.0),) * (number % 4), (), False, number, number, now_us, "test")
    return Attempt(f"d{number}", 1, "retry", 503, "", 0.5, now_us)


async def publish(server: Server, random: Random, numbers: itertools.count[int]) -> None:
    """Publish for ever."""
    runtime = server.runtime
    while True:
        for _ in range(random.choice((1, 2, 20))):
            runtime.publish(made(random, next(numbers), runtime.now_us()))
        await runtime.bus.room()
        await trio.sleep(random.random() / 25)


class Logbook:
    """What all runs of a server have published."""

    def __init__(self) -> None:
        self.names: list[str] = []  # of runs, in order
        self.logs: dict[str, list[Published]] = {}
        self.ends: dict[str, int] = {}  # of runs that are over: the last offset that was stored
        self._ranks: dict[str, int] = {}
        self._dialects: dict[str, Native] = {}

    @property
    def present(self) -> str:
        """The run that is on."""
        return self.names[-1]

    def begin(self, server: Server) -> str:
        """A server has started; its epoch."""
        epoch = server.runtime.epoch
        self._ranks[epoch] = len(self.names)
        self.names.append(epoch)
        self.logs[epoch] = server.log
        self._dialects[epoch] = Native(epoch)
        return epoch

    def end(self, server: Server) -> None:
        """It has ended in order. What is published after the history has ended is not stored, and nobody hears it."""
        epoch = server.runtime.epoch
        self.ends[epoch] = end = server.system.store.statistics.watermark
        del server.log[end:]

    def rank(self, place: Place) -> tuple[int, int]:
        """A place as what can be compared."""
        return self._ranks[place[0]], place[1]

    def after(self, since: Place, wanted: Patterns) -> dict[Place, Published]:
        """Every message after a place that these topics want."""
        found = {}
        for name in self.names[self._ranks[since[0]] :]:
            for one in itertools.islice(self.logs[name], since[1] if name == since[0] else 0, None):
                if wanted.want(one.topic):
                    found[name, one.offset] = one
        return found

    def newest(self, wanted: Patterns, until: int) -> set[Place]:
        """The retained messages of the present run's topics at an offset."""
        log = self.logs[self.present]
        found = {one.topic: one.offset for one in itertools.islice(log, until)
                 if getattr(one.message, "retained", False) and wanted.want(one.topic)}  # fmt: skip
        return {(self.present, offset) for offset in found.values()}

    def check_frames(self, frames: Iterable[dict[str, Any]]) -> list[Place]:
        """The places of frames, each of which says what was published there."""
        places = []
        for frame in frames:
            epoch, offset = frame["epoch"], frame["offset"]
            assert frame == json.loads(self._dialects[epoch].encode(self.logs[epoch][offset - 1]))
            places.append((epoch, offset))
        return places

    def check_whole(self, frames: Iterable[dict[str, Any]], since: Place, wanted: Patterns, until: Place | None = None) -> None:
        """A client's log since a place is the server's up to its last frame, or to `until` where that is later: nothing is
        missing, doubled, out of order or different, but that of runs that are over older states were forgotten where a
        newer one was told."""
        places = self.check_frames(frames)
        ranks = [self.rank(place) for place in places]
        assert ranks == sorted(set(ranks)), "in order, each once"
        last = max([*ranks[-1:], *([self.rank(until)] if until else [])], default=None)
        if last is None:
            return
        told = set(places)
        everything = self.after(since, wanted)
        owed = {place: one for place, one in everything.items() if self.rank(place) <= last}
        assert told <= owed.keys(), "nothing is told that was known"
        for place in owed.keys() - told:
            one = owed[place]
            assert isinstance(one.message, State) and place[0] != self.present, f"{place} {one.topic} is missing"
            newer = [other for other, state in (owed if until else everything).items() if state.topic == one.topic]
            assert newer[-1] in told if until else newer[-1] != place, f"the newest of {one.topic} is missing"

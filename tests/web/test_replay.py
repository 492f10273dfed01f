"""A client that comes back, at a real server: what it was told is what was published, or it is told that it is not."""

from __future__ import annotations

import itertools
import json
import random
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from live import Client, upgrade

from actors import Published
from oracle.history import Commit
from oracle.listen import Listen
from oracle.model import Attempt, Depth, Event, Quote, Severity, State, Trade
from oracle.patterns import Patterns
from oracle.settings import Auth, Data, Demo, Settings
from oracle.system import open_system
from tests.soak import rounds
from web import hub, replay, visitor
from web import server as web_server
from web.app import make_app
from web.auth import Doorman
from web.desk import Bounds
from web.dialects import Native

RING_BYTES = 60_000  # small, so that many a client has to be told from history
TOPICS = ["*", "quote:*", "event:*", "quote:*,event:*,state:*,life:*", "trade:B", "state:*", "depth:*,attempt:*", "none:*"]


@attrs.define
class Server:
    """A running server, and its own log of what it published."""

    system: object
    port: int
    log: list[Published]

    @property
    def runtime(self):
        return self.system.runtime

    def over(self, stream):
        return stream


@asynccontextmanager
async def serving(folder, ring_bytes=RING_BYTES, bounds=Bounds()):  # noqa: B008
    settings = Settings(auth=Auth("open"), data=Data(folder=folder), demo=Demo(enabled=False))
    listeners = web_server.bind([Listen("127.0.0.1", 0)], bounds)

    def children(system):
        app = make_app(system, Doorman.of(settings, system.runtime.now_us))
        return [hub.child(), visitor.child(), web_server.child(app, listeners)]

    async with open_system(settings, children=children) as system:
        system.ring.limit_bytes = 32 * 1024 * 1024
        log = list(system.ring.everything())
        assert not log or log[0].offset == 1
        system.runtime.listen("*", log.append)
        system.ring.limit_bytes = ring_bytes
        yield Server(system, listeners[0].port, log)


def made(random, number, now_us):
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


async def publish(server, random, numbers):
    """Publish for ever."""
    runtime = server.runtime
    while True:
        for _ in range(random.choice((1, 2, 20))):
            runtime.publish(made(random, next(numbers), runtime.now_us()))
        await runtime.bus.room()
        await trio.sleep(random.random() / 25)


async def come_back(server, topics, since, until):
    """(the frames told, what `ready` said): up to the first frame of the present epoch at or after `until()`."""
    client = await Client.connect(server, f"/api/oracle/stream?topics={topics}&since={since}")
    frames, ready, caught_up, whole = [], None, 0, True
    with trio.fail_after(20):
        while ready is None:
            frame = await client.message()
            if frame["type"] == "ready":
                ready, caught_up = frame, len(frames)
            elif frame["type"] == "skipped":  # of what came after the place of `ready`, which still waits
                whole = False
            elif frame["type"] != "subscribed":
                frames.append(frame)
        wanted = [one.offset for one in until() if Patterns(topics.split(",")).want(one.topic) and one.offset > ready["offset"]]
        while whole and wanted and (not frames or frames[-1]["epoch"] != ready["epoch"] or frames[-1]["offset"] < wanted[-1]):
            frames.append(await client.message())
            if frames[-1]["type"] == "skipped":  # this process was too slow for a moment, and was told so
                frames = frames[:caught_up]
                break
    await client.stream.aclose()
    return frames, ready


def expected(logs, names, topics, since):
    """Every message after `since` that these topics want, by epoch and offset."""
    epoch, _, offset = since.rpartition(":")
    wanted = Patterns(topics.split(","))
    found = {}
    for name in names[names.index(epoch):]:
        for one in logs[name]:
            if wanted.want(one.topic) and (name != epoch or one.offset > int(offset)):
                found[name, one.offset] = one
    return found


def agree(frames, ready, told, names):
    """The client's log is the server's: nothing is missing, doubled, out of order or different, but that older states of
    runs that are over were forgotten when a newer one was there."""
    places = [(names.index(f["epoch"]), f["offset"]) for f in frames]
    assert places == sorted(set(places)), "in order, each once"
    for frame in frames:
        live = Native(frame["epoch"]).encode(told[frame["epoch"], frame["offset"]])
        assert frame == json.loads(live)
    seen = {(f["epoch"], f["offset"]) for f in frames}
    last = places[-1] if places else (len(names) - 1, ready["offset"])
    newest = {one.topic: place for place, one in told.items() if (names.index(place[0]), place[1]) <= last}
    for place, one in told.items():
        if (names.index(place[0]), place[1]) > max(last, (len(names) - 1, ready["offset"])) or place in seen:
            continue
        assert one.message.__class__ is State and place[0] != names[-1], f"{place} {one.topic} is missing"
        assert newest[one.topic] in seen, f"the newest of {one.topic} is missing"


async def test_forced_cuts_at_random_places(tmp_path):
    """The seed makes runs of the server and places to return to; the machine makes the rest."""
    seed = random.Random(7)
    numbers = itertools.count()
    logs, ends, names = {}, {}, []
    outcomes = {True: 0, False: 0}
    for _ in range(rounds(200, 10_000) // 50):
        async with serving(tmp_path) as server, trio.open_nursery() as nursery:
            epoch = server.runtime.epoch
            names.append(epoch)
            logs[epoch] = server.log
            nursery.start_soon(publish, server, seed, numbers)
            await trio.sleep(0.05)
            for _ in range(50):
                topics, whence = seed.choice(TOPICS), seed.choice([epoch, epoch, *names[-3:]])
                end = ends.get(whence, server.runtime.bus.offset)
                since = f"{whence}:{max(0, end - seed.choice((0, 1, 20, 300, 1_000, end)))}"
                frames, ready = await come_back(server, topics, since, lambda server=server: server.log[: len(server.log)])
                outcomes[ready["recovered"]] += 1
                if ready["recovered"]:
                    agree(frames, ready, expected(logs, names, topics, since), names)
                    assert ready["caught_up"] <= len(frames)
                else:
                    assert ready["reason"] == "too_much", "nothing was lost here"
            nursery.cancel_scope.cancel()
        tape = server.system.store
        ends[epoch] = tape.statistics.watermark
        # what comes after the history has ended is not stored, and nobody is there to hear it
        logs[epoch] = [one for one in server.log if one.offset <= ends[epoch]]
    assert outcomes[True] > 100


async def test_a_place_that_can_not_be_is_told_so_with_a_snapshot(tmp_path, monkeypatch):
    async with serving(tmp_path) as server:
        first = server.runtime.epoch
        server.runtime.publish(State("thing:A", {"n": 1}, 1, 1))
        await server.runtime.ask("history", Commit(()))
    end = server.system.store.statistics.watermark
    monkeypatch.setattr(replay, "REPLAY_MOST", 10)
    async with serving(tmp_path) as server:
        present, offset = server.runtime.epoch, server.runtime.bus.offset
        for since, reason in ((f"{first}:{end + 1}", "beyond_end"), ("beef:3", "unknown_epoch"),
                              (f"{present}:{offset + 99}", "beyond_present")):  # fmt: skip
            client = await Client.connect(server, f"/api/oracle/stream?topics=state:thing:*&since={since}")
            subscribed, state, ready = [await client.message() for _ in range(3)]
            assert (subscribed["recovered"], ready["recovered"]) == (False, False)
            assert subscribed["reason"] == ready["reason"] == reason
            assert state["data"]["value"] == {"n": 1}
            await client.stream.aclose()
        frames, ready = await come_back(server, "state:thing:*", f"{first}:{end}", list)
        assert ready["recovered"] and [f["epoch"] for f in frames] == [present], "the board is told anew"
        frames, ready = await come_back(server, "state:thing:*", f"{present}:{server.runtime.bus.offset}", list)
        assert ready["recovered"] and ready["caught_up"] == 0 and frames == []


async def test_what_history_lost_is_told(tmp_path):
    async with serving(tmp_path, ring_bytes=2_000) as server:
        runtime = server.runtime
        begun = runtime.bus.offset
        runtime.publish(Trade("B", "dear", 1.0, "buy", "1", 1, "test"))
        for number in range(50):
            runtime.publish(Trade("B", 1.0, 1.0, "buy", str(number), 1, "test"))
        for since, recovered in ((begun, False), (begun + 1, True)):
            frames, ready = await come_back(server, "trade:*", f"{runtime.epoch}:{since}", list)
            assert ready["recovered"] is recovered
            assert ready.get("reason") == (None if recovered else "incomplete")
            assert len(frames) == (50 if recovered else 1), "a snapshot holds the newest"
    async with serving(tmp_path) as server:
        _, ready = await come_back(server, "trade:*", f"{runtime.epoch}:{begun}", list)
        assert ready["reason"] == "incomplete"
        _, ready = await come_back(server, "quote:*,event:*", f"{runtime.epoch}:{begun}", list)
        assert ready["reason"] == "incomplete", "which kind was lost is not known"


async def test_a_slow_client_is_told_everything_it_missed_at_its_pace(tmp_path):
    bounds = Bounds(held_bytes=64 * 1024, send_buffer_bytes=16 * 1024)
    async with serving(tmp_path, ring_bytes=500_000, bounds=bounds) as server:
        runtime = server.runtime
        begun = runtime.bus.offset
        for number in range(6_000):
            runtime.publish(Event(f"evt_{number}", "odd", "B", "test", Severity.low, "x" * 300, {"n": number}, 1))
            if number % 500 == 0:
                await runtime.bus.room()
        await runtime.ask("history", Commit(()))
        client = await Client.connect(server, f"/api/oracle/stream?topics=event:odd:*&since={runtime.epoch}:{begun}",
                                      receive_buffer=4096)  # fmt: skip
        await trio.sleep(0.3)
        numbers = []
        with trio.fail_after(30):
            while (frame := await client.message())["type"] != "ready":
                if frame["type"] == "event":
                    numbers.append(frame["data"]["data"]["n"])
        assert numbers == list(range(6_000))
        assert (frame["recovered"], frame["caught_up"], client.skipped) == (True, 6_000, 0)
        await client.stream.aclose()


async def test_a_client_returns_while_the_hub_is_killed(tmp_path):
    async with serving(tmp_path, ring_bytes=10**7) as server:
        runtime = server.runtime
        for number in range(5):  # more would exhaust its supervisor
            begun = runtime.bus.offset
            runtime.publish(Trade("B", 1.0, 1.0, "buy", str(number), 1, "test"))
            runtime.kill("hub")
            frames, ready = await come_back(server, "trade:*", f"{runtime.epoch}:{begun}", list)
            assert ready["recovered"] and [f["data"]["trade_id"] for f in frames] == [str(number)]


async def test_history_that_is_down_is_said(tmp_path):
    async with serving(tmp_path, ring_bytes=2_000) as server:
        runtime = server.runtime
        begun = runtime.bus.offset
        for number in range(50):
            runtime.publish(Trade("B", 1.0, 1.0, "buy", str(number), 1, "test"))
        server.system.store.statistics.state = "down"
        _, ready = await come_back(server, "trade:*", f"{runtime.epoch}:{begun}", list)
        server.system.store.statistics.state = "ok"
        assert ready["reason"] == "unavailable"


async def test_a_socket_without_topics_may_go_back_and_one_with_topics_may_not(tmp_path):
    async with serving(tmp_path) as server:
        runtime = server.runtime
        since = f"{runtime.epoch}:{runtime.bus.offset}"
        runtime.publish(Trade("B", 1.0, 1.0, "buy", "1", 1, "test"))
        client = await Client.connect(server, "/api/oracle/stream")
        await client.message_of("ready")
        await client.say({"action": "subscribe", "topics": ["trade:*"], "since": since})
        assert (await client.message_of("trade"))["data"]["trade_id"] == "1"
        assert (await client.message_of("ready"))["caught_up"] == 1
        for told in ({"topics": ["quote:*"], "since": since}, {"topics": ["quote:*"], "since": 7}, {"topics": [], "since": "x"}):
            await client.say({"action": "subscribe", **told})
            assert (await client.message_of("error"))["error"]["code"] == "invalid"
        await client.stream.aclose()


@pytest.mark.parametrize("since", ["x", "a:-1", "a:1:"])
async def test_a_place_that_is_none_is_refused_at_the_door(tmp_path, since):
    async with serving(tmp_path) as server:
        client = trio.SocketStream((await trio.open_tcp_stream("127.0.0.1", server.port)).socket)


        await client.send_all(upgrade(f"/api/oracle/stream?topics=*&since={since}"))
        assert (await client.receive_some(100)).startswith((b"HTTP/1.1 400", b"HTTP/1.1 422"))
        await client.aclose()


"""Snapshots are exact, frames are made once, sockets end alone, and nobody hears less because of somebody else."""

from __future__ import annotations

import json

import attrs
import pytest
import trio
from live import TEXT, Client, Closed, System, open_live

from actors import Actor, Child, Published, open_runtime, trio_clock
from actors.testing import probe
from oracle.board import Board
from oracle.model import Event, Severity
from oracle.tally import Tally
from web import hub, sockets, visitor
from web.audience import Attach, Audience
from web.desk import Bounds
from web.dialects import Fiml
from web.hub import Hub
from web.inbox import Inbox
from web.outlet import Outlet
from web.routes import Identity, Scope
from web.visitor import Visitor
from web.wire import text_frame

T0_US = 1_700_000_000_000_000


@attrs.frozen
class Note:
    """A message of these tests."""

    topic: str
    n: int = 0
    retained: bool = False


class Told:
    """A link to a client that takes everything at once."""

    def __init__(self) -> None:
        self.sent, self.writes, self.open, self.clear, self.tail = b"", 0, True, True, b""

    def write(self, data: bytes) -> None:
        self.sent += data
        self.writes += 1

    def settle(self) -> None:
        """Its clients are looked at each time."""

    def flush_soon(self) -> None:
        raise AssertionError("nothing ever waits here")

    def texts(self) -> list[str]:
        texts, data = [], self.sent
        while data:
            at = 2 if data[1] < 126 else 4
            size = data[1] if at == 2 else int.from_bytes(data[2:4])
            texts.append(data[at : at + size].decode())
            data = data[at + size :]
        return texts

    def types(self) -> list[str]:
        return [json.loads(text)["type"] for text in self.texts()]


class Counting:
    """A dialect that counts how often it encodes."""

    encoded = 0

    def frame(self, published: Published) -> bytes | None:
        self.encoded += 1
        return None if published.topic == "odd:x" else text_frame(f"{published.topic}@{published.offset}".encode())

    still = frame

    def word(self, payload: bytes, place: str = "") -> bytes:
        return text_frame(payload)

    def skipped(self, count: int, reason: str) -> bytes:
        return f"skipped {count} {reason}".encode()


def attached(audience: Audience, dialect: Counting, *patterns: str, offset: int = 0) -> Told:
    link = Told()
    audience.attach(Attach(Outlet(link), frozenset(patterns), dialect, offset))
    return link


def heard(offset: int, topic: str) -> Published:
    return Published(offset, T0_US, topic, Note(topic))


def test_a_message_is_encoded_once_for_all_who_want_it_and_joined_for_the_idle():
    audience, dialect = Audience(), Counting()
    some = [attached(audience, dialect, "quote:*") for _ in range(3)]
    both = attached(audience, dialect, "quote:*", "odd:*")
    every, none = attached(audience, dialect, "*"), attached(audience, dialect, "quote:ETH")
    for offset, topic in enumerate(("quote:BTC", "odd:x", "trade:BTC", "quote:BTC"), 1):
        audience.collect(heard(offset, topic))
    audience.cut()
    assert audience.deliver()
    assert dialect.encoded == 4
    for link in (*some, both):
        assert (link.texts(), link.writes) == (["quote:BTC@1", "quote:BTC@4"], 1)
    assert every.texts() == ["quote:BTC@1", "trade:BTC@3", "quote:BTC@4"]
    assert none.texts() == []


@pytest.mark.parametrize("odd", [object(), "\ud800", float("inf"), {1: {2: object()}}])
def test_an_odd_value_in_an_event_is_left_out_for_fiml_and_the_event_is_told(odd):
    event = Event("evt_1", "odd", "BTC-USD", "watchdog:x", Severity.low, "odd \ud800", {"x": odd}, T0_US)
    frame = Fiml().frame(Published(1, T0_US, event.topic, event))
    assert b'"type":"event"' in frame and b"evt_1" in frame


def test_nobody_wants_it_so_it_is_not_encoded():
    audience, dialect = Audience(), Counting()
    link = attached(audience, dialect, "quote:BTC")
    audience.collect(heard(1, "trade:BTC"))
    audience.detach(next(iter(audience._group_of)))
    audience.collect(heard(2, "quote:BTC"))
    audience.cut()
    assert audience.deliver() and dialect.encoded == 0 and link.texts() == [] and audience.sockets == 0


def test_hundreds_of_sockets_are_served_in_turns_and_each_hears_all_in_order():
    audience, dialect = Audience(), Counting()
    links = [attached(audience, dialect, "*") for _ in range(450)]
    while not audience.deliver():
        pass
    for offset in range(1, 4):
        audience.collect(heard(offset, "quote:BTC"))
        audience.cut()
    turns = 1
    while not audience.deliver(200):
        turns += 1
    assert turns == 7
    assert all(link.texts() == ["quote:BTC@1", "quote:BTC@2", "quote:BTC@3"] for link in links)


def test_a_change_of_subscription_takes_effect_between_two_messages():
    audience, dialect = Audience(), Counting()
    link = Told()
    outlet = Outlet(link)
    audience.attach(Attach(outlet, frozenset({"a:*"}), dialect, 0))
    audience.collect(heard(1, "a:x"))
    audience.collect(heard(2, "b:x"))
    snapshot = ((2, "b:x", text_frame(b"b:x@2")),)
    audience.attach(Attach(outlet, frozenset({"b:*"}), dialect, 2, (b"changed",), snapshot, (b"ready",)))
    audience.collect(heard(3, "a:x"))
    audience.collect(heard(4, "b:x"))
    audience.cut()
    assert audience.deliver()
    assert link.texts() == ["a:x@1", "changed", "b:x@2", "ready", "b:x@4"]


async def test_what_the_hub_s_mailbox_lost_is_told_to_everybody(autojump_clock):
    audience, dialect = Audience(), Counting()
    async with open_runtime(clock=trio_clock(T0_US)) as runtime:
        runtime.add(Child("hub", lambda: Hub(audience), capacity=20, when_full="drop_oldest"))
        link = Told()
        await runtime.ask("hub", Attach(Outlet(link), frozenset({"note:*"}), dialect, 0))
        for n in range(50):
            runtime.publish(Note("note:x", n))
        await trio.sleep(1)
        told = link.texts()
        assert told[0] == "skipped 30 server overload" and len(told) == 21


async def test_a_subscriber_joins_between_two_offsets_whenever_it_comes():
    """The first value of each topic is the snapshot's, and from there each follows the one before, however often it changes."""
    async with open_live() as live:
        runtime, numbers, running = live.runtime, dict.fromkeys("abcdef", 0), True

        async def publish():
            while running:
                for name in numbers:
                    numbers[name] += 1
                    runtime.publish(Note(f"{name}:x", numbers[name], retained=True))
                await trio.sleep(0.0005)

        async def subscriber(nth: int):
            client = await Client.connect(live, "/stream?topics=a:*")
            seen: dict[str, int] = {}
            await read(client, seen)
            for name in "bcdef"[nth:] + "bcdef"[:nth]:
                await client.say({"action": "subscribe", "topics": [f"{name}:*"]})
                await read(client, seen)
            await client.say({"action": "unsubscribe", "topics": ["a:*"]})
            await read(client, seen)
            assert (await client.message())["topic"] != "a:x" and set(seen) == set(numbers)
            assert client.skipped == 0
            await trio.aclose_forcefully(client.stream)

        async def read(client: Client, seen: dict[str, int]):
            ready = 0
            with trio.fail_after(30):
                while ready < 20:
                    told = await client.message()
                    ready += 1 if ready or told["type"] == "ready" else 0
                    if "topic" in told:
                        name, n = told["topic"][0], told["data"]["n"]
                        assert n == seen.get(name, n - 1) + 1
                        seen[name] = n

        async with trio.open_nursery() as nursery:
            nursery.start_soon(publish)
            async with trio.open_nursery() as clients:
                for nth in range(5):
                    clients.start_soon(subscriber, nth)
            running = False


async def test_killing_the_hub_or_another_socket_costs_a_witness_nothing():
    async with open_live() as live:
        runtime, ends = live.runtime, {}
        witness = await Client.connect(live, "/stream?topics=*")
        await witness.message_of("ready")
        names = [node.name for node in runtime.node("sockets").children]
        victims = [await Client.connect(live, "/stream?topics=note:*") for _ in range(4)]

        async def end(nth, client):
            ends[nth] = await client.close_code()

        async with trio.open_nursery() as nursery:
            for nth, client in enumerate(victims):
                await client.message_of("ready")
                nursery.start_soon(end, nth, client)
            offset = None
            for n in range(600):
                last = runtime.publish(Note("note:x", n))
                if n % 200 == 50:
                    runtime.kill("hub")
                if n % 100 == 70 and len(ends) < 4:
                    others = [node.name for node in runtime.node("sockets").children if node.name not in names]
                    if others:
                        runtime.kill(others[0])
                while offset is None or offset < last:
                    told = await witness.message()
                    if "offset" in told and told["type"] != "subscribed":
                        assert offset is None or told["offset"] == offset + 1
                        offset = told["offset"]
        assert ends == dict.fromkeys(range(4), 1011)
        assert [node.name for node in runtime.node("sockets").children] == names
        assert witness.skipped == 0


async def test_bad_messages_get_an_error_and_the_socket_stays():
    async with open_live(Bounds(message_bytes=4096)) as live:
        client = await Client.connect(live, "/stream?topics=a:*")
        ready = await client.message_of("ready")
        assert ready["epoch"] == live.runtime.epoch
        bad = (b"{", b"[]", b"", b'{"action":"fly"}', b'{"action":"subscribe"}', b'{"action":"subscribe","topics":"a:*"}',
               b'{"action":"subscribe","topics":[1]}', b'{"action":"subscribe","topics":["a*b"]}',
               b'{"action":"subscribe","topics":[""]}', b"\xff\xfe")  # fmt: skip
        for raw in bad:
            await client.send(TEXT if raw != b"\xff\xfe" else 2, raw)
            told = await client.message()
            assert told["type"] == "error" and set(told["error"]) == {"code", "message", "details"}
        await client.say({"action": "subscribe", "topics": [f"t:{i}" for i in range(100)]})
        assert (await client.message())["error"]["code"] == "full"
        await client.say({"action": "unsubscribe", "topics": ["a:*", "never:*"]})
        assert (await client.message_of("subscribed"))["topics"] == []


async def test_a_message_too_big_is_1009_and_a_flood_is_1008():
    async with open_live(Bounds(message_bytes=4096)) as live:
        big, flood = await Client.connect(live, "/stream"), await Client.connect(live, "/stream")
        await big.send(TEXT, b"x" * 5000)
        assert await big.close_code() == 1009
        for _ in range(150):
            await flood.say({"action": "fly"})
        assert await flood.close_code() == 1008
        assert 101 <= flood.kinds["error"] < 150
        await live.quiet(0)


async def test_clients_of_a_supervisor_that_was_killed_hear_that_their_session_ended():
    async with open_live() as live:
        client = await Client.connect(live, "/stream?topics=a:*")
        await client.message_of("ready")
        live.runtime.kill("sockets")
        with pytest.raises(Closed) as closed:
            await client.message_of("nothing")
    assert (closed.value.code, closed.value.reason) == (1001, "the session was ended")


class _Never:
    """An ASGI server of a client that is never told anything by it."""

    async def send(self, message: object) -> None:
        raise AssertionError("nobody closes this")


async def test_the_dashboard_hears_stats_first_then_health_then_events_and_stats_every_30_s(autojump_clock):
    alive = Child("watchdog:price_anomaly", Actor)  # what has no actor is unhealthy, whatever it once said
    async with open_runtime([alive, hub.child(), visitor.child()], clock=trio_clock(T0_US)) as runtime:
        board = Board(runtime.bus)
        board.put("watchdog:price_anomaly", _watchdog("healthy"), T0_US)
        system, link, never = System(runtime, board, Tally({}), watchdogs={"price_anomaly": {}}), Told(), _Never()
        client = Visitor(Outlet(link), Inbox(), never.send, Identity("local", Scope.read), "", "websocket")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(runtime.adopt, Child("socket:1", lambda: sockets.DashboardSocket(system, client)), "sockets")
            await trio.sleep(1)
            assert link.types() == ["stats", "health"]
            runtime.publish(_event("watchdog:price_anomaly"))
            runtime.publish(_event("feed:binance"))
            await trio.sleep(1)
            board.put("watchdog:price_anomaly", _watchdog("healthy"), T0_US)
            board.put("watchdog:price_anomaly", _watchdog("degraded"), T0_US)
            await trio.sleep(1)
            assert link.types()[2:] == ["event", "health"]
            event = json.loads(link.texts()[2])["data"]
            assert (event["type"], event["asset"]["symbol"], event["watchdog"]) == ("price_anomaly", "BTC", "price_anomaly")
            assert json.loads(link.texts()[3])["data"]["status"] == "degraded"
            await trio.sleep(61)
            assert link.types()[4:] == ["stats", "health"] * 2
            nursery.cancel_scope.cancel()


async def test_who_is_dismissed_on_the_way_in_is_sent_away_at_once(autojump_clock):
    sent = []
    async with open_runtime([hub.child(), visitor.child()], clock=trio_clock(T0_US)) as runtime:

        async def send(message):
            sent.append(message)
            if message["type"] == "websocket.accept":
                client.dismiss(runtime)

        system = System(runtime, Board(runtime.bus), Tally({}))
        client = Visitor(Outlet(Told()), Inbox(), send, Identity("local", Scope.read), "", "websocket")
        with trio.fail_after(60):
            await visitor.session(system, client, lambda: sockets.DashboardSocket(system, client))
    assert sent[1:] == [{"type": "websocket.close", "code": 1008, "reason": "the token was revoked"}]


async def test_the_dashboard_ignores_whatever_its_client_says():
    async with open_live() as live:
        client, lives = await Client.connect(live, "/dashboard/stream"), probe(live.runtime, "life:socket:*")
        for raw in (b"ping", b"{", b"", b"x" * 60_000):
            await client.send(TEXT, raw)
        assert [(await client.message())["type"] for _ in range(2)] == ["stats", "health"]
        live.runtime.publish(_event("watchdog:price_anomaly"))
        assert (await client.message())["type"] == "event"
        await client.send(8, b"\x03\xe8")
        with pytest.raises(Closed, match="1000"):
            await client.message()
        while (await lives.next()).what != "stopped":
            pass


def _watchdog(status: str) -> dict[str, object]:
    return {"name": "price_anomaly", "enabled": True, "running": True, "status": status, "last_check_us": T0_US,
            "last_event_us": None, "events_emitted": 0, "errors": 0, "since_us": T0_US, "started_us": T0_US,
            "consecutive_failures": 0, "total_checks": 1}  # fmt: skip


def _event(source: str) -> Event:
    return Event("evt_1", "price_anomaly", "BTC-USD", source, Severity.high, "BTC fell", {"change_pct": -6.0}, T0_US)

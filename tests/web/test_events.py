"""Server-sent events: the same stream, in chunks that are made once, with the place as the id a browser comes back with."""

from __future__ import annotations

import contextlib
import json

import attrs
import pytest
import trio
from live import BOTH, Live, exchange, open_live, socket_of

from web.desk import Bounds

QUICK = Bounds(heartbeat_s=0.15)
GET = b"GET /events?%b HTTP/1.1\r\nHost: localhost\r\n%b\r\n"


@attrs.frozen
class Note:
    """A message of these tests."""

    topic: str
    n: int = 0
    retained: bool = True


class Broken(Exception):
    """Bytes that are no chunked stream of events."""


class Reader:
    """Reads a response chunk by chunk, each a whole event or a comment."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.buffer = b""
        self.comments = 0
        self.last_id = ""

    @classmethod
    async def open(cls, live: Live, query: str, *headers: bytes, receive_buffer: int = 0) -> Reader:
        sock = socket_of(receive_buffer)
        await sock.connect(("127.0.0.1", live.port))
        reader = cls(live.over(trio.SocketStream(sock)))
        await reader.stream.send_all(GET % (query.encode(), b"".join(line + b"\r\n" for line in headers)))
        head = (await reader.until(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200") or b"content-type: text/event-stream" not in head:
            raise Broken(head)
        assert b"transfer-encoding: chunked" in head and await reader.chunk() == b"retry: 1000\n\n"
        return reader

    async def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            await self._more()
        taken, _, self.buffer = self.buffer.partition(mark)
        return taken + mark

    async def chunk(self) -> bytes:
        size = int(await self.until(b"\r\n"), 16)
        while len(self.buffer) < size + 2:
            await self._more()
        taken, end, self.buffer = self.buffer[:size], self.buffer[size : size + 2], self.buffer[size + 2 :]
        if end != b"\r\n":
            raise Broken(end)
        return taken

    async def event(self) -> dict | None:
        """The next event; None at the end."""
        with trio.fail_after(30):
            while (chunk := await self.chunk()).startswith(b":"):
                self.comments += 1
        if not chunk:
            return None
        *ids, data, nothing, nothing_more = chunk.decode().split("\n")
        assert data.startswith("data: ") and not nothing and not nothing_more and len(ids) < 2
        if ids:
            self.last_id = ids[0].removeprefix("id: ")
        return json.loads(data.removeprefix("data: "))

    async def event_of(self, kind: str) -> dict:
        while (event := await self.event())["type"] != kind:
            pass
        return event

    async def _more(self) -> None:
        data = await self.stream.receive_some(65_536)
        if not data:
            raise Broken("ended in the middle")
        self.buffer += data


async def test_a_snapshot_has_no_ids_what_follows_has():
    async with open_live() as live:
        live.runtime.publish(Note("a:1", 1))
        live.runtime.publish(Note("a:2", 2))
        reader = await Reader.open(live, "topics=a:*")
        async with reader.stream:
            kinds = []
            while "ready" not in kinds:
                assert reader.last_id == "", "a browser would come back to the middle of a snapshot"
                event = await reader.event()
                kinds.append(event["type"])
            assert kinds == ["subscribed", "a", "a", "ready"]
            assert reader.last_id == f"{live.runtime.epoch}:{event['offset']}"
            offset = live.runtime.publish(Note("a:1", 3))
            assert (await reader.event())["data"]["n"] == 3
            assert reader.last_id == f"{live.runtime.epoch}:{offset}"
        await live.quiet(0)


async def test_who_comes_back_is_told_what_came_after_the_last_id():
    async with open_live() as live:
        since = live.runtime.publish(Note("a:1", 1))
        for n in range(2, 50):
            live.runtime.publish(Note("a:1", n))
        last = f"Last-Event-ID: {live.runtime.epoch}:{since}".encode()
        reader = await Reader.open(live, "topics=a:*&since=other:7", last)
        async with reader.stream:
            assert (await reader.event())["recovered"] is True
            assert [(await reader.event())["data"]["n"] for _ in range(2, 50)] == list(range(2, 50))
            ready = await reader.event()
            assert (ready["type"], ready["recovered"], ready["caught_up"]) == ("ready", True, 48)


@pytest.mark.parametrize(("query", "header", "status"), [
    ("topics=a:*&since=x", b"", b"422"), ("topics=*a", b"", b"422"), ("topics=a:*", b"Last-Event-ID: nothing\r\n", b"422"),
])  # fmt: skip
async def test_what_can_not_be_is_refused_at_the_door(query, header, status):
    async with open_live() as live:
        answer = await exchange(live, GET % (query.encode(), header), wait_s=0.3)
        assert answer.startswith(b"HTTP/1.1 " + status) and json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


async def test_a_client_of_http_1_0_is_told_that_it_can_not():
    async with open_live() as live:
        answer = await exchange(live, b"GET /events?topics=a:* HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 505")


async def test_a_silent_stream_beats_and_stays():
    async with open_live(QUICK) as live:
        reader = await Reader.open(live, "topics=a:*")
        async with reader.stream:
            await reader.event_of("ready")
            with trio.move_on_after(1):
                await reader.event()
            assert reader.comments >= 3
            live.runtime.publish(Note("a:1", 3))
            assert (await reader.event())["data"]["n"] == 3


@BOTH
async def test_a_slow_reader_is_told_the_newest_and_how_many_it_was_not(tls):
    async with open_live(Bounds(send_buffer_bytes=2048, held_bytes=16_384), tls=tls) as live:
        reader = await Reader.open(live, "topics=a:*", receive_buffer=1024)
        async with reader.stream:
            await reader.event_of("ready")
            published = 0
            for _ in range(40):
                for n in range(250):
                    live.runtime.publish(Note(f"a:{n % 20}", published + n))
                published += 250
                await trio.lowlevel.checkpoint()
            seen, skipped, newest = 0, 0, -1
            while newest < published - 1:
                event = await reader.event()
                if event["type"] == "skipped":
                    skipped += event["count"]
                else:
                    assert event["data"]["n"] > newest
                    seen, newest = seen + 1, event["data"]["n"]
            assert seen + skipped == published and skipped > 0


async def test_a_reader_that_takes_nothing_is_cut_off():
    async with open_live(Bounds(heartbeat_s=0.15, send_buffer_bytes=2048)) as live:
        reader = await Reader.open(live, "topics=a:*", receive_buffer=1024)
        async with reader.stream:
            await reader.event_of("ready")
            for n in range(5_000):
                live.runtime.publish(Note(f"a:{n}", n))
            await live.quiet(0)
            assert (await live.desk()).cut_off == 1


@BOTH
async def test_at_a_stop_the_stream_ends_as_a_whole_response(tls):
    async with open_live(tls=tls) as live:
        reader = await Reader.open(live, "topics=a:*")
        async with reader.stream:
            await reader.event_of("ready")
            live.runtime.restart("web")
            assert await reader.event() is None


async def test_after_a_stream_nobody_else_is_served_on_its_connection():
    """What waits for one client must not be told to the next, whom a proxy would send here."""
    async with open_live(Bounds(send_buffer_bytes=2048)) as live:
        reader = await Reader.open(live, "topics=a:*", receive_buffer=1024)
        async with reader.stream:
            await reader.event_of("ready")
            for n in range(3_000):
                live.runtime.publish(Note(f"a:{n}", n))
            await live.when(lambda desk: all(one.outlet.held_bytes for one in desk.open))
            live.runtime.restart("sockets")
            told = b""
            with trio.fail_after(30), contextlib.suppress(trio.BrokenResourceError):  # whoever asks on is cut off
                await reader.stream.send_all(GET % (b"topics=b:*", b""))
                while data := await reader.stream.receive_some():
                    told += data
            assert b"HTTP/1.1" not in told and b"b:*" not in told
        await live.quiet(0)


async def test_a_body_that_ends_late_does_not_stop_the_heart():
    async with open_live(QUICK) as live:
        stream = await live.raw()
        async with stream:
            await stream.send_all(GET[:-2] % (b"topics=a:*", b"Content-Length: 5\r\n") + b"\r\n1234")
            told = b""
            with trio.fail_after(30):
                while b"ready" not in told:
                    told += await stream.receive_some()
                await stream.send_all(b"5")
                while told.count(b"3\r\n:\n\n") < 4:
                    told += await stream.receive_some()


async def test_the_tree_says_who_is_there():
    async with open_live() as live:
        reader = await Reader.open(live, "topics=a:*,b:*")
        async with reader.stream:
            await reader.event_of("ready")
            live.runtime.publish(Note("a:1", 3))
            await reader.event()
            (socket,) = live.runtime.node("sockets").children
            about = dict(socket.about)
            assert about.pop("address").startswith("127.0.0.1:")
            assert about == {"who": "anonymous", "transport": "events", "topics": ["a:*", "b:*"], "told": 3, "skipped": 0,
                             "held_bytes": 0}  # fmt: skip
            assert socket.since_us > 0
        await live.quiet(0)
        assert live.runtime.node("sockets").children == ()

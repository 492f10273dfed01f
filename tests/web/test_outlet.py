"""What a slow client is given, and that every byte of it is in place."""

from __future__ import annotations

import json
import socket

import attrs
import pytest
import trio
from live import BOTH, PING, Client, Closed, open_live

from web.desk import Bounds
from web.dialects import Native
from web.outlet import Batch, Outlet
from web.wire import ping_frame, text_frame

TINY = Bounds(send_buffer_bytes=1024, frames_per_s=100_000)


class Pipe:
    """A link whose client takes `room` bytes, then nothing until `drain`."""

    def __init__(self, room: int) -> None:
        self.room, self.sent, self.tail, self.open, self.flushing = room, b"", b"", True, False

    @property
    def clear(self) -> bool:
        return not self.tail and not self.flushing

    def write(self, data: bytes) -> None:
        assert self.clear and self.open
        self.sent += data[: self.room]
        self.tail = data[self.room :]
        self.room = max(0, self.room - len(data))
        if self.tail:
            self.flush_soon()

    def settle(self) -> None:
        """Its clients are looked at each time."""

    def flush_soon(self) -> None:
        self.flushing = True

    def cut_off(self) -> None:
        self.open = False

    def drain(self, outlet: Outlet) -> bytes:
        self.sent += self.tail
        self.tail = b""
        while outlet.has_more:
            self.sent += outlet.take()
        self.flushing = False
        sent, self.sent = self.sent, b""
        return sent


@attrs.frozen
class Note:
    """A message of these tests; retained ones are conflated by topic."""

    topic: str
    text: str
    retained: bool = True


class Plain(Native):
    """Skips in plain words."""

    def __init__(self) -> None:
        super().__init__("epoch")

    def skipped(self, count: int, reason: str) -> bytes:
        return f"skipped {count} {reason}".encode()


def frames(data: bytes) -> list[str]:
    """The texts of whole short frames."""
    texts = []
    while data:
        size = data[1]
        assert data[0] in (0x81, 0x89) and size < 126
        texts.append(data[2 : 2 + size].decode())
        data = data[2 + size :]
    return texts


def outlet_over(pipe: Pipe, limit_bytes: int = 1_000) -> Outlet:
    outlet = Outlet(pipe, limit_bytes)
    outlet.dialect = Plain()
    return outlet


def test_an_idle_client_gets_a_batch_in_one_write_and_each_offset_once():
    pipe = Pipe(10_000)
    outlet = outlet_over(pipe)
    batch = Batch([(1, "a", text_frame(b"1")), (2, "b", text_frame(b"2"))])
    outlet.offer_batch(batch)
    outlet.offer_batch(batch)
    outlet.offer(2, "b", text_frame(b"2"))
    outlet.offer(3, "b", text_frame(b"3"))
    assert frames(pipe.sent) == ["1", "2", "3"]
    assert (outlet.told, outlet.skipped, outlet.floor) == (3, 0, 3)


def test_a_slow_client_gets_the_newest_of_each_key_in_offset_order_and_is_told_how_many_it_was_not_given():
    pipe = Pipe(1)
    outlet = outlet_over(pipe)
    outlet.offer(1, "a", text_frame(b"a1"))
    for offset, key in enumerate("abacab", 2):
        outlet.offer(offset, key, text_frame(f"{key}{offset}".encode()))
    outlet.offer(8, None, text_frame(b"event"))
    outlet.offer(9, None, text_frame(b"event"))
    assert frames(pipe.drain(outlet)) == ["a1", "skipped 3 slow client", "c5", "a6", "b7", "event", "event"]
    assert (outlet.told, outlet.skipped, outlet.held_bytes) == (6, 3, 0)


def test_words_for_this_client_stay_in_order_with_the_frames_and_are_never_left_out():
    pipe = Pipe(1)
    outlet = outlet_over(pipe, limit_bytes=60)
    outlet.say(b"subscribed")
    outlet.show([(offset, f"k{offset}", text_frame(b"old%02d" % offset)) for offset in range(1, 4)])
    outlet.say(b"ready")
    for offset in range(4, 40):
        outlet.offer(offset, f"k{offset}", text_frame(b"new%02d" % offset))
        if offset % 10 == 0:
            outlet.say(b"ack%02d" % offset)
    told = frames(pipe.drain(outlet))
    assert [text for text in told if not text.startswith(("old", "new", "skipped"))] == [
        "subscribed", "ready", "ack10", "ack20", "ack30"]  # fmt: skip
    assert told[0] == "subscribed" and told[-1] == "new39" and told.index("ack30") == told.index("new33") - 1
    assert len(told) - 1 + outlet.skipped == 3 + 36 + 5 and outlet.held_bytes == 0


def test_frames_around_a_word_come_as_they_were_given():
    pipe = Pipe(1)
    outlet = outlet_over(pipe)
    outlet.offer(1, "a", text_frame(b"a1"))
    outlet.offer(2, "b", text_frame(b"b2"))
    outlet.say(b"word")
    outlet.offer(3, "c", text_frame(b"c3"))
    assert frames(pipe.drain(outlet)) == ["a1", "b2", "word", "c3"]


def test_a_client_that_lets_its_answers_pile_up_is_cut_off():
    pipe = Pipe(0)
    outlet = outlet_over(pipe)
    outlet.offer(1, None, text_frame(b"1"))
    for _ in range(200):
        outlet.say(b"x" * 1_000)
    assert pipe.open
    for _ in range(100):
        outlet.say(b"x" * 1_000)
    assert not pipe.open and outlet.held_bytes < 300_000


def test_held_bytes_are_bounded_and_the_oldest_go_first():
    pipe = Pipe(0)
    outlet = outlet_over(pipe, limit_bytes=100)
    for offset in range(1, 41):
        outlet.offer(offset, None, text_frame(b"%08d" % offset))
        assert outlet.held_bytes <= 100
    told = frames(pipe.drain(outlet))
    assert told[:2] == ["00000001", "skipped 30 slow client"] and told[-1] == "00000040"
    assert len(told) - 1 + 30 == 40


def test_only_the_newest_waiting_ping_or_pong_is_kept_and_it_goes_first():
    pipe = Pipe(1)
    outlet = outlet_over(pipe)
    outlet.offer(1, None, text_frame(b"1"))
    outlet.offer(2, None, text_frame(b"2"))
    outlet.control(ping_frame(b"old"))
    outlet.control(ping_frame(b"new"))
    assert frames(pipe.drain(outlet)) == ["1", "new", "2"]


def test_a_snapshot_may_be_older_than_what_was_told_and_a_closed_link_takes_nothing():
    pipe = Pipe(10_000)
    outlet = outlet_over(pipe)
    outlet.offer(9, None, text_frame(b"9"))
    outlet.show([(3, "a", text_frame(b"3"))])
    outlet.show([])
    pipe.open = False
    outlet.offer(10, None, text_frame(b"10"))
    outlet.say(b"more")
    outlet.control(ping_frame())
    outlet.lost(3, "server overload")
    assert frames(pipe.sent) == ["9", "3"] and not pipe.flushing


def test_what_was_lost_before_the_outlet_is_told_at_once_to_an_idle_client():
    pipe = Pipe(10_000)
    outlet = outlet_over(pipe)
    outlet.lost(7, "server overload")
    assert frames(pipe.sent) == ["skipped 7 server overload"] and outlet.skipped == 7


@BOTH
async def test_no_byte_is_out_of_place_with_short_writes_a_flood_of_pings_and_plain_answers(tls):
    """Every write is short (a kernel buffer of a few KiB), pings and commands arrive all the while, sizes vary."""
    async with open_live(TINY, tls=tls) as live:
        client = await Client.connect(live, "/stream?topics=note:*", receive_buffer=2048)
        await client.message_of("ready")
        sent_pings, last = [], 4_000

        async def flood():
            for i in range(300):
                payload = b"%d" % i * (1 + i % 30)
                sent_pings.append(payload[:125])
                await client.send(PING, payload[:125])
                if i % 10 == 0:
                    await client.say({"action": "subscribe", "topics": [f"none:{i}"][: i % 20]})
                await trio.lowlevel.checkpoint()

        async def publish():
            for i in range(last):
                text = "é" * (i * 37 % 700)
                texts[live.runtime.publish(Note("note:x", text, retained=False))] = text
                if i % 20 == 0:
                    await trio.sleep(0)

        offsets, texts = [], {}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood)
            nursery.start_soon(publish)
            with trio.fail_after(30):
                while len(texts) < last or offsets[-1:] != [max(texts)]:
                    told = await client.message()
                    if told["type"] == "note":
                        assert told["data"]["text"] == texts[told["offset"]]
                        offsets.append(told["offset"])
        assert offsets == sorted(set(offsets)) and len(offsets) + client.skipped == last
        assert client.pongs and set(client.pongs) <= set(sent_pings)
        assert client.kinds["error"] == 0 and client.kinds["subscribed"] > 1


@BOTH
async def test_what_an_app_sends_itself_comes_between_whole_frames_of_its_outlet(tls):
    async def app(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        outlet = scope["extensions"]["oracle.outlet"]
        for n in range(2_000):
            outlet.offer(n, None, text_frame(b'{"type": "held", "n": %d, "pad": "%b"}' % (n, b"x" * (n * 37 % 900))))
            if n % 25 == 0:
                await send({"type": "websocket.send", "text": json.dumps({"type": "sent", "pad": "y" * n})})
        await outlet.taken()
        await send({"type": "websocket.close", "code": 1000})

    async with open_live(TINY, tls=tls, app=app) as live:
        client = await Client.connect(live, "/", receive_buffer=2048)
        offsets = []
        with trio.fail_after(30), pytest.raises(Closed) as closed:
            while True:
                told = await client.message()
                offsets += [told["n"]] if told["type"] == "held" else []
        assert (closed.value.code, client.kinds["sent"], client.kinds["held"]) == (1000, 80, len(offsets))
        assert offsets == sorted(set(offsets)) and offsets[-1] == 1_999


@BOTH
async def test_a_client_that_pauses_catches_up_with_the_newest_and_the_count_of_the_rest(tls):
    async with open_live(TINY, tls=tls) as live:
        paused = await Client.connect(live, "/stream?topics=quote:*", receive_buffer=2048)
        witness = await Client.connect(live, "/stream?topics=quote:*")
        for client in (paused, witness):
            await client.message_of("ready")
        seen, published = [], []
        for i in range(5_000):
            published.append(live.runtime.publish(Note(f"quote:S{i % 7}", f"{i}")))
            if i % 50 == 49:
                while seen[-1:] != published[-1:]:
                    seen.append((await witness.message())["offset"])
        assert seen == published and witness.skipped == 0
        newest, count = {}, 0
        with trio.fail_after(30):
            while count + paused.skipped < 5_000:
                told = await paused.message()
                if told["type"] == "quote":
                    count += 1
                    assert newest.get(told["topic"], {"offset": 0})["offset"] < told["offset"]
                    newest[told["topic"]] = told
        assert {t: m["data"]["text"] for t, m in newest.items()} == {f"quote:S{i % 7}": f"{i}" for i in range(4_993, 5_000)}
        assert paused.skipped > 1_000


@BOTH
async def test_a_reused_file_number_never_carries_a_stranger_s_frames(tls):
    """Sockets end in every way while frames are written; whoever gets their file number sees only its own stream."""
    async with open_live(TINY, tls=tls) as live, trio.open_nursery() as nursery:
        running = True

        async def publish():
            while running:
                for topic in ("mine", "yours"):
                    live.runtime.publish(Note(f"{topic}:x", topic * 20, retained=False))
                await trio.sleep(0)

        nursery.start_soon(publish)
        for i in range(60):
            mine, yours = ("mine", "yours") if i % 2 else ("yours", "mine")
            client = await Client.connect(live, f"/stream?topics={mine}:*", receive_buffer=2048)
            for _ in range(5):
                told = await client.message_of(mine)
                assert told["data"]["text"] == mine * 20
            assert client.kinds[yours] == 0
            if i % 3 == 0:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            await trio.aclose_forcefully(client.stream)
            # a plain request takes the freed number; a stray frame would be in its answer
            http = await live.raw()
            await http.send_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b""
            while data := await http.receive_some(4096):
                answer += data
            assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"\r\n\r\nhome")
            await http.aclose()
        running = False
        await live.quiet(0)
        assert (await live.desk()).crashed == 0


@BOTH
async def test_a_silent_client_is_pinged_then_closed_and_one_that_answers_stays(tls):
    async with open_live(Bounds(heartbeat_s=0.15), tls=tls) as live:
        deaf, alive = await Client.connect(live, "/stream"), await Client.connect(live, "/stream")
        deaf.answers_pings = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(alive.close_code)
            assert await deaf.close_code() == 1001 and deaf.pings == 1
            await live.when(lambda desk: len(desk.open) == 1 and alive.pings >= 3)
            nursery.cancel_scope.cancel()
        desk = await live.desk()
        assert desk.cut_off == 1 and len(desk.open) == 1


def test_frames_of_every_length_are_minimal():
    for size in (0, 125, 126, 65_535, 65_536):
        frame = text_frame(b"x" * size)
        assert len(frame) == size + (2 if size < 126 else 4 if size < 65_536 else 10)


def test_a_value_json_cannot_hold_costs_only_its_data():
    from actors import Published

    odd = Published(7, 1_000_000, "note:x", Note("note:x", {1: object()}))  # type: ignore[arg-type]
    told = json.loads(Native("e").encode(odd))
    assert told == {"type": "note", "channel": "note", "topic": "note:x", "epoch": "e", "offset": 7,
                    "ts": "1970-01-01T00:00:01Z", "data": None}  # fmt: skip

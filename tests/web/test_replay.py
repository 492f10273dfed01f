"""A client that comes back, at a real server: what it was told is what was published, or it is told that it is not."""

from __future__ import annotations

import pytest
import trio
from live import Client, upgrade

from oracle.history import Commit
from oracle.model import Event, Severity, State, Trade
from tests.logbook import serving
from web import replay
from web.desk import Bounds


async def come_back(server, topics, since):
    """(the frames told, what `ready` said)."""
    client = await Client.connect(server, f"/api/oracle/stream?topics={topics}&since={since}")
    frames = []
    with trio.fail_after(30):
        while (frame := await client.message())["type"] != "ready":
            if frame["type"] not in ("subscribed", "skipped"):
                frames.append(frame)
    await client.stream.aclose()
    return frames, frame


async def test_a_place_that_can_not_be_is_told_so_with_a_snapshot(tmp_path):
    async with serving(tmp_path) as server:
        first = server.runtime.epoch
        server.runtime.publish(State("thing:A", {"n": 1}, 1, 1))
        await server.runtime.ask("history", Commit(()))
    end = server.system.store.statistics.watermark
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
        frames, ready = await come_back(server, "state:thing:*", f"{first}:{end}")
        assert ready["recovered"] and [f["epoch"] for f in frames] == [present], "the board is told anew"
        frames, ready = await come_back(server, "state:thing:*", f"{present}:{server.runtime.bus.offset}")
        assert ready["recovered"] and ready["caught_up"] == 0 and frames == []


async def test_more_than_is_read_for_one_client_is_too_much(tmp_path, monkeypatch):
    async with serving(tmp_path) as server:
        offsets = [server.runtime.publish(Trade("B", 1.0, 1.0, "buy", str(number), 1, "test")) for number in range(5)]
    monkeypatch.setattr(replay.Replay.__init__, "__defaults__", (4,))
    async with serving(tmp_path) as again:
        for since, reason, told in ((offsets[0] - 1, "too_much", []), (offsets[0], None, offsets[1:])):
            frames, ready = await come_back(again, "trade:*", f"{server.runtime.epoch}:{since}")
            assert (ready["recovered"], ready.get("reason")) == (reason is None, reason)
            assert [frame["offset"] for frame in frames] == told


async def test_what_history_lost_is_told(tmp_path):
    async with serving(tmp_path, ring_bytes=2_000) as server:
        runtime = server.runtime
        begun = runtime.bus.offset
        runtime.publish(Trade("B", "dear", 1.0, "buy", "1", 1, "test"))
        for number in range(50):
            runtime.publish(Trade("B", 1.0, 1.0, "buy", str(number), 1, "test"))
        for since, recovered in ((begun, False), (begun + 1, True)):
            frames, ready = await come_back(server, "trade:*", f"{runtime.epoch}:{since}")
            assert ready["recovered"] is recovered
            assert ready.get("reason") == (None if recovered else "incomplete")
            assert len(frames) == (50 if recovered else 1), "a snapshot holds the newest"
    async with serving(tmp_path) as server:
        _, ready = await come_back(server, "trade:*", f"{runtime.epoch}:{begun}")
        assert ready["reason"] == "incomplete"
        _, ready = await come_back(server, "quote:*,event:*", f"{runtime.epoch}:{begun}")
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
            frames, ready = await come_back(server, "trade:*", f"{runtime.epoch}:{begun}")
            assert ready["recovered"] and [f["data"]["trade_id"] for f in frames] == [str(number)]


async def test_history_that_is_down_is_said(tmp_path):
    async with serving(tmp_path, ring_bytes=2_000) as server:
        runtime = server.runtime
        begun = runtime.bus.offset
        for number in range(50):
            runtime.publish(Trade("B", 1.0, 1.0, "buy", str(number), 1, "test"))
        server.system.store.statistics.state = "down"
        _, ready = await come_back(server, "trade:*", f"{runtime.epoch}:{begun}")
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
        client = await trio.open_tcp_stream("127.0.0.1", server.port)
        await client.send_all(upgrade(f"/api/oracle/stream?topics=*&since={since}"))
        assert (await client.receive_some(100)).startswith((b"HTTP/1.1 400", b"HTTP/1.1 422"))
        await client.aclose()

"""The Python client against real servers: nothing is missed in silence, a command is applied once, a "no" is raised."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import itertools
import json
import random

import pytest
import trio
from live import GUID
from running import open_served
from serving import serving
from sink import answering, open_raw, open_sink
from soak import rounds

from oracle.client import Client, Frame, Hole, Ready, RemoteFailed
from oracle.following import Following
from oracle.model import Event, Quote, Severity
from oracle.problems import Invalid

BOTH = pytest.mark.parametrize("transport", ["websocket", "poll"])


def at(port: int, **options) -> Client:
    return Client(f"http://127.0.0.1:{port}", **options)


def say(house, n: int, pad: int = 0) -> None:
    data = {"n": n, "pad": "x" * pad}
    now_us = house.system.runtime.now_us()
    house.system.runtime.publish(Event(f"evt_{n}", "odd", "BTC-USD", "watchdog:x", Severity.low, "odd", data, now_us))


def quote(house, bid: float) -> None:
    house.system.runtime.publish(Quote("BTC-USD", bid, 1, bid + 1, 1, house.system.runtime.now_us(), "binance"))


def number(frame: Frame) -> int:
    return frame.data["data"]["n"]


class Soon:
    """The stream, whose next word must come within 20 s."""

    def __init__(self, stream: Following) -> None:
        self.stream = stream

    def __aiter__(self) -> Soon:
        return self

    async def __anext__(self) -> Frame | Hole | Ready:
        with trio.fail_after(30):
            return await anext(self.stream)


async def pass_on(source: trio.SocketStream, sink: trio.SocketStream, most_bytes: float) -> None:
    """Copy until one of them ends, or so many bytes are through."""
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        async for data in source:
            await sink.send_all(data[: int(min(most_bytes, len(data)))])
            most_bytes -= len(data)
            if most_bytes <= 0:
                return


async def relay(port: int, most_bytes: float, near: trio.SocketStream) -> None:
    """Stand between a client and the server at `port`, until the client was given so many bytes."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as far, trio.open_nursery() as nursery:
        nursery.start_soon(pass_on, near, far, float("inf"))
        await pass_on(far, near, most_bytes)
        nursery.cancel_scope.cancel()


# ---- the stream


@BOTH
async def test_first_comes_what_is_known_then_what_happens(tmp_path, transport):
    async with open_served(tmp_path) as house, at(house.port) as oracle:
        quote(house, 1)
        quote(house, 2)
        async with oracle.stream("event:odd:*", "quote:BTC-USD", transport=transport) as stream:
            known, ready = await anext(stream), await anext(stream)
            say(house, 3)
            news = await anext(stream)
        assert (known.type, known.data["bid"], known.snapshot, known.place) == ("quote", 2, True, "")
        assert ready.caught_up is None and ready.place.startswith(f"{known.epoch}:")
        assert (number(news), news.snapshot, news.place) == (3, False, f"{news.epoch}:{news.offset}")
        # whoever dealt with the first of three comes back for the others
        say(house, 4)
        async with oracle.stream("event:odd:*", since=ready.place, transport=transport) as stream:
            again = [await anext(stream) for _ in range(3)]
        assert [number(one) for one in again[:2]] == [3, 4] and not again[0].snapshot
        assert again[2].caught_up == 2


@BOTH
async def test_each_message_comes_once_over_any_number_of_cuts(tmp_path, transport):
    chance, cuts, events = random.Random(11), rounds(10, 300), rounds(300, 5_000)
    limits = [*(chance.randint(300, 8_000) for _ in range(cuts)), 6_000]
    seen: list[int] = []
    said = 0
    async with open_served(tmp_path) as house, open_raw(
        lambda near: relay(house.port, limits.pop() if limits else 1e12, near)
    ) as port, at(port).stream("event:odd:*", transport=transport) as stream:
        async for one in Soon(stream):
            assert not isinstance(one, Hole)
            if isinstance(one, Frame):
                seen.append(number(one))
            while said < len(seen) + 10 and (limits or said < events):
                say(house, said)
                said += 1
            if len(seen) == said:
                break
    assert seen == list(range(said)) and said >= events and not limits


@pytest.mark.parametrize("run", range(rounds(2, 20)))
async def test_over_a_kill_of_the_server_commands_are_applied_once_and_no_event_is_missed_in_silence(tmp_path, run):
    """The client finds it by its data folder, as it listens elsewhere each time. Killed between two commands, all it has told
    is stored; killed while it carries one out, it may have told more, and says so."""
    start, oracle = functools.partial(serving, tmp_path / "data", "--no-demo"), Client(data=tmp_path / "data", deadline_s=60)
    begun, ended = trio.Event(), trio.Event()
    heard: list[Frame] = []
    holes: list[Hole] = []

    async def command() -> None:
        await begun.wait()
        while not ended.is_set():
            await oracle.command("POST", "/api/oracle/inbox", {"n": (n := next(numbers))})
            if n == 9 and run % 2 == 0:
                server.process.kill()

    async def restart() -> None:
        await trio.to_thread.run_sync(lambda: (server.process.wait(), stack.enter_context(start())))

    numbers = itertools.count()
    with contextlib.ExitStack() as stack, trio.fail_after(60):
        server = await trio.to_thread.run_sync(stack.enter_context, start())
        async with trio.open_nursery() as nursery, oracle.stream("event:webhook_received:*") as stream:
            nursery.start_soon(command)
            nursery.start_soon(restart)
            async for one in stream:
                match one:
                    case Ready():
                        begun.set()
                    case Hole():
                        holes.append(one)
                    case Frame():
                        heard.append(one)
                        if number(one) == 9 and run % 2:
                            server.process.kill()
                        if number(one) >= 29:
                            ended.set()
                            break
        stored = (await oracle.get("/api/oracle/events", kind="webhook_received", limit=1000))["items"]
    assert sorted(row["data"]["n"] for row in stored) == list(range(next(numbers)))
    told = [(one.epoch, one.offset, number(one)) for one in heard]
    kept = [(row["epoch"], row["offset"], row["data"]["n"]) for row in reversed(stored) if row["data"]["n"] <= number(heard[-1])]
    assert len({epoch for epoch, *_ in told}) == 2
    assert told == kept if not holes else (run % 2 and holes[0].reason == "beyond_end")


@BOTH
async def test_a_hole_is_said(tmp_path, transport):
    async with open_served(tmp_path) as house:
        quote(house, 1)
        async with at(house.port).stream("quote:*", since="elsewhere:7", transport=transport) as stream:
            told = [await anext(Soon(stream)) for _ in range(3)]
        hole, frame, ready = told
        assert hole == Hole("unknown_epoch", None, "elsewhere:7")
        assert (frame.data["bid"], frame.snapshot) == (1, True)
        assert frame.place == "elsewhere:7", "if it ends here, it is said again"
        assert ready.caught_up is None and ready.place.startswith(f"{frame.epoch}:")


async def test_who_reads_slowly_is_told_how_many_it_was_not_given(tmp_path):
    async with open_served(tmp_path) as house, at(house.port).stream("event:odd:*") as stream:
        assert isinstance(await anext(stream), Ready)
        for n in range(400):
            say(house, n, pad=60_000)
            await trio.lowlevel.checkpoint()
        told = []
        while not told or not isinstance(told[-1], Frame) or number(told[-1]) < 399:
            told.append(await anext(stream))
    numbers = [number(one) for one in told if isinstance(one, Frame)]
    missing = sum(one.count for one in told if isinstance(one, Hole))
    assert missing > 0 and len(numbers) + missing == 400 and numbers == sorted(set(numbers))


@BOTH
async def test_a_stream_that_is_refused_raises(tmp_path, transport):
    async with open_served(tmp_path) as house:
        with pytest.raises(RemoteFailed) as refused:
            async with at(house.port).stream("no*pattern", transport=transport) as stream:
                await anext(Soon(stream))
        assert refused.value.status == 422 and refused.value.body["error"]["details"][0]["field"] == "topics"
        with pytest.raises(Invalid, match="transport: "):
            at(house.port).stream("*", transport="pigeons")


async def test_a_server_that_stays_away_is_given_up(tmp_path):
    async with open_served(tmp_path) as house, trio.open_nursery() as nursery:
        near = await nursery.start(functools.partial(serve_once, house.port))
        with pytest.raises(RemoteFailed, match="the stream of") as lost:
            async with at(near).stream("*", patience_s=0.0) as stream:
                async for _ in Soon(stream):
                    pass
        assert lost.value.status == 0 and lost.value.passing


async def serve_once(port: int, task_status=trio.TASK_STATUS_IGNORED) -> None:
    """Relay one connection for a while, then be gone."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    task_status.started(listener.socket.getsockname()[1])
    async with listener, await listener.accept() as near:
        await relay(port, 1_000, near)


async def test_a_server_that_is_gone_without_a_word_is_noticed(autojump_clock):
    """It shakes hands, is silent, and answers no ping; the next connection is another try."""
    tries: list[float] = []

    async def mute(stream: trio.SocketStream) -> None:
        tries.append(trio.current_time())
        head = await stream.receive_some(65_536)
        key = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:")).split()[1]
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        said = json.dumps({"type": "ready", "epoch": "e", "offset": 1}).encode()
        await stream.send_all(b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept
                              + b"\r\n\r\n" + bytes([0x81, len(said)]) + said)  # fmt: skip
        while await stream.receive_some(65_536):
            pass

    async with open_raw(mute) as port, at(port).stream("*") as stream:
        with trio.fail_after(120):
            told = [await anext(stream), await anext(stream)]
        assert told == [Ready(None, "e:1")] * 2
    assert len(tries) == 2


# ---- questions and commands


async def test_a_command_whose_answer_is_lost_is_applied_once(tmp_path):
    given = [0, 30, 0]  # bytes of the first answers that come through

    async def lossy(near: trio.SocketStream) -> None:
        await relay(house.port, max(given.pop(), 0.1) if given else 1e12, near)

    async with open_served(tmp_path) as house, open_raw(lossy) as port:
        answer = await at(port).command("POST", "/api/oracle/inbox", {"n": 1}, id="mine")
        assert not given
        found = await at(house.port).get("/api/oracle/events", kind="webhook_received")
        assert [row["data"]["n"] for row in found["items"]] == [1]
        assert await at(house.port).command("POST", "/api/oracle/inbox", {"n": 1}, id="mine") == answer
        with pytest.raises(RemoteFailed) as reused:
            await at(house.port).command("POST", "/api/oracle/inbox", {"n": 2}, id="mine")
        assert reused.value.status == 422 and "mine" in str(reused.value.body)


async def test_it_is_sent_again_with_its_id_until_it_is_answered(autojump_clock):
    async with open_sink() as sink:
        answers = [answering(500), answering(503, Retry_After="20"), answering(504, b"{}"), answering(429, Retry_After="3"),
                   answering(200, b'{"done": true}')]  # fmt: skip

        async def script(call, stream) -> None:
            await answers.pop(0)(call, stream)

        sink.script = script
        began_s = trio.current_time()
        assert await at(sink.port).command("PUT", "/x", {"a": 1.5}) == {"done": True}
        assert trio.current_time() - began_s >= 23, "as long as it was asked to wait"
        assert [call.json for call in sink.calls] == [{"a": 1.5}] * 5
        assert len({call.headers["idempotency-key"] for call in sink.calls}) == 1
        sink.script = answering(204)
        assert await at(sink.port).command("DELETE", "/x") is None
        assert sink.calls[-1].headers["idempotency-key"] != sink.calls[0].headers["idempotency-key"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 501])
async def test_a_no_is_raised_and_not_sent_again(status):
    async with open_sink(answering(status, b'{"error": {"code": "no"}}')) as sink:
        for ask in (at(sink.port).command("POST", "/x", {}), at(sink.port).get("/x")):
            with pytest.raises(RemoteFailed) as no:
                await ask
            assert (no.value.status, no.value.body, no.value.passing) == (status, {"error": {"code": "no"}}, False)
        assert len(sink.calls) == 2


async def test_after_the_deadline_it_is_raised_that_nobody_knows(autojump_clock):
    async def mute(call, stream) -> None:
        await trio.sleep_forever()

    for script, status in ((answering(503, b'{"busy": 1}'), 503), (answering(503, Retry_After="60"), 503), (mute, 0)):
        async with open_sink(script) as sink:
            began_s = trio.current_time()
            with pytest.raises(RemoteFailed) as late:
                await at(sink.port, deadline_s=30).command("POST", "/x", {})
            assert late.value.passing and late.value.status == status
            assert trio.current_time() - began_s <= 30.1
            assert len({call.headers["idempotency-key"] for call in sink.calls}) == 1


async def test_what_is_no_json_is_refused_before_it_is_sent():
    async with open_sink() as sink:
        for body in (float("nan"), object()):
            with pytest.raises((ValueError, TypeError)):
                await at(sink.port).command("POST", "/x", {"a": body})
        assert not sink.calls


async def test_it_begins_when_the_server_has_answered(tmp_path):
    async with open_served(tmp_path) as house, at(house.port) as oracle:
        assert (await oracle.get("api/oracle/tree"))["name"] == "root"
        with pytest.raises(RemoteFailed) as unknown:
            await oracle.get("/api/oracle/quote", symbol="BTC-USD")
        assert unknown.value.status == 404
    for nobody in (at(house.port), Client(data=tmp_path / "empty")):
        with pytest.raises(RemoteFailed, match=r"does not answer|no server runs"):
            async with nobody:
                pass
    async with open_sink(answering(401, b"{}")) as sink:
        with pytest.raises(RemoteFailed, match="answered 401"):
            async with Client(f"http://127.0.0.1:{sink.port}/", "wrong"):
                pass
        assert sink.calls[0].headers["authorization"] == "Bearer wrong"
    for url in ("", "localhost:8000", "ftp://x"):
        with pytest.raises(Invalid, match="url: "):
            Client(url)

"""The stand-in for an exchange: every frame, in order, at its time, to every client."""

from functools import partial

import pytest
import trio
from trio_websocket import open_websocket_url

from oracle.recording import Frame, Recording
from oracle.replay import Played, replay_url, serve_recording

T0_US = 1_633_998_511_000_000
RECORDING = Recording("wss://x", T0_US, (), (Frame(T0_US + 2_000_000, "a"), Frame(T0_US + 5_000_000, "b")))


@pytest.fixture
async def serve(nursery):
    async def start(recording=RECORDING, **how):
        port = await nursery.start(partial(serve_recording, recording, **how))
        return replay_url("127.0.0.1", port) + "/any/path?streams=x"

    return start


@pytest.mark.parametrize(("speed", "instants"), [(1.0, [2.0, 5.0]), (4.0, [0.5, 1.25])])
async def test_gaps_are_the_original_ones_or_so_many_times_shorter(serve, autojump_clock, speed, instants):
    async with open_websocket_url(await serve(speed=speed)) as client:
        began_s, seen = trio.current_time(), []
        for _ in RECORDING.frames:
            seen.append((await client.get_message(), round(trio.current_time() - began_s, 2)))
    assert seen == list(zip("ab", instants, strict=True))


async def test_speed_zero_leaves_no_gaps_and_the_connection_stays_open_after_the_end(serve, autojump_clock):
    played = []
    async with open_websocket_url(await serve(speed=0, report=played.append)) as client:
        began_s = trio.current_time()
        assert [await client.get_message(), await client.get_message()] == ["a", "b"]
        assert trio.current_time() == began_s
        with trio.move_on_after(3600) as hour:
            await client.get_message()
        assert hour.cancelled_caught
        assert played == [Played(1, "connected", 0, 2), Played(1, "finished", 2, 2)]
        await client.ping()


async def test_each_client_hears_the_whole_recording_and_is_reported(serve):
    played = []
    url = await serve(speed=0, report=played.append)
    for number in (1, 2):
        async with open_websocket_url(url) as client:
            assert [await client.get_message(), await client.get_message()] == ["a", "b"]
        while played[-1] != Played(number, "gone", 2, 2):
            await trio.lowlevel.checkpoint()


async def test_where_our_side_spoke_first_the_client_has_to(serve, autojump_clock):
    recording = Recording("wss://x", T0_US, (Frame(T0_US, "subscribe"),), RECORDING.frames)
    async with open_websocket_url(await serve(recording, speed=0)) as client:
        with trio.move_on_after(60) as minute:
            await client.get_message()
        assert minute.cancelled_caught
        await client.send_message("anything")
        assert await client.get_message() == "a"


@pytest.mark.parametrize("bytes_sent", [b"", b"\x00\xff" * 50, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_a_client_that_speaks_no_websocket_harms_nobody(serve, bytes_sent):
    url = await serve(speed=0)
    stream = await trio.open_tcp_stream("127.0.0.1", int(url.split(":")[2].split("/")[0]))
    if bytes_sent:
        await stream.send_all(bytes_sent)
        assert b"400" in await stream.receive_some(100)
    await stream.aclose()
    async with open_websocket_url(url) as client:
        assert await client.get_message() == "a"


async def test_a_taken_address_is_an_error(serve):
    port = int((await serve()).split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="in use"):
        await serve_recording(RECORDING, port=port)

"""The thread that trio runs in for others: it answers, is cancelled, ends, and loses nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import os
import signal
import threading
from contextlib import asynccontextmanager

import pytest
import trio
from sink import answering, open_sink

from oracle.client import AsyncioClient, Closed, SyncClient
from oracle.sdk.portal import Portal
from oracle.sdk.streams import AsyncStream, Stream


async def answer(value):
    await trio.lowlevel.checkpoint()
    return value


async def fail():
    await trio.lowlevel.checkpoint()
    raise LookupError("nothing there")


class Source:
    """Something that is told, from outside: `say` may be called by anybody."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.ended = threading.Event()

    @asynccontextmanager
    async def told(self):
        self.send, heard = trio.open_memory_channel(math.inf)
        try:
            yield heard
        finally:
            self.ended.set()

    def say(self, *values) -> None:
        for value in values:
            self.portal.soon(lambda value=value: self.send.send_nowait(value))


def test_it_answers_and_raises_as_the_work_does():
    portal = Portal()
    assert portal.start(lambda: answer(3)).wait() == 3
    with pytest.raises(LookupError, match="nothing there"):
        portal.start(fail).wait()
    assert portal.start(lambda: answer(4)).wait() == 4, "nothing is broken by that"
    portal.close()


def test_what_is_under_way_when_it_is_closed_is_told_so():
    portal = Portal()
    pending = portal.start(trio.sleep_forever)
    portal.close()
    with pytest.raises(Closed):
        pending.wait()
    with pytest.raises(Closed):
        portal.start(lambda: answer(1))
    portal.close()


def test_its_thread_ends_when_nobody_holds_it_any_more():
    client = SyncClient("http://127.0.0.1:1")
    client._portal.start(lambda: answer(1)).wait()
    thread = client._portal._inside.thread
    del client
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


def test_a_child_after_a_fork_has_a_thread_of_its_own():
    portal = Portal()
    portal.start(lambda: answer(1)).wait()
    child = os.fork()
    if child == 0:
        os._exit(portal.start(lambda: answer(7)).wait())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    portal.close()


def test_work_that_nobody_waits_for_any_more_is_cancelled():
    portal, ended = Portal(), threading.Event()

    async def wait() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await asyncio.wrap_future(portal.start(wait).future)

    asyncio.run(main())
    assert ended.wait(10)
    portal.close()


def test_an_interrupted_wait_loses_no_message():
    portal = Portal()
    source = Source(portal)
    stream = Stream(portal, source.told)
    interrupt = threading.Timer(0.1, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT])
    with stream:
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            next(stream)
        source.say(1, 2)
        assert [next(stream), next(stream)] == [1, 2]
    assert source.ended.wait(10)
    portal.close()


def test_a_cancelled_wait_loses_no_message():
    portal = Portal()
    source = Source(portal)

    async def main() -> list[int]:
        heard: list[int] = []
        async with AsyncStream(portal, source.told) as stream:
            while len(heard) < 200:
                try:
                    async with asyncio.timeout(0 if len(tries) % 2 else 0.001):
                        tries.append(1)
                        heard.append(await anext(stream))
                except TimeoutError:
                    source.say(*range(said[0], min(said[0] + 3, 200)))
                    said[0] = min(said[0] + 3, 200)
        return heard

    tries, said = [], [0]
    assert asyncio.run(main()) == list(range(200))
    portal.close()


def test_a_stream_that_is_forgotten_ends():
    portal = Portal()
    source = Source(portal)
    for value in Stream(portal, lambda: started(source)):
        assert value == 1
        break
    gc.collect()
    assert source.ended.wait(10)
    portal.close()


def started(source: Source):
    """The source, which has something to say at once."""

    @asynccontextmanager
    async def told():
        async with source.told() as heard:
            source.send.send_nowait(1)
            yield heard

    return told()


async def test_it_works_inside_a_running_asyncio_loop():
    """As in a notebook: whoever calls blocks its loop, and is answered all the same."""
    page = json.dumps({"experiments": [{"id": "exp_001"}], "total": 1}).encode()

    async def cell(url: str) -> list[str]:
        client = SyncClient(url)
        found = [one.id for one in client.experiments.list()]
        async with AsyncioClient(url) as other:
            found += [one.id async for one in other.experiments.list()]
        client.close()
        return found

    async with open_sink(answering(200, page)) as sink:
        found = await trio.to_thread.run_sync(asyncio.run, cell(f"http://127.0.0.1:{sink.port}"))
    assert found == ["exp_001"] * 2


async def test_many_threads_may_ask_one_client():
    async with open_sink(answering(200, b'{"experiment": {"id": "x"}}')) as sink:
        client, found = SyncClient(f"http://127.0.0.1:{sink.port}"), []
        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(trio.to_thread.run_sync, lambda: found.append(client.experiments.get("x").id))
        await trio.to_thread.run_sync(client.close)
    assert found == ["x"] * 8

"""A live look from a thread of its own: it hears, comes back, ends, and leaves nothing behind."""

import gc
import threading

import pytest
import trio
from running import open_served

from oracle.client import RemoteFailed, SyncClient
from oracle.model import Sample
from oracle.widget import watch as looks

WITHIN_S = 20


def say(house, value):
    house.system.runtime.publish(Sample("beat", "x", value, "", house.system.runtime.now_us(), "simulated"))


async def shown(watch, wanted):
    """Once what is shown is as wanted; `show` is called by the client's thread."""
    token, news = trio.lowlevel.current_trio_token(), trio.Event()

    def show():
        nonlocal news
        token.run_sync_soon(lambda: news.set())

    watch._ear.show = show
    with trio.fail_after(WITHIN_S):
        while not wanted(watch.picture.said()):
            await news.wait()
            news = trio.Event()


def newest(value):
    return lambda said: said["newest"].get("sample:beat:x", [0, None])[1] == value


async def test_it_shows_the_newest_and_ends_with_stop_or_with_its_client(tmp_path):
    before = set(threading.enumerate())
    async with open_served(tmp_path) as house:
        say(house, 1.0)
        client = SyncClient(f"http://127.0.0.1:{house.port}")
        watch = await trio.to_thread.run_sync(client.watch, "sample:beat:x")
        assert watch.picture.state == "live" and newest(1.0)(watch.picture.said()), "back once the first was told"
        for n in range(200):
            say(house, float(n))
        await shown(watch, newest(199.0))
        assert "199" in repr(watch) and "[simulated]" in repr(watch)
        watch.stop()
        await shown(watch, lambda said: said["state"] == "ended")
        assert not watch.hears
        await trio.to_thread.run_sync(watch.start)
        say(house, 7.0)
        await shown(watch, newest(7.0))
        await trio.to_thread.run_sync(client.close)
        assert (watch.picture.state, watch.hears) == ("ended", False)
    assert {one for one in threading.enumerate() if one.name == "oracle-client"} <= before


async def test_it_says_when_the_server_is_gone_and_goes_on_when_it_is_back(tmp_path):
    async with open_served(tmp_path) as house:
        client = SyncClient(f"http://127.0.0.1:{house.port}")
        watch = await trio.to_thread.run_sync(client.watch, "sample:beat:x")
        with pytest.raises(RemoteFailed):
            await trio.to_thread.run_sync(SyncClient("http://127.0.0.1:9").watch, "x")
        states, back, stands, token = [], trio.Event(), watch.picture.stands, trio.lowlevel.current_trio_token()

        def noted(state, reason=""):
            states.append(state)
            stands(state, reason)
            if states[-2:] == ["reconnecting", "live"]:
                token.run_sync_soon(back.set)

        watch.picture.stands = noted
        house.system.runtime.kill(next(one.name for one in sockets(house.system.runtime.tree())))
        with trio.fail_after(WITHIN_S):
            await back.wait()
        say(house, 3.0)
        await shown(watch, lambda said: newest(3.0)(said) and said["state"] == "live")
        client.close()


def sockets(node):
    if node.name.startswith("socket:"):
        yield node
    for child in node.children:
        yield from sockets(child)


async def test_one_that_nobody_holds_hears_no_more_and_there_are_never_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(looks, "MOST", 3)
    async with open_served(tmp_path) as house:
        client = SyncClient(f"http://127.0.0.1:{house.port}")
        held = [await trio.to_thread.run_sync(client.watch, "sample:beat:x") for _ in range(4)]
        assert [watch.hears for watch in held] == [False, True, True, True]
        ear = held.pop()._ear
        await trio.to_thread.run_sync(int)  # trio's thread remembers what it gave last
        gc.collect()
        assert not ear.hears and ear.picture.reason == "forgotten"
        client.close()


async def test_outside_of_a_notebook_it_is_a_text(tmp_path):
    async with open_served(tmp_path) as house:
        client = SyncClient(f"http://127.0.0.1:{house.port}")
        watch = await trio.to_thread.run_sync(client.watch, "sample:none:x")
        assert watch._repr_mimebundle_() == {"text/plain": "sample:none:x: live\n  nothing yet"}
        client.close()

"""A page left open while its server is killed and started again: what it is told is what history has."""

from __future__ import annotations

import contextlib
import functools
import json
import threading
import urllib.request

import pytest
import trio
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from oracle.bookmark import Bookmark, Frame, Hole, Ready
from oracle.client import Client
from tests.serving import Serving, oracle, serving
from tests.soak import rounds

PATIENCE_S = 30
FAST = {"ORACLE__FEEDS__SIMULATED__UPDATES_PER_S": "20"}
TOPICS = "trade:*,event:*,attempt:*,life:*"  # none of them is conflated in history


def stream(server: Serving, since: str = ""):
    url = f"{server.url.replace('http', 'ws', 1)}/api/oracle/stream?topics={TOPICS}&since={since}"
    return connect(url, max_size=None, open_timeout=PATIENCE_S)


def frames_until(connection, kind: str) -> list[dict]:
    frames = [json.loads(connection.recv(timeout=PATIENCE_S))]
    while frames[-1]["type"] != kind:
        frames.append(json.loads(connection.recv(timeout=PATIENCE_S)))
    return frames


def stored_trades(server: Serving, symbols: set[str]) -> set[tuple[str, int]]:
    """The places of the trades of some symbols, as the list of ticks has them."""
    found = set()
    inbox = urllib.request.Request(f"{server.url}/api/oracle/inbox", b"{}", {"Content-Type": "application/json"})
    urllib.request.urlopen(inbox, timeout=PATIENCE_S).close()  # once this is stored, so is all before it
    for symbol in symbols:
        url = f"{server.url}/api/oracle/ticks?symbol={symbol}&kind=trade&limit=10000"
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            found |= {(row["epoch"], row["offset"]) for row in json.load(answer)["items"]}
    return found


@pytest.mark.parametrize("run", range(rounds(1, 30)))
def test_after_a_kill_the_rest_of_the_run_and_the_next_one_are_told(tmp_path, run):
    with serving(tmp_path / "data", **FAST) as server, stream(server) as connection:
        place = frames_until(connection, "ready")[-1]
        threading.Timer(0.5 + run / 10, server.process.kill).start()
        seen = [place]
        with pytest.raises(ConnectionClosed):
            while True:
                seen.append(json.loads(connection.recv(timeout=PATIENCE_S)))
        server.process.wait()
    with serving(tmp_path / "data", **FAST) as server:
        for at in (place, seen[len(seen) // 2], seen[-1]):
            since = f"{at['epoch']}:{at['offset']}"
            with stream(server, since) as connection:
                *told, ready = frames_until(connection, "ready")
            if not ready["recovered"]:
                assert ready["reason"] == "beyond_end" and at is seen[-1], "it saw what was not stored yet"
                assert ready["after"] == f"{ready['epoch']}:0" and ready["caught_up"] > 0
                at = {"epoch": place["epoch"], "offset": 2**62}
            told = [frame for frame in told if "topic" in frame]
            assert ready["caught_up"] == len(told)
            places = [(frame["epoch"] != place["epoch"], frame["offset"]) for frame in told]
            assert places == sorted(set(places))
            # of the run that was killed: what was seen live, then what was stored and not yet told
            rest = [frame for frame in told if frame["epoch"] == place["epoch"]]
            live = [frame for frame in seen if frame.get("topic") and frame["offset"] > at["offset"]]
            assert rest[: len(live)] == live[: len(rest)]
            ends = {place["epoch"]: 2**62, ready["epoch"]: ready["offset"]}
            known = {(f["epoch"], f["offset"]) for f in told if f["type"] == "trade"}
            stored = stored_trades(server, {f["data"]["symbol"] for f in seen + told if f["type"] == "trade"})
            begin = {place["epoch"]: at["offset"], ready["epoch"]: 0}
            assert known == {(epoch, o) for epoch, o in stored if begin[epoch] < o <= ends[epoch]}


def test_an_orderly_restart_without_events_loses_nothing(tmp_path):
    with serving(tmp_path / "data", "--no-demo") as server, stream(server) as connection:
        place = frames_until(connection, "ready")[-1]
        assert server.end() == 0
    for _ in range(2):  # and the second time there is a run in between
        with serving(tmp_path / "data", "--no-demo") as server:
            with stream(server, f"{place['epoch']}:{place['offset']}") as connection:
                *told, ready = frames_until(connection, "ready")
            assert ready["recovered"] is True
            assert ready["caught_up"] == len([frame for frame in told if "topic" in frame])
            assert server.end() == 0


def test_tail_goes_on_over_a_restart(tmp_path):
    with serving(tmp_path / "data", **FAST) as server:
        frames = oracle("tail", "trade:*", "--count", 3, "--json", "--data", server.data)
        last = json.loads(frames.stdout.splitlines()[-1])
        again = oracle("tail", "trade:*", "--count", 3, "--json", "--data", server.data,
                       "--since", f"{last['epoch']}:{last['offset']}")  # fmt: skip
        assert [json.loads(line)["offset"] > last["offset"] for line in again.stdout.splitlines()] == [True] * 3


async def test_a_follower_misses_nothing_over_a_restart_and_says_so(tmp_path):
    started = functools.partial(serving, tmp_path / "data", **FAST)
    told = []
    with contextlib.ExitStack() as stack:
        server = await trio.to_thread.run_sync(stack.enter_context, started())
        again = functools.partial(stack.enter_context, started(listen=[f"127.0.0.1:{server.port}"]))
        async with trio.open_nursery() as nursery, Client(server.url).stream("trade:*", "life:*", "event:*") as stream:
            async for one in stream:
                told.append(one)
                if len(told) == 200:
                    assert await trio.to_thread.run_sync(server.end) == 0
                    nursery.start_soon(trio.to_thread.run_sync, again)
                if isinstance(one, Frame) and one.type == "trade" and [type(one) for one in told].count(Ready) == 2:
                    break
    assert not [one for one in told if isinstance(one, Hole)]
    first, second = [one for one in told if isinstance(one, Ready)]
    assert first.caught_up is None and second.caught_up
    frames = [one for one in told if isinstance(one, Frame) and not one.snapshot]
    runs = list(dict.fromkeys(one.epoch for one in frames))
    places = [(runs.index(one.epoch), one.offset) for one in frames]
    assert len(runs) == 2 and places == sorted(set(places))


def test_a_bookmark_stands_still_in_a_snapshot_and_takes_nothing_twice():
    mark = Bookmark("a:7")
    words = {"topic": "quote:B", "type": "quote", "channel": "quote", "data": {}, "ts": ""}

    def quote(offset: int, epoch: str = "a") -> Frame | None:
        return mark.take({**words, "epoch": epoch, "offset": offset})

    assert mark.take({"type": "subscribed", "epoch": "a", "offset": 20, "recovered": True}) is None
    told = [quote(offset) for offset in (7, 8, 8, 9)]
    assert [one and (one.place, one.snapshot) for one in told] == [None, ("a:8", False), None, ("a:9", False)]
    assert str(mark) == "a:9"
    no = {"epoch": "a", "offset": 20, "recovered": False, "reason": "incomplete"}
    assert mark.take({"type": "subscribed", **no}) == Hole("incomplete", None, "a:9")
    still = quote(19)
    assert still.snapshot and still.place == str(mark) == "a:9", "if this ends here it returns to 9"
    assert mark.take({"type": "ready", **no}) == Ready(None, "a:20")
    assert str(mark) == "a:20"
    assert mark.take({"type": "skipped", "count": 3, "reason": "slow client"}) == Hole("slow client", 3, "a:20")
    assert quote(1, "b").place == str(mark) == "b:1"
    assert str(Bookmark()) == ""

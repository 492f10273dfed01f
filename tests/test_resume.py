"""A page left open while its server is killed and started again: what it is told is what history has."""

from __future__ import annotations

import contextlib
import json
import threading
import urllib.request

import pytest
import trio
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.serving import Serving, oracle, serving
from tests.soak import rounds
from web.following import Bookmark, follow
from web.remote import Remote

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


@pytest.mark.parametrize("run", range(rounds(2, 30)))
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
                continue
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


def test_a_follower_misses_nothing_over_a_restart_and_says_so(tmp_path):
    told: list[dict] = []
    with serving(tmp_path / "data", **FAST) as server:
        port, epoch = server.port, ""

        def hear(frame):
            told.append(frame)
            if len(told) == 200:
                threading.Thread(target=server.end).start()
            return frame["type"] == "trade" and [f["type"] for f in told].count("ready") == 2

        restarted = threading.Thread(target=lambda: (server.process.wait(), again.append(stack.enter_context(
            serving(tmp_path / "data", listen=[f"127.0.0.1:{port}"], **FAST)))))  # fmt: skip
        again: list[Serving] = []
        with contextlib.ExitStack() as stack:
            restarted.start()
            trio.run(follow, lambda: Remote(f"http://127.0.0.1:{port}/"), "trade:*,life:*,event:*", hear)
            restarted.join()
    first, second = [frame for frame in told if frame["type"] == "ready"]
    assert second["recovered"] is True and first["epoch"] != second["epoch"] != epoch
    topical = [frame for frame in told if "topic" in frame][1:]
    places = [(f["epoch"] == second["epoch"], f["offset"]) for f in topical if told.index(f) > told.index(first)]
    assert places == sorted(set(places))


def test_a_bookmark_stands_still_in_a_snapshot_and_takes_nothing_twice():
    mark = Bookmark("a:7")
    quote = {"type": "quote", "topic": "quote:B", "epoch": "a"}
    assert mark.take({"type": "subscribed", "epoch": "a", "offset": 20, "recovered": True})
    assert [mark.take({**quote, "offset": offset}) for offset in (7, 8, 8, 9)] == [False, True, False, True]
    assert str(mark) == "a:9"
    assert mark.take({"type": "subscribed", "epoch": "a", "offset": 20, "recovered": False, "reason": "incomplete"})
    assert mark.take({**quote, "offset": 19}) and str(mark) == "a:9", "if this ends here it returns to 9"
    assert mark.take({"type": "ready", "epoch": "a", "offset": 20, "recovered": False, "reason": "incomplete"})
    assert str(mark) == "a:20"
    assert mark.take({**quote, "epoch": "b", "offset": 1}) and str(mark) == "b:1"
    assert str(Bookmark()) == ""

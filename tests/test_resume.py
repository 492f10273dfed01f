"""A page left open while its server is killed and started again: what it is told is what history has."""

from __future__ import annotations

import json
import threading
import urllib.request

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

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


def stored_trades(server: Serving) -> list[tuple[str, int]]:
    """The places of all trades of all symbols, as the list of ticks has them."""
    found = []
    with urllib.request.urlopen(f"{server.url}/api/oracle/board?kind=watchdog", timeout=PATIENCE_S):
        pass
    for symbol in ("AAPL", "BTC-USD", "ETH-USD", "NVDA", "SPY", "TSLA"):
        url = f"{server.url}/api/oracle/ticks?symbol={symbol}&kind=trade&limit=10000"
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            found += [(row["epoch"], row["offset"], symbol) for row in json.load(answer)["items"]]
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
            known = {(f["epoch"], f["offset"], f["data"].get("symbol")) for f in told if f["type"] == "trade"}
            symbols = {one[2] for one in stored_trades(server)}
            assert known >= {
                one for one in stored_trades(server)
                if (one[0] != place["epoch"], one[1]) > (False, at["offset"]) and (one[0], one[1]) <= (one[0], ready["offset"]
                    if one[0] == ready["epoch"] else one[1])}  # fmt: skip
            assert symbols


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

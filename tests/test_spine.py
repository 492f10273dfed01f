"""The whole line, in processes of its own: an exchange's bytes to history, and a tree that heals under a witness."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import socket
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.forked import Forked
from tests.serving import Serving, clean_env, serving

RECORDING = Path(__file__).resolve().parents[2] / "shared" / "data" / "exchange" / "binance-spot.rec"
PATIENCE_S = 30
PAIRS = {"NKNUSDT": "NKN-USDT", "BLZETH": "BLZ-ETH", "LRCBTC": "LRC-BTC", "RUNEEUR": "RUNE-EUR"}


def get(server: Serving, path: str) -> Any:
    with urllib.request.urlopen(server.url + path, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def post(server: Serving, path: str, body: Any = None) -> Any:
    data = b"" if body is None else json.dumps(body).encode()
    wish = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(wish, timeout=PATIENCE_S) as answer:
        return json.load(answer)


class Witness:
    """Listens to everything and fails at the first hole in the offsets."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.offset = next(f["offset"] for f in self._frames() if f["type"] == "ready")

    def until(self, wanted: Any) -> dict[str, Any]:
        """The first frame that `wanted` accepts; every one before it was the next in order."""
        ends = time.monotonic() + PATIENCE_S
        for frame in self._frames():
            assert time.monotonic() < ends, "nothing like it came in time"
            assert frame["offset"] == self.offset + 1, f"after {self.offset} came {frame['offset']} ({frame['topic']})"
            self.offset = frame["offset"]
            if wanted(frame):
                return frame
        raise AssertionError("the stream ended")

    def _frames(self) -> Iterator[dict[str, Any]]:
        while True:
            yield json.loads(self._connection.recv(timeout=PATIENCE_S))


@contextlib.contextmanager
def witness(server: Serving) -> Iterator[Witness]:
    url = f"{server.url.replace('http', 'ws', 1)}/api/oracle/stream?topics=*"
    with connect(url, max_size=None, open_timeout=PATIENCE_S) as connection:
        yield Witness(connection)


def independent_count(recording: Path) -> dict[str, Any]:
    """What the file holds, read with nothing of ours."""
    kinds, quotes = Counter(), {}
    trades: dict[str, list[Any]] = defaultdict(lambda: [0, 0.0])
    for line in recording.read_text().splitlines():
        head, _, body = line.partition(": ")
        if head.startswith("wss://") or not body:
            continue
        frame = json.loads(body)
        data, kind = frame["data"], frame["stream"].split("@")[1]
        kinds[kind] += 1
        if kind == "bookTicker":
            quotes[PAIRS[data["s"]]] = (float(data["b"]), float(data["a"]))
        elif kind == "aggTrade":
            trades[PAIRS[data["s"]]][0] += 1
            trades[PAIRS[data["s"]]][1] += float(data["q"])
    return {"kinds": kinds, "quotes": quotes, "trades": dict(trades)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.skipif(not RECORDING.exists(), reason=f"the recording {RECORDING.name} is not beside this checkout")
def test_a_replayed_recording_is_in_history_as_an_independent_count_has_it(tmp_path):
    expected = independent_count(RECORDING)
    address = f"127.0.0.1:{free_port()}"
    feed = {"ORACLE__FEEDS__BINANCE__URL": f"ws://{address}"}
    with serving(tmp_path / "data", "--feed", "binance", **feed) as server, witness(server) as seen:
        # the exchange comes up after the feed, which has tried in vain and tries again until somebody answers
        replay = Forked("oracle", "replay", RECORDING, "--speed", "0", "--listen", address, env=clean_env())
        try:
            seen.until(lambda f: f["topic"] == "event:system:feed:connected:feed:binance")
            left = Counter(kind for kind in expected["kinds"].elements())
            while left["bookTicker"] or left["aggTrade"] or left["depth"] or left["kline_1m"]:
                kind = seen.until(lambda f: f["type"] in ("quote", "trade", "depth", "bar"))["type"]
                left[{"quote": "bookTicker", "trade": "aggTrade", "depth": "depth", "bar": "kline_1m"}[kind]] -= 1
        finally:
            replay.kill()
            replay.communicate(PATIENCE_S)
        with urllib.request.urlopen(server.url + "/metrics", timeout=PATIENCE_S) as answer:
            metrics = answer.read().decode()
        assert server.end() == 0

    assert f'oracle_feed_frames_total{{feed="binance",kind="aggTrade"}} {expected["kinds"]["aggTrade"]}.0' in metrics
    assert f'oracle_feed_frames_total{{feed="binance",kind="bookTicker"}} {expected["kinds"]["bookTicker"]}.0' in metrics
    with serving(tmp_path / "data", "--no-demo") as server:  # what is asked now was read from the disk
        for symbol, (count, size) in expected["trades"].items():
            trades = get(server, f"/api/oracle/ticks?symbol={symbol}&kind=trade&limit=1000")["items"]
            assert len(trades) == count
            assert sum(t["size"] for t in trades) == pytest.approx(size, rel=1e-12)
        for symbol, quote in expected["quotes"].items():
            *_, last = get(server, f"/api/oracle/ticks?symbol={symbol}&kind=quote&limit=1000")["items"]
            assert (last["bid"], last["ask"]) == quote


def count_venue(recording: Path) -> dict[str, Any]:
    """Frames by kind, trades and best prices of Coinbase's or Kraken's file, read with nothing of ours."""
    kinds: Counter[str] = Counter()
    quotes: dict[str, tuple[float, float]] = {}
    trades: dict[str, list[Any]] = defaultdict(lambda: [0, 0.0])
    books: dict[str, dict[str, dict[float, float]]] = {}
    for line in recording.read_text().splitlines():
        head, _, body = line.partition(": ")
        if head.startswith("wss://") or not body:
            continue
        frame = json.loads(body)
        if isinstance(frame, list):
            kind, symbol = frame[2], frame[3].replace("/", "-").replace("XBT", "BTC")
            if kind == "ticker":
                quotes[symbol] = float(frame[1]["b"][0]), float(frame[1]["a"][0])
        else:
            kind, symbol = frame.get("type") or frame["event"], frame.get("product_id", "")
        kinds[kind] += 1
        for row in frame[1] if kind == "trade" else [(0, frame["size"])] if kind == "match" else ():
            trades[symbol][0] += 1
            trades[symbol][1] += float(row[1])
        if kind == "snapshot":
            books[symbol] = {s: {float(p): float(q) for p, q in frame[w]} for s, w in (("buy", "bids"), ("sell", "asks"))}
        for side, price, size in frame["changes"] if kind == "l2update" else ():
            books[symbol][side][float(price)] = float(size)
    for symbol, book in books.items():
        bids, asks = ([p for p, size in book[side].items() if size] for side in ("buy", "sell"))
        quotes[symbol] = max(bids), min(asks)
    return {"kinds": kinds, "quotes": quotes, "trades": dict(trades)}


@pytest.mark.skipif(not RECORDING.exists(), reason=f"the recording {RECORDING.name} is not beside this checkout")
def test_recordings_of_other_venues_too_in_one_server(tmp_path):
    names = {"coinbase": "coinbase", "trades": "kraken-trade", "tickers": "kraken-ticker"}  # of feeds, and their files
    expected = {feed: count_venue(RECORDING.with_name(f"{name}.rec")) for feed, name in names.items()}
    feeds = {}
    with contextlib.ExitStack() as replays:
        for feed, name in names.items():
            file = RECORDING.with_name(f"{name}.rec")
            replay = replays.enter_context(Forked("oracle", "replay", file, "--speed", "0", "--json", env=clean_env()))
            replays.callback(replay.kill)
            feeds[f"ORACLE__FEEDS__{feed.upper()}__KIND"] = name.partition("-")[0]
            feeds[f"ORACLE__FEEDS__{feed.upper()}__URL"] = json.loads(replay.stdout.readline())["ready"]
        with serving(tmp_path / "data", **feeds) as server:
            wanted = {f'oracle_feed_frames_total{{feed="{feed}",kind="{word}"}} {count}.0'
                      for feed, counts in expected.items() for word, count in counts["kinds"].items()}  # fmt: skip
            ends = time.monotonic() + PATIENCE_S
            while wanted:
                assert time.monotonic() < ends, f"not counted in time: {wanted}"
                with urllib.request.urlopen(server.url + "/metrics", timeout=PATIENCE_S) as answer:
                    wanted -= set(answer.read().decode().splitlines())
            for symbol, best in (expected["coinbase"]["quotes"] | expected["tickers"]["quotes"]).items():
                quote = get(server, f"/api/oracle/quote?symbol={symbol}")
                assert (quote["bid"], quote["ask"]) == best
            assert server.end() == 0
    with serving(tmp_path / "data", "--no-demo") as server:  # what is asked now was read from the disk
        for symbol, (count, size) in (expected["coinbase"]["trades"] | expected["trades"]["trades"]).items():
            trades = get(server, f"/api/oracle/ticks?symbol={symbol}&kind=trade&limit=1000")["items"]
            assert len(trades) == count
            assert sum(trade["size"] for trade in trades) == pytest.approx(size, rel=1e-12)


def names(node: dict[str, Any]) -> Iterator[str]:
    yield node["name"]
    for child in node["children"]:
        yield from names(child)


RULE = {
    "alert_id": "any", "name": "Any", "description": "whatever is said", "trigger": {"type": "watchdog_event"},
    "delivery_methods": [],
}  # fmt: skip


def test_killed_actors_come_back_and_a_witness_misses_nothing(tmp_path):
    with serving(tmp_path / "data") as server, witness(server) as seen:
        post(server, "/api/alerts", RULE)
        seen.until(lambda f: f["topic"] == "life:rule:any")
        present = set(names(get(server, "/api/oracle/tree")))
        victims = ["feed:simulated", "watchdog:price_anomaly", "rule:any", "channel:webhook", "alerts", "switchboard", "log"]
        assert present.issuperset(victims)
        for name in victims:
            post(server, f"/api/oracle/actors/{name}/kill")
            seen.until(lambda f, name=name: f["topic"] == f"life:{name}" and f["data"]["what"] == "crashed")
            seen.until(lambda f, name=name: f["topic"] == f"life:{name}" and f["data"]["what"] == "started")
        seen.until(lambda f: f["type"] == "quote")  # and the feed goes on


def test_a_killed_socket_closes_only_itself(tmp_path):
    with serving(tmp_path / "data") as server, witness(server) as seen, witness(server):
        *_, other = sorted(n for n in names(get(server, "/api/oracle/tree")) if n.startswith("socket:"))
        post(server, f"/api/oracle/actors/{other}/kill")
        seen.until(lambda f: f["topic"] == f"life:{other}" and f["data"]["what"] == "stopped")
        assert other not in set(names(get(server, "/api/oracle/tree")))
        seen.until(lambda f: f["type"] == "trade")


def events(server: Serving, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = get(server, f"/api/oracle/events?kind={kind}&limit=500{cursor}")
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize("burst", [1, 7, 40])
def test_what_was_acknowledged_is_there_after_a_kill_under_load(tmp_path, burst):
    acknowledged: set[str] = set()
    rules: set[str] = set()
    fast = {"ORACLE__FEEDS__SIMULATED__UPDATES_PER_S": "20"}
    with serving(tmp_path / "data", **fast) as server:
        killer = threading.Timer(0.2 + burst / 20, server.process.kill)
        acknowledged.add(post(server, "/api/oracle/inbox", {})["event_id"])
        killer.start()
        with contextlib.suppress(OSError, http.client.HTTPException):
            for number in itertools.count():
                acknowledged.add(post(server, "/api/oracle/inbox", {"number": number})["event_id"])
                if number % burst == 0:
                    rules.add(post(server, "/api/alerts", {**RULE, "alert_id": f"r{number}"})["alert_id"])
        killer.join()
        server.process.wait()
    with serving(tmp_path / "data", **fast) as server:
        assert {e["id"] for e in events(server, "webhook_received")} >= acknowledged
        assert {r["alert_id"] for r in get(server, "/api/alerts")} >= rules
        present = set(names(get(server, "/api/oracle/tree")))
        assert present >= {f"rule:{ident}" for ident in rules}
        post(server, "/api/oracle/inbox", {})  # once this is stored, so is all before it
        gaps = get(server, "/api/oracle/gaps?who=history")["items"]
        assert len(gaps) == 1  # the time it was away is said

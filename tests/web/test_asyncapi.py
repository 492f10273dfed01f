"""The description of the sockets and streams is valid, complete, and true: frames of a live server fit it, to the last key."""

import contextlib
import json
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft7Validator
from websockets.sync.client import connect

from tests.serving import serving
from web.asyncapi import describe, streams_of
from web.routes import WS
from web.surfaces.front import VERSION
from web.table import routes

SPECS = Path(__file__).parents[2] / "web" / "page" / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
DOCUMENT = describe(routes(), VERSION, "127.0.0.1:8000")
FREE = {"TradingNews", "Scan", "TradeExecution", "PushedNews", "AccountUpdate", "PositionUpdate"}  # they hold what bots say
PATIENCE_S = 30.0
JSON = {"Content-Type": "application/json"}


def test_the_document_is_valid_asyncapi():
    if not SPECS.exists():
        pytest.skip("the page's packages are not installed (make page), and the schema of AsyncAPI is one of them")
    validator = Draft7Validator(json.loads(SPECS.read_text()))
    assert not [error.message for error in validator.iter_errors(DOCUMENT)]
    assert list(validator.iter_errors({**DOCUMENT, "channels": {"ws": {"address": 7}}}))


def test_every_socket_and_stream_is_in_it():
    told = {route.path for route in streams_of(routes())}
    assert {route.path for route in routes() if route.method == WS or route.live} <= told
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == told
    for channel in DOCUMENT["channels"].values():
        assert channel["messages"] and channel["description"]


def test_what_is_referred_to_is_there():
    def look(part):
        for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            if isinstance(value, dict) and set(value) == {"$ref"}:
                there = DOCUMENT
                for step in value["$ref"].removeprefix("#/").split("/"):
                    there = there[step]
            look(value)

    look(DOCUMENT)


# ---- a live server


class Stream:
    """A client of a channel that remembers what it was told, and holds each frame against the document."""

    def __init__(self, channel, socket):
        closed = {name: {**schema, "additionalProperties": name in FREE or schema.get("additionalProperties", False)}
                  if schema.get("type") == "object" else schema
                  for name, schema in DOCUMENT["components"]["schemas"].items()}  # fmt: skip
        told = DOCUMENT["operations"][f"tell_{channel}"]["messages"]
        anyone = [{"$ref": f"#/components/schemas/{one['$ref'].rpartition('/')[2]}"} for one in told]
        self.fits = Draft7Validator({"anyOf": anyone, "components": {"schemas": closed}})
        self.socket = socket
        self.channel = channel

    def say(self, **message):
        self.socket.send(json.dumps(message))

    def check(self, frame):
        errors = [error for top in self.fits.iter_errors(frame) for error in (top, *(top.context or ()))]
        assert not errors, (self.channel, frame, [error.message[:200] for error in errors])
        return frame["type"]

    def hears(self, *kinds):
        """Reads on until each kind of frame has come."""
        missing = set(kinds)
        while missing:
            missing.discard(self.check(json.loads(self.socket.recv(timeout=PATIENCE_S))))


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("frames"), "--auth", "open", ORACLE__EXPERIMENTS__REQUESTS_PER_HOUR="10000") as server:
        yield server


@pytest.fixture
def house(running):
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(httpx.Client(base_url=running.url, timeout=PATIENCE_S))

        def post(path, **body):
            answer = client.post(path, json=body)
            assert answer.is_success, answer.text
            return answer.json()

        def stream(channel, path):
            return Stream(channel, stack.enter_context(connect(f"ws://127.0.0.1:{running.port}{path}", max_queue=None)))

        yield client, post, stream


def test_frames_of_our_own_stream_fit_it(house):
    client, post, stream = house
    told = stream("api_oracle_stream", "/api/oracle/stream?topics=*")
    told.say(action="nonsense")
    told.say(action="command", id="frames-1", method="POST", path="/dashboard/watchdogs/price_anomaly/restart")
    post("/api/tasks", task_id="frames", input_message="Look", assigned_agent="reviewer")
    post("/api/tasks/frames/output", output="reading")
    talk = post("/api/conversations", title="Frames")["conversation_id"]
    post(f"/api/conversations/{talk}/messages", role="user", content="Hello")
    told.hears("subscribed", "ready", "error", "answer", "quote", "trade", "depth", "sample", "event", "state", "life", "output",
               "message")  # fmt: skip
    batch = client.get("/api/oracle/poll", params={"topics": "quote:*,event:*"}).json()
    polled = Stream("api_oracle_poll", None)
    assert {polled.check(frame) for frame in batch["items"]} >= {"quote"}
    sent = Stream("api_oracle_sse", None)
    with client.stream("GET", "/api/oracle/sse", params={"topics": "quote:*"}) as answer:
        lines = (json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: "))
        assert {sent.check(next(lines)) for _ in range(20)} >= {"subscribed", "ready", "quote"}


def test_frames_of_fiml_fit_it(house):
    _, post, stream = house
    dashboard, market = stream("dashboard_stream", "/dashboard/stream"), stream("ws_stream", "/ws/stream")
    market.say(type="nonsense")
    for kind in ("price", "ohlcv", "quote", "trades", "multi_asset"):
        market.say(type="subscribe", stream_type=kind, symbols=["BTC", "AAPL"], interval_ms=100)
        market.hears("subscription_ack", "data")
    market.say(type="unsubscribe", stream_type="price")
    market.hears("unsubscribe_ack")
    prices = stream("ws_prices_symbols", "/ws/prices/BTC")
    prices.hears("subscription_ack", "data")
    post("/api/oracle/push", source="frames", rows=[{"kind": "transfer", "symbol": "BTC", "from": "a", "to": "b", "amount": 21,
                                                     "usd_value": 2_100_000, "tx_hash": "0xframes"}])  # fmt: skip
    dashboard.hears("stats", "health", "event")


def test_frames_of_ws_fit_it(house):
    _, post, stream = house
    everything, placed = stream("ws", "/ws"), stream("ws", "/ws?since=")
    alpha, agent, producer = stream("ws", "/ws"), stream("ws", "/ws"), stream("ws", "/ws?role=producer")
    alpha.say(type="ping")
    alpha.hears("STATE_SNAPSHOT", "pong", "quote")
    post("/api/tasks", task_id="union", input_message="Look", assigned_agent="reviewer")
    agent.say(type="subscribe", channel="task:union")
    agent.say(type="subscribe", channel="nonsense")
    post("/api/tasks/claim", worker="w", agent="reviewer")
    post("/api/tasks/union/output", output="reading")
    post("/api/tasks/union/events", type="task:thinking", data={"content": "b.py?"})
    agent.hears("STATE_SNAPSHOT", "subscribed", "error", "task_output", "task_event", "task_status")
    post("/api/trades/orders", symbol="BTC-USD", side="BUY", quantity=0.01)
    everything.hears("STATE_SNAPSHOT", "quote", "order", "ACCOUNT_UPDATE", "task_status")
    producer.socket.send(json.dumps([{"type": "SCAN_SUMMARY", "symbols": {"EURUSDm": "Cooldown"}}, {"type": "HELLO", "n": 1}]))
    producer.say(type="nonsense but fine?")
    producer.hears("ack", "error")
    placed.hears("STATE_SNAPSHOT", "ready", "quote", "order", "SCAN_SUMMARY", "HELLO")


def test_frames_of_dashboards_and_sessions_fit_it(house):
    client, post, stream = house
    assert client.put("/api/v1/config", json={"dashboard": {"refresh_interval": 100}}).is_success
    passive, placed = stream("ws_dashboard", "/ws/dashboard"), stream("ws_dashboard", "/ws/dashboard?since=")
    session, tasks = stream("ws_session_id", "/ws/somebody"), stream("ws_task_stream", "/ws/task-stream")
    placed.say(action="subscribe", ack=True)
    placed.say(action="nonsense")
    session.say(type="chat.message", message="Hello")
    session.say(type="task.stop", task_id="nobody")
    assert client.put("/api/cli-status", json={"session_id": "somebody", "active": True}).is_success
    post("/api/v1/alerts", title="Switch unreachable")
    post("/api/v1/experiments", name="Far", scenario="hospitals", configuration={"rounds": 2})
    post("/api/tasks", task_id="talk", input_message="Look", assigned_agent="critic")
    post("/api/tasks/claim", worker="w", agent="critic")
    post("/api/tasks/talk/output", output="reading")
    assert client.patch("/api/tasks/talk", json={"status": "completed", "result": "fine"}).is_success
    passive.hears("metrics_update", "experiment_update", "alert", "task_status", "cli_status_update")
    placed.hears("ready", "subscribed", "error", "metrics_update", "experiment_update", "alert")
    session.hears("task_status", "cli_status_update", "task.created", "error")
    tasks.hears("task:created", "task:output", "task:completed")

"""Each HTTP example of FLOPY-NET's document as it is printed, against a started server: with a placeholder where it is open, and
with a token that was made for it where one is needed."""

import json
import re
from contextlib import closing

import httpx
import pytest
import trio
from serving import oracle, serving
from trio_websocket import open_websocket_url

from flopy_net_client import DashboardClient
from tests.oracle.experiments.test_wish import SEED

PRINTED = {
    "list": """{"experiments": [{"id": "exp_001", "name": "MNIST Federated Learning", "status": "running", "scenario": "basic_fl",
        "clients_count": 5, "rounds_completed": 12, "rounds_total": 20, "accuracy": 0.89, "loss": 0.34,
        "created_at": "2024-01-15T10:00:00Z", "started_at": "2024-01-15T10:05:00Z",
        "estimated_completion": "2024-01-15T10:25:00Z"}], "total": 1, "limit": 10, "offset": 0}""",
    "created": """{"experiment": {"id": "exp_002", "name": "Custom MNIST Experiment", "status": "created",
        "configuration": {}, "created_at": "2024-01-15T11:00:00Z"}}""",
    "detail": """{"experiment": {"id": "exp_001", "name": "MNIST Federated Learning", "status": "running",
        "configuration": {"dataset": "mnist", "model": "cnn", "rounds": 20, "clients_per_round": 3, "local_epochs": 5,
        "learning_rate": 0.01, "batch_size": 32},
        "metrics": {"current_round": 12, "global_accuracy": 0.89, "global_loss": 0.34, "convergence_rate": 0.02,
        "communication_overhead": "45MB"},
        "clients": [{"id": "client_001", "status": "training", "accuracy": 0.87, "loss": 0.38,
        "last_update": "2024-01-15T10:15:00Z"}],
        "timeline": [{"timestamp": "2024-01-15T10:05:00Z", "event": "experiment_started",
        "details": "Experiment started with 5 clients"}]}}""",
    "controlled": """{"status": "paused", "message": "Experiment paused successfully", "timestamp": "2024-01-15T10:20:00Z"}""",
    "live": """{"timestamp": "2024-01-15T10:25:00Z", "services": {"fl_server": {"status": "healthy", "cpu_usage": 45.2,
        "memory_usage": 512.5, "active_clients": 5, "current_round": 12, "throughput": "15MB/s"},
        "collector": {"status": "healthy", "cpu_usage": 23.1, "memory_usage": 256.8, "metrics_processed": 1250,
        "queue_size": 45}}}""",
    "health": """{"status": "healthy", "version": "1.0.0", "uptime": "2d 4h 15m 30s", "services": {
        "collector": {"status": "healthy", "last_check": "2024-01-15T10:25:00Z"},
        "policy_engine": {"status": "healthy", "last_check": "2024-01-15T10:25:00Z"},
        "fl_server": {"status": "degraded", "last_check": "2024-01-15T10:25:00Z", "issues": ["High memory usage: 85%"]}}}""",
    "dependencies": """{"dependencies": {"influxdb": {"status": "connected"}, "redis": {"status": "connected"},
        "mongodb": {"status": "connected"}}}""",
    "config": """{"dashboard": {"refresh_interval": 5000, "max_experiments": 10, "retention_days": 30},
        "features": {"real_time_metrics": true, "experiment_scheduling": true, "alert_notifications": true},
        "integration": {"collector_url": "http://localhost:8081", "policy_engine_url": "http://localhost:5000",
        "fl_server_url": "http://localhost:8080"}}""",
    "alerts": """{"alerts": [{"id": "alert_001", "severity": "warning", "status": "active", "title": "High Memory Usage",
        "description": "FL Server memory usage exceeded 80% threshold", "service": "fl_server", "experiment_id": "exp_001",
        "created_at": "2024-01-15T10:20:00Z", "threshold": 80, "current_value": 85.2}]}""",
    "invalid": """{"error": {"code": "VALIDATION_ERROR", "message": "Invalid experiment configuration",
        "details": {"rounds": "Must be between 1 and 100", "clients_per_round": "Must be greater than 0"}}}""",
}  # fmt: skip
PAUSE = {"action": "pause", "reason": "Network maintenance scheduled"}
SUBSCRIBE = {"action": "subscribe", "topics": ["experiments", "metrics", "alerts"], "experiment_ids": ["exp_001", "exp_002"]}
RUNNING = "experiments?status=running&limit=10&offset=0&sort=created_at:desc"
LIVE = "metrics/live?services=fl_server,collector&metrics=cpu,memory,network,custom&interval=5"


def misfits(example, answer, path=""):
    """Where an answer is not as its example: a key that is missing, a value of another kind, a time that is written otherwise."""
    if isinstance(example, dict):
        missing = [f"{path}.{key} is missing" for key in example if key not in answer]
        return missing + [one for key in example if key in answer for one in misfits(example[key], answer[key], f"{path}.{key}")]
    if isinstance(example, list):
        return [one for row in answer for one in misfits(example[0], row, f"{path}[]")] if answer else [f"{path} is empty"]
    kinds = (int, float) if isinstance(example, float) or type(example) is int else type(example)
    fits = isinstance(answer, kinds) and (not str(example).endswith("Z") or re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}Z", answer))
    return [] if fits else [f"{path} is {answer!r}, not as {example!r}"]


class Client:
    """Asks as the document says, and holds each answer against its example."""

    def __init__(self, url, key):
        self._web = httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60)
        self.close = self._web.close

    def asks(self, method, path, example="", body=None, status=200):
        reply = self._web.request(method, path, json=body)
        assert reply.status_code == status, reply.text
        limit = 5000 if path.startswith("metrics/live") else 1000
        told = [int(reply.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset")]
        assert told[0] == limit and 0 <= told[1] < limit and told[2] > 1_700_000_000
        assert not misfits(json.loads(PRINTED[example] if example else "{}"), reply.json()), reply.text
        return reply.json()


@pytest.mark.parametrize("mode", ["open", "token"])
def test_its_examples_run_as_they_are_printed(tmp_path, mode):
    with serving(tmp_path / "data", "--no-demo", "--auth", mode, listen=("127.0.0.1:0/flopy_net",)) as server:
        key = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..."
        if mode == "token":
            with closing(Client(server.url, key)) as stranger:
                refused = stranger.asks("GET", RUNNING, status=401)
                assert refused["error"]["code"] == "UNAUTHORIZED"
            made = oracle("token", "create", "--scope", "admin", "--ttl", "1h", "--jwt", "--data", server.data)
            key = made.stdout.strip()
        with closing(Client(server.url, key)) as client:
            assert _config(client) == json.loads(PRINTED["config"])
            _experiments(client, server.url, key)
            _alerts(client)
            client.asks("GET", LIVE, "live")
            _health(client)
            found = client.asks("GET", "health/dependencies", "dependencies")["dependencies"]
            assert {found[name]["status"] for name in ("influxdb", "redis", "mongodb")} == {"not_configured"}
            wrong = {**SEED, "configuration": {"rounds": 500, "clients_per_round": 0}}
            assert client.asks("POST", "experiments", body=wrong, status=400) == json.loads(PRINTED["invalid"])
            client.asks("DELETE", "config", status=405)
            trio.run(_socket, client, server.url, key if mode == "token" else "")


def _config(client):
    shown = client.asks("GET", "config", "config")
    change = {"dashboard": {"refresh_interval": 3000, "max_experiments": 15}}
    changed = client.asks("PUT", "config", "config", change)
    assert changed == {**shown, "dashboard": {**shown["dashboard"], **change["dashboard"]}}
    return shown


def _experiments(client, url, key):
    one = client.asks("POST", "experiments", "created", SEED, status=201)["experiment"]
    assert (one["id"], one["status"], one["configuration"]) == ("exp_001", "created", SEED["configuration"])
    client.asks("POST", "experiments/exp_001/control", "controlled", {"action": "start"})
    with DashboardClient(base_url=f"{url}/api/v1", api_key=key) as dashboard:
        next(update for update in dashboard.experiments.monitor("exp_001") if update.current_round >= 2)
    assert client.asks("GET", RUNNING, "list")["total"] == 1
    said = client.asks("POST", "experiments/exp_001/control", "controlled", PAUSE)
    assert (said["status"], said["message"]) == ("paused", "Experiment paused successfully")
    shown = client.asks("GET", "experiments/exp_001")["experiment"]
    shown["clients"] = [row for row in shown["clients"] if row["last_update"]]  # the others were not drawn yet
    assert not misfits(json.loads(PRINTED["detail"])["experiment"], shown)


def _alerts(client):
    (printed,) = json.loads(PRINTED["alerts"])["alerts"]
    raised = {key: value for key, value in printed.items() if key not in ("id", "status", "created_at")}
    client.asks("POST", "alerts", body=raised, status=201)
    (one,) = client.asks("GET", "alerts?severity=warning&status=active&from=2024-01-15", "alerts")["alerts"]
    assert {**one, "created_at": printed["created_at"]}.items() >= printed.items()
    seen = client.asks("POST", "alerts/alert_001/acknowledge", body={"comment": "Investigating high memory usage"})
    assert (seen["status"], seen["comment"]) == ("acknowledged", "Investigating high memory usage")


def _health(client):
    for name, used in (("collector", 10), ("policy_engine", 10), ("fl_server", 85)):
        said = {"service": name, "memory": used, "memory_limit_mb": 100}  # nothing answers at the example's addresses
        client.asks("POST", "metrics/ingest", body=said, status=202)
    shown, printed = client.asks("GET", "health", "health"), json.loads(PRINTED["health"])
    assert shown["status"] == printed["status"] == "healthy"
    assert shown["services"]["fl_server"]["issues"] == printed["services"]["fl_server"]["issues"]


async def _socket(client, url, key):
    at = f"{url.replace('http', 'ws', 1)}/ws/dashboard" + (f"?token={key}" if key else "")
    with trio.fail_after(60):
        async with open_websocket_url(at) as socket:
            await socket.send_message(json.dumps({**SUBSCRIBE, "ack": True}))
            while json.loads(await socket.get_message())["type"] != "subscribed":
                pass
            await trio.to_thread.run_sync(client.asks, "POST", "experiments/exp_001/control", "controlled", {"action": "stop"})
            while (frame := json.loads(await socket.get_message()))["type"] != "experiment_update":
                pass
    assert (frame["data"]["id"], frame["data"]["status"]) == ("exp_001", "stopped")

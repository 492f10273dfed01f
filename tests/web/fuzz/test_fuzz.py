"""schemathesis finds nothing: whatever it makes of /openapi.json is answered as that says, and nothing of it crashes.

By hand, against a server that runs: `schemathesis --config-file tests/web/fuzz/schemathesis.toml run URL/openapi.json`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.serving import clean_env, serving
from tests.soak import SOAK, rounds

HERE = Path(__file__).parent
REPO = HERE.parents[2]
SEED = os.environ.get("ORACLE_FUZZ_SEED", "1")
UNHURRIED = {
    "ORACLE__EXPERIMENTS__REQUESTS_PER_HOUR": "10000000", "ORACLE__EXPERIMENTS__LIVE_REQUESTS_PER_HOUR": "10000000",
    "ORACLE__SERVER__RATE_PER_S": "100000", "ORACLE__SERVER__BURST": "1000000",
}  # fmt: skip


@pytest.fixture
def house(tmp_path):
    """A server whose limits are out of the way, and who may do everything there."""
    with serving(tmp_path / "data", "--auth", "token", **UNHURRIED) as running:
        token = running.ready.partition("?token=")[2]
        yield running, token


def planted(client):
    """Makes one of each thing that has an id; what it is called stands in the path of its routes: (path, parameter, ids)."""

    def make(path, **body):
        answer = client.post(path, json=body)
        assert answer.is_success, (path, answer.text)
        return answer.json()

    trigger = {"type": "watchdog_event", "event_filter": {"event_types": ["flash_crash"]}}
    make("/api/alerts", alert_id="noisy", name="Noisy", description="It is not", trigger=trigger, delivery_methods=["log"])
    deliveries = make("/api/alerts/noisy/test")["deliveries"]
    for task in ("review-1", "review-2"):
        make("/api/tasks", task_id=task, input_message="Look", assigned_agent="reviewer")
    talk = make("/api/conversations", title="Slow", flow_id="jira:PROJ-1")["conversation_id"]
    make(f"/api/conversations/{talk}/messages", role="user", content="Look into it")
    orders = [make("/api/trades/orders", symbol="AAPL", side="BUY", order_type="LIMIT", quantity=1, limit_price=100.0)["id"]
              for _ in range(2)]  # fmt: skip
    hook = make("/api/webhooks", name="mine", provider="custom", secret="open sesame")["data"]["webhook_id"]
    experiment = make("/api/v1/experiments", name="Far", scenario="hospitals", configuration={"rounds": 2})["experiment"]["id"]
    incident = make("/api/v1/alerts", title="Switch unreachable")["id"]
    silence = make("/api/oracle/silences", matchers={"kinds": ["whale_movement"]}, for_s=3600)["id"]
    run = make("/api/oracle/backtest", watchdogs=["price_anomaly"])["id"]
    return (
        ("/api/alerts/", "alert_id", ["noisy", "demo_price_spike"]), ("/api/oracle/deliveries/", "delivery_id", deliveries),
        ("/api/tasks/", "task_id", ["review-1", "review-2"]), ("/api/conversations/by-flow/", "flow_id", ["jira:PROJ-1"]),
        ("/api/conversations/", "id", [talk]), ("/api/trades/orders/", "order_id", orders),
        ("/api/webhooks/", "id", [hook, "github"]), ("/api/oracle/webhooks/", "id", [hook]),
        ("/api/v1/experiments/", "id", [experiment]), ("/api/v1/alerts/", "alert_id", [incident]),
        ("/api/oracle/silences/", "silence_id", [silence]), ("/api/oracle/runs/", "id", [run, "review-1"]),
        ("/api/strategies/{name}", "name", ["SwingMomentum", "MeanReversion"]), ("/api/agents/", "name", ["reviewer"]),
        ("/api/oracle/actors/", "name", ["watchdog:price_anomaly"]), ("/dashboard/watchdogs/", "name", ["price_anomaly"]),
        ("/api/oracle/watchdogs/", "name", ["price_anomaly"]),
        ("/api/oracle/alert-presets/", "name", ["price_level"]), ("/api/system/scheduler/trigger/", "job_name", ["daily_bars"]),
    )  # fmt: skip


def test_schemathesis_finds_nothing(house):
    running, token = house
    base = f"http://127.0.0.1:{running.port}"
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30.0) as client:
        things = planted(client)
    amount = ["--phases", "coverage,fuzzing" if SOAK else "fuzzing", "--max-examples", str(rounds(1, 50)), "--seed", SEED]
    amount += [] if SOAK else ["--exclude-path", "/api/strategies/rankings"]  # it runs what nobody has run yet
    command = [
        Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml", "run",
        f"{base}/openapi.json", "-H", f"Authorization: Bearer {token}", "--no-color", "--no-shrink",
        "--request-timeout", "60", *amount,
    ]  # fmt: skip
    env = clean_env(PLANTED=json.dumps(things), PYTHONPATH=str(REPO))
    most_s = rounds(500, 7_200)  # a busy machine takes long
    found = subprocess.run(command, capture_output=True, text=True, timeout=most_s, cwd=running.data, env=env, check=False)
    complaints = re.findall(r"^=+ (?:ERRORS|FAILURES) =+$.*", found.stdout, re.DOTALL | re.MULTILINE)
    assert found.returncode == 0, "\n".join(complaints) or found.stdout + found.stderr
    assert int(re.findall(r"(\d+) passed", found.stdout)[-1]) > 200, found.stdout
    assert httpx.get(f"{base}/healthz").is_success
    assert not [line for line in running.said().splitlines() if '"level": "error"' in line]

"""What people run first: the programs and commands of FIML's page as they are printed there, and the programs we ship."""

from __future__ import annotations

import json
import re
import select
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Serving, clean_env, serving

REPO = Path(__file__).resolve().parents[1]
PAGES = REPO.parent / "shared" / "seeds"
PATIENCE_S = 60

needs_page = pytest.mark.skipif(not PAGES.is_dir(), reason=f"FIML's page is not in {PAGES}")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The simulated market in which nothing happens by itself, on 8000 where that is free, as the page has it."""
    quiet = {"ORACLE__FEEDS__SIMULATED__KIND": "simulated", "ORACLE__FEEDS__SIMULATED__ANOMALIES": "false"}
    folder = tmp_path_factory.mktemp("examples")
    with serving(folder / "data", listen=(), **quiet, ORACLE__HTTP__ALLOW='["127.0.0.1"]') as running:
        yield running


# ---- FIML's page


def printed(pattern: str, server: Serving) -> list[str]:
    """The parts of the page that match; another port only where this server could not have the one that is printed."""
    (page,) = PAGES.glob("000_*.txt")
    parts = re.findall(pattern, page.read_text(), re.DOTALL | re.MULTILINE)
    return [part.replace("localhost:8000", f"localhost:{server.port}") for part in parts]


def programs(server: Serving) -> list[str]:
    return printed(r"^import aiohttp$.*?^asyncio\.run\(\w+\(\)\)$", server)


@needs_page
def test_the_commands_of_the_page_run_as_printed(server):
    commands = printed(r"^curl .*?(?=\n\n)", server)
    stats, created, alerts, assets = (json.loads(run("bash", "-euc", command)) for command in commands)
    forget(server, "test_alert")
    assert stats["active_watchdogs"] == 11
    assert created["alert_id"] == "test_alert" and created in alerts
    assert [row["symbol"] for row in assets] == ["AAPL", "GOOGL", "MSFT"]


@needs_page
def test_the_page_s_program_creates_an_alert(server):
    create, _ = programs(server)
    assert run(sys.executable, "-c", create) == "Alert created: alert_1\n"
    assert call(server, "GET", "/api/alerts/alert_1")["trigger"]["event_filter"]["severities"] == ["high", "critical"]
    forget(server, "alert_1")


@needs_page
def test_the_page_s_program_monitors_the_dashboard(server):
    _, monitor = programs(server)
    with subprocess.Popen([sys.executable, "-c", monitor], stdout=subprocess.PIPE, text=True, env=clean_env()) as program:
        try:
            assert line_of(program) == "Active watchdogs: 11\n"
            whale = {"kind": "transfer", "symbol": "BTC", "from": "a", "to": "b", "amount": 21, "usd_value": 21e6, "tx_hash": "x"}
            call(server, "POST", "/api/oracle/push", {"source": "test", "rows": [whale]})
            assert re.match(r"Event: whale_movement - .*BTC", line_of(program))
            assert program.poll() is None, "it goes on by itself"
        finally:
            program.kill()


# ---- ours


def test_market_data_is_streamed(server):
    said = example(server, "websocket_streaming.py")
    assert "subscribed to price of BTC, ETH, AAPL each 500 ms\nsubscribed to ohlcv of BTC each 1000 ms\n" in said
    assert re.search(r"^  price  BTC  +[\d,.]+ .* from simulated, confidence [01]\.\d\d$", said, re.MULTILINE)
    assert re.search(r"^  bar    BTC   \d\d:\d\d( +[\d,.]+){4}  (open|closed)$", said, re.MULTILINE)
    _, _, after = said.partition("unsubscribed from price of AAPL, ETH; BTC goes on\n")
    narrowed, _, rest = after.partition("unsubscribed from all prices\n")
    assert "BTC" in narrowed and "ETH" not in narrowed
    assert re.findall(r"^  ([A-Z_]+): ", rest, re.MULTILINE) == [*["SUBSCRIPTION_ERROR"] * 2, "INVALID_MESSAGE_TYPE"]
    assert re.search(r"^/ws/prices/BTC,AAPL: subscribed to BTC, AAPL\n  price  BTC .*\n  price  AAPL ", rest, re.MULTILINE)


def test_an_alert_lives_on_the_dashboard(server):
    said = example(server, "dashboard_alerts_demo.py")
    assert "of 11 watchdogs healthy" in said and "  whale_movement          " in said
    assert len(re.findall(r"^  webhook dlv_\w+: alert demo_of_alerts, BTC worth 25.0 M USD was moved$", said, re.MULTILINE)) == 1
    assert len(re.findall(r"^  webhook dlv_\w+: a test of demo_of_alerts, ", said, re.MULTILINE)) == 1
    assert len(re.findall(r"^  (?:webhook|browser) dlv_\w+: delivered at try 1", said, re.MULTILINE)) == 4
    assert "  stream event:alert_fired:demo_of_alerts: Whales: BTC worth 25.0 M USD was moved\n" in said
    assert re.search(r"^acknowledged by .*: I look after it; fired 1 times$", said, re.MULTILINE)
    assert "explained: It was met" in said and "previewed on the last day: completed, 1 firings\n" in said
    assert said.endswith("deleted demo_of_alerts\n")
    assert "demo_of_alerts" not in [one["alert_id"] for one in call(server, "GET", "/api/alerts")]


def example(server: Serving, name: str) -> str:
    return run(sys.executable, str(REPO / "examples" / name), "--url", server.url, "--seconds", "6")


# ---- how


def run(*command: str) -> str:
    """What a program says that ends well."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env=clean_env(), check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def line_of(program: subprocess.Popen[str]) -> str:
    """The next line of a program that goes on."""
    readable, _, _ = select.select([program.stdout], [], [], PATIENCE_S)
    return program.stdout.readline() if readable else ""


def call(server: Serving, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    wish = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(wish, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def forget(server: Serving, ident: str) -> None:
    assert call(server, "DELETE", f"/api/alerts/{ident}") == {"status": "deleted", "alert_id": ident}

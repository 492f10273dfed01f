"""What was acknowledged of an experiment is there after a SIGKILL, and its runner goes on."""

import signal

import httpx

from tests.oracle.experiments.test_wish import SEED
from tests.serving import serving

PATH = "/api/v1/experiments"
FLAGS = ("--no-demo", "--auth", "open")


def report(web, ident, number):
    body = {"round": number, "accuracy": number / 10, "loss": 0.1, "clients": [{"id": "client_001"}], "bytes": 7, "worker": "w1"}
    reply = web.post(f"{PATH}/{ident}/rounds", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_no_acknowledged_round_is_lost(tmp_path):
    with serving(tmp_path / "data", *FLAGS) as server, httpx.Client(base_url=server.url, timeout=30) as web:
        body = {**SEED, "scenario": "hospital", "configuration": {"rounds": 5}}
        claimed = web.post(PATH, json=body).json()["experiment"]["id"]
        assert web.post(f"{PATH}/{claimed}/control", json={"action": "start"}).json()["status"] == "queued"
        assert web.post(f"{PATH}/claim", json={"worker": "w1"}).json()["experiment"]["id"] == claimed
        for number in (1, 2, 3):
            report(web, claimed, number)
        server.end(signal.SIGKILL)
    with serving(tmp_path / "data", *FLAGS) as server, httpx.Client(base_url=server.url, timeout=30) as web:
        shown = web.get(f"{PATH}/{claimed}").json()["experiment"]
        assert (shown["status"], shown["worker"], shown["metrics"]["current_round"]) == ("running", "w1", 3)
        assert shown["metrics"]["communication_overhead"] == "21B" and len(shown["clients"]) == 1
        assert report(web, claimed, 3)["known"] is True  # its runner did not hear the answer
        assert [report(web, claimed, number)["status"] for number in (4, 5)] == ["running", "completed"]

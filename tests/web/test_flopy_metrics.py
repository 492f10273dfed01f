"""FLOPY-NET's live metrics: the seed's example, what each number comes from, and what is said where nothing is known."""

import json
import subprocess
import sys
import time

import pytest
import trio
from running import open_house

from actors.testing import probe
from oracle.model import Event, Severity
from oracle.runs.run import Run, Status, value_of
from oracle.services.processes import Processes

LIVE, INGEST, CONFIG = "/api/v1/metrics/live", "/api/v1/metrics/ingest", "/api/v1/config"
EXAMPLE = json.loads("""{
"timestamp": "2024-01-15T10:25:00Z",
"services": {
"fl_server": {"status": "healthy", "cpu_usage": 45.2, "memory_usage": 512.5, "active_clients": 5, "current_round": 12,
"throughput": "15MB/s"},
"collector": {"status": "healthy", "cpu_usage": 23.1, "memory_usage": 256.8, "metrics_processed": 1250, "queue_size": 45}
}}""")


def kinds(value):
    return {key: type(one) for key, one in value.items()}


def said(**more):
    return {"service": "policy_engine", "cpu": 12.5, "memory": 300, "network": 15_000_000, **more}


def experiment(house, ident="exp_001", rounds=0, sent=0, training=0, status=Status.running):
    """A run as its trainer reports it."""
    now_us = house.system.runtime.now_us()
    clients = [{"id": f"c{n}", "status": "training" if n < training else "idle"} for n in range(5)]
    history = [{"round": n + 1, "accuracy": 0.5, "loss": 1.0, "bytes": sent // max(rounds, 1)} for n in range(rounds)]
    facts = {"rounds": rounds, "rounds_total": 20, "clients": clients, "history": history}
    run = Run(ident, "experiment", {"scenario": "x"}, now_us, status, started_us=now_us, facts=facts)
    house.system.board.put(run.ref, value_of(run), now_us)


async def test_the_seed_s_example_has_these_keys_and_types(tmp_path):
    async with open_house(tmp_path) as house:
        experiment(house, rounds=12, sent=45_000_000, training=5)
        reply = await house.get(f"{LIVE}?services=fl_server,collector&metrics=cpu,memory,network,custom&interval=5")
        assert reply.status == 200 and kinds(reply.json) == kinds(EXAMPLE) and reply.json["timestamp"].endswith("Z")
        for name, example in EXAMPLE["services"].items():
            shown = reply.json["services"][name]
            assert shown.keys() == example.keys() and kinds(shown) == kinds(example), name
        assert list(reply.json["services"]) == ["fl_server", "collector"]


async def test_each_number_of_ours_changes_with_its_cause(tmp_path):
    async with open_house(tmp_path) as house:
        async def now(**query):
            asked = "&".join(f"{key}={value}" for key, value in {"interval": 0.1, **query}.items())
            return (await house.get(f"{LIVE}?{asked}")).json["services"]

        idle = await now()
        assert idle["fl_server"]["current_round"] == idle["fl_server"]["active_clients"] == 0
        assert idle["fl_server"]["throughput"] == "0B/s"
        assert idle["policy_engine"] == idle["sdn"] == {"status": "unavailable"}

        held = bytearray(64 * 1024 * 1024)
        experiment(house, rounds=3, sent=30_000_000, training=4)
        busy = await now()
        held[:] = b""
        assert busy["fl_server"]["memory_usage"] - idle["fl_server"]["memory_usage"] > 50
        assert (busy["fl_server"]["current_round"], busy["fl_server"]["active_clients"]) == (3, 4)
        assert busy["fl_server"]["throughput"].endswith("MB/s")
        experiment(house, rounds=3, sent=30_000_000, training=2)
        assert (await now())["fl_server"]["active_clients"] == 2
        experiment(house, rounds=20, sent=30_000_000, status=Status.completed)
        assert (await now())["fl_server"]["current_round"] == 0

        before = (await now())["collector"]["metrics_processed"]
        now_us = house.system.runtime.now_us()
        for number in range(20):
            house.system.runtime.publish(Event(f"evt_{number}", "x", "y", "z", Severity.low, "", {}, now_us))
        assert (await house.post(INGEST, json=said())).status == 202  # whose answer comes when they are stored too
        assert (await now())["collector"]["metrics_processed"] >= before + 20
        house.system.store.statistics.pending = 45
        assert (await now())["collector"]["queue_size"] == 45
        house.system.store.statistics.state = "down"
        assert (await now())["collector"]["status"] == "down"
        house.system.store.statistics.state = "ok"


async def test_processor_time_and_bytes_are_told_over_the_time_between_two_readings(autojump_clock):
    ours = Processes()
    first = ours.load(5, {})
    assert (first.own_cpu_pct, first.bytes_per_s) == (None, None) and first.own_memory_mb > 1  # no time has passed
    await trio.sleep(1)
    began_s = time.process_time()
    while time.process_time() < began_s + 0.2:
        pass
    busy = ours.load(1, {"a": 3_000_000})
    assert busy.own_cpu_pct > 15 and busy.all_cpu_pct >= busy.own_cpu_pct and busy.bytes_per_s == 3_000_000
    await trio.sleep(1_000)
    idle = ours.load(5, {"a": 3_000_000, "b": 5_000})
    assert idle.own_cpu_pct < busy.own_cpu_pct and idle.bytes_per_s == 5
    await trio.sleep(5)
    assert ours.load(5, {"a": 3_000_000, "b": 5_000}).bytes_per_s == 0
    assert ours.load(100, {"a": 3_000_000, "b": 5_000}).bytes_per_s == pytest.approx(5_000 / 1_005)


async def test_workers_count_while_they_live_and_after(autojump_clock):
    ours = Processes()
    await trio.sleep(1)
    ours.load(1, {})  # other tests have workers too: what counts is what comes after this
    await trio.sleep(1)
    burn = "import time; held = bytearray(50 * 2**20)\nwhile time.process_time() < 0.3: pass\nprint(1, flush=True); input()"
    pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", burn], **pipe) as worker:
        worker.stdout.readline()
        alive = ours.load(1, {})
        worker.communicate(b"\n")
    over = ours.load(1, {})
    assert alive.all_cpu_pct - alive.own_cpu_pct > 20 and over.all_cpu_pct - over.own_cpu_pct > 20
    assert (alive.all_memory_mb - alive.own_memory_mb) - (over.all_memory_mb - over.own_memory_mb) > 40


async def test_bytes_of_a_run_that_is_older_than_the_process_count_from_when_it_is_seen(autojump_clock):
    ours = Processes()
    await trio.sleep(1)
    assert ours.load(1, {"old": 500, "new": 0}, {"old"}).bytes_per_s == 0
    assert ours.load(1, {"old": 510, "new": 10}, {"old"}).bytes_per_s == 10


async def test_what_a_service_pushes_is_shown_until_it_is_stale(tmp_path):
    async with open_house(tmp_path) as house:
        samples = probe(house.system.runtime, "sample:*")
        pushed = said(custom={"decisions": 7, "mode": "strict", "open": True}, interval=60)
        done = await house.post(INGEST, json=pushed)
        assert (done.status, done.json["status"], done.json["service"]) == (202, "accepted", "policy_engine")
        row = (await house.get(f"{LIVE}?services=policy_engine")).json["services"]["policy_engine"]
        assert row.pop("last_update").endswith("Z")
        assert row == {"status": "healthy", "cpu_usage": 12.5, "memory_usage": 300.0, "throughput": "15MB/s", "decisions": 7,
                       "mode": "strict", "open": True}  # fmt: skip
        told = {(one.name, one.subject, one.value, one.unit) for one in samples.took() if one.source == "services"}
        assert told == {("cpu_usage", "service:policy_engine", 12.5, "%"), ("memory_usage", "service:policy_engine", 300.0, "MB"),
                        ("network", "service:policy_engine", 15_000_000.0, "B/s"),
                        ("decisions", "service:policy_engine", 7.0, "")}  # fmt: skip
        row = (await house.get(f"{LIVE}?services=policy_engine&metrics=memory")).json["services"]["policy_engine"]
        assert row.keys() == {"status", "memory_usage", "last_update"}
        known = house.system.board.get("service:policy_engine")
        house.system.board.put("service:policy_engine", {**known, "at_us": known["at_us"] - 180_000_001}, 0)
        row = (await house.get(f"{LIVE}?services=policy_engine")).json["services"]["policy_engine"]
        assert row.keys() == {"status", "last_update"} and row["status"] == "stale"

        assert (await house.post(INGEST, json=said(service="edge-1", memory=90, memory_limit_mb=100, cpu=None))).status == 202
        row = (await house.get(f"{LIVE}?services=edge-1")).json["services"]["edge-1"]
        assert row["status"] == "degraded" and "cpu_usage" not in row
        assert (await house.post(INGEST, json=said(service="fl_server", cpu=45.2, custom={"active_clients": 5}))).status == 202
        row = (await house.get(f"{LIVE}?services=fl_server")).json["services"]["fl_server"]
        assert (row["cpu_usage"], row["active_clients"]) == (45.2, 5) and "current_round" not in row


def test_bad_input_is_refused_by_its_field(house):
    for query, field in (("services=fl_servr", "services"), ("metrics=cpus", "metrics"), ("interval=0", "interval"),
                         ("interval=x", "interval"), ("interval=4000", "interval")):  # fmt: skip
        no = house.get(f"{LIVE}?{query}")
        assert (no.status, no.json["error"]["code"], list(no.json["error"]["details"])) == (400, "VALIDATION_ERROR", [field])
    many = {f"k{n}": n for n in range(33)}
    for body, field in (
        ({}, "service"), ({"service": "a"}, "body"), (said(service="a/b"), "service"), (said(service=".."), "service"),
        (said(cpu=-1), "cpu"), (said(cpu="1"), "cpu"), (said(memory=-0.1), "memory"), (said(network=-1), "network"),
        (said(memory_limit_mb=0), "memory_limit_mb"), (said(interval=0), "interval"), (said(custom=many), "custom"),
        (said(custom={"status": "x"}), "custom"), (said(custom={"a": []}), "custom"), (said(custom={"a": "x" * 201}), "custom"),
        (said(custom={"a b": 1}), "custom"), (said(status="fine"), "status"), (said(extra=1), "extra"), ([], "body"),
    ):  # fmt: skip
        no = house.post(INGEST, json=body)
        assert (no.status, no.json["error"]["code"]) == (400, "VALIDATION_ERROR"), body
        assert list(no.json["error"]["details"]) == [field], no.json


def test_switched_off_they_are_unavailable(house):
    assert house.ask("PUT", CONFIG, json={"features": {"real_time_metrics": False}}).status == 200
    no = house.get(LIVE)
    assert (no.status, no.json["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert no.json["error"]["message"] == "real-time metrics are switched off"
    assert house.ask("PUT", CONFIG, json={"features": {"real_time_metrics": True}}).status == 200
    assert house.get(LIVE).status == 200

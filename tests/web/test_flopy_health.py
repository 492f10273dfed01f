"""FLOPY-NET's health: the seed's examples, and what each word follows."""

import json

from running import open_house
from sink import answering, open_sink

from actors.testing import probe
from oracle.settings import Auth, Data, Http, Scheduler, Settings
from oracle.settings_runs import Experiments
from web.surfaces.flopy_health import duration
from web.surfaces.front import VERSION

HEALTH, DEPENDENCIES = "/api/v1/health", "/api/v1/health/dependencies"
INGEST, CONFIG = "/api/v1/metrics/ingest", "/api/v1/config"
EXAMPLE = json.loads("""{
"status": "healthy", "version": "1.0.0", "uptime": "2d 4h 15m 30s",
"services": {
"collector": {"status": "healthy", "response_time": "5ms", "last_check": "2024-01-15T10:25:00Z"},
"policy_engine": {"status": "healthy", "response_time": "12ms", "last_check": "2024-01-15T10:25:00Z"},
"fl_server": {"status": "degraded", "response_time": "150ms", "last_check": "2024-01-15T10:25:00Z",
"issues": ["High memory usage: 85%"]}}}""")
EXAMPLE_DEPENDENCIES = json.loads("""{"dependencies": {
"influxdb": {"status": "connected", "response_time": "8ms", "version": "2.6.0"},
"redis": {"status": "connected", "response_time": "2ms", "version": "7.0.5"},
"mongodb": {"status": "connected", "response_time": "15ms", "version": "6.0.2"}}}""")


def test_a_span_is_said_as_people_say_it():
    spans = {188_130: "2d 4h 15m 30s", 0.9: "0s", 59: "59s", 60: "1m 0s", 3_600: "1h 0m 0s", 86_400: "1d 0h 0m 0s"}
    assert {seconds: duration(seconds) for seconds in spans} == spans
    assert duration(188_130) == EXAMPLE["uptime"]


async def test_services_of_the_configuration_are_asked_and_the_seed_s_example_has_these_keys(tmp_path):
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), scheduler=Scheduler(enabled=False),
                        http=Http(allow=("127.0.0.1",)), experiments=Experiments(health_every_s=0.05))  # fmt: skip
    async with open_sink() as sink, open_house(tmp_path, settings=settings) as house:
        told = probe(house.system.runtime, "state:integration:*")
        sampled = probe(house.system.runtime, "sample:response_ms:*")
        urls = {"collector_url": sink.url("/c"), "policy_engine_url": sink.url("/p"), "fl_server_url": sink.url("/f")}
        assert (await house.ask("PUT", CONFIG, json={"integration": urls})).status == 200
        heard = {}
        while set(heard) != {"collector", "policy_engine", "fl_server"} or set(heard.values()) != {"healthy"}:
            state = await told.next()
            heard[state.value["service"]] = state.value["status"]
        pushed = {"service": "fl_server", "memory": 85, "memory_limit_mb": 100}
        assert (await house.post(INGEST, json=pushed)).status == 202
        now = (await house.get(HEALTH)).json
        assert now.keys() >= EXAMPLE.keys() and (now["status"], now["version"]) == ("healthy", VERSION)
        for name, example in EXAMPLE["services"].items():
            shown = now["services"][name]
            assert shown.keys() == example.keys() and shown["status"] == example["status"], name
            assert shown["response_time"].endswith("ms") and shown["last_check"].endswith("Z")
        assert now["services"]["fl_server"]["issues"] == ["High memory usage: 85%"]
        sample = await sampled.next()
        assert sample.subject.startswith("service:") and sample.unit == "ms"

        sink.script = answering(500)
        while (await told.next()).value["service"] != "collector":
            pass
        shown = (await house.get(HEALTH)).json
        assert shown["status"] == "healthy" and shown["services"]["collector"]["status"] == "degraded"
        assert shown["services"]["collector"]["issues"] == ["Answers with HTTP 500"]
        assert (await house.ask("PUT", CONFIG, json={"integration": {"collector_url": "http://127.0.0.1:9"}})).status == 200
        while (await told.next()).value["status"] != "down":
            pass
        shown = (await house.get(HEALTH)).json["services"]["collector"]
        assert (shown["status"], shown["response_time"]) == ("down", None)
        row = (await house.get("/api/v1/metrics/live?services=policy_engine")).json["services"]["policy_engine"]
        assert row == {"status": "degraded"}


async def test_what_is_ours_decides_and_what_is_not_asked_says_why(tmp_path):
    async with open_house(tmp_path) as house:
        now = (await house.get(HEALTH)).json
        assert now["status"] == "healthy" and now["issues"] == [] and now["uptime"].endswith("s")
        assert list(now["services"]) == ["collector", "policy_engine", "fl_server"]
        for row in now["services"].values():
            assert (row["status"], row["response_time"], row["last_check"]) == ("not_checked", None, None)
            assert "add it to http.allow" in row["issues"][0]
        assert (await house.post(INGEST, json={"service": "edge-1", "cpu": 3})).status == 202
        assert (await house.get(HEALTH)).json["services"]["edge-1"]["status"] == "healthy"
        reply = (await house.get(DEPENDENCIES)).json["dependencies"]
        for name in ("duckdb", "event_log", "disk"):
            assert reply[name]["status"] == "connected" and reply[name]["response_time"].endswith("ms"), name
        assert reply["duckdb"]["version"][0].isdigit() and reply["event_log"]["version"] == VERSION
        for name, example in EXAMPLE_DEPENDENCIES["dependencies"].items():
            assert reply[name].keys() == example.keys()
            assert reply[name] == {"status": "not_configured", "response_time": None, "version": None}

        statistics = house.system.store.statistics
        statistics.state, statistics.last_error = "down", "disk full"
        now = (await house.get(HEALTH)).json
        assert (now["status"], now["issues"]) == ("unhealthy", ["History takes no writes: disk full"])
        assert (await house.get(DEPENDENCIES)).json["dependencies"]["duckdb"]["status"] == "disconnected"
        statistics.state = "ok"


async def test_a_full_disk_is_ours(tmp_path, monkeypatch):
    async with open_house(tmp_path) as house:
        monkeypatch.setattr("web.surfaces.flopy_health.LEAST_FREE_BYTES", 2**80)
        now = (await house.get(HEALTH)).json
        assert now["status"] == "unhealthy" and now["issues"][0].startswith("Disk is nearly full")
        assert (await house.get(DEPENDENCIES)).json["dependencies"]["disk"]["status"] == "disconnected"

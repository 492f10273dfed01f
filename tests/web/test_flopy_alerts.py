"""FLOPY-NET's alerts over HTTP: the seed's example, filters, who looked after what, rules among them, and a SIGKILL."""

import json
import signal
from pathlib import Path

import trio
from running import open_house, said, watchdog_event
from serving import clean_env

from actors.testing import probe
from oracle.model import Command, Severity
from oracle.runs.run import Run, Status, value_of
from tests.forked import run_beside

ALERTS, INGEST = "/api/v1/alerts", "/api/v1/metrics/ingest"
EXAMPLE = json.loads("""{"alerts": [{
"id": "alert_001", "severity": "warning", "status": "active", "title": "High Memory Usage",
"description": "FL Server memory usage exceeded 80% threshold", "service": "fl_server", "experiment_id": "exp_001",
"created_at": "2024-01-15T10:20:00Z", "threshold": 80, "current_value": 85.2}]}""")["alerts"][0]
CHILD = Path(__file__).with_name("once_child.py")
MEMORY = {"service": "fl_server", "memory": 852, "memory_limit_mb": 1_000}


async def test_the_seed_s_example_is_raised_acknowledged_and_over_by_itself(tmp_path):
    async with open_house(tmp_path) as house:
        now_us = house.system.runtime.now_us()
        run = Run("exp_001", "experiment", {}, now_us, Status.running, started_us=now_us)
        house.system.board.put(run.ref, value_of(run), now_us)
        heard = probe(house.system.runtime, "state:incident:*")
        assert (await house.post(INGEST, json=MEMORY)).status == 202
        await heard.next()
        (one,) = (await house.get(ALERTS)).json["alerts"]
        assert {**EXAMPLE, "created_at": one["created_at"]} == {key: one[key] for key in EXAMPLE}
        assert len(one["created_at"]) == len(EXAMPLE["created_at"])
        assert (await house.get(f"{ALERTS}?status=active&severity=warning")).json["alerts"] == [one]
        for query in ("status=acknowledged", "severity=critical", "to=2024-01-15T10:20:00Z", "from=2124-01-15"):
            assert (await house.get(f"{ALERTS}?{query}")).json["alerts"] == [], query
        at = one["created_at"]
        assert (await house.get(f"{ALERTS}?from={at}&to={at}")).json["alerts"] == [one]
        assert (await house.get(f"{ALERTS}?to={at[:10]}")).json["alerts"] == [one]

        seen = await house.post(f"{ALERTS}/alert_001/acknowledge", json={"comment": "Investigating high memory usage"})
        assert seen.status == 200 and seen.json.pop("acknowledged_at").endswith("Z")
        told = {**one, "status": "acknowledged", "acknowledged_by": "local", "comment": "Investigating high memory usage"}
        assert {**seen.json, "acknowledged_at": None} == {**told, "acknowledged_at": None}
        again = await house.post(f"{ALERTS}/alert_001/acknowledge", json={"comment": "me too"})
        assert again.json["comment"] == "Investigating high memory usage"
        (listed,) = (await house.get(f"{ALERTS}?status=acknowledged")).json["alerts"]
        assert listed == again.json

        await house.post(INGEST, json={**MEMORY, "memory": 700})
        with trio.fail_after(30):
            while (await heard.next()).value["status"] != "resolved":
                pass
        (over,) = (await house.get(f"{ALERTS}?status=resolved")).json["alerts"]
        assert over["resolved_at"].endswith("Z") and over["comment"] == "Investigating high memory usage"
        no = await house.post(f"{ALERTS}/alert_001/acknowledge")
        assert (no.status, no.json["error"]["code"]) == (409, "CONFLICT")
        no = await house.post(f"{ALERTS}/alert_009/acknowledge", json={"comment": "x"})
        assert (no.status, no.json["error"]["code"]) == (404, "NOT_FOUND")


def test_a_service_raises_one_and_somebody_resolves_it(house):
    wish = {"title": "Switch unreachable", "severity": "critical", "service": "sdn", "description": "s1", "current_value": 3}
    made = [house.post(ALERTS, json=wish, headers={"Idempotency-Key": "a-1"}) for _ in range(2)]
    assert made[0].status == 201 and made[0].json == made[1].json
    one = made[0].json
    assert (one["status"], one["severity"], one["service"], one["threshold"]) == ("active", "critical", "sdn", None)
    second = house.post(ALERTS, json={"title": "Second"}).json
    assert int(second["id"][6:]) == int(one["id"][6:]) + 1 and second["severity"] == "warning"
    assert [row["id"] for row in house.get(ALERTS).json["alerts"]] == [second["id"], one["id"]]
    assert [row["id"] for row in house.get(f"{ALERTS}?limit=1&offset=1").json["alerts"]] == [one["id"]]
    over = house.post(f"{ALERTS}/{one['id']}/resolve", json={"comment": "cable"})
    assert (over.status, over.json["status"], over.json["comment"]) == (200, "resolved", "cable")
    assert house.post(f"{ALERTS}/{one['id']}/resolve").json == over.json
    rows = house.get(f"/api/oracle/events?subject=incident:{one['id']}").json["items"]
    assert [(row["kind"], row["data"]["by"]) for row in rows] == [("incident_resolved", "local"), ("incident_raised", "local")]


def test_bad_input_is_refused_by_its_field(house):
    for body, field in (({}, "title"), ({"title": ""}, "title"), ({"title": "x", "severity": "high"}, "severity"),
                        ({"title": "x" * 201}, "title"), ({"title": "x", "service": "a/b"}, "service"),
                        ({"title": "x", "threshold": "80"}, "threshold"), ({"title": "x", "id": "alert_1"}, "id"),
                        ({"title": "x", "experiment_id": "../x"}, "experiment_id")):  # fmt: skip
        no = house.post(ALERTS, json=body)
        assert (no.status, list(no.json["error"]["details"])) == (400, [field]), body
        assert no.json["error"]["message"] == "Invalid alert"
    for query, field in (("severity=high", "severity"), ("status=open", "status"), ("from=yesterday", "from"), ("to=x", "to"),
                         ("limit=0", "limit"), ("offset=-1", "offset"),
                         ("from=2024-01-02&to=2024-01-01T00:00:00Z", "to")):  # fmt: skip
        no = house.get(f"{ALERTS}?{query}")
        assert (no.status, list(no.json["error"]["details"])) == (400, [field]), query
    assert house.post(f"{ALERTS}/alert_001/acknowledge", json={"comment": "x" * 2_001}).status == 400
    assert house.post(f"{ALERTS}/alert_001/acknowledge", json={"comment": 3}).status == 400


async def test_what_a_rule_fired_on_is_an_alert_too(tmp_path):
    rule = {"alert_id": "moves", "name": "Big moves", "description": "d", "trigger": {"type": "watchdog_event"},
            "delivery_methods": ["log"]}  # fmt: skip
    filtered = {"type": "watchdog_event", "event_filter": {"severities": ["high", "critical"], "event_types": ["flash_crash"]}}
    async with open_house(tmp_path) as house:
        assert (await house.post("/api/alerts", json=rule)).status == 200
        assert (await house.get(ALERTS)).json["alerts"] == []
        assert (await house.post(f"{ALERTS}/rule:moves/acknowledge")).status == 404
        house.system.runtime.publish(watchdog_event(house.system.runtime))
        await said(house.system.runtime, "state:alert:moves")
        (one,) = (await house.get(ALERTS)).json["alerts"]
        assert (one["id"], one["severity"], one["status"], one["title"]) == ("rule:moves", "warning", "active", "Big moves")
        assert one["description"] == "d"  # of one that says nothing later the event is not kept
        seen = await house.post(f"{ALERTS}/rule:moves/acknowledge", json={"comment": "on it"})
        assert (seen.status, seen.json["status"], seen.json["comment"]) == (200, "acknowledged", "on it")
        life = (await house.get("/api/oracle/alerts")).json["items"][0]
        assert (life["phase"], life["by"]) == ("acknowledged", "local") and seen.json["acknowledged_by"] == "local"
        assert (await house.post(f"{ALERTS}/rule:moves/acknowledge")).json == seen.json
        over = await house.post(f"{ALERTS}/rule:moves/resolve")
        assert (over.status, over.json["status"]) == (200, "resolved") and over.json["resolved_at"]
        no = await house.post(f"{ALERTS}/rule:moves/acknowledge")
        assert (no.status, no.json["error"]["code"]) == (409, "CONFLICT")
        for ident, more in (("crash", {"trigger": filtered, "notify_resolved": True}), ("crashes", {"trigger": filtered})):
            assert (await house.post("/api/alerts", json={**rule, "alert_id": ident, **more})).status == 200
        crash = watchdog_event(house.system.runtime, kind="flash_crash", severity=Severity.critical)
        house.system.runtime.publish(crash)
        for ident in ("crash", "crashes"):
            await said(house.system.runtime, f"state:alert:{ident}")
        shown = {one["id"]: (one["severity"], one["description"]) for one in (await house.get(ALERTS)).json["alerts"]}
        assert (shown["rule:crash"], shown["rule:crashes"]) == (("critical", crash.summary), ("warning", "d"))


async def test_an_experiment_that_fails_is_one(tmp_path):
    async with open_house(tmp_path) as house:
        heard = probe(house.system.runtime, "state:incident:*")
        api = "/api/v1/experiments"
        made = await house.post(api, json={"name": "Three hospitals", "scenario": "hospitals", "configuration": {"rounds": 2}})
        ident = made.json["experiment"]["id"]
        assert (await house.post(f"{api}/{ident}/control", json={"action": "start"})).status == 200
        assert (await house.post(f"{api}/claim", json={"worker": "w1", "scenario": "hospitals"})).status == 200
        report = {"worker": "w1", "status": "failed", "changes": {"error": "the switch is gone"}}
        await house.system.runtime.ask(f"run:{ident}", Command("report", report, "w1"))
        with trio.fail_after(30):
            await heard.next()
        (one,) = (await house.get(f"{ALERTS}?severity=warning")).json["alerts"]
        assert (one["title"], one["experiment_id"], one["service"]) == ("Experiment Failed", ident, "fl_server")
        assert one["description"] == f"Three hospitals ({ident}) failed: the switch is gone"


async def test_what_was_raised_outlives_a_sigkill_and_is_raised_once(tmp_path):
    command = ("POST", ALERTS, "k-1", '{"title": "Once"}')
    killed = await run_beside(CHILD, tmp_path, "history:before-answer:1", *command, timeout_s=60, env=clean_env())
    assert killed.returncode == -signal.SIGKILL
    async with open_house(tmp_path) as house:
        again = await house.post(ALERTS, json={"title": "Once"}, headers={"Idempotency-Key": "k-1"})
        assert (again.status, again.json["id"]) == (201, "alert_001")
        assert [one["title"] for one in (await house.get(ALERTS)).json["alerts"]] == ["Once"]

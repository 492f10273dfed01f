"""FLOPY-NET's experiments over HTTP: the seed's examples, and numbers that change with what they are of."""

import datetime as dt
import sys

import pytest
import trio
from running import open_house

from actors.testing import probe
from oracle.experiments import KIND
from oracle.runs import Run, Status
from tests.oracle.experiments.test_wish import SEED
from web.surfaces.flopy_shapes import clients_of
from web.wire import iso

PATH = "/api/v1/experiments"
SUMMARY = {"id": str, "name": str, "status": str, "scenario": str, "clients_count": int, "rounds_completed": int,
           "rounds_total": int, "accuracy": float, "loss": float, "created_at": str, "started_at": str,
           "estimated_completion": str}  # fmt: skip
DETAIL = {"id": str, "name": str, "status": str, "configuration": dict, "metrics": dict, "clients": list, "timeline": list}
METRICS = {"current_round": int, "global_accuracy": float, "global_loss": float, "convergence_rate": float,
           "communication_overhead": str}  # fmt: skip
CLIENT = {"id": str, "status": str, "accuracy": float, "loss": float, "last_update": str}
TIMELINE = {"timestamp": str, "event": str, "details": str}
CONTROL = {"status": str, "message": str, "timestamp": str}


def fits(row, shape):
    """Whether a row has the keys of the seed's example, of their types."""
    return {name: type(row.get(name)) for name in shape} == shape


def is_time(text):
    """To the second, with `Z`, as the seed writes it."""
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def created(house, **changes):
    """The id of a new experiment that a runner works off."""
    body = {**SEED, "scenario": "hospital", **changes}
    reply = house.post(PATH, json=body)
    assert reply.status == 201, reply.json
    return reply.json["experiment"]["id"]


def control(house, ident, action, **more):
    return house.post(f"{PATH}/{ident}/control", json={"action": action, **more})


def report(house, ident, number, accuracy=0.5, **more):
    body = {"round": number, "accuracy": accuracy, "loss": 0.3, "duration_s": 2.0, "bytes": 1_000_000,
            "clients": [{"id": "client_001", "accuracy": accuracy, "loss": 0.4}], **more}  # fmt: skip
    return house.post(f"{PATH}/{ident}/rounds", json=body)


def one(house, ident):
    return house.get(f"{PATH}/{ident}").json["experiment"]


def claimed(house, scenario, worker="w1"):
    return house.post(f"{PATH}/claim", json={"worker": worker, "scenario": scenario}).json["experiment"]


def refused(reply, status, code="VALIDATION_ERROR"):
    assert (reply.status, reply.json["error"]["code"]) == (status, code), reply.json
    return reply.json["error"]["details"]


def test_the_seeds_creation_is_answered_as_it_shows(house):
    reply = house.post(PATH, json=SEED)
    made = reply.json["experiment"]
    assert reply.status == 201 and set(reply.json) == {"experiment"}
    assert (made["name"], made["status"], made["configuration"]) == (SEED["name"], "created", SEED["configuration"])
    assert made["id"].startswith("exp_") and is_time(made["created_at"])
    assert one(house, made["id"])["network_settings"] == SEED["network_settings"]
    assert one(house, made["id"])["policies"] == SEED["policies"]


def test_ids_are_counted(house):
    first, second = created(house), created(house)
    assert int(second.removeprefix("exp_")) == int(first.removeprefix("exp_")) + 1


def test_the_list_is_as_the_seed_shows_it(house):
    ident = created(house, scenario="listed", name="MNIST Federated Learning")
    control(house, ident, "start")
    claimed(house, "listed")
    report(house, ident, 1)
    found = house.get(f"{PATH}?status=running&limit=10&offset=0&sort=created_at:desc").json
    (line,) = [row for row in found["experiments"] if row["id"] == ident]
    assert set(found) == {"experiments", "total", "limit", "offset"} and (found["limit"], found["offset"]) == (10, 0)
    assert fits(line, SUMMARY) and all(is_time(line[name]) for name in ("created_at", "started_at", "estimated_completion"))
    assert (line["rounds_completed"], line["rounds_total"], line["clients_count"], line["accuracy"]) == (1, 20, 1, 0.5)
    control(house, ident, "abort")
    assert ident not in [row["id"] for row in house.get(f"{PATH}?status=running&limit=1000").json["experiments"]]
    assert ident in [row["id"] for row in house.get(f"{PATH}?status=aborted&limit=1000").json["experiments"]]


def test_pages_and_orders(house):
    for name in ("aaa", "bbb", "ccc"):
        created(house, name=name)
    total = house.get(PATH).json["total"]
    names = [row["name"] for row in house.get(f"{PATH}?sort=name:asc&limit=1000").json["experiments"]]
    assert len(names) == total and names == sorted(names)
    assert [row["name"] for row in house.get(f"{PATH}?sort=created_at:desc&limit=3").json["experiments"]] == ["ccc", "bbb", "aaa"]
    second = house.get(f"{PATH}?sort=name:asc&limit=1&offset=1").json
    assert (second["experiments"][0]["name"], second["total"]) == (names[1], total)


@pytest.mark.parametrize(("query", "field"), [
    ("sort=nothing:asc", "sort"), ("sort=name:up", "sort"), ("sort=", "sort"), ("limit=0", "limit"), ("limit=x", "limit"),
    ("limit=1001", "limit"), ("offset=-1", "offset"), ("status=gone", "status"),
])  # fmt: skip
def test_what_is_asked_wrongly_of_the_list_is_named(house, query, field):
    assert set(refused(house.get(f"{PATH}?{query}"), 400)) == {field}


def test_the_seeds_refusal_of_a_creation(house):
    reply = house.post(PATH, json={**SEED, "configuration": {"rounds": 101, "clients_per_round": 0}})
    assert (reply.status, reply.json) == (400, {"error": {
        "code": "VALIDATION_ERROR", "message": "Invalid experiment configuration",
        "details": {"rounds": "Must be between 1 and 100", "clients_per_round": "Must be greater than 0"}}})  # fmt: skip


def test_the_seeds_detail_follows_its_rounds(house):
    ident = created(house, scenario="followed")
    bare = one(house, ident)
    assert bare["metrics"] == {"current_round": 0, "global_accuracy": None, "global_loss": None, "convergence_rate": None,
                               "communication_overhead": "0B"}  # fmt: skip
    control(house, ident, "start")
    claimed(house, "followed")
    for number in (1, 2, 3):
        report(house, ident, number, number / 10, bytes=15_000_000)
    shown = one(house, ident)
    assert fits(shown, DETAIL) and fits(shown["metrics"], METRICS)
    assert shown["metrics"] == {"current_round": 3, "global_accuracy": 0.3, "global_loss": 0.3, "convergence_rate": 0.1,
                                "communication_overhead": "45MB"}  # fmt: skip
    assert all(fits(row, CLIENT) and is_time(row["last_update"]) for row in shown["clients"])
    assert all(fits(row, TIMELINE) and is_time(row["timestamp"]) for row in shown["timeline"])
    events = [row["event"] for row in shown["timeline"]]
    assert events == ["experiment_created", "experiment_queued", "experiment_started", *["round_completed"] * 3]
    base = f"{PATH}/{ident}"
    assert house.get(f"{base}/metrics").json["metrics"] == shown["metrics"]
    assert house.get(f"{base}/clients").json["clients"] == shown["clients"]
    assert [row["round"] for row in house.get(f"{base}/rounds").json["rounds"]] == [1, 2, 3]
    assert house.get(f"{base}/config").json["configuration"] == shown["configuration"]
    assert house.get(f"{base}/status").json["current_round"] == 3
    assert house.get(f"{base}/results").json["results"] is None


def test_a_pause_is_acknowledged_by_the_runner(house):
    ident = created(house, scenario="paused")
    assert refused(control(house, ident, "pause"), 409, "CONFLICT") == {"status": "created", "allowed": ["start", "abort"]}
    assert control(house, ident, "start").json["status"] == "queued"
    assert claimed(house, "paused")["id"] == ident
    base = f"{PATH}/{ident}"
    asked = control(house, ident, "pause", reason="Network maintenance scheduled").json
    assert fits(asked, CONTROL) and (asked["status"], asked["requested"]) == ("running", "paused")
    assert "requested" in asked["message"]
    assert house.post(f"{base}/heartbeat", json={"worker": "w1"}).json["requested"] == "paused"
    assert report(house, ident, 1).json["status"] == "running"  # it was under way
    assert house.post(f"{base}/status", json={"worker": "w1", "status": "paused"}).json["status"] == "paused"
    halted = one(house, ident)
    assert (halted["requested"], halted["status"], halted["reason"]) == (None, "paused", "Network maintenance scheduled")
    assert not any("maintenance" in row["details"] for row in halted["timeline"] if row["event"] == "round_completed")
    assert "maintenance" in halted["timeline"][-1]["details"]
    refused(report(house, ident, 2), 409, "CONFLICT")
    resumed = control(house, ident, "resume").json
    assert (resumed["status"], resumed["message"]) == ("running", "Experiment resumed successfully")
    assert is_time(resumed["timestamp"]) and one(house, ident)["reason"] is None
    stopped = control(house, ident, "stop").json
    assert (stopped["status"], stopped["message"]) == ("stopped", "Experiment stopped successfully")
    refused(house.post(f"{base}/heartbeat", json={"worker": "w1"}), 409, "CONFLICT")
    refused(report(house, ident, 2), 409, "CONFLICT")
    for action in ("start", "pause", "resume", "stop", "abort"):
        assert refused(control(house, ident, action), 409, "CONFLICT") == {"status": "stopped", "allowed": []}


def test_a_pause_of_what_nobody_has_claimed_is_the_seeds_example(house):
    ident = created(house, scenario="unclaimed")
    control(house, ident, "start")
    report(house, ident, 1)  # who reports is at work
    paused = control(house, ident, "pause", reason="Network maintenance scheduled")
    assert paused.status == 200 and fits(paused.json, CONTROL)
    assert (paused.json["status"], paused.json["message"]) == ("paused", "Experiment paused successfully")
    assert one(house, ident)["reason"] == "Network maintenance scheduled"


@pytest.mark.parametrize(("body", "field"), [
    ({"action": "explode"}, "action"), ({}, "action"), ({"action": 3}, "action"),
    ({"action": "start", "reason": "x" * 501}, "reason"), ({"action": "start", "reason": 3}, "reason"),
])  # fmt: skip
def test_what_is_no_control_is_named(house, body, field):
    assert set(refused(house.post(f"{PATH}/{created(house)}/control", json=body), 400)) == {field}


@pytest.mark.parametrize("ident", ["..%2F..%2Fetc", "a%20b", "%2e%2e", "x" * 65, "run%3A1", "-x"])
def test_ids_that_are_no_names_are_refused(house, ident):
    for path in ("", "/clients", "/rounds"):
        assert house.get(f"{PATH}/{ident}{path}").status in (400, 404)
    assert house.post(f"{PATH}/{ident}/control", json={"action": "start"}).status in (400, 404)


def test_what_is_not_there_is_not_found(house):
    for path in ("", "/clients", "/metrics", "/results", "/config", "/status", "/rounds"):
        assert refused(house.get(f"{PATH}/exp_999999{path}"), 404, "NOT_FOUND") == {"id": "exp_999999"}
    refused(control(house, "exp_999999", "start"), 404, "NOT_FOUND")


def test_a_round_counts_once(house):
    ident = created(house, scenario="once")
    refused(report(house, ident, 1), 409, "CONFLICT")  # nobody has started it
    control(house, ident, "start")
    first = report(house, ident, 1, worker="")
    assert (first.status, first.json["known"], first.json["current_round"]) == (200, False, 1)
    again = report(house, ident, 1)
    assert (again.status, again.json["known"]) == (200, True)
    assert len([row for row in one(house, ident)["timeline"] if row["event"] == "round_completed"]) == 1
    assert refused(report(house, ident, 1, 0.6), 409, "CONFLICT") == {"round": 1}
    assert refused(report(house, ident, 21), 400) == {"round": "Must be between 1 and 20"}
    assert one(house, ident)["metrics"]["communication_overhead"] == "1MB"


def test_the_last_round_completes(house):
    ident = created(house, scenario="short", configuration={"rounds": 2})
    control(house, ident, "start")
    report(house, ident, 1, 0.5)
    assert report(house, ident, 2, 0.75).json["status"] == "completed"
    assert report(house, ident, 2, 0.75).json["known"] is True
    shown = one(house, ident)
    assert (shown["status"], shown["accuracy"], shown["estimated_completion"]) == ("completed", 0.75, None)
    assert is_time(shown["completed_at"]) and shown["timeline"][-1]["event"] == "experiment_completed"
    assert house.get(f"{PATH}/{ident}/results").json["results"]["best_accuracy"] == 0.75


def test_one_round_is_enough(house):
    ident = created(house, scenario="single", configuration={"rounds": 1})
    control(house, ident, "start")
    assert report(house, ident, 1).json["status"] == "completed"


def test_clients_are_heard(house):
    ident = created(house, scenario="heard")
    control(house, ident, "start")
    path = f"{PATH}/{ident}/clients"
    assert house.post(f"{path}/client_007", json={"status": "training", "accuracy": 0.8, "loss": 0.2}).status == 200
    assert house.post(f"{path}/client_007", json={"status": "idle"}).json["client"]["accuracy"] == 0.8
    assert [(row["id"], row["status"]) for row in one(house, ident)["clients"]] == [("client_007", "idle")]
    assert set(refused(house.post(f"{path}/client_007", json={"accuracy": 2}), 400)) == {"accuracy"}
    assert house.post(f"{path}/a%20b", json={}).status in (400, 404)


def test_claims_are_kept_apart(house):
    ident = created(house, scenario="claimed")
    assert claimed(house, "claimed") is None  # it was not started
    control(house, ident, "start")
    assert claimed(house, "nobody_does_this") is None
    found = house.post(f"{PATH}/claim", json={"worker": "w1", "scenario": "claimed", "lease_s": 30}).json
    assert found["experiment"]["id"] == ident and found["experiment"]["worker"] == "w1" and is_time(found["lease_until"])
    assert claimed(house, "claimed", "w2") is None
    refused(house.post(f"{PATH}/{ident}/heartbeat", json={"worker": "w2"}), 409, "CONFLICT")
    refused(report(house, ident, 1, worker="w2"), 409, "CONFLICT")
    assert report(house, ident, 1, worker="w1").status == 200
    failed = house.post(f"{PATH}/{ident}/status", json={"worker": "w1", "status": "failed", "error": "out of memory"})
    assert failed.json["status"] == "failed" and one(house, ident)["error"] == "out of memory"


@pytest.mark.parametrize(("path", "body", "field"), [
    ("claim", {}, "worker"), ("claim", {"worker": "../x"}, "worker"), ("claim", {"worker": "w", "lease_s": 0}, "lease_s"),
    ("claim", {"worker": "w", "lease_s": 1e6}, "lease_s"), ("claim", {"worker": "w", "scenario": "a/b"}, "scenario"),
    ("exp_001/heartbeat", {}, "worker"), ("exp_001/heartbeat", {"worker": "w", "lease_s": "x"}, "lease_s"),
    ("exp_001/status", {"status": "gone"}, "status"), ("exp_001/status", {"status": "failed", "error": ""}, "error"),
    ("exp_001/status", {"status": "failed", "reason": "x" * 501}, "reason"),
    ("exp_001/rounds", {"round": 0, "accuracy": 0.5, "loss": 0.1}, "round"),
    ("exp_001/rounds", {"round": 1, "accuracy": 1.5, "loss": 0.1}, "accuracy"),
    ("exp_001/rounds", {"round": 1, "accuracy": 0.5, "loss": -1}, "loss"),
    ("exp_001/rounds", {"round": 1, "accuracy": 0.5, "loss": 0.1, "bytes": -1}, "bytes"),
])  # fmt: skip
def test_each_field_of_a_runners_words_is_named(house, path, body, field):
    assert set(refused(house.post(f"{PATH}/{path}", json=body), 400)) == {field}


def test_nobody_reports_of_what_trains_here(house):
    ident = house.post(PATH, json=SEED).json["experiment"]["id"]
    refused(report(house, ident, 1), 409, "CONFLICT")
    refused(house.post(f"{PATH}/{ident}/heartbeat", json={"worker": "w1"}), 409, "CONFLICT")


def test_what_the_training_here_does_not_know_is_named(house):
    reply = house.post(PATH, json={**SEED, "configuration": {"dataset": "imagenet"}, "policies": ["magic"]})
    assert set(refused(reply, 400)) == {"dataset", "policies"}


def test_no_client_is_at_work_for_what_is_not_running():
    row = {"id": "client_001", "status": "training"}

    def shown(status, scenario):
        (one,) = clients_of(Run("exp_001", KIND, {"scenario": scenario}, 0, status=Status(status), facts={"clients": [row]}))
        return one.status

    assert [shown(status, "basic_fl") for status in ("running", "paused", "queued", "failed")] == ["training", *["idle"] * 3]
    assert [shown(status, "hospital") for status in ("running", "paused", "stopped")] == ["training", "training", "idle"]


FAST = {"configuration": {"dataset": "digits", "model": "logistic", "rounds": 3, "local_epochs": 1, "learning_rate": 0.1}}


async def until(house, ident, *statuses):
    """Its detail once it is in one of these states."""
    heard = probe(house.system.runtime, f"state:run:{ident}")
    with trio.fail_after(60):
        while (await house.get(f"{PATH}/{ident}/status")).json["status"] not in statuses:
            await heard.next()
    return (await house.get(f"{PATH}/{ident}")).json["experiment"]


async def test_basic_fl_trains_here_and_says_on_what(tmp_path):
    async with open_house(tmp_path) as house:
        body = {**SEED, "configuration": {**FAST["configuration"], "dataset": "mnist"}}
        ident = (await house.post(PATH, json=body)).json["experiment"]["id"]
        started = (await house.post(f"{PATH}/{ident}/control", json={"action": "start"})).json
        assert fits(started, CONTROL)
        assert (started["status"], started["message"]) == ("running", "Experiment started successfully")
        shown = await until(house, ident, "completed", "failed")
    assert (shown["status"], shown["metrics"]["current_round"]) == ("completed", 3) and shown["accuracy"] > 0.5
    assert shown["timeline"][-1]["event"] == "experiment_completed"
    (began,) = [row for row in shown["timeline"] if row["event"] == "experiment_started"]
    assert began["details"] == f"Experiment started with {len(shown['clients'])} clients"
    assert "digits" in shown["notes"][0] and any("digits" in row["details"] for row in shown["timeline"])
    assert shown["metrics"]["communication_overhead"].endswith("kB")


async def test_an_experiment_begins_by_itself_when_it_is_time(tmp_path):
    async with open_house(tmp_path) as house:
        soon = iso(house.system.runtime.now_us() + 300_000).isoformat()
        reply = await house.post(PATH, json={**SEED, **FAST, "scheduled_at": soon})
        made = reply.json["experiment"]
        assert (made["status"], is_time(made["scheduled_at"]) is not None) == ("created", True)
        shown = await until(house, made["id"], "running", "completed")
        assert shown["started_at"] >= shown["scheduled_at"] == made["scheduled_at"]
        await house.ask("PUT", "/api/v1/config", json={"features": {"experiment_scheduling": False}})
        assert "scheduled_at" in refused(await house.post(PATH, json={**SEED, "scheduled_at": soon}), 409, "CONFLICT")


async def test_what_has_no_place_waits_for_one(tmp_path):
    async with open_house(tmp_path) as house:
        await house.ask("PUT", "/api/v1/config", json={"dashboard": {"max_experiments": 1}})
        idents = []
        for _ in range(2):
            long = {"configuration": {**FAST["configuration"], "rounds": 100, "local_epochs": 20}}
            reply = await house.post(PATH, json={**SEED, **long})
            idents.append(reply.json["experiment"]["id"])
            await house.post(f"{PATH}/{idents[-1]}/control", json={"action": "start"})
        first, second = [(await house.get(f"{PATH}/{ident}/status")).json["status"] for ident in idents]
        assert (first, second) == ("running", "queued")
        assert (await house.post(f"{PATH}/{idents[0]}/control", json={"action": "abort"})).json["status"] == "aborted"
        await until(house, idents[1], "running")
        for now in ("running", "paused"):
            again = await house.post(f"{PATH}/{idents[1]}/control", json={"action": "start"})
            assert (again.status, again.json["error"]["details"]["status"]) == (409, now)
            if now == "running":
                paused = (await house.post(f"{PATH}/{idents[1]}/control", json={"action": "pause"})).json
        assert (paused["status"], paused["requested"]) == ("paused", None)
        stopped = (await house.post(f"{PATH}/{idents[1]}/control", json={"action": "stop"})).json
        assert stopped["status"] == "stopped"


async def test_no_more_are_claimed_than_may_be_at_work(tmp_path):
    async with open_house(tmp_path) as house:
        await house.ask("PUT", "/api/v1/config", json={"dashboard": {"max_experiments": 1}})
        for _ in range(3):
            ident = (await house.post(PATH, json={**SEED, "scenario": "hospital"})).json["experiment"]["id"]
            await house.post(f"{PATH}/{ident}/control", json={"action": "start"})
        first = (await house.post(f"{PATH}/claim", json={"worker": "w1"})).json["experiment"]
        assert (first["id"], first["status"]) == ("exp_001", "running")
        for worker in ("w1", "w2"):
            assert (await house.post(f"{PATH}/claim", json={"worker": worker})).json["experiment"] is None
        ours = (await house.post(PATH, json=SEED)).json["experiment"]["id"]
        waits = (await house.post(f"{PATH}/{ours}/control", json={"action": "start"})).json
        assert waits["status"] == "queued"  # the one place is taken, by somebody elsewhere
        await house.post(f"{PATH}/exp_001/control", json={"action": "stop"})
        await until(house, ours, "running")
        assert (await house.post(f"{PATH}/claim", json={"worker": "w2"})).json["experiment"] is None
        await house.post(f"{PATH}/{ours}/control", json={"action": "abort"})
        had = []

        async def claim(worker):
            had.append((await house.post(f"{PATH}/claim", json={"worker": worker})).json["experiment"])

        async with trio.open_nursery() as nursery:
            for worker in ("w2", "w3"):
                nursery.start_soon(claim, worker)
        assert [one["id"] for one in had if one] == ["exp_002"]
    async with open_house(tmp_path) as house:  # it is at work still, and has its place
        assert (await house.post(f"{PATH}/claim", json={"worker": "w3"})).json["experiment"] is None
        await house.post(f"{PATH}/exp_002/control", json={"action": "stop"})
        assert (await house.post(f"{PATH}/claim", json={"worker": "w3"})).json["experiment"]["id"] == "exp_003"


async def test_a_start_that_finds_no_trainer_says_when_to_ask_again(tmp_path, monkeypatch):
    async with open_house(tmp_path) as house:
        ident = (await house.post(PATH, json=SEED)).json["experiment"]["id"]
        monkeypatch.setitem(sys.modules, "sklearn", None)  # as if it were not installed
        reply = await house.post(f"{PATH}/{ident}/control", json={"action": "start"})
        error = reply.json["error"]
        assert (reply.status, error["code"], error["retry_after"]) == (503, "SERVICE_UNAVAILABLE", 30)
        assert error["message"].startswith("FL Server is currently unavailable") and reply.headers["retry-after"] == "30"
        assert (await house.get(f"{PATH}/{ident}/status")).json["status"] == "created"


async def test_without_its_history_nothing_is_taken_in(tmp_path):
    async with open_house(tmp_path) as house:
        ident = (await house.post(PATH, json={**SEED, "scenario": "hospital"})).json["experiment"]["id"]
        await house.system.runtime.remove("history")
        for path, body in ((PATH, SEED), (f"{PATH}/{ident}/control", {"action": "start"})):
            reply = await house.post(path, json=body)
            assert (reply.status, reply.json["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert reply.json["error"]["retry_after"] > 0


async def test_rounds_that_come_at_once_are_all_kept(tmp_path):
    async with open_house(tmp_path) as house:
        ident = (await house.post(PATH, json={**SEED, "scenario": "hospital"})).json["experiment"]["id"]
        await house.post(f"{PATH}/{ident}/control", json={"action": "start"})

        async def one_round(number):
            body = {"round": number, "accuracy": number / 20, "loss": 0.1, "bytes": 5}
            assert (await house.post(f"{PATH}/{ident}/rounds", json=body)).status == 200

        async with trio.open_nursery() as nursery:
            for number in (*range(1, 11), *range(1, 11)):
                nursery.start_soon(one_round, number)
        rows = (await house.get(f"{PATH}/{ident}/rounds")).json["rounds"]
        assert [row["round"] for row in rows] == list(range(1, 11))


async def test_a_command_with_an_id_is_carried_out_once(tmp_path):
    async with open_house(tmp_path) as house:
        first, again = [await house.post(PATH, json=SEED, headers={"Idempotency-Key": "mine"}) for _ in range(2)]
        assert first.json == again.json and again.headers["idempotent-replayed"] == "true"
        assert (await house.get(PATH)).json["total"] == 1

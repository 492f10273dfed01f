"""FLOPY-NET's configuration over HTTP: the seed's examples, what is refused, and a SIGKILL after an answer."""

import json
import signal
from pathlib import Path

from running import open_house
from serving import clean_env

from oracle.settings import Auth, Data, Settings
from tests.forked import run_beside
from web.routes import Scope

CONFIG = "/api/v1/config"
EXAMPLE = json.loads("""{
"dashboard": {"refresh_interval": 5000, "max_experiments": 10, "retention_days": 30},
"features": {"real_time_metrics": true, "experiment_scheduling": true, "alert_notifications": true},
"integration": {"collector_url": "http://localhost:8081", "policy_engine_url": "http://localhost:5000",
"fl_server_url": "http://localhost:8080"}}""")
CHILD = Path(__file__).with_name("once_child.py")
CHANGE = json.loads('{"dashboard": {"refresh_interval": 3000, "max_experiments": 15}}')


async def test_the_seed_s_examples_and_what_they_bring_about_over_a_restart(tmp_path):
    async with open_house(tmp_path) as house:
        assert (await house.get(CONFIG)).json == EXAMPLE
        assert house.system.pools["experiments"].limit == 10
        changed = {**EXAMPLE, "dashboard": {"refresh_interval": 3_000, "max_experiments": 15, "retention_days": 30}}
        done = await house.ask("PUT", CONFIG, json=CHANGE)
        assert (done.status, done.json) == (200, changed)
        assert house.system.pools["experiments"].limit == 15
        done = await house.ask("PUT", CONFIG, json={"features": {"alert_notifications": False}})
        changed["features"] = {**EXAMPLE["features"], "alert_notifications": False}
        assert done.json == changed == (await house.get(CONFIG)).json
        page = (await house.get("/api/oracle/events?kind=config_changed")).json["items"]
        assert [event["data"]["after"] for event in page] == [
            {"features.alert_notifications": False}, {"dashboard.refresh_interval": 3_000, "dashboard.max_experiments": 15}]
        assert page[0]["data"]["by"] == "local"
    async with open_house(tmp_path) as house:
        assert (await house.get(CONFIG)).json == changed and house.system.pools["experiments"].limit == 15


def test_what_does_not_fit_names_its_field_and_changes_nothing(house):
    no = house.ask("PUT", CONFIG, json={"dashboard": {"refresh_intervall": 1, "max_experiments": 0}})
    assert no.status == 400 and no.json["error"]["code"] == "VALIDATION_ERROR"
    assert no.json["error"]["message"] == "Invalid configuration"
    assert no.json["error"]["details"] == {
        "dashboard.refresh_intervall": "Unknown key; there are refresh_interval, max_experiments, retention_days; did you mean "
                                       "'refresh_interval'?",
        "dashboard.max_experiments": "Must be between 1 and 1000"}  # fmt: skip
    assert house.ask("PUT", CONFIG, json=[]).status == 400
    assert house.get(CONFIG).json == EXAMPLE


async def test_reading_it_takes_read_and_changing_it_admin(tmp_path):
    settings = Settings(auth=Auth(mode="token"), data=Data(folder=tmp_path))
    async with open_house(tmp_path, settings=settings) as house:
        assert (await house.get(CONFIG)).status == 401
        for scope, wanted in ((Scope.operate, 403), (Scope.admin, 200)):
            token = await house.doorman.tokens.mint(scope, house.system.runtime.now_us())
            headers = {"Authorization": f"Bearer {token}"}
            assert (await house.get(CONFIG, headers=headers)).status == 200
            assert (await house.ask("PUT", CONFIG, json=CHANGE, headers=headers)).status == wanted


async def test_a_change_that_was_committed_is_in_force_after_a_sigkill_and_is_made_once(tmp_path):
    command = ("PUT", CONFIG, "k-1", json.dumps(CHANGE))
    killed = await run_beside(CHILD, tmp_path, "history:before-answer:1", *command, timeout_s=60, env=clean_env())
    assert killed.returncode == -signal.SIGKILL
    async with open_house(tmp_path) as house:
        assert (await house.get(CONFIG)).json["dashboard"]["max_experiments"] == 15
        again = await house.ask("PUT", CONFIG, json=CHANGE, headers={"Idempotency-Key": "k-1"})
        assert (again.status, again.json["dashboard"]["refresh_interval"]) == (200, 3_000)
        assert len((await house.get("/api/oracle/events?kind=config_changed")).json["items"]) == 1

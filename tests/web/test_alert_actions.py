"""Alerts that call commands, over HTTP: what they may call, who may let them, what they did, and that trying one does nothing."""

import tomllib

import pytest
import trio
from running import open_house, watchdog_event

from actors.testing import probe
from oracle.alerts.preset import Preset
from oracle.border import Invalid, structure
from oracle.history import Commit
from oracle.model import Command
from oracle.settings import Alerts, Auth, Data, Demo, Settings
from oracle.system import open_system
from web.routes import Scope

OFF = {"command": "watchdog.disable", "target": "price_anomaly"}
TRIP = {"command": "kill_switch.trip", "reason": "too fast"}
LEAST = {"alert_id": "a", "name": "n", "description": "d", "trigger": {"type": "watchdog_event"}, "delivery_methods": [],
         "cooldown_seconds": 10}  # fmt: skip
BOOK = '[[alert]]\nalert_id = "i"\nname = "n"\ndescription = "d"\ndelivery_methods = []\ntrigger = { type = "watchdog_event" }\n'
IMPORT, BULK, PRESET = "/api/oracle/alerts/import", "/api/oracle/alerts/bulk", "/api/oracle/alert-presets/flash_crash"


def acting(*actions, **more):
    return {**LEAST, "actions": list(actions), **more}


def settings(folder, allowed, mode="open"):
    return Settings(auth=Auth(mode=mode), data=Data(folder=folder), alerts=Alerts(actions=allowed), demo=Demo(enabled=False))


def open_all(folder, mode="open"):
    """A house in which alerts may call everything."""
    return open_house(folder, settings=settings(folder, ("*",), mode))


async def bearer(house, scope):
    return {"authorization": f"Bearer {await house.doorman.tokens.mint(scope, house.system.runtime.now_us(), name=str(scope))}"}


async def recorded(house, kind="action_done"):
    """The next event of what came of an action."""
    heard = probe(house.system.runtime, f"event:{kind}:*")
    with trio.fail_after(30):
        return await heard.next()


async def fire(house):
    house.system.runtime.publish(watchdog_event(house.system.runtime))


# ---- what it does


async def test_an_alert_disables_a_watchdog_and_that_is_on_the_record(tmp_path):
    async with open_house(tmp_path) as house:
        made = await house.post("/api/alerts", json=acting(OFF))
        assert made.status == 200 and made.json["actions"] == [{**OFF, "on": "fired", "reason": ""}]
        await fire(house)
        done = await recorded(house)
        assert not house.system.runtime.alive("watchdog:price_anomaly")
        (delivery,) = (await house.get("/api/oracle/deliveries?channel=command")).json["items"]
        assert (delivery["status"], delivery["id"]) == ("delivered", done.cause)
        assert [one["outcome"] for one in delivery["attempts"]] == ["delivered"]
        await house.system.runtime.ask("history", Commit(()))
        (off,) = (await house.get("/api/oracle/events?kind=watchdog_disabled")).json["items"]
        query = "kind=action_done&subject=watchdog:price_anomaly&source=rule:a"
        (row,) = (await house.get(f"/api/oracle/events?{query}")).json["items"]
    assert (off["data"]["by"], off["cause"]) == ("rule:a", delivery["id"])
    assert (row["id"], row["data"]["author"], row["data"]["event_id"]) == (done.id, "local", delivery["event_id"])


async def test_a_run_is_cancelled_by_an_alert_and_says_by_whom(tmp_path):
    async with open_all(tmp_path) as house:
        for _ in range(2):
            run = (await house.post("/api/oracle/backtest", json={})).json
        await house.post("/api/alerts", json=acting({"command": "run.cancel", "target": run["id"]}))
        await fire(house)
        done = await recorded(house)
        assert (await house.get(run["url"])).json["status"] == "cancelled"
        await house.system.runtime.ask("history", Commit(()))
        (off,) = (await house.get("/api/oracle/events?kind=run_cancelled")).json["items"]
    assert (done.subject, off["data"]["by"], off["cause"]) == (f"run:{run['id']}", "rule:a", done.cause)
    async with open_all(tmp_path) as house:  # carried once more after a restart, it is done already, and not refused
        again = Command("cancel", {"id": run["id"]}, "rule:a", done.cause)
        assert (await house.system.runtime.ask("runs", again)).status == "cancelled"


async def test_a_test_and_a_preview_do_nothing(tmp_path):
    async with open_house(tmp_path) as house:
        await fire(house)
        await house.system.runtime.ask("history", Commit(()))
        run = (await house.post("/api/alerts/preview", json={"rule": acting(OFF)})).json
        with trio.fail_after(30):
            while (run := (await house.get(run["url"])).json)["status"] in ("queued", "running"):
                await trio.sleep(0.02)
        (row,) = (await house.get(f"{run['url']}/events")).json["items"]
        (sent,) = row["data"]["would_send"]
        assert (sent["channel"], sent["body"]["action"]["command"], sent["why_not"]) == ("command", "watchdog.disable", None)
        await house.post("/api/alerts", json=acting(OFF, enabled=False))
        (ident,) = (await house.post("/api/alerts/a/test")).json["deliveries"]
        said = await recorded(house, "action_rehearsed")
        shown = (await house.get(f"/api/oracle/deliveries/{ident}")).json
        assert (shown["status"], shown["payload"]["note"]) == ("delivered", "only rehearsed: nothing is done")
        assert said.cause == ident and house.system.runtime.alive("watchdog:price_anomaly")
        assert (await house.get("/api/oracle/events?kind=watchdog_disabled")).json["items"] == []


# ---- what it may call


async def test_what_the_settings_do_not_allow_is_refused_by_field_at_every_door(tmp_path):
    async with open_house(tmp_path) as house:
        reply = await house.post("/api/alerts", json=acting(OFF, TRIP))
        (problem,) = reply.json["detail"]
        assert (reply.status, problem["loc"], problem["type"]) == (422, ["body", "actions", 1, "command"], "not_allowed")
        assert "watchdog.disable" in problem["msg"] and "alert.enable" in problem["msg"]
        await house.post("/api/alerts", json=LEAST)
        assert (await house.ask("PUT", "/api/alerts/a", json=acting(TRIP))).status == 422
        made = {"alert_id": "p", "delivery_methods": [], "actions": [TRIP]}
        assert (await house.post(PRESET, json=made)).json["error"]["details"][0]["field"] == "actions.0.command"
        book = BOOK + '[[alert.actions]]\ncommand = "kill_switch.trip"\n'
        (item,) = (await house.post(IMPORT, json={"toml": book})).json["items"]
        assert [one["field"] for one in item["problems"]] == ["actions.0.command"]
        for wrong, where in ((acting(OFF, cooldown_seconds=0), ["cooldown_seconds"]),
                             (acting({"command": "kill_switch.resume"}), ["actions", 0, "command"]),
                             (acting({"command": "alert.disable", "target": "a"}), ["actions", 0, "target"])):
            reply = await house.post("/api/alerts", json={**wrong, "alert_id": "a"})
            assert (reply.status, reply.json["detail"][0]["loc"]) == (422, ["body", *where])


async def test_a_pattern_that_means_nothing_stops_the_start(tmp_path):
    with pytest.raises(Invalid, match=r"alerts\.actions\[0\]"):
        async with open_system(settings(tmp_path, ("watchdogs.*",))):
            pass


# ---- who may let it


async def test_nobody_lets_an_alert_do_what_they_may_not_do_themselves(tmp_path):
    async with open_all(tmp_path, "token") as house:
        admin, operator = [{"headers": await bearer(house, scope)} for scope in (Scope.admin, Scope.operate)]
        book = BOOK + '[[alert.actions]]\ncommand = "kill_switch.trip"\n'
        by_preset = {"alert_id": "p", "delivery_methods": [], "actions": [TRIP]}
        assert (await house.post("/api/alerts", json=acting(OFF, alert_id="off"), **operator)).status == 200
        assert (await house.post("/api/alerts", json=acting(TRIP, enabled=False), **admin)).status == 200

        refused = [
            await house.post("/api/alerts", json=acting(TRIP, alert_id="b", enabled=False), **operator),
            await house.ask("PUT", "/api/alerts/off", json=acting(TRIP, alert_id="off"), **operator),
            await house.post("/api/alerts/a/enable", **operator),
        ]
        for reply in refused:
            assert reply.status == 403
            assert reply.json["detail"] == "scope admin is needed for the action kill_switch.trip, this token has operate"
        preset = await house.post(PRESET, json=by_preset, **operator)
        assert (preset.status, preset.json["error"]["details"]) == (403, {"command": "kill_switch.trip", "scope": "admin"})
        for dry_run in (True, False):
            (item,) = (await house.post(IMPORT, json={"toml": book, "dry_run": dry_run}, **operator)).json["items"]
            assert (item["status"], item["problems"][0]["type"]) == ("refused", "forbidden")
        (item,) = (await house.post(BULK, json={"action": "enable", "alert_ids": ["a"]}, **operator)).json["items"]
        assert (item["status"], item["code"]) == ("refused", "forbidden")
        shown = {one["alert_id"]: one for one in (await house.get("/api/alerts", **operator)).json}
        assert set(shown) == {"a", "off"} and not shown["a"]["enabled"]
        assert shown["off"]["actions"][0]["command"] == OFF["command"]

        assert (await house.post("/api/alerts/a/enable", **admin)).status == 200
        assert (await house.post(PRESET, json=by_preset, **admin)).json["actions"][0]["reason"] == "too fast"
        (item,) = (await house.post(IMPORT, json={"toml": book}, **admin)).json["items"]
        assert item["status"] == "created"
        assert (await house.post("/api/alerts/a/disable", **operator)).status == 200


async def test_an_action_is_sent_again_by_whom_it_may_be_given(tmp_path):
    async with open_all(tmp_path, "token") as house:
        admin, operator = [{"headers": await bearer(house, scope)} for scope in (Scope.admin, Scope.operate)]
        await house.post("/api/alerts", json=acting(TRIP, enabled=False), **admin)
        (ident,) = (await house.post("/api/alerts/a/test", **operator)).json["deliveries"]  # that does nothing, so they may
        await recorded(house, "action_rehearsed")
        assert (await house.post(f"/api/oracle/deliveries/{ident}/resend", **operator)).status == 403
        assert (await house.post(f"/api/oracle/deliveries/{ident}/resend", **admin)).status == 202


# ---- out and in again


async def test_actions_go_out_as_toml_and_in_again(tmp_path):
    async with open_all(tmp_path) as house:
        body = acting(OFF, {**TRIP, "on": "resolved"})
        before = (await house.post("/api/alerts", json=body)).json
        book = (await house.get("/api/oracle/alerts/export")).body.decode()
        assert len(tomllib.loads(book)["alert"][0]["actions"]) == 2
        await house.ask("DELETE", "/api/alerts/a")
        (item,) = (await house.post(IMPORT, json={"toml": book})).json["items"]
        after = (await house.get("/api/alerts/a")).json
        document = (await house.get("/openapi.json")).json
    assert item["status"] == "created" and after["actions"] == before["actions"]
    assert "actions" in document["components"]["schemas"]["AlertConfig"]["properties"]
    assert document["components"]["schemas"]["AlertAction"]["properties"]["on"]


def test_a_preset_may_carry_actions():
    rule = {"name": "n", "actions": [{"command": "watchdog.restart", "target": "{watchdog}"}]}
    parameters = {"watchdog": {"description": "d", "kind": "text", "default": "whale_movement"}}
    preset = structure(Preset, {"name": "p", "title": "t", "description": "d", "parameters": parameters, "rule": rule})
    assert preset.made({})["actions"] == [{"command": "watchdog.restart", "target": "whale_movement"}]

"""Who writes an alert is told the words there are, and what is wrong while nothing is stored."""

from running import open_house

from oracle.alerts import MASK, Rule
from oracle.alerts.payload import PLACES, delivery_body, rehearsal
from oracle.border import structure
from oracle.history import Commit
from oracle.model import Event, Severity
from oracle.settings import Alerts, Auth, Data, Settings

RULE = {"alert_id": "a", "name": "n", "description": "d", "trigger": {"type": "watchdog_event"}, "delivery_methods": ["log"]}
CHECK = "/api/oracle/alerts/check"


def custom(condition):
    return {**RULE, "trigger": {"type": "custom_condition", "condition": condition}}


async def wrong(house, rule, **more):
    """The places that are wrong."""
    reply = await house.post(CHECK, json={"rule": rule, **more})
    assert reply.status == 200, reply.body
    assert reply.json["ok"] is not bool(reply.json["problems"])
    return {one["field"]: one for one in reply.json["problems"]}


async def test_the_words_are_those_of_this_server(tmp_path):
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), alerts=Alerts(actions=("watchdog.*",), smtp_host="m"))
    async with open_house(tmp_path, settings=settings) as house:
        words = (await house.get("/api/oracle/alerts/words")).json
        assert "event.asset.symbol" in {one["name"] for one in words["names"]}
        assert "signed" in {one["name"] for one in words["filters"]}
        assert "flash_crash" in words["event_types"] and words["severities"] == ["low", "medium", "high", "critical"]
        assert "price_anomaly" in words["watchdogs"] and "price" in {one["name"] for one in words["functions"]}
        assert {one["name"]: (one["config"], one["filled"]) for one in words["methods"]} | {"email": ("email_config", True)} == {
            "email": ("email_config", True), "telegram": ("telegram_config", False), "webhook": ("webhook_config", False),
            "slack": ("slack_config", False), "discord": ("discord_config", False), "sms": ("sms_config", False),
            "browser": ("", False), "log": ("", False)}
        commands = {one["name"]: (one["target"], one["allowed"]) for one in words["commands"]}
        assert commands["watchdog.restart"] == ("watchdog", True) and commands["alert.disable"] == ("rule", False)
        assert commands["kill_switch.trip"] == ("", False)


async def test_a_draft_is_checked_and_nothing_is_stored(tmp_path):
    async with open_house(tmp_path) as house:
        assert await wrong(house, RULE) == {}
        bad = (await wrong(house, custom('prise("BTC-USD") > 1')))["trigger.condition"]
        assert (bad["column"], bad["kind"]) == (1, "value_error") and "prise" in bad["message"]
        both = await wrong(house, {**custom('price("BTC-USD") >'), "cooldown_seconds": -1, "delivery_methods": ["pigeon"]})
        assert {"trigger.condition", "cooldown_seconds"} < both.keys() and len(both) == 3
        assert (await wrong(house, {**RULE, "delivery_methods": ["email"]})).keys() == {"email_config"}
        assert (await wrong(house, {**RULE, "inhibited_by": ["nobody"]})).keys() == {"inhibited_by.0"}
        level = {"type": "price_threshold", "symbol": "BTC", "price_threshold": 70_000, "direction": "above", "hysteresis_pct": 1}
        told = (await house.post(CHECK, json={"rule": {**RULE, "trigger": level}})).json
        assert (told["met"], told["over"]) == ('price("BTC-USD") > 70000.0', 'price("BTC-USD") <= 69300.0')
        assert (await house.get("/api/alerts")).json == []


async def test_a_draft_is_told_as_people_would_be_told_of_the_newest_event_that_fits(tmp_path):
    texts = {"subject": "{{ event.asset.symbol }} {{ event.data.change_pct | signed(1) }} %",
             "text": "{{ alert_name }}: {{ event.description }}"}  # fmt: skip
    trigger = {"type": "watchdog_event", "event_filter": {"assets": ["BTC"]}}
    draft = {**RULE, "name": "Mine", "trigger": trigger, "templates": texts}
    async with open_house(tmp_path) as house:
        told = (await house.post(CHECK, json={"rule": draft})).json["message"]
        assert (told["subject"], told["about"]) == ("BTC %", "") and told["text"].startswith("Mine: Test of the alert 'Mine'")
        runtime = house.system.runtime
        for number, subject in enumerate(("BTC-USD", "ETH-USD")):
            one = Event(f"evt_{number}", "price_anomaly", subject, "watchdog:price_anomaly", Severity.high, f"{subject} <moved>",
                        {"change_pct": 2.345}, runtime.now_us())  # fmt: skip
            runtime.publish(one)
        await runtime.ask("history", Commit(()))
        told = (await house.post(CHECK, json={"rule": draft})).json["message"]
        assert told == {"subject": "BTC +2.3 %", "text": "Mine: BTC-USD <moved>", "about": "evt_0",
                        "html": "<pre>Mine: BTC-USD &lt;moved&gt;</pre>"}
        ours = (await house.post(CHECK, json={"rule": {**draft, "templates": None}})).json["message"]
        assert ours["subject"] == "FIML Alert: Mine" and "Severity: high" in ours["text"]

        unnamed = (await house.post(CHECK, json={"rule": {name: draft[name] for name in ("trigger", "templates")}})).json
        assert not unnamed["ok"] and unnamed["message"]["text"] == ": BTC-USD <moved>"
        bad = (("subject", "{{ event", 1), ("text", "It {{ event.data | rond }}", 20), ("html", "{{ a.b }", 8))
        for name, text, column in bad:
            reply = (await house.post(CHECK, json={"rule": {**draft, "templates": {**texts, name: text}}})).json
            assert reply["message"] is None
            assert [(one["field"], one["column"]) for one in reply["problems"]] == [(f"templates.{name}", column)], reply


def test_every_place_that_a_template_is_told_of_is_in_what_a_delivery_carries():
    rule = structure(Rule, {**RULE, "email_config": None}, extras="drop")
    body = delivery_body(rule, rehearsal(rule, "evt_1", 0), "dlv_1", 0)
    body |= {"status": "resolved", "test": True, "to": "me", "group": {"by": {}, "count": 1, "events": []}}
    for place in PLACES:
        value = body
        for name in place.removesuffix(".NAME").split("."):
            assert name in value, place
            value = value[name]


async def test_a_draft_of_one_that_is_there_is_checked_against_it(tmp_path):
    async with open_house(tmp_path) as house:
        hook = {"url": "http://127.0.0.1:1/", "auth_token": "hush"}
        stored = {**RULE, "delivery_methods": ["webhook"], "webhook_config": hook}
        await house.post("/api/alerts", json=stored)
        assert (await wrong(house, RULE)).keys() == {"alert_id"}
        masked = {**stored, "webhook_config": {**hook, "auth_token": MASK}}
        assert await wrong(house, masked, alert_id="a") == {}
        assert (await wrong(house, {**masked, "alert_id": "b"}, alert_id="a")).keys() == {"alert_id"}
        assert (await house.post(CHECK, json={"rule": RULE, "alert_id": "gone"})).status == 422
        assert (await house.post(CHECK, json={"rule": 5})).status == 422

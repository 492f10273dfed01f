"""Rules tried on the past: they fire where they fired live, by the same ids, and say what they would have sent."""

import json

import pytest
import trio
from running import open_house

from actors import Refused
from actors.testing import probe
from oracle.history import Commit
from oracle.model import Event, Severity, Trade, event_id
from oracle.problems import Invalid
from oracle.settings import Data, Settings
from web.commands.alert import Here, alert_wish

ALERT = {
    "alert_id": "a", "name": "Moves", "description": "d", "cooldown_seconds": 0, "delivery_methods": ["webhook"],
    "webhook_config": {"url": "http://127.0.0.1:1/", "auth_token": "hush"},
}  # fmt: skip
EVENTS = {"type": "watchdog_event", "event_filter": {"event_types": ["price_anomaly"]}}
ABOVE = {"type": "price_threshold", "symbol": "BTC", "price_threshold": 100, "direction": "above"}


async def completed(house, body):
    """(the result, the rows) of a preview."""
    reply = await house.post("/api/alerts/preview", json=body)
    assert reply.status == 202, reply.json
    url = reply.json["url"]
    with trio.fail_after(30):
        while (run := (await house.get(url)).json)["status"] in ("queued", "running"):
            await trio.sleep(0.02)
    assert run["status"] == "completed", run
    return run, (await house.get(f"{url}/events")).json["items"]


async def lived(house):
    """Some prices and some events, stored; an instant after each."""
    runtime, after = house.system.runtime, []
    for number, price in enumerate((99, 101, 102, 98, 103)):
        now_us = runtime.now_us()
        runtime.publish(Trade("BTC-USD", float(price), 1.0, "buy", str(number), now_us, "test"))
        ident = event_id("price_anomaly", "BTC-USD", "watchdog:price_anomaly", now_us, str(number))
        runtime.publish(Event(ident, "price_anomaly", "BTC-USD", "watchdog:price_anomaly", Severity.high, f"move {number}",
                              {"provider": "test"}, now_us))  # fmt: skip
        after.append(runtime.now_us())
        await trio.sleep(0.05)
    await runtime.ask("history", Commit(()))
    return after


@pytest.mark.parametrize(("trigger", "firings"), [(EVENTS, 5), (ABOVE, 2)])
async def test_it_fires_where_it_fired_live(tmp_path, trigger, firings):
    async with open_house(tmp_path) as house:
        assert (await house.post("/api/alerts", json={**ALERT, "trigger": trigger})).status == 200
        await lived(house)
        run, rows = await completed(house, {"alert_id": "a"})
        result = run["result"]
        assert (result["firings"], result["live"], result["both"], result["suppressed"]) == (firings, firings, firings, 0)
        assert all(row["live"] for row in rows) and len(rows) == firings
        assert result["messages"]["a"] >= 5, "on how much it was tried"
        sent = rows[0]["data"]["would_send"][0]
        assert (sent["channel"], sent["body"]["alert_id"], sent["why_not"]) == ("webhook", "a", None)
        assert "hush" not in str(run) + str(rows)


async def test_the_command_does_it_where_no_server_runs(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json={**ALERT, "trigger": ABOVE})
        await lived(house)
    settings = Settings(data=Data(folder=tmp_path))
    summary, rows = await Here(settings).run(alert_wish("a", None, None), lambda *_: None)
    assert (summary["firings"], summary["both"], len(rows)) == (2, 2, 2)
    file = tmp_path / "rule.json"
    file.write_text(json.dumps({**ALERT, "trigger": {**ABOVE, "price_threshold": 102}}))
    summary, _ = await Here(settings).run(alert_wish(str(file), None, None), lambda *_: None)
    assert (summary["firings"], summary["both"]) == (1, 1)
    with pytest.raises(Refused, match="not found"):
        await Here(settings).run(alert_wish("nobody", None, None), lambda *_: None)
    with pytest.raises(Invalid, match="can't be read"):
        alert_wish("none.json", None, None)


async def test_a_rule_that_nobody_saved_is_tried_with_its_cooldown(tmp_path):
    async with open_house(tmp_path) as house:
        await lived(house)
        unsaved = {**ALERT, "alert_id": "new", "trigger": EVENTS, "cooldown_seconds": 3600}
        run, rows = await completed(house, {"rule": unsaved})
        assert (run["result"]["firings"], run["result"]["suppressed"], run["result"]["live"]) == (1, 4, 0)
        assert run["result"]["suppressed_by"] == {"cooldown": 4}
        assert [row["live"] for row in rows] == [False]
        assert (await house.get("/api/alerts/new")).status == 404


async def test_what_was_silenced_inhibited_and_gathered_then_is_so_again(tmp_path):
    rules = {
        "a": {"trigger": EVENTS, "cooldown_seconds": 0}, "root": {"trigger": ABOVE},
        "below": {"trigger": EVENTS, "inhibited_by": ["root"]}, "later": {"trigger": ABOVE, "cooldown_seconds": 1},
        "groups": {"trigger": EVENTS, "group_by": ["asset"], "group_wait_s": 1},
    }  # fmt: skip
    async with open_house(tmp_path) as house:
        for name, more in rules.items():
            assert (await house.post("/api/alerts", json={**ALERT, "alert_id": name, **more})).status == 200
        grouped, later = (probe(house.system.runtime, f"event:alert_fired:{name}") for name in ("groups", "later"))
        silence = (await house.post("/api/oracle/silences", json={"matchers": {"alert_id": "a"}, "for_s": 60})).json
        await lived(house)  # root is active from the second price to the third, and from the last one on
        await house.ask("DELETE", f"/api/oracle/silences/{silence['id']}")
        await lived(house)
        with trio.fail_after(30):
            for one in (grouped, later, later):  # what was gathered; the first, and what is still met after the cooldown
                await one.next()
        found, rows = {}, {}
        for name in rules:
            run, rows[name] = await completed(house, {"alert_id": name})
            found[name] = run["result"]
        assert {name: one["both"] for name, one in found.items()} == {name: one["live"] for name, one in found.items()}
        assert {name: one["firings"] for name, one in found.items()} == {name: one["live"] for name, one in found.items()}
        assert found["a"]["suppressed_by"] == {"silence": 5} and found["a"]["firings"] == 5
        assert found["below"]["suppressed_by"]["inhibited"] >= 3 and found["below"]["firings"] >= 2
        assert found["groups"]["firings"] >= 1 and found["later"]["firings"] >= 2
        shown = {one["alert_id"]: one for one in (await house.get("/api/oracle/alerts")).json["items"]}
        assert {name: one["suppressed_by"] for name, one in shown.items() if name != "root"} == {
            name: one["suppressed_by"] for name, one in found.items() if name != "root"}


@pytest.mark.parametrize(("body", "field"), [
    ({}, "rule"), ({"rule": ALERT, "alert_id": "a"}, "rule"), ({"rule": ALERT}, "rule.trigger"), ({"rules": 1}, "rules"),
    ({"rule": {**ALERT, "trigger": {**ABOVE, "symbol": None}}}, "rule.trigger.symbol"),
    ({"rule": {**ALERT, "trigger": EVENTS}, "from": "2026-01-02", "to": "2026-01-01"}, "to"),
    ({"rule": {**ALERT, "trigger": EVENTS}, "from": "yesterday"}, "from"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_by_its_field(house, body, field):
    reply = house.post("/api/alerts/preview", json=body)
    assert reply.status == 422
    assert ".".join(reply.json["detail"][0]["loc"]) == f"body.{field}"
    assert house.post("/api/alerts/preview", json={"alert_id": "nobody"}).status == 404


async def explained(house, at=""):
    reply = await house.get(f"/api/alerts/a/explain{'?at=' + str(at) if at else ''}")
    assert reply.status == 200, reply.json
    return reply.json


async def test_why_a_condition_is_met_and_why_not(tmp_path):
    between = 'price("BTC-USD") > 100 and price("BTC-USD") < 103'
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json={**ALERT, "trigger": {"type": "custom_condition", "condition": between}})
        assert (await explained(house))["met"] is None, "nothing was heard"
        after = await lived(house)  # 99, 101, 102, 98, 103
        told = [await explained(house, at_us) for at_us in after]
        assert [one["met"] for one in told] == [False, True, True, False, False]
        low, high = 'price("BTC-USD") > 100', 'price("BTC-USD") < 103'
        assert [[clause["text"] for clause in one["clauses"]] for one in told[2:]] == [[low], [low], [high]], "one each would do"


async def test_what_is_not_known_is_said_to_be_so(tmp_path):
    text = 'price("BTC-USD") > 100 and volume("BTC-USD", "1h") > 100'
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json={**ALERT, "trigger": {"type": "custom_condition", "condition": text}})
        await lived(house)
        why = await explained(house)
        assert (why["met"], why["fired"], why["suppressed_by"]) == (None, False, []), "the window is not full"


async def test_why_a_threshold_fired_and_what_kept_it_from_firing(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json={**ALERT, "trigger": ABOVE, "cooldown_seconds": 3600})
        after = await lived(house)
        why = await explained(house)
        assert (why["met"], why["fired"]) == (True, True)
        (clause,) = why["clauses"]
        assert clause == {"text": 'price("BTC-USD") > 100', "truth": True, "left": 103.0, "right": 100.0}
        down = await explained(house, after[3])
        assert (down["met"], [one["left"] for one in down["clauses"]]) == (False, [98.0])
        await trio.sleep(1.1)
        late = await explained(house)
        assert (late["met"], late["fired"], late["suppressed_by"]) == (True, False, ["cooldown"])
        assert "did not fire because of: cooldown" in late["summary"]
        await house.post("/api/alerts/a/disable")
        assert (await explained(house))["suppressed_by"] == ["disabled", "cooldown"]


async def test_why_an_event_set_a_rule_off_and_why_not(tmp_path):
    event_filter = {"event_types": ["price_anomaly"], "severities": ["critical"], "assets": ["ETH"]}
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json={**ALERT, "trigger": {"type": "watchdog_event", "event_filter": event_filter}})
        await lived(house)
        why = await explained(house)
        assert why["met"] is False and why["event_id"].startswith("evt_")
        said = [clause["text"] for clause in why["clauses"]]
        assert said == ["high is one of severities: critical", "BTC-USD is one of assets: ETH"]
        assert (await house.get("/api/alerts/nobody/explain")).status == 404


async def test_what_holds_an_alert_back_for_long_is_named_at_any_time(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json={**ALERT, "trigger": ABOVE, "inhibited_by": ["root"]})
        await house.post("/api/alerts", json={**ALERT, "alert_id": "root", "trigger": {**ABOVE, "price_threshold": 50}})
        await house.post("/api/alerts", json={**ALERT, "alert_id": "slow", "trigger": {**ABOVE, "for_s": 3600}})
        await lived(house)
        await trio.sleep(1.2)
        why = await explained(house)
        assert (why["met"], why["fired"], why["suppressed_by"]) == (True, False, ["inhibited"])
        slow = (await house.get("/api/alerts/slow/explain")).json
        assert (slow["met"], slow["suppressed_by"]) == (True, ["waiting"])
        lives = {one["alert_id"]: one for one in (await house.get("/api/oracle/alerts")).json["items"]}
        assert {name: (one["phase"], one["held_by"]) for name, one in lives.items()} == {
            "a": ("firing", "inhibited"), "root": ("firing", None), "slow": ("pending", None)}

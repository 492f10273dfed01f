"""What people say to alerts over HTTP: phases, refusals, silences, and each command once."""

import pytest
from running import open_house, said, watchdog_event

from actors.testing import probe
from oracle.alerts.trigger import CONDITIONS
from oracle.history import Commit
from oracle.watchdogs.actor import Ready

ALERT = {"alert_id": "a", "name": "n", "description": "d", "trigger": {"type": "watchdog_event"}, "delivery_methods": [],
         "cooldown_seconds": 0}  # fmt: skip


async def firing(house, **more):
    await house.post("/api/alerts", json={**ALERT, **more})
    fired = probe(house.system.runtime, "event:alert_fired:*")
    house.system.runtime.publish(watchdog_event(house.system.runtime))
    await fired.next()


async def lives(house, query=""):
    reply = await house.get(f"/api/oracle/alerts{query}")
    assert reply.status == 200, reply.json
    return reply.json["items"]


async def test_an_alert_is_acknowledged_muted_and_resolved(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json=ALERT)
        (new,) = await lives(house)
        assert (new["phase"], new["since"], new["allowed"], new["suppressed_by"]) == ("inactive", None, [], {})
        await house.ask("DELETE", "/api/alerts/a")
        await firing(house, escalate_after_s=600)
        (one,) = await lives(house)
        assert (one["phase"], one["next_step"], one["allowed"]) == ("firing", "escalate", ["acknowledge", "mute", "resolve"])
        assert one["next_deadline"] > one["since"]
        reply = await house.post("/api/alerts/a/acknowledge", json={"comment": "on it"})
        assert [reply.json[name] for name in ("phase", "by", "comment")] == ["acknowledged", "local", "on it"]
        assert (await lives(house))[0] == reply.json and reply.json["next_deadline"] is None
        assert (await house.post("/api/alerts/a/unacknowledge")).json["phase"] == "firing"
        assert (await house.post("/api/alerts/a/mute")).json["phase"] == "muted"
        assert [one["alert_id"] for one in await lives(house, "?phase=muted")] == ["a"]
        assert await lives(house, "?phase=firing") == []
        assert (await house.post("/api/alerts/a/resolve")).json["phase"] == "inactive"
        kinds = [row["kind"] for row in (await house.get("/api/oracle/events?subject=a&limit=5&source=rule:a")).json["items"]]
        assert kinds[:4] == ["alert_resolved", "alert_muted", "alert_unacknowledged", "alert_acknowledged"]


@pytest.mark.parametrize("verb", ["acknowledge", "unacknowledge", "mute", "resolve"])
def test_what_is_not_in_the_table_is_refused_with_what_is(house, verb):
    assert house.post(f"/api/alerts/{verb}/{verb}").status == 404
    house.post("/api/alerts", json={**ALERT, "alert_id": verb})
    reply = house.post(f"/api/alerts/{verb}/{verb}")
    assert (reply.status, reply.json["detail"]) == (409, f"an alert that is inactive can't {verb}; allowed: nothing")
    house.post(f"/api/alerts/{verb}/disable")
    reply = house.post(f"/api/alerts/{verb}/{verb}")
    assert (reply.status, reply.json["detail"]) == (409, f"Alert '{verb}' is disabled")
    assert house.post(f"/api/alerts/{verb}/{verb}", json={"comment": 1}).status == 422


async def test_a_command_with_an_id_is_carried_out_once(tmp_path):
    async with open_house(tmp_path) as house:
        await firing(house)
        once = {"headers": {"Idempotency-Key": "k-1"}, "json": {"comment": "x"}}
        first = await house.post("/api/alerts/a/acknowledge", **once)
        again = await house.post("/api/alerts/a/acknowledge", **once)
        assert (first.status, again.status, again.json) == (200, 200, first.json)
        wish = {"headers": {"Idempotency-Key": "k-2"}, "json": {"matchers": {"alert_id": "a"}, "for_s": 60}}
        silences = [(await house.post("/api/oracle/silences", **wish)).json["id"] for _ in range(2)]
        assert len(set(silences)) == 1 and len((await house.get("/api/oracle/silences")).json["items"]) == 1
    async with open_house(tmp_path) as house:
        again = await house.post("/api/alerts/a/acknowledge", **once)
        assert (again.status, again.json) == (200, first.json)
        assert (await lives(house))[0]["comment"] == "x"


async def test_a_silence_lives_from_create_to_delete(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json=ALERT)
        wish = {"matchers": {"kinds": ["price_anomaly"], "assets": ["BTC"]}, "for_s": 3600, "comment": "maintenance"}
        reply = await house.post("/api/oracle/silences", json=wish)
        assert (reply.status, reply.json["by"], reply.json["comment"]) == (200, "local", "maintenance")
        held = probe(house.system.runtime, "event:alert_silenced:a")
        house.system.runtime.publish(watchdog_event(house.system.runtime))
        assert (await held.next()).data["silence"] == reply.json["id"]
        await said(house.system.runtime, "state:alert:a")
        (one,) = await lives(house)
        assert (one["trigger_count"], one["suppressed_by"], one["phase"]) == (0, {"silence": 1}, "firing")
        why = (await house.get("/api/alerts/a/explain")).json
        assert (why["met"], why["fired"], why["suppressed_by"]) == (True, False, ["silence"])
    async with open_house(tmp_path) as house:
        assert (await house.get("/api/oracle/silences")).json["items"] == [reply.json]
        path = f"/api/oracle/silences/{reply.json['id']}"
        assert (await house.ask("DELETE", path)).json == {"status": "deleted", "id": reply.json["id"]}
        assert (await house.get("/api/oracle/silences")).json["items"] == []
        assert (await house.ask("DELETE", path)).status == 404


@pytest.mark.parametrize(("body", "field"), [
    ({}, "matchers"), ({"matchers": {}, "for_s": 1}, "matchers"), ({"matchers": {"alert_id": "a"}}, "until"),
    ({"matchers": {"alert_id": "a"}, "for_s": 1, "until": "2100-01-01"}, "until"),
    ({"matchers": {"alert_id": "a"}, "until": "2001-01-01"}, "until"), ({"matchers": {"alert_id": "a"}, "for_s": 1e9}, "for_s"),
    ({"matchers": {"alert_id": "a"}, "for_s": 1e300}, "for_s"),
    ({"matchers": {"severities": ["loud"]}, "for_s": 1}, "severities"),
    ({"matchers": {"ids": ["a"]}, "for_s": 1}, "ids"), ({"matchers": {"alert_id": "a" * 129}, "for_s": 1}, "alert_id"),
    ({"matchers": {"kinds": ["k" * 10_001]}, "for_s": 1}, "kinds"),
    ({"matchers": {"alert_id": "a"}, "for_s": 1, "comment": "c" * 2_001}, "comment"),
])  # fmt: skip
def test_a_silence_that_makes_no_sense_is_refused_by_its_field(house, body, field):
    reply = house.post("/api/oracle/silences", json=body)
    assert reply.status == 422 and field in str(reply.json["error"]["details"]), reply.json
    assert house.get("/api/oracle/silences").json["items"] == []


async def test_a_circle_of_inhibitions_is_refused_by_its_field(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json={**ALERT, "inhibited_by": ["b"]})
        reply = await house.post("/api/alerts", json={**ALERT, "alert_id": "b", "inhibited_by": ["a"]})
        assert (reply.status, reply.json["detail"][0]["loc"]) == (422, ["body", "inhibited_by"])
        assert "inhibit itself, by a" in reply.json["detail"][0]["msg"]


async def test_the_new_fields_are_kept_and_echoed(tmp_path):
    said = {"notify_resolved": True, "escalate_after_s": 60, "escalate_methods": ["log"], "max_per_hour": 5,
            "resolve_after_s": 90, "inhibited_by": ["b"], "group_by": ["asset", "severity"], "group_wait_s": 30,
            "quiet_hours": {"from": "22:00", "to": "07:00", "tz": "Europe/Berlin", "min_severity": "high"}}  # fmt: skip
    async with open_house(tmp_path) as house:
        made = (await house.post("/api/alerts", json={**ALERT, **said})).json
        assert {name: made[name] for name in said} == said
    async with open_house(tmp_path) as house:
        assert (await house.get("/api/alerts/a")).json == made
        for wrong in ({"quiet_hours": {"from": "25:00", "to": "07:00"}}, {"escalate_after_s": 0}, {"max_per_hour": -1},
                      {"escalate_methods": ["sms"]}, {"quiet_hours": 1}, {"group_by": ["colour"]}, {"group_wait_s": 0},
                      {"inhibited_by": ["a"]}, {"inhibited_by": ["b"] * 21}, {"inhibited_by": [1]}):
            assert (await house.ask("PUT", "/api/alerts/a", json={**ALERT, **said, **wrong})).status == 422, wrong


# ---- what this version does not understand


async def test_alerts_that_are_not_understood_say_why_and_keep_nothing_from_working(tmp_path):
    good = {**ALERT, "trigger": {"type": "custom_condition", "condition": 'price("BTC-USD") > 1'}}
    async with open_house(tmp_path) as house:
        for ident in ("deaf", "odd", "well"):
            assert (await house.post("/api/alerts", json={**good, "alert_id": ident})).status == 200
        board, now_us = house.system.board, house.system.runtime.now_us()
        deaf, odd = board.get("rule:deaf"), board.get("rule:odd")
        deaf = deaf | {"trigger": deaf["trigger"] | {"condition": 'prise("BTC-USD") > 1'}}
        stored = [board.draft("rule:deaf", deaf, now_us), board.draft("rule:odd", odd | {"delivery_methods": ["pigeon"]}, now_us)]
        await house.system.runtime.ask("history", Commit(stored))
    async with open_house(tmp_path) as house:
        rows = {one["alert_id"]: one for one in await lives(house)}
        assert list(rows) == ["deaf", "odd", "well"] and rows["well"]["fault"] is None
        assert "trigger.condition: " in rows["deaf"]["fault"] and "prise" in rows["deaf"]["fault"]
        assert "delivery_methods[0]: " in rows["odd"]["fault"] and rows["odd"]["phase"] is None
        assert sorted((await house.system.runtime.ask(CONDITIONS, Ready())).rules) == ["well"]
        assert [one["alert_id"] for one in (await house.get("/api/alerts")).json] == ["deaf", "well"]
        assert (await house.get("/api/oracle/alerts/export")).status == 200
        await firing(house)
        assert (await house.ask("DELETE", "/api/alerts/odd")).status == 200
        assert (await house.ask("PUT", "/api/alerts/deaf", json={**good, "alert_id": "deaf"})).status == 200
        assert [one["fault"] for one in await lives(house)] == [None] * 3
        assert sorted((await house.system.runtime.ask(CONDITIONS, Ready())).rules) == ["deaf", "well"]


async def test_they_come_page_by_page(tmp_path):
    async with open_house(tmp_path) as house:
        for number in range(5):
            await house.post("/api/alerts", json={**ALERT, "alert_id": f"a{number}", "enabled": number != 3})
        seen, query = [], "?limit=2"
        while query:
            reply = (await house.get(f"/api/oracle/alerts{query}")).json
            seen.append([one["alert_id"] for one in reply["items"]])
            query = f"?limit=2&cursor={reply['next']}" if reply["next"] else ""
        assert seen == [["a0", "a1"], ["a2", "a3"], ["a4"]]
        assert [one["alert_id"] for one in await lives(house, "?enabled=false&phase=inactive")] == ["a3"]
        reply = (await house.get("/api/oracle/alerts?enabled=true&limit=3")).json
        assert [one["alert_id"] for one in reply["items"]] == ["a0", "a1", "a2"] and reply["next"] == "3"
        for wrong in ("limit=0", "limit=1001", "cursor=x", "enabled=perhaps"):
            assert (await house.get(f"/api/oracle/alerts?{wrong}")).status == 422

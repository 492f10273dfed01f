"""Rules tried on the past: they fire where they fired live, by the same ids, and say what they would have sent."""

import pytest
import trio
from running import open_house

from oracle.history import Commit
from oracle.model import Event, Severity, Trade, event_id

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
    """Some prices and some events, stored."""
    runtime = house.system.runtime
    for number, price in enumerate((99, 101, 102, 98, 103)):
        now_us = runtime.now_us()
        runtime.publish(Trade("BTC-USD", float(price), 1.0, "buy", str(number), now_us, "test"))
        ident = event_id("price_anomaly", "BTC-USD", "watchdog:price_anomaly", now_us, str(number))
        runtime.publish(Event(ident, "price_anomaly", "BTC-USD", "watchdog:price_anomaly", Severity.high, f"move {number}",
                              {"provider": "test"}, now_us))  # fmt: skip
        await trio.sleep(0.05)
    await runtime.ask("history", Commit(()))


@pytest.mark.parametrize(("trigger", "firings"), [(EVENTS, 5), (ABOVE, 2)])
async def test_it_fires_where_it_fired_live(tmp_path, trigger, firings):
    async with open_house(tmp_path) as house:
        assert (await house.post("/api/alerts", json={**ALERT, "trigger": trigger})).status == 200
        await lived(house)
        run, rows = await completed(house, {"alert_id": "a"})
        result = run["result"]
        assert (result["firings"], result["live"], result["both"], result["suppressed"]) == (firings, firings, firings, 0)
        assert all(row["live"] for row in rows) and len(rows) == firings
        sent = rows[0]["data"]["would_send"][0]
        assert (sent["channel"], sent["body"]["alert_id"], sent["why_not"]) == ("webhook", "a", None)
        assert "hush" not in str(run) + str(rows)


async def test_a_rule_that_nobody_saved_is_tried_with_its_cooldown(tmp_path):
    async with open_house(tmp_path) as house:
        await lived(house)
        unsaved = {**ALERT, "alert_id": "new", "trigger": EVENTS, "cooldown_seconds": 3600}
        run, rows = await completed(house, {"rule": unsaved})
        assert (run["result"]["firings"], run["result"]["suppressed"], run["result"]["live"]) == (1, 4, 0)
        assert [row["live"] for row in rows] == [False]
        assert (await house.get("/api/alerts/new")).status == 404


@pytest.mark.parametrize(("body", "field"), [
    ({}, "rule"), ({"rule": ALERT, "alert_id": "a"}, "rule"), ({"rule": ALERT}, "rule.trigger"), ({"rules": 1}, "rules"),
    ({"rule": {**ALERT, "trigger": {**ABOVE, "symbol": None}}}, "rule.trigger.symbol"),
    ({"rule": {**ALERT, "trigger": EVENTS}, "from": "2026-01-02", "to": "2026-01-01"}, "to"),
    ({"rule": {**ALERT, "trigger": EVENTS}, "from": "yesterday"}, "from"),
])  # fmt: skip
async def test_what_makes_no_sense_is_refused_by_its_field(tmp_path, body, field):
    async with open_house(tmp_path) as house:
        reply = await house.post("/api/alerts/preview", json=body)
        assert reply.status == 422
        assert ".".join(reply.json["detail"][0]["loc"]) == f"body.{field}"
        assert (await house.post("/api/alerts/preview", json={"alert_id": "nobody"})).status == 404

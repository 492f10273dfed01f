"""FIML's `/api/alerts`: every field stored and echoed, secrets never, bookkeeping kept."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
import trio
from running import open_house, watchdog_event
from sink import open_sink

from actors.testing import probe
from oracle.alerts import MASK
from oracle.alerts.vault import FILE
from oracle.settings import Auth, Data, Http, Settings

SEED = {
    "alert_id": "my_alert_1",
    "name": "Price Spike Alert",
    "description": "Alert on significant price movements",
    "enabled": True,
    "trigger": {
        "type": "watchdog_event",
        "event_filter": {"event_types": ["price_anomaly"], "severities": ["high", "critical"]},
    },
    "delivery_methods": ["email", "telegram", "webhook"],
    "email_config": {
        "smtp_host": "smtp.gmail.com", "smtp_port": 587, "smtp_user": "alerts@example.com",
        "smtp_password": "your-password", "from_email": "alerts@example.com", "to_emails": ["user@example.com"],
    },
    "telegram_config": {"bot_token": "123456:ABC-DEF...", "chat_ids": ["123456789"]},
    "webhook_config": {
        "url": "https://webhook.site/your-id", "method": "POST", "headers": {"Content-Type": "application/json"},
    },
    "cooldown_seconds": 300,
}  # fmt: skip
LEAST = {"alert_id": "a", "name": "n", "description": "d", "trigger": {"type": "watchdog_event"}, "delivery_methods": []}


async def put(house, path, body):
    return await house.ask("PUT", path, json=body)


# ---- the seed's example


async def test_the_seeds_example_is_echoed_whole_with_defaults_and_without_secrets(tmp_path):
    async with open_house(tmp_path) as house:
        reply = await house.post("/api/alerts", json=SEED)
        body = reply.json
        assert reply.status == 200
        assert (await house.get("/api/alerts/my_alert_1")).json == body
        assert (await house.get("/api/alerts")).json == [body]
    created, updated = body.pop("created_at"), body.pop("updated_at")
    assert created == updated and created.endswith("Z")
    masked = {
        "email_config": {**SEED["email_config"], "smtp_password": MASK, "use_tls": True},
        "telegram_config": {**SEED["telegram_config"], "bot_token": MASK},
        "webhook_config": {**SEED["webhook_config"], "auth_token": None, "signing_secret": None},
        "slack_config": None, "discord_config": None, "sms_config": None, "templates": None,
        "trigger": {
            "type": "watchdog_event", "price_threshold": None, "volume_threshold": None, "symbol": None, "condition": None,
            "direction": "crosses", "change_pct": None, "window_s": None, "hysteresis_pct": 0.0, "for_s": 0,
            "event_filter": {**SEED["trigger"]["event_filter"], "assets": None, "watchdogs": None},
        },
        "last_triggered": None, "trigger_count": 0, "notify_resolved": False, "escalate_after_s": None, "escalate_methods": [],
        "quiet_hours": None, "max_per_hour": None, "resolve_after_s": None, "actions": [],
        "inhibited_by": [], "group_by": [], "group_wait_s": None,
    }  # fmt: skip
    assert body == {**SEED, **masked}


async def test_defaults_of_the_least_that_is_accepted(tmp_path):
    async with open_house(tmp_path) as house:
        body = (await house.post("/api/alerts", json=LEAST)).json
        (await house.post("/api/alerts", json={**LEAST, "alert_id": "b", "webhook_config": {"url": "https://a.test"}}))
        hooked = (await house.get("/api/alerts/b")).json
    assert (body["enabled"], body["cooldown_seconds"], body["delivery_methods"]) == (True, 60, [])
    assert body["email_config"] is body["telegram_config"] is body["webhook_config"] is None
    assert hooked["webhook_config"] == {
        "url": "https://a.test/", "method": "POST", "headers": {}, "auth_token": None, "signing_secret": None}


# ---- life of an alert


async def test_an_alert_lives_from_create_to_delete(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json=LEAST)
        assert house.system.runtime.alive("rule:a")
        replaced = await put(house, "/api/alerts/a", {**LEAST, "name": "renamed", "enabled": False})
        assert (replaced.status, replaced.json["name"], replaced.json["enabled"]) == (200, "renamed", False)
        assert not house.system.runtime.alive("rule:a")
        for _ in range(2):
            reply = await house.post("/api/alerts/a/enable")
            assert (reply.status, reply.json) == (200, {"status": "enabled", "alert_id": "a"})
        assert house.system.runtime.alive("rule:a")
        assert (await house.get("/api/alerts?enabled_only=true")).json[0]["alert_id"] == "a"
        for _ in range(2):
            reply = await house.post("/api/alerts/a/disable")
            assert (reply.status, reply.json) == (200, {"status": "disabled", "alert_id": "a"})
        assert (await house.get("/api/alerts?enabled_only=true")).json == []
        reply = await house.ask("DELETE", "/api/alerts/a")
        assert (reply.status, reply.json) == (200, {"status": "deleted", "alert_id": "a"})
        assert (await house.get("/api/alerts")).json == []


async def test_lists_keep_the_order_of_creation_also_after_a_restart_and_a_replace(tmp_path):
    idents = ["zebra", "ant", "mole"]
    async with open_house(tmp_path) as house:
        for ident in idents:
            await house.post("/api/alerts", json={**LEAST, "alert_id": ident})
        await put(house, "/api/alerts/zebra", {**LEAST, "alert_id": "zebra", "name": "x"})
        before = (await house.get("/api/alerts")).json
    async with open_house(tmp_path) as house:
        after = (await house.get("/api/alerts")).json
        assert house.system.runtime.alive("rule:ant")
    assert [one["alert_id"] for one in after] == idents
    assert after == before


@pytest.mark.parametrize(("method", "path", "status", "detail"), [
    ("POST", "/api/alerts", 400, "Alert with ID 'a' already exists"),
    ("GET", "/api/alerts/x", 404, "Alert 'x' not found"),
    ("PUT", "/api/alerts/x", 404, "Alert with ID 'x' not found"),
    ("DELETE", "/api/alerts/x", 404, "Alert 'x' not found"),
    ("POST", "/api/alerts/x/enable", 404, "Alert 'x' not found"),
    ("POST", "/api/alerts/x/disable", 404, "Alert 'x' not found"),
])
def test_refusals_say_it_as_fiml_does(house, method, path, status, detail):
    house.post("/api/alerts", json=LEAST)
    body = {"json": LEAST} if method in ("POST", "PUT") and not path.endswith("able") else {}
    reply = house.ask(method, path, **body)
    assert (reply.status, reply.json) == (status, {"detail": detail})
    assert [one["alert_id"] for one in house.get("/api/alerts").json] == ["a"]


async def test_unusual_ids_find_their_way_through_the_path(tmp_path):
    async with open_house(tmp_path) as house:
        for ident in ("my alert", "ü:1", "100%", "a?b#c", "-_.~"):
            assert (await house.post("/api/alerts", json={**LEAST, "alert_id": ident})).status == 200
            assert (await house.get(f"/api/alerts/{quote(ident, safe='')}")).json["alert_id"] == ident
            assert (await house.ask("DELETE", f"/api/alerts/{quote(ident, safe='')}")).status == 200


# ---- bookkeeping


async def test_a_replace_keeps_what_the_server_counts_and_bodies_can_not_set_it(tmp_path):
    lies = {"created_at": "1999-01-01T00:00:00Z", "created_us": 1, "trigger_count": 99, "updated_us": 1,
            "last_triggered": "1999-01-01T00:00:00Z"}  # fmt: skip
    async with open_house(tmp_path) as house:
        first = (await house.post("/api/alerts", json={**LEAST, **lies})).json
        assert (first["trigger_count"], first["last_triggered"]) == (0, None)
        assert first["created_at"] > "2000"
        fired = probe(house.system.runtime, "event:alert_fired:*")
        house.system.runtime.publish(watchdog_event(house.system.runtime))
        await fired.next()
        second = (await put(house, "/api/alerts/a", {**LEAST, **lies, "name": "x"})).json
    assert second["created_at"] == first["created_at"]
    assert second["updated_at"] > first["updated_at"]
    assert second["trigger_count"] == 1
    assert second["last_triggered"] > first["created_at"]


# ---- input


@pytest.mark.parametrize(("body", "loc", "type_"), [
    ({}, ["body", "alert_id"], "missing"),
    ({**LEAST, "trigger": {"type": "x"}}, ["body", "trigger", "type"], "enum"),
    ({**LEAST, "delivery_methods": ["webhook", "fax"]}, ["body", "delivery_methods", 1], "enum"),
    ({**LEAST, "cooldown_seconds": -1}, ["body", "cooldown_seconds"], "greater_than_equal"),
    ({**LEAST, "cooldown_seconds": "60"}, ["body", "cooldown_seconds"], "int_type"),
    ({**LEAST, "webhook_config": {"url": "no"}}, ["body", "webhook_config", "url"], "url_parsing"),
    ({**LEAST, "enabled": 3}, ["body", "enabled"], "bool_type"),
    ({**LEAST, "alert_id": "a/b"}, ["body", "alert_id"], "string_pattern_mismatch"),
    ([], ["body"], "model_attributes_type"),
])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_bad_bodies_are_named_as_fastapi_names_them(house, method, body, loc, type_):
    house.post("/api/alerts", json=LEAST)
    reply = house.ask(method, "/api/alerts" if method == "POST" else "/api/alerts/a", json=body)
    assert reply.status == 422
    first = reply.json["detail"][0]
    assert (first["loc"], first["type"]) == (loc, type_)
    assert {"type", "loc", "msg", "input"} <= set(first)


def test_malformed_json_and_missing_bodies(house):
    headers = {"content-type": "application/json"}
    broken = house.post("/api/alerts", data=b'{"alert_id": ', headers=headers)
    empty = house.post("/api/alerts", data=b"", headers=headers)
    assert broken.status == empty.status == 422
    assert (broken.json["detail"][0]["type"], broken.json["detail"][0]["loc"][0]) == ("json_invalid", "body")
    assert empty.json["detail"][0]["type"] == "missing"


async def test_unknown_fields_are_accepted_and_dropped(tmp_path):
    async with open_house(tmp_path) as house:
        body = (await house.post("/api/alerts", json={**LEAST, "colour": "red", "trigger": {
            "type": "watchdog_event", "mood": 1}})).json
    assert "colour" not in body and "mood" not in body["trigger"]


async def test_a_put_for_another_id_is_422_and_changes_nothing(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json=LEAST)
        reply = await put(house, "/api/alerts/a", {**LEAST, "alert_id": "b", "name": "x"})
        assert reply.status == 422
        assert reply.json["detail"][0]["loc"] == ["body", "alert_id"]
        assert (await house.get("/api/alerts/a")).json["name"] == "n"


# ---- secrets


@pytest.mark.parametrize("wrong", [
    {"name": None}, {"name": 5}, {"alert_id": "a/b"}, {"webhook_config": {"url": "https://a.test/", "auth_token": 4711}},
    {"webhook_config": {"auth_token": "s3cret"}}, {"webhook_config": "https://a.test/?token=s3cret"},
    {"webhook_config": {"url": "https://u:s3cret@a.test/"}}, {"webhook_config": {"url": "ftp://u:s3cret@a.test/"}},
    {"webhook_config": {"url": "https://a.test/", "headers": ["Authorization: s3cret"]}},
    {"webhook_config": {"url": "https://a.test/", "headers": "Authorization: s3cret"}},
    {"webhook_config": {"url": "https://a.test/", "headers": {"X-Api-Key": {"value": "s3cret"}}}},
    {"webhook_config": {"url": "https://a.test/", "headers": {"X-Api-Key": 4711}}},
    {"email_config": {**SEED["email_config"], "smtp_password": ["s3cret"]}},
    {"email_config": {"smtp_pasword": "s3cret"}}, {"telegram_config": {"bot_token": 4711, "chat_ids": []}},
    {"telegram_config": {"bot_token": "s3cret"}}, [{"bot_token": "s3cret"}], json.dumps({"bot_token": "s3cret"}),
])  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_refusal_echoes_no_secret(house, method, wrong):
    house.post("/api/alerts", json=LEAST)
    body = wrong
    if isinstance(wrong, dict):
        body = {**LEAST, "telegram_config": {"bot_token": "s3cret", "chat_ids": []}, **wrong}
        body = {name: value for name, value in body.items() if value is not None}  # one that is missing
    reply = house.ask(method, "/api/alerts" if method == "POST" else "/api/alerts/a", json=body)
    assert reply.status == 422
    assert b"s3cret" not in reply.body and b"4711" not in reply.body
    assert all({"type", "loc", "msg", "input"} <= set(row) for row in reply.json["detail"])


def test_a_refusal_echoes_a_plain_value(house):
    reply = house.post("/api/alerts", json={**LEAST, "cooldown_seconds": -1, "webhook_config": {"url": "no"}})
    assert [row["input"] for row in reply.json["detail"]] == ["no", -1]


def secretive(**more):
    return {**LEAST, "webhook_config": {"url": "https://a.test/", "auth_token": "s3cret-1", "headers": {
        "X-Api-Key": "s3cret-2", "X-Plain": "seen"}, **more}}


async def test_a_mask_keeps_the_secret_and_a_new_one_replaces_it(tmp_path):
    async with open_house(tmp_path) as house:
        shown = (await house.post("/api/alerts", json=secretive())).json
        assert shown["webhook_config"]["auth_token"] == MASK
        assert shown["webhook_config"]["headers"] == {"X-Api-Key": MASK, "X-Plain": "seen"}
        await put(house, "/api/alerts/a", {**shown, "name": "renamed"})
        assert kept(tmp_path) == ["s3cret-1", "s3cret-2"]
        await put(house, "/api/alerts/a", {**LEAST, "webhook_config": {**shown["webhook_config"], "auth_token": "s3cret-3"}})
        assert kept(tmp_path) == ["s3cret-2", "s3cret-3"]
        await house.ask("DELETE", "/api/alerts/a")
        assert kept(tmp_path) == []


async def test_a_mask_without_a_secret_to_keep_is_refused(tmp_path):
    async with open_house(tmp_path) as house:
        reply = await house.post("/api/alerts", json=secretive(auth_token=MASK))
        assert reply.status == 422
        assert reply.json["detail"][0]["loc"] == ["body", "webhook_config", "auth_token"]
        reply = await house.post("/api/alerts", json=secretive(headers={"X.Api.Key": MASK}))
        assert reply.json["detail"][0]["loc"] == ["body", "webhook_config", "headers", "X.Api.Key"]
        assert (await house.get("/api/alerts")).json == []


@pytest.mark.parametrize("url", ["https://b.test/", "http://a.test/", "https://a.test:444/", "https://a.test.b.test/"])
async def test_a_mask_does_not_take_a_secret_to_another_host(tmp_path, url):
    async with open_house(tmp_path) as house:
        shown = (await house.post("/api/alerts", json=secretive())).json
        hook = shown["webhook_config"]
        for masked, place in (
            (hook, ["headers", "X-Api-Key"]), ({**hook, "headers": {"X-Plain": "seen"}}, ["auth_token"]),
        ):  # fmt: skip
            reply = await put(house, "/api/alerts/a", {**shown, "webhook_config": {**masked, "url": url}})
            assert (reply.status, reply.json["detail"][0]["loc"]) == (422, ["body", "webhook_config", *place])
        assert (await house.get("/api/alerts/a")).json == shown
        again = {**hook, "url": url, "auth_token": "s3cret-3", "headers": {"X-Api-Key": "s3cret-4"}}
        assert (await put(house, "/api/alerts/a", {**shown, "webhook_config": again})).status == 200
        assert kept(tmp_path) == ["s3cret-3", "s3cret-4"]


async def test_a_mask_keeps_its_secret_where_only_the_rest_of_the_url_changed(tmp_path):
    async with open_house(tmp_path) as house:
        shown = (await house.post("/api/alerts", json=secretive())).json
        hook = {**shown["webhook_config"], "url": "https://A.test:443/elsewhere?x=1"}
        assert (await put(house, "/api/alerts/a", {**shown, "webhook_config": hook})).status == 200
        assert kept(tmp_path) == ["s3cret-1", "s3cret-2"]


async def test_a_masked_password_stays_with_its_mail_server(tmp_path):
    async with open_house(tmp_path) as house:
        shown = (await house.post("/api/alerts", json=SEED)).json
        mail = {**shown["email_config"], "smtp_host": "smtp.elsewhere.test"}
        reply = await put(house, "/api/alerts/my_alert_1", {**shown, "email_config": mail})
        assert (reply.status, reply.json["detail"][0]["loc"]) == (422, ["body", "email_config", "smtp_password"])
        assert (await put(house, "/api/alerts/my_alert_1", {**shown, "name": "x"})).status == 200


async def test_a_secret_is_in_one_private_file_and_nowhere_else(tmp_path):
    async with open_house(tmp_path) as house:
        await house.post("/api/alerts", json=secretive())
        board = (await house.get("/api/oracle/board?kind=rule")).body
        listed = (await house.get("/api/alerts")).body
        states = probe(house.system.runtime, "state:rule:a")
        await house.post("/api/alerts/a/disable")
        published = repr(states.took()).encode()
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert [name for name, data in files.items() if b"s3cret" in data] == [FILE]
    assert b"s3cret" not in board + listed + published
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("trigger", "field", "reason"), [
    ({"type": "price_threshold", "price_threshold": 1}, "symbol", "Field required"),
    ({"type": "price_threshold", "symbol": "BTC"}, "price_threshold", "Field required"),
    ({"type": "price_threshold", "symbol": "BTC", "price_threshold": 1, "change_pct": 2}, "change_pct", "not both"),
    ({"type": "price_threshold", "symbol": "B*", "price_threshold": 1}, "symbol", "BTC-USD"),
    ({"type": "price_threshold", "symbol": "BTC", "price_threshold": -1}, "price_threshold", "greater than 0"),
    ({"type": "price_threshold", "symbol": "BTC", "price_threshold": 1, "for_s": 5}, "for_s", "above or below"),
    ({"type": "volume_threshold", "symbol": "BTC"}, "volume_threshold", "Field required"),
    ({"type": "custom_condition"}, "condition", "Field required"),
    ({"type": "custom_condition", "condition": 'prise("BTC-USD") > 1'}, "condition", "price"),
    ({"type": "custom_condition", "condition": 'price("BTC-USD") >'}, "condition", "column 19"),
])  # fmt: skip
def test_a_trigger_that_means_nothing_is_refused_by_its_field(house, trigger, field, reason):
    reply = house.post("/api/alerts", json={**LEAST, "trigger": trigger})
    assert reply.status == 422
    (problem,) = reply.json["detail"]
    assert problem["loc"] == ["body", "trigger", field] and reason in problem["msg"]


# ---- end to end, within the process


async def test_an_event_reaches_the_webhook_in_fimls_shape_and_is_counted(tmp_path):
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=tmp_path), http=Http(allow=("127.0.0.1",)))
    async with open_sink() as sink, open_house(tmp_path, settings=settings) as house:
        unreachable = {**SEED["email_config"], "smtp_host": "10.0.0.1"}
        body = {**secretive(url=sink.url()), "delivery_methods": ["webhook", "email"], "email_config": unreachable}
        await house.post("/api/alerts", json=body)
        tries = probe(house.system.runtime, "attempt:*")
        event = watchdog_event(house.system.runtime)
        house.system.runtime.publish(event)
        with trio.fail_after(30):
            call = await sink.next()
            outcomes = sorted([(await tries.next()).outcome for _ in range(2)])
        shown = (await house.get("/api/alerts/a")).json
        dashboard = (await house.get("/dashboard/events")).json
        owed = (await house.get("/api/oracle/deliveries")).json["items"]
    assert (call.method, call.headers["authorization"], call.headers["x-api-key"], call.headers["x-plain"]) == (
        "POST", "Bearer s3cret-1", "s3cret-2", "seen")
    assert call.headers["webhook-id"] == call.json["delivery_id"]
    assert call.json["event"] == dashboard[0]
    assert outcomes == ["delivered", "failed"]
    assert shown["trigger_count"] == 1
    assert {(row["channel"], row["status"]) for row in owed} == {("webhook", "delivered"), ("email", "failed")}


def kept(folder: Path) -> list[str]:
    return sorted(json.loads((folder / FILE).read_text()).values())

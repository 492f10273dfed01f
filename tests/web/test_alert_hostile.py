"""Alerts that are no alerts: whatever stands at any place of one, it is taken, or refused by the place that is wrong."""

import json
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import open_house

from oracle.alerts.rule import Rule, rule_of
from oracle.alerts.terms import fault_of
from oracle.border import structure
from oracle.problems import Invalid
from web.alert_door import checked_rule

CONDITION = 'price("BTC-USD") > 1'
FULL = {
    "alert_id": "a", "name": "n", "description": "d",
    "trigger": {"type": "custom_condition", "condition": CONDITION, "symbol": "BTC", "direction": "above", "window_s": 300,
                "hysteresis_pct": 1.0, "for_s": 5, "event_filter": {
                    "event_types": ["price_anomaly"], "severities": ["high"], "assets": ["BTC"], "watchdogs": ["price_anomaly"]}},
    "delivery_methods": ["email", "telegram", "webhook", "slack", "discord", "sms", "browser", "log"],
    "email_config": {"smtp_host": "s.test", "smtp_user": "u", "smtp_password": "p", "from_email": "a@a.test",
                     "to_emails": ["b@a.test"]},
    "telegram_config": {"bot_token": "123456:ABC", "chat_ids": ["1"]},
    "webhook_config": {"url": "https://a.test/x", "headers": {"X-A": "b"}, "auth_token": "t"},
    "slack_config": {"url": "https://s.test/x"}, "discord_config": {"url": "https://d.test/x"},
    "sms_config": {"account_sid": "AC" + "a" * 32, "auth_token": "t", "from_number": "+15551234567",
                   "to_numbers": ["+15551234568"]},
    "templates": {"subject": "s", "text": "{{ alert_name }}", "html": "h"},
    "quiet_hours": {"from": "22:00", "to": "07:00", "tz": "Europe/Berlin", "min_severity": "critical"},
    "escalate_after_s": 60, "escalate_methods": ["log"], "max_per_hour": 3, "resolve_after_s": 60,
}  # fmt: skip
# Every field there is, those that are left out above too.
WHOLE = {name: value for name, value in structure(Rule, FULL).value(0, 0).items() if not name.endswith("_us")}
DEEP = json.loads("[" * 60 + "]" * 60)
ODD = [
    None, True, 0, -1, 1.5, 10**30, 2**63, 1e308, 5e-324, "", "x", "a/b", "..", "*", "\x00", "A" * 1_000_000, "nan", [], [1], {},
    ["log", "log"], ["x"] * 1_001, {"a": 1}, {"": {}}, DEEP, "{{ x", "{{ x | y('", "((" * 5_000, "not " * 2_000 + CONDITION,
    'price("BTC-USD") > ' + "9" * 400, 'price("BTC-USD") > 1e999', 'avg("BTC-USD", "9999999999d") > 1', "http://", "http://[::1",
    "http://a:99999/", "https://a.test/\r\nX: y", "ftp://x", "24:00", "Mars/Base", "../../etc/passwd", "btc usd",
]  # fmt: skip


def places(value, path=()):
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from places(one, (*path, key))


def put(value, path, odd):
    """A copy of `value` with something else at a place."""
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], odd)
    return copy


def stands(body, path):
    """Whether a place is in the body, or only its last step is missing."""
    for number, key in enumerate(path):
        inside = body if isinstance(body, dict) else range(len(body)) if isinstance(body, list) else ()
        if key not in inside:
            return isinstance(body, dict) and number == len(path) - 1
        body = body[key]
    return True


PLACES = list(places(WHOLE))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=30) | st.sampled_from(ODD)
NAMES = st.text(max_size=5)
ANY = st.recursive(LEAVES, lambda some: st.lists(some, max_size=3) | st.dictionaries(NAMES, some, max_size=3), max_leaves=5)


async def test_any_change_of_an_alert_is_taken_or_refused_by_its_place(tmp_path):
    async with open_house(tmp_path) as house:

        @settings(max_examples=300, database=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(PLACES), ANY)
        def check(path, odd):
            body = put(WHOLE, path, odd)
            try:
                rule = checked_rule(house.system, body)
            except Invalid as wrong:
                assert wrong.problems
                for one in wrong.problems:
                    assert one.path[0] == "body" and stands(body, one.path[1:]), one.path
            else:
                stored = json.loads(json.dumps(rule.value(0, 0), allow_nan=False))
                assert rule_of(stored) == rule and fault_of(stored) is None

        check()


async def test_over_http_it_is_200_or_422_and_nothing_else(tmp_path):
    some = Random(7).sample([(path, odd) for path in PLACES for odd in ODD], 250)
    async with open_house(tmp_path) as house:
        assert (await house.post("/api/alerts", json=FULL)).status == 200
        for path, odd in some:
            body = put(WHOLE, path, odd)
            reply = await house.ask("PUT", "/api/alerts/a", json=body)
            assert reply.status in (200, 422), (path, odd, reply.body[:200])
            for one in reply.json["detail"] if reply.status == 422 else ():
                assert one["loc"][0] == "body" and stands(body, one["loc"][1:]), (path, one)
        assert (await house.get("/api/alerts/a")).status == (await house.get("/api/oracle/alerts/export")).status == 200
        assert [one["fault"] for one in (await house.get("/api/oracle/alerts")).json["items"]] == [None]


@pytest.mark.parametrize(("path", "odd"), [
    (("name",), "A" * 201), (("description",), "A" * 5_001), (("email_config", "smtp_password"), "A" * 10_001),
    (("email_config", "to_emails"), ["b@a.test"] * 1_001), (("telegram_config", "chat_ids", 0), "1" * 10_001),
    (("webhook_config", "headers", "X-A"), "A" * 10_001), (("webhook_config", "headers"), {"A" * 10_001: "b"}),
    (("trigger", "price_threshold"), 10**400),
])
def test_what_is_too_long_is_named_and_not_shown(house, path, odd):
    reply = house.post("/api/alerts", json=put(WHOLE, path, odd))
    assert reply.status == 422 and [one["loc"] for one in reply.json["detail"]] == [["body", *path]]
    assert len(reply.body) < 2_000
    assert house.get("/api/alerts").json == []


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999", '"\\ud800"', "01", "[" * 100_000])
def test_what_is_no_json_is_refused(house, word):
    text = json.dumps(WHOLE).replace('"for_s": 5', f'"for_s": {word}')
    reply = house.post("/api/alerts", data=text, headers={"content-type": "application/json"})
    assert reply.status == 422 and reply.json["detail"][0]["loc"][0] == "body", reply.body

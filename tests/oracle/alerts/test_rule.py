"""Rules as values: which events count, and where secrets stand."""

import pytest

from oracle.alerts.bounds import oversized
from oracle.alerts.payload import rehearsal
from oracle.alerts.rule import MASK, Rule, far_ends, rule_of, with_secrets
from oracle.alerts.trigger import CONDITIONS, MET, OVER, EventFilter, EventType, Trigger, TriggerType
from oracle.border import Invalid, structure
from oracle.model import Event, Severity

LEAST = {"alert_id": "a", "name": "n", "description": "d", "trigger": {"type": "watchdog_event"}, "delivery_methods": []}
WEBHOOK = {"url": "https://hooks.test/x"}


def event(kind="price_anomaly", subject="BTC-USD", source="watchdog:price_anomaly", severity=Severity.high):
    return Event("evt_1", kind, subject, source, severity, "it moved", {}, 1)


def rule(**more):
    return structure(Rule, {**LEAST, **more}, extras="drop")


@pytest.mark.parametrize(("filter_", "passes"), [
    ({}, True),
    ({"event_types": [], "severities": [], "assets": [], "watchdogs": []}, True),
    ({"event_types": ["flash_crash", "price_anomaly"]}, True),
    ({"event_types": ["flash_crash"]}, False),
    ({"severities": ["high", "critical"]}, True),
    ({"severities": ["low"]}, False),
    ({"assets": ["ETH", "BTC"]}, True),
    ({"assets": ["btc"]}, True),
    ({"assets": ["BTC-USD"]}, True),
    ({"assets": ["btc/usd"]}, True),
    ({"assets": [" BTCUSD "]}, True),
    ({"assets": ["BTC-USDT"]}, False),
    ({"assets": ["USD"]}, False),
    ({"watchdogs": ["price_anomaly"]}, True),
    ({"watchdogs": ["funding_rate"]}, False),
    ({"event_types": ["price_anomaly"], "severities": ["high"], "assets": ["BTC"], "watchdogs": ["price_anomaly"]}, True),
    ({"event_types": ["price_anomaly"], "severities": ["low"], "assets": ["BTC"]}, False),
])
def test_a_filter_is_and_across_lists_and_or_inside(filter_, passes):
    assert structure(EventFilter, filter_).passes(event()) is passes


def test_an_event_about_no_asset_passes_only_where_none_is_named():
    outage = event("exchange_outage", "binance", "watchdog:exchange_outage")
    assert EventFilter().passes(outage)
    assert EventFilter(event_types=(EventType.exchange_outage,)).passes(outage)
    assert not EventFilter(assets=("BTC",)).passes(outage)
    assert not EventFilter(assets=("BINANCE",)).passes(outage)


@pytest.mark.parametrize("source", ["rule:a", "alerts", "feed:binance", "history", "price_anomaly"])
def test_only_what_a_watchdog_says_sets_off_a_rule(source):
    assert Trigger(TriggerType.watchdog_event).fires_on(event(), "a")
    assert not Trigger(TriggerType.watchdog_event).fires_on(event(source=source), "a")


@pytest.mark.parametrize("kind", ["price_threshold", "volume_threshold", "custom_condition"])
def test_a_rule_with_a_condition_fires_on_what_is_said_of_it_alone(kind):
    kept = rule(trigger={"type": kind, "symbol": "BTC", "price_threshold": 1, "volume_threshold": 2.5, "condition": "x > 1"})
    met = event(subject="a", kind=MET, source=CONDITIONS)
    assert kept.trigger.fires_on(met, "a") and not kept.trigger.fires_on(met, "b")
    assert not kept.trigger.fires_on(event(), "a")
    assert not kept.trigger.fires_on(event(subject="a", kind=OVER, source=CONDITIONS), "a")
    assert not rule().trigger.fires_on(met, "a"), "no rule sets off another"
    assert rule_of(kept.value(1, 2)) == kept


@pytest.mark.parametrize(("body", "path", "type_"), [
    ({"alert_id": ""}, "alert_id", "string_pattern_mismatch"),
    ({"alert_id": "a/b"}, "alert_id", "string_pattern_mismatch"),
    ({"alert_id": ".."}, "alert_id", "string_pattern_mismatch"),
    ({"alert_id": "a*"}, "alert_id", "string_pattern_mismatch"),
    ({"alert_id": "a\n"}, "alert_id", "string_pattern_mismatch"),
    ({"alert_id": "a" * 129}, "alert_id", "string_too_long"),
    ({"name": 1}, "name", "string_type"),
    ({"enabled": "true"}, "enabled", "bool_type"),
    ({"trigger": {"type": "magic"}}, "trigger.type", "enum"),
    ({"trigger": {}}, "trigger.type", "missing"),
    ({"trigger": {"type": "watchdog_event", "event_filter": {"event_types": ["x"]}}}, "trigger.event_filter.event_types[0]",
     "enum"),
    ({"delivery_methods": ["pigeon"]}, "delivery_methods[0]", "enum"),
    ({"delivery_methods": "webhook"}, "delivery_methods", "list_type"),
    ({"cooldown_seconds": -1}, "cooldown_seconds", "greater_than_equal"),
    ({"cooldown_seconds": 10**30}, "cooldown_seconds", "less_than_equal"),
    ({"cooldown_seconds": 1.5}, "cooldown_seconds", "int_type"),
    ({"webhook_config": {}}, "webhook_config.url", "missing"),
    ({"webhook_config": {"url": "ftp://a.test/"}}, "webhook_config.url", "url_scheme"),
    ({"webhook_config": {"url": "hello"}}, "webhook_config.url", "url_parsing"),
    ({"webhook_config": {"url": "https://u:p@a.test/"}}, "webhook_config.url", "url_parsing"),
    ({"webhook_config": {**WEBHOOK, "method": "DELETE"}}, "webhook_config.method", "enum"),
    ({"webhook_config": {**WEBHOOK, "headers": {"A B": "c"}}}, "webhook_config.headers", "value_error"),
    ({"webhook_config": {**WEBHOOK, "headers": {"A": "b\r\nC: d"}}}, "webhook_config.headers", "value_error"),
    ({"webhook_config": {**WEBHOOK, "auth_token": "a\nb"}}, "webhook_config.auth_token", "value_error"),
    ({"email_config": {"smtp_host": "h"}}, "email_config.smtp_user", "missing"),
    ({"telegram_config": {"bot_token": "t", "chat_ids": "1"}}, "telegram_config.chat_ids", "list_type"),
])
def test_bad_fields_are_named(body, path, type_):
    with pytest.raises(Invalid) as caught:
        rule(**body)
    assert (caught.value.problems[0].where, caught.value.problems[0].type) == (path, type_)


def test_every_secret_has_a_place_and_nothing_else_is_touched():
    full = rule(
        email_config={"smtp_host": "h", "smtp_user": "u", "smtp_password": "p1", "from_email": "f", "to_emails": ["t"]},
        telegram_config={"bot_token": "p2", "chat_ids": ["1"]},
        webhook_config={**WEBHOOK, "auth_token": "p3", "headers": {
            "Content-Type": "text/x", "X-Api-Key": "p4", "authorization": "p5", "X-Author": "me", "Cookie": "p6"}},
    )
    seen = {}
    masked = with_secrets(full, lambda place, secret: seen.setdefault(place, secret) and "*")
    assert seen == {
        "email_config.smtp_password": "p1", "telegram_config.bot_token": "p2", "webhook_config.auth_token": "p3",
        "webhook_config.headers.X-Api-Key": "p4", "webhook_config.headers.authorization": "p5",
        "webhook_config.headers.Cookie": "p6",
    }  # fmt: skip
    assert masked.webhook_config.headers == {
        "Content-Type": "text/x", "X-Api-Key": "*", "authorization": "*", "X-Author": "me", "Cookie": "*"}
    assert (masked.email_config.smtp_password, masked.email_config.smtp_user) == ("*", "u")
    assert with_secrets(full, lambda _, secret: secret) == full


def test_empty_secrets_are_no_secrets():
    plain = rule(webhook_config={**WEBHOOK, "auth_token": ""})
    assert with_secrets(plain, lambda *_: "never") == plain


def test_the_new_secrets_have_places_too_and_their_far_ends():
    full = rule(
        webhook_config={**WEBHOOK, "signing_secret": "whsec_" + "QUFB" * 8}, slack_config={"url": "https://hooks.slack.test/p2"},
        discord_config={"url": "https://discord.test/p3"},
        sms_config={"account_sid": "AC1", "auth_token": "p4", "from_number": "+1", "to_numbers": ["+2"]},
    )  # fmt: skip
    seen = {}
    masked = with_secrets(full, lambda place, secret: seen.setdefault(place, secret) and MASK)
    assert seen == {
        "webhook_config.signing_secret": "whsec_" + "QUFB" * 8, "slack_config.url": "https://hooks.slack.test/p2",
        "discord_config.url": "https://discord.test/p3", "sms_config.auth_token": "p4",
    }  # fmt: skip
    assert rule_of(masked.value(1, 2)) == masked
    assert far_ends(full)["sms_config"] == "AC1" and set(far_ends(full)) == {"webhook_config", "sms_config"}


def test_a_name_in_a_sentence_turns_none_of_it_around():
    turned = rule(name="Bill \u202etxt\u2066.exe")
    assert turned.called == "Bill txt.exe" and turned.value(0, 0)["name"] == turned.name
    assert rehearsal(turned, "evt_1", 0).summary == "Test of the alert 'Bill txt.exe': nothing has happened"
    assert rule(name=" \u202e").called == rule().alert_id


def test_a_rule_that_was_stored_before_names_had_a_greatest_length_is_read():
    stored = rule(name="n" * 9_000, description="d" * 9_000)
    assert rule_of(stored.value(0, 0)) == stored
    assert [one.path for one in oversized(stored)] == [("name",), ("description",)]


def test_a_rule_that_was_stored_before_there_were_other_channels_is_read():
    kept = rule().value(1, 2)
    for name in ("slack_config", "discord_config", "sms_config", "templates"):
        del kept[name]
    assert rule_of(kept) == rule()


@pytest.mark.parametrize(("body", "path", "type_"), [
    ({"slack_config": {"url": "ftp://a.test/"}}, "slack_config.url", "url_parsing"),
    ({"discord_config": {}}, "discord_config.url", "missing"),
    ({"sms_config": {"account_sid": "a/b", "auth_token": "t", "from_number": "+1", "to_numbers": []}},
     "sms_config.account_sid", "string_pattern_mismatch"),
    ({"sms_config": {"account_sid": "AC1", "auth_token": "t", "from_number": "+1", "to_numbers": ["\n"]}},
     "sms_config.to_numbers", "value_error"),
    ({"templates": {"text": 3}}, "templates.text", "string_type"),
    ({"templates": {"html": "{{"}}, "templates.html", "template_syntax"),
])
def test_bad_fields_of_the_other_channels_are_named(body, path, type_):
    with pytest.raises(Invalid) as caught:
        rule(**body)
    assert (caught.value.problems[0].where, caught.value.problems[0].type) == (path, type_)

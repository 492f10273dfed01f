"""When a rule fires and what it then owes: a table of cases, no loop."""

import attrs

from oracle.alerts.decider import Decider, Firing, Record
from oracle.alerts.rule import Rule
from oracle.border import structure
from oracle.model import Event, Severity

S = 1_000_000
BODY = {
    "alert_id": "a", "name": "Big moves", "description": "d", "trigger": {"type": "watchdog_event"}, "cooldown_seconds": 60,
    "delivery_methods": ["webhook"], "webhook_config": {"url": "https://hooks.test/x"},
}  # fmt: skip


def decider(record=None, **more):
    return Decider(structure(Rule, {**BODY, **more}), record or Record(), {"webhook"})


def event(number=1, subject="BTC-USD"):
    return Event(f"evt_{number}", "price_anomaly", subject, "watchdog:price_anomaly", Severity.high, f"{subject} rose",
                 {"provider": "binance"}, number * S)


def fired(one, times_s):
    return [t for n, t in enumerate(times_s) if isinstance(one.update(event(n), t * S), Firing)]


def test_it_fires_once_per_cooldown_measured_from_the_last_firing_and_counts_the_rest():
    one = decider()
    assert fired(one, [0, 1, 59, 60, 61, 119, 120, 1000]) == [0, 60, 120, 1000]
    record = one.record
    assert (record.trigger_count, record.last_triggered_us, record.last_event_id) == (4, 1000 * S, "evt_7")
    assert (record.suppressed, record.suppressed_by) == (4, {"cooldown": 4})


def test_without_cooldown_every_event_fires():
    assert fired(decider(cooldown_seconds=0), [0, 0, 0, 1]) == [0, 0, 0, 1]


def test_the_cooldown_goes_on_from_the_record_of_an_earlier_life():
    assert fired(decider(Record(1, 100 * S)), [101, 159, 160]) == [160]


def test_a_clock_that_was_set_back_does_not_mute_a_rule():
    assert fired(decider(Record(1, 10_000 * S)), [5, 6, 65]) == [5, 65]


def test_what_does_not_match_is_not_counted():
    one = decider(trigger={"type": "watchdog_event", "event_filter": {"assets": ["ETH"]}})
    assert fired(one, [0, 1, 2]) == []
    assert one.record == Record()


def test_a_firing_is_a_function_of_its_inputs():
    assert decider().update(event(), 5) == decider().update(event(), 5)


def test_a_delivery_has_an_id_of_its_content_and_carries_fimls_body():
    firing = decider().update(event(), 7 * S)
    (delivery,) = firing.deliveries
    assert (delivery.rule_id, delivery.event_id, delivery.channel, delivery.ts_us) == ("a", "evt_1", "webhook", 7 * S)
    assert delivery.payload == {
        "alert_id": "a", "alert_name": "Big moves", "delivery_id": delivery.id, "timestamp": "1970-01-01T00:00:07Z",
        "event": {
            "event_id": "evt_1", "type": "price_anomaly", "severity": "high", "description": "BTC-USD rose",
            "asset": {"symbol": "BTC", "name": None, "asset_type": "crypto", "market": "CRYPTO", "exchange": None,
                      "currency": "USD", "pair": "BTC/USD"},
            "data": {"provider": "binance"}, "timestamp": "1970-01-01T00:00:01Z", "watchdog": "price_anomaly",
            "metadata": {"provider": "binance", "simulated": False},
        },
    }  # fmt: skip
    assert firing.hopeless == ()
    assert decider().update(event(2), 7 * S).deliveries[0].id != delivery.id


def test_the_alert_says_what_led_to_it_and_what_is_owed():
    firing = decider().update(event(), 7 * S)
    alert = firing.alert
    assert (alert.kind, alert.subject, alert.source, alert.cause, alert.severity) == (
        "alert_fired", "a", "rule:a", "evt_1", Severity.high)
    assert alert.data["deliveries"] == [firing.deliveries[0].id]
    assert (alert.data["phase"], alert.data["began"]) == ("firing", True)
    assert alert.id == decider().update(event(), 8 * S).alert.id
    assert decider().update(alert, 9 * S) is None


def test_methods_without_a_channel_or_a_config_are_owed_and_written_off_at_once():
    firing = decider(delivery_methods=["email", "webhook", "telegram", "email"], webhook_config=None).update(event(), 1)
    assert [one.channel for one in firing.deliveries] == ["email", "webhook", "telegram"]
    assert firing.owed == []
    assert [(a.outcome, a.number, a.error) for a in firing.hopeless] == [
        ("failed", 1, "no channel: email is not available in this version"),
        ("failed", 1, "the rule has no webhook_config"),
        ("failed", 1, "no channel: telegram is not available in this version"),
    ]


def test_a_rule_that_tells_nobody_still_fires():
    firing = decider(delivery_methods=[]).update(event(), 1)
    assert (firing.deliveries, firing.record.trigger_count) == ((), 1)


def test_a_record_goes_through_its_state_and_back():
    record = Record(3, 5, 2, "evt_9")
    assert Record.of(record.value()) == record
    assert Record.of(None) == Record()
    assert Record.of(record.value() | {"of_a_newer_version": 1}) == record


def test_a_change_of_the_rule_keeps_the_record():
    one = decider()
    one.update(event(), 0)
    later = Decider(attrs.evolve(one.rule, name="Renamed"), one.record, {"webhook"})
    assert fired(later, [30, 60]) == [60]


def test_each_recipient_has_a_delivery_of_its_own_and_a_rule_without_any_says_so():
    telegram = {"bot_token": "t", "chat_ids": ["1", "2", "1"]}
    one = Decider(structure(Rule, {**BODY, "delivery_methods": ["telegram", "webhook", "log"], "telegram_config": telegram}),
                  Record(), {"telegram", "webhook", "log"})
    first, second, hook, line = one.update(event(), 7 * S).deliveries
    assert (first.payload["to"], second.payload["to"]) == ("1", "2")
    assert (first.id, second.id) == (second.id[:-1] + "1", first.id[:-1] + "2")
    assert "to" not in hook.payload and "to" not in line.payload
    assert {one.payload["delivery_id"] for one in (first, second, hook, line)} == {one.id for one in (first, second, hook, line)}
    nobody = Decider(structure(Rule, {**BODY, "delivery_methods": ["telegram"],
                                      "telegram_config": {**telegram, "chat_ids": []}}), Record(), {"telegram"})
    (attempt,) = nobody.update(event(), 7 * S).hopeless
    assert attempt.error == "the rule's telegram_config names no recipient"

"""The life of an alert at work: what people say, what passes by itself, what is held back, over starts. Virtual time."""

import pytest
import trio
from alerting import ABOVE, Keeping, event, later, open_alerts, priced, rule, say, seen, settled, silence, told

from actors import Refused
from actors.testing import probe
from oracle.model import Command, Severity


async def test_acknowledged_it_still_tells_but_does_not_escalate(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(escalate_after_s=60))
        alerting.runtime.publish(event(1))
        await trio.sleep(30)
        value = await say(alerting, "acknowledge", comment="looking")
        assert (value["phase"], value["by"], value["comment"]) == ("acknowledged", "me", "looking")
        await trio.sleep(100)
        alerting.runtime.publish(event(2))
        await settled()
        assert channel.statuses == ["firing", "firing"]
        await say(alerting, "unacknowledge")
        await trio.sleep(59)
        assert seen(alerting)["phase"] == "firing"
        await trio.sleep(2)
        assert channel.statuses == ["firing", "firing", "escalated"]
        assert await told(alerting, "alert_acknowledged", "alert_unacknowledged", "alert_escalated") == [
            ("alert_acknowledged", "me"), ("alert_unacknowledged", "me"), ("alert_escalated", "")]


async def test_what_nobody_acknowledges_escalates_once_by_its_own_methods(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        tries = probe(alerting.runtime, "attempt:*")
        await alerting.wish("create", rule=rule(delivery_methods=[], escalate_after_s=60, escalate_methods=["webhook"]))
        alerting.runtime.publish(event(1))
        await trio.sleep(59.9)
        assert channel.sent == []
        await trio.sleep(300)
        (payload,) = channel.sent
        assert (payload["status"], payload["event"]["type"]) == ("escalated", "price_anomaly")
        assert payload["event"]["description"] == "Escalated (not acknowledged within 60 s): BTC-USD rose"
        assert len(tries.took()) == 1 and seen(alerting)["phase"] == "escalated"


async def test_an_escalation_that_was_due_while_nothing_ran_happens_at_the_start_and_once(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(escalate_after_s=600))
        alerting.runtime.publish(event(1))
        await settled()
    for start in (1000, 2000):
        async with open_alerts(tmp_path, channel=channel, clock=later(start)) as alerting:
            await trio.sleep(1)
            assert (channel.statuses, seen(alerting)["phase"]) == (["firing", "escalated"], "escalated")


async def test_a_timer_that_is_not_due_yet_goes_on_after_a_start(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(escalate_after_s=600))
        alerting.runtime.publish(event(1))
        await settled()
    async with open_alerts(tmp_path, channel=channel, clock=later(300)) as alerting:
        alerting.runtime.kill("rule:a")
        await trio.sleep(299)
        assert channel.statuses == ["firing"]
        await trio.sleep(2)
        assert channel.statuses == ["firing", "escalated"]


async def test_a_rule_that_was_disabled_waits_anew_when_it_is_enabled(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(escalate_after_s=60))
        alerting.runtime.publish(event(1))
        await settled()
        await alerting.wish("disable", alert_id="a")
        await trio.sleep(10_000)
        await alerting.wish("enable", alert_id="a")
        await trio.sleep(59)
        assert channel.statuses == ["firing"]
        await trio.sleep(2)
        assert channel.statuses == ["firing", "escalated"]


async def test_what_was_acknowledged_stays_so_over_a_start(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(escalate_after_s=60))
        alerting.runtime.publish(event(1))
        await say(alerting, "acknowledge", comment="mine", id="client/me/1/x")
    async with open_alerts(tmp_path, channel=channel, clock=later(1000)) as alerting:
        value = await say(alerting, "acknowledge", comment="mine", id="client/me/1/x")
        assert (value["phase"], value["comment"], channel.statuses) == ("acknowledged", "mine", ["firing"])
        assert await told(alerting, "alert_acknowledged") == [("alert_acknowledged", "me")]
        with pytest.raises(Refused) as no:
            await say(alerting, "acknowledge")
        assert no.value.code == "illegal"


async def test_a_condition_that_is_over_resolves_and_says_so_to_whom_it_was_told(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE, notify_resolved=True))
        await priced(alerting, 99, 101)
        with pytest.raises(Refused, match="still met"):
            await say(alerting, "resolve")
        await priced(alerting, 99)
        assert channel.statuses == ["firing", "resolved"]
        assert channel.sent[1]["event"]["type"] == "condition_met"
        assert (seen(alerting)["phase"], seen(alerting)["on_since_us"]) == ("inactive", None)
        await priced(alerting, 102, 103)
        assert seen(alerting)["phase"] == "firing" and channel.statuses == ["firing", "resolved", "firing"]


async def test_without_new_fields_nothing_is_told_but_what_fires(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE))
        await priced(alerting, 99, 101, 99)
        await trio.sleep(1_000)
        assert channel.statuses == ["firing"] and seen(alerting)["phase"] == "inactive"


async def test_events_are_resolved_by_hand_or_when_no_more_come(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(notify_resolved=True, resolve_after_s=60))
        alerting.runtime.publish(event(1))
        await trio.sleep(1)
        assert (await say(alerting, "resolve", comment="done"))["phase"] == "inactive"
        alerting.runtime.publish(event(2))
        await trio.sleep(50)
        alerting.runtime.publish(event(3))
        await trio.sleep(50)
        assert seen(alerting)["phase"] == "firing"
        await trio.sleep(20)
        assert channel.statuses == ["firing", "resolved", "firing", "firing", "resolved"]
        assert await told(alerting, "alert_resolved") == [("alert_resolved", "me"), ("alert_resolved", "")]


async def test_muted_it_tells_nobody_until_it_is_resolved_also_over_a_start(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        alerting.runtime.publish(event(1))
        await say(alerting, "mute")
    async with open_alerts(tmp_path, channel=channel) as alerting:
        said = probe(alerting.runtime, "event:alert_suppressed:a")
        alerting.runtime.publish(event(2))
        await settled()
        assert (channel.statuses, seen(alerting)["suppressed_by"]) == (["firing"], {"muted": 1})
        assert [(one.data["reason"], one.data["by"], one.cause) for one in said.took()] == [("muted", "me", event(2).id)]
        await say(alerting, "resolve")
        alerting.runtime.publish(event(3))
        await settled()
        assert channel.statuses == ["firing", "firing"]


async def test_a_silence_holds_back_what_it_names_counts_it_and_ends_by_time(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await silence(alerting, 100, assets=["btc"])
        said = probe(alerting.runtime, "event:alert_silenced:a")
        alerting.runtime.publish(event(1))
        alerting.runtime.publish(event(2, "ETH-USD"))
        await settled()
        assert [payload["event"]["asset"]["symbol"] for payload in channel.sent] == ["ETH"]
        (one,) = said.took()
        assert (one.data["by"], one.data["comment"], one.cause) == ("me", "works", event(1).id)
        assert (seen(alerting)["suppressed"], seen(alerting)["suppressed_by"]) == (1, {"silence": 1})
        await trio.sleep(101)
        assert alerting.board.kind("silence") == []
        alerting.runtime.publish(event(3))
        await settled()
        assert len(channel.sent) == 2


async def test_a_silence_is_there_after_a_start_and_over_when_its_time_is(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        first = await silence(alerting, 100, id="client/me/1/x", alert_id="a")
    async with open_alerts(tmp_path, channel=channel) as alerting:
        assert await silence(alerting, 100, id="client/me/1/x", alert_id="a") == first
        assert len(alerting.board.kind("silence")) == 1
        alerting.runtime.publish(event(1))
        await settled()
        assert channel.sent == []
    async with open_alerts(tmp_path, channel=channel, clock=later(1000)) as alerting:
        alerting.runtime.publish(event(2))
        await trio.sleep(1)
        assert len(channel.sent) == 1 and alerting.board.kind("silence") == []
    async with open_alerts(tmp_path, channel=channel, clock=later(2000)) as alerting:
        assert alerting.board.kind("silence") == []


async def test_a_silence_that_is_taken_away_is_gone_at_once(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        one = await silence(alerting, 100, severities=[Severity.high])
        await alerting.runtime.ask("silences", Command("delete", {"id": one["id"]}, "me"))
        alerting.runtime.publish(event(1))
        await settled()
        assert len(channel.sent) == 1
        with pytest.raises(Refused, match="no silence"):
            await alerting.runtime.ask("silences", Command("delete", {"id": one["id"]}, "me"))


async def test_a_silence_of_an_asset_holds_back_conditions_on_it_and_their_notices(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE, notify_resolved=True))
        await priced(alerting, 99, 101)
        await silence(alerting, 1000, assets=["BTC/USD"])
        await priced(alerting, 99, 101)
        assert channel.statuses == ["firing"]
        assert (seen(alerting)["phase"], seen(alerting)["suppressed_by"]) == ("firing", {"silence": 2})


async def test_at_most_so_many_an_hour_also_over_a_start(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(max_per_hour=2))
        for number in range(5):
            alerting.runtime.publish(event(number))
        await settled()
        assert (len(channel.sent), seen(alerting)["suppressed_by"]) == (2, {"max_per_hour": 3})
    async with open_alerts(tmp_path, channel=channel, clock=later(1800)) as alerting:
        alerting.runtime.publish(event(6))
        await settled()
        assert len(channel.sent) == 2
    async with open_alerts(tmp_path, channel=channel, clock=later(3601)) as alerting:
        alerting.runtime.publish(event(7))
        await settled()
        assert len(channel.sent) == 3


async def test_quiet_hours_hold_back_what_is_not_severe(tmp_path, autojump_clock):
    channel = Keeping()
    # T0 is a Tuesday, 22:13:20 UTC.
    async with open_alerts(tmp_path, channel=channel) as alerting:
        night = {"from": "22:00", "to": "07:00"}
        await alerting.wish("create", rule=rule(quiet_hours=night))
        await alerting.wish("create", rule=rule(alert_id="b", quiet_hours={**night, "min_severity": "high"}))
        alerting.runtime.publish(event(1))
        await settled()
        assert [payload["alert_id"] for payload in channel.sent] == ["b"]
        assert seen(alerting)["suppressed_by"] == {"quiet_hours": 1}
        await trio.sleep(9 * 3600)
        alerting.runtime.publish(event(2))
        await settled()
        assert [payload["alert_id"] for payload in channel.sent[1:]].count("a") == 1

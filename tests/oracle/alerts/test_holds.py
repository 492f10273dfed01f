"""What holds an alert back, and what is told once nothing does: other alerts, groups, waits; over starts. Virtual time."""

import pytest
import trio
from alerting import ABOVE, Keeping, event, later, open_alerts, priced, rule, say, seen, settled, silence, told

from actors import Refused
from actors.testing import probe
from oracle.history import Commit
from oracle.model import Command

HIGHER = {**ABOVE, "price_threshold": 110}


async def test_an_alert_tells_nobody_while_the_one_that_inhibits_it_is_active(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(inhibited_by=["root"]))
        await alerting.wish("create", rule=rule(alert_id="root", name="Root"))
        held = probe(alerting.runtime, "event:alert_inhibited:a")
        alerting.runtime.publish(event(1))  # sets off both: the one that inhibits is heard first, whatever their order
        await settled()
        assert [one["alert_name"] for one in channel.sent] == ["Root"]
        assert [(one.data["reason"], one.data["by"], one.cause) for one in held.took()] == [("inhibited", "root", event(1).id)]
        assert seen(alerting)["suppressed_by"] == {"inhibited": 1}
        await say(alerting, "acknowledge", "root")
        alerting.runtime.publish(event(2))
        await settled()
        assert seen(alerting)["suppressed_by"] == {"inhibited": 2}, "somebody looks after the cause, which is still there"
        await say(alerting, "resolve", "root")
        await alerting.wish("disable", alert_id="root")
        alerting.runtime.publish(event(3))
        await settled()
        assert channel.sent[-1]["alert_id"] == "a"


async def test_who_inhibits_is_known_after_a_start_and_does_not_count_while_it_is_disabled(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(alert_id="root"))
        alerting.runtime.publish(event(1))
        await settled()
        await alerting.wish("replace", alert_id="root", rule=rule(alert_id="root", trigger={
            "type": "watchdog_event", "event_filter": {"assets": ["ETH"]}}))  # fmt: skip
    async with open_alerts(tmp_path, channel=channel, clock=later(100)) as alerting:
        await alerting.wish("create", rule=rule(inhibited_by=["root", "nobody"]))
        alerting.runtime.publish(event(2))
        await settled()
        assert seen(alerting)["suppressed_by"] == {"inhibited": 1}
        await alerting.wish("disable", alert_id="root")
        alerting.runtime.publish(event(3))
        await settled()
        assert (seen(alerting)["suppressed"], seen(alerting)["trigger_count"]) == (1, 1)


async def test_a_condition_that_is_still_met_is_told_when_nothing_inhibits_it_any_more(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE, inhibited_by=["root"]))
        await alerting.wish("create", rule=rule(alert_id="root", trigger=HIGHER))
        await priced(alerting, 99, 120, 115)
        assert [one["alert_id"] for one in channel.sent] == ["root"]
        await priced(alerting, 105)
        assert [one["alert_id"] for one in channel.sent] == ["root", "a"], "root is over, the lower threshold is not"
        assert seen(alerting)["phase"] == "firing" and seen(alerting)["held"] is None
        await priced(alerting, 120, 99, 105)
        assert [one["alert_id"] for one in channel.sent] == ["root", "a", "root", "a"]


@pytest.mark.parametrize("verb", ["disable", "delete"])
async def test_a_condition_that_is_still_met_is_told_when_who_inhibits_it_is_gone(tmp_path, autojump_clock, verb):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE, inhibited_by=["root"]))
        await alerting.wish("create", rule=rule(alert_id="root", trigger=HIGHER))
        await priced(alerting, 99, 120)
        await alerting.wish(verb, alert_id="root")
        await settled()
        assert [one["alert_id"] for one in channel.sent] == ["root", "a"]


async def test_what_is_over_before_the_hold_is_told_nobody(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE, notify_resolved=True))
        await silence(alerting, 100, alert_id="a")
        await priced(alerting, 99, 101, 99)
        await trio.sleep(200)
        assert channel.sent == [] and seen(alerting)["held"] is None


@pytest.mark.parametrize("how", ["it ends", "it is taken away", "over a start"])
async def test_a_condition_that_is_still_met_is_told_when_its_silence_is_over(tmp_path, autojump_clock, how):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE))
        one = await silence(alerting, 100, alert_id="a")
        await priced(alerting, 99, 101)
        assert channel.sent == [] and seen(alerting)["phase"] == "firing"
        if how == "it ends":
            await trio.sleep(101)
        elif how == "it is taken away":
            await alerting.runtime.ask("silences", Command("delete", {"id": one["id"]}, "me"))
            await settled()
        if how != "over a start":
            assert channel.statuses == ["firing"]
    async with open_alerts(tmp_path, channel=channel, conditions=True, clock=later(1_000)) as alerting:
        await trio.sleep(1)
        assert channel.statuses == ["firing"] and seen(alerting)["trigger_count"] == 1


async def test_a_condition_that_is_met_in_a_cooldown_is_told_at_its_end(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE, cooldown_seconds=60))
        await priced(alerting, 99, 101, 99, 102)
        assert len(channel.sent) == 1
        await trio.sleep(70)
        assert len(channel.sent) == 2 and seen(alerting)["suppressed_by"] == {"cooldown": 1}
        await trio.sleep(1_000)
        assert len(channel.sent) == 2, "once is enough"


async def test_alerts_can_not_inhibit_each_other_in_a_circle(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        with pytest.raises(Refused, match="inhibit itself") as no:
            await alerting.wish("create", rule=rule(inhibited_by=["a"]))
        assert (no.value.code, no.value.details) == ("circle", {"place": "inhibited_by"})
        await alerting.wish("create", rule=rule(inhibited_by=["b"]))
        await alerting.wish("create", rule=rule(alert_id="b", inhibited_by=["c"]))
        with pytest.raises(Refused, match="inhibit itself, by a and b"):
            await alerting.wish("create", rule=rule(alert_id="c", inhibited_by=["a"]))
        await alerting.wish("create", rule=rule(alert_id="c"))
        with pytest.raises(Refused, match="inhibit itself"):
            await alerting.wish("replace", alert_id="c", rule=rule(alert_id="c", inhibited_by=["x", "b"]))


async def test_each_group_cools_down_for_itself_also_over_a_start(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(cooldown_seconds=60, group_by=["asset"]))
        for number, symbol in enumerate(["BTC-USD", "ETH-USD", "BTC-USD", "ETH-USD", "SOL-USD"]):
            alerting.runtime.publish(event(number, symbol))
        await settled()
        assert [one["event"]["asset"]["symbol"] for one in channel.sent] == ["BTC", "ETH", "SOL"]
    async with open_alerts(tmp_path, channel=channel, clock=later(30)) as alerting:
        alerting.runtime.publish(event(6, "ETH-USD"))
        alerting.runtime.publish(event(7, "ADA-USD"))
        await trio.sleep(31)
        alerting.runtime.publish(event(8, "ETH-USD"))
        await settled()
        assert [one["event"]["asset"]["symbol"] for one in channel.sent[3:]] == ["ADA", "ETH"]
        assert seen(alerting)["suppressed_by"] == {"cooldown": 3}


async def test_what_comes_together_is_told_in_one_notice(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(cooldown_seconds=60, group_by=["kind"], group_wait_s=10))
        fired = probe(alerting.runtime, "event:alert_fired:a")
        for number in range(25):
            alerting.runtime.publish(event(number, "BTC-USD" if number % 2 else "ETH-USD"))
        alerting.runtime.publish(event(30, kind="whale_movement"))
        await trio.sleep(9)
        assert channel.sent == [] and seen(alerting)["phase"] == "firing"
        await trio.sleep(2)
        first, second = sorted((one["group"] for one in channel.sent), key=lambda group: -group["count"])
        assert (first["by"], first["count"], len(first["events"])) == ({"kind": "price_anomaly"}, 25, 20)
        assert (second["by"], second["count"]) == ({"kind": "whale_movement"}, 1)
        assert first["events"][1]["asset"]["symbol"] == "BTC"
        assert [one.data["began"] for one in fired.took()] == [True, False]
        alerting.runtime.publish(event(40))
        await trio.sleep(20)
        assert len(channel.sent) == 2, "told a moment ago"


async def test_what_is_gathered_is_told_once_after_a_start(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(group_wait_s=10))
        alerting.runtime.publish(event(1))
        alerting.runtime.publish(event(2))
        await trio.sleep(1)
        await alerting.runtime.ask("history", Commit(()))
    for start in (100, 200):
        async with open_alerts(tmp_path, channel=channel, clock=later(start)):
            await trio.sleep(1)
        assert [one["group"]["count"] for one in channel.sent] == [2]


async def test_what_is_resolved_before_it_was_told_is_counted_and_told_nobody(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(group_wait_s=10, notify_resolved=True))
        alerting.runtime.publish(event(1))
        await settled()
        await say(alerting, "resolve")
        await trio.sleep(20)
        assert channel.sent == [] and seen(alerting)["suppressed_by"] == {"over": 1}


async def test_a_wait_is_a_phase_that_is_there_after_a_start(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger={**ABOVE, "for_s": 60}))
        await priced(alerting, 99, 101, 102)
        assert seen(alerting)["phase"] == "pending"
        with pytest.raises(Refused, match="allowed: nothing"):
            await say(alerting, "acknowledge")
    async with open_alerts(tmp_path, channel=channel, conditions=True, clock=later(20)) as alerting:
        assert seen(alerting)["phase"] == "pending"
        await priced(alerting, 103)
        await trio.sleep(58)
        assert channel.sent == [], "nobody watched for a while, so the wait began anew"
        await trio.sleep(2)
        assert channel.statuses == ["firing"] and seen(alerting)["phase"] == "firing"
        assert [kind for kind, _ in await told(alerting, "alert_pending", "alert_lapsed", "alert_fired")] == [
            "alert_pending", "alert_fired"]


async def test_a_wait_that_lapses_is_told_nobody(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger={**ABOVE, "for_s": 60}, notify_resolved=True))
        await priced(alerting, 99, 101, 102, 99)
        assert seen(alerting)["phase"] == "inactive" and channel.sent == []
        assert [kind for kind, _ in await told(alerting, "alert_pending", "alert_lapsed")] == ["alert_pending", "alert_lapsed"]
        await priced(alerting, 101, 102)
        await alerting.wish("replace", alert_id="a", rule=rule())
        await settled()
        assert seen(alerting)["phase"] == "inactive", "the rule waits for nothing any more"



async def test_who_inhibits_is_met_first_where_one_price_sets_off_both(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger={**ABOVE, "price_threshold": 90}, inhibited_by=["root"]))
        await alerting.wish("create", rule=rule(alert_id="root", trigger=ABOVE))
        await priced(alerting, 50, 101)
        assert [one["alert_id"] for one in channel.sent] == ["root"]


async def test_a_hold_that_ended_while_the_rule_was_off_is_seen_when_it_is_on_again(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE))
        one = await silence(alerting, 36_000, alert_id="a")
        await priced(alerting, 99, 101)
        await alerting.wish("disable", alert_id="a")
        await alerting.runtime.ask("silences", Command("delete", {"id": one["id"]}, "me"))
        await alerting.wish("enable", alert_id="a")
        await settled()
        assert channel.statuses == ["firing"]


async def test_what_is_held_is_told_also_if_somebody_has_muted_it_for_a_while(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE))
        await silence(alerting, 100, alert_id="a")
        await priced(alerting, 99, 101)
        await say(alerting, "mute")
        await trio.sleep(200)
        assert channel.sent == []
        await say(alerting, "unacknowledge")
        await settled()
        assert channel.statuses == ["firing"]


async def test_a_rule_with_another_trigger_begins_anew(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE))
        await priced(alerting, 99, 101)
        await alerting.wish("replace", alert_id="a", rule=rule())
        await say(alerting, "resolve")
        await alerting.wish("disable", alert_id="a")
        await alerting.wish("replace", alert_id="a", rule=rule(trigger=ABOVE | {"price_threshold": 95}))
        await trio.sleep(0.1)
        assert channel.statuses == ["firing", "firing"] and seen(alerting)["phase"] == "firing"


async def test_a_rule_that_is_made_while_its_condition_holds_is_met_at_once(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(alert_id="other", trigger={**ABOVE, "symbol": "ETH"}))
        await priced(alerting, 101)
        await alerting.wish("create", rule=rule(trigger=ABOVE))  # of a topic that nobody listened to until now
        await trio.sleep(0.1)
        assert channel.statuses == ["firing"]

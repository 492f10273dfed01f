"""Rules with conditions at work: from a price to what is sent, over changes of the rule and over starts."""

import attrs
import trio
from alerting import ABOVE, T0_US, Keeping, open_alerts, priced, rule

from actors import trio_clock, wall_clock
from actors.testing import probe
from oracle.alerts.conditions import Conditions
from oracle.alerts.terms import terms_of
from oracle.alerts.trigger import CONDITIONS
from oracle.alerts.wishes import OneOfMany, Settle
from oracle.backtest import Ask, Job
from oracle.history import Commit, Queries, Tape
from oracle.history.lines import Lines
from oracle.model import Command, Trade
from oracle.watchdogs.actor import BEGAN, Ready

LATER_US = T0_US + 60_000_000

async def test_a_price_over_its_threshold_is_told_once_until_it_was_back(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE))
        fired = probe(alerting.runtime, "event:alert_fired:*")
        await priced(alerting, 99, 101, 102, 101)
        assert len(channel.sent) == 1 and alerting.board.get("alert:a")["on_since_us"] is not None
        await priced(alerting, 99)
        assert alerting.board.get("alert:a")["on_since_us"] is None
        await priced(alerting, 101)
        assert (len(channel.sent), alerting.board.get("alert:a")["trigger_count"]) == (2, 2)
        (first, second) = fired.took()
        assert first.summary == 'Big moves: price("BTC-USD") > 100 (101 and 100)'
        assert first.data["event_kind"] == "condition_met" and first.id != second.id


async def test_a_rule_that_is_changed_or_switched_off_is_looked_at_as_it_is(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE))
        await priced(alerting, 99)
        await alerting.wish("replace", alert_id="a", rule=rule(trigger={**ABOVE, "price_threshold": 200}))
        await priced(alerting, 101)
        assert channel.sent == []
        await priced(alerting, 201)
        assert len(channel.sent) == 1
        await alerting.wish("disable", alert_id="a")
        await priced(alerting, 99, 300)
        assert len(channel.sent) == 1
        await alerting.wish("enable", alert_id="a")
        await priced(alerting, 301)
        assert len(channel.sent) == 1, "it was met all the while"
        await priced(alerting, 99, 300)
        assert len(channel.sent) == 2


async def test_another_rule_with_a_condition_changes_nothing_for_this_one(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger={**ABOVE, "for_s": 5}))
        await priced(alerting, 99, 101)
        await alerting.wish("create", rule=rule(alert_id="b", trigger={**ABOVE, "price_threshold": 1000}))
        await trio.sleep(3.5)
        assert len(channel.sent) == 0
        await trio.sleep(1)
        assert len(channel.sent) == 1, "five seconds after the price, although the conditions began anew meanwhile"


async def looked_at(alerting):
    return sorted((await alerting.runtime.ask(CONDITIONS, Ready())).rules)


async def test_many_rules_are_looked_at_together_once_somebody_says_that_these_were_all(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, channel=Keeping(), conditions=True) as alerting:
        begun = probe(alerting.runtime, f"event:{BEGAN}:*")
        for ident in "cab":
            await alerting.runtime.ask("alerts", OneOfMany(Command("create", {"rule": rule(alert_id=ident, trigger=ABOVE)})))
        assert begun.took() == []
        await alerting.runtime.ask("alerts", Settle())
        assert len(begun.took()) == 1 and await looked_at(alerting) == ["a", "b", "c"]
        await alerting.runtime.ask("alerts", Settle())
        await alerting.runtime.ask("alerts", OneOfMany(Command("delete", {"alert_id": "a"})))
        assert begun.took() == []
        await alerting.wish("disable", alert_id="b")
        assert len(begun.took()) == 1 and await looked_at(alerting) == ["c"], "one by itself is at work when it is answered"


async def test_what_nobody_said_to_be_all_is_at_work_a_second_later(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, channel=Keeping(), conditions=True) as alerting:
        for ident in "ab":
            await alerting.runtime.ask("alerts", OneOfMany(Command("create", {"rule": rule(alert_id=ident, trigger=ABOVE)})))
            await trio.sleep(0.9)
        assert await looked_at(alerting) == []
        await trio.sleep(0.2)
        assert await looked_at(alerting) == ["a", "b"]


async def test_a_desk_that_ends_before_that_puts_it_to_work_in_its_next_life(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, channel=Keeping(), conditions=True) as alerting:
        await alerting.runtime.ask("alerts", OneOfMany(Command("create", {"rule": rule(trigger=ABOVE)})))
        assert await looked_at(alerting) == []
        alerting.runtime.kill("alerts")
        await trio.sleep(0.1)
        assert await looked_at(alerting) == ["a"]


async def test_what_was_met_is_not_told_again_at_a_start_and_is_over_when_it_is(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger=ABOVE))
        await priced(alerting, 99, 101)
    async with open_alerts(tmp_path, channel=channel, conditions=True, clock=trio_clock(LATER_US)) as alerting:
        await priced(alerting, 102)
        assert len(channel.sent) == 1
        await priced(alerting, 99)
        assert alerting.board.get("alert:a")["on_since_us"] is None
        await priced(alerting, 103)
        assert len(channel.sent) == 2


async def test_a_crossing_while_nothing_ran_is_found_at_the_first_price(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel, conditions=True) as alerting:
        await alerting.wish("create", rule=rule(trigger={**ABOVE, "direction": "crosses"}))
        await priced(alerting, 99)
    async with open_alerts(tmp_path, channel=channel, conditions=True, clock=trio_clock(LATER_US)) as alerting:
        await priced(alerting, 101)
        assert len(channel.sent) == 1


async def test_a_replay_finds_what_was_found_live(tmp_path):
    """In real time: the worker is a process of its own."""
    triggers = {
        "above": ABOVE, "crosses": {**ABOVE, "direction": "crosses", "hysteresis_pct": 1}, "held": {**ABOVE, "for_s": 1},
        "words": {"type": "custom_condition",
                  "condition": 'price("BTC-USD") > avg("BTC-USD", "1s") or absent("trade:BTC-USD", "1s")'},
    }  # fmt: skip
    async with open_alerts(tmp_path, channel=Keeping(), conditions=True, clock=wall_clock) as alerting:
        for name, trigger in triggers.items():
            await alerting.wish("create", rule=rule(alert_id=name, trigger=trigger))
        heard = probe(alerting.runtime, "event:condition_met:*")
        from_us = alerting.runtime.now_us()
        for price in (99, 101, 99, 103, 104, 105, 98, 101, 102, 110):
            now_us = alerting.runtime.now_us()
            alerting.runtime.publish(Trade("BTC-USD", float(price), 1.0, "buy", str(now_us), now_us, "test"))
            await trio.sleep(0.03)
        await trio.sleep(1.5)
        await alerting.runtime.ask("history", Commit(()))
        live = [one.id for one in heard.took()]
        terms = {name: terms_of(rule(trigger=trigger).trigger) for name, trigger in triggers.items()}
        table = {"rules": {name: attrs.asdict(one) for name, one in terms.items()}}
        chosen = {CONDITIONS: ("", table, lambda: Conditions(terms))}
        ask = Ask(chosen, from_us, alerting.runtime.now_us(), frozenset(chosen))
        verdict = await Job(Queries(alerting.store), Tape(alerting.store), Lines(alerting.store), ask).run()
    assert verdict.crashed == {} and len(live) > 5
    assert [one.id for one in verdict.events if one.kind == "condition_met"] == live

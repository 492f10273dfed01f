"""What was stored and not handled when a process ended sets its rules off at the next start, once."""

import trio
from alerting import ABOVE, T0_US, Keeping, event, open_alerts, rule

from actors import Published, trio_clock
from oracle.alerts.trigger import CONDITIONS, MET
from oracle.alerts.unheard import Heard, after
from oracle.history import Commit

LATER_US = T0_US + 60_000_000
ETHER = {"type": "watchdog_event", "event_filter": {"assets": ["ETH"]}}


async def test_an_event_that_no_rule_heard_is_fired_on_at_the_next_start_and_once(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await trio.sleep(1)
        alerting.runtime.publish(event(1))
        await trio.sleep(1)
        await alerting.runtime.remove("rule:a")  # as if the process ended before the rule came to it
        alerting.runtime.publish(event(2))
        await alerting.runtime.ask("history", Commit(()))
        await trio.sleep(1)
        assert channel.events == [event(1).id]
    for start in (1, 2, 3):
        async with open_alerts(tmp_path, channel=channel, clock=trio_clock(T0_US + start * 60_000_000)) as alerting:
            await trio.sleep(5)
            assert sorted(channel.events) == sorted([event(1).id, event(2).id])
            assert alerting.board.get("alert:a")["trigger_count"] == 2


async def test_a_rule_that_came_later_fires_on_nothing_of_before(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        alerting.runtime.publish(event(1))
        await trio.sleep(1)
        await alerting.wish("create", rule=rule())
        await alerting.runtime.ask("history", Commit(()))
    async with open_alerts(tmp_path, channel=channel, clock=trio_clock(LATER_US)) as alerting:
        await alerting.wish("create", rule=rule(alert_id="b"))
        await trio.sleep(5)
        assert channel.events == []


async def test_each_rule_takes_what_may_set_it_off_and_nothing_else(tmp_path, autojump_clock):
    channel = Keeping()
    met = event(3, subject="met", kind=MET, source=CONDITIONS)
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await alerting.wish("create", rule=rule(alert_id="ether", trigger=ETHER))
        for ident in ("met", "other"):
            await alerting.wish("create", rule=rule(alert_id=ident, trigger=ABOVE))
        await trio.sleep(1)
        for ident in ("a", "ether", "met", "other"):  # as if the process ended before they came to it
            await alerting.runtime.remove(f"rule:{ident}")
        ether = event(4, "ETH-USD")
        for one in (event(1), event(2, source="rule:a"), met, ether):
            alerting.runtime.publish(one)
        await alerting.runtime.ask("history", Commit(()))
    async with open_alerts(tmp_path, channel=channel, clock=trio_clock(LATER_US)) as alerting:
        await trio.sleep(5)
        handled = {ident: alerting.board.get(f"alert:{ident}") for ident in ("a", "ether", "met", "other")}
        assert [value and value["last_event_id"] for value in handled.values()] == [ether.id, ether.id, met.id, None]
        assert sorted(channel.events) == sorted([event(1).id, ether.id, ether.id, met.id])


def runs(**offsets):
    return {epoch: [Heard(epoch, Published(one, one * 10, "", event())) for one in found] for epoch, found in offsets.items()}


def places(found):
    return [(one.epoch, one.published.offset) for one in found]


def test_what_comes_after_a_place():
    events = runs(a=[3, 7], b=[1, 4])
    every = [("a", 3), ("a", 7), ("b", 1), ("b", 4)]
    assert places(after(events, None, 0)) == every
    assert places(after(events, ("a", 3), 0)) == every[1:]
    assert places(after(events, ("a", 5), 0)) == every[1:]
    assert places(after(events, ("a", 9), 0)) == every[2:]
    assert places(after(events, ("b", 0), 0)) == every[2:]
    assert places(after(events, ("b", 4), 0)) == []
    assert places(after(events, ("older", 4), 0)) == every
    assert places(after(events, None, 30)) == every[1:2] + every[3:]
    assert places(after(events, ("a", 3), 10)) == [("a", 7), ("b", 4)]

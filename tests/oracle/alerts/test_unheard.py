"""What was stored and not handled when a process ended sets its rules off at the next start, once."""

import attrs
import trio
from alerting import T0_US, event, open_alerts, rule

from actors import Published, trio_clock
from oracle.alerts.unheard import Heard, after
from oracle.history import Commit

LATER_US = T0_US + 60_000_000


@attrs.define
class Counting:
    """A channel that takes everything."""

    sent: list = attrs.field(factory=list)

    async def send(self, delivery, rule, tools):
        self.sent.append(delivery.event_id)
        await trio.lowlevel.checkpoint()
        return 200


async def test_an_event_that_no_rule_heard_is_fired_on_at_the_next_start_and_once(tmp_path, autojump_clock):
    channel = Counting()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await trio.sleep(1)
        alerting.runtime.publish(event(1))
        await trio.sleep(1)
        await alerting.runtime.remove("rule:a")  # as if the process ended before the rule came to it
        alerting.runtime.publish(event(2))
        await alerting.runtime.ask("history", Commit(()))
        await trio.sleep(1)
        assert channel.sent == [event(1).id]
    for start in (1, 2, 3):
        async with open_alerts(tmp_path, channel=channel, clock=trio_clock(T0_US + start * 60_000_000)) as alerting:
            await trio.sleep(5)
            assert sorted(channel.sent) == sorted([event(1).id, event(2).id])
            assert alerting.board.get("alert:a")["trigger_count"] == 2


async def test_a_rule_that_came_later_fires_on_nothing_of_before(tmp_path, autojump_clock):
    channel = Counting()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        alerting.runtime.publish(event(1))
        await trio.sleep(1)
        await alerting.wish("create", rule=rule())
        await alerting.runtime.ask("history", Commit(()))
    async with open_alerts(tmp_path, channel=channel, clock=trio_clock(LATER_US)) as alerting:
        await alerting.wish("create", rule=rule(alert_id="b"))
        await trio.sleep(5)
        assert channel.sent == []


def heard(*places):
    return [Heard(epoch, Published(offset, offset * 10, "", None)) for epoch, offset in places]


def test_what_comes_after_a_place():
    events = heard(("a", 3), ("a", 7), ("b", 1), ("b", 4))
    assert after(events, None, 0) == events
    assert after(events, ("a", 3), 0) == events[1:]
    assert after(events, ("a", 5), 0) == events[1:]
    assert after(events, ("a", 9), 0) == events[2:]
    assert after(events, ("b", 0), 0) == events[2:]
    assert after(events, ("b", 4), 0) == []
    assert after(events, ("older", 4), 0) == events
    assert after(events, None, 30) == events[1:2] + events[3:]

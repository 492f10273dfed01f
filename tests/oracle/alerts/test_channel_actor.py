"""The channel's actor: tries, waits, records, and never forgets what is owed. Virtual time."""

from itertools import pairwise

import attrs
import pytest
import trio
from alerting import event, open_alerts, rule

from actors.testing import probe
from oracle.alerts import outbox as limits
from oracle.alerts.sending import DeliveryFailed
from oracle.history import Store
from oracle.settings import Alerts


@attrs.define
class Scripted:
    """A channel that answers by a list: statuses, failures to raise, or events to wait for; then 200 for ever."""

    answers: list = attrs.field(factory=list)
    sent: list = attrs.field(factory=list)

    async def send(self, delivery, rule, tools):
        self.sent.append((delivery.id, trio.current_time()))
        answer = self.answers.pop(0) if self.answers else 200
        await trio.lowlevel.checkpoint()
        match answer:
            case Exception():
                raise answer
            case trio.Event():
                await answer.wait()
                return 200
        return answer


def retry(after_s=None):
    return DeliveryFailed("the receiver answered 500", final=False, status=500, retry_after_s=after_s)


async def fire(alerting, *events):
    for one in events:
        alerting.runtime.publish(one)
    await settled()


async def settled():
    await trio.testing.wait_all_tasks_blocked()


async def test_a_delivery_is_carried_once_and_recorded(tmp_path, autojump_clock):
    channel = Scripted()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        tries = probe(alerting.runtime, "attempt:*")
        await alerting.wish("create", rule=rule())
        await fire(alerting, event())
        ((ident, _),) = channel.sent
        (attempt,) = tries.took()
        assert (attempt.delivery_id, attempt.number, attempt.outcome, attempt.status) == (ident, 1, "delivered", 200)
        assert alerting.store.pending_deliveries() == []


async def test_failures_are_retried_with_growing_waits_and_the_same_id(tmp_path, autojump_clock):
    channel = Scripted([retry(), retry(), retry()])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        tries = probe(alerting.runtime, "attempt:*")
        await alerting.wish("create", rule=rule())
        await fire(alerting, event())
        await trio.sleep(20)
        times = [at for _, at in channel.sent]
        waits = [later - sooner for sooner, later in pairwise(times)]
        assert len({ident for ident, _ in channel.sent}) == 1
        assert [full / 2 <= wait <= full for full, wait in zip((1, 2, 4), waits, strict=True)] == [True] * 3
        assert [(a.number, a.outcome) for a in tries.took()] == [
            (1, "retry"), (2, "retry"), (3, "retry"), (4, "delivered")]


async def test_retry_after_is_honoured(tmp_path, autojump_clock):
    channel = Scripted([retry(after_s=120.0)])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await fire(alerting, event())
        await trio.sleep(119)
        assert len(channel.sent) == 1
        await trio.sleep(2)
        assert len(channel.sent) == 2


async def test_it_gives_up_after_its_tries(tmp_path, autojump_clock):
    channel = Scripted([retry() for _ in range(99)])
    async with open_alerts(tmp_path, channel=channel, settings=Alerts(attempts=3)) as alerting:
        await alerting.wish("create", rule=rule())
        await fire(alerting, event())
        await trio.sleep(1000)
        assert (await alerting.attempts()) == [
            (1, "retry", 500, "the receiver answered 500"), (2, "retry", 500, "the receiver answered 500"),
            (3, "failed", 500, "the receiver answered 500")]
        assert alerting.store.pending_deliveries() == []


async def test_a_final_failure_is_not_retried(tmp_path, autojump_clock):
    channel = Scripted([DeliveryFailed("the receiver answered 410", final=True, status=410)])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await fire(alerting, event())
        await trio.sleep(1000)
        assert (await alerting.attempts()) == [(1, "failed", 410, "the receiver answered 410")]


async def test_a_slow_receiver_holds_up_no_other_and_not_the_mailbox(tmp_path, autojump_clock):
    stuck = [trio.Event() for _ in range(limits.MOST_PER_RULE)]
    channel = Scripted(list(stuck))
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(alert_id="slow"))
        await fire(alerting, *map(event, range(6)))
        assert len(channel.sent) == limits.MOST_PER_RULE
        await alerting.wish("disable", alert_id="slow")
        await alerting.wish("create", rule=rule(alert_id="fast"))
        await fire(alerting, event(9))
        assert len(channel.sent) == limits.MOST_PER_RULE + 1
        for one in stuck:
            one.set()
        await settled()
        assert len(channel.sent) == 7


async def test_deliveries_of_a_deleted_rule_are_cancelled(tmp_path, autojump_clock):
    channel = Scripted([retry()])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await fire(alerting, event())
        await alerting.wish("delete", alert_id="a")
        await trio.sleep(10)
        assert len(channel.sent) == 1
        assert (await alerting.attempts())[-1] == (2, "cancelled", 0, "the rule was deleted")


async def test_a_corrected_rule_is_used_by_the_next_try(tmp_path, autojump_clock):
    seen = []

    @attrs.define
    class Watching(Scripted):
        async def send(self, delivery, rule, tools):
            seen.append(rule.webhook_config.url)
            return await super().send(delivery, rule, tools)

    async with open_alerts(tmp_path, channel=Watching([retry()])) as alerting:
        await alerting.wish("create", rule=rule())
        await fire(alerting, event())
        await alerting.wish("replace", alert_id="a", rule=rule(webhook_config={"url": "http://127.0.0.1:2/"}))
        await trio.sleep(10)
    assert seen == ["http://127.0.0.1:1/", "http://127.0.0.1:2/"]


async def test_a_killed_channel_sends_what_was_on_the_way_again(tmp_path, autojump_clock):
    channel = Scripted([trio.Event()])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await fire(alerting, event(1), event(2))
        alerting.runtime.kill("channel:webhook")
        await trio.sleep(5)
        assert alerting.store.pending_deliveries() == []
        first, again, second = [ident for ident, _ in channel.sent]
        assert first == again != second


async def test_an_orderly_stop_lets_what_is_on_the_way_arrive(tmp_path, autojump_clock):
    door = trio.Event()
    channel = Scripted([door])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await fire(alerting, event())
        alerting.runtime.timers.after(0.2, door.set)
    store = Store(tmp_path)
    store.open()
    assert store.pending_deliveries() == []
    store.close()


async def test_what_is_still_owed_at_a_start_is_sent_with_the_same_id_and_counts_on(tmp_path, autojump_clock):
    channel = Scripted([retry(), *[trio.Event()] * 9])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await fire(alerting, event())
        await trio.sleep(2)
    first = {ident for ident, _ in channel.sent}
    again = Scripted()
    async with open_alerts(tmp_path, channel=again) as alerting:
        tries = probe(alerting.runtime, "attempt:*")
        await settled()
        assert {ident for ident, _ in again.sent} == first
        assert [(a.number, a.outcome) for a in tries.took()] in ([], [(2, "delivered")])
        assert (await alerting.attempts())[-1][:2] == (2, "delivered")


async def test_a_full_outbox_writes_off_the_oldest_and_says_so(tmp_path, autojump_clock, monkeypatch):
    monkeypatch.setattr(limits, "MOST_WAITING", 3)
    channel = Scripted([trio.Event() for _ in range(9)])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        tries = probe(alerting.runtime, "attempt:*")
        await alerting.wish("create", rule=rule())
        await fire(alerting, *map(event, range(4)))
        alerting.runtime.kill("channel:webhook")
        await trio.sleep(1)
        assert [(a.outcome, a.error) for a in tries.took()] == [
            ("failed", "gave up: too many deliveries were waiting")]


@pytest.mark.parametrize("name", ["channels", "channel:webhook"])
async def test_what_is_owed_while_nobody_takes_it_is_sent_once_somebody_does(tmp_path, autojump_clock, name):
    channel = Scripted([trio.Event()])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await fire(alerting, event(1))
        alerting.runtime.restart(name)  # this life ends, but first waits for what is on the way
        fired = probe(alerting.runtime, "event:alert_fired:*")
        alerting.runtime.publish(event(2))
        await fired.next()
        assert (len(channel.sent), alerting.runtime.node(name).restarts) == (1, 0)
        await trio.sleep(30)
        first, again, second = [ident for ident, _ in channel.sent]
        assert first == again != second
        assert alerting.store.pending_deliveries() == []


async def test_what_is_owed_while_a_channel_has_failed_for_good_is_sent_once_it_is_restarted(tmp_path, autojump_clock):
    channel = Scripted([ZeroDivisionError()] * 6)
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await fire(alerting, event(1))
        await trio.sleep(30)
        assert not alerting.runtime.alive("channel:webhook")
        await fire(alerting, *map(event, range(2, 20)))
        alerting.runtime.restart("channels")
        await trio.sleep(30)
        assert len({ident for ident, _ in channel.sent}) == 19
        assert alerting.store.pending_deliveries() == []


@pytest.mark.parametrize("end", ["kill", "restart"])
async def test_ending_all_channels_at_any_moment_loses_nothing(tmp_path, autojump_clock, end):
    for moment in range(12):  # scheduler turns after the event: before, in and after the commit, the hand-off and the send
        channel = Scripted([retry()])
        async with open_alerts(tmp_path / str(moment), channel=channel) as alerting:
            await alerting.wish("create", rule=rule())
            alerting.runtime.publish(event())
            for _ in range(moment):
                await trio.lowlevel.checkpoint()
            getattr(alerting.runtime, end)("channels")
            await trio.sleep(30)
            assert len({ident for ident, _ in channel.sent}) == 1
            assert alerting.store.pending_deliveries() == []


# ---- a far end that is gone for good


def gone():
    return DeliveryFailed("the receiver answered 410", final=True, status=410, gone=True)


async def test_who_is_gone_disables_the_rule_before_the_verdict_is_recorded(tmp_path, autojump_clock):
    channel = Scripted([gone()])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        said = probe(alerting.runtime, "event:rule_disabled:*")
        await alerting.wish("create", rule=rule())
        await fire(alerting, event(1))
        (told,) = said.took()
        assert told.data == {
            "by": "channel:webhook",
            "why": "the receiver answered 410 to a delivery by webhook: it is gone for good"}
        assert alerting.board.get("rule:a")["enabled"] is False
        assert not alerting.runtime.alive("rule:a")
        assert await alerting.attempts() == [(1, "failed", 410, "the receiver answered 410")]
        await alerting.wish("enable", alert_id="a")
        await fire(alerting, event(2))
        assert len(channel.sent) == 2 and alerting.board.get("rule:a")["enabled"] is True


async def test_where_it_can_not_be_disabled_now_it_is_asked_again(tmp_path, autojump_clock):
    channel = Scripted([gone(), gone()])
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        await alerting.runtime.remove("alerts")
        await fire(alerting, event())
        await trio.sleep(1.5)
        assert [attempt[:3] for attempt in await alerting.attempts()][:1] == [(1, "retry", 410)]
        assert alerting.board.get("rule:a")["enabled"] is True

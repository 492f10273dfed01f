"""The actor of a rule: nothing is sent that was not committed, and nothing committed is forgotten. Virtual time."""

import trio
from alerting import Keeping, event, open_alerts, rule

from actors import Actor, Refused
from actors.testing import probe
from oracle.model import Delivery, State

DOWN = Refused("disk full", code="unavailable")


class Notebook(Actor):
    """A history in memory. `answers`: an exception is raised, `None` stores and never answers, else it stores."""

    def __init__(self, rows, answers):
        self.rows = rows
        self.answers = answers

    def receive(self, commit):
        owes = any(isinstance(one, Delivery) for one in commit.messages)
        answer = self.answers.pop(0) if self.answers and owes else True
        if isinstance(answer, Exception):
            raise answer
        self.rows.extend(commit.messages)
        if answer is None:
            self.reply_later()


async def settled():
    await trio.testing.wait_all_tasks_blocked()


async def test_the_order_is_commit_board_event_channel(tmp_path, autojump_clock):
    order = []

    class Watching(Notebook):
        def receive(self, commit):
            order.append("commit " + " ".join(type(one).__name__ for one in commit.messages))

    async with open_alerts(tmp_path, channel=Keeping(), history=lambda: Watching([], [])) as alerting:
        await alerting.wish("create", rule=rule())
        order.clear()
        alerting.runtime.listen("state:alert:*", lambda p: order.append("board"))
        alerting.runtime.listen("event:alert_fired:*", lambda p: order.append("event"))
        alerting.runtime.listen("attempt:*", lambda p: order.append("sent"))
        alerting.runtime.publish(event())
        await settled()
    assert order == ["commit State Delivery", "board", "event", "commit Attempt", "sent"]


async def test_a_firing_waits_for_the_history_however_long_it_takes(tmp_path, autojump_clock):
    channel, rows = Keeping(), []
    async with open_alerts(tmp_path, channel=channel, history=lambda: Notebook(rows, [DOWN] * 20)) as alerting:
        await alerting.wish("create", rule=rule())
        alerting.runtime.publish(event())
        await trio.sleep(10)
        assert channel.ids == []
        await trio.sleep(100)
        assert len(channel.ids) == 1
        assert alerting.board.get("alert:a")["trigger_count"] == 1


async def test_an_answer_that_was_lost_does_not_send_twice(tmp_path, autojump_clock):
    channel, rows = Keeping(), []
    async with open_alerts(tmp_path, channel=channel, history=lambda: Notebook(rows, [None])) as alerting:
        await alerting.wish("create", rule=rule())
        alerting.runtime.publish(event())
        await trio.sleep(60)
        assert len(channel.ids) == 1
        assert len({one.id for one in rows if isinstance(one, Delivery)}) == 1


async def test_a_rule_killed_between_commit_and_send_sends_in_its_next_life(tmp_path, autojump_clock):
    channel, rows = Keeping(), []
    async with open_alerts(tmp_path, channel=channel, history=lambda: Notebook(rows, [None])) as alerting:
        fired = probe(alerting.runtime, "event:alert_fired:*")
        await alerting.wish("create", rule=rule())
        alerting.runtime.publish(event(1))
        await settled()
        alerting.runtime.publish(event(2))
        alerting.runtime.kill("rule:a")
        await trio.sleep(1)
        assert [one.cause for one in fired.took()] == [event(1).id, event(2).id]
        assert len(channel.ids) == 2
        assert alerting.board.get("alert:a")["trigger_count"] == 2


async def test_what_can_never_be_stored_goes_to_the_dead_letters_and_the_rule_goes_on(tmp_path, autojump_clock):
    channel, unfit = Keeping(), Refused("no text", code="invalid")
    async with open_alerts(tmp_path, channel=channel, history=lambda: Notebook([], [unfit])) as alerting:
        dead = probe(alerting.runtime, "dead:rule:a")
        await alerting.wish("create", rule=rule())
        alerting.runtime.publish(event(1))
        alerting.runtime.publish(event(2))
        await settled()
        assert [letter.message for letter in dead.took()] == [event(1)]
        assert len(channel.ids) == 1
        assert alerting.runtime.node("rule:a").restarts == 0


async def test_the_cooldown_survives_a_kill_and_a_restart_and_a_replace(tmp_path, autojump_clock):
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule(cooldown_seconds=60))
        alerting.runtime.publish(event(1))
        await trio.sleep(10)
        alerting.runtime.kill("rule:a")
        await trio.sleep(10)
        alerting.runtime.publish(event(2))
        await alerting.wish("replace", alert_id="a", rule=rule(cooldown_seconds=60, name="x"))
        alerting.runtime.publish(event(3))
        await settled()
        assert len(channel.ids) == 1
        assert alerting.board.get("alert:a")["suppressed"] == 2
    again = Keeping()
    async with open_alerts(tmp_path, channel=again) as alerting:
        alerting.runtime.publish(event(4))
        await trio.sleep(30)
        assert again.ids == []
        record = alerting.board.get("alert:a")
        assert (record["trigger_count"], record["suppressed"]) == (1, 3)


async def test_suppressed_events_are_counted_once_a_batch(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, channel=Keeping()) as alerting:
        await alerting.wish("create", rule=rule(cooldown_seconds=60))
        alerting.runtime.publish(event(0))
        await settled()
        states = probe(alerting.runtime, "state:alert:a")
        for number in range(1, 201):
            alerting.runtime.publish(event(number))
        await settled()
        seen: list[State] = states.took()
        assert seen[-1].value["suppressed"] == 200
        assert len(seen) == 1


async def test_a_change_counts_from_its_place_in_the_stream(tmp_path, autojump_clock):
    only_eth = rule(trigger={"type": "watchdog_event", "event_filter": {"assets": ["ETH"]}})
    channel = Keeping()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        fired = probe(alerting.runtime, "event:alert_fired:*")
        await alerting.wish("create", rule=rule())
        alerting.runtime.publish(event(1))
        value = alerting.board.state("rule:a").value | {"trigger": only_eth.value(0, 0)["trigger"]}
        alerting.board.put("rule:a", value, alerting.runtime.now_us())
        alerting.runtime.publish(event(2))
        alerting.runtime.publish(event(3, "ETH-USD"))
        await settled()
        assert [one.cause for one in fired.took()] == [event(1).id, event(3, "ETH-USD").id]


async def test_an_overflow_is_told_as_a_gap(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, channel=Keeping()) as alerting:
        gaps = probe(alerting.runtime, "gap:rule:a")
        await alerting.wish("create", rule=rule(delivery_methods=[], cooldown_seconds=60))
        await settled()
        for number in range(10_050):
            alerting.runtime.publish(event(number))
        await settled()
        assert "50 events" in gaps.took()[0].reason


async def test_what_nobody_can_carry_is_recorded_with_its_reason(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, channel=Keeping()) as alerting:
        tries = probe(alerting.runtime, "attempt:*")
        await alerting.wish("create", rule=rule(delivery_methods=["email", "telegram"]))
        alerting.runtime.publish(event())
        await settled()
        assert [(one.outcome, one.error) for one in tries.took()] == [
            ("failed", "no channel: email is not available in this version"),
            ("failed", "no channel: telegram is not available in this version")]
        assert alerting.store.pending_deliveries() == []

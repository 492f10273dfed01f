"""What an alert does beside telling: when it is due, how it is carried to its owner, once, and what is on the record."""

import attrs
import msgspec
import pytest
import trio
from alerting import T0_US, event, open_alerts, rule

from actors.testing import probe
from oracle.alerts.actions import COMMANDS
from oracle.alerts.channels.command import Deed
from oracle.alerts.conditions import Conditions
from oracle.alerts.decider import Decider, Record
from oracle.alerts.outcome import outcomes
from oracle.alerts.permit import action_problems, checked_patterns
from oracle.alerts.sending import DeliveryFailed
from oracle.alerts.silence import Matchers, Silence
from oracle.alerts.terms import terms_of
from oracle.alerts.trigger import Trigger
from oracle.border import Invalid, structure
from oracle.history import Queries, inline
from oracle.model import Attempt, Command, Delivery
from oracle.settings import Alerts
from oracle.watchdogs.decider import Course, Memory

S = 1_000_000
OFF = {"command": "alert.disable", "target": "b"}
ON = {"command": "alert.enable", "target": "b"}
TRIP = {"command": "kill_switch.trip"}
TELLING = {"delivery_methods": ["log"]}
DOING = {"delivery_methods": []}


def acting(*actions, **more):
    return rule(**{**DOING, "actions": list(actions), **more})


def decider(*actions, **more):
    return Decider(acting(*actions, **more), Record(), ("command", "log"))


def commands(step):
    return [one.payload["action"]["command"] for one in step.deliveries if one.channel == "command"]


async def settled():
    await trio.testing.wait_all_tasks_blocked()


async def fire(alerting, number=1):
    alerting.runtime.publish(event(number))
    await settled()


async def events(alerting, kind):
    return (await Queries(alerting.store, inline).events(kind=kind)).items


def is_enabled(alerting, ident="b"):
    return alerting.board.get(f"rule:{ident}")["enabled"]


# ---- when it is due


def test_each_action_is_a_delivery_of_its_own_beside_the_notices():
    firing = decider(OFF, TRIP, OFF, **TELLING).update(event(), T0_US)
    assert [one.channel for one in firing.deliveries] == ["log", "command", "command", "command"]
    assert len({one.id for one in firing.deliveries}) == 4 and firing.hopeless == ()
    assert firing.alert.data["deliveries"] == [one.id for one in firing.deliveries]
    assert firing.deliveries[1].payload["action"] == {"command": "alert.disable", "target": "b", "on": "fired"}
    assert firing.deliveries[1].payload["event"]["event_id"] == event().id
    again = decider(OFF, TRIP, OFF, **TELLING).update(event(), T0_US)
    assert [one.id for one in again.deliveries] == [one.id for one in firing.deliveries]


def test_what_is_due_on_a_phase_is_called_then_also_where_nobody_is_told():
    one = decider(OFF, ON | {"on": "resolved"}, TRIP | {"on": "escalated"}, escalate_after_s=60, resolve_after_s=600)
    assert commands(one.update(event(), T0_US)) == ["alert.disable"]
    escalated = one.on_time(T0_US + 60 * S)
    assert commands(escalated) == ["kill_switch.trip"]
    assert escalated.deliveries[0].payload["event"]["asset"]["symbol"] == "BTC"
    resolved = one.on_time(T0_US + 600 * S)
    assert commands(resolved) == ["alert.enable"] and len(resolved.deliveries) == 1
    assert resolved.deliveries[0].payload["status"] == "resolved"
    assert resolved.deliveries[0].payload["event"]["asset"]["symbol"] == "BTC"


def test_what_is_over_without_having_been_told_undoes_nothing():
    one = decider(OFF, ON | {"on": "resolved"}, resolve_after_s=60, quiet_hours={"from": "00:00", "to": "23:59"})
    assert not hasattr(one.update(event(), T0_US), "deliveries")
    assert one.on_time(T0_US + 60 * S).deliveries == ()


def test_what_is_held_back_does_nothing():
    one = decider(OFF, cooldown_seconds=60, resolve_after_s=600)
    assert commands(one.update(event(), T0_US)) == ["alert.disable"]
    assert not hasattr(one.update(event(2), T0_US + S), "deliveries")  # the cooldown
    silence = Silence(id="s", matchers=Matchers(alert_id="a"), from_us=T0_US, until_us=T0_US + 10_000 * S, by="me")
    one = decider(OFF, ON | {"on": "resolved"}, resolve_after_s=60)
    assert commands(one.update(event(), T0_US)) == ["alert.disable"]
    one.silences = {"s": silence}
    over = one.on_time(T0_US + 60 * S)
    assert commands(over) == ["alert.enable"], "what was done does not stay so for good"
    assert over.alert.data["suppressed_by"] == "silence"
    assert not hasattr(one.update(event(3), T0_US + 61 * S), "deliveries")


def test_what_came_of_an_action_sets_off_no_alert():
    trigger = structure(Trigger, {"type": "custom_condition", "condition": 'count(event("watchdog_disabled"), "1h") > 0'})
    by_hand = msgspec.structs.replace(event(kind="watchdog_disabled"), source="switchboard", cause="client/me/1/d")
    by_alert = msgspec.structs.replace(by_hand, cause="dlv_1")
    found = []
    for told in (by_alert, by_hand):
        course = Course(Conditions({"a": terms_of(trigger)}))
        course.begin(Memory(), T0_US)
        found.append([one.kind for late_s in (0, 3700) for one in course.take(told, T0_US + late_s * S)])
    assert found == [[], ["condition_met"]]


# ---- what a rule may say


@pytest.mark.parametrize(("actions", "more", "wrong"), [
    ([OFF], {}, []),
    ([OFF], {"cooldown_seconds": 9}, ["cooldown_seconds"]),
    ([TRIP], {}, ["actions[0].command"]),
    ([OFF, {"command": "run.cancel", "target": "r"}], {}, ["actions[1].command"]),
    ([{"command": "watchdog.disable"}], {}, ["actions[0].target"]),
    ([OFF | {"target": "a"}], {}, ["actions[0].target"]),
    ([OFF | {"reason": "r"}], {}, ["actions[0].reason"]),
    ([OFF | {"on": "escalated"}], {}, ["actions[0].on"]),
    ([OFF | {"on": "escalated"}], {"escalate_after_s": 1}, []),
])  # fmt: skip
def test_what_makes_no_sense_is_named(actions, more, wrong):
    found = list(action_problems(acting(*actions, **{"cooldown_seconds": 10, **more}), Alerts().actions))
    assert [one.where for one in found] == wrong


def test_the_kill_switch_has_no_target_and_is_resumed_by_no_alert():
    (problem,) = action_problems(acting(TRIP | {"target": "x"}, cooldown_seconds=10), ["*"])
    assert problem.where == "actions[0].target"
    assert "kill_switch.resume" not in COMMANDS
    with pytest.raises(Invalid):
        acting({"command": "kill_switch.resume"})
    with pytest.raises(Invalid):
        acting(*[OFF] * 11)


def test_patterns_of_the_settings_mean_something():
    for good in ((), ("*",), ("watchdog.*", "kill_switch.trip")):
        checked_patterns(good)
    for bad in ("watchdogs.*", "watchdog", "kill_switch.resume", ""):
        with pytest.raises(Invalid) as caught:
            checked_patterns(("*", bad))
        assert caught.value.problems[0].where == "alerts.actions[1]"


# ---- carried to its owner


async def test_it_is_done_by_its_owner_and_on_the_record(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        told = probe(alerting.runtime, "event:rule_disabled:b")
        await alerting.wish("create", by="ann", rule=acting(OFF))
        await alerting.wish("create", rule=rule(alert_id="b", **DOING))
        await fire(alerting)
        assert not is_enabled(alerting) and not alerting.runtime.alive("rule:b")
        (said,) = told.took()
        (delivery,) = (await Queries(alerting.store, inline).deliveries(channel="command")).items
        assert (said.data["by"], said.cause, delivery["status"]) == ("rule:a", delivery["id"], "delivered")
        (done,) = await events(alerting, "action_done")
        assert (done["source"], done["subject"], done["cause"]) == ("rule:a", "rule:b", delivery["id"])
        assert done["data"] == {"command": "alert.disable", "target": "b", "on": "fired", "outcome": "delivered", "error": "",
                                "delivery": delivery["id"], "event_id": event().id, "author": "ann"}  # fmt: skip
        await alerting.wish("enable", alert_id="b")
        assert is_enabled(alerting)
        await fire(alerting, 2)  # another event, another command
        assert not is_enabled(alerting)


async def test_what_the_owner_refuses_is_final(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        await alerting.wish("create", rule=acting(OFF))
        await fire(alerting)
        assert await alerting.attempts() == [(1, "failed", 0, "not_found: Alert 'b' not found")]
        (failed,) = await events(alerting, "action_failed")
        assert (failed["subject"], failed["data"]["error"]) == ("rule:b", "not_found: Alert 'b' not found")
        assert failed["severity"] == "medium" and await events(alerting, "action_done") == []


async def test_an_owner_that_is_not_there_is_asked_again_and_then_it_has_failed(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, settings=Alerts(actions=("*",), attempts=3)) as alerting:
        await alerting.wish("create", rule=acting(TRIP))
        await fire(alerting)
        await trio.sleep(60)
        why = "unavailable: kill_switch is not running"
        assert await alerting.attempts() == [(1, "retry", 0, why), (2, "retry", 0, why), (3, "failed", 0, why)]
        (failed,) = await events(alerting, "action_failed")
        assert (failed["subject"], failed["data"]["error"]) == ("switch:kill", why)
        assert alerting.store.pending_deliveries() == []


@attrs.define
class Reluctant:
    """Like the channel, but says at first that the owner can't be asked."""

    noes: int = 1

    async def send(self, delivery, rule, tools):
        if self.noes:
            self.noes -= 1
            raise DeliveryFailed("unavailable: alerts is not running", final=False)
        return await Deed().send(delivery, rule, tools)


async def test_a_retry_does_not_undo_what_came_later(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, parts={"command": Reluctant()}) as alerting:
        verbs = probe(alerting.runtime, "event:action_done:*")
        await alerting.wish("create", rule=acting(OFF, ON | {"on": "resolved"}, resolve_after_s=1))
        await alerting.wish("create", rule=rule(alert_id="b", **DOING))
        alerting.runtime.publish(event())
        await trio.sleep(0.2)
        await alerting.runtime.ask("rule:a", Command("resolve", {}, "me"))  # before the retry of what it did at the firing
        await settled()
        assert verbs.took() == []
        await trio.sleep(60)
        assert [one.data["command"] for one in verbs.took()] == ["alert.disable", "alert.enable"]
        assert is_enabled(alerting)


async def test_one_that_waits_goes_with_its_rule(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, settings=Alerts(actions=("*",))) as alerting:
        await alerting.wish("create", rule=acting(TRIP))
        await fire(alerting)
        await alerting.wish("delete", alert_id="a")
        await trio.sleep(60)
        assert (await alerting.attempts())[-1][1:] == ("cancelled", 0, "the rule was deleted")
        assert [one["data"]["outcome"] for one in await events(alerting, "action_failed")] == ["cancelled"]


async def test_settings_that_became_stricter_and_a_rule_that_changed_win(tmp_path, autojump_clock):
    loose, strict = Alerts(actions=("*",), attempts=100), Alerts(actions=())
    async with open_alerts(tmp_path, settings=loose) as alerting:
        await alerting.wish("create", rule=acting(TRIP))
        await alerting.wish("create", rule=acting(TRIP, alert_id="c"))
        await fire(alerting)
        await alerting.wish("replace", alert_id="c", rule=acting(OFF, alert_id="c"))
        assert len(alerting.store.pending_deliveries()) == 2
    async with open_alerts(tmp_path, settings=strict) as alerting:
        await settled()
        assert {attempt[3] for attempt in await alerting.attempts() if attempt[1] == "failed"} == {
            "alerts may not call kill_switch.trip: see alerts.actions in the settings",
            "the rule has no such action any more"}  # fmt: skip
        assert alerting.store.pending_deliveries() == []


async def test_no_alert_lets_one_loose_that_may_do_more(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, settings=Alerts(actions=("*",))) as alerting:
        await alerting.wish("create", rule=acting(ON))
        await alerting.wish("create", rule=acting(TRIP, alert_id="b", enabled=False))
        await fire(alerting)
        assert not is_enabled(alerting)
        (attempt,) = await alerting.attempts()
        assert attempt[1] == "failed" and "only a person may enable b" in attempt[3]


async def test_two_that_switch_each_other_come_to_rest(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, settings=Alerts()) as alerting:
        await alerting.wish("create", rule=acting(OFF, alert_id="a"))
        await alerting.wish("create", rule=acting({"command": "alert.disable", "target": "a"}, alert_id="b"))
        await fire(alerting)
        assert (is_enabled(alerting, "a"), is_enabled(alerting, "b")) == (False, False)
        assert len(await events(alerting, "action_done")) == 2


@attrs.define
class Unanswered:
    """Does it, and ends before anybody knows: what a SIGKILL between the owner's commit and the channel's leaves."""

    async def send(self, delivery, rule, tools):
        await Deed().send(delivery, rule, tools)
        await trio.sleep_forever()


async def test_what_was_done_before_a_sigkill_is_not_done_again_after_it(tmp_path, autojump_clock):
    async with open_alerts(tmp_path, parts={"command": Unanswered()}) as alerting:
        await alerting.wish("create", rule=acting(OFF))
        await alerting.wish("create", rule=rule(alert_id="b", **DOING))
        await fire(alerting)
        assert not is_enabled(alerting)
        await alerting.wish("enable", by="ann", alert_id="b")  # and a person thought otherwise
        assert len(alerting.store.pending_deliveries()) == 1
    async with open_alerts(tmp_path) as alerting:
        await settled()
        assert is_enabled(alerting)
        assert [attempt[1] for attempt in await alerting.attempts()] == ["delivered"]
        assert len(await events(alerting, "action_done")) == 1


async def test_the_same_outcome_is_the_same_event():
    delivery = Delivery("dlv_1", "a", "evt_1", "command", {"action": {"command": "run.cancel", "target": "r", "on": "fired"}}, 1)
    (first,), (second,) = [outcomes(delivery, Attempt("dlv_1", 1, "delivered", 0, "", 1.0, at), "") for at in (1, 1)]
    assert first == second and first.subject == "run:r"
    assert outcomes(msgspec.structs.replace(delivery, channel="log"), Attempt("dlv_1", 1, "delivered", 0, "", 1.0, 1), "") == ()


# ---- a test, and once more


@pytest.mark.parametrize(("action", "outcome", "error"), [
    (OFF, "delivered", ""),
    (OFF | {"target": "c"}, "failed", "not_found: there is no rule:c"),
    (TRIP, "failed", "unavailable: kill_switch is not running"),
    ({"command": "run.pause", "target": "r"}, "failed", "unavailable: runs is not running"),
])  # fmt: skip
async def test_a_test_only_looks(tmp_path, autojump_clock, action, outcome, error):
    async with open_alerts(tmp_path, settings=Alerts(actions=("*",))) as alerting:
        await alerting.wish("create", rule=acting(action, on := {**ON, "on": "resolved"}))
        await alerting.wish("create", rule=rule(alert_id="b", **DOING))
        idents = await alerting.runtime.ask("courier", Command("test", {"alert_id": "a", "method": None}, "me"))
        await settled()
        rows = {row["id"]: row for row in (await Queries(alerting.store, inline).deliveries()).items}
        assert set(rows) == set(idents) and len(idents) == 2
        said = rows[idents[0]]
        assert (said["status"], said["last_error"] or "") == (outcome, error)
        assert said["payload"]["note"] == "only rehearsed: nothing is done"
        assert rows[idents[1]]["payload"]["action"] == {"command": on["command"], "target": "b", "on": "resolved"}
        assert is_enabled(alerting)
        assert len(await events(alerting, "action_rehearsed")) == 2
        assert await events(alerting, "action_done") == await events(alerting, "action_failed") == []


async def test_sent_again_it_is_done_again(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        await alerting.wish("create", rule=acting(OFF))
        await alerting.wish("create", rule=rule(alert_id="b", **DOING))
        await fire(alerting)
        await alerting.wish("enable", alert_id="b")
        (row,) = (await Queries(alerting.store, inline).deliveries()).items
        (ident,) = await alerting.runtime.ask("courier", Command("resend", {"delivery": row}, "me"))
        await settled()
        assert not is_enabled(alerting)
        assert {one["data"]["delivery"] for one in await events(alerting, "action_done")} == {row["id"], ident}

"""The desk: wishes are committed before they count, refused wishes leave no trace, and each enabled rule has its actor."""

import json

import pytest
import trio
from alerting import T0_US, event, open_alerts, rule

from actors import Actor, ActorCrashed, NobodyOwns, Refused
from actors.testing import probe
from oracle.alerts.vault import FILE
from oracle.model import Event, Severity, State
from oracle.receipts import Receipts

DOWN = Refused("disk full", code="unavailable")
IDENT = "client/test/1/d1"


class Notebook(Actor):
    """A history in memory: keeps what it commits in `rows`; the next answers come from `answers`, then yes for ever.
    An exception is raised; `None` keeps the rows and never answers."""

    def __init__(self, rows, answers):
        self.rows = rows
        self.answers = answers

    def receive(self, commit):
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        self.rows.extend(commit.messages)
        if answer is None:
            self.reply_later()


def open_with(tmp_path, rows, answers):
    return open_alerts(tmp_path, history=lambda: Notebook(rows, answers))


def children(alerting):
    return [child.name for child in alerting.runtime.node("rules").children]


def newest(rows):
    return {row.ref: row.value for row in rows if isinstance(row, State)}


def events_of(rows):
    """Kinds and ids, in order."""
    return [(row.kind, row.id) for row in rows if isinstance(row, Event)]


async def test_a_wish_is_committed_applied_said_and_staffed(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        states, said = probe(alerting.runtime, "state:rule:a"), probe(alerting.runtime, "event:*")
        state = await alerting.wish("create", rule=rule(), by="me")
        assert state.value == alerting.board.get("rule:a") == states.took()[0].value
        assert [one.ref for one in alerting.store.states()] == ["rule:a"]
        (told,) = said.took()
        assert (told.kind, told.subject, told.source, told.data) == ("rule_created", "a", "alerts", {"by": "me", "enabled": True})
        assert children(alerting) == ["rule:a"]


async def test_rules_are_there_again_after_a_start(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        await alerting.wish("create", rule=rule())
        await alerting.wish("create", rule=rule(alert_id="b", enabled=False))
        before = {state.ref: state.value for state in alerting.board.kind("rule")}
    async with open_alerts(tmp_path) as alerting:
        assert {state.ref: state.value for state in alerting.board.kind("rule")} == before
        assert children(alerting) == ["rule:a"]


async def test_a_deleted_rule_stays_deleted_and_its_record_begins_anew(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        await alerting.wish("create", rule=rule(delivery_methods=[]))
        alerting.runtime.publish(event())
        await trio.testing.wait_all_tasks_blocked()
        assert alerting.board.get("alert:a")["trigger_count"] == 1
        await alerting.wish("delete", alert_id="a")
        assert alerting.board.get("alert:a") is None
    async with open_alerts(tmp_path) as alerting:
        assert alerting.board.kind("rule") == alerting.board.kind("alert") == []
        await alerting.wish("create", rule=rule(delivery_methods=[]))
        assert (alerting.board.get("alert:a") or {}).get("trigger_count", 0) == 0


@pytest.mark.parametrize(("verb", "args", "code"), [
    ("create", {"rule": rule()}, "exists"),
    ("replace", {"alert_id": "x", "rule": rule(alert_id="x")}, "not_found"),
    ("replace", {"alert_id": "a", "rule": rule(alert_id="b")}, "mismatch"),
    ("delete", {"alert_id": "x"}, "not_found"),
    ("enable", {"alert_id": "x"}, "not_found"),
    ("fly", {}, "invalid"),
    ("create", {"rule": {}}, "invalid"),
    ("delete", {}, "invalid"),
])
async def test_what_can_not_be_is_refused_and_the_desk_goes_on(tmp_path, autojump_clock, verb, args, code):
    async with open_alerts(tmp_path) as alerting:
        await alerting.wish("create", rule=rule())
        with pytest.raises(Refused) as caught:
            await alerting.wish(verb, **args)
        assert caught.value.code == code
        assert alerting.runtime.node("alerts").restarts == 0
        assert children(alerting) == ["rule:a"]


async def test_a_switch_that_changes_nothing_stores_nothing(tmp_path, autojump_clock):
    rows = []
    async with open_with(tmp_path, rows, []) as alerting:
        first = await alerting.wish("create", rule=rule())
        assert await alerting.wish("enable", alert_id="a") == first
    assert len([row for row in rows if isinstance(row, State)]) == 1


async def test_a_command_with_an_id_is_carried_out_once(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        said = probe(alerting.runtime, "event:*")
        first = await alerting.wish("create", rule=rule(), id="c1")
        assert await alerting.wish("create", rule=rule(), id="c1") == first
        assert [one.cause for one in said.took()] == ["c1"]


async def test_a_clients_command_is_carried_out_once_over_a_restart_and_answered_as_it_is_then(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        await alerting.wish("create", rule=rule(), id=IDENT)
        await alerting.wish("disable", alert_id="a")
    async with open_alerts(tmp_path) as alerting:
        said = probe(alerting.runtime, "event:*")
        state = await alerting.wish("create", rule=rule(), id=IDENT)
        assert (state.ref, state.value["enabled"]) == ("rule:a", False)
        assert said.took() == []
        await alerting.wish("delete", alert_id="a", id="client/test/2/d2")
    async with open_alerts(tmp_path) as alerting:
        gone = await alerting.wish("delete", alert_id="a", id="client/test/2/d2")
        assert (gone.ref, gone.value) == ("rule:a", None)
        with pytest.raises(Refused, match="created, and is gone since") as caught:
            await alerting.wish("create", rule=rule(), id=IDENT)
        assert caught.value.code == "not_found"
        await alerting.wish("create", rule=rule(), id="client/test/3/d3")


async def test_an_enable_that_is_sent_again_does_not_undo_what_somebody_did_since(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        await alerting.wish("create", rule=rule(enabled=False))
        for verb, ident in (("enable", IDENT), ("disable", ""), ("enable", IDENT)):
            state = await alerting.wish(verb, alert_id="a", id=ident)
        assert state.value["enabled"] is False
        assert children(alerting) == []


async def test_nor_does_one_that_changed_nothing(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        await alerting.wish("create", rule=rule())
        for verb, ident in (("enable", IDENT), ("disable", ""), ("enable", IDENT)):
            state = await alerting.wish(verb, alert_id="a", id=ident)
        assert state.value["enabled"] is False


async def test_a_desk_that_was_killed_after_the_commit_knows_what_it_did(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        alerting.runtime.listen("state:rule:a", lambda _: alerting.runtime.kill("alerts"))
        with pytest.raises(ActorCrashed):
            await alerting.wish("create", rule=rule(), id=IDENT)
        await trio.sleep(1)
        assert (await alerting.wish("create", rule=rule(), id=IDENT)).value["alert_id"] == "a"
        assert children(alerting) == ["rule:a"]


async def test_what_tells_of_a_command_is_committed_with_its_effect(tmp_path, autojump_clock):
    rows = []
    async with open_with(tmp_path, rows, []) as alerting:
        said = probe(alerting.runtime, "event:*")
        await alerting.wish("create", rule=rule(), id=IDENT)
        assert [type(row) for row in rows] == [State, Event]
        assert rows[1:] == said.took()
        assert (rows[1].kind, rows[1].cause) == ("rule_created", IDENT)


# ---- when the history can't


@pytest.mark.parametrize("answer", [DOWN, None])
async def test_a_create_that_was_refused_did_not_happen_whatever_the_disk_says(tmp_path, autojump_clock, answer):
    rows = []
    async with open_with(tmp_path, rows, [answer]) as alerting:
        with pytest.raises(Refused) as caught:
            await alerting.wish("create", rule=rule(webhook_config={"url": "http://a.test/", "auth_token": "s"}))
        assert caught.value.code == "unavailable"
        assert alerting.board.get("rule:a") is None
        assert children(alerting) == []
        await alerting.wish("create", rule=rule(alert_id="b"))
        assert newest(rows).get("rule:a") is None
        assert json.loads((tmp_path / FILE).read_text()) == {}
        await alerting.wish("create", rule=rule())


@pytest.mark.parametrize("answer", [DOWN, None])
async def test_a_command_of_which_nobody_knew_is_taken_back_and_carried_out_when_it_comes_again(tmp_path, autojump_clock, answer):
    rows = []
    async with open_with(tmp_path, rows, [answer]) as alerting:
        with pytest.raises(Refused):
            await alerting.wish("create", rule=rule(), id=IDENT)
        assert (await alerting.wish("create", rule=rule(), id=IDENT)).value["alert_id"] == "a"
        told = events_of(rows)
        assert [kind for kind, _ in told][-2:] == ["command_undone", "rule_created"]
        assert len({ident for kind, ident in told if kind == "rule_created"}) == 1
        assert (await alerting.wish("create", rule=rule(), id=IDENT)).value["alert_id"] == "a"
        assert events_of(rows) == told


async def test_a_command_that_was_taken_back_is_not_applied_after_a_restart(tmp_path, autojump_clock):
    rows = []
    async with open_with(tmp_path, rows, [None]) as alerting:
        with pytest.raises(Refused):
            await alerting.wish("create", rule=rule(), id=IDENT)
        await alerting.wish("create", rule=rule(alert_id="b"))
    known = Receipts(lambda: T0_US)
    known.load((row.kind, row.cause, None, row.ts_us) for row in rows if isinstance(row, Event) and row.cause)
    assert [kind for kind, _ in events_of(rows)] == ["rule_created", "command_undone", "rule_created"]
    assert not known.applied(IDENT)


@pytest.mark.parametrize("answer", [DOWN, None])
async def test_a_delete_that_was_refused_did_not_happen_and_the_rule_is_at_work(tmp_path, autojump_clock, answer):
    rows = []
    async with open_with(tmp_path, rows, [True, answer]) as alerting:
        await alerting.wish("create", rule=rule())
        with pytest.raises(Refused):
            await alerting.wish("delete", alert_id="a")
        assert children(alerting) == ["rule:a"]
        await alerting.wish("disable", alert_id="a")
        assert newest(rows)["rule:a"]["enabled"] is False


@pytest.mark.parametrize("answer", [DOWN, None])
async def test_undoing_a_delete_keeps_what_the_rule_did_meanwhile(tmp_path, autojump_clock, answer):
    rows = []
    async with open_with(tmp_path, rows, [True, True, answer]) as alerting:
        await alerting.wish("create", rule=rule(delivery_methods=[]))
        fired = probe(alerting.runtime, "event:alert_fired:*")
        alerting.runtime.publish(event(1))
        await fired.next()
        with pytest.raises(Refused):
            await alerting.wish("delete", alert_id="a")
        alerting.runtime.publish(event(2))
        await fired.next()
        await alerting.wish("create", rule=rule(alert_id="b"))
        assert alerting.board.get("alert:a")["trigger_count"] == newest(rows)["alert:a"]["trigger_count"] == 2
        assert newest(rows)["rule:a"]["alert_id"] == "a"


async def test_a_record_left_over_by_a_delete_does_not_count_for_a_new_rule(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        alerting.board.put("alert:a", {"trigger_count": 7, "last_triggered_us": alerting.runtime.now_us()}, 1)
    async with open_alerts(tmp_path) as alerting:
        assert alerting.board.get("alert:a")["trigger_count"] == 7
        await alerting.wish("create", rule=rule(delivery_methods=[], cooldown_seconds=60))
        assert [one.ref for one in alerting.store.states()] == ["rule:a"]
        alerting.runtime.publish(event())
        await trio.testing.wait_all_tasks_blocked()
        assert alerting.board.get("alert:a")["trigger_count"] == 1


async def test_a_killed_desk_puts_back_what_it_does_not_know_about(tmp_path, autojump_clock):
    rows = []
    async with open_with(tmp_path, rows, [None]) as alerting:
        async with trio.open_nursery() as nursery:
            async def wish():
                with pytest.raises(Exception, match=r"crashed|ended"):
                    await alerting.wish("create", rule=rule())

            nursery.start_soon(wish)
            await trio.testing.wait_all_tasks_blocked()
            alerting.runtime.kill("alerts")
        await trio.sleep(1)
        assert newest(rows) == {"rule:a": None}
        await alerting.wish("create", rule=rule())
        assert children(alerting) == ["rule:a"]


# ---- actors of rules


async def test_a_killed_rule_comes_back_and_a_stopped_one_does_not(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        await alerting.wish("create", rule=rule())
        alerting.runtime.kill("rule:a")
        await trio.sleep(1)
        assert alerting.runtime.node("rule:a").restarts == 1
        await alerting.wish("disable", alert_id="a")
        with pytest.raises(NobodyOwns):
            alerting.runtime.node("rule:a")


async def test_a_rule_whose_restarts_are_exhausted_is_alive_again_once_enabled(tmp_path, autojump_clock):
    async with open_alerts(tmp_path) as alerting:
        await alerting.wish("create", rule=rule())
        poison = Event("evt_p", "price_anomaly", "BTC-USD", None, Severity.high, "", {}, 0)  # a bug in whoever says it
        for _ in range(20):
            alerting.runtime.publish(poison)
            await trio.sleep(1)
        assert not alerting.runtime.alive("rule:a")
        await alerting.wish("enable", alert_id="a")
        assert alerting.runtime.alive("rule:a")

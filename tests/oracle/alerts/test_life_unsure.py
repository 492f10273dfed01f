"""What people say while the history can't store it, or nobody hears its answer: in force once it is stored, and only once."""

import pytest
import trio
from alerting import event, open_alerts, rule

from actors import Actor, AskTimeout, Refused
from actors.testing import probe
from oracle.alerts.silence import Matchers
from oracle.model import Command, Event, State

DOWN = Refused("disk full", code="unavailable")
ID = "client/me/1/x"


class Notebook(Actor):
    """A history in memory. `answers` are for commits with an event: an exception is raised, `None` stores and never answers."""

    def __init__(self, rows, answers):
        self.rows = rows
        self.answers = answers

    def receive(self, commit):
        wish = any(isinstance(one, Event) and one.kind != "rule_created" for one in commit.messages)
        answer = self.answers.pop(0) if self.answers and wish else True
        if isinstance(answer, Exception):
            raise answer
        self.rows.extend(commit.messages)
        if answer is None:
            self.reply_later()


async def firing(alerting):
    await alerting.wish("create", rule=rule(delivery_methods=[]))
    alerting.runtime.publish(event(1))
    await trio.testing.wait_all_tasks_blocked()


def acknowledge(alerting):
    return alerting.runtime.ask("rule:a", Command("acknowledge", {"comment": "mine"}, "me", ID))


def silence(alerting):
    args = {"matchers": Matchers(alert_id="a"), "until_us": alerting.runtime.now_us() + 3_600_000_000}
    return alerting.runtime.ask("silences", Command("create", args, "me", ID))


@pytest.mark.parametrize(("wish", "name"), [(acknowledge, "alert:a"), (silence, "silence:")])
@pytest.mark.parametrize("answers", [[DOWN] * 10, [None, DOWN, None]])
async def test_it_is_in_force_once_it_is_stored_and_answered_when_it_is_sent_again(tmp_path, autojump_clock, wish, name, answers):
    rows, answers = [], list(answers)
    async with open_alerts(tmp_path, history=lambda: Notebook(rows, answers)) as alerting:
        await firing(alerting)
        said = probe(alerting.runtime, "event:*")
        with pytest.raises(AskTimeout):
            await wish(alerting)
        assert said.took() == []
        await trio.sleep(60)
        first = (await wish(alerting)).value
        assert (await wish(alerting)).value == first and len(said.took()) == 1
        marks = {row.id for row in rows if isinstance(row, Event) and row.cause == ID}
        states = [row.value for row in rows if isinstance(row, State) and row.ref.startswith(name) and row.value == first]
        assert len(marks) == 1 and states


@pytest.mark.parametrize(("wish", "owner"), [(acknowledge, "rule:a"), (silence, "silences")])
async def test_a_life_that_ends_in_between_changes_nothing_of_it(tmp_path, autojump_clock, wish, owner):
    rows = []
    async with open_alerts(tmp_path, history=lambda: Notebook(rows, [None])) as alerting:
        await firing(alerting)
        said = probe(alerting.runtime, "event:*")

        async def killed():
            await trio.sleep(1)
            alerting.runtime.kill(owner)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(killed)
            with pytest.raises(Exception, match=owner):
                await wish(alerting)
        await trio.sleep(1)
        first = (await wish(alerting)).value
        assert first.get("comment") == ("mine" if owner == "rule:a" else "")
        assert len([one for one in said.took() if one.cause == ID]) == 1
        assert len({row.id for row in rows if isinstance(row, Event) and row.cause == ID}) == 1

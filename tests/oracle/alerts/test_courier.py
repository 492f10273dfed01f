"""Wishes about deliveries: committed before anybody hears of them, the same ones by the same id, refused where that can't be."""

import pytest
import trio
from alerting import open_alerts, rule

from actors import Actor, Refused
from actors.testing import probe
from oracle.history import Queries, inline
from oracle.model import Attempt, Command, Delivery, Event

IDENT = "client/test/1/d1"


class Notebook(Actor):
    """A history in memory: keeps what it commits in `rows`, and says no as often as `noes` says."""

    def __init__(self, rows, noes):
        self.rows = rows
        self.noes = noes

    def receive(self, commit):
        if self.noes:
            raise self.noes.pop()
        self.rows.extend(commit.messages)
        return True


class Taking:
    """A channel that takes everything."""

    def __init__(self):
        self.sent = []

    async def send(self, delivery, rule, tools):
        self.sent.append(delivery)
        await trio.lowlevel.checkpoint()
        return 200


async def wish(alerting, verb="test", id="", **args):
    return await alerting.runtime.ask("courier", Command(verb, args, "me", id))


async def test_a_test_is_committed_with_the_event_that_tells_of_it_and_then_sent(tmp_path, autojump_clock):
    channel = Taking()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        said = probe(alerting.runtime, "event:rule_tested:*")
        (ident,) = await wish(alerting, alert_id="a")
        await trio.testing.wait_all_tasks_blocked()
        (sent,) = channel.sent
        (told,) = said.took()
        stored = (await Queries(alerting.store, inline).events(kind="rule_tested")).items
        assert (sent.id, sent.payload["test"], sent.event_id) == (ident, True, told.id)
        assert [row["id"] for row in stored] == [told.id]
        assert alerting.board.get("alert:a") is None  # a test is no firing
        assert alerting.store.pending_deliveries() == []


async def test_two_tests_are_two_and_one_with_an_id_is_one_also_after_a_restart(tmp_path, autojump_clock):
    channel = Taking()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        assert await wish(alerting, alert_id="a") != await wish(alerting, alert_id="a")
        first = await wish(alerting, id=IDENT, alert_id="a")
        assert await wish(alerting, id=IDENT, alert_id="a") == first
    async with open_alerts(tmp_path, channel=channel) as alerting:
        assert await wish(alerting, id=IDENT, alert_id="a") == first
        await trio.testing.wait_all_tasks_blocked()
    assert len(channel.sent) == 3


async def test_a_test_that_can_not_be_stored_is_refused_and_sends_nothing(tmp_path, autojump_clock):
    rows, noes, channel = [], [], Taking()
    async with open_alerts(tmp_path, channel=channel, history=lambda: Notebook(rows, noes)) as alerting:
        await alerting.wish("create", rule=rule())
        noes.append(Refused("disk full", code="unavailable"))
        with pytest.raises(Refused) as caught:
            await wish(alerting, alert_id="a")
        assert caught.value.code == "unavailable"
        await trio.sleep(60)
        assert channel.sent == []
        assert await wish(alerting, alert_id="a")
        await trio.testing.wait_all_tasks_blocked()
    assert len(channel.sent) == 1
    assert [type(row) for row in rows[-3:]] == [Delivery, Event, Attempt]


@pytest.mark.parametrize(("verb", "args", "code"), [
    ("test", {"alert_id": "none"}, "not_found"), ("test", {"alert_id": "a", "method": "sms"}, "invalid"),
    ("test", {}, "invalid"), ("paint", {"alert_id": "a"}, "invalid"), ("resend", {"delivery": {}}, "invalid"),
    ("resend", {"delivery": {"rule_id": "none"}}, "not_found"),
])
async def test_it_says_no(tmp_path, autojump_clock, verb, args, code):
    async with open_alerts(tmp_path, channel=Taking()) as alerting:
        await alerting.wish("create", rule=rule())
        with pytest.raises(Refused) as caught:
            await wish(alerting, verb, **args)
        assert caught.value.code == code


async def test_a_delivery_sent_again_is_a_new_one_that_names_it(tmp_path, autojump_clock):
    channel = Taking()
    async with open_alerts(tmp_path, channel=channel) as alerting:
        await alerting.wish("create", rule=rule())
        (old,) = await wish(alerting, alert_id="a")
        (row,) = (await Queries(alerting.store, inline).deliveries(id=old)).items
        (new,) = await wish(alerting, "resend", id=IDENT, delivery=row)
        assert await wish(alerting, "resend", id=IDENT, delivery=row) == [new] != [old]
        await trio.testing.wait_all_tasks_blocked()
    first, again = channel.sent
    assert again.payload == {**first.payload, "delivery_id": new, "resend_of": old}
    assert (again.event_id, again.rule_id, again.channel) == (first.event_id, "a", "webhook")

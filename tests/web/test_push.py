"""Rows that are pushed in: checked, stored before they are answered, and taken once."""

import json
import math
import signal

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from actors.testing import probe
from oracle.history import Store
from oracle.model import Bar, Event, Quote, Sample, Severity, Trade, event_id
from oracle.problems import Invalid
from oracle.pushed import KINDS, messages_of, push
from tests.running import open_house
from tests.web.test_once_sigkill import run_child

NOW_US = 1_795_449_600_000_000
GOOD = {
    "quote": {"symbol": "BTC-USD", "bid": 99.5, "ask": 100.0, "bid_size": 1.0},
    "trade": {"symbol": "AAPL", "price": 262.1, "size": 10, "side": "buy", "trade_id": "t1"},
    "bar": {"symbol": "BTC-USD", "interval": "1m", "open": 1, "high": 3, "low": 1, "close": 2, "volume": 5,
            "ts": "2026-11-23T00:00:00Z"},
    "sample": {"name": "cpu", "subject": "server:7", "value": -0.5, "unit": "share"},
    "transfer": {"symbol": "BTC", "from": "a", "to": "b", "amount": 3.0, "usd_value": 3e6, "tx_hash": "x"},
    "earnings": {"symbol": "AAPL", "report_date": "2026-10-30", "actual_eps": 2.0, "estimated_eps": 1.5},
    "fundamental": {"symbol": "AAPL", "name": "pe_ratio", "value": 31.4},
    "insider": {"symbol": "AAPL", "insider": "Ada", "side": "sell", "shares": 10, "price": 260.0, "traded_on": "2026-11-01"},
    "vix": {"value": 17.3},
}  # fmt: skip


def rows(*kinds):
    """A good row of each kind."""
    return [{"kind": kind, **GOOD[kind]} for kind in kinds]


def test_each_kind_becomes_what_it_says():
    made = messages_of({"rows": rows(*KINDS), "source": "mybot"}, NOW_US)
    quote, trade, bar, sample, transfer, earnings, fundamental, insider, vix = made
    assert quote == Quote("BTC-USD", 99.5, 1.0, 100.0, 0.0, NOW_US, "push:mybot")
    assert trade == Trade("AAPL", 262.1, 10.0, "buy", "t1", NOW_US, "push:mybot")
    assert bar == Bar("BTC-USD", "1m", 1, 3, 1, 2, 5, 0, True, 1_795_392_000_000_000, "push:mybot")
    assert sample == Sample("cpu", "server:7", -0.5, "share", NOW_US, "push:mybot")
    assert (transfer.topic, transfer.data["from"], transfer.data["usd_value"]) == ("event:transfer:BTC", "a", 3e6)
    assert (earnings.topic, earnings.data["actual_eps"]) == ("event:earnings:AAPL", 2.0)
    assert fundamental == Sample("fundamental_pe_ratio", "AAPL", 31.4, "", NOW_US, "push:mybot")
    assert (insider.topic, insider.data["side"]) == ("event:insider_trade:AAPL", "sell")
    assert vix == Sample("vix", "VIX", 17.3, "points", NOW_US, "push:mybot")


@pytest.mark.parametrize(("change", "where"), [
    ({"bid": 101.0}, "body.rows.1.ask"), ({"bid": 1e-300}, "body.rows.1.bid"),
    ({"bid": -1}, "body.rows.1.bid"), ({"ask": 0}, "body.rows.1.ask"),
    ({"symbol": "btc-usd"}, "body.rows.1.symbol"), ({"bid_size": -1}, "body.rows.1.bid_size"), ({"bid": None}, "body.rows.1.bid"),
    ({"ask": math.inf}, "body.rows.1.ask"), ({"asks": 1}, "body.rows.1.asks"), ({"kind": "quot"}, "body.rows.1.kind"),
    ({"ts": "2027-12-01"}, "body.rows.1.ts"), ({"ts": "soon"}, "body.rows.1.ts"), ({"source": "a b"}, "body.rows.1.source"),
])  # fmt: skip
def test_what_makes_no_sense_is_named(change, where):
    good, bad = rows("trade", "quote")
    with pytest.raises(Invalid) as refused:
        messages_of({"rows": [good, {**bad, **change}]}, NOW_US)
    assert [problem.where for problem in refused.value.problems] == [where]


def test_a_count_that_no_column_holds_is_refused():
    with pytest.raises(Invalid) as refused:
        messages_of({"kind": "bar", **GOOD["bar"], "trades": 2**63}, NOW_US)
    assert [problem.where for problem in refused.value.problems] == ["body.trades"]


@pytest.mark.parametrize("body", [{}, [], {"rows": {}}, {"rows": [], "x": 1}, [1], {"rows": [{"kind": "vix"}] * 1001}, 7, None])
def test_a_body_that_is_none_is_refused(body):
    with pytest.raises(Invalid):
        messages_of(body, NOW_US)


leaves = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
values = leaves | st.lists(leaves, max_size=3) | st.dictionaries(st.text(max_size=5), leaves, max_size=3)
fields = st.sampled_from(sorted({name for row in GOOD.values() for name in row} | {"kind", "ts", "source"}))


@given(st.lists(st.builds(lambda kind, changes: {"kind": kind, **GOOD[kind], **changes}, st.sampled_from(sorted(KINDS)),
                          st.dictionaries(fields, values, max_size=2)), max_size=3))  # fmt: skip
def test_whatever_comes_is_taken_whole_or_refused(body):
    try:
        made = messages_of(body, NOW_US)
    except Invalid as refused:
        assert refused.problems
    else:
        assert len(made) == len(body)
        assert all(one.source.startswith("push:") and one.ts_us <= NOW_US + 86_400_000_000 for one in made)


async def test_what_is_answered_is_stored_and_published_in_order(tmp_path):
    async with open_house(tmp_path) as house:
        heard = probe(house.system.runtime, "*")
        reply = await house.post("/api/oracle/push", json=rows("trade", "quote", "sample"))
        assert reply.status == 202
        first, last = reply.json["first"], reply.json["last"]
        assert (reply.json["accepted"], last - first, reply.json["epoch"]) == (3, 2, house.system.runtime.epoch)
        told = [one.message for one in heard.envelopes() if first <= one.offset <= last]
        assert [type(one) for one in told] == [Trade, Quote, Sample]
        assert house.system.store.statistics.watermark >= last
        one = await house.post("/api/oracle/push", json={"kind": "vix", "value": 20})
        assert (one.status, one.json["accepted"]) == (202, 1)
    async with open_house(tmp_path) as house:
        stored = (await house.get("/api/oracle/ticks?symbol=AAPL&kind=trade")).json["items"]
        assert [(row["price"], row["source"]) for row in stored] == [(262.1, "push:push")]


async def test_a_bad_row_means_none_is_taken(tmp_path):
    async with open_house(tmp_path) as house:
        heard = probe(house.system.runtime, "trade:*")
        reply = await house.post("/api/oracle/push", json=[*rows("trade"), {"kind": "trade", "symbol": "AAPL", "price": 1}])
        assert reply.status == 422
        assert [(one["field"], one["type"]) for one in reply.json["error"]["details"]] == [("rows.1.size", "missing")]
        assert heard.took() == []


async def test_a_push_is_known_again_after_any_number_of_others(tmp_path):
    async with open_house(tmp_path) as house:
        made = messages_of(MANY[:2], NOW_US)
        first = await push(house.system, made, "ada", "client/ada/7/d")
        for _ in range(12):
            for _ in range(1_000):
                house.system.runtime.publish(Event(event_id("pushed", "bob", "push", house.system.runtime.bus.offset), "pushed",
                                                   "push:bob", "push", Severity.low, "", {"rows": 0, "by": "bob"}, NOW_US))
            await house.system.runtime.bus.room()
        assert await push(house.system, made, "ada", "client/ada/7/d") == first


def test_a_source_that_is_none_is_named_where_it_stands():
    for body, where in (({"rows": rows("trade"), "source": "a b"}, "body.source"),
                        ({"kind": "vix", "value": 1, "source": 7}, "body.source"),
                        ({"kind": "transfer", **GOOD["transfer"], "sender": "c"}, "body.sender")):  # fmt: skip
        with pytest.raises(Invalid) as caught:
            messages_of(body, NOW_US)
        assert [problem.where for problem in caught.value.problems] == [where]


async def test_the_same_push_is_taken_once(tmp_path):
    async with open_house(tmp_path) as house:
        heard = probe(house.system.runtime, "trade:*")
        one, two = [await house.post("/api/oracle/push", json=rows("trade"), headers={"Idempotency-Key": "p1"}) for _ in range(2)]
        assert one.json == two.json and two.headers["idempotent-replayed"] == "true"
        assert len(heard.took()) == 1


MANY = [{**rows("trade")[0], "trade_id": str(number)} for number in range(40)]
async def test_a_push_that_had_no_answer_is_stored_once_however_often_it_is_sent(tmp_path):
    async with open_house(tmp_path) as house:
        system, made = house.system, messages_of(MANY, NOW_US)
        for _ in range(2):
            with trio.CancelScope() as patience:  # which ends as soon as the rows are on their way
                listening = system.runtime.listen("event:pushed:*", lambda _, scope=patience: scope.cancel())
                await push(system, made, "ada", "client/ada/7/d")
            listening.cancel()
        again = await push(system, made, "ada", "client/ada/7/d")
        assert (again.accepted, again.last - again.first) == (40, 39)
        stored = (await house.get("/api/oracle/ticks?symbol=AAPL&kind=trade&limit=1000")).json["items"]
        assert sorted(int(row["trade_id"]) for row in stored) == list(range(40))


PUSH = ("POST", "/api/oracle/push", "p7", json.dumps(MANY))


@pytest.mark.parametrize("point", ["history:mid-batch:2", "history:before-commit:3", "history:after-commit:2",
                                   "history:before-answer:1", "once:after-answer"])  # fmt: skip
async def test_a_push_that_was_killed_anywhere_is_there_once_when_it_is_sent_again(tmp_path, point):
    code, _ = await run_child(tmp_path, PUSH, point)
    assert code == -signal.SIGKILL
    code, answers = await run_child(tmp_path, PUSH)
    assert (code, {answer[0] for answer in answers}) == (0, {202})
    store = Store(tmp_path)
    store.open()
    try:
        (table,) = store.months("trade")
        found = store.connection.execute(f"SELECT trade_id FROM {table}").fetchall()
        assert sorted(int(one) for (one,) in found) == list(range(40))
    finally:
        store.close()

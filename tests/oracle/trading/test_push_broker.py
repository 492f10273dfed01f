"""The push broker: orders go out to a bot, its reports come back as fills and ends, each once, and booked when answered."""

import pytest
import trio
from broker_ends import limit, open_end

from actors import Actor, Child, Refused
from actors.testing import probe
from oracle.model import Command
from oracle.trading.reports import Accepted, BrokerUp, Ended, Filled, Held, Place, Reported, Withdraw, Working

TRADE = {"id": "77", "symbol": "AAPL", "side": "SELL", "quantity": 2, "price": 101.5, "fee": 0.5, "ts_us": 5}


def report(**parts):
    return Command("report", parts)


async def test_an_order_goes_out_and_what_the_bot_says_of_it_comes_back(autojump_clock):
    async with open_end("push") as end:
        await end.ready()
        out = probe(end.runtime, "event:order_wanted:AAPL")
        one = limit()
        assert await end.ask(Place(one)) == "o1" == await end.ask(Place(one))
        (wanted,) = out.took()
        assert (wanted.data["id"], wanted.data["limit_price"], wanted.source) == ("o1", 100.0, "broker:push")
        accepted = {"order_id": "o1", "status": "accepted", "broker_order_id": "t5", "ts_us": 7}
        assert await end.ask(report(orders=[accepted])) == {"taken": 1, "unknown": []}
        assert end.told[-1] == Accepted("o1", "t5", 7)
        part = {"order_id": "o1", "status": "filled", "quantity": 4, "price": 99, "trade_id": "x1", "fee": 1.0}
        await end.ask(report(orders=[part]))
        rest = {"order_id": "o1", "status": "filled", "price": 98}
        assert await end.ask(report(orders=[rest])) == {"taken": 1, "unknown": []}
        fills = [(fill.id, fill.quantity, fill.price, fill.fee) for fill in end.fills]
        assert fills == [("x1", 4, 99, 1.0), ("o1-all", 6, 98, 0.0)]
        assert await end.ask(report(orders=[rest])) == {"taken": 0, "unknown": ["o1"]}


@pytest.mark.parametrize("status", ["rejected", "cancelled", "expired"])
async def test_the_bot_may_end_an_order(autojump_clock, status):
    async with open_end("push") as end:
        await end.ready()
        await end.ask(Place(limit()))
        await end.ask(report(orders=[{"order_id": "o1", "status": status, "reason": "no margin", "ts_us": 9}]))
        assert end.told[-1] == Ended("o1", status.upper(), "no margin", 9)
        with pytest.raises(Refused, match="not out"):
            await end.ask(Withdraw("o1"))


async def test_what_is_to_be_worked_no_more_is_said_to_the_bot(autojump_clock):
    async with open_end("push") as end:
        await end.ready()
        out = probe(end.runtime, "event:order_cancel_wanted:*")
        await end.ask(Place(limit("a")))
        await end.ask(Place(limit("b")))
        assert await end.ask(Withdraw("a")) is False
        await end.ask(Working((limit("a"),)))
        assert [one.data["id"] for one in out.took()] == ["a", "b"]


async def test_an_order_put_out_after_a_new_start_is_the_same_event(autojump_clock):
    ids = []
    for _ in range(2):
        async with open_end("push") as end:
            out = probe(end.runtime, "event:order_wanted:*")
            await trio.sleep(2)
            assert await end.ask(Working((limit(),))) == []
            ids += [one.id for one in out.took()]
    assert len(ids) == 2 and len(set(ids)) == 1


async def test_trades_and_books_are_told_the_desk(autojump_clock):
    async with open_end("push") as end:
        await end.ready()
        held = {"symbol": "AAPL", "quantity": -2, "avg_entry_price": 101.5}
        assert (await end.ask(report(trades=[TRADE], account={"cash": 5e4, "equity": 6e4}, positions=[held])))["taken"] == 1
        (fill,) = end.fills
        assert (fill.id, fill.order_id, fill.side, fill.quantity, fill.ts_us) == ("77", "", "SELL", 2, 5)
        books = end.told[-1]
        assert isinstance(books, Reported)
        assert (books.cash, books.equity, books.positions) == (5e4, 6e4, (Held("AAPL", -2, 101.5),))
        await end.ask(report(positions=[]))
        assert (end.told[-1].cash, end.told[-1].positions) == (5e4, ()), "the rest is as it was said last"
        count = len(end.told)
        await end.ask(report())
        assert len(end.told) == count, "and a report of nothing tells nothing"


async def test_a_trade_for_an_order_of_ours_counts_for_it(autojump_clock):
    async with open_end("push") as end:
        await end.ready()
        await end.ask(Place(limit()))
        await end.ask(report(trades=[{**TRADE, "side": "BUY", "order_id": "o1"}]))
        await end.ask(report(orders=[{"order_id": "o1", "status": "filled", "price": 98}]))
        assert [(fill.order_id, fill.quantity) for fill in end.fills] == [("o1", 2), ("o1", 8)]
        assert {fill.strategy_name for fill in end.fills} == {"mine"}


@pytest.mark.parametrize(("parts", "where"), [
    ({"trades": [{**TRADE, "price": 0}]}, "report.trades[0].price"),
    ({"trades": [{**TRADE, "id": ""}]}, "report.trades[0].id"),
    ({"trades": [{**TRADE, "symbol": "a b"}]}, "report.trades[0].symbol"),
    ({"trades": [{**TRADE, "quantity": float("nan")}]}, "report.trades[0].quantity"),
    ({"orders": [{"order_id": "o1", "status": "melted"}]}, "report.orders[0].status"),
    ({"orders": [{"order_id": "o1", "status": "filled"}]}, "report.orders[0]"),
    ({"orders": [{"order_id": "o1", "status": "filled", "price": 1, "quantity": 1}]}, "report.orders[0]"),
    ({"account": {}}, "report.account.cash"), ({"positions": 5}, "report.positions"), ({"nonsense": 1}, "report.nonsense"),
])  # fmt: skip
async def test_a_report_that_makes_no_sense_is_refused_whole(autojump_clock, parts, where):
    async with open_end("push") as end:
        with pytest.raises(Refused) as no:
            await end.ask(report(**parts))
        assert no.value.code == "invalid" and no.value.reason.startswith(where)
        assert end.fills == [] and not end.state["connected"]


async def test_a_bot_that_is_silent_is_gone_and_gets_no_orders(autojump_clock):
    async with open_end("push") as end:
        await trio.sleep(2)
        assert not end.state["connected"] and end.state["reported_us"] is None
        with pytest.raises(Refused) as no:
            await end.ask(Place(limit()))
        assert no.value.code == "unavailable" and "has reported yet" in no.value.reason
        await end.ready()
        first = end.state
        assert first["connected"] and first["reported_us"] == first["since_us"]
        await trio.sleep(50)
        await end.ready()
        assert end.state["since_us"] == first["since_us"] < end.state["reported_us"]
        await end.ask(Place(limit()))
        await trio.sleep(61)
        assert (end.state["connected"], end.state["reason"]) == (False, "no report for 60 s")
        with pytest.raises(Refused, match="no report for 60 s"):
            await end.ask(Withdraw("o1"))
        await end.ask(report(orders=[{"order_id": "o1", "status": "cancelled"}]))
        assert end.state["connected"] and len(end.ends) == 1


class Blank(Actor):
    """A desk without books: it takes what is reported of them, and no fill before."""

    def __init__(self, board, told):
        self.board, self.told = board, told

    def receive(self, message):
        """As the desk does."""
        if isinstance(message, Filled) and not self.board.get("account:desk"):
            raise Refused("it came before the first report", "invalid")
        if isinstance(message, Reported):
            self.board.put("account:desk", {"cash": message.cash}, 1)
        if not isinstance(message, BrokerUp):
            self.told.append(type(message))


async def test_what_was_traded_before_the_first_books_is_in_them(autojump_clock):
    async with open_end("push", desk=False) as end:
        end.runtime.add(Child("desk", lambda: Blank(end.board, end.told)))
        timeless = {**TRADE, "id": "76", "ts_us": None}
        whole = report(trades=[TRADE, timeless], account={"cash": 5e4}, positions=[])
        assert await end.ask(whole) == {"taken": 0, "unknown": ["77", "76"]}
        books_us = end.state["books_us"]
        assert await end.ask(whole) == {"taken": 0, "unknown": ["77", "76"]}, "told again it is in them still"
        new = [{**TRADE, "id": "78", "ts_us": books_us}, {**TRADE, "id": "79", "ts_us": None}]
        early = {**TRADE, "id": "75", "ts_us": books_us - 1}
        assert await end.ask(report(trades=[*new, early])) == {"taken": 2, "unknown": ["75"]}
        assert end.told == [Reported, Reported, Filled, Filled]
        end.runtime.kill("broker")
        await trio.sleep(5)
        assert end.state["books_us"] == books_us


class Hung(Actor):
    """A desk that does not answer."""

    def receive(self, message):
        """Never."""
        self.reply_later()


async def test_a_report_that_is_not_booked_is_not_taken(autojump_clock):
    async with open_end("push", desk=False) as end:
        with pytest.raises(Refused) as no:
            await end.ask(report(trades=[TRADE]))
        assert no.value.code == "unavailable"
        end.runtime.add(Child("desk", Hung))
        with pytest.raises(Refused, match="can't book"):
            await end.runtime.ask("broker", report(trades=[TRADE]), 30)
        assert end.runtime.node("broker").restarts == 0


async def test_a_fill_booked_before_its_answer_was_lost_counts_once(autojump_clock):
    async with open_end("push") as end:
        await end.ready()
        await end.ask(Place(limit()))
        filled = report(orders=[{"order_id": "o1", "status": "filled", "price": 98, "quantity": 4, "trade_id": "x1"}])
        await end.ask(filled)
        await end.ask(filled)
        await end.ask(report(orders=[{"order_id": "o1", "status": "filled", "price": 97}]))
        assert [(fill.id, fill.quantity) for fill in end.fills] == [("x1", 4), ("o1-all", 6)]
        assert sum(isinstance(message, Filled) for message in end.told) == 3

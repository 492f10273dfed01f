"""What an external bot pushes reaches the broker as reports: in order, until it is taken, and again after a restart."""

from contextlib import asynccontextmanager

import attrs
import pytest
import trio

from actors import Actor, Child, Refused
from oracle.model import Command
from oracle.settings import Auth, Data, Demo, Settings
from oracle.system import open_system
from oracle.terminal.reporting import TerminalReports, books_of, execution_of
from tests.web.test_mt5 import ACCOUNT, CYCLE, POSITION

EXECUTION = {"symbol": "XAUUSDM", "side": "BUY", "quantity": 0.1, "price": 2345.5, "order_id": ""}
CLOSED = {"type": "TRADE_CLOSED", "ticket": 1, "exit_price": 2350.0, "profit": 5.0}
CASH = 10_000.0 - 0.1 * 2345.5


class Clerk(Actor):
    """A broker that takes reports, once it has refused some."""

    def __init__(self, told, refusals):
        self._told, self._refusals = told, list(refusals)

    def receive(self, message):
        if self._refusals:
            raise Refused("not so", self._refusals.pop())
        self._told.send_nowait(message.args)
        return {"taken": 0, "unknown": []}


@attrs.define
class Bot:
    system: object
    told: trio.MemoryReceiveChannel

    async def push(self, *objects):
        await self.system.runtime.ask("terminal", Command("push", {"objects": list(objects)}, "bot"))

    async def until(self, *ids):
        """The books and the executions that the broker was told, up to these."""
        books, trades = None, []
        with trio.fail_after(30):
            while [one["id"] for one in trades] != list(ids) or books is None:
                report = await self.told.receive()
                trades += report["trades"]
                books = report if "account" in report else books
        return books["account"], books["positions"], trades


@asynccontextmanager
async def open_bot(folder, *refusals):
    send, receive = trio.open_memory_channel(1_000)
    settings = Settings(auth=Auth(mode="open"), data=Data(folder=folder), demo=Demo(enabled=False))

    def children(system):
        return [Child("clerk", lambda: Clerk(send, refusals)),
                Child("reports", lambda: TerminalReports(lambda: system.terminal, system.queries, "clerk"))]

    async with open_system(settings, children=children) as system:
        yield Bot(system, receive)


@pytest.mark.parametrize("refusals", [(), ("unavailable", "full")])
async def test_books_and_executions_are_reported_until_they_are_taken_and_again_after_a_restart(tmp_path, refusals):
    async with open_bot(tmp_path, *refusals) as bot:
        await bot.push(*CYCLE)
        await bot.push(CYCLE[2])
        account, positions, (trade,) = await bot.until("1")
        assert account == {"cash": CASH, "equity": 10_050.0}
        assert positions == [{"symbol": "XAUUSDM", "quantity": 0.1, "avg_entry_price": 2345.5}]
        assert {key: trade[key] for key in EXECUTION} == EXECUTION
    async with open_bot(tmp_path) as bot:
        assert await bot.until("1") == (account, positions, [trade])
        await bot.push(CLOSED)
        await bot.push({**CYCLE[2], "positions": []})
        _, positions, (closing,) = await bot.until("1-closed")
        assert positions == []
        assert (closing["side"], closing["quantity"], closing["price"]) == ("SELL", 0.1, 2350.0)


async def test_positions_from_before_an_execution_are_not_reported(tmp_path):
    for _ in range(2):  # nor after a restart
        async with open_bot(tmp_path) as bot:
            await bot.push(*CYCLE)
            with trio.fail_after(30):
                report = await bot.told.receive()
            assert [one["id"] for one in report["trades"]] == ["1"] and "positions" not in report


async def test_what_the_broker_will_never_take_holds_up_nothing(tmp_path):
    async with open_bot(tmp_path, "invalid") as bot:
        await bot.push(CYCLE[3], {**CYCLE[4], "direction": "SIDEWAYS"})
        await bot.push({**CYCLE[4], "ticket": 2})
        await bot.push({**CYCLE[4], "ticket": 3})
        with trio.fail_after(30):
            while not any(one["id"] == "3" for one in (await bot.told.receive())["trades"]):
                pass


def test_positions_of_a_symbol_are_netted_and_cash_makes_the_balance():
    short = {**POSITION, "ticket": 2, "type": 1, "direction": "SELL", "volume": 0.3, "entry_price": 2000.0}
    books = books_of(ACCOUNT, [POSITION, short])
    (one,) = books["positions"]
    assert (one["quantity"], one["avg_entry_price"]) == (pytest.approx(-0.2), 2000.0)
    assert books["account"]["cash"] == pytest.approx(10_400.0)
    flat = books_of({"balance": 5}, [POSITION, {**POSITION, "type": 1, "direction": "SELL"}])
    assert flat == {"account": {"cash": 5, "equity": None}, "positions": []}


@pytest.mark.parametrize(("account", "positions"), [
    ({}, []), ({"equity": 1.0}, []), (ACCOUNT, [{}]), (ACCOUNT, [{**POSITION, "volume": 0}]),
    (ACCOUNT, [{**POSITION, "symbol": "a b"}]), (ACCOUNT, [{**POSITION, "entry_price": "1"}]),
    (ACCOUNT, [{**POSITION, "direction": 5}]),
])  # fmt: skip
def test_books_that_are_not_whole_are_not_reported(account, positions):
    assert books_of(account, positions) is None


def test_an_execution_without_a_ticket_counts_by_its_event_and_a_closing_without_an_opening_by_what_it_says():
    given = {"type": "TRADE_EXECUTION", "symbol": "EURUSDm", "direction": "short", "price": 1.1, "lot": 1, "order_id": "ord_1"}
    trade = execution_of(given, None, "evt_1", 5)
    assert (trade["id"], trade["side"], trade["order_id"], trade["ts_us"]) == ("evt_1", "SELL", "ord_1", 5)
    assert execution_of(CLOSED, None, "evt_2", 5) is None
    said = execution_of({**CLOSED, "symbol": "EURUSDm", "direction": "BUY", "lot": 2}, None, "evt_2", 5)
    assert (said["id"], said["side"], said["quantity"]) == ("1-closed", "SELL", 2.0)


async def test_books_that_a_terminal_said_count_from_after_the_newest_execution(tmp_path):
    held = {**POSITION, "volume": 0.3}
    live = {"account": ACCOUNT, "positions": [held]}
    async with open_bot(tmp_path) as bot:
        ask, shown = bot.system.runtime.ask, bot.system.terminal
        shown.asked = True
        await ask("terminal", Command("live", {**live, "at_us": bot.system.runtime.now_us()}, "terminal:mt5"))
        await bot.push(CYCLE[4], CYCLE[2])  # the terminal was asked before this, and what the bot says of positions is not shown
        with trio.fail_after(30):
            assert (report := await bot.told.receive())["trades"] and "positions" not in report
        await ask("terminal", Command("live", {**live, "at_us": bot.system.runtime.now_us()}, "terminal:mt5"))
        await bot.push({"type": "SCAN_START", "count": 0})
        _, (position,), _ = await bot.until()
        assert position["quantity"] == 0.3

"""The broker for Interactive Brokers, against a gateway on this machine: what it tells the desk, over loss and return."""

from __future__ import annotations

import importlib.util
import math
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from ibkr_gateway import Gateway
from orders import order as an_order
from orders import quote
from running import open_house, said

from actors import Actor, Child, Refused, open_runtime
from actors.testing import probe
from oracle.board import Board
from oracle.model import Command, State
from oracle.problems import Invalid
from oracle.settings import Auth, Data, Scheduler, Settings
from oracle.settings_trading import Broker, Ibkr
from oracle.trading.brokers import broker_child
from oracle.trading.order import NewOrder, Side
from oracle.trading.reports import Accepted, BrokerUp, Ended, Filled, Held, Place, Reported, Withdraw, Working

IB = importlib.util.find_spec("ib_async") and importlib.util.find_spec("trio_asyncio")
needs_ib = pytest.mark.skipif(not IB, reason="ib_async, of the extra `ibkr`, is not installed")
ONE, TWO = "ord_" + "1" * 16, "ord_" + "2" * 16
LIMIT_S = 20


class Desk(Actor):
    """Hands on what it is told."""

    def __init__(self, into):
        self._into = into

    def receive(self, message):
        self._into.send_nowait(message)


@attrs.define(eq=False)
class Ends:
    """A broker between a gateway and a desk that only listens."""

    runtime: object
    board: Board
    inbox: object

    async def next(self, kind=object):
        """What the desk is told next, which is of that kind."""
        with trio.fail_after(LIMIT_S):
            told = await self.inbox.receive()
        assert isinstance(told, kind), told
        return told

    async def ask(self, message):
        return await self.runtime.ask("broker", message, LIMIT_S)

    async def until(self, connected):
        """How it is, once it is (not) connected."""
        return await until(self.runtime, connected)

    def took(self):
        """What the desk was told beside."""
        told = []
        while self.inbox.statistics().current_buffer_used:
            told.append(self.inbox.receive_nowait())
        return told


async def until(runtime, connected):
    heard = probe(runtime, "state:broker:ibkr")
    known = runtime.bus.last("state:broker:ibkr")
    value = known.message.value if known else {}
    with trio.fail_after(LIMIT_S):
        while value.get("connected") is not connected:
            value = (await heard.next()).value
    return value


@asynccontextmanager
async def open_ends(gateway, account="", states=()):
    settings = settings_of(gateway, account)
    into, inbox = trio.open_memory_channel(math.inf)
    made = []

    def children(runtime):
        made.append(Board(runtime.bus, runtime.now_us))
        made[0].load(states)
        return [broker_child(settings, made[0]), Child("desk", lambda: Desk(into))]

    async with open_runtime(children) as runtime:
        yield Ends(runtime, made[0], inbox)


def settings_of(gateway, account="", **more):
    return Settings(broker=Broker(provider="ibkr", ibkr=Ibkr(port=gateway.port, account=account)), **more)


def wish(ident=ONE, kind="LIMIT", **facts):
    return an_order(ident, "BUY", kind, **{"limit_price": 100.0, "quantity": 10.0, **facts})


@needs_ib
async def test_the_books_come_first_and_then_it_asks_what_to_work():
    gateway = Gateway(positions={"MSFT": (5.0, 400.0)})
    async with gateway.opened(), open_ends(gateway) as ends:
        books = await ends.next(Reported)
        assert (books.cash, books.equity, books.positions) == (50_000, 60_000, (Held("MSFT", 5, 400),))
        await ends.next(BrokerUp)
        state = await ends.until(True)
        assert (state["provider"], state["reason"]) == ("ibkr", "") and await ends.ask(Working(())) == []


@needs_ib
async def test_an_order_is_sent_once_and_its_fills_come_with_their_commission():
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        known_as = await ends.ask(Place(wish()))
        assert known_as == "7000001" == await ends.ask(Place(wish()))
        (sent,) = gateway.placed
        names = ("symbol", "secType", "exchange", "currency", "action", "orderType", "tif", "orderRef")
        assert [sent[name] for name in names] == [
            "AAPL", "STK", "SMART", "USD", "BUY", "LMT", "GTC", ONE]
        assert (float(sent["totalQuantity"]), float(sent["lmtPrice"]), sent["account"]) == (10, 100, "DU1")
        assert (await ends.next(Accepted)).broker_order_id == known_as
        part = await gateway.fill(ONE, 4, 99.5, commission=None)
        await gateway.fill(ONE, 6, 99.0, commission=0.7)
        await gateway.commission(part, 0.35)
        fills = [(await ends.next(Filled)).fill for _ in range(2)]
        assert [(one.order_id, one.symbol, one.side, one.quantity, one.price, one.fee) for one in fills] == [
            (ONE, "AAPL", "BUY", 4, 99.5, 0.35), (ONE, "AAPL", "BUY", 6, 99, 0.7)]
        assert fills[0].ts_us == 1_795_000_000_000_000
        await gateway.correct(part)
        assert await ends.ask(Place(wish())) == known_as and len(gateway.placed) == 1
        assert ends.took() == [], "a correction counts once, as the same fill"


@needs_ib
async def test_a_commission_that_nobody_tells_holds_a_fill_up_for_a_while_only():
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        await ends.ask(Place(wish()))
        await ends.next(Accepted)
        await gateway.fill(ONE, 10, 99.5, commission=None)
        assert (await ends.next(Filled)).fill.fee == 0.0


@needs_ib
@pytest.mark.parametrize(("facts", "sent"), [
    ({"kind": "MARKET", "limit_price": None, "time_in_force": "DAY"}, ("MKT", "", "", "DAY", "STK", "SMART")),
    ({"kind": "STOP", "limit_price": None, "stop_price": 95.0}, ("STP", "", "95.0", "GTC", "STK", "SMART")),
    ({"kind": "STOP_LIMIT", "stop_price": 95.0}, ("STP LMT", "100.0", "95.0", "GTC", "STK", "SMART")),
    ({"symbol": "BTC-USD"}, ("LMT", "100.0", "", "GTC", "CRYPTO", "PAXOS")),
])  # fmt: skip
async def test_each_kind_of_order_is_sent_as_what_it_is(facts, sent):
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        assert await ends.ask(Place(wish(**facts)))
        names = ("orderType", "lmtPrice", "auxPrice", "tif", "secType", "exchange")
        assert tuple(gateway.placed[0][name] for name in names) == sent


@needs_ib
async def test_what_the_gateway_refuses_is_rejected_with_its_reason():
    gateway = Gateway(says=(201, "Order rejected - reason: no margin"))
    async with open_connected(gateway) as ends:
        for _ in range(2):
            with pytest.raises(Refused, match=r"^Order rejected - reason: no margin") as no:
                await ends.ask(Place(wish()))
            assert no.value.code == "rejected"
        assert len(gateway.placed) == 1 and (await ends.next(Ended)).status == "REJECTED"
        with pytest.raises(Refused, match="BTC-EUR is not traded there"):
            await ends.ask(Place(wish(TWO, symbol="BTC-EUR")))


@needs_ib
async def test_a_warning_is_no_end():
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        await ends.ask(Place(wish()))
        await ends.next(Accepted)
        await gateway.error(gateway.placed[0]["orderId"], 399, "it will not be sent before the opening")
        await gateway.fill(ONE, 10, 99)
        assert (await ends.next(Filled)).fill.quantity == 10


@needs_ib
async def test_an_order_is_withdrawn_and_the_end_is_told():
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        await ends.ask(Place(wish()))
        await ends.next(Accepted)
        assert await ends.ask(Withdraw(ONE)) is False
        end = await ends.next(Ended)
        assert (end.order_id, end.status) == (ONE, "CANCELLED") and gateway.cancels == [gateway.placed[0]["orderId"]]
        assert await ends.ask(Withdraw(ONE)) is True
        with pytest.raises(Refused) as no:
            await ends.ask(Withdraw(TWO))
        assert no.value.code == "not_found"


@needs_ib
async def test_what_happens_while_it_is_away_is_told_when_it_is_back_and_nothing_twice():
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        await ends.ask(Place(wish()))
        await ends.next(Accepted)
        await ends.ask(Place(wish(TWO)))
        await ends.next(Accepted)
        await gateway.fill(ONE, 3, 99)
        seen = await ends.next(Filled)
        async with gateway_away(gateway, ends):
            with pytest.raises(Refused) as no:
                await ends.ask(Place(wish(TWO)))
            assert no.value.code == "unavailable"
            await gateway.fill(ONE, 7, 98)
        await ends.until(True)
        missed = await ends.next(Filled)
        assert (missed.fill.quantity, missed.fill.fee) == (7, 1.0) and missed.fill.id != seen.fill.id
        await ends.next(BrokerUp), await ends.next(Reported)
        gone = wish("ord_" + "3" * 16, broker_order_id="7")
        assert await ends.ask(Working((wish(), wish(TWO), gone))) == [gone.id]
        assert await ends.ask(Place(wish())) and await ends.ask(Place(wish(TWO))) and len(gateway.placed) == 2
        assert await ends.ask(Working((wish(),))) == []
        assert (await ends.next(Ended)).order_id == TWO, "open and not wanted"
        assert ends.took() == []


@needs_ib
async def test_what_was_executed_meanwhile_is_told_before_it_says_what_it_does_not_know():
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        await ends.ask(Place(wish()))
        await ends.next(Accepted)
        async with gateway_away(gateway, ends):
            part = await gateway.fill(ONE, 4, 98, commission=None)
            gateway.forget(ONE)
        await ends.until(True)
        for early in (Working((wish(),)), Withdraw(ONE)):
            with pytest.raises(Refused, match="told first"):
                await ends.ask(early)
        await gateway.commission(part, 0.5)
        assert (await ends.next(Filled)).fill.fee == 0.5
        await ends.next(BrokerUp), await ends.next(Reported), await ends.next(BrokerUp)
        assert await ends.ask(Working((wish(),))) == [ONE]


@needs_ib
async def test_an_order_without_an_answer_is_found_again_and_not_sent_anew():
    gateway = Gateway(silent=True)
    async with open_connected(gateway) as ends:
        answers = []

        async def place():
            with pytest.raises(Refused) as no:
                await ends.ask(Place(wish()))
            answers.append(no.value.code)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(place)
            with trio.fail_after(LIMIT_S):
                await gateway.took.wait()
            async with gateway_away(gateway, ends):
                pass
        assert answers == ["unavailable"]
        await ends.until(True)
        assert await ends.ask(Place(wish())) == "7000001" and len(gateway.placed) == 1


@needs_ib
async def test_a_life_after_a_crash_tells_nothing_twice():
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        await ends.ask(Place(wish()))
        await ends.next(Accepted)
        await gateway.fill(ONE, 3, 99)
        await ends.next(Filled)
        ends.runtime.kill("broker")
        await ends.next(BrokerUp), await ends.next(Reported)
        assert await ends.ask(Working((wish(),))) == [] and await ends.ask(Place(wish())) == "7000001"
        assert ends.took() == [] and len(gateway.placed) == 1


@needs_ib
async def test_a_process_after_this_one_tells_what_was_executed_since_the_first_books():
    gateway, states = Gateway(), []
    async with gateway.opened():
        async with open_ends(gateway) as ends:
            await ends.next(Reported), await ends.next(BrokerUp)
            await ends.ask(Place(wish()))
            await gateway.fill(ONE, 3, 99, at_s=1_795_000_000)
        async with open_ends(gateway) as ends:
            await ends.next(Reported), await ends.next(BrokerUp)
            assert not [one for one in ends.took() if isinstance(one, Filled)], "the first books have it"
            states = [ends.board.state("broker:ibkr"), State("account:desk", {"cash": 1.0}, 1, 1)]
        await gateway.fill(ONE, 2, 98, at_s=1_795_000_050)
        async with open_ends(gateway, states=states) as ends:
            assert (await ends.next(Filled)).fill.quantity == 2
            await ends.next(BrokerUp), await ends.next(Reported)


@needs_ib
async def test_which_of_several_accounts_must_be_said():
    gateway = Gateway(accounts=("DU1", "DU2"))
    async with gateway.opened():
        async with open_ends(gateway) as ends:
            heard = probe(ends.runtime, "state:broker:ibkr")
            with trio.fail_after(LIMIT_S):
                while "2 accounts" not in (ends.board.get("broker:ibkr") or {}).get("reason", ""):
                    await heard.next()
            assert ends.board.get("broker:ibkr")["connected"] is False and ends.took() == []
        async with open_ends(gateway, account="DU1") as ends:
            await ends.next(Reported)


@needs_ib
async def test_a_gateway_that_has_lost_the_broker_takes_no_orders():
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        await gateway.error(-1, 1100, "Connectivity between IB and Trader Workstation has been lost.")
        assert "has been lost" in (await ends.until(False))["reason"]
        with pytest.raises(Refused, match="has been lost"):
            await ends.ask(Place(wish()))
        await gateway.error(-1, 1102, "Connectivity between IB and Trader Workstation has been restored.")
        await ends.until(True)
        assert await ends.ask(Place(wish()))


@needs_ib
async def test_books_that_change_are_reported_once_they_are_calm(monkeypatch):
    monkeypatch.setattr("oracle.trading.brokers.ibkr_office.BOOKS_S", 0.05)
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        await gateway.hold("MSFT", 5, 400)
        assert (await ends.next(Reported)).positions == (Held("MSFT", 5, 400),)
        await gateway.hold("MSFT", 0, 0)
        assert (await ends.next(Reported)).positions == ()


@needs_ib
async def test_a_gateway_without_a_word_is_asked_for_executions_and_given_up_where_it_does_not_answer(monkeypatch):
    monkeypatch.setattr("oracle.trading.brokers.ibkr_office.QUIET_S", 0.1)
    monkeypatch.setattr("oracle.ib_link.TIMEOUT_S", 1.0)
    gateway = Gateway()
    async with open_connected(gateway) as ends:
        await gateway.elsewhere("MSFT", 2, 400)
        fill = (await ends.next(Filled)).fill
        assert (fill.order_id, fill.symbol, fill.quantity, fill.fee) == ("", "MSFT", 2, 1.0)
        gateway.deaf = True
        assert (await ends.until(False))["reason"]
        gateway.deaf = False
        await ends.until(True)


@needs_ib
async def test_the_house_stands_without_the_gateway_and_trades_when_it_comes(tmp_path):
    gateway = Gateway(positions={"MSFT": (5.0, 400.0)})
    async with gateway.opened():
        pass
    settings = settings_of(gateway, auth=Auth(mode="open"), data=Data(folder=tmp_path), scheduler=Scheduler(enabled=False))
    async with open_house(tmp_path, settings=settings) as house:
        away = (await house.get("/api/system/status")).json
        assert (away["broker"], away["ibkr_gateway_connected"]) == ("disconnected", False)
        assert (await house.get("/api/system/health")).json["database"] == "connected"
        runtime = house.system.runtime
        async with gateway.opened():
            await until(runtime, True)
            assert (await said(runtime, "state:account:desk")).value["cash"] == 50_000
            assert (await said(runtime, "state:position:MSFT")).value["quantity"] == 5
            back = (await house.get("/api/system/status")).json
            assert (back["broker"], back["ibkr_gateway_connected"]) == ("connected", True)
            runtime.publish(quote(99, 101, at_us=runtime.now_us()))
            new = NewOrder(symbol="AAPL", side=Side.buy, quantity=5, order_type="LIMIT", limit_price=101.0,
                           client_order_id="mine")  # fmt: skip
            order = await runtime.ask("desk", Command("submit", {"order": new}), LIMIT_S)
            assert (order.status, order.broker_order_id) == ("SUBMITTED", "7000001"), order
            filled = probe(runtime, "event:order_filled:AAPL")
            await gateway.fill(order.id, 5, 100.5, commission=0.5, at_s=runtime.now_us() // 1_000_000)
            with trio.fail_after(LIMIT_S):
                told = await filled.next()
            assert (told.data["filled_price"], told.data["fees"]) == (100.5, 0.5)
            assert house.system.board.get("account:desk")["cash"] == 50_000 - 5 * 100.5 - 0.5
        await until(runtime, False)
        assert (await house.get("/api/system/status")).json["ibkr_gateway_connected"] is False


def test_without_the_extra_the_settings_say_what_is_missing(monkeypatch):
    monkeypatch.setattr("oracle.trading.brokers.ibkr.NEEDS", ("no_such_package",))
    with pytest.raises(Invalid, match=r"broker\.provider.*oracle-runtime\[ibkr\]"):
        broker_child(settings_of(Gateway(port=1)), None)


@asynccontextmanager
async def open_connected(gateway):
    """Ends that are connected."""
    async with gateway.opened(), open_ends(gateway) as ends:
        await ends.next(Reported), await ends.next(BrokerUp)
        yield ends


@asynccontextmanager
async def gateway_away(gateway, ends):
    """The gateway goes, and comes again."""
    gateway.leave()
    await ends.until(False)
    yield
    await gateway.come()

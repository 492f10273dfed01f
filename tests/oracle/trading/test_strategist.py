"""A planted bar becomes a signal and an order, once, whatever ends in between."""

from contextlib import asynccontextmanager

import attrs
import numpy as np
import pytest
import trio
from planted import at, bars_of

from actors import Actor, Child, Refused, open_runtime, trio_clock
from actors.testing import probe
from oracle.board import Board
from oracle.history import History, Queries, Store, inline
from oracle.model import Bar, Command, Quote
from oracle.receipts import Receipts
from oracle.settings_trading import Risk, Trading
from oracle.trading.ledger import Account, Position
from oracle.trading.order import Order, OrderStatus, OrderType, Side
from oracle.trading.strategy_tree import strategy_children

SYMBOLS = ("AAPL", "MSFT")
FALL = [*[0.001, -0.001] * 30, -0.03]  # MeanReversion buys after the last
NAME = "strategy:MeanReversion"
TRADING = Trading(universe=SYMBOLS)


class TestDesk(Actor):
    """Takes what it is asked for, or refuses, and keeps the wishes."""

    __test__ = False

    def __init__(self, place):
        self.place = place

    async def start(self):
        if self.place.board.get("account:desk") is None:
            account = Account(initial_cash=100_000.0, cash=100_000.0)
            self.place.board.put("account:desk", attrs.asdict(account), self.now_us())

    def receive(self, command):
        self.place.asked.append(command)
        if self.place.answers:
            raise self.place.answers.pop(0)
        if command.verb != "submit":
            return None
        wish, now_us = command.args["order"], self.now_us()
        order = Order(id=f"ord_{len(self.place.asked)}", symbol=wish.symbol, side=wish.side, order_type=wish.order_type,
                      quantity=wish.quantity, created_us=now_us, updated_us=now_us,
                      status=OrderStatus.pending if self.place.waits else OrderStatus.submitted,
                      strategy_name=wish.strategy_name, client_order_id=wish.client_order_id)  # fmt: skip
        self.place.board.put(order.ref, order.value(), now_us)
        return order


@attrs.define(eq=False)
class Place:
    runtime: object
    board: object
    store: object
    asked: list = attrs.field(factory=list)
    answers: list = attrs.field(factory=list)
    waits: bool = False

    @property
    def wishes(self):
        return [command.args["order"] for command in self.asked if command.verb == "submit"]

    @property
    def state(self):
        return self.board.get(NAME)

    def quote(self, symbol, price):
        self.runtime.publish(Quote(symbol, price - 0.01, 100, price + 0.01, 100, self.runtime.now_us(), "planted"))

    async def until(self, day, seconds=0.0):
        """Until a day has begun."""
        await trio.sleep((at(day) - self.runtime.now_us()) / 1e6 + seconds)

    async def signals(self):
        return (await Queries(self.store, inline).events(kind="signal", newest_first=False)).items


@asynccontextmanager
async def open_place(folder, day, *, trading=TRADING, desk=True, answers=()):
    """Strategists on a history in `folder`, at the begin of a day."""
    store, made = Store(folder), []
    store.open()

    def children(runtime):
        board, receipts = Board(runtime.bus, runtime.now_us), Receipts(runtime.now_us)
        board.load(store.states())
        place = Place(runtime, board, store, answers=list(answers))
        made.append(place)
        return [Child("history", lambda: History(store, threaded=False), capacity=1_000),
                *([Child("desk", lambda: TestDesk(place))] if desk else []),
                *strategy_children({}, trading, Risk(), folder, board, Queries(store, inline), receipts)]

    try:
        async with open_runtime(children, clock=trio_clock(round(at(day))), seed=1) as runtime:
            made[0].runtime = runtime
            for symbol in trading.universe:
                made[0].quote(symbol, 97.0)
            yield made[0]
    finally:
        store.close()


def write(folder, bars):
    store = Store(folder)
    store.open()
    names = [name for name in Bar.__struct_fields__ if name != "closed"]
    store.backfill_bars({name: np.array([getattr(bar, name) for bar in bars]) for name in names})
    store.close()


async def test_a_bar_becomes_a_signal_and_an_order_once(tmp_path, autojump_clock):
    bars = bars_of("AAPL", FALL)
    write(tmp_path, bars[:-1])
    async with open_place(tmp_path, 60.99) as place:
        await trio.sleep(5)
        assert place.asked == [] and place.state["decided"] == {"AAPL": at(59)}
        said = probe(place.runtime, "event:signal:*")
        await place.until(61, 1)
        place.runtime.publish(bars[-1])
        await trio.sleep(5)
        signal, = said.took()
        assert (signal.subject, signal.source) == ("AAPL", NAME)
        assert set(signal.data) == {"symbol", "direction", "strength", "strategy_name", "reason", "timestamp", "metadata"}
        assert (signal.data["direction"], signal.data["strategy_name"]) == ("LONG", "MeanReversion")
        wish, = place.wishes
        assert (wish.side, wish.order_type, wish.client_order_id) == (Side.buy, OrderType.bracket, signal.id)
        assert wish.limit_price == pytest.approx(97.01 * 1.0005, abs=0.005)
        assert wish.stop_price == pytest.approx(97.01 * 0.98, abs=0.005)
        assert wish.quantity >= 1 and wish.quantity * 97 <= 5_000 * signal.data["strength"]
        place.runtime.publish(bars[-1])
        await trio.sleep(5)
        assert len(place.asked) == 1 and place.state["pending"] == []
        assert place.state["verdicts"]["AAPL"]["reason"] == "Cooldown (an order is at work)"
    async with open_place(tmp_path, 61) as place:
        await trio.sleep(300)
        assert place.asked == [] and len(await place.signals()) == 1


async def test_a_day_that_has_not_begun_hides_none_before_it(tmp_path, autojump_clock):
    bars = bars_of("AAPL", [*FALL, 0.01])
    write(tmp_path, bars[:-2])
    async with open_place(tmp_path, 60.9) as place:
        await trio.sleep(5)
        place.runtime.publish(bars[-1])
        await trio.sleep(5)
        assert place.state["decided"] == {"AAPL": at(59)}
        place.runtime.publish(bars[-2])
        await trio.sleep(5)
        assert place.state["decided"] == {"AAPL": at(60)} and len(place.wishes) == 1


async def test_a_verdict_follows_what_becomes_of_orders_and_positions(tmp_path, autojump_clock):
    bars = bars_of("AAPL", FALL)
    write(tmp_path, bars[:-1])
    async with open_place(tmp_path, 60.99) as place:
        await place.until(61, 1)
        place.runtime.publish(bars[-1])
        await trio.sleep(5)
        order, = [state for state in place.board.kind("order") if state.value]
        held = Position(symbol="AAPL", quantity=7, avg_entry_price=97.0, opened_us=at(61), added_us=at(61),
                        strategy_name="MeanReversion")  # fmt: skip
        told = []
        for ref, value in ((held.ref, attrs.asdict(held)), (order.ref, None), (held.ref, None)):
            place.board.put(ref, value, place.runtime.now_us())
            await trio.sleep(1)
            told.append(place.state["verdicts"]["AAPL"]["reason"])
        assert told == ["Holding 7", "Holding 7", "CANDIDATE (BUY)"]


async def test_a_bar_that_nobody_told_of_is_found_after_midnight(tmp_path, autojump_clock):
    bars = bars_of("AAPL", FALL)
    write(tmp_path, bars)
    async with open_place(tmp_path, 60.99) as place:
        await place.until(61, 60)
        assert place.asked == []
        await place.until(61, 120)
        assert [wish.symbol for wish in place.wishes] == ["AAPL"]


@pytest.mark.parametrize(("days_away", "orders"), [(1, 1), (4, 0)])
async def test_what_closed_while_the_process_was_down_is_decided_once_and_late_ones_only_noted(
    tmp_path, autojump_clock, days_away, orders):
    bars = bars_of("AAPL", FALL)
    write(tmp_path, bars[:-1])
    async with open_place(tmp_path, 60.99):
        await trio.sleep(5)
    write(tmp_path, bars[-1:])
    for wanted in (orders, 0):
        async with open_place(tmp_path, 60 + days_away) as place:
            await trio.sleep(60)  # at first there is no price
            assert len(place.wishes) == wanted
            assert len(await place.signals()) == orders
            assert place.state["decided"] == {"AAPL": at(60)}
            assert ("too late" in place.state["verdicts"]["AAPL"]["reason"]) == (not orders and bool(wanted == orders))
            for state in place.board.kind("order"):
                place.board.put(state.ref, None, place.runtime.now_us())
        if not orders:
            break


async def test_what_the_desk_was_not_asked_it_is_asked_by_the_next_life(tmp_path, autojump_clock):
    bars = bars_of("AAPL", FALL)
    write(tmp_path, bars[:-1])
    async with open_place(tmp_path, 60.99, desk=False) as place:
        place.board.put("account:desk", attrs.asdict(Account(initial_cash=1e5, cash=1e5)), at(60))
        await place.until(61)
        place.runtime.publish(bars[-1])
        await trio.sleep(5)
        assert [row["symbol"] for row in place.state["pending"]] == ["AAPL"]
        assert place.state["verdicts"]["AAPL"]["reason"].startswith("Exec Block")
    async with open_place(tmp_path, 61) as place:
        await trio.sleep(60)
        assert [wish.symbol for wish in place.wishes] == ["AAPL"] and place.state["pending"] == []
        assert place.wishes[0].client_order_id == (await place.signals())[0]["id"]


async def test_a_desk_that_can_not_now_is_asked_again_and_one_that_refuses_is_not(tmp_path, autojump_clock):
    write(tmp_path, bars_of("AAPL", FALL[:-1]) + bars_of("MSFT", FALL[:-1]))
    answers = [Refused("not now", "unavailable"), Refused("too much in Technology", "rejected")]
    async with open_place(tmp_path, 60.99, answers=answers) as place:
        await place.until(61)
        for symbol in SYMBOLS:
            place.runtime.publish(bars_of(symbol, FALL)[-1])
        await trio.sleep(5)
        assert [wish.symbol for wish in place.wishes] == ["AAPL", "MSFT"]
        assert place.state["verdicts"]["MSFT"] == {"reason": "Risk Block: too much in Technology", "candidate": False,
                                                   "direction": "LONG"}  # fmt: skip
        await trio.sleep(60)
        assert [wish.symbol for wish in place.wishes] == ["AAPL", "MSFT", "AAPL"]
        assert place.wishes[0].client_order_id == place.wishes[2].client_order_id


async def test_its_own_position_is_closed_and_what_is_at_work_for_it_is_taken_back(tmp_path, autojump_clock):
    write(tmp_path, bars_of("AAPL", FALL) + bars_of("MSFT", FALL))
    async with open_place(tmp_path, 61.99) as place:
        for symbol, owner in zip(SYMBOLS, ("MeanReversion", ""), strict=True):
            held = Position(symbol=symbol, quantity=7, avg_entry_price=97.0, opened_us=at(58), added_us=at(58),
                            strategy_name=owner)  # fmt: skip
            place.board.put(held.ref, attrs.asdict(held), at(61))
        stop = Order(id="ord_stop", symbol="AAPL", side="SELL", order_type="STOP", quantity=7, created_us=0, updated_us=0,
                     status="SUBMITTED", stop_price=95.0, strategy_name="MeanReversion")  # fmt: skip
        place.board.put(stop.ref, stop.value(), at(61))
        await place.until(62)
        for symbol in SYMBOLS:
            place.runtime.publish(bars_of(symbol, [*FALL, 0.06])[-1])
        await trio.sleep(5)
        assert [(command.verb, command.args.get("id")) for command in place.asked] == [("cancel", "ord_stop"), ("submit", None)]
        wish, = place.wishes
        assert (wish.symbol, wish.side, wish.quantity, wish.order_type) == ("AAPL", Side.sell, 7, OrderType.limit)


@pytest.mark.parametrize(("answer", "asked"), [
    (None, ["submit", "cancel"]), ("refused", ["submit"]), ("waits", ["submit"]),
])
async def test_the_stop_of_a_position_goes_when_the_order_that_closes_it_is_at_work_and_not_before(
    tmp_path, autojump_clock, answer, asked,
):
    write(tmp_path, bars_of("AAPL", FALL))
    async with open_place(tmp_path, 61.99) as place:
        held = Position(symbol="AAPL", quantity=7, avg_entry_price=97.0, opened_us=at(58), added_us=at(58),
                        strategy_name="MeanReversion")  # fmt: skip
        stop = Order(id="ord_stop", symbol="AAPL", side="SELL", order_type="STOP", quantity=7, created_us=0, updated_us=0,
                     status="SUBMITTED", stop_price=95.0, strategy_name="MeanReversion", parent_id="ord_entry")  # fmt: skip
        for ref, value in ((held.ref, attrs.asdict(held)), (stop.ref, stop.value())):
            place.board.put(ref, value, at(61))
        place.waits = answer == "waits"
        await place.until(62)
        if answer == "refused":
            place.answers.append(Refused("it would be a day trade", "rejected"))
        place.runtime.publish(bars_of("AAPL", [*FALL, 0.06])[-1])
        await trio.sleep(5)
        assert [command.verb for command in place.asked] == asked


async def test_one_that_is_off_looks_on_and_says_nothing(tmp_path, autojump_clock):
    write(tmp_path, bars_of("AAPL", FALL[:-1]))
    async with open_place(tmp_path, 60.99) as place:
        ask = place.runtime.ask
        told = probe(place.runtime, "event:strategy_disabled:*")
        for _ in range(2):
            assert await ask("strategist", Command("disable", {"name": "MeanReversion"}, "ada", "client/ada/1/d")) == "disabled"
        assert [event.cause for event in told.took()] == ["client/ada/1/d"]
        with pytest.raises(Refused, match="not found"):
            await ask("strategist", Command("disable", {"name": "Nobody"}))
        await place.until(61)
        place.runtime.publish(bars_of("AAPL", FALL)[-1])
        await trio.sleep(5)
        assert place.asked == [] and place.state["enabled"] is False and place.state["decided"] == {"AAPL": at(60)}
        assert place.state["verdicts"]["AAPL"]["reason"].startswith("Inactive")
    async with open_place(tmp_path, 61) as place:
        await trio.sleep(5)
        assert place.state["enabled"] is False
        assert await place.runtime.ask("strategist", Command("enable", {"name": "MeanReversion"})) == "enabled"
        await trio.sleep(1)
        assert place.state["enabled"] is True and place.asked == []


async def test_the_scanner_tells_of_the_whole_universe_when_something_changes(tmp_path, autojump_clock):
    write(tmp_path, bars_of("AAPL", FALL[:-1]))
    async with open_place(tmp_path, 60.99, answers=[Refused("not now", "unavailable")]) as place:
        said = probe(place.runtime, "event:scan_summary:desk")
        starts = probe(place.runtime, "event:scan_start:desk")
        await trio.sleep(310)
        last = said.took()[-1].data
        assert (set(last), last["count"], last["candidates"]) == ({"symbols", "count", "candidates"}, 2, 0)
        assert last["symbols"]["AAPL"].startswith("Low Score (") and last["symbols"]["MSFT"] == "no daily bars yet"
        assert starts.took()[-1].data == {"count": 2}
        await trio.sleep(240)
        assert said.took() == []
        await trio.sleep(70)
        assert len(said.took()) == 1  # five minutes without a word
        place.board.put("breaker:vix", {"on": True, "reason": "VIX 40"}, place.runtime.now_us())
        await trio.sleep(5)
        assert set(said.took()[-1].data["symbols"].values()) == {"Inactive (Circuit Breaker)"}


async def test_with_live_strategies_off_nothing_is_asked_for(tmp_path, autojump_clock):
    write(tmp_path, bars_of("AAPL", FALL[:-1]))
    async with open_place(tmp_path, 60.99, trading=attrs.evolve(TRADING, live_strategies=False)) as place:
        await place.until(61)
        place.runtime.publish(bars_of("AAPL", FALL)[-1])
        await trio.sleep(5)
        assert place.asked == [] and await place.signals() == []

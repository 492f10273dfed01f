"""The watch over the desk: the book is marked, breakers trip and reset, the kill switch follows; a restart forgets nothing."""

from contextlib import asynccontextmanager
from itertools import pairwise

import attrs
import pytest
import trio
from risk_views import DAY_US, NOW_US

from actors import Actor, Child, Refused, open_runtime, trio_clock
from actors.testing import probe
from oracle.board import Board
from oracle.history import History, Queries, Store, inline
from oracle.model import Bar, Command, Event, Quote, Sample, Severity, event_id
from oracle.receipts import Receipts
from oracle.settings import Broker, Risk, Trading
from oracle.settings_trading import Breakers
from oracle.trading import KillSwitch, SwitchMemory, tripped
from oracle.trading.ledger import Account, Position
from oracle.trading.risk.day_trades import DayTrades
from oracle.trading.risk.view import view_of
from oracle.trading.risk.wiring import risk_child

MINUTE_US = 60_000_000
DOWN = Refused("disk full", code="unavailable")


class Full(Actor):
    """A history that takes nothing."""

    def receive(self, commit):
        raise DOWN


class Floor:
    """A board with somebody who trades on it, and what was said."""

    def __init__(self, runtime, board, store, day_trades):
        self.runtime, self.board, self.store, self.day_trades = runtime, board, store, day_trades
        self.said = probe(runtime, "event:*")

    def quote(self, price, symbol="AAPL"):
        self.runtime.publish(Quote(symbol, price, 1.0, price, 1.0, self.runtime.now_us(), "feed"))

    def vix(self, value):
        self.runtime.publish(Sample("vix", "VIX", value, "points", self.runtime.now_us(), "feed"))

    def hold(self, quantity, cash, symbol="AAPL", price=100.0):
        now_us = self.runtime.now_us()
        position = Position(symbol=symbol, quantity=quantity, avg_entry_price=price, opened_us=now_us, added_us=now_us)
        self.board.put(position.ref, attrs.asdict(position), now_us)
        self.board.put("account:desk", attrs.asdict(Account(initial_cash=100_000.0, cash=cash)), now_us)

    def on(self):
        return {state.ref.partition(":")[2] for state in self.board.kind("breaker") if state.value["on"]}

    def told(self):
        return [(one.kind, one.subject) for one in self.said.took()]

    async def ask(self, verb, ident="", by="ada", **args):
        return await self.runtime.ask("risk", Command(verb, args, by, ident), 20.0)


@asynccontextmanager
async def open_floor(folder, risk=Risk(), at_us=NOW_US, history=None):  # noqa: B008
    store, made = Store(folder), []
    store.open()

    def children(runtime):
        board, receipts, day_trades = Board(runtime.bus, runtime.now_us), Receipts(runtime.now_us), DayTrades()
        board.load(store.states())
        receipts.load(store.receipts(0, 1_000, 1_000_000)[1])
        made.append(Floor(runtime, board, store, day_trades))
        memory = SwitchMemory()
        return [Child("history", history or (lambda: History(store, threaded=False)), capacity=10_000),
                Child("kill_switch", lambda: KillSwitch(board, receipts, 0.0, memory)),
                risk_child(board, risk, receipts, Queries(store, inline), day_trades, runtime)]  # fmt: skip

    try:
        async with open_runtime(children, clock=trio_clock(at_us), seed=1) as runtime:
            made[0].runtime = runtime
            yield made[0]
    finally:
        store.close()


async def test_data_that_stops_coming_trips_and_data_that_comes_again_resets(tmp_path, autojump_clock):
    async with open_floor(tmp_path) as floor:
        assert floor.on() == set() and view_of(floor.board, Trading(), Broker(), NOW_US, 0, 0).breakers, "the gate waits for data"
        await trio.sleep(3)
        assert floor.told() == [("breaker_tripped", "stale_data"), ("risk_breach", "stale_data")]
        floor.quote(100.0)
        await trio.sleep(2)
        assert floor.on() == set()
        floor.told()
        await trio.sleep(294)
        assert floor.told() == []
        await trio.sleep(6)
        assert floor.told() == [("breaker_tripped", "stale_data"), ("risk_breach", "stale_data")]
        assert floor.board.get("breaker:stale_data")["reason"] == "the newest data is 301 s old, more than 300 s"
        await trio.sleep(601)
        assert floor.told() == [] and floor.on() == {"stale_data"}, "nothing resets by itself"
        floor.runtime.publish(Bar("AAPL", "1m", 1.0, 1.0, 1.0, 1.0, 1.0, 1, True, floor.runtime.now_us(), "feed"))
        await trio.sleep(3)
        assert floor.told() == [("breaker_reset", "stale_data")] and floor.on() == set()
        assert tripped(floor.board) is None


async def test_a_pushed_bar_is_no_newer_than_its_end(tmp_path, autojump_clock):
    async with open_floor(tmp_path) as floor:
        floor.runtime.publish(Bar("AAPL", "1d", 1.0, 1.0, 1.0, 1.0, 1.0, 1, True, NOW_US - 2 * DAY_US, "push:bot"))
        await trio.sleep(3)
        assert floor.on() == {"stale_data"}


async def test_the_gate_goes_by_the_newest_data_and_not_by_the_last_look(tmp_path, autojump_clock):
    async with open_floor(tmp_path) as floor:
        def breakers():
            return view_of(floor.board, Trading(), Broker(), floor.runtime.now_us(), 0, 0).breakers

        await trio.sleep(3)
        assert floor.on() == set(breakers()) == {"stale_data"}
        floor.quote(100.0)
        assert floor.on() == {"stale_data"} and breakers() == {}


async def test_a_high_vix_trips_until_a_lower_one_is_heard_of(tmp_path, autojump_clock):
    async with open_floor(tmp_path) as floor:
        floor.vix(40.0)
        await trio.sleep(1)
        assert "vix" in floor.on() and floor.board.get("breaker:vix")["value"] == 40.0
    async with open_floor(tmp_path, at_us=NOW_US + DAY_US) as floor:
        assert "vix" in floor.on(), "a restart is no lower VIX"
        assert floor.board.get("breaker:vix")["since_us"] == NOW_US
        floor.vix(20.0)
        await trio.sleep(1)
        assert "vix" not in floor.on() and ("breaker_reset", "vix") in floor.told()
        assert tripped(floor.board) is None


async def test_a_day_s_loss_trips_the_kill_switch_once(tmp_path, autojump_clock):
    async with open_floor(tmp_path) as floor:
        floor.quote(100.0)
        floor.hold(500, 50_000.0)
        await trio.sleep(1)
        floor.quote(92.0)
        await trio.sleep(3)
        assert floor.board.get("equity:desk")["daily_pnl_pct"] == pytest.approx(-4.0)
        now = tripped(floor.board)
        assert (now.by, now.reason) == (
            "risk", "circuit breaker daily_loss: today's loss is 4.00 % of the equity, more than 3 %")
        assert {("breaker_tripped", "daily_loss"), ("risk_breach", "daily_loss"), ("kill_switch_tripped", "switch:kill"),
                ("risk_breach", "AAPL")} <= set(floor.told())  # fmt: skip
        await floor.runtime.ask("kill_switch", Command("resume", {}))
        await trio.sleep(60)
        assert tripped(floor.board) is None and "daily_loss" in floor.on(), "whoever resumed has seen it"
    async with open_floor(tmp_path, at_us=NOW_US + 5 * MINUTE_US) as floor:
        await trio.sleep(10)
        assert tripped(floor.board) is None and "daily_loss" in floor.on(), "nor does a restart trip it again"
    async with open_floor(tmp_path, at_us=NOW_US + DAY_US) as floor:
        assert "daily_loss" not in floor.on(), "the next day begins anew"
        floor.quote(88.0)
        await trio.sleep(3)
        assert floor.board.get("equity:desk")["daily_pnl"] == -2_000.0


@pytest.mark.parametrize(("price", "report", "name"), [(55.0, None, "drawdown"), (100.0, {"drift_pct": 1.5}, "reconciliation")])
async def test_a_deep_fall_and_books_that_differ_trip_it_too(tmp_path, autojump_clock, price, report, name):
    async with open_floor(tmp_path, Risk(limits=attrs.evolve(Risk().limits, max_daily_loss_pct=100.0))) as floor:
        floor.quote(100.0)
        floor.hold(300, 70_000.0)
        await trio.sleep(1)
        floor.quote(price)
        if report:
            floor.board.put("reconciliation:desk", report, floor.runtime.now_us())
        await trio.sleep(3)
        assert floor.on() == {name} and name in tripped(floor.board).reason


async def test_a_restart_keeps_the_peak_the_day_s_opening_and_the_last_prices(tmp_path, autojump_clock):
    async with open_floor(tmp_path) as floor:
        floor.quote(100.0)
        floor.hold(100, 90_000.0)
        await trio.sleep(1)
        floor.quote(110.0)
        await trio.sleep(3)
        floor.quote(105.0)
        await trio.sleep(3)
        before = floor.board.get("equity:desk")
        assert (before["equity"], before["peak_equity"], before["day_open_equity"]) == (100_500.0, 101_000.0, 100_000.0)
        assert before["drawdown_pct"] == before["max_drawdown_pct"] == pytest.approx(100 * 500 / 101_000)
    async with open_floor(tmp_path, at_us=NOW_US + MINUTE_US) as floor:
        await trio.sleep(4)
        assert {**floor.board.get("equity:desk"), "ts_us": before["ts_us"]} == before
    async with open_floor(tmp_path, at_us=NOW_US + DAY_US) as floor:
        floor.quote(90.0)
        await trio.sleep(4)
        after = floor.board.get("equity:desk")
        assert (after["day"], after["day_open_equity"], after["daily_pnl"]) == ("2024-06-11", 100_500.0, -1_500.0)
        assert (after["peak_equity"], after["equity"]) == (101_000.0, 99_000.0)


async def test_the_curve_has_a_point_each_minute(tmp_path, autojump_clock):
    async with open_floor(tmp_path) as floor:
        points = probe(floor.runtime, "sample:equity:desk")
        await trio.sleep(100)
        assert points.took() == []
        floor.hold(10, 99_000.0)
        await trio.sleep(181)
        taken = points.took()
        assert [(one.value, one.unit) for one in taken] == [(100_000.0, "USD")] * 4
        assert {b.ts_us - a.ts_us for a, b in pairwise(taken)} <= {60_000_000, 62_000_000}


async def test_a_position_half_way_to_its_stop_is_told_of_once_each_time_it_gets_there(tmp_path, autojump_clock):
    async with open_floor(tmp_path) as floor:
        floor.quote(100.0)
        floor.hold(10, 99_000.0)
        await trio.sleep(1)
        floor.told()
        for price in (99.1, 98.9, 98.0, 99.5, 98.9):
            floor.quote(price)
            await trio.sleep(4)
        breaches = [one for one in floor.said.took() if one.kind == "risk_breach"]
        assert [one.data["current_value"] for one in breaches] == [pytest.approx(1.1)] * 2
        assert breaches[0].data == {
            "type": "position_at_risk", "severity": "medium", "symbol": "AAPL", "limit_value": 2.0,
            "reason": "AAPL has lost 1.10 %, and its stop is at 2 %", "current_value": pytest.approx(1.1)}  # fmt: skip
    async with open_floor(tmp_path, at_us=NOW_US + MINUTE_US) as floor:
        await trio.sleep(10)
        assert ("risk_breach", "AAPL") not in floor.told(), "it is where it was"


async def test_an_operator_must_be_heard_of_and_a_start_counts(tmp_path, autojump_clock):
    async with open_floor(tmp_path, Risk(breakers=Breakers(heartbeat_within_s=60.0))) as floor:
        assert floor.board.get("heartbeat:operator") == {"at_us": NOW_US, "by": "start"}
        await trio.sleep(63)
        assert "dead_man_switch" in floor.on()
        value = await floor.ask("heartbeat", "client/ada/1/d1")
        assert value == {"at_us": floor.runtime.now_us(), "by": "ada"} == floor.board.get("heartbeat:operator")
        assert "dead_man_switch" not in floor.on()
        await trio.sleep(10)
        assert await floor.ask("heartbeat", "client/ada/1/d1") == value, "sent again it is no new one"
        rows = await Queries(floor.store, inline).events(kind="heartbeat")
        assert [(row["cause"], row["data"]["by"]) for row in rows.items] == [("client/ada/1/d1", "ada")]


async def test_autonomy_is_on_record_and_outlives_the_process(tmp_path, autojump_clock):
    async with open_floor(tmp_path, Risk(autonomy="MANUAL_APPROVAL")) as floor:
        assert floor.board.get("autonomy:desk")["mode"] == "MANUAL_APPROVAL"
    async with open_floor(tmp_path) as floor:
        assert floor.board.get("autonomy:desk")["mode"] == "PAPER_ONLY", "nobody has said otherwise, so the settings count"
        with pytest.raises(Refused, match="MANUAL_APPROVAL"):
            await floor.ask("autonomy", mode="BOUNDED_AUTONOMOUS")
        for mode in ("MANUAL_APPROVAL", "BOUNDED_AUTONOMOUS", "FULL_AUTONOMOUS"):
            assert (await floor.ask("autonomy", mode=mode, confirmation=mode))["mode"] == mode
    async with open_floor(tmp_path) as floor:
        assert floor.board.get("autonomy:desk") == {"mode": "FULL_AUTONOMOUS", "since_us": NOW_US, "by": "ada"}
        assert (await floor.ask("autonomy", "client/ada/1/d1", mode="PAPER_ONLY"))["mode"] == "PAPER_ONLY"
        await floor.ask("autonomy", mode="MANUAL_APPROVAL")
        again = await floor.ask("autonomy", "client/ada/1/d1", mode="PAPER_ONLY")
        assert again["mode"] == "MANUAL_APPROVAL", "sent again it does not undo what came after it"
        rows = (await Queries(floor.store, inline).events(kind="autonomy_changed", newest_first=False)).items
        assert [(row["data"]["from"], row["data"]["to"]) for row in rows][-2:] == [
            ("FULL_AUTONOMOUS", "PAPER_ONLY"), ("PAPER_ONLY", "MANUAL_APPROVAL")]
        with pytest.raises(Refused):
            await floor.ask("dance")


async def test_less_autonomy_is_in_force_even_where_nothing_can_be_stored_and_more_is_not(tmp_path, autojump_clock):
    async with open_floor(tmp_path, Risk(autonomy="MANUAL_APPROVAL"), history=Full) as floor:
        for mode, now in (("BOUNDED_AUTONOMOUS", "MANUAL_APPROVAL"), ("PAPER_ONLY", "PAPER_ONLY")):
            with pytest.raises(Refused) as no:
                await floor.ask("autonomy", mode=mode)
            assert (no.value.code, floor.board.get("autonomy:desk")["mode"]) == ("unavailable", now)
        with pytest.raises(Refused):
            await floor.ask("heartbeat")
        assert floor.board.get("heartbeat:operator")["by"] == "start"


async def test_day_trades_are_counted_over_a_restart(tmp_path, autojump_clock):
    def closed(at_us, symbol):
        data = {"is_day_trade": True, "opened_us": at_us, "added_us": at_us}
        ident = event_id("trade_closed", symbol, "desk", at_us)
        return Event(ident, "trade_closed", symbol, "desk", Severity.low, "", data, at_us)

    async with open_floor(tmp_path) as floor:
        await trio.sleep(1)
        floor.runtime.publish(closed(NOW_US, "AAPL"))
        assert floor.day_trades.used(NOW_US, 5) == 1, "in the instant it is told"
        await trio.sleep(1)
    async with open_floor(tmp_path, at_us=NOW_US + DAY_US) as floor:
        await trio.sleep(1)
        floor.runtime.publish(closed(NOW_US + DAY_US, "MSFT"))
        assert floor.day_trades.used(NOW_US + DAY_US, 5) == 2
        assert floor.day_trades.used(NOW_US + 7 * DAY_US, 5) == 1

"""The desk: wishes through the gate, orders at the broker, fills in the books, and nothing lost in between."""

import attrs
import pytest
import trio
from desks import CASH, T0_US, Market, open_room

from actors import Refused
from oracle.history import Commit, History, Store
from oracle.model import Command
from oracle.settings import Risk
from oracle.trading.ledger import Fill
from oracle.trading.order import Order, OrderStatus
from oracle.trading.reports import Accepted, BrokerUp, Filled
from oracle.trading.risk.assessment import Action, Assessment, Breach
from oracle.trading.risk.gate import assess


async def test_an_order_is_submitted_placed_filled_and_booked(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        order = await room.submit(quantity=100, order_type="LIMIT", limit_price=100.0, strategy_name="SwingMomentum")
        assert (order.status, order.expected_price, order.arrival_price, order.by) == ("SUBMITTED", 100.0, 100.0, "ada")
        assert room.market.works[order.id].limit_price == 100.0 and order.broker_order_id == f"b-{order.id}"
        await room.fill(order, 40, 99.0, fee=1.0)
        (partly,) = room.books.orders()
        assert (partly.status, partly.filled_quantity, partly.filled_price, partly.fees) == ("PARTIALLY_FILLED", 40, 99.0, 1.0)
        await room.fill(order, 60, 100.0)
        assert room.books.orders() == [] and room.board.get(order.ref) is None
        position = room.books.position("AAPL")
        assert (position.quantity, position.avg_entry_price, position.strategy_name) == (100, 99.6, "SwingMomentum")
        assert room.books.account.cash == pytest.approx(CASH - 40 * 99 - 1 - 60 * 100)
        done = await room.records.order(order.id)
        assert (done.status, done.filled_quantity, done.filled_price) == ("FILLED", 100, pytest.approx(99.6))
        kinds = [row["kind"] for row in await room.events()]
        assert kinds == ["account_opened", "order_submitted", "fill", "order_partially_filled", "fill", "order_filled"]
        (first, _) = await room.events("fill")
        assert (first["subject"], first["data"]["side"], first["data"]["order_type"]) == ("AAPL", "BUY", "LIMIT")


async def test_a_sale_closes_a_trade_and_a_flat_position_is_gone(tmp_path, autojump_clock):
    async with open_room(tmp_path, reconcile_every_s=1e6) as room:
        await room.fill(await room.submit(quantity=10), 10, 100.0)
        await trio.sleep(86_400 * 3)
        room.quote()
        await room.fill(await room.submit(side="SELL", quantity=10), 10, 110.0)
        assert room.books.positions() == {} and room.board.get("position:AAPL") is None
        (trade,) = await room.records.trades()
        assert (trade["pnl"], trade["pnl_pct"], trade["side"]) == (pytest.approx(100), pytest.approx(10), "BUY")
        assert (trade["is_day_trade"], trade["hold_duration_days"]) == (False, 3)
        await room.fill(await room.submit(quantity=10), 10, 100.0)
        await room.fill(await room.submit(side="SELL", quantity=4), 4, 100.0)
        assert [one["is_day_trade"] for one in await room.records.trades()] == [True, False]


@pytest.mark.parametrize("wish", [
    {"quantity": 0}, {"quantity": float("nan")}, {"quantity": float("inf")}, {"quantity": -1}, {"side": "HOLD"},
    {"quantity": 1e-12}, {"symbol": "a:*"}, {"quantity": "7"},
    {"order_type": "ICEBERG"}, {"order_type": "LIMIT"}, {"order_type": "STOP"}, {"order_type": "STOP_LIMIT", "stop_price": 1.0},
    {"limit_price": -1.0, "order_type": "LIMIT"}, {"order_type": "BRACKET", "stop_price": 90.0}, {"time_in_force": "FOK"},
    {"order_type": "BRACKET", "stop_price": 110.0, "take_profit_price": 90.0}, {"symbol": "MSFT"},
    {"order_type": "BRACKET", "stop_price": 90.0, "take_profit_price": 110.0, "limit_price": 120.0},
])  # fmt: skip
async def test_a_wish_that_makes_no_sense_is_refused(tmp_path, autojump_clock, wish):
    async with open_room(tmp_path) as room:
        with pytest.raises(Refused) as no:
            await room.submit(**wish)
        assert no.value.code == "invalid" and room.books.orders() == [] and room.market.placed == []


async def test_what_is_held_is_sold_though_nobody_knows_its_price(tmp_path, autojump_clock):
    def gate(order, price, view):
        exits = {one.symbol: one.remaining for one in room.books.orders()}
        view = attrs.evolve(view, equity=CASH, cash=CASH, positions=room.books.positions(), pending_exits=exits)
        return assess(order, price, view, Risk())

    async with open_room(tmp_path, gate=gate) as room:
        fill = Fill(id="f", order_id="", symbol="EURUSD", side="BUY", quantity=10.0, price=1.1, fee=0.0, ts_us=T0_US)
        await room.told(Filled(fill))
        for wish in ({"quantity": 10}, {"quantity": 10, "order_type": "LIMIT", "limit_price": 9.0}):
            with pytest.raises(Refused, match="no price of EURUSD") as no:
                await room.submit("EURUSD", **wish)
            assert no.value.details == {"field": "symbol"}
        order = await room.submit("EURUSD", "SELL", quantity=10)
        assert (order.status, order.arrival_price, order.expected_price) == ("SUBMITTED", None, None)
        with pytest.raises(Refused, match="no price of EURUSD"):
            await room.submit("EURUSD", "SELL", quantity=1, order_type="LIMIT", limit_price=9.0)  # all of it is sold already
        await room.fill(order, 10, 1.2)
        assert room.books.positions() == {} and (await room.records.quality())[0].slippage_bps is None


async def test_the_same_client_order_id_is_the_same_order_even_once_it_has_ended(tmp_path, autojump_clock):
    market = Market()
    async with open_room(tmp_path, market) as room:
        order = await room.submit(client_order_id="k-1", ident="client/ada/1/d1")
        assert await room.submit(client_order_id="k-1") == order
        with pytest.raises(Refused) as no:
            await room.submit(client_order_id="k-1", quantity=7)
        assert (no.value.code, no.value.details["differing"]) == ("conflict", ["quantity"])
        assert str(no.value.reason).endswith(f"{order.id}, which differs in quantity")
        await room.fill(order, 100)
    async with open_room(tmp_path, market) as room:
        assert (await room.submit(client_order_id="k-1")).status == "FILLED"
        assert (await room.submit(client_order_id="k-1", ident="client/ada/1/d1")).id == order.id
        assert len(market.placed) == 1


async def test_what_the_gate_refuses_is_on_record_and_refused_again(tmp_path, autojump_clock):
    word = Assessment(Action.reject, 0.0, ("too much",), (Breach("max_position_pct", "high", "too much", "AAPL", 9.0, 5.0),))
    async with open_room(tmp_path, gate=lambda *_: word) as room:
        with pytest.raises(Refused) as no:
            await room.submit(ident="client/ada/1/d1")
        assert (no.value.code, no.value.reason, no.value.details) == ("rejected", "too much", {"reasons": ["too much"]})
        (refused,), (breach,) = await room.events("order_refused"), await room.events("risk_breach")
        assert (refused["cause"], refused["data"]["reasons"]) == ("client/ada/1/d1", ["too much"])
        assert refused["data"]["order"]["quantity"] == 100.0
        assert breach["data"] == {"type": "max_position_pct", "severity": "high", "reason": "too much", "symbol": "AAPL",
                                  "current_value": 9.0, "limit_value": 5.0}  # fmt: skip
    async with open_room(tmp_path) as room:
        with pytest.raises(Refused, match="too much"):
            await room.submit(ident="client/ada/1/d1")
        assert room.market.placed == []


async def test_an_order_is_made_smaller_or_waits_for_a_human(tmp_path, autojump_clock):
    words = [Assessment(Action.reduce, 30.0, ("5 % of the equity",)), Assessment(Action.human, 100.0, ("above 10,000",)),
             Assessment(Action.approve, 80.0)]  # fmt: skip
    seen = []

    def gate(order, price, view):
        seen.append((order.quantity, dict(view.pending_quantity)))
        return words[len(seen) - 1]

    async with open_room(tmp_path, gate=gate) as room:
        smaller = await room.submit()
        assert (smaller.quantity, smaller.reasons, smaller.status) == (30.0, ("5 % of the equity",), "SUBMITTED")
        waiting = await room.submit("BTC-USD", quantity=100)
        assert (waiting.status, waiting.reasons) == ("PENDING", ("above 10,000",)) and waiting.id not in room.market.works
        assert [row["data"]["id"] for row in await room.events("order_pending_approval")] == [waiting.id]
        with pytest.raises(Refused) as no:
            await room.ask("approve", id=smaller.id)
        assert no.value.code == "illegal"
        approved = await room.ask("approve", "client/ada/2/d2", by="bob", id=waiting.id)
        assert (approved.status, approved.quantity) == ("SUBMITTED", 80.0) and "approved by bob" in approved.reasons
        assert seen[-1] == (100, {"AAPL": 30.0}), "it does not count besides itself"
        assert await room.ask("approve", "client/ada/2/d2", by="bob", id=waiting.id) == approved
        assert len(room.market.placed) == 2


async def test_who_waits_may_be_rejected_by_a_human_or_by_the_gate_meanwhile(tmp_path, autojump_clock):
    words = [Assessment(Action.human, 100.0, ("above",))] * 2 + [Assessment(Action.reject, 0.0, ("drawdown",))]
    async with open_room(tmp_path, gate=lambda *_: words.pop(0)) as room:
        one, other = await room.submit(), await room.submit()
        assert (await room.ask("reject", id=one.id, reason="no")).reasons[-1] == "no"
        rejected = await room.ask("approve", id=other.id)
        assert (rejected.status, rejected.reasons) == ("REJECTED", ("above", "drawdown")) and room.books.orders() == []
        for verb in ("reject", "approve", "cancel"):
            with pytest.raises(Refused) as no:
                await room.ask(verb, id=one.id)
            assert no.value.code == "illegal"
            with pytest.raises(Refused) as no:
                await room.ask(verb, id="nothing")
            assert no.value.code == "not_found"


async def test_a_gate_that_leaves_nothing_says_no_and_what_is_no_order_is_refused(tmp_path, autojump_clock):
    async with open_room(tmp_path, gate=lambda *_: Assessment(Action.reduce, 0.0, ("no room",))) as room:
        with pytest.raises(Refused, match="no room"):
            await room.submit()
        for args in ({}, {"order": {"symbol": "AAPL"}}):
            with pytest.raises(Refused, match="NewOrder"):
                await room.ask("submit", **args)


async def test_a_cancelled_order_keeps_what_was_filled(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        order = await room.submit()
        await room.fill(order, 40)
        cancelled = await room.ask("cancel", "client/ada/1/d1", id=order.id)
        assert (cancelled.status, cancelled.filled_quantity, cancelled.reasons) == ("CANCELLED", 40, ("cancelled by ada",))
        assert room.market.works == {} and (await room.ask("cancel", "client/ada/1/d1", id=order.id)) == cancelled


async def test_a_broker_that_tells_of_the_end_later_may_still_fill(tmp_path, autojump_clock):
    market = Market()
    market.tells_ends = True
    async with open_room(tmp_path, market) as room:
        order = await room.submit()
        assert (await room.ask("cancel", id=order.id)).status == "SUBMITTED"
        await room.fill(order, 10)
        await room.ended(order, OrderStatus.cancelled)
        done = await room.records.order(order.id)
        assert (done.status, done.filled_quantity, done.reasons[-1]) == ("CANCELLED", 10, "cancelled by ada")


async def test_a_fill_counts_once_and_one_that_comes_late_is_booked_as_the_broker_says(tmp_path, autojump_clock):
    market = Market()
    async with open_room(tmp_path, market) as room:
        order = await room.submit()
        fill = await room.fill(order, 40)
        await room.ask("cancel", id=order.id)
        await room.told(Filled(fill), Filled(fill))
        assert room.books.position("AAPL").quantity == 40
        await room.fill(order, 60, 101.0)
        assert room.books.position("AAPL").quantity == 100
        done = await room.records.order(order.id)
        assert (done.status, done.filled_quantity) == ("FILLED", 100)
        await room.told(Filled(attrs.evolve(fill, id="alien", order_id="nobody's", quantity=1.0)))
        assert room.books.position("AAPL").quantity == 101
        assert [row["data"]["late"] for row in await room.events("fill")] == [False, True, True]
    async with open_room(tmp_path, market) as room:
        await room.told(*map(Filled, market.fills))
        assert room.books.position("AAPL").quantity == 101 and room.books.account.fills == 3
        assert (await room.ask("reconcile"))["differences"] == []


async def test_the_brokers_refusal_ends_the_order_with_its_reason(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        room.market.says = Refused("no shares to borrow", "rejected")
        order = await room.submit(side="SELL")
        assert (order.status, order.reasons) == ("REJECTED", ("no shares to borrow",)) and room.books.orders() == []
        assert [row["data"]["id"] for row in await room.events("order_rejected")] == [order.id]


async def test_what_a_broker_can_not_take_now_is_placed_when_it_can(tmp_path, autojump_clock):
    market = Market()
    market.says = Refused("gateway is down", "unavailable")
    async with open_room(tmp_path, market) as room:
        order = await room.submit(client_order_id="k")
        assert order.status == "SUBMITTED" and "waits for the broker" in order.reasons[-1]
        other = await room.submit()
        assert (await room.ask("cancel", id=other.id)).status == "SUBMITTED", "nobody knows whether it is worked"
        market.says = None
        await room.told(BrokerUp())
        (known,) = room.books.orders()
        assert (known.id, known.reasons, known.broker_order_id) == (order.id, (), f"b-{order.id}")
        assert list(market.works) == [order.id] and market.lists[-1] == [order.id]
        assert (await room.records.order(other.id)).status == "CANCELLED"
        await room.told(Accepted(order.id, "venue-7", T0_US))
        assert room.books.order(order.id).broker_order_id == "venue-7"


async def test_a_broker_that_was_silent_is_asked_again_without_being_told_to(tmp_path, autojump_clock):
    market = Market()
    market.says = Refused("busy", "unavailable")
    async with open_room(tmp_path, market) as room:
        order = await room.submit()
        market.says = None
        await trio.sleep(6)
        assert list(market.works) == [order.id]


async def test_what_the_broker_has_forgotten_ends_and_what_it_filled_meanwhile_counts(tmp_path, autojump_clock):
    market = Market()
    async with open_room(tmp_path, market) as room:
        kept, filled, lost = [await room.submit(quantity=n) for n in (1, 2, 3)]
        fill = market.fill(filled.id, 2, 100.0, T0_US)
        market.forgot = [filled.id, lost.id]
        await room.told(BrokerUp(), Filled(fill))
        assert [one.id for one in room.books.orders()] == [kept.id]
        ends = [await room.records.order(one.id) for one in (filled, lost)]
        assert [(one.status, one.filled_quantity) for one in ends] == [("FILLED", 2), ("CANCELLED", 0)]


async def test_the_kill_switch_cancels_all_that_is_open_now_and_at_a_start(tmp_path, autojump_clock):
    words = {"AAPL": Action.approve, "BTC-USD": Action.human}
    market = Market()

    def gate(order, price, view):
        return Assessment(words[order.symbol], order.quantity)

    async with open_room(tmp_path, market, gate=gate) as room:
        for symbol in ("AAPL", "BTC-USD", "AAPL"):
            await room.submit(symbol)
        await room.runtime.ask("kill_switch", Command("trip", {"reason": "crash"}))
        await room.heard()
        assert room.books.orders() == [] and market.works == {}
        assert {row["data"]["reasons"][-1] for row in await room.events("order_cancelled")} == {"the kill switch is on: crash"}
        late = await room.submit()
        assert late.status == "CANCELLED" and market.works == {}, "whatever the gate says"
        await room.runtime.ask("kill_switch", Command("resume"))
        market.says = Refused("down", "unavailable")
        await room.submit()
        await room.runtime.ask("kill_switch", Command("trip", {"reason": "again"}))
        await room.heard()
        assert len(room.books.orders()) == 1, "nobody knows whether it is worked"
    market.says = None
    async with open_room(tmp_path, market) as room:
        await room.heard()
        assert room.books.orders() == [] and market.works == {}


async def test_the_kill_switch_reaches_the_broker_for_all_orders_before_any_of_them_is_stored_as_ended(tmp_path, autojump_clock):
    commits = []

    class Seen(History):
        def receive(self, message):
            if isinstance(message, Commit) and any(getattr(one, "kind", "") == "order_cancelled" for one in message.messages):
                commits.append((len(message.messages), len(room.market.works)))
            super().receive(message)

    async with open_room(tmp_path, history=lambda store: Seen(store, threaded=False)) as room:
        for _ in range(3):
            await room.submit()
        await room.runtime.ask("kill_switch", Command("trip", {"reason": "crash"}))
        await room.heard()
        assert commits == [(6, 0)] and room.books.orders() == []


async def test_cancel_all_answers_with_what_was_open(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        made = {(await room.submit()).id for _ in range(3)}
        after = await room.ask("cancel_all", reason="home")
        assert {one.id for one in after} == made and {one.status for one in after} == {"CANCELLED"}


@pytest.mark.parametrize(("symbol", "hours"), [("AAPL", 22.78), ("BTC-USD", 1.78)])
async def test_an_order_for_the_day_ends_with_it_also_over_a_start(tmp_path, autojump_clock, symbol, hours):
    """It is 17:13 in New York, 22:13 UTC: after the session, which the next day's is for."""
    market = Market()
    async with open_room(tmp_path, market, reconcile_every_s=1e6) as room:
        order = await room.submit(symbol, time_in_force="DAY")
        await trio.sleep(3600 * (hours - 0.02))
        assert room.books.order(order.id) is not None
        await trio.sleep(3600 * 0.02)
        assert (await room.records.order(order.id)).status == "EXPIRED" and market.works == {}
        again = await room.submit(symbol, time_in_force="DAY")
    async with open_room(tmp_path, market, start_us=T0_US + 3 * 86_400_000_000) as room:
        await room.heard()
        assert (await room.records.order(again.id)).status == "EXPIRED"


@pytest.mark.parametrize("stores", [False, True])
async def test_an_order_of_which_nobody_knows_whether_it_was_stored_is_taken_back(tmp_path, autojump_clock, stores):
    trouble = []

    class Stubborn(History):
        """A history that refuses what it is asked while there is trouble, or stores it and never says so."""

        async def receive(self, message):
            if trouble and isinstance(message, Commit):
                if not stores:
                    raise Refused("disk full", "unavailable")
                self.reply_later()
            super().receive(message)

    market = Market()
    async with open_room(tmp_path, market, history=lambda store: Stubborn(store, threaded=False)) as room:
        trouble.append("disk")
        with pytest.raises(Refused) as no:
            await room.submit(client_order_id="k", ident="client/ada/1/d1")
        assert no.value.code == "unavailable" and market.placed == []
        trouble.clear()
        await room.heard()
        assert room.books.orders() == [] and await room.records.orders() == []
    async with open_room(tmp_path, market) as room:
        assert room.books.orders() == [] and market.placed == []
        order = await room.submit(client_order_id="k", ident="client/ada/1/d1")
        assert order.status == "SUBMITTED" and [one.id for one in await room.records.orders()] == [order.id]
        assert list(market.works) == [order.id]


async def test_lives_that_crash_lose_nothing(tmp_path, autojump_clock):
    def gate(order, price, view):
        assert order.quantity != 13, "a bug"
        return Assessment(Action.approve, order.quantity)

    async with open_room(tmp_path, gate=gate) as room:
        order = await room.submit()
        await room.fill(order, 40)
        with pytest.raises(Exception, match="crashed"):
            await room.submit(quantity=13)
        await trio.sleep(5)
        await room.told(*map(Filled, room.market.fills))
        assert room.books.order(order.id).filled_quantity == 40 == room.books.position("AAPL").quantity
        await room.fill(order, 60)
        assert (await room.records.order(order.id)).status == "FILLED"


async def test_stored_states_are_those_in_force(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        order = await room.submit()
        await room.fill(order, 30, 99.0, fee=0.7)
        await room.submit("BTC-USD", quantity=0.5, order_type="STOP", stop_price=41_000.0)
        live = {state.ref: state.value for state in room.board._states.values() if state.ref.partition(":")[0] in KINDS}
    store = Store(tmp_path)
    store.open()
    try:
        stored = {state.ref: state.value for state in store.states() if state.ref.partition(":")[0] in KINDS}
    finally:
        store.close()
    assert stored == live and len(live) == 4
    assert [Order(**live[ref]).value() for ref in live if ref.startswith("order:")] == [
        live[ref] for ref in live if ref.startswith("order:")]


KINDS = ("account", "position", "order")

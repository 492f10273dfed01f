"""Brackets: what is held is protected at once, one exit cancels the other, and none is left over."""

import pytest
from desks import Market, open_room

from actors import Refused
from oracle.model import Command
from oracle.trading.order import OrderStatus
from oracle.trading.reports import BrokerUp, Filled

BRACKET = {"order_type": "BRACKET", "stop_price": 90.0, "take_profit_price": 120.0}


def shown(orders):
    return sorted((one.order_type.value, one.side.value, one.quantity, one.stop_price or one.limit_price) for one in orders)


async def test_a_filled_entry_puts_out_a_stop_and_a_limit_of_which_one_cancels_the_other(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        entry = await room.submit(**BRACKET, strategy_name="s")
        assert [(one.order_type, one.stop_price) for one in room.market.placed] == [("MARKET", None)]
        await room.fill(entry, 100)
        exits = room.books.orders()
        assert shown(exits) == shown(room.market.works.values()) == [("LIMIT", "SELL", 100, 120.0), ("STOP", "SELL", 100, 90.0)]
        assert {(one.parent_id, one.strategy_name, one.status) for one in exits} == {(entry.id, "s", "SUBMITTED")}
        stop = next(one for one in exits if one.stop_price)
        await room.fill(stop, 100, 90.0)
        assert room.books.orders() == [] and room.market.works == {} and room.books.positions() == {}
        (cancelled,) = await room.events("order_cancelled")
        assert (cancelled["data"]["order_type"], cancelled["data"]["reasons"]) == ("LIMIT", ["the other exit was filled"])


async def test_an_entry_with_a_limit_is_a_limit_order_to_the_broker(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        await room.submit(**BRACKET, limit_price=99.0)
        assert [(one.order_type, one.limit_price) for one in room.market.placed] == [("LIMIT", 99.0)]


async def test_each_part_of_an_entry_is_protected_and_stays_so_when_the_rest_is_cancelled(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        entry = await room.submit(**BRACKET)
        await room.fill(entry, 30)
        await room.fill(entry, 20)
        await room.ask("cancel", id=entry.id)
        sizes = [(*kind, size, price) for *kind, price in (("LIMIT", "SELL", 120.0), ("STOP", "SELL", 90.0)) for size in (20, 30)]
        assert shown(room.books.orders()) == shown(room.market.works.values()) == sizes
        thirty = next(one for one in room.books.orders() if (one.quantity, one.limit_price) == (30, 120.0))
        await room.fill(thirty, 30, 120.0)
        assert shown(room.books.orders()) == [("LIMIT", "SELL", 20, 120.0), ("STOP", "SELL", 20, 90.0)]


@pytest.mark.parametrize("tells_ends", [False, True])
async def test_an_exit_that_is_filled_in_part_has_the_other_shrink(tmp_path, autojump_clock, tells_ends):
    market = Market()
    market.tells_ends = tells_ends
    async with open_room(tmp_path, market) as room:
        await room.fill(await room.submit(**BRACKET), 100)
        limit, stop = sorted(room.books.orders(), key=lambda one: one.order_type)
        await room.fill(limit, 30, 120.0)
        if tells_ends:
            assert shown(room.books.orders()) == [("LIMIT", "SELL", 100, 120.0), ("STOP", "SELL", 100, 90.0)]
            await room.fill(limit, 10, 120.0)
            await room.ended(stop, OrderStatus.cancelled)
        left = 60 if tells_ends else 70
        assert shown(room.books.orders()) == [("LIMIT", "SELL", 100, 120.0), ("STOP", "SELL", left, 90.0)]
        new = next(one for one in room.books.orders() if one.stop_price)
        assert new.id != stop.id and new.id in market.works
        await room.fill(new, left, 90.0)
        if tells_ends:
            await room.ended(limit, OrderStatus.cancelled)
        assert room.books.orders() == [] and room.books.positions() == {}


async def test_exits_shrink_with_what_is_held_and_never_close_more(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        entry = await room.submit(**BRACKET)
        await room.fill(entry, 60)
        await room.fill(entry, 40)
        await room.fill(await room.submit(side="SELL", quantity=70), 70)
        left = [("LIMIT", "SELL", 30, 120.0), ("STOP", "SELL", 30, 90.0)]
        assert shown(room.books.orders()) == shown(room.market.works.values()) == left
        await room.fill(room.books.orders()[0], 30, 100.0)
        assert room.books.orders() == [] and room.books.positions() == {}


async def test_an_entry_that_covers_a_short_position_protects_what_it_has_opened(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        await room.fill(await room.submit(side="SELL", quantity=30), 30)
        entry = await room.submit(**BRACKET)
        await room.fill(entry, 20)
        assert room.books.orders() == [room.books.order(entry.id)], "it has only closed"
        await room.fill(entry, 50)
        await room.fill(entry, 30)
        sizes = [(*kind, size, price) for *kind, price in (("LIMIT", "SELL", 120.0), ("STOP", "SELL", 90.0)) for size in (30, 40)]
        assert shown(room.books.orders()) == sizes and room.books.position("AAPL").quantity == 70


async def test_exits_of_what_was_sold_otherwise_are_withdrawn(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        await room.fill(await room.submit(**BRACKET), 100)
        await room.fill(await room.submit(side="SELL", quantity=100), 100)
        assert room.books.orders() == [] and room.market.works == {}


async def test_exits_outlive_a_broker_that_was_away_and_a_restart(tmp_path, autojump_clock):
    market = Market()
    async with open_room(tmp_path, market) as room:
        entry = await room.submit(**BRACKET)
        market.says = Refused("down", "unavailable")
        await room.fill(entry, 100)
        assert len(room.books.orders()) == 2 and market.works == {}
    market.says = None
    async with open_room(tmp_path, market) as room:
        exits = room.books.orders()
        assert len(exits) == 2 and shown(market.works.values()) == shown(exits)
        market.says = Refused("down", "unavailable")
        await room.fill(exits[0].id, 100)
        assert len(room.books.orders()) == 1, "nobody knows whether the other is worked"
    market.says = None
    async with open_room(tmp_path, market) as room:
        await room.told(BrokerUp())
        assert room.books.orders() == [] and market.works == {}


async def test_a_late_fill_of_a_cancelled_entry_is_protected_but_not_while_the_kill_switch_is_on(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        entry = await room.submit(**BRACKET)
        await room.ask("cancel", id=entry.id)
        fill = room.market.fill(entry.id, 10, 100.0, room.runtime.now_us())
        await room.told(Filled(fill))
        assert shown(room.books.orders()) == [("LIMIT", "SELL", 10, 120.0), ("STOP", "SELL", 10, 90.0)]
        await room.runtime.ask("kill_switch", Command("trip"))
        await room.heard()
        await room.told(Filled(room.market.fill(entry.id, 10, 100.0, room.runtime.now_us())))
        assert room.books.orders() == [] and room.books.position("AAPL").quantity == 20


async def test_a_short_entry_is_bought_back(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        await room.fill(await room.submit(side="SELL", order_type="BRACKET", stop_price=110.0, take_profit_price=80.0), 100)
        assert shown(room.books.orders()) == [("LIMIT", "BUY", 100, 80.0), ("STOP", "BUY", 100, 110.0)]

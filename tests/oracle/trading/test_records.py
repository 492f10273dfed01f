"""What the desk has done, as it is asked for later."""

import pytest
import trio
from desks import open_room

from actors import Refused
from oracle.trading.expiry import expires_us
from oracle.trading.order import OrderStatus


async def test_orders_are_found_by_time_status_and_symbol_newest_first(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        made = []
        for number in range(5):
            made.append(await room.submit("BTC-USD" if number == 3 else "AAPL", quantity=number + 1))
            await trio.sleep(10)
        await room.fill(made[0], 1)
        await room.ask("cancel", id=made[1].id)
        ids = [one.id for one in made]
        find = room.records.orders
        assert [one.id for one in await find()] == ids[::-1]
        assert [one.id for one in await find(limit=2)] == [ids[4], ids[3]]
        assert [one.id for one in await find(symbol="BTC-USD")] == [ids[3]]
        assert [(one.id, one.filled_quantity) for one in await find(status=OrderStatus.filled)] == [(ids[0], 1.0)]
        assert [one.id for one in await find(status=OrderStatus.submitted)] == [ids[4], ids[3], ids[2]]
        assert [one.id for one in await find(status=OrderStatus.cancelled)] == [ids[1]]
        assert [one.id for one in await find(made[1].created_us, made[3].created_us)] == [ids[2], ids[1]]
        assert (await find(status=OrderStatus.submitted))[0].broker_order_id, "as it is on the board"
        with pytest.raises(Refused, match="limit"):
            await find(limit=0)
        for unknown in ("nothing", ids[0][:-1], "", '"', "%"):
            assert await room.records.order(unknown) is None
        assert (await room.records.order(ids[0])).status is OrderStatus.filled


async def test_quality_is_worse_where_it_is_positive(tmp_path, autojump_clock):
    async with open_room(tmp_path) as room:
        bought = await room.submit(quantity=10, order_type="LIMIT", limit_price=102.0)
        await trio.sleep(1.5)
        await room.fill(bought, 10, 101.0)
        sold = await room.submit(side="SELL", quantity=10)
        await room.fill(sold, 10, 99.5)
        sale, buy = await room.records.quality()
        assert (buy.order.id, buy.fill_latency_ms) == (bought.id, pytest.approx(1_500, abs=1))
        assert buy.slippage_bps == pytest.approx(-10_000 / 102), "better than its limit"
        assert buy.arrival_slippage_bps == pytest.approx(100), "the mid was 100"
        assert sale.slippage_bps == sale.arrival_slippage_bps == pytest.approx(50)
        await room.fill(await room.submit(side="SELL", quantity=10, order_type="STOP", stop_price=95.0), 10, 94.05)
        (stopped,) = await room.records.quality(limit=1)
        assert stopped.slippage_bps == pytest.approx(100), "than its stop"
        assert stopped.arrival_slippage_bps == pytest.approx(595)
        assert [one["quantity"] for one in await room.records.fills(limit=1)] == [10.0]
        assert await room.records.trades(to_us=bought.created_us) == []


def test_a_day_ends_with_its_session():
    friday_noon = 1_700_240_400_000_000  # 17 November 2023, 12:00 in New York
    thanksgiving_eve = 1_700_690_400_000_000  # 22 November 2023, 17:00 in New York
    assert expires_us("AAPL", "GTC", friday_noon) is None
    assert expires_us("AAPL", "DAY", friday_noon) == friday_noon + 4 * 3_600_000_000
    assert expires_us("AAPL", "DAY", friday_noon + 4 * 3_600_000_000) == friday_noon + 76 * 3_600_000_000, "Monday's"
    assert expires_us("AAPL", "DAY", thanksgiving_eve) == thanksgiving_eve + 47 * 3_600_000_000, "Friday's"
    assert expires_us("BTC-USD", "DAY", friday_noon) == 1_700_265_600_000_000

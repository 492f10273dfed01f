"""The paper broker around the venue: whom it believes, what it can't price, what it tells again, when it listens."""

import attrs
import pytest
import trio
from broker_ends import limit, open_end
from orders import S_US, T0_US, order, quote, trade

from actors import Refused
from oracle.settings_trading import Paper
from oracle.trading.reports import Accepted, Filled, Place, Withdraw, Working


async def refusal(end, one):
    with pytest.raises(Refused) as no:
        await end.ask(Place(one))
    assert no.value.code == "unavailable"
    return no.value.reason


async def test_it_takes_no_order_for_what_nobody_has_a_price_of(autojump_clock):
    async with open_end("paper") as end:
        assert await refusal(end, order()) == "no price is known of AAPL"
        await refusal(end, limit())
        await end.publish(trade(100))
        assert await end.ask(Place(order())) and [fill.price for fill in end.fills] == [100]


async def test_it_fills_nothing_at_a_stale_price(autojump_clock):
    async with open_end("paper") as end:
        await end.publish(quote(99, 101))
        await trio.sleep(301)
        assert "301 s old" in await refusal(end, order())
        assert "301 s old" in await refusal(end, order(kind="BRACKET", stop_price=90, take_profit_price=120))
        await end.ask(Place(limit(price=102)))
        await trio.sleep(5)
        assert end.fills == [], "a limit order waits for a quote"
        await end.publish(quote(99, 101.5))
        assert [fill.price for fill in end.fills] == [101.5]


async def test_it_believes_one_source(autojump_clock):
    async with open_end("paper") as end:
        await end.publish(quote(99, 101, source="exchange"))
        await end.ask(Place(limit(price=100)))
        await end.publish(quote(79, 80, source="simulated"))
        await end.publish(trade(80, source="simulated"))
        assert end.fills == [], "a simulated price is none while there is a real one"
        await end.publish(quote(98, 99, source="exchange"))
        assert [fill.price for fill in end.fills] == [100]


async def test_the_simulated_one_trades_on_the_simulated_market_only(autojump_clock):
    async with open_end("simulated") as end:
        await end.publish(quote(79, 80, source="exchange"))
        assert "simulated market" in await refusal(end, order())
        await end.publish(quote(99, 101, source="simulated"))
        await end.ask(Place(order()))
        assert [fill.price for fill in end.fills] == [101]


async def test_an_order_is_at_work_after_its_latency(autojump_clock):
    async with open_end("paper", Paper(latency_ms=2_000.0, slippage_bps=0.0)) as end:
        await end.publish(quote(99, 101))
        await end.ask(Place(order()))
        await trio.sleep(1)
        await end.publish(quote(102, 103))
        assert end.fills == []
        await trio.sleep(1)
        (fill,) = end.fills
        assert fill.price == 103 and fill.ts_us - T0_US == pytest.approx(2.1 * S_US, abs=1e4)


async def test_it_listens_only_while_it_works(autojump_clock):
    async with open_end("paper") as end:
        await end.ready()
        before = end.runtime.bus.listeners()
        await end.ask(Place(limit("a")))
        await end.ask(Place(limit("b")))
        assert end.runtime.bus.listeners() == before + 3
        end.runtime.kill("broker")
        await trio.sleep(5)
        assert end.runtime.bus.listeners() == before, "nor does the next life before it has anything to do"
        await end.ask(Working((limit("a"),)))
        assert end.runtime.bus.listeners() == before + 3
        await end.ask(Withdraw("a"))
        assert end.runtime.bus.listeners() == before


async def test_a_desk_that_lost_a_fill_is_told_again_and_of_no_other(autojump_clock):
    async with open_end("paper") as end:
        await end.ready()
        one = limit()
        await end.ask(Place(one))
        for quantity, price in ((4, 99), (3, 98), (3, 97)):
            await end.execute(one, quantity, price)
        told = [message for message in end.told if isinstance(message, Filled)]
        end.told.clear()
        assert await end.ask(Working((attrs.evolve(one, filled_quantity=4.0),))) == []
        assert end.told == told[1:]
        end.told.clear()
        assert await end.ask(Place(one)) == "paper-o1"
        assert end.told == told, "an order that is placed again is not worked again"
        assert await end.ask(Withdraw("o1")) is False


async def test_an_order_that_was_withdrawn_stays_so_and_may_be_placed_anew(autojump_clock):
    async with open_end("paper") as end:
        await end.ready()
        one = limit()
        await end.ask(Place(one))
        assert [await end.ask(Withdraw("o1")) for _ in range(2)] == [True, True]
        await end.ask(Working((one,)))
        await end.execute(one, 10, 99)
        assert len(end.fills) == 1 and sum(isinstance(message, Accepted) for message in end.told) == 2


async def test_what_can_not_be_worked_is_refused_or_not_known(autojump_clock):
    async with open_end("paper") as end:
        await end.ready()
        with pytest.raises(Refused) as no:
            await end.ask(Place(order(kind="STOP")))
        assert no.value.code == "rejected"
        assert await end.ask(Working((order(kind="STOP"), limit("good")))) == ["o1"]

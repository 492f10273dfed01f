"""What every broker owes the desk: it works an order once, tells every fill, knows what it does not know, and says how it is."""

import inspect

import attrs
import pytest
import trio
from broker_ends import Listener, limit, open_end

from actors import Child, Refused
from actors.testing import probe
from oracle.border import structure, unstructure
from oracle.model import Command
from oracle.settings import Settings
from oracle.trading.brokers import BROKERS
from oracle.trading.ledger import DUST
from oracle.trading.reports import Accepted, BrokerUp, Place, Withdraw, Working

brokers = pytest.mark.parametrize("provider", sorted(set(BROKERS) - {"ibkr"}))


@pytest.mark.parametrize("provider", sorted(BROKERS))
def test_it_is_made_of_settings_that_are_frozen_and_documented(provider):
    cls = BROKERS[provider]
    made = cls.of(Settings())
    assert inspect.getdoc(cls) and structure(cls, unstructure(made)) == made
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.anything = 1


@brokers
async def test_it_asks_what_to_work_and_says_how_it_is(provider, autojump_clock):
    async with open_end(provider) as end:
        await end.ready()
        assert end.told.count(BrokerUp()) == 1
        state = end.state
        assert (state["provider"], state["connected"], state["reason"]) == (provider, True, "")
        assert state["since_us"] <= end.runtime.now_us()


@brokers
async def test_it_waits_for_a_desk_that_comes_later(provider, autojump_clock):
    async with open_end(provider, desk=False) as end:
        await trio.sleep(30)
        heard = probe(end.runtime, "dead:*")
        end.runtime.add(Child("desk", lambda: Listener(end.told)))
        await trio.sleep(2)
        assert end.told == [BrokerUp()] and heard.took() == []


@brokers
async def test_an_order_is_placed_once_and_filled_in_parts(provider, autojump_clock):
    async with open_end(provider) as end:
        await end.ready()
        one = limit()
        ours = await end.ask(Place(one))
        assert ours and await end.ask(Place(one)) == ours
        await end.execute(one, 4, 99)
        await end.execute(one, 5, 98)
        assert [fill.quantity for fill in end.fills] == [4, 5] and all(fill.price <= 100 for fill in end.fills)
        await end.execute(one, 1, 97)
        assert sum(fill.quantity for fill in end.fills) == pytest.approx(10)
        assert {(fill.order_id, fill.symbol, fill.side, fill.strategy_name) for fill in end.fills} == {
            ("o1", "AAPL", "BUY", "mine")}
        assert len({fill.id for fill in end.fills}) == 3 and end.ends == []
        assert all(told.broker_order_id == ours for told in end.told if isinstance(told, Accepted))


@brokers
async def test_an_order_that_is_withdrawn_is_filled_no_more(provider, autojump_clock):
    async with open_end(provider) as end:
        await end.ready()
        one = limit()
        await end.ask(Place(one))
        await end.execute(one, 4, 99)
        at_once = await end.ask(Withdraw("o1"))
        await end.confirm_cancelled(one)
        assert at_once or [(told.order_id, told.status) for told in end.ends] == [("o1", "CANCELLED")]
        await end.execute(one, 6, 98)
        assert [fill.quantity for fill in end.fills] == [4]


@brokers
async def test_nobody_can_withdraw_what_is_not_there(provider, autojump_clock):
    async with open_end(provider) as end:
        await end.ready()
        with pytest.raises(Refused) as no:
            await end.ask(Withdraw("nothing"))
        assert no.value.code == "not_found"


@brokers
async def test_after_a_new_start_it_works_what_it_is_told_and_no_more(provider, autojump_clock):
    async with open_end(provider) as end:
        await end.ready()
        kept, gone = limit("kept", filled_quantity=4.0), limit("gone")
        await end.ask(Place(gone))
        assert not await end.ask(Working((kept,)))
        await end.execute(kept, 6, 99)
        await end.execute(gone, 10, 98)
        assert [(fill.order_id, fill.quantity) for fill in end.fills] == [("kept", 6)]


@brokers
async def test_a_life_after_a_crash_fills_nothing_twice(provider, autojump_clock):
    async with open_end(provider) as end:
        await end.ready()
        one = limit()
        await end.ask(Place(one))
        await end.execute(one, 4, 99)
        end.runtime.kill("broker")
        await trio.sleep(5)
        assert end.told.count(BrokerUp()) == 2
        assert not await end.ask(Working((one,))), "a desk that had lost what it was told"
        await end.execute(one, 20 if provider != "push" else 6, 98)
        assert sum(fill.quantity for fill in end.fills) == pytest.approx(10, abs=DUST)
        assert not await end.ask(Working((one,)))
        await end.ready()
        assert sum(fill.quantity for fill in end.fills) == pytest.approx(10, abs=DUST)


@brokers
async def test_what_it_does_not_take_is_refused_and_it_goes_on(provider, autojump_clock):
    async with open_end(provider) as end:
        await end.ready()
        for strange in ("nonsense", Command("dance")):
            with pytest.raises(Refused):
                await end.ask(strange)
        assert end.runtime.node("broker").restarts == 0
        assert await end.ask(Place(limit()))

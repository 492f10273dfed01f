"""Whatever is wished for, cancelled, filled, told twice, crashed and started again: the books add up, and nothing comes from
nowhere."""

import contextlib
import itertools
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import pytest
import trio
from desks import CASH, T0_US, Market, open_room
from hypothesis import given, settings
from trio.testing import MockClock

from actors import ActorCrashed, Refused
from oracle.history import Queries, inline
from oracle.model import Command
from oracle.trading.ledger import Account, Fill, settle
from oracle.trading.order import OrderStatus
from oracle.trading.portfolio import snapshot
from oracle.trading.reports import BrokerUp, Filled
from oracle.trading.risk.assessment import Action, Assessment
from tests.soak import rounds

BUG = 13.0  # a quantity that the gate can't bear
TYPES = [{}, {"order_type": "LIMIT", "limit_price": 100.0},
         {"order_type": "BRACKET", "stop_price": 50.0, "take_profit_price": 150.0}]  # fmt: skip
QUARTERS = st.integers(1, 40).map(lambda n: n / 4)  # sums of them are exact
SHORT = {"stop_price": 150.0, "take_profit_price": 50.0}
WISHES = st.tuples(st.just("submit"), st.sampled_from(["AAPL", "BTC-USD"]), st.sampled_from(["BUY", "SELL"]), QUARTERS,
                   st.sampled_from(TYPES), st.sampled_from(["", "", "a", "b"]))  # fmt: skip
FILLS = st.tuples(st.just("fill"), st.integers(0, 9), QUARTERS, QUARTERS.map(lambda n: 95 + n))
PICKED = st.tuples(st.sampled_from(["cancel", "end", "approve", "late"]), st.integers(0, 9))
PLAIN = st.sampled_from(["again", "crash", "restart", "away", "back", "kill", "resume", "later"]).map(lambda word: (word,))
ACTS = st.lists(st.one_of(WISHES, WISHES, FILLS, FILLS, PICKED, PLAIN), min_size=4, max_size=24)


def gate(order, price, view):
    assert order.quantity != BUG
    human = order.quantity in (1.0, 2.0)
    return Assessment(Action.human if human else Action.approve, order.quantity)


class Play:
    """What a script does to a desk, in one process after the other."""

    def __init__(self, folder, acts):
        self.folder, self.acts, self.market = folder, acts, Market()
        self.made, self.told = [], []

    async def run(self):
        for start_us in itertools.count(T0_US, 3_600_000_000):
            async with open_room(self.folder, self.market, gate=gate, reconcile_every_s=1e6, start_us=start_us) as room:
                await room.heard()
                await self.check(room)
                restarted = await self.until_restart(room)
                await self.check(room)
                if not restarted:
                    await self.check_orders(room)
                    return

    async def until_restart(self, room):
        while self.acts:
            word, *rest = self.acts.pop(0)
            if word == "restart":
                return True
            with contextlib.suppress(Refused, ActorCrashed):
                await getattr(self, word)(room, *rest)
            await room.heard()
        return False

    async def submit(self, room, symbol, side, quantity, more, key):
        more = {**more, **SHORT} if side == "SELL" and more.get("order_type") == "BRACKET" else more
        order = await room.submit(symbol, side, quantity, client_order_id=key, **more)
        self.made.append(order.id)

    async def fill(self, room, number, quantity, price):
        working = list(self.market.works.values())
        if working:
            order = working[number % len(working)]
            self.told.append(await room.fill(order, min(quantity, order.remaining), price, fee=0.25))

    async def late(self, room, number):
        placed = self.market.placed
        if placed:
            fill = self.market.fill(placed[number % len(placed)].id, 0.25, 101.0, room.runtime.now_us())
            self.told.append(fill)
            await room.told(Filled(fill))

    async def cancel(self, room, number):
        if self.made:
            await room.ask("cancel", id=self.made[number % len(self.made)])

    async def approve(self, room, number):
        if self.made:
            await room.ask("approve", id=self.made[number % len(self.made)])

    async def end(self, room, number):
        working = list(self.market.works)
        if working:
            await room.ended(working[number % len(working)], OrderStatus.cancelled, "the venue closed")

    async def again(self, room):
        await room.told(*map(Filled, self.told))

    async def crash(self, room):
        try:
            await room.submit(quantity=BUG)
        finally:
            await trio.sleep(60)

    async def away(self, room):
        self.market.says = Refused("down", "unavailable")

    async def back(self, room):
        self.market.says = None
        await room.told(BrokerUp())

    async def kill(self, room):
        await room.runtime.ask("kill_switch", Command("trip"))

    async def resume(self, room):
        await room.runtime.ask("kill_switch", Command("resume"))

    async def later(self, room):
        await trio.sleep(6)

    async def check(self, room):
        """The books are what the fills make, which were told; and what the stored events make."""
        account, positions = room.books.account, room.books.positions()
        cash, held = CASH, defaultdict(float)
        for fill in self.told:
            cash -= fill.signed * fill.price + fill.fee
            held[fill.symbol] += fill.signed
        assert account.cash == cash and account.fills == len(self.told)
        assert {symbol: one.quantity for symbol, one in positions.items()} == {s: q for s, q in held.items() if q}
        now = snapshot(room.board, room.runtime.now_us())
        assert now.total_equity == pytest.approx(cash + sum(q * room.board.price(s)[0] for s, q in held.items()))
        again, there = Account(initial_cash=CASH, cash=CASH), {}
        for row in (await Queries(room.store, inline).events(kind="fill", newest_first=False, limit=10_000)).items:
            names = ("id", "order_id", "symbol", "side", "quantity", "price", "fee", "ts_us", "strategy_name")
            after = settle(again, there.get(row["subject"]), Fill(**{name: row["data"][name] for name in names}))
            again, there[row["subject"]] = after.account, after.position
        assert again == account and {s: p for s, p in there.items() if p} == positions
        stored = {one.ref: one.value for one in room.store.states() if one.ref.startswith(("account:", "position:", "order:"))}
        assert stored == {ref: room.board.get(ref) for ref in stored}
        assert {one.ref for one in room.books.orders()} <= stored.keys()

    async def check_orders(self, room):
        """Each order holds its fills, the broker works what is open, and none is lost that was answered with."""
        self.market.says = None
        await room.told(BrokerUp())
        filled = defaultdict(float)
        for fill in self.told:
            filled[fill.order_id] += fill.quantity
        known = {one.id: one for one in await room.records.orders(limit=10_000)}
        assert known.keys() >= {*self.made, *filled}
        assert {ident: known[ident].filled_quantity for ident in filled} == filled
        assert sum(one.filled_quantity for one in known.values()) == sum(filled.values())
        open_ones = {one.id for one in room.books.orders() if one.status is not OrderStatus.pending}
        assert open_ones == self.market.works.keys()
        closing = defaultdict(float)  # by symbol, what the pairs of exits may still close
        for pair in {one.metadata["pair"]: one for one in room.books.orders() if one.parent_id}.values():
            closing[pair.symbol] += pair.side.sign * pair.remaining
        for symbol, quantity in closing.items():
            held = room.books.position(symbol)
            assert held is not None and held.quantity * quantity < 0 and abs(quantity) <= abs(held.quantity)
        assert all(one.status is OrderStatus.filled for one in known.values() if one.filled_quantity >= one.quantity)


@settings(max_examples=rounds(15, 250))
@given(ACTS)
def test_the_books_add_up_whatever_happens(acts):
    with TemporaryDirectory() as folder:
        trio.run(Play(Path(folder), list(acts)).run, clock=MockClock(autojump_threshold=0))

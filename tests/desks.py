"""A desk for tests: on a real history, with a broker that does what the test says and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from actors import Actor, Child, Refused, Runtime, open_runtime, trio_clock
from oracle.board import Board
from oracle.history import History, Queries, Store, inline
from oracle.model import Command, Quote
from oracle.receipts import Receipts
from oracle.trading import KillSwitch, SwitchMemory
from oracle.trading.bookkeeping import Books
from oracle.trading.desk import Desk
from oracle.trading.ledger import Account, Fill
from oracle.trading.order import NewOrder, Order
from oracle.trading.pen import DeskMemory
from oracle.trading.records import Records
from oracle.trading.reports import Ended, Filled, Place, Withdraw, Working
from oracle.trading.risk.assessment import Action, Assessment, RiskView

T0_US = 1_700_000_000_000_000  # a Tuesday, 17:13 in New York
CASH = 100_000.0
PRICE, FEE, QUANTITY = 101.0, 0.5, 4.0  # of those that are killed
OPENING = Account(initial_cash=CASH, cash=CASH)


def approve(order: NewOrder, price: float | None, view: RiskView) -> Assessment:
    """A gate that lets everything pass."""
    return Assessment(Action.approve, order.quantity)


class Market:
    """A broker's side of things, which outlives the process of the desk: the orders it works by id, and the fills it has told."""

    def __init__(self) -> None:
        self.works: dict[str, Order] = {}
        self.placed: list[Order] = []
        self.fills: list[Fill] = []
        self.lists: list[list[str]] = []
        """What it was told to work, each time."""
        self.says: Exception | None = None
        """Raised at whatever it is asked."""
        self.tells_ends = False
        """Whether a withdrawal is only told to have happened, later."""
        self.forgot: list[str] = []

    def fill(self, order_id: str, quantity: float, price: float, now_us: int, fee: float = 0.0) -> Fill:
        """An execution, which need not be told yet."""
        order = self.works.get(order_id) or next(one for one in self.placed if one.id == order_id)
        fill = Fill(id=f"x{len(self.fills)}", order_id=order_id, symbol=order.symbol, side=order.side, quantity=quantity,
                    price=price, fee=fee, ts_us=now_us)  # fmt: skip
        self.fills.append(fill)
        return fill


class Broker(Actor):
    """`broker`, in front of a Market."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def receive(self, message: Any) -> Any:
        market = self._market
        if market.says is not None:
            raise market.says
        match message:
            case Place(order):
                market.works[order.id] = order
                market.placed.append(order)
                return f"b-{order.id}"
            case Withdraw(ident):
                if ident not in market.works:
                    raise Refused("never heard of it", "not_found")
                if not market.tells_ends:
                    del market.works[ident]
                return not market.tells_ends
            case Working(orders):
                market.lists.append([one.id for one in orders])
                market.works = {one.id: one for one in orders if one.id not in market.forgot}
                return market.forgot


@attrs.define(eq=False)
class Room:
    """What a test may ask and see."""

    runtime: Runtime
    board: Board
    store: Store
    records: Records
    market: Market

    @property
    def books(self) -> Books:
        """Those on the board."""
        return Books(self.board)

    def quote(self, symbol: str = "AAPL", bid: float = 99.5, ask: float = 100.5) -> None:
        """Somebody quotes."""
        self.runtime.publish(Quote(symbol, bid, 10.0, ask, 10.0, self.runtime.now_us(), "test"))

    async def ask(self, verb: str, ident: str = "", by: str = "ada", **args: Any) -> Any:
        """A command."""
        return await self.runtime.ask("desk", Command(verb, args, by, ident))

    async def submit(
        self, symbol: str = "AAPL", side: str = "BUY", quantity: float = 100.0, ident: str = "", **more: Any
    ) -> Order:
        """A wish."""
        return await self.ask("submit", ident, order=NewOrder(symbol=symbol, side=side, quantity=quantity, **more))

    async def told(self, *messages: Any) -> None:
        """Tell the desk, and wait until it has heard."""
        for message in messages:
            assert self.runtime.tell("desk", message)
        await self.heard()

    async def heard(self) -> None:
        """Wait until the desk has handled what it was told, and what it told itself of that."""
        for _ in range(3):
            try:
                await self.ask("nothing")
            except Refused as no:
                assert no.code == "unknown_verb"

    async def fill(self, order: Order | str, quantity: float, price: float = 100.0, fee: float = 0.0) -> Fill:
        """Have some of an order executed, and the desk told."""
        ident = order if isinstance(order, str) else order.id
        fill = self.market.fill(ident, quantity, price, self.runtime.now_us(), fee)
        if ident in self.market.works:
            left = attrs.evolve(self.market.works[ident], filled_quantity=self.market.works[ident].filled_quantity + quantity)
            self.market.works[ident] = left
            if left.remaining <= 1e-9:
                del self.market.works[ident]
        await self.told(Filled(fill))
        return fill

    async def ended(self, order: Order | str, status: str, reason: str = "") -> None:
        """Have an order ended by the broker."""
        ident = order if isinstance(order, str) else order.id
        self.market.works.pop(ident, None)
        await self.told(Ended(ident, status, reason, self.runtime.now_us()))

    async def events(self, *kinds: str) -> list[dict[str, Any]]:
        """What was told, oldest first."""
        return (await Queries(self.store, inline).events(kind=kinds, source="desk", newest_first=False, limit=1_000)).items


@asynccontextmanager
async def open_room(
    folder: Path, market: Market | None = None, *, gate: Any = approve, opening: Account | None = OPENING,
    worker: Callable[[], Actor] | None = None,
    history: Callable[[Store], Actor] | None = None, start_us: int = T0_US, reconcile_every_s: float = 300.0,
) -> AsyncIterator[Room]:
    """A desk on a history in `folder`, as a start after whatever ended there, with quotes of AAPL and BTC-USD."""
    store, market, made = Store(folder), market or Market(), []
    store.open()

    def children(runtime: Runtime) -> list[Child]:
        board, receipts, memory = Board(runtime.bus, runtime.now_us), Receipts(runtime.now_us), DeskMemory()
        board.load(store.states())
        receipts.load(store.receipts(0, 1_000, 1_000_000)[1])
        records = Records(store, board, inline)
        made.append(Room(runtime, board, store, records, market))
        made[0].quote()
        made[0].quote("BTC-USD", 39_990.0, 40_010.0)

        def view(without: str) -> RiskView:
            pending = {one.symbol: one.remaining for one in Books(board).orders() if one.id != without}
            return RiskView(now_us=runtime.now_us(), equity=0.0, cash=0.0, positions={}, prices={}, pending_quantity=pending)

        return [
            Child("history", lambda: history(store) if history else History(store, threaded=False), capacity=10_000),
            Child("kill_switch", lambda: KillSwitch(board, receipts, 0.0, SwitchMemory())),
            Child("broker", worker or (lambda: Broker(market))),
            Child("desk", lambda: Desk(board, receipts, records, memory, gate=gate, view=view, opening=opening,
                                       reconcile_every_s=reconcile_every_s), capacity=10_000),
        ]  # fmt: skip

    try:
        async with open_runtime(children, clock=trio_clock(start_us), seed=1) as runtime:
            made[0].runtime = runtime
            yield made[0]
    finally:
        store.close()

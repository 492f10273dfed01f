"""The paper broker: an actor around the paper venue, which fills from the quotes of whoever is believed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import attrs

from actors import Actor, Child, Refused, Subscription, Timer
from oracle.board import Board
from oracle.model import Depth, Quote, Trade
from oracle.settings import Settings
from oracle.settings_trading import Paper
from oracle.sources import Believed
from oracle.trading.brokers.outbox import Outbox
from oracle.trading.ledger import DUST, Fill
from oracle.trading.order import Order, OrderType
from oracle.trading.reports import Accepted, Ended, Filled, Place, Withdraw, Working
from oracle.trading.venue import PaperVenue

__all__ = ["PaperBroker", "PaperMemory", "PaperOffice", "SimulatedBroker"]

CAPACITY = 10_000
REMEMBERED = 2_000  # orders whose fills can be told again


@attrs.frozen
class PaperBroker:
    """Fills from live quotes, as `paper` says. An order to be filled at the market needs a price that is not older than
    `stale_after_s`, and any order one that was ever known."""

    paper: Paper = attrs.field(factory=Paper)
    stale_after_s: float = 300.0
    provider = "paper"

    @classmethod
    def of(cls, settings: Settings) -> PaperBroker:
        """What the settings say of it."""
        return cls(settings.broker.paper, settings.risk.breakers.stale_data_s)

    def child(self, board: Board) -> Child:
        """The actor `broker`."""
        memory = PaperMemory()
        return Child("broker", lambda: PaperOffice(self, board, memory), capacity=CAPACITY)


@attrs.frozen
class SimulatedBroker(PaperBroker):
    """The same on the simulated market only, whoever else quotes."""

    provider = "simulated"


@attrs.define
class _Record:
    """What was told of an order: its fills, each with what had been filled before it."""

    filled: float
    fills: list[tuple[float, Fill]] = attrs.field(factory=list)
    ended: Ended | None = None
    withdrawn: bool = False


@attrs.define
class PaperMemory:
    """What outlives the actor's lives: what it has told, since a fill must not happen twice, and what it listens to."""

    told: dict[str, _Record] = attrs.field(factory=dict)  # by order id
    heard: dict[str, tuple[Subscription, ...]] = attrs.field(factory=dict)  # by symbol
    outbox: Outbox = attrs.field(factory=Outbox)


class PaperOffice(Actor):
    """`broker`. Asked Place, Withdraw and Working, and tells the desk (`oracle.trading.reports`). Says as State `broker:paper`,
    or `broker:simulated`, {provider, connected, reason, since_us} that it is there. Listens only to symbols with working orders.

    Refused, beside what is said there: `unavailable` where there is no price to fill at, `rejected` for an order that can't be
    worked.
    """

    def __init__(self, settings: PaperBroker, board: Board, memory: PaperMemory) -> None:
        self._settings = settings
        self._board = board
        self._memory = memory
        self._venue = PaperVenue(settings.paper)
        self._simulated = settings.provider == "simulated"
        self._due: Timer | None = None
        self._due_us: int | None = None

    async def start(self) -> None:
        """Hear nothing yet, and ask what is to be worked."""
        self._listen()
        ref, now_us = f"broker:{self._settings.provider}", self.now_us()
        value = {"provider": self._settings.provider, "connected": True, "reason": "", "since_us": now_us}
        self._board.put(ref, value, now_us)
        self._memory.outbox.begin(self)

    def receive(self, message: Any) -> Any:
        """A word of the desk, a message of the market, or the own timers."""
        match message:
            case Quote() | Trade() | Depth():
                if self._is_believed(message):
                    self._say(self._venue.update(message, self.now_us()))
            case Place(order):
                return self._place(order)
            case Withdraw(order_id):
                return self._withdraw(order_id)
            case Working(orders):
                return self._work_only(orders)
            case "due":
                self._due_us = None
                self._say(self._venue.on_time(self.now_us()))
            case "again":
                self._memory.outbox.tell_again(self)
            case _:
                raise Refused(f"the broker {self._settings.provider} takes no {type(message).__name__}", "illegal")
        return None

    def drained(self) -> None:
        """Keep one timer at the venue's next deadline, and listen to what is worked."""
        self._listen()
        wanted_us = self._venue.next_deadline_us
        if wanted_us == self._due_us:
            return
        if self._due is not None:
            self._due.cancel()
        self._due_us = wanted_us
        if wanted_us is not None:
            self._due = self.after(max(0, wanted_us - self.now_us()) / 1e6, "due")

    # ---- asked by the desk

    def _place(self, order: Order) -> str:
        if order.id not in self._venue.working and order.id not in self._memory.told:
            self._priced(order)
        self._take_on(order)
        return _own_id(order)

    def _withdraw(self, order_id: str) -> bool:
        record = self._memory.told.get(order_id)
        if record is None:
            raise Refused(f"Order '{order_id}' is not worked here", "not_found", {"id": order_id})
        record.withdrawn = self._venue.cancel(order_id) or record.withdrawn
        return record.withdrawn

    def _work_only(self, orders: tuple[Order, ...]) -> list[str]:
        wanted = {order.id for order in orders}
        for order_id in self._venue.working:
            if order_id not in wanted:
                self._venue.cancel(order_id)
        unknown = []
        for order in orders:
            try:
                self._take_on(order)
            except Refused:
                unknown.append(order.id)
        return unknown

    def _take_on(self, order: Order) -> None:
        """Work what remains of it, after what has been told of it and is not in the desk's books yet."""
        record, filled = self._memory.told.get(order.id), order.filled_quantity
        if record is not None:
            self._tell_again(order, record)
            filled = max(filled, record.filled)
            if record.ended is not None or order.quantity - filled <= DUST:
                return
        if order.symbol not in self._venue.symbols:
            self._venue.learn(order.symbol, self._fresh(order.symbol), self.now_us())
        if self._venue.place(attrs.evolve(order, filled_quantity=filled), self.now_us()):
            self._remember(order.id, record or _Record(filled))
            self._memory.outbox.tell(self, Accepted(order.id, _own_id(order), self.now_us()))

    def _tell_again(self, order: Order, record: _Record) -> None:
        for before, fill in record.fills:
            if before >= order.filled_quantity - DUST:
                self._memory.outbox.tell(self, Filled(fill))
        if record.ended is not None:
            self._memory.outbox.tell(self, record.ended)

    def _remember(self, order_id: str, record: _Record) -> None:
        told = self._memory.told
        record.withdrawn = False
        told[order_id] = record
        if len(told) > REMEMBERED:
            over = (ident for ident in told if ident not in self._venue.working)
            told.pop(next(over, ""), None)

    # ---- told the desk

    def _say(self, happened: Iterable[Filled | Ended]) -> None:
        for what in happened:
            match what:
                case Filled(fill):
                    record = self._memory.told[fill.order_id]
                    record.fills.append((record.filled, fill))
                    record.filled += fill.quantity
                case Ended():
                    self._memory.told[what.order_id].ended = what
            self._memory.outbox.tell(self, what)

    # ---- the market

    def _believed(self, symbol: str) -> Believed | None:
        sources, now_us = self._board.sources, self.now_us()
        quoting = sources.believed(symbol, now_us, quoting=True, simulated=self._simulated)
        return quoting or sources.believed(symbol, now_us, simulated=self._simulated)

    def _is_believed(self, message: Quote | Trade | Depth) -> bool:
        believed = self._believed(message.symbol)
        return believed is not None and believed.source == message.source

    def _fresh(self, symbol: str) -> Quote | Trade | None:
        """The newest price, unless it is stale."""
        believed = self._believed(symbol)
        newest = (believed.quote or believed.trade) if believed else None
        return newest if newest is not None and self._age_s(newest) <= self._settings.stale_after_s else None

    def _priced(self, order: Order) -> None:
        """Raise Refused where there is no price to fill it at."""
        believed, whose = self._believed(order.symbol), "of the simulated market's " if self._simulated else ""
        newest = (believed.quote or believed.trade) if believed else None
        if newest is None:
            raise Refused(f"no price {whose}is known of {order.symbol}", "unavailable", {"symbol": order.symbol})
        entry = order.order_type is OrderType.bracket and order.limit_price is None
        if (entry or order.order_type is OrderType.market) and self._fresh(order.symbol) is None:
            age_s = self._age_s(newest)
            raise Refused(f"the newest price {whose}of {order.symbol} is {age_s:,.0f} s old", "unavailable",
                          {"symbol": order.symbol, "age_s": age_s})  # fmt: skip

    def _age_s(self, message: Quote | Trade) -> float:
        return (self.now_us() - message.ts_us) / 1e6

    def _listen(self) -> None:
        """Hear the symbols with working orders, and no others."""
        heard, wanted = self._memory.heard, self._venue.symbols
        if heard.keys() == wanted:
            return
        for symbol in heard.keys() - wanted:
            for subscription in heard.pop(symbol):
                subscription.cancel()
        take = partial(self.runtime.tell, self.name)
        for symbol in wanted - heard.keys():
            heard[symbol] = tuple(self.runtime.listen(f"{kind}:{symbol}", take) for kind in ("quote", "trade", "depth"))


def _own_id(order: Order) -> str:
    return f"paper-{order.id}"

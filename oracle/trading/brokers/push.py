"""The push broker: an external bot or terminal keeps the account, executes orders, and reports."""

from __future__ import annotations

from typing import Any

import attrs
import trio

from actors import Actor, Child, Refused, Reply, Timer
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.model import Command, Event, Severity, event_id
from oracle.settings import Settings
from oracle.trading.brokers.outbox import Outbox
from oracle.trading.brokers.report import (
    AccountReport,
    PositionReport,
    Report,
    TradeReport,
    held_of,
    of_order,
    of_trade,
    report_of,
)
from oracle.trading.ledger import DUST
from oracle.trading.order import Order
from oracle.trading.reports import Ended, Filled, Place, Withdraw, Working

__all__ = ["CANCEL_WANTED", "ORDER_WANTED", "PushBroker", "PushMemory", "PushOffice"]

ORDER_WANTED, CANCEL_WANTED = "order_wanted", "order_cancel_wanted"
REF = "broker:push"


@attrs.frozen
class PushBroker:
    """An external bot or terminal, which is gone once it has not reported for `gone_after_s`; 0: never by itself."""

    gone_after_s: float = 60.0
    provider = "push"

    @classmethod
    def of(cls, settings: Settings) -> PushBroker:
        """What the settings say of it."""
        return cls(settings.broker.push.gone_after_s)

    def child(self, board: Board) -> Child:
        """The actor `broker`."""
        memory = PushMemory()
        return Child("broker", lambda: PushOffice(self, board, memory))


@attrs.define
class PushMemory:
    """What outlives the actor's lives: the books as they were reported last, and the orders that are out, with their fills by
    id (what was filled before they went out has none)."""

    account: AccountReport | None = None
    positions: list[PositionReport] | None = None
    orders: dict[str, Order] = attrs.field(factory=dict)
    fills: dict[str, dict[str, float]] = attrs.field(factory=dict)
    reported_us: int | None = None
    held: set[str] = attrs.field(factory=set)  # ids of executions that the first books had
    outbox: Outbox = attrs.field(factory=Outbox)


class PushOffice(Actor):
    """`broker`. Asked Place, Withdraw and Working (`oracle.trading.reports`), and by whoever speaks for the bot
    `Command("report", {...})`, which is an `oracle.trading.brokers.report.Report`; answers it with
    {taken, unknown}: how many executions and words on orders the desk has booked, and the ids of those that it has not, since the
    order is not out (any more), or the execution is in the books that are reported first.

    An order goes out as Event `order_wanted` (subject its symbol, data the whole order); what is to be worked no more as
    `order_cancel_wanted`. The bot's reports on them close them. A report that is sent again changes nothing.

    Refused: `unavailable` for an order while no bot reports, and for a report while the desk can't book it: send it again.
    State `broker:push` {provider, connected, reason, since_us, reported_us, books_us: when the first books were reported}.
    """

    def __init__(self, settings: PushBroker, board: Board, memory: PushMemory) -> None:
        self._settings = settings
        self._board = board
        self._memory = memory
        self._pen = trio.Lock()  # reports reach the desk in the order they came in
        self._gone: Timer | None = None

    async def start(self) -> None:
        """Wait for reports, and ask what is to be worked."""
        self._show(False, "no bot or terminal has reported yet")
        self._memory.outbox.begin(self)

    def receive(self, message: Any) -> Any:
        """A word of the desk, a report, or the own timers."""
        match message:
            case Place(order):
                return self._place(order)
            case Withdraw(order_id):
                return self._withdraw(order_id)
            case Working(orders):
                return self._work_only(orders)
            case Command(verb="report", args=args):
                report = report_of(args)
                self._hear()
                self.helper(self._book, self.reply_later(), report)
            case "gone":
                self._show(False, f"no report for {self._settings.gone_after_s:g} s")
            case "again":
                self._memory.outbox.tell_again(self)
            case _:
                raise Refused(f"the broker push takes no {type(message).__name__}", "illegal")
        return None

    # ---- asked by the desk

    def _place(self, order: Order) -> str:
        if order.id not in self._memory.orders:
            self._connected()
            self._put_out(order)
        return order.id

    def _withdraw(self, order_id: str) -> bool:
        order = self._memory.orders.get(order_id)
        if order is None:
            raise Refused(f"Order '{order_id}' is not out", "not_found", {"id": order_id})
        self._connected()
        self._want(CANCEL_WANTED, order, f"{order.id} is to be cancelled")
        return False

    def _work_only(self, orders: tuple[Order, ...]) -> list[str]:
        wanted = {order.id: order for order in orders}
        for order_id, order in list(self._memory.orders.items()):
            if order_id not in wanted:
                self._forget(order_id)
                self._want(CANCEL_WANTED, order, f"{order_id} is to be cancelled")
        for order in orders:
            self._put_out(order)
        return []

    def _put_out(self, order: Order) -> None:
        self._memory.orders[order.id] = order
        self._memory.fills.setdefault(order.id, {"": order.filled_quantity})
        self._want(ORDER_WANTED, order, f"{order.side.value} {order.quantity:g} {order.symbol} is wanted")

    def _want(self, kind: str, order: Order, summary: str) -> None:
        """Told again it is the same event."""
        ident = event_id(kind, order.symbol, REF, order.created_us, order.id)
        self.publish(Event(ident, kind, order.symbol, REF, Severity.low, summary, order.value(), self.now_us(), order.id))

    def _forget(self, order_id: str) -> None:
        self._memory.orders.pop(order_id, None)
        self._memory.fills.pop(order_id, None)

    def _remaining(self, order: Order) -> float:
        """By the desk's books, which know fills from before this process too; by what was reported where it is not in them."""
        booked = self._board.get(order.ref)
        return order.quantity - (booked["filled_quantity"] if booked else sum(self._memory.fills[order.id].values()))

    # ---- reports

    async def _book(self, reply: Reply, report: Report) -> None:
        """Have the desk book what was reported, and answer."""
        async with self._pen:
            try:
                reply.answer(await self._tell_desk(report))
            except NOT_NOW as no:
                reply.fail(Refused(f"the desk can't book that now: {no}", "unavailable"))

    async def _tell_desk(self, report: Report) -> dict[str, Any]:
        """Asked, not told: what is answered is committed."""
        now_us, memory, taken, unknown = self.now_us(), self._memory, 0, list[str]()
        for trade in report.trades:
            if not self._is_held(trade) and await self._fill(of_trade(trade, memory.orders.get(trade.order_id), now_us)):
                taken += 1
            else:
                memory.held.add(trade.id)
                unknown.append(trade.id)
        for one in report.orders:
            order = memory.orders.get(one.order_id)
            if order is None or self._remaining(order) <= DUST:
                unknown.append(one.order_id)
                continue
            told = of_order(one, order, self._remaining(order), now_us)
            if isinstance(told, Filled):
                await self._fill(told)
            else:
                await self.ask("desk", told)
            if isinstance(told, Ended):
                self._forget(order.id)
            taken += 1
        memory.account = memory.account if report.account is None else report.account
        memory.positions = memory.positions if report.positions is None else report.positions
        news = report.account is not None or report.positions is not None
        if news and memory.account is not None and memory.positions is not None:
            first = self._board.get("account:desk") is None
            await self.ask("desk", held_of(memory.account, memory.positions, now_us))
            if first:
                self._show(True, "", books_us=now_us)
        return {"taken": taken, "unknown": unknown}

    def _is_held(self, trade: TradeReport) -> bool:
        """Whether the books that were reported first had it; bots like to tell their newest trades again and again."""
        books_us = (self._board.get(REF) or {}).get("books_us")
        return trade.id in self._memory.held or (trade.ts_us is not None and books_us is not None and trade.ts_us < books_us)

    async def _fill(self, told: Filled) -> bool:
        """Whether the desk has booked it, now or before. It does not before it knows the account: the books that are reported
        first have what was traded until then."""
        try:
            await self.ask("desk", told)
        except Refused as no:
            if no.code != "invalid":
                raise
            return False
        order = self._memory.orders.get(told.fill.order_id)
        if order is not None:
            self._memory.fills[order.id][told.fill.id] = told.fill.quantity
            if self._remaining(order) <= DUST:
                self._forget(order.id)
        return True

    # ---- how it is

    def _hear(self) -> None:
        self._memory.reported_us = self.now_us()
        self._show(True, "")
        if self._gone is not None:
            self._gone.cancel()
        if self._settings.gone_after_s:
            self._gone = self.after(self._settings.gone_after_s, "gone")

    def _connected(self) -> None:
        """Raise Refused where no bot reports."""
        value = self._board.get(REF) or {}
        if not value.get("connected"):
            raise Refused(f"no bot takes orders: {value.get('reason', '')}", "unavailable")

    def _show(self, connected: bool, reason: str, books_us: int | None = None) -> None:
        now_us, before = self.now_us(), self._board.get(REF) or {}
        since_us = before["since_us"] if before.get("connected") is connected else now_us
        value = {"provider": "push", "connected": connected, "reason": reason, "since_us": since_us,
                 "reported_us": self._memory.reported_us, "books_us": books_us or before.get("books_us")}  # fmt: skip
        self._board.put(REF, value, now_us)

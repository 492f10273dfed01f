"""The actor in front of Interactive Brokers' gateway, which keeps the account and works orders under our names."""

from __future__ import annotations

import importlib
import math
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import trio

from actors import Actor, Refused, Reply
from oracle.board import Board
from oracle.log import logger
from oracle.patience import Patience
from oracle.trading.brokers.calm_books import CalmBooks
from oracle.trading.brokers.ibkr_memory import IbkrMemory
from oracle.trading.ledger import DUST
from oracle.trading.order import Order, OrderStatus
from oracle.trading.reports import Accepted, BrokerUp, Ended, Place, Withdraw, Working

if TYPE_CHECKING:
    from oracle.ib_link import Link, Worked

__all__ = ["IbkrOffice"]

REF = "broker:ibkr"
QUIET_S = 15.0  # without a word of the gateway, after which it is asked for one
BOOKS_S = 5.0  # between two looks at its books, which may not know of a fill yet
_OURS = re.compile(r"ord_[0-9a-f]{16}")


class IbkrOffice(Actor):
    """`broker`. Asked Place, Withdraw and Working, and tells the desk (`oracle.trading.reports`). An order carries our id as its
    reference there, by which it is found again: one that was sent, or executed, is not sent anew. After each connect the desk is
    told what was executed meanwhile, and says what is to be worked.

    Refused: `unavailable` while the gateway is away, to which this connects again for ever; `rejected` with its reason.
    State `broker:ibkr` {provider, connected, reason, since_us, books_us: the newest execution that the first books had,
    left_out: what is held in the account that has no symbol here}.
    """

    def __init__(self, host: str, port: int, client_id: int, account: str, board: Board, memory: IbkrMemory) -> None:
        self._at = host, port, client_id, account
        self._board = board
        self._memory = memory
        self._into, self._inbox = trio.open_memory_channel[Any](math.inf)
        self._waiting: dict[str, list[Reply]] = {}  # for the gateway's first word, by order
        self._link: Link | None = None
        self._books = CalmBooks()
        self._filled_us = 0
        self._due = False

    async def start(self) -> None:
        """Begin to connect."""
        self._show(False, "the gateway was not reached yet")
        self._memory.outbox.tell_again(self)
        self._tell_due()
        self.helper(self._connect_on)
        self.after(BOOKS_S, "books")

    def receive(self, message: Any) -> Any:
        """A word of the desk, or the own timers."""
        match message:
            case Place() | Withdraw() | Working():
                if self._link is None:
                    raise self._away()
                self._into.send_nowait((message, self.reply_later()))
            case "again":
                self._memory.outbox.tell_again(self)
            case "due":
                self._due = False
                self._tell_due()
            case "books":
                self._look_at_books()
                self.after(BOOKS_S, "books")
            case _:
                raise Refused(f"the broker ibkr takes no {type(message).__name__}", "illegal")
        return None

    # ---- the connection

    async def _connect_on(self) -> None:
        ib_link: Any = await trio.to_thread.run_sync(importlib.import_module, "oracle.ib_link")  # a second of imports
        patience = Patience()
        async with ib_link.link_loop():
            while True:
                link = ib_link.Link(self._into.send_nowait)
                try:
                    await link.open(*self._at)
                    self._begin(link)
                    patience.reset()
                    await self._serve(link, ib_link)
                except (OSError, ib_link.Unusable) as error:
                    self._lose(str(error) or f"no answer from {self._at[0]}:{self._at[1]} in time")
                finally:
                    with trio.CancelScope(shield=True):
                        await link.close()
                await trio.sleep(patience.wait_s())

    async def _serve(self, link: Link, ib_link: Any) -> None:
        """Until it is lost, which raises OSError."""
        heard_us = self.now_us()
        while True:
            word = None
            with trio.move_on_after(max(0.0, QUIET_S - (self.now_us() - heard_us) / 1e6)):
                word = await self._inbox.receive()
            match word:
                case None:
                    await link.look()
                    heard_us = self.now_us()
                case ib_link.HEARD:
                    heard_us = self.now_us()
                case ib_link.LOST | ib_link.BACK:
                    raise ConnectionError("the connection to the gateway was lost")
                case ib_link.Cut(reason=reason):
                    self._cut(reason)
                case ib_link.Worked():
                    self._take_fills(link)  # what was executed of it comes before its end
                    self._heed(word)
                case (message, reply):
                    await self._answer(link, message, reply)
            self._take_fills(link)

    def _begin(self, link: Link) -> None:
        """The first report comes before fills, which the desk can't book without an account; fills come before the desk says
        what to work, since it ends an order that is not known any more; and later reports after what they hold."""
        memory, executed = self._memory, link.executions()
        first = self._board.get("account:desk") is None and not memory.reported
        books_us = (self._board.get(REF) or {}).get("books_us")
        if first or books_us is None:
            books_us = max((one.fill.ts_us for one in executed), default=0)
            memory.seen |= {one.fill.id for one in executed}
            memory.floor_us = 0
        elif memory.floor_us is None:
            memory.floor_us = books_us
        memory.accepted |= {one.order_id for one in link.orders()}
        self._link = link
        self._show(True, "", books_us=books_us, left_out=link.left_out())  # stored before the account is
        memory.reported = True
        books = link.books(self.now_us())
        self._books.told = books
        if first:
            memory.line.put(books)
        self._take_fills(link)
        memory.line.put(BrokerUp())
        if not first:
            memory.line.put(books)
        self._tell_due()

    def _cut(self, reason: str) -> None:
        """It takes no orders, whatever was asked."""
        self._show(False, reason)
        self._link = None
        for replies in self._waiting.values():
            for reply in replies:
                reply.fail(self._away())
        self._waiting.clear()

    def _lose(self, reason: str) -> None:
        self._cut(reason)
        with suppress(trio.WouldBlock):
            while True:
                match self._inbox.receive_nowait():
                    case (_, reply):
                        reply.fail(self._away())

    # ---- asked by the desk

    async def _answer(self, link: Link, message: Any, reply: Reply) -> None:
        try:
            match message:
                case _ if self._link is None:
                    raise self._away()
                case Place(order):
                    await self._place(link, order, reply)
                case Withdraw(order_id):
                    reply.answer(await self._withdraw(link, order_id))
                case Working(orders):
                    reply.answer(await self._work_only(link, orders))
        except Refused as no:
            reply.fail(no)
        except OSError:
            reply.fail(self._away())
            raise

    async def _place(self, link: Link, order: Order, reply: Reply) -> None:
        known = link.order(order.id)
        if known is None:
            left = order.quantity - max(link.executed(order.id), order.filled_quantity)
            if left <= DUST:
                reply.answer(order.broker_order_id or order.id)
                return
            known = await link.place(order, left)
        if known.state == "over":
            raise Refused(known.reason or "it is not worked any more", "rejected")
        if known.state == "waits" and order.id not in self._memory.accepted:
            self._waiting.setdefault(order.id, []).append(reply)
        else:
            reply.answer(known.broker_id)

    async def _withdraw(self, link: Link, order_id: str) -> bool:
        known = link.order(order_id)
        if known is None:
            raise self._later() if self._memory.line else Refused(f"Order '{order_id}' is not worked there", "not_found")
        if known.state != "over":
            await link.cancel(order_id)
        return known.state == "over"

    async def _work_only(self, link: Link, orders: tuple[Order, ...]) -> list[str]:
        if self._memory.line:  # the desk would end what was executed and is not told yet; it is told to ask again
            self._memory.line.put(BrokerUp())
            raise self._later()
        wanted = {order.id for order in orders}
        for one in link.orders():
            if one.order_id not in wanted and _OURS.fullmatch(one.order_id):
                await link.cancel(one.order_id)
        return [order.id for order in orders if not link.knows(order)]

    # ---- told the desk

    def _take_fills(self, link: Link) -> None:
        """Those that are new. No event tells of all of them, so all there are are looked through."""
        memory, now_us = self._memory, self.now_us()
        if self._link is None:
            return
        for one in link.executions():
            if one.fill.id not in memory.seen:
                memory.seen.add(one.fill.id)
                if one.fill.ts_us > (memory.floor_us or 0):
                    memory.line.put_fill(one, now_us)
                    self._filled_us = now_us
        self._tell_due()

    def _heed(self, word: Worked) -> None:
        """What the gateway says of an order."""
        ident, memory = word.order_id, self._memory
        if not _OURS.fullmatch(ident) or word.state == "waits":
            return
        waiting = self._waiting.pop(ident, ())
        if word.state == "over":
            refused = ident not in memory.accepted
            end = OrderStatus.rejected if refused else OrderStatus.cancelled
            memory.line.put(Ended(ident, end, word.reason, self.now_us()))
            memory.accepted.discard(ident)
            for reply in waiting:
                reply.fail(Refused(word.reason or "the gateway refused it", "rejected"))
            return
        for reply in waiting:
            reply.answer(word.broker_id)
        if ident not in memory.accepted:
            memory.accepted.add(ident)
            memory.line.put(Accepted(ident, word.broker_id, self.now_us()))

    def _tell_due(self) -> None:
        memory, now_us = self._memory, self.now_us()
        for told in memory.line.ready(now_us):
            memory.outbox.tell(self, told)
        if memory.line.due_us is not None and not self._due:
            self._due = True
            self.after(max(memory.line.due_us - now_us, 0) / 1e6, "due")

    def _look_at_books(self) -> None:
        if self._link is None or self._memory.line or self.now_us() - self._filled_us < BOOKS_S * 1e6:
            return
        if news := self._books.news(self._link.books(self.now_us())):
            self._memory.outbox.tell(self, news)

    # ---- how it is

    def _later(self) -> Refused:
        return Refused("what was executed is told first", "unavailable")

    def _away(self) -> Refused:
        reason = (self._board.get(REF) or {}).get("reason", "")
        return Refused(f"the gateway takes no orders: {reason}", "unavailable")

    def _show(self, connected: bool, reason: str, **more: Any) -> None:
        now_us, before = self.now_us(), self._board.get(REF) or {}
        since_us = before["since_us"] if before.get("connected") is connected else now_us
        kept = {"books_us": before.get("books_us"), "left_out": before.get("left_out", [])}
        value = {"provider": "ibkr", "connected": connected, "reason": reason, "since_us": since_us, **kept, **more}
        if {**value, "since_us": 0} != {**before, "since_us": 0}:
            self._board.put(REF, value, now_us)
            logger("broker:ibkr").info("connected" if connected else "not connected", reason=reason)

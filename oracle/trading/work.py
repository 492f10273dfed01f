"""The desk's orders at its broker: placed, withdrawn, made sure of after a break, and ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from actors import Actor, AskTimeout, Refused
from oracle.board import Board
from oracle.commit import NOT_NOW
from oracle.crash import crash_point
from oracle.trading.bookkeeping import Books, Step, kept, moved
from oracle.trading.brackets import entry, renewed, withdrawn
from oracle.trading.kill_switch import tripped
from oracle.trading.order import MOVES, Order, OrderStatus
from oracle.trading.pen import Pen
from oracle.trading.reports import Ended, Place, Withdraw, Working

__all__ = ["AGAIN_S", "Again", "Work"]

PATIENCE_S = 2.0  # with a broker; less than the asker has with the desk
TOGETHER = 100  # orders that are stored as ended at once
AGAIN_S = 5.0  # until a broker that did not answer is asked again
WAITS = "waits for the broker"
UNKNOWN = "the broker does not know it any more"
_S = OrderStatus


@attrs.frozen
class Again:
    """Ask the broker once more for what it did not answer."""


class Work:
    """One life's conversation with the broker. All but `place` and `withdraw` of a bracket's exits are asked for by the desk."""

    def __init__(self, actor: Actor, board: Board, pen: Pen) -> None:
        self._actor = actor
        self._board = board
        self._books = Books(board)
        self._pen = pen
        self._again = False
        self._hangs = False

    async def place(self, order: Order) -> Order:
        """Have an order worked. One that the broker refuses is REJECTED; one that it can't take now stays as it is."""
        try:
            known_as = await self._asked(Place(entry(order)))
        except NOT_NOW as no:
            if isinstance(no, Refused) and no.code != "unavailable":
                return await self.end(order, _S.rejected, str(no.reason))
            self._later()
            if _settled(order) != order.reasons:
                return order
            order = attrs.evolve(order, reasons=(*order.reasons, f"{WAITS}: {no}"), updated_us=self._actor.now_us())
            await self._pen.enact(kept(order))
            return order
        crash_point("desk:placed")
        return await self.accepted(order.id, known_as) or order

    async def accepted(self, ident: str, known_as: Any) -> Order | None:
        """Note what the broker calls an order; None where that is not open any more."""
        order = self._books.order(ident)
        name = str(known_as or ident)
        if order is None or order.broker_order_id == name:
            return order
        order = attrs.evolve(order, broker_order_id=name, reasons=_settled(order), updated_us=self._actor.now_us())
        await self._pen.enact(kept(order))
        return order

    async def withdraw(self, order: Order, reason: str, to: OrderStatus = _S.cancelled, cause: str = "") -> Order:
        """Have an order end. Where the broker must say so first, it stays open until that, and is marked."""
        if await self._let_go(order, to, reason):
            return await self.end(order, to, reason, cause)
        marked = withdrawn(order, reason, to, self._actor.now_us())
        if marked is not order:
            await self._pen.enact(kept(marked))
        return marked

    async def withdraw_all(self, orders: Iterable[Order], reason: str) -> list[Order]:
        """Have many orders end: the broker is asked for all of them first, since to store what became of each takes longer."""
        after, renewals, steps = list[Order](), list[Order](), list[Step]()
        for order in orders:
            if await self._let_go(order, _S.cancelled, reason):
                ended, again = self._end_of(order, _S.cancelled, reason)
                renewals += [again] if again else []
                steps.append(moved(ended) + (moved(again) if again else Step()))
            else:
                ended = withdrawn(order, reason, _S.cancelled, self._actor.now_us())
                steps += [] if ended is order else [kept(ended)]
            after.append(ended)
        for begin in range(0, len(steps), TOGETHER):
            await self._pen.enact(sum(steps[begin : begin + TOGETHER], Step()))
        for again in renewals:
            await self.place(again)
        return after

    async def end(self, order: Order, to: OrderStatus, reason: str, cause: str = "") -> Order:
        """End an order for a reason. What was withdrawn ends as it was to."""
        ended, again = self._end_of(order, to, reason)
        await self._pen.enact(moved(ended, cause) + (moved(again) if again else Step()))
        if again:
            await self.place(again)
        return ended

    def _end_of(self, order: Order, to: OrderStatus, reason: str) -> tuple[Order, Order | None]:
        """The order as it ends, and what takes its place."""
        mark = order.metadata.get("withdrawn")
        if mark and to is _S.cancelled:
            to, reason = _S(mark["to"]), mark["why"]
        if to not in MOVES[order.status]:
            to = _S.cancelled  # what has been filled in part was not refused
        now_us = self._actor.now_us()
        if reason and reason not in order.reasons:
            order = attrs.evolve(order, reasons=(*_settled(order), reason))
        ended = order.moved(to, now_us)
        return ended, None if tripped(self._board) else renewed(ended, now_us)

    async def resume(self) -> None:
        """Tell a broker that has begun, or is there again, what to work; a broker that is not there says when it is."""
        self._hangs = False
        orders = [one for one in self._books.orders() if one.status is not _S.pending]
        wanted = tuple(entry(one) for one in orders if "withdrawn" not in one.metadata)
        try:
            unknown = set(await self._asked(Working(wanted)))
        except NOT_NOW:
            if orders:
                self._later()
            return
        for order in orders:
            now_us, mark = self._actor.now_us(), order.metadata.get("withdrawn")
            over = order.metadata.get("expires_us", now_us + 1) <= now_us
            if mark:
                self._gone(order, _S(mark["to"]), mark["why"])
            elif order.id in unknown and order.broker_order_id:
                self._gone(order, _S.expired if over else _S.cancelled, UNKNOWN)
            elif not order.broker_order_id:
                await self.place(self._books.order(order.id) or order)

    async def again(self) -> None:
        """Ask for what the broker has not answered yet."""
        self._again = self._hangs = False
        for one in self._books.orders():
            order = self._books.order(one.id)
            if order is not None and "withdrawn" in order.metadata:
                mark = order.metadata["withdrawn"]
                await self.withdraw(order, mark["why"], _S(mark["to"]))
            elif order is not None and order.status is not _S.pending and not order.broker_order_id:
                await self.place(order)

    async def _let_go(self, order: Order, to: OrderStatus, reason: str) -> bool:
        """Whether it is worked no more. Where the broker has not said so, it will be asked or says so later."""
        if order.status is _S.pending:
            return True
        try:
            return bool(await self._asked(Withdraw(order.id)))
        except NOT_NOW as no:
            if isinstance(no, Refused) and no.code == "not_found":
                self._gone(order, to, reason)
            else:
                self._later()
        return False

    def _gone(self, order: Order, to: OrderStatus, reason: str) -> None:
        """It is not worked any more. What was filled of it before may be on its way, and comes first."""
        self._actor.tell(self._actor.name, Ended(order.id, to, reason, self._actor.now_us()))

    async def _asked(self, wish: Any) -> Any:
        if self._hangs:  # not again for each of many orders while a kill switch waits
            raise Refused("the broker does not answer", "unavailable")
        try:
            return await self._actor.ask("broker", wish, PATIENCE_S)
        except AskTimeout:
            self._hangs = True
            raise

    def _later(self) -> None:
        if not self._again:
            self._again = True
            self._actor.after(AGAIN_S, Again())


def _settled(order: Order) -> tuple[str, ...]:
    """Its reasons without that it waits for the broker."""
    return tuple(one for one in order.reasons if not one.startswith(WAITS))

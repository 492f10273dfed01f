"""The desk: takes wishes for orders through the gate, has a broker work them, and keeps the one account.

    wish -> gate -> PENDING (waits for a human) -> SUBMITTED -> broker -> fills -> account, position, closed trades

It is the one writer of `account:desk`, `position:SYMBOL` and `order:ID`. What it answers is on disk; what is on disk can be
rebuilt from the fills alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from actors import Actor, Refused
from oracle.board import Board
from oracle.model import Command, State
from oracle.receipts import Receipts
from oracle.trading import intake, reconciling, word
from oracle.trading.bookkeeping import Books, Step, moved, opened_account
from oracle.trading.filling import checked_fill, consequence
from oracle.trading.kill_switch import SWITCH, tripped
from oracle.trading.ledger import Account, Fill
from oracle.trading.order import NewOrder, Order, OrderStatus
from oracle.trading.pen import DeskMemory, Pen, insisted
from oracle.trading.records import Records
from oracle.trading.reports import Accepted, BrokerUp, Ended, Filled, Reported
from oracle.trading.risk.assessment import Assessment
from oracle.trading.word import Gate, View
from oracle.trading.work import Again, Work

__all__ = ["Desk"]

_S = OrderStatus
EXPIRED, RECONCILIATION = "its day is over", "reconciliation:desk"


@attrs.frozen
class _Expire:
    """The day of an order is over."""

    order_id: str


@attrs.frozen
class _Reconcile:
    """Compare the books, as is done from time to time."""


class Desk(Actor):
    """`desk`. Asked `Command("submit", {"order": NewOrder})`, "cancel" or "approve" with `{"id"}`, "reject" with `{"id",
    "reason"}`: each answers with the Order, once it is committed; "cancel_all" with `{"reason"}`: with the orders that were open;
    "reconcile": with State `reconciliation:desk`. Told by the broker: BrokerUp, Accepted, Filled, Ended, Reported.

    Refused: `rejected` (the gate said no; details: reasons), `invalid` (the wish makes no sense, or would open what no price is
    known of), `conflict` (the client_order_id was given to another order), `not_found`, `illegal` (details: allowed),
    `unavailable`.
    A wish with the same client_order_id, or a Command with the same id, is carried out once, also over a SIGKILL.

    `opening` is the account to begin with where the desk keeps it; None where the broker does, whose first report is adopted.
    While the kill switch is on nothing is placed, and what was open is cancelled.
    """

    listens = (f"state:{SWITCH}",)

    def __init__(
        self, board: Board, receipts: Receipts, records: Records, memory: DeskMemory, *, gate: Gate,
        view: View, opening: Account | None, reconcile_every_s: float,
    ) -> None:
        self._board = board
        self._receipts = receipts
        self._records = records
        self._memory = memory
        self._gate = gate
        self._view = view
        self._opening = opening
        self._reconcile_every_s = reconcile_every_s
        self._books = Books(board)
        self._pen = Pen(self, board, receipts, memory)
        self._work = Work(self, board, self._pen)
        self._commands: dict[str, Callable[[Command], Awaitable[Any]]] = {
            "submit": self._submit, "cancel": self._cancel, "approve": self._approve, "reject": self._reject,
            "cancel_all": self._cancel_all, "reconcile": lambda _: self._reconcile(),
        }  # fmt: skip

    async def start(self) -> None:
        """Bring about what a life before this one could not, learn what was counted, and go on where it stood."""
        await self._pen.fulfil()
        if self._memory.fills is None:
            self._memory.rebuilt.take(await insisted(lambda: self._records.ledger(self._memory.rebuilt.seq)))
            self._memory.fills = set(self._memory.rebuilt.fills)
        if self._books.account is None and self._opening is not None:
            await self._pen.enact(opened_account(self._opening, (), "the paper desk", self.now_us()))
        for order in self._books.orders():
            self._watch(order)
        await self._heed_switch()
        await self._work.resume()
        if self._opening is not None:
            await self._heed(_Reconcile())

    async def receive(self, message: Any) -> Any:
        """Do what is asked, and note what is told."""
        await self._pen.fulfil()
        if isinstance(message, Command):
            return await self._command(message)
        await self._heed(message)
        return None

    async def _heed(self, message: Any) -> None:
        match message:
            case Filled(fill):
                await self._fill(fill)
            case Accepted(ident, known_as):
                await self._work.accepted(ident, known_as)
            case Ended(ident, status, reason):
                if order := self._books.order(ident):
                    await self._work.end(order, _S(status), reason)
            case Reported():
                await self._report(message)
            case BrokerUp():
                await self._work.resume()
            case Again():
                await self._work.again()
            case State():
                await self._heed_switch()
            case _Expire(ident):
                await self._expire(ident)
            case _Reconcile():
                await self._reconcile()
                self.after(self._reconcile_every_s, message)

    # ---- commands

    async def _command(self, command: Command) -> Any:
        if command.verb not in self._commands:
            raise Refused(f"the desk can't be asked to {command.verb}", "unknown_verb", {"verb": command.verb})
        return await self._commands[command.verb](command)

    async def _submit(self, command: Command) -> Order:
        self._memory.asked += 1
        wish = intake.checked(command.args.get("order"))
        ident = intake.order_id(wish.client_order_id or command.id or self._salt())
        if wish.client_order_id or command.id:
            known = await self._known(ident, command)
            if known is not None:
                if differing := intake.conflicting(known, wish):
                    what = f"{known.id}, which differs in {', '.join(differing)}"
                    raise Refused(f"client_order_id '{wish.client_order_id}' was given to another order, {what}", "conflict",
                                  {"id": known.id, "differing": differing})  # fmt: skip
                return known
        price = self._priced(wish.symbol)
        assessment = word.priced(self._gate(wish, price, self._view("")), wish.symbol, price)
        order = word.assessed(intake.order_of(wish, ident, price, command.by, self.now_us()), assessment)
        if order is None:
            return await self._refuse(wish, assessment, command)
        await self._pen.attempt(moved(order, command.id) + word.breached(assessment, self.now_us(), order.id))
        return await self._go(order)

    async def _refuse(self, wish: NewOrder, assessment: Assessment, command: Command) -> Order:
        salt = command.id or self._salt()
        told = word.refused(wish, assessment, command.by, self.now_us(), salt, command.id)
        await self._pen.attempt(Step(events=(told,)) + word.breached(assessment, self.now_us(), salt))
        raise word.refusal(assessment.reasons)

    async def _approve(self, command: Command) -> Order:
        order = await self._asked_for(command)
        if self._receipts.applied(command.id):
            return order
        word.must_wait(order)
        price = self._priced(order.symbol)
        assessment = word.priced(self._gate(intake.wish_of(order), price, self._view(order.id)), order.symbol, price)
        after = word.approved(order, assessment, price, command.by, self.now_us())
        await self._pen.attempt(moved(after, command.id) + word.breached(assessment, self.now_us(), f"{order.id} approved"))
        return await self._go(after)

    async def _reject(self, command: Command) -> Order:
        order = await self._asked_for(command)
        if self._receipts.applied(command.id):
            return order
        word.must_wait(order)
        after = order.moved(_S.rejected, self.now_us(), reasons=(*order.reasons, _reason(command, "rejected")))
        await self._pen.enact(moved(after, command.id))
        return after

    async def _cancel(self, command: Command) -> Order:
        order = await self._asked_for(command)
        if self._receipts.applied(command.id):
            return order
        if not order.open:
            order.moved(_S.cancelled, self.now_us())  # says why not
        return await self._work.withdraw(order, _reason(command, "cancelled"), cause=command.id)

    async def _cancel_all(self, command: Command) -> list[Order]:
        return await self._withdraw_all(_reason(command, "cancelled"))

    async def _withdraw_all(self, reason: str) -> list[Order]:
        return await self._work.withdraw_all(self._books.orders(), reason)

    async def _go(self, order: Order) -> Order:
        if order.status is not _S.submitted:
            return order
        self._watch(order)
        if on := tripped(self._board):
            return await self._work.end(order, _S.cancelled, f"the kill switch is on: {on.reason}")
        return await self._work.place(order)

    # ---- what is told

    async def _fill(self, fill: Fill) -> None:
        if fill.id in (self._memory.fills or ()):
            return
        checked_fill(fill)
        account = self._books.account
        if account is None:
            self._memory.fills = {*(self._memory.fills or ()), fill.id}
            raise Refused(f"fill {fill.id} came before the broker's first report, which holds it", "invalid")
        order = await insisted(lambda: self._records.order(fill.order_id)) if fill.order_id else None
        after = consequence(self._books, account, fill, order, tripped(self._board) is not None, self.now_us())
        await self._pen.enact(after.step)
        for one in after.new:
            await self._work.place(one)
        if after.leaving:
            await self._work.again()

    async def _report(self, told: Reported) -> None:
        self._memory.reported = told
        if self._books.account is None:
            account, positions = reconciling.adopted(told)
            await self._pen.enact(opened_account(account, positions, "the broker", self.now_us()))
        await self._reconcile()

    async def _heed_switch(self) -> None:
        if on := tripped(self._board):
            await self._withdraw_all(f"the kill switch is on: {on.reason}")

    async def _expire(self, ident: str) -> None:
        order = self._books.order(ident)
        if order is None:
            return
        if order.metadata["expires_us"] > self.now_us():
            self._watch(order)
        else:
            await self._work.withdraw(order, EXPIRED, _S.expired)

    async def _reconcile(self) -> dict[str, Any]:
        """Put on the board how the books differ from the broker's, or, where the desk keeps them, from the stored fills."""
        account, told = self._books.account, self._memory.reported
        if account is None or (told is None and self._opening is None):
            raise Refused("the broker has not reported its books yet", "unavailable")
        if told is None:
            rebuilt = self._memory.rebuilt
            rebuilt.take(await insisted(lambda: self._records.ledger(rebuilt.seq)))
            report = reconciling.with_stored(account, self._books.positions(), rebuilt, self.now_us())
        else:
            report = reconciling.with_broker(account, self._books.positions(), told, self.now_us())
        if reconciling.is_news(report, self._board.get(RECONCILIATION)):
            self._board.put(RECONCILIATION, report, self.now_us())
        return report

    # ---- private

    def _priced(self, symbol: str) -> float | None:
        if self._books.account is None:
            raise Refused("the broker has not reported an account yet", "unavailable")
        return intake.arrival(self._board, symbol)

    async def _known(self, ident: str, command: Command) -> Order | None:
        """The order that came of the same wish before. Raises Refused what it was refused with."""
        order = await self._records.order(ident)
        if order is None and self._receipts.applied(command.id):
            reasons = await self._records.refusal(command.id)
            if reasons is not None:
                raise word.refusal(reasons)
        return order

    async def _asked_for(self, command: Command) -> Order:
        ident = str(command.args.get("id", ""))
        order = await self._records.order(ident)
        if order is None:
            raise Refused(f"Order '{ident}' not found", "not_found", {"id": ident})
        return order

    def _salt(self) -> str:
        # what no other wish has, also none of a run before which the clock was set back
        return f"{self.runtime.epoch} {self.now_us()} {self._memory.asked}"

    def _watch(self, order: Order) -> None:
        due_us = order.metadata.get("expires_us")
        if due_us is not None and order.status is not _S.pending:
            self.after(max(due_us - self.now_us(), 0) / 1e6, _Expire(order.id))


def _reason(command: Command, done: str) -> str:
    return str(command.args.get("reason") or f"{done} by {command.by}")

"""Who takes a strategy's signals to the desk, and remembers what it said."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

from actors import Actor, Refused
from oracle.commit import NOT_NOW
from oracle.model import Command, Event, Severity, event_id
from oracle.moments import iso_text
from oracle.trading.ledger import Account, Position, equity
from oracle.trading.order import NewOrder, OrderStatus, OrderType
from oracle.trading.signal import Direction, Signal
from oracle.trading.sizing import lot_of, size
from oracle.trading.strategy_plan import Plan
from oracle.trading.strategy_wish import Touch, entry_wish, exit_wish

__all__ = ["Dealer", "signal_event", "signal_id"]

AGAIN = ("unavailable", "timeout", "full")
"""Refusals that say nothing of what was asked for."""


def signal_id(source: str, signal: Signal) -> str:
    """The same for the same bar, whoever decides it again."""
    return event_id("signal", signal.symbol, source, signal.ts_us, signal.direction)


def signal_event(source: str, signal: Signal, now_us: int) -> Event:
    """What tells of a signal."""
    at = iso_text(now_us)
    data = {
        "symbol": signal.symbol, "direction": signal.direction.value, "strength": signal.strength,
        "strategy_name": signal.strategy_name, "reason": signal.reason, "timestamp": at,
        "metadata": {**signal.metadata, "bar_us": signal.ts_us},
    }  # fmt: skip
    summary = f"{signal.strategy_name}: {signal.direction} {signal.symbol} ({signal.strength:.2f}), {signal.reason}"
    return Event(signal_id(source, signal), "signal", signal.symbol, source, Severity.low, summary, data, now_us)


class Dealer:
    """Reads the board, asks the desk; `noted` says what became of a symbol's newest signal where it was not done. `model` is what
    is told of what a strategy has learned."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.model: dict[str, Any] | None = None
        self._notes: dict[str, str] = {}

    def forget(self) -> None:
        """A new round: what was noted of the one before says nothing any more."""
        self._notes.clear()

    def note(self, symbol: str, why: str) -> None:
        """Why a signal was not done."""
        self._notes[symbol] = why

    def noted(self, symbol: str) -> str:
        """Why a symbol is no candidate now, beside what the strategy itself says; empty for no reason."""
        if symbol in self._notes:
            return self._notes[symbol]
        position = self._position(symbol)
        if position is not None and position.strategy_name == self.plan.name:
            return f"Holding {position.quantity:g}"
        return "Cooldown (an order is at work)" if self._own_orders(symbol) else ""

    def own_positions(self) -> dict[str, Position]:
        """The positions that this strategy opened."""
        found = (Position(**state.value) for state in self.plan.board.kind("position") if state.value)
        return {one.symbol: one for one in found if one.strategy_name == self.plan.name}

    async def deal(self, actor: Actor, signal: Signal) -> bool:
        """Have a signal done; False where the desk can't say now whether it is."""
        try:
            wish = await self._wish(actor, signal)
            if isinstance(wish, str):
                self.note(signal.symbol, wish)
                return True
            await self._submit(actor, wish)
        except NOT_NOW as no:
            if not isinstance(no, Refused) or no.code in AGAIN:
                self.note(signal.symbol, f"Exec Block: {no}")
                return False
            self.note(signal.symbol, f"Risk Block: {no.reason}")
        return True

    async def _submit(self, actor: Actor, wish: NewOrder) -> None:
        """Ask the desk. The stop and the target of a position stay at work until an order that closes it is: one that is refused,
        or that waits for a human, protects nothing."""
        try:
            await actor.ask("desk", Command("submit", {"order": wish}, actor.name))
        except Refused as no:
            if no.code != "conflict":  # one that was asked before, and done
                raise
        mine = [one for one in self._own_orders(wish.symbol) if one["client_order_id"] == wish.client_order_id]
        if wish.order_type is not OrderType.bracket and any(one["status"] != OrderStatus.pending for one in mine):
            await self._withdraw(actor, wish.symbol, exits=True)

    async def _wish(self, actor: Actor, signal: Signal) -> NewOrder | str:
        """The order, or why there is none."""
        symbol, now_us = signal.symbol, actor.now_us()
        touch, position = self._touch(symbol), self._position(symbol)
        if touch is None:
            raise Refused("no price is known", "unavailable")
        ident = signal_id(actor.name, signal)
        if position is not None and position.strategy_name != self.plan.name:
            return f"Risk Block: held by {position.strategy_name or 'somebody else'}"
        if position is not None:
            if signal.direction is not Direction.flat and (signal.direction is Direction.long) == (position.quantity > 0):
                return f"Holding {position.quantity:g}"
            await self._withdraw(actor, symbol, exits=False, but=ident)
            return exit_wish(signal, ident, touch, position, now_us)
        if signal.direction is Direction.flat:
            await self._withdraw(actor, symbol, exits=False)
            return "nothing is held any more"
        if any(order["client_order_id"] != ident for order in self._own_orders(symbol)):
            return "Cooldown (an order is at work)"
        return await self._entry(signal, ident, touch, now_us)

    async def _entry(self, signal: Signal, ident: str, touch: Touch, now_us: int) -> NewOrder | str:
        plan, account = self.plan, self.plan.board.get("account:desk")
        if account is None:
            raise Refused("there is no account yet", "unavailable")
        books, record = Account(**account), await plan.past.record(plan.name)
        worth, lot = self._equity(books), lot_of(signal.symbol)
        quantity_at = partial(size, signal, equity=worth, cash=books.cash, trading=plan.trading, risk=plan.risk, record=record,
                              lot=lot)  # fmt: skip
        ratio = record.win_loss_ratio if record else plan.trading.win_loss_ratio
        wish = entry_wish(signal, ident, touch, quantity_at, plan.risk.limits.stop_loss_pct, ratio, now_us)
        return wish or f"Risk Block: its size comes to less than {lot:g}"

    async def _withdraw(self, actor: Actor, symbol: str, *, exits: bool, but: str = "") -> None:
        """Take back what is at work of a symbol: the exits of brackets, or all others but the one with that client's id."""
        for order in self._own_orders(symbol):
            if bool(order["parent_id"]) is not exits or (but and order["client_order_id"] == but):
                continue
            with contextlib.suppress(Refused):  # one that has just ended
                await actor.ask("desk", Command("cancel", {"id": order["id"]}, actor.name))

    def _own_orders(self, symbol: str) -> list[dict[str, Any]]:
        orders = [state.value for state in self.plan.board.kind("order") if state.value]
        return [one for one in orders if one["symbol"] == symbol and one["strategy_name"] == self.plan.name]

    def _position(self, symbol: str) -> Position | None:
        value = self.plan.board.get(f"position:{symbol}")
        return Position(**value) if value else None

    def _equity(self, account: Account) -> float:
        board = self.plan.board
        positions = {one.symbol: one for state in board.kind("position") if state.value for one in (Position(**state.value),)}
        prices = {symbol: known[0] for symbol in positions if (known := board.price(symbol)) is not None}
        return equity(account, positions, prices)

    def _touch(self, symbol: str) -> Touch | None:
        quote, known = self.plan.board.quote(symbol), self.plan.board.price(symbol)
        if quote is not None and 0 < quote.bid <= quote.ask:
            return Touch(quote.bid, quote.ask)
        return Touch(known[0], known[0]) if known is not None and known[0] > 0 else None

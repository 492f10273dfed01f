"""What fills make of cash and positions. Pure: the same fills in the same order give the same books, live and rebuilt.

Average cost: a fill that adds to a position moves its mean entry price, one that takes from it realizes
(price - entry) x size. Fees leave the cash at once, and count in the result of the trade that closes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from oracle.model import ref
from oracle.trading.order import Side

__all__ = ["DUST", "Account", "ClosedTrade", "Fill", "Position", "Settled", "equity", "settle"]

DUST = 1e-9  # less than this of a position is nothing: what is left of sums of binary fractions


@attrs.frozen(kw_only=True)
class Fill:
    """One execution of an order; `id` is the broker's own, and the same fill told twice has the same. `fee` in the account's
    currency, positive where it is paid."""

    id: str
    order_id: str
    symbol: str
    side: Side = attrs.field(converter=Side)
    quantity: float
    price: float
    fee: float
    ts_us: int
    strategy_name: str = ""

    @property
    def signed(self) -> float:
        """The change of the position."""
        return self.side.sign * self.quantity


@attrs.frozen(kw_only=True)
class Account:
    """The books of the desk. `realized_pnl` is after fees. Equity = cash + the positions' values."""

    initial_cash: float
    cash: float
    realized_pnl: float = 0.0
    fees_paid: float = 0.0
    currency: str = "USD"
    fills: int = 0

    @property
    def ref(self) -> str:
        """Its name on the board."""
        return "account:desk"


@attrs.frozen(kw_only=True)
class Position:
    """What is held of a symbol; `quantity` is negative for a short one. `fees` are what its fills cost so far and no closed
    trade has borne yet. `opened_us` is the first fill's time, `added_us` that of the last one that added to it: to close on
    that one's day is a day trade."""

    symbol: str
    quantity: float
    avg_entry_price: float
    opened_us: int
    added_us: int
    fees: float = 0.0
    strategy_name: str = ""

    @property
    def ref(self) -> str:
        """Its name on the board."""
        return ref("position", self.symbol)

    @property
    def side(self) -> Side:
        """BUY for a long position, SELL for a short one."""
        return Side.buy if self.quantity > 0 else Side.sell

    def worth(self, price: float) -> float:
        """Market value; negative for a short position."""
        return self.quantity * price

    def unrealized(self, price: float) -> float:
        """Gain at a price, before the fees of closing."""
        return (price - self.avg_entry_price) * self.quantity


@attrs.frozen(kw_only=True)
class ClosedTrade:
    """A round trip, or a part of one: `quantity` of a position that a fill has closed. `side` is the position's; `pnl` after
    fees; `added_us` when the position had last been added to. Times are UTC microseconds."""

    id: str
    symbol: str
    side: Side = attrs.field(converter=Side)
    quantity: float
    entry_price: float
    exit_price: float
    opened_us: int
    added_us: int
    closed_us: int
    pnl: float
    fees: float
    strategy_name: str = ""

    @property
    def pnl_pct(self) -> float:
        """Percent of what was put in."""
        return 100 * self.pnl / (self.entry_price * self.quantity)


@attrs.frozen
class Settled:
    """The books after a fill: `position` None where nothing is held any more, `closed` what was closed by it."""

    account: Account
    position: Position | None
    closed: ClosedTrade | None


def settle(account: Account, position: Position | None, fill: Fill) -> Settled:
    """The books after a fill."""
    held = position.quantity if position else 0.0
    closing = min(abs(held), fill.quantity) if held * fill.signed < 0 else 0.0
    opening = fill.quantity - closing
    fee_closing = fill.fee * closing / fill.quantity
    closed = _close(position, fill, closing, fee_closing) if position and closing else None
    after = _after(position, fill, closing, opening, fill.fee - fee_closing)
    gained = closed.pnl if closed else 0.0
    booked = attrs.evolve(account, cash=account.cash - fill.signed * fill.price - fill.fee, fills=account.fills + 1,
                          realized_pnl=account.realized_pnl + gained, fees_paid=account.fees_paid + fill.fee)  # fmt: skip
    return Settled(booked, after, closed)


def equity(account: Account, positions: Mapping[str, Position], prices: Mapping[str, float]) -> float:
    """Cash and what the positions are worth; one without a price at its entry price."""
    worth = sum(one.worth(prices.get(symbol, one.avg_entry_price)) for symbol, one in positions.items())
    return account.cash + worth


def _close(position: Position, fill: Fill, closing: float, fee: float) -> ClosedTrade:
    fees = fee + position.fees * closing / abs(position.quantity)
    pnl = (fill.price - position.avg_entry_price) * closing * position.side.sign - fees
    return ClosedTrade(
        id=f"trd_{fill.id}", symbol=fill.symbol, side=position.side, quantity=closing, entry_price=position.avg_entry_price,
        exit_price=fill.price, opened_us=position.opened_us, added_us=position.added_us, closed_us=fill.ts_us, pnl=pnl,
        fees=fees, strategy_name=position.strategy_name or fill.strategy_name,
    )  # fmt: skip


def _after(position: Position | None, fill: Fill, closing: float, opening: float, fee_opening: float) -> Position | None:
    if position is None or closing >= abs(position.quantity) - DUST:
        if opening <= DUST:
            return None
        return Position(symbol=fill.symbol, quantity=fill.side.sign * opening, avg_entry_price=fill.price, opened_us=fill.ts_us,
                        added_us=fill.ts_us, fees=fee_opening, strategy_name=fill.strategy_name)  # fmt: skip
    quantity = position.quantity + fill.signed
    facts: dict[str, Any] = {"quantity": quantity}
    if opening:
        cost = position.avg_entry_price * abs(position.quantity) + fill.price * opening
        facts |= {"avg_entry_price": cost / abs(quantity), "added_us": fill.ts_us, "fees": position.fees + fee_opening}
    else:
        facts["fees"] = position.fees * abs(quantity) / abs(position.quantity)
    return attrs.evolve(position, **facts)

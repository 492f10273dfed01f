"""What an external bot or terminal reports of its account: the schema, and what the desk is told of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs
from attrs.validators import ge, gt, optional

from actors import Refused
from oracle.border import structure
from oracle.problems import Bad, Invalid
from oracle.symbols import is_symbol
from oracle.trading.ledger import Fill
from oracle.trading.order import Order, OrderStatus, Side
from oracle.trading.reports import Accepted, Ended, Filled, Held, Reported

__all__ = [
    "AccountReport", "OrderReport", "PositionReport", "Report", "TradeReport", "held_of", "of_order", "of_trade", "report_of",
]  # fmt: skip

_ENDS = {"rejected": OrderStatus.rejected, "cancelled": OrderStatus.cancelled, "expired": OrderStatus.expired}


def _symbol(_: object, __: object, text: str) -> None:
    if not is_symbol(text):
        raise Bad("value_error", "a symbol is BASE-QUOTE as BTC-USD, or plain as AAPL, in upper case")


@attrs.frozen(kw_only=True)
class AccountReport:
    """Cash, and the equity where it is known, in the account's currency."""

    cash: float
    equity: float | None = None


@attrs.frozen(kw_only=True)
class PositionReport:
    """What is held of a symbol; `quantity` is negative for a short position."""

    symbol: str = attrs.field(validator=_symbol)
    quantity: float
    avg_entry_price: float = attrs.field(validator=gt(0))


@attrs.frozen(kw_only=True)
class TradeReport:
    """An execution; `id` is the terminal's own, and counts once. `order_id` is ours, where it was for an order of ours. `ts_us`:
    UTC microseconds, the time of the report where it is not said."""

    id: str = attrs.field(validator=attrs.validators.min_len(1))
    symbol: str = attrs.field(validator=_symbol)
    side: Side
    quantity: float = attrs.field(validator=gt(0))
    price: float = attrs.field(validator=gt(0))
    fee: float = 0.0
    order_id: str = ""
    strategy_name: str = ""
    ts_us: int | None = attrs.field(default=None, validator=optional(ge(0)))


@attrs.frozen(kw_only=True)
class OrderReport:
    """What became of an order of ours. `filled` wants `price`; it is of all that remained, or with `quantity` of a part, and then
    wants the execution's own `trade_id`."""

    order_id: str
    status: Literal["accepted", "filled", "rejected", "cancelled", "expired"]
    reason: str = ""
    broker_order_id: str = ""
    trade_id: str = ""
    quantity: float | None = attrs.field(default=None, validator=optional(gt(0)))
    price: float | None = attrs.field(default=None, validator=optional(gt(0)))
    fee: float = 0.0
    ts_us: int | None = attrs.field(default=None, validator=optional(ge(0)))

    def __attrs_post_init__(self) -> None:
        if self.status == "filled" and self.price is None:
            raise Bad("missing", "an order that was filled has a price")
        if self.status == "filled" and self.quantity is not None and not self.trade_id:
            raise Bad("missing", "a part of an order that was filled has a trade_id, by which it counts once")


@attrs.frozen(kw_only=True)
class Report:
    """All that may be reported at once. `positions` are all there are: a symbol that is not among them is not held. None for
    what this report says nothing of."""

    account: AccountReport | None = None
    positions: list[PositionReport] | None = None
    trades: list[TradeReport] = attrs.field(factory=list)
    orders: list[OrderReport] = attrs.field(factory=list)


def report_of(args: Mapping[str, Any]) -> Report:
    """The report that a command's arguments are. Raises Refused `invalid`."""
    try:
        return structure(Report, dict(args), path=("report",))
    except Invalid as invalid:
        first = invalid.problems[0]
        raise Refused(f"{first.where}: {first.reason}", "invalid", {"problems": [str(one) for one in invalid.problems]}) from None


def of_trade(trade: TradeReport, order: Order | None, now_us: int) -> Filled:
    """An execution as the desk is told of it; `order` is ours that it was for, if any."""
    return Filled(Fill(
        id=trade.id, order_id=trade.order_id, symbol=trade.symbol, side=trade.side, quantity=trade.quantity, price=trade.price,
        fee=trade.fee, ts_us=now_us if trade.ts_us is None else trade.ts_us,
        strategy_name=order.strategy_name if order else trade.strategy_name,
    ))  # fmt: skip


def of_order(report: OrderReport, order: Order, remaining: float, now_us: int) -> Accepted | Filled | Ended:
    """What became of an order as the desk is told of it."""
    ts_us = now_us if report.ts_us is None else report.ts_us
    if report.status == "accepted":
        return Accepted(order.id, report.broker_order_id or order.id, ts_us)
    if report.status in _ENDS:
        return Ended(order.id, _ENDS[report.status], report.reason, ts_us)
    return Filled(Fill(
        id=report.trade_id or f"{order.id}-all", order_id=order.id, symbol=order.symbol, side=order.side,
        quantity=remaining if report.quantity is None else report.quantity, price=report.price or 0.0, fee=report.fee,
        ts_us=ts_us, strategy_name=order.strategy_name,
    ))  # fmt: skip


def held_of(account: AccountReport, positions: list[PositionReport], now_us: int) -> Reported:
    """The terminal's books."""
    held = tuple(Held(one.symbol, one.quantity, one.avg_entry_price) for one in positions)
    return Reported(account.cash, account.equity, held, now_us)

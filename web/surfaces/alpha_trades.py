"""Alpha-oracle's trades: orders are given, approved, cancelled and looked up, so are closed trades and how well orders filled."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import attrs

from actors import Refused
from oracle.border import structure
from oracle.model import Command
from oracle.symbols import is_symbol
from oracle.trading.bookkeeping import Books
from oracle.trading.order import NewOrder, Order, OrderStatus, OrderType, Side
from oracle.trading.records import Quality, Records
from web.errors import STATUS, invalid
from web.routes import Answer, Auth, Call, Param, Route, Scope
from web.wire import iso

__all__ = ["ROUTES", "OrderShown", "OrderWish", "field_named", "order_shown", "wish_of"]

WITHIN_S = 12.0  # what a broker takes to answer, and the history after it
_id = attrs.validators.matches_re(r"[A-Za-z0-9_.:-]{0,64}")
_short = attrs.validators.max_len(200)


@attrs.frozen(kw_only=True)
class OrderWish:
    """An order to be given. `quantity` in shares or coins, prices in the quote currency. LIMIT needs `limit_price`, STOP
    `stop_price`, STOP_LIMIT both, BRACKET `stop_price` and `take_profit_price` (its entry is a limit where `limit_price` is
    given). `time_in_force` DAY ends with the session. The same `client_order_id` is the same order, however often it is sent."""

    symbol: str = attrs.field(validator=_short)
    side: Literal["BUY", "SELL"]
    quantity: float
    order_type: Literal["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "BRACKET"] = "MARKET"
    limit_price: float | None = None
    stop_price: float | None = None
    take_profit_price: float | None = None
    time_in_force: Literal["GTC", "DAY"] = "GTC"
    strategy_name: str = attrs.field(default="", validator=_short)
    client_order_id: str = attrs.field(default="", validator=_id)
    metadata: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class Reason:
    """Why, for the record."""

    reason: str = attrs.field(default="", validator=attrs.validators.max_len(2_000))


@attrs.frozen(kw_only=True)
class OrderShown:
    """An order and what has become of it. `status`: PENDING waits for an approval; SUBMITTED and PARTIALLY_FILLED are at
    work; FILLED, CANCELLED, REJECTED and EXPIRED are ends. `filled_price` is the mean of its fills, `fees` in the account's
    currency, `expected_price` its limit, a STOP's stop, or else the mid on arrival; `parent_id` the bracket it belongs to;
    `reasons` say why it waits, was made smaller, or ended."""

    id: str
    symbol: str
    side: str
    order_type: str
    quantity: float
    limit_price: float | None
    stop_price: float | None
    take_profit_price: float | None
    status: str
    strategy_name: str
    signal_strength: float
    created_at: datetime
    updated_at: datetime
    filled_at: datetime | None
    filled_price: float | None
    filled_quantity: float
    fees: float
    broker_order_id: str
    client_order_id: str
    parent_id: str
    time_in_force: str
    by: str
    expected_price: float | None
    arrival_price: float | None
    reasons: list[str]
    metadata: dict[str, Any]


@attrs.frozen(kw_only=True)
class TradeRecord:
    """A round trip, or a part of one, that is closed. `side` is that of the position; `pnl` after fees, in the account's
    currency; `pnl_pct` percent of what was put in; `is_day_trade`: closed on the exchange's day on which it was last added to."""

    id: str
    symbol: str
    side: str
    quantity: float
    entry_price: float
    exit_price: float
    entry_time: datetime
    exit_time: datetime
    pnl: float
    pnl_pct: float
    fees: float
    strategy_name: str
    hold_duration_days: int
    is_day_trade: bool


@attrs.frozen(kw_only=True)
class ExecutionQualityMetrics:
    """How well an order was filled. Slippages are in basis points, positive where the price was worse for us than the one
    expected (its limit, a STOP's stop, else the mid on arrival) and than the mid on arrival; null where that is not known.
    `fill_latency_ms` is from its being taken to its last fill, in milliseconds."""

    order_id: str
    symbol: str
    side: str
    expected_price: float | None
    filled_price: float | None
    slippage_bps: float | None
    arrival_slippage_bps: float | None
    fill_latency_ms: float
    signal_timestamp: datetime | None
    fill_timestamp: datetime | None
    metadata: dict[str, Any]


async def orders(call: Call) -> list[OrderShown]:
    """Orders that were given in start <= time < end, newest first, those that are open among them."""
    args = call.args
    status = None if args["status"] is None else OrderStatus(args["status"])
    found = await _records(call).orders(args["start_us"], args["end_us"], status, args["symbol"] or "", args["limit"])
    return [order_shown(order) for order in found]


async def order(call: Call) -> OrderShown:
    """One order, open or ended."""
    ident = call.args["order_id"]
    found = await _records(call).order(ident)
    if found is None:
        raise Refused(f"Order '{ident}' not found", "not_found")
    return order_shown(found)


async def pending(call: Call) -> list[OrderShown]:
    """The orders that wait for an approval, oldest first."""
    return [order_shown(one) for one in Books(call.system.board).orders() if one.status is OrderStatus.pending]


async def submit(call: Call) -> Answer:
    """Give an order; answers when it is on disk, with 201, or with 202 where it waits for an approval.

    The gate of risk judges it first. One that it refuses is 422, with the `reasons` beside `detail`; one that it makes smaller
    has the smaller `quantity`, and says so in `reasons`. A `client_order_id` that was given to another order is 409.
    """
    wish = wish_of(call)
    try:
        taken = await _ask(call, "submit", order=wish)
    except Refused as no:
        if no.code == "rejected":
            return _rejected(no)
        raise field_named(no, wish) from no
    status = 202 if taken.status is OrderStatus.pending else 201
    return Answer(order_shown(taken), status, (("Location", f"/api/trades/orders/{taken.id}"),))


def wish_of(call: Call) -> NewOrder:
    """The order that a body wishes for. Raises Invalid."""
    if isinstance(call.body, dict) and isinstance(symbol := call.body.get("symbol"), str) and not is_symbol(symbol):
        raise invalid("symbol", ["body", "symbol"], "Input should be a symbol, such as AAPL or BTC-USD", symbol)
    wish = structure(OrderWish, call.body, extras="drop", path=("body",))
    return NewOrder(**{**attrs.asdict(wish, recurse=False), "side": Side(wish.side), "order_type": OrderType(wish.order_type)})


def field_named(no: Refused, wish: NewOrder) -> Exception:
    """The desk's no as clients are told it: what is wrong with one field of the body names that."""
    field = (no.details or {}).get("field")
    if no.code == "invalid" and field:
        return invalid("value_error", ["body", field], str(no.reason), getattr(wish, field, None))
    return no


async def cancel(call: Call) -> OrderShown:
    """Have an order end; 409 where it has ended already.

    Where the broker must say so first, the order is answered as it is, and ends when the broker has.
    """
    return order_shown(await _ask(call, "cancel", id=call.args["order_id"]))


async def approve(call: Call) -> Any:
    """Let an order go to the broker that waits for an approval: the gate of risk judges it once more, at the present price.

    What the gate refuses now is answered as it is, REJECTED. One that does not wait is 409.
    """
    return order_shown(await _ask(call, "approve", id=call.args["order_id"]))


async def reject(call: Call) -> OrderShown:
    """Refuse an order that waits for an approval; it ends REJECTED. One that does not wait is 409."""
    wish = structure(Reason, {} if call.body is None else call.body, extras="drop", path=("body",))
    return order_shown(await _ask(call, "reject", id=call.args["order_id"], reason=wish.reason))


async def trades(call: Call) -> list[TradeRecord]:
    """Trades that were closed in start <= time < end, newest first."""
    args = call.args
    return [_trade(row) for row in await _records(call).trades(args["start_us"], args["end_us"], args["limit"])]


async def quality(call: Call) -> list[ExecutionQualityMetrics]:
    """How well the orders were filled that were filled in start <= time < end, newest first."""
    args = call.args
    return [_quality(one) for one in await _records(call).quality(args["start_us"], args["end_us"], args["limit"])]


async def _ask(call: Call, verb: str, **args: Any) -> Order:
    command = Command(verb, args, call.who.name, call.command_id)
    found: Order = await call.system.runtime.ask("desk", command, WITHIN_S)
    return found


def _rejected(no: Refused) -> Answer:
    reasons = list((no.details or {}).get("reasons") or [str(no.reason)])
    return Answer({"detail": str(no.reason), "reasons": reasons}, STATUS["rejected"])


def _records(call: Call) -> Records:
    system = call.system
    return Records(system.store, system.board, deadline_s=system.settings.history.query_deadline_s)


def order_shown(one: Order) -> OrderShown:
    """An order as clients see it."""
    return OrderShown(
        id=one.id, symbol=one.symbol, side=one.side.value, order_type=one.order_type.value, quantity=one.quantity,
        limit_price=one.limit_price, stop_price=one.stop_price, take_profit_price=one.take_profit_price, status=one.status.value,
        strategy_name=one.strategy_name, signal_strength=one.signal_strength, created_at=iso(one.created_us),
        updated_at=iso(one.updated_us), filled_at=_time(one.filled_us), filled_price=one.filled_price,
        filled_quantity=one.filled_quantity, fees=one.fees, broker_order_id=one.broker_order_id,
        client_order_id=one.client_order_id, parent_id=one.parent_id, time_in_force=one.time_in_force, by=one.by,
        expected_price=one.expected_price, arrival_price=one.arrival_price, reasons=list(one.reasons),
        metadata={name: value for name, value in one.metadata.items() if name not in _INNER},
    )  # fmt: skip


def _trade(row: dict[str, Any]) -> TradeRecord:
    same = ("id", "symbol", "side", "quantity", "entry_price", "exit_price", "pnl", "pnl_pct", "fees", "strategy_name",
            "hold_duration_days", "is_day_trade")  # fmt: skip
    times = {"entry_time": iso(row["opened_us"]), "exit_time": iso(row["closed_us"])}
    return TradeRecord(**{name: row[name] for name in same}, **times)


def _quality(one: Quality) -> ExecutionQualityMetrics:
    order = one.order
    return ExecutionQualityMetrics(
        order_id=order.id, symbol=order.symbol, side=order.side.value, expected_price=order.expected_price,
        filled_price=order.filled_price, slippage_bps=one.slippage_bps, arrival_slippage_bps=one.arrival_slippage_bps,
        fill_latency_ms=one.fill_latency_ms, signal_timestamp=_time(order.signal_us), fill_timestamp=_time(order.filled_us),
        metadata={"order_type": order.order_type.value, "quantity": order.filled_quantity, "fees": order.fees},
    )  # fmt: skip


def _time(at_us: int | None) -> datetime | None:
    return None if at_us is None else iso(at_us)


_INNER = frozenset({"wished", "withdrawn", "expires_us"})
_UNTIL = "before this time, or to the end of this day (UTC)"
_SPAN = (Param("start", "time", doc="from this time on"), Param("end", "until", doc=_UNTIL))
_LIMIT = Param("limit", "int", default=100, ge=1, le=1_000, doc="most rows")
_STATUS = Param("status", choices=tuple(one.value for one in OrderStatus))
_SYMBOL = Param("symbol", doc="of this symbol only")
_ALL, _ONE = "/api/trades/orders", "/api/trades/orders/{order_id}"
_READ = {"auth": Auth.token, "tag": "trades"}
_DO = {"auth": Auth.token, "scope": Scope.operate, "tag": "trades", "answer": OrderShown}
ROUTES = (
    Route("GET", _ALL, orders, params=(*_SPAN, _STATUS, _SYMBOL, _LIMIT), answer=list[OrderShown], refuses=(503, 504), **_READ),
    Route("POST", _ALL, submit, body=OrderWish, done=201, also=(202,), refuses=(409, 503, 504), **_DO),
    Route("GET", _ONE, order, answer=OrderShown, refuses=(404, 503, 504), **_READ),
    Route("DELETE", _ONE, cancel, refuses=(404, 409, 503, 504), **_DO),
    Route("POST", f"{_ONE}/approve", approve, refuses=(404, 409, 503, 504), **_DO),
    Route("POST", f"{_ONE}/reject", reject, body=Reason, bodiless=True, refuses=(404, 409, 503, 504), **_DO),
    Route("GET", "/api/trades/pending", pending, answer=list[OrderShown], **_READ),
    Route("GET", "/api/trades/trades", trades, params=(*_SPAN, _LIMIT), answer=list[TradeRecord], refuses=(503, 504), **_READ),
    Route("GET", "/api/trades/execution-quality", quality, params=(*_SPAN, _LIMIT), answer=list[ExecutionQualityMetrics],
          refuses=(503, 504), **_READ),
)  # fmt: skip

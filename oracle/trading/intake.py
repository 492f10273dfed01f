"""From what is wished for to an order: whether it makes sense by itself, which id it has, what it is expected to cost. Pure."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import attrs

from actors import Refused
from oracle.board import Board
from oracle.symbols import is_symbol
from oracle.trading.ledger import DUST
from oracle.trading.order import NewOrder, Order, OrderType, Side

__all__ = ["arrival", "checked", "conflicting", "expected", "order_id", "order_of", "wish_of", "wished"]

_NEEDED = {
    OrderType.limit: ("limit_price",),
    OrderType.stop: ("stop_price",),
    OrderType.stop_limit: ("stop_price", "limit_price"),
    OrderType.bracket: ("stop_price", "take_profit_price"),
}
_PRICES = ("limit_price", "stop_price", "take_profit_price")
_CONTENT = ("symbol", "side", "quantity", "order_type", *_PRICES, "time_in_force")
OURS = frozenset({"wished", "risk", "expires_us", "withdrawn", "pair"})
"""What the desk notes in an order's metadata; nobody else may."""
_LONGEST = 200  # characters of a client's id


def checked(wish: Any) -> NewOrder:
    """The wish with its words as what they name. Raises Refused `invalid` where it makes no sense by itself."""
    if not isinstance(wish, NewOrder):
        raise Refused(f"an order is a NewOrder, not {type(wish).__name__}", "invalid")
    if not is_symbol(wish.symbol):
        raise _invalid("symbol", wish.symbol, "is no symbol")
    if wish.side not in list(Side):
        raise _invalid("side", wish.side, "is neither BUY nor SELL")
    if wish.order_type not in list(OrderType):
        raise _invalid("order_type", wish.order_type, f"is none of {', '.join(OrderType)}")
    if wish.time_in_force not in ("GTC", "DAY"):
        raise _invalid("time_in_force", wish.time_in_force, "is neither GTC nor DAY")
    if len(wish.client_order_id) > _LONGEST:
        raise _invalid("client_order_id", wish.client_order_id[:_LONGEST], f"is longer than {_LONGEST} characters")
    wish = attrs.evolve(wish, side=Side(wish.side), order_type=OrderType(wish.order_type))
    for name in ("quantity", *_PRICES):
        value, needed = getattr(wish, name), name == "quantity" or name in _NEEDED.get(wish.order_type, ())
        if value is None and needed:
            raise _invalid(name, value, f"is needed by a {wish.order_type} order")
        if value is not None and not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
            raise _invalid(name, value, "is not a positive number")
    if wish.quantity <= DUST:
        raise _invalid("quantity", wish.quantity, "is too small to be ordered")
    if wish.order_type is OrderType.bracket:
        _check_bracket(wish)
    return wish


def order_id(salt: str) -> str:
    """`ord_` and 16 hex digits: the same for the same salt."""
    return "ord_" + hashlib.blake2b(salt.encode(), digest_size=8).hexdigest()


def arrival(board: Board, symbol: str) -> float | None:
    """The mid price now, else the last trade's; None where neither is known."""
    quote = board.quote(symbol)
    if quote is not None and math.isfinite(quote.mid) and quote.mid > 0:
        return quote.mid
    known = board.price(symbol)
    return known[0] if known is not None and known[0] > 0 else None


def order_of(wish: NewOrder, ident: str, price: float | None, by: str, now_us: int) -> Order:
    """The order that a wish makes, PENDING, at an arrival price, where one is known."""
    return Order(
        id=ident, symbol=wish.symbol, side=wish.side, order_type=wish.order_type, quantity=wish.quantity, created_us=now_us,
        updated_us=now_us, limit_price=wish.limit_price, stop_price=wish.stop_price, take_profit_price=wish.take_profit_price,
        time_in_force=wish.time_in_force, strategy_name=wish.strategy_name, signal_strength=wish.signal_strength,
        signal_us=wish.signal_us, client_order_id=wish.client_order_id, by=by, expected_price=expected(wish, price),
        arrival_price=price, metadata={**_theirs(wish), "wished": wished(wish)},
    )  # fmt: skip


def expected(order: NewOrder | Order, price: float | None) -> float | None:
    """What an order is expected to be filled at: its limit, what makes it one for the market (STOP), else the price now."""
    return order.limit_price or (order.stop_price if order.order_type is OrderType.stop else None) or price


def wish_of(order: Order) -> NewOrder:
    """What an order would be wished for as, to ask the gate again."""
    names = (*_CONTENT, "strategy_name", "signal_strength", "signal_us", "client_order_id")
    facts = {name: getattr(order, name) for name in names}
    return NewOrder(**facts, metadata=order.metadata)


def wished(wish: NewOrder) -> dict[str, Any]:
    """What makes a wish the same wish."""
    return {name: str(value) if isinstance(value := getattr(wish, name), Side | OrderType) else value for name in _CONTENT}


def conflicting(order: Order, wish: NewOrder) -> list[str]:
    """In what another wish differs from the one that an order was made of."""
    before, now = order.metadata.get("wished", {}), wished(wish)
    return [name for name in _CONTENT if before.get(name) != now[name]]


def _theirs(wish: NewOrder) -> dict[str, Any]:
    return {name: value for name, value in wish.metadata.items() if name not in OURS}


def _check_bracket(wish: NewOrder) -> None:
    assert wish.stop_price is not None and wish.take_profit_price is not None
    ahead = wish.side.sign * (wish.take_profit_price - wish.stop_price)
    entry = wish.limit_price
    inside = entry is None or min(wish.stop_price, wish.take_profit_price) < entry < max(wish.stop_price, wish.take_profit_price)
    if ahead <= 0 or not inside:
        raise _invalid("take_profit_price", wish.take_profit_price,
                       f"does not lie beyond the entry as seen from the stop at {wish.stop_price:g}")  # fmt: skip


def _invalid(name: str, value: Any, why: str) -> Refused:
    return Refused(f"{name} {value!r} {why}", "invalid", {"field": name})

"""The desk as the rules see it, read from the board in one instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from oracle.board import Board
from oracle.settings_trading import Broker, Trading
from oracle.trading.kill_switch import tripped
from oracle.trading.ledger import Account, Position, equity
from oracle.trading.order import Order, Side
from oracle.trading.risk.assessment import Autonomy, RiskView
from oracle.trading.risk.breakers import stale
from oracle.trading.risk.entry import price_of

__all__ = ["account_of", "ages_s", "autonomy_of", "positions_of", "prices_of", "view_of"]


@attrs.frozen
class _Pending:
    """What the open orders may still do."""

    cash: float
    adding: Mapping[str, float]
    taking: Mapping[str, float]
    untouched: int


def view_of(
    board: Board, trading: Trading, broker: Broker, now_us: int, day_trades: int | None, trades_today: int, without: str = "",
) -> RiskView:
    """The desk now. `day_trades` in the rolling window, None where that is not known; `trades_today` orders that something was
    filled of. `without` is the id of an open order that is not counted: the one that is judged again, as on its approval."""
    account, positions = account_of(board), positions_of(board)
    orders = [one for one in _orders(board) if one.id != without]
    prices = prices_of(board, {*positions, *(one.symbol for one in orders)})
    pending = _pending(orders, positions, prices)
    now = tripped(board)
    return RiskView(
        now_us=now_us, equity=equity(account, positions, prices) if account else 0.0, cash=account.cash if account else 0.0,
        positions=positions, prices=_with_orders(prices, orders), sectors=trading.sectors, reserved_cash=pending.cash,
        pending_quantity=pending.adding, pending_exits=pending.taking, pending_orders=pending.untouched,
        day_trades_used=day_trades or 0, day_trades_known=day_trades is not None, trades_today=trades_today,
        kill_reason=now.reason if now else None, breakers=dict(_tripped(board, now_us)), autonomy=autonomy_of(board),
        real_money=broker.provider == "ibkr" and broker.ibkr.real_money,
        shorting=broker.provider not in ("paper", "simulated") or broker.paper.allow_short,
    )  # fmt: skip


def account_of(board: Board) -> Account | None:
    """The desk's books; None before there are any."""
    value = board.get("account:desk")
    return Account(**value) if value else None


def positions_of(board: Board) -> dict[str, Position]:
    """What is held, by symbol."""
    held = (Position(**state.value) for state in board.kind("position") if state.value)
    return {one.symbol: one for one in held}


def prices_of(board: Board, symbols: Iterable[str]) -> dict[str, float]:
    """The newest prices; symbols without one are left out."""
    return {symbol: known[0] for symbol in symbols if (known := board.price(symbol)) is not None}


def autonomy_of(board: Board) -> Autonomy:
    """How much trading may do without a human; PAPER_ONLY where nobody has said."""
    value = board.get("autonomy:desk")
    return Autonomy(value["mode"]) if value else Autonomy.paper


def ages_s(board: Board, now_us: int) -> dict[str, float]:
    """How old the newest data and the newest heartbeat are now, in seconds, by the breaker that goes by it; left out where there
    was none."""
    at_us = {"stale_data": _newest_us(board), "dead_man_switch": (board.get("heartbeat:operator") or {}).get("at_us")}
    return {name: max(0.0, (now_us - one) / 1e6) for name, one in at_us.items() if one is not None}


def _newest_us(board: Board) -> int | None:
    known = board.sources.newest_us, (board.get("breaker:stale_data") or {}).get("newest_us")
    return max(filter(None, known), default=None)


def _orders(board: Board) -> list[Order]:
    orders = (Order(**state.value) for state in board.kind("order") if state.value)
    return [one for one in orders if one.open]


def _with_orders(prices: Mapping[str, float], orders: Iterable[Order]) -> dict[str, float]:
    """Prices, and for symbols without one what an open order names."""
    named = {one.symbol: price for one in orders if (price := price_of(one, None)) is not None}
    return {**named, **prices}


def _pending(orders: Iterable[Order], positions: Mapping[str, Position], prices: Mapping[str, float]) -> _Pending:
    cash, untouched = 0.0, 0
    coming: dict[str, dict[Side, float]] = {}
    for order in orders:
        if order.parent_id:
            continue  # the legs of a bracket close what it opened, one in the place of the other
        if order.side is Side.buy:
            cash += order.remaining * (price_of(order, prices.get(order.symbol)) or 0.0)
        untouched += not order.filled_quantity
        sides = coming.setdefault(order.symbol, {Side.buy: 0.0, Side.sell: 0.0})
        sides[order.side] += order.remaining
    adding, taking = {}, {}
    for symbol, sides in coming.items():
        held = positions[symbol].quantity if symbol in positions else 0.0
        covering, closing = min(sides[Side.buy], max(0.0, -held)), min(sides[Side.sell], max(0.0, held))
        taking[symbol] = covering + closing
        adding[symbol] = max(sides[Side.buy] - covering, -(sides[Side.sell] - closing), key=abs)
    return _Pending(cash, adding, taking, untouched)


def _tripped(board: Board, now_us: int) -> Iterator[tuple[str, str]]:
    for state in board.kind("breaker"):
        value, name = state.value or {"limit": 0.0}, state.ref.partition(":")[2]
        if name == "stale_data":  # judged now: what was said some seconds ago may not be so any more
            if reason := stale(_newest_us(board), now_us, value["limit"]):
                yield name, reason
        elif value.get("on"):
            yield name, value["reason"]

"""The one place for the arithmetic of the portfolio: what is held at present prices, and how that has done."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from actors import Refused
from oracle.board import Board
from oracle.exchange_days import exchange_day
from oracle.trading.bookkeeping import Books
from oracle.trading.ledger import Account, Position
from oracle.trading.order import Side
from oracle.trading.risk.marks import UNKNOWN

__all__ = ["Holding", "Portfolio", "exposure", "snapshot"]


@attrs.frozen(kw_only=True)
class Holding:
    """A position at its present price. `quantity` and `market_value` are negative for a short one; `price_us` is when the price
    was, None where none is known and `current_price` is the one it was marked at last, else that of its entry. `sector` is empty
    where it is not known."""

    symbol: str
    side: Side
    quantity: float
    avg_entry_price: float
    current_price: float
    price_us: int | None
    market_value: float
    unrealized_pnl: float
    unrealized_pnl_pct: float
    sector: str
    opened_us: int
    added_us: int
    strategy_name: str


@attrs.frozen(kw_only=True)
class Portfolio:
    """The account at an instant (UTC microseconds), in its currency. `total_equity` = `cash` + `positions_value`. Percents of the
    day are of the equity at the day's begin, those of all of the initial cash; None where that is not known.
    `max_drawdown_pct` is positive. `sector_exposure`: the absolute values by sector in percent of the equity, as UNKNOWN those
    without one."""

    ts_us: int
    total_equity: float
    cash: float
    positions_value: float
    initial_cash: float
    realized_pnl: float
    fees_paid: float
    currency: str
    daily_pnl: float | None
    daily_pnl_pct: float | None
    total_pnl: float
    total_pnl_pct: float
    max_drawdown_pct: float | None
    positions: tuple[Holding, ...]
    sector_exposure: dict[str, float]


def snapshot(board: Board, now_us: int, sectors: Mapping[str, str] = {}) -> Portfolio:
    """The portfolio as it is on the board. Raises Refused `unavailable` before there is an account."""
    books = Books(board)
    account = books.account
    if account is None:
        raise Refused("the broker has not reported an account yet", "unavailable")
    positions, marked = books.positions(), (board.get("equity:desk") or {}).get("prices", {})
    holdings = tuple(_holding(positions[symbol], board, sectors.get(symbol, ""), marked) for symbol in sorted(positions))
    worth = sum((one.market_value for one in holdings), 0.0)
    equity = account.cash + worth
    daily_pnl, daily_pnl_pct, drawdown_pct = _observed(board, equity, now_us)
    return Portfolio(
        ts_us=now_us, total_equity=equity, cash=account.cash, positions_value=worth, initial_cash=account.initial_cash,
        realized_pnl=account.realized_pnl, fees_paid=account.fees_paid, currency=account.currency, daily_pnl=daily_pnl,
        daily_pnl_pct=daily_pnl_pct, total_pnl=equity - account.initial_cash, total_pnl_pct=_total_pct(account, equity),
        max_drawdown_pct=drawdown_pct, positions=holdings, sector_exposure=exposure(holdings, equity),
    )  # fmt: skip


def exposure(holdings: tuple[Holding, ...], equity: float) -> dict[str, float]:
    """Absolute market values by sector in percent of the equity; UNKNOWN is what has none."""
    sums: dict[str, float] = {}
    for one in holdings if equity > 0 else ():
        sums[one.sector or UNKNOWN] = sums.get(one.sector or UNKNOWN, 0.0) + 100 * abs(one.market_value) / equity
    return sums


def _holding(position: Position, board: Board, sector: str, marked: Mapping[str, float]) -> Holding:
    known = board.price(position.symbol)
    price, price_us = known[:2] if known else (marked.get(position.symbol, position.avg_entry_price), None)
    gain, paid = position.unrealized(price), position.avg_entry_price * abs(position.quantity)
    return Holding(
        symbol=position.symbol, side=position.side, quantity=position.quantity, avg_entry_price=position.avg_entry_price,
        current_price=price, price_us=price_us, market_value=position.worth(price), unrealized_pnl=gain,
        unrealized_pnl_pct=100 * gain / paid if paid else 0.0, sector=sector, opened_us=position.opened_us,
        added_us=position.added_us, strategy_name=position.strategy_name,
    )  # fmt: skip


def _observed(board: Board, equity: float, now_us: int) -> tuple[float | None, float | None, float | None]:
    """Gain of the day, its percent, and the deepest drawdown, from what the risk watch has seen."""
    seen = board.get("equity:desk")
    if seen is None:
        return None, None, None
    drawdown_pct, peak = seen.get("max_drawdown_pct"), seen.get("peak_equity", 0.0)
    if drawdown_pct is not None and peak > 0:
        drawdown_pct = max(drawdown_pct, 100 * (peak - equity) / peak)
    if seen.get("day") != exchange_day(now_us).isoformat():
        return None, None, drawdown_pct
    opened = seen.get("day_open_equity")
    if not opened:
        return seen.get("daily_pnl"), seen.get("daily_pnl_pct"), drawdown_pct
    return equity - opened, 100 * (equity - opened) / opened, drawdown_pct


def _total_pct(account: Account, equity: float) -> float:
    return 100 * (equity - account.initial_cash) / account.initial_cash if account.initial_cash else 0.0

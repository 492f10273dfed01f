"""The job `daily_briefing`: how the desk stands, as one event `daily_briefing` of what is on the board. Nothing is made up: what
is not known is None."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from actors import AskTimeout, Refused, Runtime
from oracle.board import Board
from oracle.exchange_days import exchange_day
from oracle.history import Commit, Queries
from oracle.history.page import MAX_LIMIT
from oracle.model import Event, Severity, event_id
from oracle.runs import Pace, Work
from oracle.settings_trading import Limits
from oracle.trading.kill_switch import tripped
from oracle.trading.order import OrderStatus
from oracle.trading.portfolio import Portfolio, snapshot

__all__ = ["KIND", "briefing"]

KIND = "daily_briefing"
SOURCE = "scheduler"
DAY_US = 86_400_000_000


def briefing(board: Board, queries: Queries, runtime: Runtime, sectors: Mapping[str, str], limits: Limits) -> Work:
    """The work: commits and publishes the event, whose data is the run's result too. Percents are of the equity."""

    async def work(params: dict[str, Any], pace: Pace) -> tuple[dict[str, Any], Sequence[Any]]:
        now_us = runtime.now_us()
        known = _portfolio(board, now_us, sectors)
        data = {
            "date": exchange_day(now_us).isoformat(), "portfolio": known and _summary(known),
            "daily_pnl": known and known.daily_pnl, "daily_pnl_pct": known and known.daily_pnl_pct,
            "risk": _risk(board), "risk_utilization": _used(known, limits), "open_orders": _open_orders(board),
            "alerts_24h": await _alerts(queries, now_us),
        }  # fmt: skip
        told = Event(event_id(KIND, "desk", SOURCE, now_us), KIND, "desk", SOURCE, Severity.low, _said(data), data, now_us)
        try:
            await runtime.ask("history", Commit((told,)))
        except AskTimeout as late:
            raise Refused("the briefing can't be stored now", "unavailable") from late
        runtime.publish(told)
        return {"outcome": "done", "event_id": told.id, **data}, []

    return work


def _portfolio(board: Board, now_us: int, sectors: Mapping[str, str]) -> Portfolio | None:
    try:
        return snapshot(board, now_us, sectors)
    except Refused:  # there is no account yet
        return None


def _summary(known: Portfolio) -> dict[str, Any]:
    return {
        "total_equity": known.total_equity, "cash": known.cash, "positions_value": known.positions_value,
        "currency": known.currency, "total_pnl": known.total_pnl, "total_pnl_pct": known.total_pnl_pct,
        "positions": {one.symbol: round(one.market_value, 2) for one in known.positions},
        "sector_exposure": known.sector_exposure,
    }  # fmt: skip


def _risk(board: Board) -> dict[str, Any]:
    switch = tripped(board)
    breakers = [state for state in board.kind("breaker") if state.value]
    return {
        "kill_switch": switch.reason if switch else None,
        "breakers_tripped": {s.ref.partition(":")[2]: s.value["reason"] for s in breakers if s.value and s.value["on"]},
        "autonomy": (board.get("autonomy:desk") or {}).get("mode"),
        "drawdown_pct": (board.get("equity:desk") or {}).get("drawdown_pct"),
    }  # fmt: skip


def _used(known: Portfolio | None, limits: Limits) -> dict[str, Any] | None:
    """How much of what is allowed is taken."""
    if known is None:
        return None
    largest = max((abs(one.market_value) for one in known.positions), default=0.0)
    equity = known.total_equity
    return {
        "positions": len(known.positions), "max_positions": limits.max_positions,
        "largest_position_pct": 100 * largest / equity if equity > 0 else None, "max_position_pct": limits.max_position_pct,
        "cash_pct": 100 * known.cash / equity if equity > 0 else None, "min_cash_reserve_pct": limits.min_cash_reserve_pct,
        "max_drawdown_pct": known.max_drawdown_pct, "drawdown_limit_pct": limits.max_drawdown_pct,
    }  # fmt: skip


def _open_orders(board: Board) -> dict[str, int]:
    """How many orders are open, and how many of them wait for an approval."""
    orders = [state.value for state in board.kind("order") if state.value]
    waiting = sum(order["status"] == OrderStatus.pending for order in orders)
    return {"open": len(orders), "pending_approval": waiting}


async def _alerts(queries: Queries, now_us: int) -> dict[str, int]:
    """How many alerts fired in the last 24 hours, by severity; at most the newest 10,000 are counted."""
    page = await queries.events("alert_fired", from_us=now_us - DAY_US, limit=MAX_LIMIT)
    return dict(Counter(row["severity"] for row in page.items))


def _said(data: Mapping[str, Any]) -> str:
    """One line of the numbers."""
    portfolio, orders = data["portfolio"], data["open_orders"]
    if portfolio is None:
        return f"{data['date']}: no account; {orders['open']} open orders"
    gain = data["daily_pnl"]
    day = "day's P&L not known" if gain is None else f"day's P&L {gain:+,.2f}"
    return (f"{data['date']}: equity {portfolio['total_equity']:,.2f} {portfolio['currency']}, {day}, "
            f"{len(portfolio['positions'])} positions, {orders['open']} open orders, "
            f"{len(data['risk']['breakers_tripped'])} breakers tripped")  # fmt: skip

"""What a backtest found: a summary and its rows, and both as one answer."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from oracle.exchange_days import exchange_day
from oracle.trading.backtest import metrics
from oracle.trading.backtest.composite import composite, meets_thresholds
from oracle.trading.backtest.engine import Engine
from oracle.trading.backtest.walk import window_returns
from oracle.trading.ledger import ClosedTrade

__all__ = ["DAY_US", "Buy", "Span", "figures", "rows_of"]

DAY_US = 86_400_000_000
_EPOCH = dt.date(1970, 1, 1)
_SATURDAY = 5


@attrs.frozen
class Span:
    """What was asked for: whole days, both of them included, and the money it began with."""

    start: dt.date
    end: dt.date
    capital: float


@attrs.frozen
class Buy:
    """A symbol as somebody holds it who buys at the first open of the span and keeps it: first open and last close."""

    first: float
    last: float


def figures(engine: Engine, span: Span, held: Mapping[str, Buy]) -> dict[str, Any]:
    """The numbers of an answer but for its curve and trades; percents where a name ends in `_pct`, `win_rate` a fraction. What is
    not defined (a ratio over nothing) is 0, and named in `metadata.undefined`."""
    dates, equity = _daily(engine)
    series, per_year = metrics.returns(equity), _per_year(dates)
    years = (dates[-1] - dates[0]).days / 365.25 if dates else 0.0
    gains = [trade.pnl for trade in engine.books.trades]
    consistent = window_returns(dates, equity)
    factor = metrics.profit_factor(gains)
    rated: dict[str, float | None] = {
        "annual_return_pct": _pct(metrics.cagr([span.capital, *equity[-1:]], years)),
        "sharpe_ratio": metrics.sharpe(series, per_year), "sortino_ratio": metrics.sortino(series, per_year),
        "profit_factor": factor if factor is None or math.isfinite(factor) else None,
        "win_rate": metrics.win_rate(gains),
        "avg_win_pct": _of_capital(metrics.average(metrics.wins(gains)), span),
        "avg_loss_pct": _of_capital(metrics.average(metrics.losses(gains)), span),
    }  # fmt: skip
    final, drawdown = equity[-1] if equity else span.capital, 100 * metrics.max_drawdown(equity)
    known = {name: value if value is not None else 0.0 for name, value in rated.items()}
    judged = known["sharpe_ratio"], known["sortino_ratio"], drawdown, factor or 0.0
    return {
        "start_date": span.start, "end_date": span.end, "initial_capital": span.capital, "final_capital": final,
        "total_return_pct": 100 * (final - span.capital) / span.capital, **known, "max_drawdown_pct": drawdown,
        "total_trades": len(gains), "winning_trades": len(metrics.wins(gains)), "losing_trades": len(metrics.losses(gains)),
        "composite_score": composite(*judged, metrics.consistency(consistent)),
        "consistency_score": metrics.consistency(consistent),
        "meets_thresholds": meets_thresholds(judged[0], drawdown, judged[3], len(gains)),
        "metadata": {
            "undefined": sorted(name for name, value in rated.items() if value is None),
            "windows_pct": [100 * one for one in consistent], "periods_per_year": per_year,
            "volatility_pct": _pct(metrics.volatility(series, per_year)),
            "drawdown_days": metrics.longest_drawdown(equity, [(day - _EPOCH).days for day in dates]),
            "expectancy": metrics.expectancy(gains), "exposure_pct": _pct(metrics.exposure(engine.held, len(engine.times_us))),
            "turnover_pct": _pct(metrics.turnover(engine.books.bought, engine.books.sold, equity, years)),
            "benchmark": _benchmark(held, years), **_counts(engine, dates),
        },
    }  # fmt: skip


def rows_of(engine: Engine, benchmark: Sequence[float]) -> list[dict[str, Any]]:
    """The equity at the end of each day, beside what buying and holding would be worth then, and then the closed trades, each
    with its time. `benchmark` has a value for each instant of the engine."""
    dates, equity = _daily(engine)
    _, held = _by_day(engine, benchmark)
    points = [{"row": "equity", "ts_us": (day - _EPOCH).days * DAY_US, "date": day, "equity": value, "benchmark": kept}
              for day, value, kept in zip(dates, equity, held, strict=True)]  # fmt: skip
    return [*points, *map(_trade, engine.books.trades)]


def _trade(trade: ClosedTrade) -> dict[str, Any]:
    days = (trade.closed_us - trade.opened_us) / DAY_US
    return {
        "row": "trade", "ts_us": trade.closed_us, "id": trade.id, "symbol": trade.symbol, "side": trade.side.value,
        "quantity": trade.quantity, "entry_price": trade.entry_price, "exit_price": trade.exit_price,
        "entry_us": trade.opened_us, "exit_us": trade.closed_us, "pnl": trade.pnl, "pnl_pct": trade.pnl_pct,
        "fees": trade.fees, "strategy_name": trade.strategy_name, "hold_duration_days": days,
        "is_day_trade": exchange_day(trade.added_us) == exchange_day(trade.closed_us),
    }  # fmt: skip


def _daily(engine: Engine) -> tuple[list[dt.date], list[float]]:
    """The equity at the end of each day (UTC) that had bars."""
    return _by_day(engine, engine.equity)


def _by_day(engine: Engine, values: Sequence[float]) -> tuple[list[dt.date], list[float]]:
    last = {time_us // DAY_US: value for time_us, value in zip(engine.times_us, values, strict=True)}
    return [_EPOCH + dt.timedelta(days=day) for day in last], list(last.values())


def _per_year(dates: Sequence[dt.date]) -> int:
    """252 where there is nothing on weekends, else 365."""
    return 365 if any(day.weekday() >= _SATURDAY for day in dates) else 252


def _counts(engine: Engine, dates: Sequence[dt.date]) -> dict[str, Any]:
    books = engine.books
    return {
        "data_from": dates[0] if dates else None, "data_to": dates[-1] if dates else None, "signals": engine.signals,
        "placed": engine.orders, "fills": len(books.fills), "fees": books.account.fees_paid, "refused": dict(engine.refused),
        "open_positions": {symbol: one.quantity for symbol, one in books.positions.items()},
    }  # fmt: skip


def _benchmark(held: Mapping[str, Buy], years: float) -> dict[str, Any]:
    """The capital in equal parts in each symbol, bought at its first open and kept, without costs."""
    grown = metrics.average([one.last / one.first for one in held.values() if one.first > 0])
    if grown is None:
        return {"name": "buy and hold", "total_return_pct": None, "annual_return_pct": None}
    annual = _pct(metrics.cagr([1.0, grown], years))
    return {"name": "buy and hold", "total_return_pct": 100 * (grown - 1), "annual_return_pct": annual}


def _pct(fraction: float | None) -> float | None:
    return None if fraction is None else 100 * fraction


def _of_capital(amount: float | None, span: Span) -> float | None:
    return None if amount is None else 100 * amount / span.capital

"""Alpha-oracle's portfolio routes: how the account stands, what is held, how that was over time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from oracle.trading.curve import Curve, Point
from oracle.trading.ledger import Account
from oracle.trading.portfolio import Holding, Portfolio, snapshot
from web.routes import Auth, Call, Param, Route
from web.wire import iso

__all__ = ["ROUTES"]


@attrs.frozen(kw_only=True)
class PositionShown:
    """A position at its present price. `quantity` in shares or coins and `market_value` are negative where it is short (`side`
    SELL). Where no price is known, `price_at` is null and `current_price` is the one it was marked at last, else that of its
    entry. Prices and values are in the account's currency, `unrealized_pnl_pct` is percent of what was paid. `sector` is empty
    where it is not known."""

    symbol: str
    quantity: float
    avg_entry_price: float
    current_price: float
    market_value: float
    unrealized_pnl: float
    unrealized_pnl_pct: float
    side: str
    sector: str
    entry_date: datetime
    strategy_name: str
    price_at: datetime | None


@attrs.frozen(kw_only=True)
class PortfolioSnapshot:
    """The account at an instant, in its currency: `total_equity` = `cash` + `positions_value`. `daily_pnl` is since the first
    mark of the exchange's day, `total_pnl` since the account began; their percents are of the equity then. `max_drawdown_pct`
    is the deepest fall from a peak, a positive percent. `sector_exposure` is in percent of the equity, as Unknown what has no
    sector. Null is what is not known."""

    timestamp: datetime
    total_equity: float
    cash: float | None
    positions_value: float | None
    daily_pnl: float | None
    daily_pnl_pct: float | None
    total_pnl: float | None
    total_pnl_pct: float | None
    max_drawdown_pct: float | None
    positions: list[PositionShown]
    sector_exposure: dict[str, float]
    metadata: dict[str, Any]


async def portfolio(call: Call) -> PortfolioSnapshot:
    """How the account stands at present prices; 503 until a broker has reported one.

    `metadata` says its `currency`, and of the account `initial_cash`, `realized_pnl` and `fees_paid`.
    """
    now = _now(call)
    more = {"currency": now.currency, "initial_cash": now.initial_cash, "realized_pnl": now.realized_pnl,
            "fees_paid": now.fees_paid}  # fmt: skip
    return PortfolioSnapshot(
        timestamp=iso(now.ts_us), total_equity=now.total_equity, cash=now.cash, positions_value=now.positions_value,
        daily_pnl=now.daily_pnl, daily_pnl_pct=now.daily_pnl_pct, total_pnl=now.total_pnl, total_pnl_pct=now.total_pnl_pct,
        max_drawdown_pct=now.max_drawdown_pct, positions=[_position(one) for one in now.positions],
        sector_exposure=now.sector_exposure, metadata=more,
    )  # fmt: skip


async def positions(call: Call) -> list[PositionShown]:
    """What is held, by symbol."""
    return [_position(one) for one in _now(call).positions]


async def history(call: Call) -> list[PortfolioSnapshot]:
    """How the account stood in start <= time < end, oldest first: one snapshot a minute, evenly thinned to `limit` of them.

    What was held then is not recorded: `positions` and `sector_exposure` are empty, as `metadata` says. Of what was before the
    server's last start only the equity is kept, and the rest is null.
    """
    system, args = call.system, call.args
    curve = Curve(system.store, deadline_s=system.settings.history.query_deadline_s)
    value = system.board.get("account:desk")
    account = None if value is None else Account(**value)
    return [_past(point, account) for point in await curve.points(args["start_us"], args["end_us"], args["limit"])]


async def sector_exposure(call: Call) -> dict[str, float]:
    """What is held in each sector, long and short alike, in percent of the equity; as Unknown what has no sector."""
    return _now(call).sector_exposure


def _now(call: Call) -> Portfolio:
    return snapshot(call.system.board, call.system.runtime.now_us(), call.system.settings.trading.sectors)


def _position(one: Holding) -> PositionShown:
    return PositionShown(
        symbol=one.symbol, quantity=one.quantity, avg_entry_price=one.avg_entry_price, current_price=one.current_price,
        market_value=one.market_value, unrealized_pnl=one.unrealized_pnl, unrealized_pnl_pct=one.unrealized_pnl_pct,
        side=one.side.value, sector=one.sector, entry_date=iso(one.opened_us), strategy_name=one.strategy_name,
        price_at=None if one.price_us is None else iso(one.price_us),
    )  # fmt: skip


def _past(point: Point, account: Account | None) -> PortfolioSnapshot:
    seen = point.seen or {}
    gained = None if account is None else point.equity - account.initial_cash
    gained_pct = None if account is None or gained is None or not account.initial_cash else 100 * gained / account.initial_cash
    return PortfolioSnapshot(
        timestamp=iso(point.ts_us), total_equity=point.equity, cash=seen.get("cash"), positions_value=seen.get("positions_value"),
        daily_pnl=seen.get("daily_pnl"), daily_pnl_pct=seen.get("daily_pnl_pct"), total_pnl=gained, total_pnl_pct=gained_pct,
        max_drawdown_pct=seen.get("max_drawdown_pct"), positions=[], sector_exposure={}, metadata={"positions": "not recorded"},
    )  # fmt: skip


_UNTIL = "before this time, or to the end of this day (UTC)"
_SPAN = (Param("start", "time", doc="from this time on"), Param("end", "until", doc=_UNTIL))
_MOST = Param("limit", "int", default=500, ge=1, le=5_000, doc="most snapshots")
_READ = {"auth": Auth.token, "tag": "portfolio"}
ROUTES = (
    Route("GET", "/api/portfolio", portfolio, answer=PortfolioSnapshot, refuses=(503,), **_READ),
    Route("GET", "/api/portfolio/positions", positions, answer=list[PositionShown], refuses=(503,), **_READ),
    Route("GET", "/api/portfolio/history", history, params=(*_SPAN, _MOST), answer=list[PortfolioSnapshot], refuses=(503, 504),
          **_READ),
    Route("GET", "/api/portfolio/sector_exposure", sector_exposure, answer=dict[str, float], refuses=(503,), **_READ),
)  # fmt: skip

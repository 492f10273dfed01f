"""Alpha-oracle's risk routes beside the kill switch: limits, day trades, circuit breakers, autonomy, and how it all stands."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import attrs

from oracle.border import structure
from oracle.model import Command
from oracle.settings_trading import Pdt
from oracle.trading import tripped
from oracle.trading.risk.assessment import Autonomy
from oracle.trading.risk.autonomy import LADDER
from oracle.trading.risk.breakers import HALTING, NAMES
from oracle.trading.risk.marks import exposure, near_stop
from oracle.trading.risk.pdt import exempt, window_start
from oracle.trading.risk.view import ages_s, autonomy_of, positions_of, prices_of
from web.errors import invalid
from web.routes import Auth, Call, Route, Scope
from web.wire import iso

__all__ = ["ROUTES"]

_short = attrs.validators.max_len(200)


@attrs.frozen
class PositionLimits:
    """Bounds of one position. Percents are of the equity, but `stop_loss_pct`, which is of the entry; `min_price` in USD."""

    max_position_pct: float
    max_sector_pct: float
    stop_loss_pct: float
    min_price: float
    no_leverage: bool


@attrs.frozen
class PortfolioLimits:
    """Bounds of the whole. Percents are of the equity, the drawdown's of its peak; trades are orders that were filled today."""

    max_drawdown_pct: float
    max_daily_loss_pct: float
    max_positions: int
    max_daily_trades: int
    min_cash_reserve_pct: float


@attrs.frozen
class PdtGuard:
    """FINRA's pattern day trader rule: at most so many day trades in so many business days, below `account_threshold` (USD)."""

    enabled: bool
    max_day_trades: int
    rolling_window_days: int
    account_threshold: float


@attrs.frozen
class BreakerLimits:
    """When circuit breakers trip: the VIX (points), the age of the newest data (seconds), how far the books are from the broker's
    (percent) and how often that is looked at (seconds), and how long no operator was heard of (seconds)."""

    max_vix: float
    stale_data_s: float
    max_drift_pct: float
    reconcile_every_s: float
    heartbeat_within_s: float


@attrs.frozen
class RiskLimits:
    """What trading is kept within."""

    position_limits: PositionLimits
    portfolio_limits: PortfolioLimits
    pdt_guard: PdtGuard
    circuit_breakers: BreakerLimits


@attrs.frozen
class PdtStatus:
    """Day trades in the window that begins with `window_start`; `day_trades_used` is null while they are being counted, and so is
    `day_trades_left` then, and where as many may be made as one likes (`exempt`). `equity` in USD, null without an account."""

    day_trades_used: int | None
    max_day_trades: int
    account_threshold: float
    enabled: bool
    exempt: bool
    day_trades_left: int | None
    rolling_window_days: int
    window_start: date
    equity: float | None


@attrs.frozen
class CircuitBreaker:
    """A breaker: while it is `tripped` no position is opened or added to. `value` (null where it is not known) against `limit` in
    `unit`; `kill_switch`: whether tripping activates that too."""

    name: str
    tripped: bool
    reason: str
    since: datetime | None
    value: float | None
    limit: float | None
    unit: str
    kill_switch: bool


@attrs.frozen
class AutonomyShown:
    """How much trading may do without a human; `modes` from least to most, `next` the one above this, null at the top."""

    mode: str
    since: datetime | None
    by: str
    modes: list[str]
    next: str | None


@attrs.frozen(kw_only=True)
class AutonomyWish:
    """The mode to be. `confirmation` is the typed word FULL_AUTONOMOUS, which only that mode takes."""

    mode: Literal["PAPER_ONLY", "MANUAL_APPROVAL", "BOUNDED_AUTONOMOUS", "FULL_AUTONOMOUS"]
    confirmation: str = attrs.field(default="", validator=_short)


@attrs.frozen
class Heartbeat:
    """When an operator was heard of, who that is, and when the dead man's switch trips if nobody is heard of again."""

    status: str
    at: datetime
    by: str
    due: datetime


@attrs.frozen
class AtRisk:
    """A position that is half way to its stop or beyond: percent of its entry price."""

    symbol: str
    loss_pct: float
    stop_loss_pct: float


@attrs.frozen
class RiskSummary:
    """How the desk stands against its limits. Percents: of the equity, the drawdown's of its peak (positive), the day's of what
    the day began with. Null: there is no account yet, or day trades are still being counted."""

    current_drawdown_pct: float | None
    max_drawdown_pct: float | None
    daily_pnl: float | None
    daily_pnl_pct: float | None
    sector_exposure: dict[str, float]
    positions_at_risk: list[AtRisk]
    pdt_trades_used: int | None
    pdt_max: int
    cash_reserve_pct: float | None
    total_positions: int
    max_positions: int
    trades_today: int
    max_daily_trades: int
    breakers_tripped: list[str]
    kill_switch_active: bool
    autonomy: str
    as_of: datetime | None


async def limits(call: Call) -> RiskLimits:
    """What every order is held against, as it is set."""
    risk = call.system.settings.risk
    bounds = attrs.asdict(risk.limits)
    return RiskLimits(_part(PositionLimits, bounds), _part(PortfolioLimits, bounds), PdtGuard(**attrs.asdict(risk.pdt)),
                      BreakerLimits(**attrs.asdict(risk.breakers)))  # fmt: skip


async def pdt_status(call: Call) -> PdtStatus:
    """How many day trades were made, and how many may be.

    A day trade is to close today (in New York) what was last added to today. Only orders that would be one too many are refused.
    """
    pdt, now_us = call.system.settings.risk.pdt, call.system.runtime.now_us()
    used = _used(call, pdt)
    equity = (call.system.board.get("equity:desk") or {}).get("equity")
    free = not pdt.enabled or (equity is not None and exempt(equity, pdt))
    left = None if free or used is None else max(0, pdt.max_day_trades - used)
    return PdtStatus(used, pdt.max_day_trades, pdt.account_threshold, pdt.enabled, free, left, pdt.rolling_window_days,
                     window_start(now_us, pdt.rolling_window_days), equity)  # fmt: skip


async def circuit_breakers(call: Call) -> list[CircuitBreaker]:
    """All circuit breakers.

    One stays tripped until its cause is seen to be gone. Orders that only take from a position go through all the same.
    """
    board, ages = call.system.board, ages_s(call.system.board, call.system.runtime.now_us())
    known = {name: board.get(f"breaker:{name}") or {} for name in NAMES}
    return [_breaker(name, known[name] | ({"value": ages[name]} if name in ages else {})) for name in NAMES]


async def autonomy(call: Call) -> AutonomyShown:
    """How much trading may do without a human."""
    return _autonomy(call.system.board.get("autonomy:desk") or {"mode": Autonomy.paper, "since_us": None, "by": ""})


async def set_autonomy(call: Call) -> AutonomyShown:
    """Have trading do more or less without a human; answers when that is on disk.

    Less takes the scope operate and is so at once, however far down. More takes admin, and one step at a time (409 says which is
    next); FULL_AUTONOMOUS is confirmed by its typed name.
    """
    wish = structure(AutonomyWish, call.body, extras="drop", path=("body",))
    full = Autonomy.full.value
    if wish.mode == full != wish.confirmation and autonomy_of(call.system.board) is not Autonomy.full:
        raise invalid("literal_error", ["body", "confirmation"], f"Input should be '{full}'", wish.confirmation)
    args = {"mode": wish.mode, "confirmation": wish.confirmation, "may_raise": call.who.scope.includes(Scope.admin)}
    return _autonomy(await call.system.runtime.ask("risk", Command("autonomy", args, call.who.name, call.command_id)))


async def heartbeat(call: Call) -> Heartbeat:
    """Say that an operator is there, which keeps the dead man's switch from tripping; answers when that is on disk."""
    value = await call.system.runtime.ask("risk", Command("heartbeat", {}, call.who.name, call.command_id))
    due_us = value["at_us"] + round(call.system.settings.risk.breakers.heartbeat_within_s * 1e6)
    return Heartbeat("ok", iso(value["at_us"]), value["by"], iso(due_us))


async def summary(call: Call) -> RiskSummary:
    """How the desk stands against its limits now."""
    system, risk = call.system, call.system.settings.risk
    board, bounds = system.board, risk.limits
    marked, positions = board.get("equity:desk") or {}, positions_of(board)
    prices, equity = marked.get("prices", {}) | prices_of(board, positions), marked.get("equity") or 0.0
    near = near_stop(positions, prices, bounds.stop_loss_pct)
    return RiskSummary(
        current_drawdown_pct=marked.get("drawdown_pct"), max_drawdown_pct=marked.get("max_drawdown_pct"),
        daily_pnl=marked.get("daily_pnl"), daily_pnl_pct=marked.get("daily_pnl_pct"),
        sector_exposure=exposure(positions, prices, system.settings.trading.sectors, equity),
        positions_at_risk=[AtRisk(symbol, loss, bounds.stop_loss_pct) for symbol, loss in sorted(near.items())],
        pdt_trades_used=_used(call, risk.pdt), pdt_max=risk.pdt.max_day_trades,
        cash_reserve_pct=100 * marked["cash"] / equity if equity > 0 else None, total_positions=len(positions),
        max_positions=bounds.max_positions, trades_today=system.day_trades.today(system.runtime.now_us()),
        max_daily_trades=bounds.max_daily_trades, kill_switch_active=tripped(board) is not None,
        autonomy=autonomy_of(board).value,
        breakers_tripped=[name for name in NAMES if (board.get(f"breaker:{name}") or {}).get("on")],
        as_of=iso(marked["ts_us"]) if marked else None,
    )  # fmt: skip


def _used(call: Call, pdt: Pdt) -> int | None:
    return call.system.day_trades.used(call.system.runtime.now_us(), pdt.rolling_window_days)


def _part(cls: type, values: dict[str, Any]) -> Any:
    return cls(**{field.name: values[field.name] for field in attrs.fields(cls)})


_UNIT = {"vix": "points", "stale_data": "s", "dead_man_switch": "s"}


def _breaker(name: str, value: dict[str, Any]) -> CircuitBreaker:
    since_us = value.get("since_us")
    return CircuitBreaker(
        name, value.get("on", False), value.get("reason", ""), iso(since_us) if since_us else None, value.get("value"),
        value.get("limit"), _UNIT.get(name, "percent"), name in HALTING,
    )  # fmt: skip


def _autonomy(value: dict[str, Any]) -> AutonomyShown:
    at = LADDER.index(Autonomy(value["mode"]))
    since_us = value["since_us"]
    upper = LADDER[at + 1].value if at + 1 < len(LADDER) else None
    return AutonomyShown(LADDER[at].value, iso(since_us) if since_us else None, value["by"], [one.value for one in LADDER], upper)


_TAG = "risk"
_AUTONOMY = "/api/risk/autonomy"
ROUTES = (
    Route("GET", "/api/risk/limits", limits, Auth.token, answer=RiskLimits, tag=_TAG),
    Route("GET", "/api/risk/pdt-status", pdt_status, Auth.token, answer=PdtStatus, tag=_TAG),
    Route("GET", "/api/risk/circuit-breakers", circuit_breakers, Auth.token, answer=list[CircuitBreaker], tag=_TAG),
    Route("GET", "/api/risk/summary", summary, Auth.token, answer=RiskSummary, tag=_TAG),
    Route("GET", _AUTONOMY, autonomy, Auth.token, answer=AutonomyShown, tag=_TAG),
    Route("POST", _AUTONOMY, set_autonomy, Auth.token, Scope.operate, body=AutonomyWish, answer=AutonomyShown,
          refuses=(409, 503, 504), tag=_TAG),
    Route("POST", "/api/system/heartbeat", heartbeat, Auth.token, Scope.operate, answer=Heartbeat, refuses=(503, 504), tag=_TAG),
)  # fmt: skip

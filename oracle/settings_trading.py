"""What can be set of trading: the broker, the paper venue, the desk, its limits, and the jobs of the scheduler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
from attrs.validators import and_, ge, gt, in_, le

from oracle.exchange import HttpFailed, Target
from oracle.problems import Bad
from oracle.schedule.cron import zone_of
from oracle.schedule.jobs import crons
from oracle.secret import Secret

__all__ = ["Breakers", "Broker", "Ibkr", "Limits", "Mt5", "Paper", "Pdt", "Push", "Risk", "Scheduler", "Trading"]

_pct = attrs.validators.and_(gt(0), le(100))


@attrs.frozen
class Paper:
    """How the paper venue fills."""

    cash: float = attrs.field(default=100_000.0, validator=gt(0))
    """What the account begins with, in USD; counts only where there is no account yet."""
    latency_ms: float = attrs.field(default=50.0, validator=ge(0))
    """From an order's being placed to its being at work."""
    slippage_bps: float = attrs.field(default=1.0, validator=ge(0))
    """What a market or stop order pays beside the touch, in basis points of the price."""
    fee_bps: float = attrs.field(default=0.0, validator=ge(0))
    """Fee in basis points of what is traded."""
    fee_per_unit: float = attrs.field(default=0.0, validator=ge(0))
    """Fee for each share or coin, in USD."""
    least_fee: float = attrs.field(default=0.0, validator=ge(0))
    """The least an execution costs, in USD."""
    participation: float = attrs.field(default=1.0, validator=and_(gt(0), le(1)))
    """The share of the size shown at a price that one order may take; the rest waits for the next quote."""
    allow_short: bool = False
    """Whether more may be sold than is held."""


@attrs.frozen
class Push:
    """An external bot or terminal that reports account, positions and trades."""

    gone_after_s: float = attrs.field(default=60.0, validator=ge(0))
    """One that has not reported for this long is gone, and gets no orders; 0: never by itself."""


@attrs.frozen
class Ibkr:
    """Interactive Brokers' gateway; needs the extra `ibkr`."""

    host: str = "127.0.0.1"
    port: int = attrs.field(default=4002, validator=and_(ge(1), le(65535)))
    client_id: int = attrs.field(default=1, validator=ge(0))
    account: str = ""
    """Which account, where the login has several."""
    real_money: bool = False
    """Say so where the gateway is not one for paper trading: the autonomy PAPER_ONLY then sends no order."""


@attrs.frozen
class Broker:
    """Who executes orders and keeps the account."""

    provider: str = attrs.field(default="paper", validator=in_(("paper", "simulated", "push", "ibkr")))
    """paper fills from live quotes; simulated does so on the simulated market's only; push is an external bot or terminal that
    reports account, positions and trades; ibkr is Interactive Brokers' gateway."""
    paper: Paper = attrs.field(factory=Paper)
    push: Push = attrs.field(factory=Push)
    ibkr: Ibkr = attrs.field(factory=Ibkr)


@attrs.frozen
class Trading:
    """What is traded, and how much."""

    universe: tuple[str, ...] = attrs.field(factory=lambda: tuple(SECTORS))
    """Symbols that strategies look at, that the scanner judges, and that an ibkr broker's feed subscribes to."""
    sectors: dict[str, str] = attrs.field(factory=lambda: dict(SECTORS))
    """Sector of each symbol; a symbol without one counts for no sector limit."""
    live_strategies: bool = True
    """Whether strategies trade; else they are for looking and backtests only."""
    most_equity_pct: float = attrs.field(default=5.0, validator=_pct)
    """The most of the equity that one signal may put in (the half-Kelly share is capped at this)."""
    win_probability: float = attrs.field(default=0.55, validator=and_(gt(0), le(1)))
    """Of a strategy without a record yet, for its Kelly share."""
    win_loss_ratio: float = attrs.field(default=2.0, validator=gt(0))
    """Likewise: mean win over mean loss."""


SECTORS = {
    "AAPL": "Technology", "MSFT": "Technology", "GOOGL": "Communication Services", "AMZN": "Consumer Discretionary",
    "TSLA": "Consumer Discretionary", "SPY": "Broad Market", "QQQ": "Broad Market", "GLD": "Commodities", "TLT": "Bonds",
    "BTC-USD": "Crypto", "ETH-USD": "Crypto", "SOL-USD": "Crypto",
}  # fmt: skip


@attrs.frozen
class Limits:
    """Bounds of each order and of the whole. Percents are of the equity."""

    max_position_pct: float = attrs.field(default=5.0, validator=_pct)
    max_sector_pct: float = attrs.field(default=25.0, validator=_pct)
    stop_loss_pct: float = attrs.field(default=2.0, validator=_pct)
    min_price: float = attrs.field(default=5.0, validator=ge(0))
    no_leverage: bool = True
    max_drawdown_pct: float = attrs.field(default=10.0, validator=_pct)
    max_daily_loss_pct: float = attrs.field(default=3.0, validator=_pct)
    max_positions: int = attrs.field(default=20, validator=ge(1))
    max_daily_trades: int = attrs.field(default=50, validator=ge(1))
    min_cash_reserve_pct: float = attrs.field(default=10.0, validator=and_(ge(0), le(100)))


@attrs.frozen
class Pdt:
    """FINRA's pattern day trader rule (4210(f)(8)(B))."""

    enabled: bool = True
    max_day_trades: int = attrs.field(default=3, validator=ge(0))
    rolling_window_days: int = attrs.field(default=5, validator=ge(1))
    account_threshold: float = attrs.field(default=25_000.0, validator=ge(0))


@attrs.frozen
class Breakers:
    """When circuit breakers trip."""

    max_vix: float = attrs.field(default=35.0, validator=gt(0))
    stale_data_s: float = attrs.field(default=300.0, validator=gt(0))
    max_drift_pct: float = attrs.field(default=1.0, validator=gt(0))
    reconcile_every_s: float = attrs.field(default=300.0, validator=gt(0))
    heartbeat_within_s: float = attrs.field(default=172_800.0, validator=gt(0))
    """The dead man's switch: an operator must have said so for this long (POST /api/system/heartbeat); a start counts as one."""


@attrs.frozen
class Risk:
    """What keeps trading within bounds."""

    kill_switch_cooldown_s: float = attrs.field(default=300.0, validator=ge(0))
    """A kill switch that was tripped can't be resumed before this long."""
    autonomy: str = attrs.field(default="PAPER_ONLY", validator=in_(
        ("PAPER_ONLY", "MANUAL_APPROVAL", "BOUNDED_AUTONOMOUS", "FULL_AUTONOMOUS")))  # fmt: skip
    """How much trading may do without a human, until somebody says otherwise over REST."""
    human_above_usd: float = attrs.field(default=10_000.0, validator=ge(0))
    """In BOUNDED_AUTONOMOUS, an order above this waits for a human."""
    limits: Limits = attrs.field(factory=Limits)
    pdt: Pdt = attrs.field(factory=Pdt)
    breakers: Breakers = attrs.field(factory=Breakers)


def _is_zone(_: object, __: object, name: str) -> None:
    zone_of(name)


def _are_jobs(_: object, __: object, jobs: dict[str, str]) -> None:
    crons("UTC", jobs)


@attrs.frozen
class Scheduler:
    """Jobs at times of the exchange."""

    enabled: bool = True
    timezone: str = attrs.field(default="America/New_York", validator=_is_zone)
    jobs: dict[str, str] = attrs.field(factory=dict, validator=_are_jobs)
    """Other times for jobs, by name, as cron says them: { daily_bars = "30 16 * * mon-fri" }; "off" for never."""


def _is_address(_: Any, __: Any, url: str) -> None:
    try:
        if url and "?" in Target.parse(url).path:
            raise Bad("url_parsing", "Input should be an address without a query")
    except HttpFailed as error:
        raise Bad("url_parsing", f"Input should be a valid URL, {error.message}") from None


@attrs.frozen
class Mt5:
    """A MetaTrader 5 terminal as account provider: `MetaTrader5` on Windows (extra `mt5`), elsewhere a bridge over HTTP.
    MT5_LOGIN, MT5_PASSWORD, MT5_SERVER and MT5_PATH are understood too."""

    login: int = 0
    password: Secret | None = None
    server: str = ""
    path: Path | None = None
    bridge_url: str = attrs.field(default="", validator=_is_address)
    """Where a bridge answers GET /account and /positions with what the terminal says; empty for none. Its host is named in
    http.allow where that is not public."""
    every_s: float = attrs.field(default=5.0, validator=ge(0.1))
    """From an answer to the next question."""
    gone_after_s: float = attrs.field(default=0.0, validator=ge(0))
    """An external bot that pushed nothing for this long is gone, and the desk's own account is shown again; 0: never by
    itself."""


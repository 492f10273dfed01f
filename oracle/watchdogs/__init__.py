"""The watchdogs: one file each, one line in the table below.

A watchdog is a decider (`oracle.watchdogs.decider`): an attrs class whose fields are its settings, with `listens` (bus
patterns), `interval_s`, `memory_s` and `update(message, now) -> Iterator[Finding]`; no async, no clock, no I/O.
"""

from __future__ import annotations

from oracle.plugins import part_class
from oracle.watchdogs.absence import Absence
from oracle.watchdogs.arbitrage_opportunity import ArbitrageOpportunity
from oracle.watchdogs.correlation_breakdown import CorrelationBreakdown
from oracle.watchdogs.earnings_anomaly import EarningsAnomaly
from oracle.watchdogs.exchange_outage import ExchangeOutage
from oracle.watchdogs.funding_rate import FundingRate
from oracle.watchdogs.liquidity_drop import LiquidityDrop
from oracle.watchdogs.metric import Metric
from oracle.watchdogs.price_anomaly import PriceAnomaly
from oracle.watchdogs.unusual_volume import UnusualVolume
from oracle.watchdogs.whale_movement import WhaleMovement

__all__ = ["WATCHDOGS", "watchdog_class"]

WATCHDOGS: dict[str, type] = {
    "earnings_anomaly": EarningsAnomaly,
    "unusual_volume": UnusualVolume,
    "whale_movement": WhaleMovement,
    "funding_rate": FundingRate,
    "liquidity_drop": LiquidityDrop,
    "correlation_breakdown": CorrelationBreakdown,
    "exchange_outage": ExchangeOutage,
    "price_anomaly": PriceAnomaly,
    "arbitrage_opportunity": ArbitrageOpportunity,
    "metric": Metric,
    "absence": Absence,
}


def watchdog_class(kind: str) -> type:
    """The class of a kind: a name of the table, or `package.module:Class`. Raises Bad."""
    return part_class(kind, WATCHDOGS, "watchdog", "update")

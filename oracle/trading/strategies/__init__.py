"""The strategies: one file each, one line in the table below; a class of anybody's is named `package.module:Class`.

A strategy is a decider (`oracle.trading.signal.Strategy`): an attrs class whose fields are its settings; no async, no clock, no
I/O, so it decides the same live and in a backtest.
"""

from __future__ import annotations

from oracle.plugins import part_class
from oracle.problems import Bad
from oracle.trading.strategies.insider_following import InsiderFollowing
from oracle.trading.strategies.mean_reversion import MeanReversion
from oracle.trading.strategies.ml_signal import MLSignalStrategy
from oracle.trading.strategies.swing_momentum import SwingMomentum
from oracle.trading.strategies.value_factor import ValueFactor

__all__ = ["LEAST_HOLD_DAYS", "STRATEGIES", "plain", "strategy_class"]

LEAST_HOLD_DAYS = 2
"""A strategy that closes on the day it opened would trade against the pattern day trader rule."""
STRATEGIES: dict[str, type] = {
    "SwingMomentum": SwingMomentum,
    "MeanReversion": MeanReversion,
    "ValueFactor": ValueFactor,
    "InsiderFollowing": InsiderFollowing,
    "MLSignalStrategy": MLSignalStrategy,
}
_ALSO = {"mlxgboostsignal": "MLSignalStrategy", "mlsignal": "MLSignalStrategy"}


def plain(name: str) -> str:
    """What a name has in common with its other spellings: `swing_momentum` is `SwingMomentum`."""
    return name.replace("_", "").lower()


def strategy_class(kind: str) -> type:
    """The class of a kind: a name of the table, in snake case too, or `package.module:Class`. Raises Bad, also for one that wants
    to hold for less than two days."""
    if ":" not in kind:
        known = {plain(name): name for name in STRATEGIES} | _ALSO
        kind = known.get(plain(kind), kind)
    found = part_class(kind, STRATEGIES, "strategy", "decide")
    if getattr(found, "min_hold_days", 0) < LEAST_HOLD_DAYS:
        raise Bad("value_error", f"{kind!r} has no min_hold_days of {LEAST_HOLD_DAYS} or more")
    return found

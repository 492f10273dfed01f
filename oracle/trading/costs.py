"""What an execution costs beside its price. Pure: the paper venue and backtests go by the same."""

from __future__ import annotations

from oracle.settings_trading import Paper
from oracle.trading.order import Side

__all__ = ["fee_of", "slipped"]


def fee_of(paper: Paper, price: float, quantity: float) -> float:
    """The fee of one execution, in the quote currency."""
    return max(paper.least_fee, price * quantity * paper.fee_bps / 1e4 + quantity * paper.fee_per_unit)


def slipped(paper: Paper, side: Side, price: float) -> float:
    """What a market order gets where `price` is shown: the worse side of it, by `slippage_bps`."""
    return price * (1 + side.sign * paper.slippage_bps / 1e4)
